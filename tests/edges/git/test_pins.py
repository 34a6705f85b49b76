"""The pins: over every file, under what one call asks for; and what no setting can be pinned against."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.command import Person, author_environment, git
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.pins import CONVERSIONS, KEPT, PINS, VARIABLES
from gastown_tmux.edges.git.snapshot import history, take
from gastown_tmux.edges.git.snapshot_history import restore
from tests.edges.git_world import ANN, World, commit, make_world, own_home, run_git


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with own_home(tmp_path) as home:
        yield home


@pytest.fixture
def world(tmp_path: Path, home: Path) -> World:
    return make_world(tmp_path)


def set_for_user(home: Path, *settings: str) -> None:
    for setting in settings:
        key, _, value = setting.partition("=")
        run_git(home, "config", "--file", str(home / ".gitconfig"), "--add", key, value)


def test_each_pin_has_its_reason_once_and_is_legal(tmp_path: Path, home: Path) -> None:
    keys = [key.lower() for key, _, _ in PINS]
    assert sorted(set(keys)) == sorted(keys) and set(CONVERSIONS) <= {key for key, _, _ in PINS}
    assert all(why for _, _, why in (*PINS, *VARIABLES))
    run_git(tmp_path, "init", "-q", "-b", "main", "p")
    commit(tmp_path / "p", "a")
    # Each of these reads what is about it, and says what it does not understand.
    for command in (
        ("status",), ("diff", "--stat", "HEAD"), ("log", "-p", "-1"), ("merge-tree", "--write-tree", "HEAD", "HEAD"),
        ("fetch", "--quiet", ".", "main"), ("push", "--quiet", ".", "main:refs/heads/other"), ("branch",), ("tag",),
        ("commit", "--quiet", "--allow-empty", "--message=#1"), ("checkout", "--quiet", "other"), ("grep", "x"),
        ("worktree", "add", "--quiet", "--no-checkout", "../w"), ("init", "--quiet", "../q"), ("clean", "-n"),
        ("apply", "--numstat", "--allow-empty", "/dev/null"), ("submodule", "status"), ("maintenance", "run", "--auto"),
    ):  # fmt: skip
        who = author_environment(Person("x", "x"))
        assert git(*command, cwd=tmp_path / "p", env=who).stderr == ""


def test_who_outranks_whom(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's files, the user's environment, a file to include, the pins, what one call asks for."""
    extra = tmp_path / "project.gitconfig"
    extra.write_text('[filter "r"]\n\tclean = project\n[core]\n\tautocrlf = true\n\tcompression = 3\n')
    set_for_user(home, "filter.r.clean=user", "core.autocrlf=input", "core.compression=1", "status.branch=true")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "3")
    for number, (key, value) in enumerate([("http.extraHeader", "Token: x"), ("core.compression", "2")]):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)  # and the third is missing
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.autocrlf'='true'")

    def value(key: str, **given: list[Path] | list[str]) -> str:
        env = environment(**given)  # type: ignore[arg-type]
        return git("config", "--get", key, cwd=tmp_path, ok=(0, 1), env=env).text

    assert value("filter.r.clean") == "user" and value("filter.r.clean", include=[extra]) == "project"
    assert value("core.compression") == "2" and value("core.compression", include=[extra]) == "3"
    assert value("http.extraHeader") == "Token: x"
    assert value("core.autocrlf", include=[extra]) == "false"
    assert value("core.autocrlf", include=[extra], but=["core.autocrlf"]) == "true"
    assert value("core.autocrlf", config=["core.autocrlf=input"]) == "input"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "many")
    assert value("http.extraHeader") == "" and value("status.branch") == "false"


def test_what_leads_to_the_remotes_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -F mine")
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("LANGUAGE", "de")
    found = environment({"GIT_INDEX_FILE": "own"})
    assert {"GIT_SSH_COMMAND", "GIT_LFS_SKIP_SMUDGE", "HTTPS_PROXY", "GIT_INDEX_FILE"} <= set(found)
    assert not {"GIT_DIR", "LANGUAGE", "GIT_CONFIG_PARAMETERS"} & set(found)
    assert all(found[name] == value for name, value, _ in VARIABLES)
    assert not any(name.startswith(KEPT) for name, _, _ in VARIABLES)


def test_no_hook_runs_that_stands_in_the_configuration(world: World, tmp_path: Path) -> None:
    """From git 2.54 on `core.hooksPath` does not reach it; an agent can set it for all with one command."""
    path = world.add("ann")
    ran = tmp_path / "ran"
    run_git(path, "config", "hook.mine.command", f"echo ran >> '{ran}'")
    for event in ("reference-transaction", "post-checkout", "post-index-change", "pre-commit", "pre-push"):
        run_git(path, "config", "--add", "hook.mine.event", event)
    world.add("bob")
    world.repository.update_ref("refs/heads/new", world.base(), None)
    world.reuse(path, "work/next")
    take(world.repository, "rig.ann", path, time="2026-01-01T00:00:00Z", why="t", hook={}, by=ANN)
    assert not ran.exists()
    assert "hook.mine.command" in run_git(path, "config", "--list")


def test_replaced_objects_are_what_they_were(world: World) -> None:
    path = world.add("ann")
    head = commit(path, "README", "true\n")
    other = run_git(path, "commit-tree", "-m", "lie", f"{world.base()}^{{tree}}")
    run_git(path, "replace", head, other)
    assert run_git(path, "rev-parse", f"{head}^{{tree}}") == run_git(path, "rev-parse", f"{world.base()}^{{tree}}")
    assert world.repository.tree(head) != world.repository.tree(world.base())
    (world.repository.path / "info").mkdir(exist_ok=True)
    (world.repository.path / "info" / "grafts").write_text(f"{head}\n")
    assert world.repository.is_ancestor(world.base(), head)


def test_numbers_of_snapshots_sort_as_numbers(world: World, home: Path) -> None:
    """`versionsort.suffix` adds up: nothing takes it back."""
    set_for_user(home, "versionsort.suffix=1", "versionsort.suffix=0")
    path = world.add("ann")
    for number in range(1, 13):
        (path / "draft").write_text(f"{number}\n")
        saved = take(world.repository, "rig.ann", path, time="2026-01-01T00:00:00Z", why="t", hook={}, by=ANN)
        assert saved.seq == number
    assert [one.seq for one in history(world.repository, "rig.ann")] == list(range(1, 13))


def test_remotes_of_the_users_do_not_add_up(world: World, home: Path) -> None:
    set_for_user(
        home, "remote.origin.url=/nowhere", "remote.origin.fetch=+refs/tags/*:refs/remotes/origin/tags/*",
        "remote.origin.uploadpack=false", "remote.origin.vcs=none", "remote.origin.mirror=true",
    )  # fmt: skip
    run_git(world.person, "tag", "v1")
    run_git(world.person, "push", "-q", str(world.remote), "v1", "HEAD:refs/heads/two")
    world.repository.fetch()
    world.repository.fetch("main")
    assert set(world.repository.list_refs("refs/remotes")) == {"refs/remotes/origin/main", "refs/remotes/origin/two"}


def test_trailers_are_found_whatever_they_are_called(world: World, home: Path) -> None:
    set_for_user(home, "trailer.gastown-bead.key=Elsewhere", "trailer.separators==", "grep.patternType=fixed")
    path = world.add("ann")
    head = commit(path, "a", message="title\n\nwords\n\nGastown-Bead: de-1\nGastown-Agent: r/ann")
    assert world.repository.trailers("Gastown-Bead", head) == [(head, "title", "de-1")]
    assert world.repository.trailers("Gastown-Convoy", head) == []


def test_clean_for_the_agent_is_clean(world: World, home: Path) -> None:
    """What an agent's own git has committed, by the user's settings, is not called uncommitted."""
    set_for_user(home, "core.autocrlf=input", f"core.attributesFile={home}/attributes", "filter.up.clean=tr a-z A-Z")
    (home / "attributes").write_text("*.up filter=up\n")
    path = world.add("ann")
    (path / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    (path / "words.up").write_text("words\n")
    run_git(path, "add", "-A")
    run_git(path, "commit", "-qm", "converted")
    # As it is when a file is written and committed in one second: git must read it again.
    for name in ("dos.txt", "words.up"):
        (path / name).touch()
    assert run_git(path, "status", "--porcelain") == ""
    assert worktree.status(world.repository, path).clean
    (path / "dos.txt").write_bytes(b"one\r\nthree\r\n")
    assert worktree.status(world.repository, path).unstaged == ("dos.txt",)


def test_an_agent_that_makes_head_a_link_is_still_on_its_branch(world: World, home: Path) -> None:
    set_for_user(home, "core.preferSymlinkRefs=true")
    path = world.add("ann")
    run_git(path, "checkout", "-q", "-b", "work/other")
    assert (worktree.git_dir(world.repository, path) / "HEAD").is_symlink()
    worktree.assert_place(world.repository, path, "work/other")
    assert worktree.repair(world.repository, [path]) == []
    world.reuse(path, "work/third")
    assert not (worktree.git_dir(world.repository, path) / "HEAD").is_symlink()


def test_what_git_is_told_not_to_look_at_is_saved(world: World, home: Path) -> None:
    """By an agent's own words, or by the user's `core.ignoreStat` with each `git add` of the agent's."""
    path = world.add("ann")
    run_git(path, "update-index", "--assume-unchanged", "README")
    run_git(path, "update-index", "--skip-worktree", "src/main.py")
    set_for_user(home, "core.ignoreStat=true")
    commit(path, "own.txt", "first\n")
    for name in ("README", "src/main.py", "own.txt"):
        (path / name).write_text("precious\n")
    flags = run_git(path, "ls-files", "-v")
    assert flags.split("\n")[1:] == ["h README", "h own.txt", "S src/main.py"]
    saved = take(world.repository, "rig.ann", path, time="2026-01-01T00:00:00Z", why="t", hook={}, by=ANN)
    for name in ("README", "src/main.py", "own.txt"):
        assert run_git(world.repository.path, "show", f"{saved.commit}:work/{name}") == "precious"
        (path / name).write_text("ruined\n")
    assert restore(world.repository, saved, path) == ()
    assert (path / "README").read_text() == (path / "src" / "main.py").read_text() == "precious\n"
    # The agent's own index is as it was, and so is what a sparse checkout leaves out.
    assert run_git(path, "ls-files", "-v") == flags
    run_git(path, "sparse-checkout", "set", "--no-cone", "/README")
    saved = take(world.repository, "rig.ann", path, time="2026-01-02T00:00:00Z", why="t", hook={}, by=ANN)
    assert "own.txt" in run_git(world.repository.path, "ls-tree", "--name-only", f"{saved.commit}:work")


def test_the_repository_is_shared_as_the_umask_says(world: World, home: Path, tmp_path: Path) -> None:
    """Neither a user's `core.sharedRepository` nor a tight or a loose umask changes what works."""
    set_for_user(home, "core.sharedRepository=0660")
    for mask, folder in ((0o077, "tight"), (0o002, "loose")):
        script = f"umask {mask:o}; exec git init -q --bare '{tmp_path}/{folder}.git'"
        subprocess.run(["sh", "-c", script], check=True, env=environment())
        mode = (tmp_path / f"{folder}.git" / "HEAD").stat().st_mode & 0o777
        assert mode == 0o666 & ~mask

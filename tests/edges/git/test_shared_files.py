import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import command_log, layout, worktree
from gastown_tmux.edges.git.settings_file import read_settings
from gastown_tmux.edges.git.shared_files import Stray, find_strays, ignore, settle, share_project, signature
from tests.edges.git_world import World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def put_back(world: World) -> list[Stray]:
    """What is found; afterwards all is as before, and nothing is found any more."""
    found = find_strays(world.repository)
    strays = settle(world.repository, str(world.remote))
    assert sorted({stray.what for stray in strays}) == sorted(set(found))
    assert (settle(world.repository, str(world.remote)), find_strays(world.repository)) == ([], [])
    return strays


def agent(world: World, path: Path, command: str) -> None:
    """As a program that was started for that worktree."""
    env = {**os.environ, **command_log.environment(worktree.git_dir(world.repository, path))}
    subprocess.run(["sh", "-ec", command], cwd=path, env=env, check=True, timeout=60)


def own(world: World, path: Path) -> dict[str, str | None]:
    return dict(read_settings(worktree.git_dir(world.repository, path) / layout.WORKTREE) or [])


def test_settings_are_put_back_and_those_of_branches_stay(world: World) -> None:
    ann, bob = world.add("ann"), world.add("bob")
    common = world.repository.path / "config"
    assert put_back(world) == []
    run_git(ann, "config", "branch.work/ann.description", "two\nlines \"and\" 'quotes' \\ # ;")
    kept = read_settings(common)
    assert kept and put_back(world) == [] and read_settings(common) == kept
    for command in (
        ("config", "user.name", "Mallory"),
        ("config", "branch.autoSetupMerge", "false"),
        ("config", "--add", "gc.auto", "1"),
        ("config", "--unset", "extensions.worktreeConfig"),
        ("remote", "set-url", "origin", "/far"),
        ("remote", "remove", "origin"),
        ("init", "-q"),
    ):
        run_git(ann, *command)
        assert all(stray.owners == () for stray in put_back(world)), command
        assert read_settings(common) == kept, command
    for text in ("", "[broken\n", "[a] b = c\n"):
        common.write_text(text)
        put_back(world)
        assert [pair for pair in kept if pair[0][:6] != "branch"] == read_settings(common)
    common.unlink()
    put_back(world)
    assert [pair[0] for pair in kept if pair[0][:6] != "branch"] == [pair[0] for pair in read_settings(common) or []]
    assert "user.name" not in own(world, ann) and "user.name" not in own(world, bob)


def test_what_a_worktree_wrote_is_its_own(world: World) -> None:
    ann, bob = world.add("ann"), world.add("bob")
    agent(world, bob, "git config core.hooksPath x; git config --get user.name || true; git remote -v")
    put_back(world)
    agent(world, ann, "git config core.hooksPath .husky/_; git config user.name 'A nn'; git remote add fork /far")
    strays = put_back(world)
    admin = worktree.git_dir(world.repository, ann)
    assert {stray.what: stray.owners for stray in strays} == dict.fromkeys(
        ("core.hookspath", "user.name", "remote.fork.url", "remote.fork.fetch"), (admin,)
    )
    assert own(world, ann)["user.name"] == "A nn"
    assert run_git(ann, "remote").split() == ["fork", "origin"]
    assert (own(world, ann)["core.hookspath"], own(world, bob)["core.hookspath"]) == (".husky/_", "x")
    assert run_git(bob, "remote") == "origin"
    # What would take something from all others stays nobody's.
    agent(world, ann, "git config core.bare true; git config extensions.partialClone origin; git config gc.auto 7")
    assert all(stray.owners == () for stray in put_back(world))
    assert own(world, ann)["gc.auto"] == "0"


def test_an_agent_is_never_in_the_way_nor_we_in_its(world: World) -> None:
    """Writers that go on while everything is put back: none of their commands fails, and nothing of it stays."""
    ann = world.add("ann")
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            settle(world.repository, str(world.remote))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        agent(world, ann, "for n in $(seq 40); do git config gt.test$n v; done; git remote add fork /far")
    finally:
        done.set()
        thread.join()
    (world.repository.path / "config.lock").touch()  # of a git that was killed
    settle(world.repository, str(world.remote))
    assert find_strays(world.repository) == []
    mine = own(world, ann)
    assert mine["remote.fork.url"] == "/far"
    assert sum(key.startswith("gt.") for key in mine) >= 38  # one that is written in the very moment may be lost


def test_hooks_go_to_whoever_asked_for_them(world: World) -> None:
    ann, bob = world.add("ann"), world.add("bob")
    hooks = world.repository.path / "hooks"
    install = (
        'hook=$(git rev-parse --git-path hooks)/pre-commit; printf "#!/bin/sh\\nexit 1\\n" > "$hook"; chmod +x "$hook"'
    )
    agent(world, bob, "git status")
    agent(world, ann, install)
    assert [stray.owners for stray in put_back(world)] == [(worktree.git_dir(world.repository, ann),)]
    commit(bob, "b")
    (ann / "a").touch()
    run_git(ann, "add", "-A")
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    failed = subprocess.run(["git", *who, "commit", "-qm", "a"], cwd=ann, capture_output=True)
    assert failed.returncode == 1
    # What installs hooks may do so again: some programs refuse where `core.hooksPath` is set.
    assert "core.hookspath" not in own(world, ann)
    hooks.joinpath("pre-commit").rename(hooks / "pre-commit.old")
    agent(world, ann, install.replace("exit 1", "test -e allowed"))
    assert [stray.what for stray in put_back(world)] == ["hooks/pre-commit"]
    assert [hook.name for hook in hooks.iterdir()] == ["pre-commit"]
    assert subprocess.run(["git", *who, "commit", "-qm", "a"], cwd=ann, capture_output=True).returncode == 1
    (ann / "allowed").touch()
    commit(ann, "a")
    # A hook of the repository itself is none of theirs.
    subprocess.run([hooks / "pre-commit"], cwd=hooks.parent, env={**os.environ, "GIT_DIR": "."}, check=True, timeout=9)
    # Whoever had one before has nothing to do with the next one's.
    agent(world, bob, install)
    assert [stray.owners for stray in put_back(world)] == [(worktree.git_dir(world.repository, bob),)]
    commit(ann, "b")
    for place in (ann, bob):
        shutil.rmtree(worktree.git_dir(world.repository, place) / "hooks")
    assert put_back(world) == [] and list(hooks.iterdir()) == []
    subprocess.run(["sh", "-c", install], cwd=bob, check=True)
    hooks.joinpath("folder").mkdir()
    world.repository.path.joinpath("gt-commands").touch()
    strays = put_back(world)
    assert [stray.what for stray in strays] == ["hooks/folder", "hooks/pre-commit"]
    shutil.rmtree(hooks)
    hooks.symlink_to(ann)
    settle(world.repository, str(world.remote))
    assert hooks.is_dir() and not hooks.is_symlink() and (ann / "README").exists()


def test_a_hook_is_given_away_while_it_is_written(world: World) -> None:
    ann, bob = world.add("ann"), world.add("bob")
    agent(world, ann, "git rev-parse --git-path hooks")
    for name in ("pre-commit", "commit-msg"):
        hook = world.repository.path / "hooks" / name
        with hook.open("w") as file:
            file.write("#!/bin/sh\n")
            file.flush()
            assert [stray.owners for stray in put_back(world)] == [(worktree.git_dir(world.repository, ann),)]
            file.write(f"touch {name}.ran\n")
        hook.chmod(0o755)
    commit(ann, "a")
    commit(bob, "b")
    assert sorted(path.name for path in ann.glob("*.ran")) == ["commit-msg.ran", "pre-commit.ran"]
    assert list(bob.glob("*.ran")) == []


def test_exclude_and_what_must_not_be(world: World) -> None:
    ann, bob = world.add("ann"), world.add("bob")
    common = world.repository.path
    ignore(world.repository, "/ours.json")
    (bob / "ours.json").touch()
    (bob / "notes.txt").touch()
    (common / "info/exclude").write_text("*.txt\n")
    (common / "info/attributes").write_text("* -text\n")
    run_git(common, "config", "--worktree", "core.hooksPath", "x")
    assert {stray.what for stray in put_back(world)} == {"info/exclude", "info/attributes", "config.worktree"}
    assert run_git(bob, "status", "--short") == "?? notes.txt"
    assert run_git(ann, "status", "--short") == ""


def test_rules_of_the_project_itself_stand_where_all_have_them(world: World) -> None:
    ann, bob = world.add("ann"), world.add("bob")
    ignore(world.repository, "/ours.json")
    (world.person / ".git/info/attributes").write_text("*.txt filter=r\n")
    (world.person / ".git/info/exclude").write_text("*.tmp\n")
    for place, attribute, seen in ((ann, "r", "?? a.txt"), (bob, "unspecified", "?? a.txt\n?? b.tmp")):
        world.repository.project.take_over(world.person)
        share_project(world.repository)
        assert put_back(world) == []
        for name in ("a.txt", "b.tmp", "ours.json"):
            (place / name).touch()
        assert run_git(place, "check-attr", "filter", "a.txt") == f"a.txt: filter: {attribute}"
        assert run_git(place, "status", "--short") == seen
        (world.person / ".git/info/attributes").unlink(missing_ok=True)
        (world.person / ".git/info/exclude").unlink(missing_ok=True)


def test_rules_that_somebody_else_wrote_are_put_back(world: World) -> None:
    (world.person / ".git/info/attributes").write_text("*.txt filter=r\n")
    world.repository.project.take_over(world.person)
    share_project(world.repository)
    attributes = world.repository.path / "info/attributes"
    for spoil in (
        lambda: attributes.write_text("* -text\n"),
        attributes.unlink,
        lambda: (attributes.unlink(), attributes.symlink_to(world.person / "README")),
        lambda: (attributes.unlink(), attributes.mkdir()),
        lambda: (attributes.unlink(), os.mkfifo(attributes)),
    ):
        spoil()
        assert [stray.what for stray in put_back(world)] == ["info/attributes"]
        assert attributes.read_text() == "*.txt filter=r\n" and not attributes.is_symlink()
    assert (world.person / "README").read_text() == "hello\n"


def test_history_that_is_here_is_not_hidden(world: World) -> None:
    for number in range(3):
        commit(world.person, f"file-{number}")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()
    ann = world.add("ann")
    run_git(ann, "replace", "--graft", "HEAD")
    run_git(ann, "fetch", "-q", "--depth=1", f"file://{world.remote}", "main")
    assert run_git(ann, "rev-list", "--count", "HEAD") == "1"
    assert {stray.what for stray in put_back(world)} == {"shallow", "refs/replace"}
    assert run_git(ann, "rev-list", "--count", "HEAD") == "4"


def test_history_that_is_not_here_stays_cut_off(world: World, tmp_path: Path) -> None:
    for number in range(3):
        commit(world.person, f"file-{number}")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    run_git(tmp_path, "clone", "-q", "--bare", "--depth=2", f"file://{world.remote}", "part.git")
    place = tmp_path / "rigs" / "part" / "repo.git"
    part = type(world.repository).create(place, tmp_path / "lock", str(tmp_path / "part.git"))
    for _ in range(2):
        assert (settle(part, str(tmp_path / "part.git")), find_strays(part)) == ([], [])
        assert run_git(place, "rev-list", "--count", "origin/main") == "2"
        part.fetch()


def test_every_change_is_another_signature(world: World) -> None:
    ann, common = world.add("ann"), world.repository.path
    seen = [signature(common)]
    for command in (
        "git config a.b c",
        "rm '{0}'/config",
        "touch '{0}'/hooks/x",
        "echo x >> '{0}'/info/exclude",
        "touch '{0}'/info/attributes",
        "touch '{0}'/shallow",
        "git -C '{0}' replace HEAD^{{}} HEAD^{{}} -f || mkdir -p '{0}'/refs/replace",
    ):
        subprocess.run(["sh", "-c", command.format(common)], cwd=ann, capture_output=True)
        assert signature(common) not in seen, command
        seen.append(signature(common))


def test_an_older_repository_keeps_what_it_excludes(world: World) -> None:
    common = world.repository.path
    (common / layout.MASTER).unlink()
    (common / "info/exclude").write_text("/ours.json\n")
    assert find_strays(world.repository) == ["the layout of an older gt"]
    settle(world.repository, str(world.remote))
    assert (common / "info/exclude").read_text() == "/ours.json\n"
    assert find_strays(world.repository) == []


@pytest.mark.needs("git-lfs")
def test_what_git_lfs_writes_wherever_it_runs_is_no_news(world: World) -> None:
    ann = world.add("ann")
    agent(world, ann, "git lfs install --local")
    put_back(world)
    agent(world, ann, "echo '*.bin filter=lfs' > .gitattributes; echo x > a.bin; git add -A")
    (world.repository.path / "hooks" / "post-merge").unlink(missing_ok=True)
    agent(world, ann, "git lfs update --force")
    assert {hook.name for hook in (world.repository.path / "hooks").iterdir()} >= {"post-checkout", "post-merge"}
    assert put_back(world) == []
    with (world.repository.path / "hooks" / "post-merge").open("a") as hook:
        hook.write("evil\n")
    assert [stray.what for stray in put_back(world)] == ["hooks/post-merge"]

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import places, submodules
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.submodule_list import EMPTY_TREE, list_moved, list_submodules
from gastown_tmux.edges.git.submodules import Missing, Origin
from gastown_tmux.edges.git.worktree import git_dir, status
from tests.edges.git_world import World, commit, make_world, own_home, run_git

LOCAL = ("-c", "protocol.file.allow=always")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    """Where submodules come from: `lib`, which has `inner`."""
    with own_home(tmp_path):
        for name in ("inner", "lib"):
            (tmp_path / "shelf" / name).mkdir(parents=True)
            run_git(tmp_path / "shelf" / name, "init", "-q")
            commit(tmp_path / "shelf" / name, "file")
        add(tmp_path / "shelf" / "lib", tmp_path / "shelf" / "inner", "inner")
        yield tmp_path / "shelf"


@pytest.fixture
def world(shelf: Path, tmp_path: Path) -> World:
    """A project with `lib`, both checked out at the person's."""
    world = make_world(tmp_path)
    add(world.person, shelf / "lib", "lib")
    run_git(world.person, *LOCAL, "submodule", "--quiet", "update", "--init", "--recursive")
    publish(world)
    return world


def add(path: Path, url: Path | str, name: str, *options: str) -> None:
    run_git(path, *LOCAL, "submodule", "--quiet", "add", *options, str(url), name)
    run_git(path, "commit", "-qm", f"with {name}")


def publish(world: World) -> None:
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()


def fill(world: World, path: Path, source: Path | None) -> tuple[Missing, ...]:
    admin = git_dir(world.repository, path)
    return submodules.fill(world.repository, path, admin, Origin(str(world.remote), source))


def test_from_the_source_without_the_network(world: World, shelf: Path) -> None:
    shelf.rename(shelf.with_name("gone"))
    path = world.add("ann")
    for _ in range(2):
        assert fill(world, path, world.person) == ()
        assert (path / "lib" / "inner" / "file").read_text() == "x\n"
        assert status(world.repository, path).clean
    for place in (path, world.person):
        assert run_git(place / "lib", "config", "remote.origin.url") == str(shelf / "lib")
        assert run_git(place / "lib" / "inner", "config", "remote.origin.url") == str(shelf / "inner")
    # The common settings are nobody's of this.
    assert "submodule" not in (world.repository.path / "config").read_text()


def test_which_of_the_source(world: World, shelf: Path) -> None:
    for name in ("off", "left", "none", "late", "old", "spec"):
        shutil.copytree(shelf / "inner", shelf / name)
    for name in ("off", "left", "none", "spec"):
        add(world.person, shelf / name, name)
    run_git(world.person, "submodule", "--quiet", "deinit", "off")
    run_git(world.person, "config", "submodule.left.active", "false")
    run_git(world.person, "config", "-f", ".gitmodules", "submodule.none.update", "none")
    # As before git had a place of its own for it: the submodule's repository among its files.
    run_git(world.person, "clone", "-q", str(shelf / "old"), "old")
    add(world.person, shelf / "old", "old")
    publish(world)
    assert (world.person / "old" / ".git").is_dir()
    shelf.rename(shelf.with_name("gone"))
    path = world.add("ann")
    assert fill(world, path, world.person) == ()
    there = {place.parent.name for place in path.glob("*/.git")}
    assert there == {"lib", "none", "old", "spec"}
    # What the source's own checkout has not seen yet is taken too, where it can be had; and stays, once it was.
    shelf.with_name("gone").rename(shelf)
    other = world.person.with_name("other")
    run_git(other.parent, "clone", "-q", str(world.remote), str(other))
    add(other, shelf / "late", "late")
    run_git(other, "push", "-q")
    world.repository.fetch()
    second = world.add("bob")
    assert fill(world, second, world.person) == () and (second / "late" / "file").exists()
    run_git(world.person, "pull", "-q")
    shelf.rename(shelf.with_name("gone"))
    third = world.add("cid")
    assert fill(world, third, world.person) == () and (third / "late" / "file").exists()


def test_by_a_pattern(world: World, shelf: Path) -> None:
    shutil.copytree(shelf / "inner", shelf / "other")
    add(world.person, shelf / "other", "other")
    publish(world)
    for name in ("lib", "other"):
        run_git(world.person, "config", "--unset", f"submodule.{name}.active")
    run_git(world.person, "config", "submodule.active", "li*")
    path = world.add("ann")
    assert fill(world, path, world.person) == ()
    assert {place.parent.name for place in path.glob("*/.git")} == {"lib"}


def test_of_a_remote_all_but_what_cannot_be_had(world: World, shelf: Path) -> None:
    for name in ("dead", "left"):
        shutil.copytree(shelf / "inner", shelf / name)
        add(world.person, shelf / name, name)
    run_git(world.person, "config", "-f", ".gitmodules", "submodule.left.update", "none")
    run_git(world.person, "commit", "-qam", "left")
    publish(world)
    (shelf / "dead").rename(shelf / "away")
    path = world.add("ann")
    [missing] = fill(world, path, None)
    assert missing.path == "dead" and "does not" in missing.words
    assert {place.parent.name for place in path.glob("*/.git")} == {"lib"}
    assert (path / "lib" / "inner" / "file").exists() and list((path / "dead").iterdir()) == []
    (shelf / "away").rename(shelf / "dead")
    assert fill(world, path, None) == () and (path / "dead" / "file").exists()
    # The network is asked once for all places.
    shelf.rename(shelf.with_name("gone"))
    assert fill(world, world.add("bob"), None) == ()


def test_addresses_of_this_machine_are_for_rigs_of_this_machine(world: World) -> None:
    """As git has it for a clone with submodules, whose addresses anybody may have written."""
    path = world.add("ann")
    admin = git_dir(world.repository, path)
    [missing] = submodules.fill(world.repository, path, admin, Origin("https://127.0.0.1:9/x.git", None))
    assert missing.path == "lib" and "not allowed" in missing.words


def test_a_commit_that_no_branch_has(world: World, shelf: Path) -> None:
    """A remote may give it all the same: it was on one."""
    lost = commit(shelf / "lib", "lost")
    run_git(world.person / "lib", "pull", "-q", "origin", "main")
    run_git(world.person, "commit", "-qam", "lost")
    publish(world)
    run_git(shelf / "lib", "reset", "-q", "--hard", "HEAD^")
    run_git(shelf / "lib", "config", "uploadpack.allowAnySHA1InWant", "true")
    path = world.add("ann")
    assert fill(world, path, None) == ()
    assert run_git(path / "lib", "rev-parse", "HEAD") == lost


@pytest.mark.parametrize("shallow", ["source", "remote"])
def test_a_part_of_the_history(world: World, shelf: Path, shallow: str) -> None:
    commit(shelf / "lib", "more")
    run_git(shelf / "lib", *LOCAL, "clone", "-q", "--bare", "--depth=1", f"file://{shelf}/lib", "../part")
    run_git(world.person, "config", "-f", ".gitmodules", "submodule.lib.url", f"file://{shelf}/part")
    run_git(world.person, "config", "-f", ".gitmodules", "submodule.lib.shallow", "true")
    run_git(world.person, "submodule", "--quiet", "deinit", "-f", "lib")
    shutil.rmtree(world.person / ".git" / "modules")
    run_git(world.person, *LOCAL, "submodule", "--quiet", "update", "--init", "--remote", "--recursive")
    run_git(world.person, "commit", "-qam", "shallow")
    publish(world)
    if shallow == "source":
        (shelf / "part").rename(shelf / "gone")
    path = world.add("ann")
    assert fill(world, path, world.person if shallow == "source" else None) == ()
    assert (path / "lib" / "more").exists() and status(world.repository, path).clean


def test_killed_at_any_moment_and_run_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stood for by a git that fails in the place of each of its calls."""
    path = world.add("ann")
    real = submodules.git
    for number in range(40):
        left = iter(range(number))

        def fails(*words: str, left: Iterator[int] = left, **more: object) -> object:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(*words, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(submodules, "git", fails)
            try:
                fill(world, path, world.person)
            except KeyboardInterrupt:
                continue
        break
    assert 5 < number < 39
    assert (path / "lib" / "inner" / "file").exists() and status(world.repository, path).clean


def test_a_half_checked_out_one_is_finished_and_work_is_left_alone(world: World) -> None:
    path = world.add("ann")
    fill(world, path, world.person)
    own = git_dir(world.repository, path) / "modules" / "lib"
    (path / "lib" / "file").write_text("mine\n")
    assert fill(world, path, world.person) == ()
    assert (path / "lib" / "file").read_text() == "mine\n"
    (own / "gt-unfilled").touch()
    (own / "index").rename(own / "index.lock")
    assert fill(world, path, world.person) == ()
    assert (path / "lib" / "file").read_text() == "x\n" and status(world.repository, path).clean


def test_names_that_lead_elsewhere_are_no_submodules(world: World, shelf: Path) -> None:
    lines = f'[submodule "../../../evil"]\n\tpath = lib\n\turl = {shelf / "lib"}\n'
    (world.person / ".gitmodules").write_text(lines)
    run_git(world.person, "commit", "-qam", "evil")
    publish(world)
    assert list_submodules(world.repository.path, world.base(), str(world.remote)) == []
    (world.person / ".gitmodules").write_text("no settings [[[\n")
    run_git(world.person, "commit", "-qam", "rubbish")
    publish(world)
    assert list_submodules(world.repository.path, world.base(), str(world.remote)) == []


def moved_by(world: World, path: Path) -> list[str]:
    """Paths of what nobody else could get, of what is new on the branch there."""
    moved = list_moved(world.repository.path, world.base(), run_git(path, "rev-parse", "HEAD"), str(world.remote))
    found = submodules.list_unpublished(world.repository, moved, Origin(str(world.remote), world.person))
    return [one.path for one in found]


def test_what_others_could_not_get(world: World, shelf: Path) -> None:
    path = world.add("ann")
    fill(world, path, world.person)
    inner = path / "lib" / "inner"
    commit(inner, "deep")
    commit(path / "lib", "mine")
    commit(path, "mine")
    assert moved_by(world, path) == ["lib"]
    run_git(path / "lib", "push", "-q", "origin", "HEAD:refs/heads/mine")
    assert moved_by(world, path) == ["lib/inner"]
    run_git(inner, "push", "-q", "origin", "HEAD:refs/heads/mine")
    assert moved_by(world, path) == []
    # Nothing has moved any more: nobody is asked.
    shelf.rename(shelf.with_name("gone"))
    world.repository.update_ref("refs/remotes/origin/main", run_git(path, "rev-parse", "HEAD"), world.base())
    assert moved_by(world, path) == []
    commit(path / "lib", "more")
    commit(path, "more")
    with pytest.raises(GitError, match="does not"):
        moved_by(world, path)


def test_another_address_counts_from_where_it_leads(world: World, shelf: Path) -> None:
    """The source knows the submodule under another one, where its commit is."""
    path = world.add("ann")
    fill(world, path, world.person)
    (shelf / "empty").mkdir()
    run_git(shelf / "empty", "init", "-q")
    commit(shelf / "empty", "other")
    run_git(path, "config", "-f", ".gitmodules", "submodule.lib.url", str(shelf / "empty"))
    run_git(path, "commit", "-qam", "from elsewhere")
    before = moved_by(world, path)
    run_git(path / "lib", "push", "-q", str(shelf / "empty"), "HEAD:refs/heads/lib")
    assert (before, moved_by(world, path)) == (["lib"], [])


def test_a_repository_that_nobody_wrote_down(world: World) -> None:
    path = world.add("ann")
    (path / "vendor").mkdir()
    run_git(path / "vendor", "init", "-q")
    commit(path / "vendor", "file")
    commit(path, "mine")
    assert moved_by(world, path) == ["vendor"]
    assert [pair.now.path for pair in list_moved(world.repository.path, EMPTY_TREE, world.base(), "x")] == ["lib"]


def test_where_the_user_has_line_ends_converted(world: World, shelf: Path) -> None:
    """As an agent's own git checks a submodule out."""
    path = world.add("ann")
    fill(world, path, world.person)
    run_git(world.town, "config", "--global", "core.autocrlf", "true")
    (path / "lib" / "file").unlink()
    run_git(path / "lib", "checkout", "-q", "file")
    assert (path / "lib" / "file").read_bytes() == b"x\r\n"
    assert status(world.repository, path).clean
    (path / "lib" / "file").write_bytes(b"y\r\n")
    assert status(world.repository, path).inside == ("lib",)


def test_removed_with_its_worktree(world: World) -> None:
    path = world.add("ann")
    fill(world, path, world.person)
    admin = git_dir(world.repository, path)
    assert not submodules.has_own_commits(admin)
    commit(path / "lib", "mine")
    assert submodules.has_own_commits(admin)
    trash = world.town / "trash"
    places.reuse(world.repository, path, "bead/next", world.base(), "gt: test", trash=trash)
    assert list((path / "lib").iterdir()) == [] and not (admin / "modules").exists()
    [away] = trash.iterdir()
    assert (away / "work" / "lib" / "mine").exists() and (away / "admin" / "modules" / "lib" / "HEAD").exists()
    # Work that was taken back again stands in the log of HEAD alone.
    fill(world, path, world.person)
    assert not submodules.has_own_commits(admin)
    commit(path / "lib", "mine")
    run_git(path / "lib", "reset", "-q", "--hard", "HEAD^")
    assert submodules.has_own_commits(admin)
    run_git(path / "lib", "reflog", "expire", "--expire=now", "--all")
    assert not submodules.has_own_commits(admin)
    # What is everywhere else too is not kept.
    fill(world, path, world.person)
    places.reuse(world.repository, path, "bead/last", world.base(), "gt: test", trash=trash)
    assert [list(place.glob("work/lib")) for place in trash.iterdir() if place != away] == [[]]

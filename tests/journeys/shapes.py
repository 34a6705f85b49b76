"""Repositories of every shape that a person may name for a rig, and what is to come of each."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.edges.git.command import version
from tests.journeys.town_world import git, make_repository


@dataclass(frozen=True, slots=True)
class Lands:
    """Work lands on `branch` of the repository at `where`."""

    where: Path
    branch: str = "main"


@dataclass(frozen=True, slots=True)
class Refused:
    """One line that has `words`, with this exit status, and perhaps a hint."""

    words: str
    code: int = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """What is given to `gt rig add`, and what comes of it."""

    source: str | Path
    comes: Lands | Refused
    options: tuple[str, ...] = ()


Build = Callable[[Path], Shape]
LANDING: dict[str, Build] = {}
REFUSED: dict[str, Build] = {}


def lands(build: Build) -> Build:
    LANDING[build.__name__] = build
    return build


def refused(build: Build) -> Build:
    REFUSED[build.__name__] = build
    return build


def bare(source: Path, target: Path, *options: str) -> Path:
    return clone(source, target, "--bare", *options)


def clone(source: Path | str, target: Path, *options: str) -> Path:
    subprocess.run(["git", "clone", "-q", *options, source, target], check=True)
    return target


def grow(path: Path, *names: str) -> None:
    """A commit a name."""
    for name in names:
        (path / name).write_text(f"{name}\n")
        git(path, "add", "-A")
        git(path, "commit", "-qm", f"add {name}")


# -- Where the repository is, and what stands at its path -----------------------------------------------------------


@lands
def checkout(base: Path) -> Shape:
    project = make_repository(base / "p")
    return Shape(project, Lands(project))


@lands
def bare_path(base: Path) -> Shape:
    project = bare(make_repository(base / "seed"), base / "p.git")
    return Shape(project, Lands(project))


@lands
def relative_origin(base: Path) -> Shape:
    far = bare(make_repository(base / "seed"), base / "far.git")
    near = clone(far, base / "near")
    git(near, "remote", "set-url", "origin", "../far.git")
    return Shape(near, Lands(far))


@lands
def git_folder_itself(base: Path) -> Shape:
    project = make_repository(base / "p")
    return Shape(project / ".git", Lands(project))


@lands
def symbolic_link(base: Path) -> Shape:
    project = make_repository(base / "p")
    (base / "link").symlink_to(project)
    return Shape(base / "link", Lands(project))


@lands
def odd_path(base: Path) -> Shape:
    project = make_repository(base / "a:b \"quoted\" \\ # ; 'ünï' $(id)")
    return Shape(project, Lands(project))


@refused
def separate_git_folder(base: Path) -> Shape:
    """A push to it is refused by git: it looks for the files where the git folder is."""
    project = make_repository(base / "p")
    git(project, "init", "-q", "--separate-git-dir", str(base / "elsewhere.git"))
    return Shape(project, Refused("its .git is a file"))


@lands
def linked_worktree(base: Path) -> Shape:
    """Work lands on the branch that is checked out there, and its files follow."""
    project = make_repository(base / "p")
    git(project, "worktree", "add", "-q", "-b", "side", str(base / "linked"))
    return Shape(base / "linked", Lands(base / "linked", "side"))


@refused
def submodule_without_origin(base: Path) -> Shape:
    inner, outer = make_repository(base / "inner"), make_repository(base / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    git(outer / "sub", "remote", "remove", "origin")
    return Shape(outer / "sub", Refused("its .git is a file"))


@lands
def submodule(base: Path) -> Shape:
    inner, outer = bare(make_repository(base / "seed"), base / "inner.git"), make_repository(base / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    return Shape(outer / "sub", Lands(inner))


@lands
def bare_without_the_word(base: Path) -> Shape:
    project = bare(make_repository(base / "seed"), base / "p.git")
    git(project, "config", "--unset", "core.bare")
    return Shape(project, Lands(project))


@lands
def own_worktree_settings(base: Path) -> Shape:
    """As `git sparse-checkout` leaves it."""
    project = make_repository(base / "p")
    git(project, "sparse-checkout", "set", "--no-cone", "/*")
    return Shape(project, Lands(project))


# -- Branches and HEAD ----------------------------------------------------------------------------------------------


@lands
def only_master(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "branch", "-m", "master")
    return Shape(project, Lands(project, "master"))


@lands
def odd_branch(base: Path) -> Shape:
    project, name = make_repository(base / "p"), "rélease/1.0#'x\"$(id)&;%s{}!@,=ü"
    git(project, "branch", "-m", name)
    return Shape(project, Lands(project, name))


@lands
def branches_that_differ_by_case(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "branch", "Main")
    grow(project, "newer")
    return Shape(bare(project, base / "p.git"), Lands(base / "p.git"))


@lands
def names_that_mislead(base: Path) -> Shape:
    """A tag named as the branch; branches named HEAD, and as other refs are in full; all of an older commit."""
    project = make_repository(base / "p")
    git(project, "tag", "main")
    git(project, "tag", "refs/remotes/origin/main")
    for name in ("HEAD", "origin/main", "refs/remotes/origin/main", "remotes/origin/main"):
        git(project, "update-ref", f"refs/heads/{name}", "HEAD")
    grow(project, "newer")
    return Shape(bare(project, base / "p.git"), Lands(base / "p.git"))


@lands
def branches_below_head(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "update-ref", "refs/heads/HEAD/below", "HEAD")
    return Shape(bare(project, base / "p.git"), Lands(base / "p.git"))


@lands
def detached_head(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "checkout", "-q", "--detach")
    return Shape(project, Lands(project))


@lands
def named_branch(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "branch", "side")
    git(project, "checkout", "-q", "--detach")
    return Shape(project, Lands(project, "side"), ("--branch", "side"))


@lands
def unborn_head(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "checkout", "-q", "--orphan", "unborn")
    return Shape(project, Lands(project))


@refused
def broken_ref_beside(base: Path) -> Shape:
    """Nor does a clone take it."""
    project = make_repository(base / "p")
    (project / ".git/refs/heads/broken").write_text("")
    return Shape(project, Refused("cannot be cloned", 1))


# -- How objects are kept -------------------------------------------------------------------------------------------


@lands
def shallow(base: Path) -> Shape:
    """Its history begins where it was cut off, in the rig too."""
    seed = make_repository(base / "seed")
    grow(seed, "a", "b")
    project = clone(f"file://{seed}", base / "p", "--depth=2")
    git(project, "remote", "remove", "origin")
    return Shape(project, Lands(project))


@lands
def shallow_bare(base: Path) -> Shape:
    seed = make_repository(base / "seed")
    grow(seed, "a", "b")
    project = bare(seed, base / "p.git", "--no-local", "--depth=1")
    return Shape(f"file://{project}", Lands(project))


@lands
def shallow_with_origin(base: Path) -> Shape:
    seed = make_repository(base / "seed")
    grow(seed, "a", "b")
    far = bare(seed, base / "far.git")
    return Shape(clone(f"file://{far}", base / "near", "--depth=1"), Lands(far))


@lands
def partial_with_origin(base: Path) -> Shape:
    far = bare(make_repository(base / "seed"), base / "far.git")
    git(far, "config", "uploadpack.allowFilter", "true")
    return Shape(clone(f"file://{far}", base / "near", "--filter=blob:none", "--no-checkout"), Lands(far))


@lands
def borrowed_objects(base: Path) -> Shape:
    project = clone(make_repository(base / "seed"), base / "p", "--shared")
    git(project, "remote", "remove", "origin")
    return Shape(project, Lands(project))


@lands
def replaced_commits(base: Path) -> Shape:
    """A person's `git replace` is theirs alone: a clone has none of it."""
    project = make_repository(base / "p")
    grow(project, "a", "b")
    git(project, "replace", "--graft", "HEAD")
    return Shape(project, Lands(project))


# -- Formats that only a newer git can make --------------------------------------------------------------------------

if version() >= (2, 48):

    @lands
    def reftable(base: Path) -> Shape:
        project = make_repository(base / "p")
        git(project, "refs", "migrate", "--ref-format=reftable")
        return Shape(project, Lands(project))

    @lands
    def reftable_bare(base: Path) -> Shape:
        project = bare(make_repository(base / "seed"), base / "p.git", "--ref-format=reftable")
        return Shape(project, Lands(project))

    @lands
    def relative_worktrees(base: Path) -> Shape:
        """A linked worktree that an older git cannot read, of a repository in the same case."""
        project = make_repository(base / "p")
        git(project, "worktree", "add", "-q", "--relative-paths", "-b", "side", str(base / "linked"))
        return Shape(base / "linked", Lands(base / "linked", "side"))


# -- What cannot be a rig -------------------------------------------------------------------------------------------


@refused
def nothing_there(base: Path) -> Shape:
    return Shape(base / "missing", Refused("no such path", 3))


@refused
def a_file(base: Path) -> Shape:
    return Shape(make_repository(base / "p") / "file-0.txt", Refused("is not a directory"))


@refused
def a_folder_within(base: Path) -> Shape:
    project = make_repository(base / "p")
    (project / "sub").mkdir()
    return Shape(project / "sub", Refused("is not the top of a git repository"))


@refused
def no_commit(base: Path) -> Shape:
    base.mkdir()
    git(base, "init", "-q", "p")
    return Shape(base / "p", Refused("has no branch"))


@refused
def tags_alone(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "tag", "v1")
    git(project, "checkout", "-q", "--detach")
    git(project, "branch", "-D", "main")
    return Shape(project, Refused("has no branch"))


@refused
def several_branches_and_no_head(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "branch", "side")
    git(project, "checkout", "-q", "--detach")
    return Shape(project, Refused("names no default branch"))


@refused
def in_the_middle_of_a_rebase(base: Path) -> Shape:
    """HEAD is nobody's branch then; the branch that is being rebased would be pulled away under it."""
    project = make_repository(base / "p")
    git(project, "branch", "side")
    grow(project, "a")
    subprocess.run(["git", "-C", project, "rebase", "-q", "-x", "false", "HEAD~1"], capture_output=True)
    return Shape(project, Refused("names no default branch"))


@refused
def a_missing_branch(base: Path) -> Shape:
    return Shape(make_repository(base / "p"), Refused("has no branch nope", 3), ("--branch", "nope"))


@refused
def the_branch_head(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "update-ref", "refs/heads/HEAD", "HEAD")
    return Shape(project, Refused("HEAD"), ("--branch", "HEAD"))


@refused
def another_hash(base: Path) -> Shape:
    base.mkdir()
    git(base, "init", "-q", "--object-format=sha256", "p")
    grow(base / "p", "a")
    return Shape(base / "p", Refused("SHA-256"))


@refused
def another_hash_by_url(base: Path) -> Shape:
    shape = another_hash(base)
    assert isinstance(shape.source, Path)
    bare(shape.source, base / "p.git")
    return Shape(f"file://{base / 'p.git'}", Refused("SHA-256"))


@refused
def another_hash_behind_origin(base: Path) -> Shape:
    shape = another_hash(base)
    assert isinstance(shape.source, Path)
    return Shape(clone(shape.source, base / "near"), Refused("SHA-256"))


@refused
def bare_that_denies_it(base: Path) -> Shape:
    """Git takes the folder around it for its files."""
    project = bare(make_repository(base / "seed"), base / "p.git")
    git(project, "remote", "remove", "origin")
    git(project, "config", "core.bare", "false")
    return Shape(project, Refused("core.bare"))


@refused
def borrowed_objects_gone(base: Path) -> Shape:
    project = clone(make_repository(base / "seed"), base / "p", "--shared")
    git(project, "remote", "remove", "origin")
    (base / "seed").rename(base / "moved")
    return Shape(project, Refused("cannot be cloned", 1))


@refused
def objects_lost(base: Path) -> Shape:
    project = make_repository(base / "p")
    blob = git(project, "rev-parse", "HEAD:file-0.txt")
    (project / ".git/objects" / blob[:2] / blob[2:]).unlink()
    return Shape(project, Refused(blob, 1))


@refused
def promised_objects_gone(base: Path) -> Shape:
    """A partial clone whose origin nobody knows any more has not what it was promised."""
    seed = make_repository(base / "seed")
    git(seed, "config", "uploadpack.allowFilter", "true")
    project = clone(f"file://{seed}", base / "p", "--filter=blob:none", "--no-checkout")
    git(project, "remote", "remove", "origin")
    return Shape(project, Refused("cannot be cloned", 1))


@refused
def origin_gone(base: Path) -> Shape:
    far = bare(make_repository(base / "seed"), base / "far.git")
    near = clone(far, base / "near")
    far.rename(base / "moved.git")
    return Shape(near, Refused("no such path", 3))


@refused
def unknown_extension(base: Path) -> Shape:
    project = make_repository(base / "p")
    git(project, "config", "core.repositoryFormatVersion", "1")
    git(project, "config", "extensions.fromTheFuture", "true")
    return Shape(project, Refused("extensions.fromthefuture"))


@refused
def settings_cannot_be_read(base: Path) -> Shape:
    project = make_repository(base / "p")
    with (project / ".git/config").open("a") as file:
        file.write("[broken\n")
    return Shape(project, Refused("bad config", 1))


@refused
def bytes_for_a_path(base: Path) -> Shape:
    return Shape(make_repository(base / os.fsdecode(b"a\xff")), Refused("UTF-8", 2))


@refused
def line_end_in_a_path(base: Path) -> Shape:
    return Shape(make_repository(base / "a\nb"), Refused("on one line"))

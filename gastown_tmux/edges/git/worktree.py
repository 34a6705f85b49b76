"""Worktrees of a rig's repository: making, checking, moving to another branch."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.git import shared_files
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, GitError, git
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.pins import CONVERSIONS
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.errors import RefusedError

#: Git's mode of a submodule in a tree or an index.
SUBMODULE = "160000"
#: In a worktree's own folder of the repository while its files are not all there.
UNFILLED = "gt-unfilled"


class BrokenWorktree(RefusedError):  # noqa: N818 - a state of the worktree that happens to be raised
    """The directory is missing, or what ties it to its repository is."""


class Operation(StrEnum):
    """What git was in the middle of."""

    MERGE = "merge"
    REBASE = "rebase"
    AM = "am"
    CHERRY_PICK = "cherry-pick"
    REVERT = "revert"
    BISECT = "bisect"


_SIGNS = {
    "rebase-merge": Operation.REBASE,
    "rebase-apply/applying": Operation.AM,
    "rebase-apply": Operation.REBASE,
    "MERGE_HEAD": Operation.MERGE,
    "CHERRY_PICK_HEAD": Operation.CHERRY_PICK,
    "REVERT_HEAD": Operation.REVERT,
    "BISECT_LOG": Operation.BISECT,
}


@dataclass(frozen=True, slots=True)
class Status:
    """What `git status` says: paths relative to the worktree (a whole untracked directory ends in `/`)."""

    staged: tuple[str, ...]
    unstaged: tuple[str, ...]
    untracked: tuple[str, ...]
    operation: Operation | None
    #: Submodules with work inside that is not committed there, where the project does not say that it does not matter.
    inside: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return not (self.staged or self.unstaged or self.untracked or self.operation or self.inside)


def git_dir(repository: Repository, path: Path) -> Path:
    """The worktree's own directory inside the repository, found without running git.

    Raises `BrokenWorktree` unless `path` is a real directory whose `.git` is a file naming a worktree of
    exactly this repository.
    """
    link = path / ".git"
    if path.is_symlink() or not path.is_dir():
        raise BrokenWorktree(f"the worktree {path} is missing", "gt doctor --fix")
    if link.is_symlink() or not link.is_file():
        raise BrokenWorktree(f"{path} has lost its .git file", "gt doctor --fix")
    named = os.fsdecode(link.read_bytes()).removeprefix("gitdir: ").rstrip("\n")
    admin = (path / named).resolve()
    if admin.parent != (repository.path / "worktrees").resolve() or not _has_head(admin) or not _is_of(admin, path):
        raise BrokenWorktree(f"{path} is not a worktree of {repository.path}", "gt doctor --fix")
    return admin


def assert_place(repository: Repository, path: Path, branch: str | None) -> Path:
    """Prove, before a write, that git sees `path` as a worktree of `repository` on `branch` (None: detached).

    Returns the worktree's git directory. Raises `BrokenWorktree`, or `RefusedError` for another branch.
    """
    admin = git_dir(repository, path)
    found = git("rev-parse", "--show-toplevel", "--git-common-dir", cwd=path).lines
    if [Path(line).resolve() for line in found] != [path.resolve(), repository.path.resolve()]:
        raise BrokenWorktree(f"git takes {path} for {found[0]}")
    current = symbolic_branch(admin)
    if current != branch:
        during = f", in the middle of a {operation}" if (operation := operation_in(admin)) else ""
        raise RefusedError(f"{path} is on {current or 'no branch'}{during}, not on {branch or 'no branch'}")
    return admin


def is_unfilled(admin: Path, path: Path) -> bool:
    """Whether nobody has worked in a worktree yet, for its files are not all there."""
    if (admin / UNFILLED).exists():
        return True
    return not (admin / "index").exists() and [entry.name for entry in path.iterdir()] == [".git"]


def status(repository: Repository, path: Path) -> Status:
    """The state of a worktree. Takes no lock in it. Raises `BrokenWorktree`."""
    admin = git_dir(repository, path)
    staged, unstaged, untracked, inside = _look(repository, path)
    if unstaged or inside:
        # Where the user has files converted otherwise, an agent's git may leave some that we take for changed.
        with suppress(GitError):
            _, theirs, _, theirs_inside = _look(repository, path, but=CONVERSIONS)
            unstaged = [name for name in unstaged if name in theirs]
            inside = [name for name in inside if name in theirs_inside]
    return Status(tuple(staged), tuple(unstaged), tuple(untracked), operation_in(admin), tuple(inside))


def _look(
    repository: Repository, path: Path, but: tuple[str, ...] = ()
) -> tuple[list[str], list[str], list[str], list[str]]:
    """What is staged, unstaged and untracked, and submodules with more inside."""
    # By a setting, which the project's own word for a submodule outranks, where an option would outrank that.
    env = environment(include=repository.project.include, config=["diff.ignoreSubmodules=none"], but=but)
    command = ("status", "--porcelain=v2", "-z", "--no-renames")
    found = git(*command, cwd=path, env=env)
    staged, unstaged, untracked, inside = [], [], [], []
    for line in found.records:
        match line[0]:
            case "1":
                name = line.split(" ", 8)[8]
                if line[2] != ".":
                    staged.append(name)
                submodule = line[5:9]
                if line[3] != "." and submodule[:2] != "S.":
                    unstaged.append(name)
                if submodule[0] == "S" and submodule[2:] != "..":
                    inside.append(name)
            case "u":
                unstaged.append(line.split(" ", 10)[10])
            case "?":
                untracked.append(line[2:])
    return staged, unstaged, untracked, inside


def move(repository: Repository, path: Path, commit: str) -> None:
    """Brings a clean worktree and its branch to a commit. Raises `GitError` where that would touch what is loose."""
    env = environment(include=repository.project.include)
    git("reset", "--quiet", "--keep", commit, cwd=path, env=env, timeout=CHECKOUT_TIMEOUT)


def ignore(repository: Repository, tree: Path, path: Path) -> bool:
    """Keeps an untracked ``path`` of the worktree ``tree`` out of ``git status``, in all worktrees of the repository.

    False where it is tracked, and so the project's own.
    """
    if git("ls-files", "--", str(path), cwd=tree).text:
        return False
    shared_files.ignore(repository, f"/{path}")
    return True


def repair(repository: Repository, paths: Iterable[Path]) -> list[Path]:
    """Tie worktrees to the repository again after a move or copy of the town, or the loss of a `.git` file.

    Returns those of `paths` that are still broken.
    """
    paths = list(paths)
    with repository.lock():
        for path in paths:
            entry = _find_entry(repository, path)
            if entry is not None:
                # By our own hand: git would follow the old links, in a copy into the town it was copied from.
                write_atomic(path / ".git", os.fsencode(f"gitdir: {entry}\n"))
                write_atomic(entry / "gitdir", os.fsencode(f"{path / '.git'}\n"))
    return [path for path in paths if not _is_whole(repository, path)]


def _find_entry(repository: Repository, path: Path) -> Path | None:
    """The repository's entry that a directory at a worktree's place was, before a link of the two was lost."""
    link = path / ".git"
    if path.is_symlink() or not path.is_dir() or link.is_symlink() or (link.exists() and not link.is_file()):
        return None
    entries = [entry for entry in (repository.path / "worktrees").glob("*") if _has_head(entry)]
    named = os.fsdecode(link.read_bytes()).rstrip("\n").rpartition("/")[2] if link.exists() else None
    for entry in entries:
        if _is_of(entry, path):
            return entry
    for entry in entries:
        if entry.name == named:
            return entry
    for entry in entries:
        with suppress(OSError):
            was = Path(os.fsdecode((entry / "gitdir").read_bytes()).rstrip("\n"))
            # In a town, a hook's or rig's folder name tells its worktree from all others.
            if was.parts[-3:] == link.parts[-3:]:
                return entry
    return None


def admin_of(repository: Repository, path: Path) -> Path | None:
    """The repository's entry for a worktree registered at `path`, whether or not it is there."""
    wanted = {str(path / ".git"), str(path.resolve() / ".git")}
    for entry in sorted((repository.path / "worktrees").glob("*")):
        with suppress(OSError):
            if os.fsdecode((entry / "gitdir").read_bytes()).rstrip("\n") in wanted:
                return entry
    return None


def symbolic_branch(admin: Path) -> str | None:
    """The branch HEAD names; None when it is detached."""
    found = re.fullmatch(r"ref: refs/heads/(.+)\n?", _head(admin))
    return found[1] if found else None


def _head(admin: Path) -> str:
    """What HEAD says; nothing where there is none."""
    head = admin / "HEAD"
    try:
        # A link where the user has core.preferSymlinkRefs and an agent has switched branches.
        return f"ref: {head.readlink()}" if head.is_symlink() else os.fsdecode(head.read_bytes())
    except (FileNotFoundError, IsADirectoryError):
        return ""


def _has_head(admin: Path) -> bool:
    """Whether git takes it for the git directory of anything."""
    return re.fullmatch(r"(ref: refs/.+|[0-9a-f]{40,64})\n?", _head(admin)) is not None


def _is_of(admin: Path, path: Path) -> bool:
    """Whether a repository's entry is that of the worktree at `path`, by its own word."""
    with suppress(OSError):
        return Path(os.fsdecode((admin / "gitdir").read_bytes()).rstrip("\n")).parent.resolve() == path.resolve()
    return False


def rebased_branch(repository: Repository, path: Path) -> str | None:
    """The branch that a rebase in progress will come back to. Raises `BrokenWorktree`."""
    admin = git_dir(repository, path)
    for folder in ("rebase-merge", "rebase-apply"):
        with suppress(FileNotFoundError):
            return (admin / folder / "head-name").read_text().strip().removeprefix("refs/heads/")
    return None


def operation_in(admin: Path) -> Operation | None:
    """What git is in the middle of, in the worktree of this git directory."""
    return next((operation for sign, operation in _SIGNS.items() if (admin / sign).exists()), None)


def _is_whole(repository: Repository, path: Path) -> bool:
    try:
        git_dir(repository, path)
    except BrokenWorktree:
        return False
    return True

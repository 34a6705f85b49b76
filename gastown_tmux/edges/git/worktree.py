"""Worktrees of a rig's repository: making, checking, moving to another branch."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, GitError, git
from gastown_tmux.edges.git.layout import pin
from gastown_tmux.edges.git.pins import CONVERSIONS
from gastown_tmux.edges.git.repository import LOCK_TIMEOUT, Repository
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import RefusedError

_PARALLEL = ("checkout.workers=0",)


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

    @property
    def clean(self) -> bool:
        return not (self.staged or self.unstaged or self.untracked or self.operation)


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
    if admin.parent != (repository.path / "worktrees").resolve() or not _has_head(admin):
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


def status(repository: Repository, path: Path) -> Status:
    """The state of a worktree. Takes no lock in it. Raises `BrokenWorktree`."""
    admin = git_dir(repository, path)
    staged, unstaged, untracked = _look(path)
    if unstaged:
        # Where the user has files converted otherwise, an agent's commit may leave some that we take for changed.
        with suppress(GitError):
            theirs = set(_look(path, but=CONVERSIONS)[1])
            unstaged = [name for name in unstaged if name in theirs]
    return Status(tuple(staged), tuple(unstaged), tuple(untracked), operation_in(admin))


def _look(path: Path, but: tuple[str, ...] = ()) -> tuple[list[str], list[str], list[str]]:
    """What is staged, unstaged and untracked."""
    found = git("status", "--porcelain=v2", "-z", "--no-renames", "--ignore-submodules=none", cwd=path, but=but)
    staged, unstaged, untracked = [], [], []
    for line in found.records:
        match line[0]:
            case "1":
                name = line.split(" ", 8)[8]
                if line[2] != ".":
                    staged.append(name)
                if line[3] != ".":
                    unstaged.append(name)
            case "u":
                unstaged.append(line.split(" ", 10)[10])
            case "?":
                untracked.append(line[2:])
    return staged, unstaged, untracked


def add(
    repository: Repository,
    path: Path,
    branch: str | None,
    base: str,
    reason: str,
    *,
    ignore_other_worktrees: bool = False,
) -> None:
    """Make a worktree at `path` on `branch` (None: detached at `base`), locked with `reason`.

    A missing branch starts at `base`; one with nothing that `base` lacks is moved there; any other is kept
    and checked out as it is. Safe to kill at any moment and to run again; on a worktree that is whole it
    changes nothing. Raises `RefusedError` when something else is at `path`, or when `branch` is checked out
    in another worktree and `ignore_other_worktrees` is not set.
    """
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with repository.lock() as held:
        try:
            git_dir(repository, path)
        except BrokenWorktree:
            _register(repository, path, branch, base, reason, ignore_other_worktrees, held)
        pin(git_dir(repository, path))
    admin = assert_place(repository, path, branch)
    with _populating(admin) as held:
        # Git writes the first index after the last file: without one, the files are not all there yet.
        if not (admin / "index").exists():
            (admin / "index.lock").unlink(missing_ok=True)
            git(
                *("reset", "--quiet", "--hard"),
                cwd=path,
                config=_PARALLEL,
                timeout=CHECKOUT_TIMEOUT,
                keep_open=[held],
            )


def reuse(
    repository: Repository,
    path: Path,
    branch: str | None,
    base: str,
    *,
    ignore_other_worktrees: bool = False,
) -> None:
    """Bring an existing worktree to another branch (None: detached at `base`), as `add` would make it.

    Uncommitted changes, untracked files and an unfinished merge or rebase are dropped; ignored files and
    repositories inside it stay. The caller has ended every process that works there, and has taken a
    snapshot. Safe to kill and run again.
    """
    admin = git_dir(repository, path)
    with repository.lock():
        if branch is not None and not ignore_other_worktrees:
            _refuse_second_checkout(repository, path, branch)
        if branch is None or (current := repository.resolve(f"refs/heads/{branch}")) is None:
            start = base
        else:
            start = base if repository.is_ancestor(current, base) else current
    with _populating(admin) as held:
        (admin / "index.lock").unlink(missing_ok=True)
        if (operation := operation_in(admin)) is Operation.BISECT:
            git("bisect", "reset", "HEAD", cwd=path)
        elif operation is not None:
            # --quit keeps HEAD and puts an autostash on the stash; a rebase outlives even checkout --force.
            git(operation.value, "--quit", cwd=path)
        place = ["--detach", start] if branch is None else ["--no-track", "-B", branch, start]
        git(
            *("checkout", "--quiet", "--force", "--ignore-other-worktrees", *place),
            cwd=path,
            config=_PARALLEL,
            timeout=CHECKOUT_TIMEOUT,
            keep_open=[held],
        )
        git("clean", "--quiet", "-fd", cwd=path, timeout=CHECKOUT_TIMEOUT, keep_open=[held])
    assert_place(repository, path, branch)


def ignore(repository: Repository, tree: Path, path: Path) -> bool:
    """Keeps an untracked ``path`` of the worktree ``tree`` out of ``git status``, in all worktrees of the repository.

    False where it is tracked, and so the project's own.
    """
    if git("ls-files", "--", str(path), cwd=tree).text:
        return False
    line = f"/{path}\n"
    exclude = repository.path / "info" / "exclude"
    with repository.lock():
        known = exclude.read_text() if exclude.exists() else ""
        if line not in known.splitlines(keepends=True):
            exclude.parent.mkdir(exist_ok=True)
            write_atomic(exclude, (known + line).encode())
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


def _register(
    repository: Repository,
    path: Path,
    branch: str | None,
    base: str,
    reason: str,
    ignore_other_worktrees: bool,
    held: int,
) -> None:
    """`worktree add`, once more if it fails. `held` is the repository lock's descriptor."""
    for attempt in (1, 2):
        _clear_half_made(path)
        if admin_of(repository, path) is not None:
            # Its directory is gone. Git takes such an entry's place, but would not move the branch it names.
            git("worktree", "remove", "-f", "-f", "--", str(path), git_dir=repository.path, keep_open=[held])
        if branch is None:
            place = ["--detach", "--", str(path), base]
        else:
            if not ignore_other_worktrees:
                _refuse_second_checkout(repository, path, branch)
            current = repository.resolve(f"refs/heads/{branch}")
            if current is None:
                place = ["--no-track", "-b", branch, "--", str(path), base]
            else:
                if repository.is_ancestor(current, base):
                    # Not by -B, which refuses a branch that another worktree has, whatever the force.
                    repository.update_ref(f"refs/heads/{branch}", base, current)
                place = ["--", str(path), branch]
        try:
            # Forced, for the branch may be checked out elsewhere: that was asked for above.
            git(
                *["worktree", "add", "--quiet", "--no-checkout", "-f", "--lock", "--reason"],
                *(reason, *place),
                git_dir=repository.path,
                keep_open=[held],
            )
            return
        except GitError:
            # An agent's own `git worktree add`, outside our lock, makes git 2.39 fail at random.
            if attempt == 2:
                raise


def _clear_half_made(path: Path) -> None:
    """Take away what a killed `worktree add --no-checkout` leaves: a directory with at most a `.git` file."""
    if not path.is_symlink() and not path.exists():
        return
    if path.is_symlink() or not path.is_dir():
        raise RefusedError(f"{path} is in the way of a worktree")
    found = list(path.iterdir())
    if [entry for entry in found if entry.name != ".git" or entry.is_symlink() or not entry.is_file()]:
        raise BrokenWorktree(f"{path} holds files but is not a worktree", "gt doctor --fix")
    with plain_errors(path):
        for entry in found:
            entry.unlink()
        path.rmdir()


def _refuse_second_checkout(repository: Repository, path: Path, branch: str) -> None:
    other = repository.path
    for record in repository.run("worktree", "list", "--porcelain", "-z").records:
        if record.startswith("worktree "):
            other = Path(record.removeprefix("worktree "))
        elif record == f"branch refs/heads/{branch}" and other.resolve() != path.resolve():
            raise RefusedError(f"branch {branch} is checked out in {other}")


def _populating(admin: Path) -> Lock:
    """The lock of whoever writes a worktree's files, held by its git child too."""
    return Lock(admin / "gt-populate.lock", LOCK_TIMEOUT + CHECKOUT_TIMEOUT)


def symbolic_branch(admin: Path) -> str | None:
    """The branch HEAD names; None when it is detached."""
    head = admin / "HEAD"
    # A link where the user has core.preferSymlinkRefs and an agent has switched branches.
    said = f"ref: {head.readlink()}" if head.is_symlink() else os.fsdecode(head.read_bytes())
    found = re.fullmatch(r"ref: refs/heads/(.+)\n?", said)
    return found[1] if found else None


def _has_head(admin: Path) -> bool:
    return (admin / "HEAD").is_symlink() or (admin / "HEAD").is_file()


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

"""The one way a worktree goes away: saved before, moved to the trash, deleted after a time of grace."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Collection
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.worktree import admin_of, git_dir
from gastown_tmux.errors import GtError, RefusedError

SNAPSHOTS = "refs/gastown/hooks"


@dataclass(frozen=True, slots=True)
class Saved:
    """Proof that a worktree's work was saved: the commit of its snapshot."""

    commit: str


class Trash:
    """A place in the trash for what is taken out of one folder, made when the first thing comes."""

    def __init__(self, trash: Path, path: Path) -> None:
        self.place = trash / f"{path.parent.name}-{time.time_ns()}-{os.urandom(4).hex()}"

    def take(self, path: Path, name: str) -> None:
        """Move `path` there, under `name`. Nothing is copied."""
        target = self.place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(target)
        except PermissionError:
            # A folder is moved by who may write in it: its `..` changes.
            path.chmod(0o700)
            path.rename(target)


def remove(
    repository: Repository,
    path: Path,
    saved: Saved,
    *,
    registered: Collection[Path],
    town: Path,
    trash: Path,
) -> Path | None:
    """Move a worktree, with ignored files, index and reflog, to the trash and free its branch.

    Returns its place there, which holds `work/` and `admin/`; None when it was gone already (what a kill
    left is then finished). Raises `RefusedError`, with nothing touched, unless `path` is one of
    `registered`, below `town` without a symbolic link on the way, a whole worktree of this repository, and
    `saved` is a snapshot that a ref keeps; `BrokenWorktree` for one that lost its `.git` file: repair first.
    """
    if path not in registered:
        raise RefusedError(f"{path} is not one of our worktrees")
    below = path.relative_to(town) if path.is_relative_to(town) else Path()
    if below == Path() or ".." in path.parts:
        raise RefusedError(f"{path} is not inside the town {town}")
    if path.resolve() != town.resolve() / below:
        raise RefusedError(f"{path} leads through a symbolic link")
    kept = repository.run("for-each-ref", "--count=1", "--points-at", saved.commit, SNAPSHOTS, ok=(0, 129))
    if not kept.stdout or repository.resolve(saved.commit) != saved.commit:
        raise RefusedError(f"{saved.commit} is not a snapshot in {repository.path}, so {path} stays")
    with repository.lock(), plain_errors(path):
        away = Trash(trash, path)
        if not path.exists():
            if entry := admin_of(repository, path):
                away.take(entry, "admin")
            return None
        entry = git_dir(repository, path)
        # Two renames instead of `worktree prune`: nothing is deleted, and no other entry is looked at.
        away.take(path, "work")
        away.take(entry, "admin")
    return away.place


def empty_trash(trash: Path, older_than_seconds: float) -> list[Path]:
    """Delete what has been in the trash for longer; returns what is gone. Never follows a symbolic link.

    What cannot be deleted stays, and raises one `GtError` after the rest is done.
    """
    oldest = time.time() - older_than_seconds
    gone: list[Path] = []
    failed: list[str] = []
    for place in sorted(trash.iterdir()) if trash.is_dir() and not trash.is_symlink() else []:
        facts = place.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_mtime > oldest:
            continue
        try:
            delete(place)
            gone.append(place)
        except OSError as error:
            failed.append(f"{place.name}: {error.strerror}")
    if failed:
        raise GtError(f"cannot delete from {trash}: {'; '.join(failed)}")
    return gone


def delete(path: Path, _name: str = "") -> None:
    """Delete a file or a whole folder, also one that its maker wrote-protected. Never follows a symbolic link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=_permit_and_retry)
    else:
        path.unlink()


def _permit_and_retry(act: Callable[..., object], name: str, failure: object) -> None:
    """Delete from a directory its maker wrote-protected (Go's module cache is one)."""
    error = failure[1] if isinstance(failure, tuple) else failure
    if not isinstance(error, PermissionError):
        raise error if isinstance(error, OSError) else OSError(str(error))
    target = Path(name)
    target.parent.chmod(0o700)
    if not target.is_symlink() and target.is_dir():
        target.chmod(0o700)
        shutil.rmtree(target)
    else:
        target.unlink()

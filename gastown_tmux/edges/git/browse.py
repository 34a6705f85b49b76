"""What people read of a rig's repository, as objects of GitPython.

Of `repo.git` alone: a worktree's own configuration is an agent's to write. Nothing is written here; what changes
something, and what is asked many times a minute, is a command of the neighbouring modules.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.odd_bytes import quoted_name
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.repository import Repository

if TYPE_CHECKING:
    import git

#: More commits than that nobody reads; the caller says that there are more.
MOST_COMMITS = 200


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs: A(dded), M(odified), D(eleted), R(enamed) from `old`, T(ype changed).

    Lines are None where git takes the file for binary.
    """

    status: str
    path: str
    old: str | None
    added: int | None
    deleted: int | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit: full id, author, committer time (Unix seconds) and first line."""

    id: str
    author: str
    email: str
    time: int
    subject: str


@contextlib.contextmanager
def opened(repository: Repository) -> "Iterator[git.Repo]":
    """The repository as GitPython sees it, under the pins of all our calls; its helpers end with the block.

    Raises `GitError` where it cannot be read, there and within.
    """
    import git  # 80 ms that only who reads pays
    from git.exc import GitError as PythonError

    try:
        with git.Repo(repository.path) as repo:
            repo.git.update_environment(**environment())
            yield repo
    except (PythonError, ValueError, OSError) as error:
        raise GitError(
            f"{repository.path} cannot be read: {' '.join(str(error).split())[:300]}", "gt doctor"
        ) from error


def list_changes(repository: Repository, old: str, new: str) -> list[FileChange]:
    """By file, in the order of names, how two commits or trees differ."""
    ids = [repository.run("rev-parse", "--verify", "--end-of-options", name).text for name in (old, new)]
    shape = {"z": True, "M": True, "no_ext_diff": True, "no_textconv": True, "stdout_as_string": False}
    with opened(repository) as repo:
        # Not by its Diff objects, which cannot hold a name that is not UTF-8.
        names, counts = (repo.git.diff(*ids, "--", **{kind: True}, **shape) for kind in ("name_status", "numstat"))
    numbers = _read_counts(os.fsdecode(counts))
    changes = [
        FileChange(status, path, old_path, *numbers.get(path, (None, None)))
        for status, path, old_path in _read_names(os.fsdecode(names))
    ]
    return sorted(changes, key=lambda change: change.path)


def compare(repository: Repository, old: str, new: str, *, stat: bool) -> str:
    """The patch from one commit or tree to another; with `stat` the files and counts only."""
    return summarise(list_changes(repository, old, new)) if stat else repository.diff(old, new)


def list_commits(repository: Repository, base: str, head: str) -> list[LogEntry]:
    """What is in the history of `head` and not in that of `base`, oldest first; the newest `MOST_COMMITS` of it."""
    with opened(repository) as repo:
        found = list(repo.iter_commits(f"{base}..{head}", max_count=MOST_COMMITS, topo_order=True))
        # Within: a commit that is asked later starts a git that nobody ends.
        return [
            LogEntry(
                commit.hexsha,
                str(commit.author.name),
                str(commit.author.email),
                commit.committed_date,
                _text(commit.summary),
            )
            for commit in reversed(found)
        ]


def summarise(changes: Sequence[FileChange]) -> str:
    """As ``git diff --stat`` tells it, one file a line, with what it adds up to.

    >>> print(summarise([FileChange("M", "a", None, 3, 1), FileChange("A", "long/b.png", None, None, None)]))
    a          | +3 -1
    long/b.png | binary, new
    2 files changed, 3 lines added, 1 deleted
    """
    if not changes:
        return ""
    width = max(len(_name(change)) for change in changes)
    words = {"A": ", new", "D": ", deleted", "T": ", another type"}
    lines = [f"{_name(change):{width}} | {_lines(change)}{words.get(change.status, '')}" for change in changes]
    added, deleted = sum(change.added or 0 for change in changes), sum(change.deleted or 0 for change in changes)
    files = "1 file" if len(changes) == 1 else f"{len(changes)} files"
    total = f"{files} changed, {added} line{'' if added == 1 else 's'} added, {deleted} deleted"
    return "\n".join([*lines, total])


def _name(change: FileChange) -> str:
    name = quoted_name(change.path)
    return name if change.old is None else f"{quoted_name(change.old)} → {name}"


def _lines(change: FileChange) -> str:
    return "binary" if change.added is None else f"+{change.added} -{change.deleted}"


def _read_names(text: str) -> Iterator[tuple[str, str, str | None]]:
    """Of `--name-status -z`: status NUL path NUL, of a renamed file its old path between the two."""
    fields = iter(text.split("\0"))
    for status in fields:
        if status[:1] in ("R", "C"):
            old = next(fields)
            yield status[0], next(fields), old
        elif status:
            yield status[0], next(fields), None


def _read_counts(text: str) -> dict[str, tuple[int | None, int | None]]:
    """Of `--numstat -z`: added TAB deleted TAB path NUL, of a renamed file an empty path, and both paths after it."""
    counts: dict[str, tuple[int | None, int | None]] = {}
    fields = iter(text.split("\0"))
    for field in fields:
        if not field:
            continue
        added, deleted, path = field.split("\t", 2)
        if not path:
            next(fields)
            path = next(fields)
        counts[path] = (None, None) if added == "-" else (int(added), int(deleted))
    return counts


def _text(words: str | bytes) -> str:
    return words if isinstance(words, str) else words.decode("utf-8", "replace")

"""Whether a worktree is as it was: one git process tells, where a snapshot that finds nothing new takes nine."""

import os
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, Output, git
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.worktree import git_dir, is_unfilled, operation_in


@dataclass(frozen=True, slots=True)
class Mark:
    """Equal to an earlier one only where a snapshot of now would hold what one of then did."""

    index: object
    facts: object


def mark(repository: Repository, path: Path, known: Mark | None = None) -> Mark | None:
    """None where that cannot be told so cheaply: files that git was told not to look at, repositories inside.

    ``known`` is an earlier one, if any. Raises what a snapshot would, and GitError.
    """
    admin = git_dir(repository, path)
    if is_unfilled(admin, path):
        return None
    index = _stamp(admin / "index")
    if known is None or known.index != index:
        tags = _git(admin, path, "ls-files", "-v", "-z").records
        if any(record[0] != "H" for record in tags):
            return None
    found = _git(
        *(admin, path, "status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "-uall", "--no-renames"),
        "--ignore-submodules=none",
    )
    stamps = []
    for record in found.records:
        match record[0]:
            case "1" | "u":
                *fields, name = record.split(" ", 8 if record[0] == "1" else 10)
                if fields[2][0] == "S":
                    return None
            case "?":
                name = record[2:]
                if name.endswith("/"):
                    return None
            case _:
                continue
        stamps.append(_stamp(path / name))
    return Mark(index, (found.stdout, stamps, operation_in(admin)))


def _git(admin: Path, path: Path, *args: str) -> Output:
    return git(*args, git_dir=admin, work_tree=path, timeout=CHECKOUT_TIMEOUT)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino, facts.st_mode

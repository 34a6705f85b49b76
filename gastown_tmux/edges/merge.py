"""How a branch lands: a candidate without a checkout, the place its gates run, a plain push."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.edges.git import CHECKOUT_TIMEOUT, NETWORK_TIMEOUT, GitError, Output, Person, git, words
from gastown_tmux.edges.repository import Repository
from gastown_tmux.edges.worktree import BrokenWorktree, add, git_dir, reuse
from gastown_tmux.errors import RefusedError

_NOBODY = Person("gt", "gt@localhost")
_FOLLOW = "--receive-pack=git -c receive.denyCurrentBranch=updateInstead receive-pack"
# A remote that moved between our look and our push says so in one of these ways.
_MOVED = re.compile(
    r"\((fetch first|non-fast-forward|stale info|incorrect old value provided)\)"
    r"|but expected|reference already exists"
)
_FORBIDDEN = re.compile(
    r"permission|denied|forbidden|40[13]\b|authenti|unauthorized|not (authorized|allowed)"
    r"|read.only|archived|protected",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Tree:
    """The merge came out clean: its tree."""

    id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The merge did not: the files in conflict and what git says of them, a line each."""

    files: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """The remote's branch is at the commit."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The remote's branch is not where the candidate was built on: at `now`, None for gone or not known."""

    now: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The remote will not have it (a hook, a permission, a dirty checkout), in its own words."""

    words: str


def merge_tree(repository: Repository, target: str, head: str, since: str | None = None) -> Tree | Conflict:
    """Merge two commits without a checkout. Raises `GitError` when they share no history.

    `since`: of `head`, only what is new since that commit; the target has all before, by another name.
    """
    if since is not None:
        # As `--merge-base` does, for which git must be newer than 2.39: commits whose only ancestor has that tree.
        fork = _commit_alone(repository, since)
        target, head = _commit_alone(repository, target, fork), _commit_alone(repository, head, fork)
    found = repository.run(*("merge-tree", "--write-tree", "--name-only", "--messages", "-z", target, head), ok=(0, 1))
    fields = found.records
    if found.code == 0:
        return Tree(fields[0])
    end = fields.index("", 1)
    return Conflict(tuple(dict.fromkeys(fields[1:end])), "\n".join(_messages(fields[end + 1 :])))


def commit_tree(
    repository: Repository,
    tree: str,
    parents: Sequence[str],
    message: str,
    author: Person,
    committer: Person,
) -> str:
    """Make a commit object (no ref moves) and return its id."""
    options = [word for parent in parents for word in ("-p", parent)]
    return git(
        *("commit-tree", tree, *options, "-F", "-"),
        git_dir=repository.path,
        data=message.encode("utf-8", "surrogateescape"),
        env={
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
        },
    ).text


def _commit_alone(repository: Repository, commit: str, *parents: str) -> str:
    """The same tree without the history."""
    return commit_tree(repository, repository.tree(commit), parents, "", _NOBODY, _NOBODY)


def push(
    repository: Repository, url: str, commit: str, branch: str, expect_old: str | None, *, into_checkout: bool
) -> Pushed | Behind | Refused:
    """Put `commit` on the remote's `branch`, which is at `expect_old` (None: does not exist), never forced.

    `into_checkout`: the remote is a local repository whose checked-out files are to follow. Asked again
    after a kill, a push that went through is `Pushed`. Raises `GitError` when the remote cannot be reached
    and `RefusedError` for a commit that is not built on `expect_old`.
    """
    if expect_old is not None and not repository.is_ancestor(expect_old, commit):
        raise RefusedError(f"{commit} is not built on {expect_old}")
    now = _remote_branch(repository, url, branch)
    if now == commit:
        return Pushed()
    if now != expect_old:
        return Behind(now)
    found = git(
        *("push", "--porcelain", *([_FOLLOW] if into_checkout else []), "--", url),
        f"{commit}:refs/heads/{branch}",
        git_dir=repository.path,
        timeout=NETWORK_TIMEOUT,
        ok=(0, 1, 128),
    )
    if found.code == 0:
        return Pushed()
    return _failure(found)


def is_landed(repository: Repository, commit: str, target_ref: str) -> bool:
    """Whether `commit` is on the target. An unknown commit or a missing target is not landed."""
    if repository.resolve(target_ref) is None or repository.resolve(commit) is None:
        return False
    return repository.is_ancestor(commit, target_ref)


def gate_worktree(repository: Repository, path: Path, commit: str) -> None:
    """Bring the detached worktree at `path` to exactly the tree of `commit`, made where it is missing.

    Every other file in it goes, ignored ones and repositories too: only the refinery works there.
    """
    try:
        git_dir(repository, path)
    except BrokenWorktree:
        add(repository, path, None, commit, "gt: gates of the merge queue")
    reuse(repository, path, None, commit)
    git("clean", "--quiet", "-ffdx", cwd=path, timeout=CHECKOUT_TIMEOUT)


def _remote_branch(repository: Repository, url: str, branch: str) -> str | None:
    name = f"refs/heads/{branch}"
    for line in repository.run("ls-remote", "--", url, name, timeout=NETWORK_TIMEOUT).lines:
        value, _, found = line.partition("\t")
        if found == name:
            return value
    return None


def _failure(found: Output) -> Behind | Refused:
    """Why a push failed: from the `!` line of its porcelain output, else from what was said."""
    verdict = next((line for line in found.lines if line.startswith("!")), "")
    said = words(found)
    if _MOVED.search(verdict) or (verdict and _MOVED.search(said)):
        return Behind(None)
    if reason := re.search(r"\((.+)\)$", verdict):
        remote = [line[7:].strip() for line in found.stderr.splitlines() if line.startswith("remote:")]
        return Refused("; ".join(dict.fromkeys([reason[1], *filter(None, remote)])))
    if verdict or _FORBIDDEN.search(said):
        return Refused(said)
    raise GitError(f"git push: {said}")


def _messages(fields: Sequence[str]) -> list[str]:
    """The messages of `merge-tree -z`: each is a count of paths, these paths, a type and the message."""
    messages = []
    position = 0
    while position < len(fields):
        paths = int(fields[position])
        kind, message = fields[position + paths + 1 : position + paths + 3]
        if kind != "Auto-merging":
            messages.append(message.strip())
        position += paths + 3
    return messages

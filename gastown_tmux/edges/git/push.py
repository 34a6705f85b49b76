"""How a commit comes to a remote: a plain push, never forced, which is the compare-and-swap of the target."""

import os
import re
from contextlib import suppress
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError, Output, git, words
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.errors import GtError, RefusedError

# The person's own checkout, by their own settings: git itself takes ours from a program of another repository.
_FOLLOW = "--receive-pack=env -u GIT_ATTR_NOSYSTEM git -c receive.denyCurrentBranch=updateInstead receive-pack"
# A remote that moved between our look and our push says so in one of these ways.
_MOVED = re.compile(
    r"\((fetch first|non-fast-forward|stale info|incorrect old value provided)\)"
    r"|but expected|reference already exists"
)
_IN_THE_WAY = "Could not update working tree"
_FORBIDDEN = re.compile(
    r"permission|denied|forbidden|40[13]\b|authenti|unauthorized|not (authorized|allowed)"
    r"|read.only|archived|protected",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The remote's branch is at the commit."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The remote's branch is not where the candidate was built on: at `now`, None for gone or not known."""

    now: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The remote will not have it (a hook, a permission, a dirty checkout), in its own words; `whole` are all."""

    words: str
    whole: str


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
    if into_checkout and _is_being_rebased(Path(url), branch):
        # Git takes the push, and whoever rebases cannot finish.
        words = f"{branch} is in the middle of a rebase there"
        return Refused(words, words)
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


def push_branch(
    repository: Repository, url: str, commit: str, branch: str, ours: str | None
) -> Pushed | Behind | Refused:
    """Put `commit` on a branch of our own, over `ours`, our last value of it, or what `commit` is built on.

    `Behind` where somebody else's commits are there. Asked again after a kill, a push that went through is `Pushed`.
    Raises `GitError` when the remote cannot be reached.
    """
    now = _remote_branch(repository, url, branch)
    if now == commit:
        return Pushed()
    contained = now is None or now == ours or is_landed(repository, now, commit)
    if not contained:
        return Behind(now)
    found = git(
        *("push", "--porcelain", f"--force-with-lease=refs/heads/{branch}:{now or ''}", "--", url),
        f"{commit}:refs/heads/{branch}",
        git_dir=repository.path,
        timeout=NETWORK_TIMEOUT,
        ok=(0, 1, 128),
    )
    return Pushed() if found.code == 0 else _failure(found)


def _is_being_rebased(checkout: Path, branch: str) -> bool:
    """In the repository's own checkout or a linked one."""
    common = Path(git("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=checkout).text)
    for pattern in ("rebase-*/head-name", "worktrees/*/rebase-*/head-name"):
        for file in common.glob(pattern):
            with suppress(OSError):
                if os.fsdecode(file.read_bytes()).strip() == f"refs/heads/{branch}":
                    return True
    return False


def find_checkout(repository: Path, branch: str) -> Path:
    """Where a local repository has the branch checked out: it may be a linked worktree; else the repository itself."""
    with suppress(GtError, OSError):
        place = repository
        for line in git("worktree", "list", "--porcelain", "-z", cwd=repository).records:
            key, _, value = line.partition(" ")
            if key == "worktree":
                place = Path(value)
            elif key == "branch" and value == f"refs/heads/{branch}":
                return place
    return repository


def is_landed(repository: Repository, commit: str, target_ref: str) -> bool:
    """Whether `commit` is on the target. An unknown commit or a missing target is not landed."""
    try:
        return repository.is_ancestor(commit, target_ref)
    except GitError:
        if repository.resolve(target_ref) is None or repository.resolve(commit) is None:
            return False
        raise


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
    if _MOVED.search(verdict) or (verdict and _MOVED.search(found.stderr)):
        return Behind(None)
    if reason := re.search(r"\((.+)\)$", verdict):
        remote = cause_of("\n".join(line for line in found.stderr.splitlines() if line.startswith("remote:")))
        # Of a folder that is not to be written there, git itself says no more than "unpacker error" in that line.
        unpack = re.search(r"^error: remote (unpack failed: .+)$", found.stderr, re.MULTILINE)
        said = unpack[1] if unpack else reason[1]
        if _IN_THE_WAY in said and not remote:
            # Of a checkout on this machine, git's own lines name the file, and are not marked as the remote's.
            remote = cause_of(found.stderr)
        return Refused("; ".join(filter(None, dict.fromkeys([said, remote]))), found.stderr)
    if verdict or _FORBIDDEN.search(said):
        return Refused(said, found.stderr)
    raise GitError(f"git push: {said}", whole=found.stderr)

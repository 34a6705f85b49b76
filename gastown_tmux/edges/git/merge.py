"""How a branch becomes a candidate: merged without a checkout, and checked out for its gates."""

from collections.abc import Sequence
from dataclasses import dataclass

from gastown_tmux.domain.odd_bytes import printable, quoted_name
from gastown_tmux.edges.git.command import Person, git
from gastown_tmux.edges.git.repository import Repository

_NOBODY = Person("gt", "gt@localhost")


@dataclass(frozen=True, slots=True)
class Tree:
    """The merge came out clean: its tree."""

    id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The merge did not: the files in conflict and what git says of them, a line each, as they can be shown."""

    files: tuple[str, ...]
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
    files = tuple(map(quoted_name, dict.fromkeys(fields[1:end])))
    return Conflict(files, printable("\n".join(_messages(fields[end + 1 :]))))


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

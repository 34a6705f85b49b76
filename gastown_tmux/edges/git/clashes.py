"""What many commits change, and which of them cannot be merged with which: asked in one process each."""

from collections.abc import Sequence

from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.odd_bytes import quoted_name
from gastown_tmux.domain.radar import Pair
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.workbench import Workbench


def changed_names(repository: Repository, asked: Sequence[tuple[Commit, Commit]]) -> dict[Commit, set[str]]:
    """The names of the files in which each commit differs from another, its base, that is given after it."""
    found: dict[Commit, set[str]] = {commit: set() for commit, _ in asked}
    lines = "".join(f"{commit} {base}\n" for commit, base in asked).encode()
    now: set[str] = set()
    for record in repository.run("diff-tree", "--stdin", "-r", "-z", "--name-only", "--no-renames", data=lines).records:
        if record in found:
            now = found[Commit(record)]
        else:
            now.add(record)
    return found


def find_conflicts(bench: Workbench, target: str, pairs: Sequence[Pair]) -> dict[Pair, tuple[str, ...]]:
    """In which files the two of each pair conflict, by the target's attributes; empty for none, and for two that share
    no history.
    """
    if not pairs:
        return {}
    bench.lay_out(target)
    lines = "".join(f"{one} {other}\n" for one, other in pairs).encode()
    try:
        output = bench.run("merge-tree", "--write-tree", "--stdin", "--name-only", "--no-messages", data=lines)
        return dict(zip(pairs, _conflicts(output.records), strict=True))
    except (GitError, ValueError):
        # Git 2.38 takes one pair at a time; so do pairs of which one cannot be merged at all.
        return {pair: _ask_one(bench, pair) for pair in pairs}


def _conflicts(records: Sequence[str]) -> list[tuple[str, ...]]:
    """Of each merge: a status that is 1 where it is clean, the tree, the files in conflict, an empty field."""
    found: list[tuple[str, ...]] = []
    rest = list(records)
    while rest and rest[0] != "":
        end = rest.index("", 2) if "" in rest[2:] else len(rest)
        found.append(tuple(map(quoted_name, dict.fromkeys(rest[2:end]))) if rest[0] == "0" else ())
        rest = rest[end + 1 :]
    return found


def _ask_one(bench: Workbench, pair: Pair) -> tuple[str, ...]:
    try:
        output = bench.run("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", *pair, ok=(0, 1))
    except GitError:
        return ()
    return tuple(map(quoted_name, dict.fromkeys(name for name in output.records[1:] if name))) if output.code else ()

"""What a branch has that its target lacks, read off one answer of git about many branches."""

from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Commit


@dataclass(frozen=True, slots=True)
class Own:
    """``commits`` of a branch are not in the history of ``tip``; it left that at ``base``, and nowhere else."""

    tip: Commit
    commits: frozenset[Commit]
    base: Commit


def find_own(parents: Mapping[Commit, Sequence[Commit]], tip: Commit, head: Commit) -> Own | None:
    """``parents``: of all commits that ``tip`` lacks, of this branch and of others.

    None where that does not tell: the branch has nothing of its own, or left the target at several commits, or shares
    nothing with it.
    """
    own: set[Commit] = set()
    left: set[Commit] = set()
    todo = [head] if head in parents else []
    while todo:
        commit = todo.pop()
        if commit in own:
            continue
        own.add(commit)
        for parent in parents[commit]:
            if parent in parents:
                todo.append(parent)
            else:
                left.add(parent)
    return Own(tip, frozenset(own), left.pop()) if len(left) == 1 else None

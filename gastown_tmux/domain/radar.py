"""Which of the works under way change the same, before any of them lands: what to ask git, and what it means."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit

Pair = tuple[Commit, Commit]


@dataclass(frozen=True, slots=True)
class WorkUnderWay:
    """``commit`` has all that its author did so far, ``base`` is what it was cut from."""

    bead: BeadId
    author: Address
    commit: Commit
    base: Commit


@dataclass(frozen=True, slots=True)
class Clash:
    """Two works that git cannot merge with one another, the older bead's id first, and in which files."""

    one: BeadId
    other: BeadId
    files: tuple[str, ...]

    def of(self, bead: str) -> BeadId | None:
        """The other one; None where the bead is neither."""
        return {self.one: self.other, self.other: self.one}.get(BeadId(bead))


def list_unknown(
    works: Sequence[WorkUnderWay], names: Mapping[Commit, Collection[str]], known: Collection[Pair]
) -> list[Pair]:
    """Of which two git must be asked: some file is changed by both, and nobody has asked yet.

    ``names``: of the files that each commit changes.
    """
    pairs = dict.fromkeys((one.commit, other.commit) for one, other in _overlaps(works, names))
    return [pair for pair in pairs if pair not in known]


def list_clashes(
    works: Sequence[WorkUnderWay],
    names: Mapping[Commit, Collection[str]],
    known: Mapping[Pair, tuple[str, ...]],
) -> list[Clash]:
    """``known``: in which files the two of a pair conflict; empty for none."""
    pairs = [(one, other, known.get((one.commit, other.commit), ())) for one, other in _overlaps(works, names)]
    return [Clash(one.bead, other.bead, files) for one, other, files in pairs if files]


def _overlaps(
    works: Sequence[WorkUnderWay], names: Mapping[Commit, Collection[str]]
) -> list[tuple[WorkUnderWay, WorkUnderWay]]:
    sets = {work.commit: frozenset(names.get(work.commit, ())) for work in works}
    return [
        (one, other)
        for one, other in combinations(works, 2)
        if one.bead != other.bead and one.commit != other.commit and not sets[one.commit].isdisjoint(sets[other.commit])
    ]


def describe(clash: Clash, most: int = 5) -> str:
    """In which files, in a few words."""
    more = len(clash.files) - most
    return ", ".join(clash.files[:most]) + (f" and {more} more" if more > 0 else "")

"""What belongs together as waves: what may be done at the same time, in the order in which it may, for every face."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.convoys import find_waves
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.runs import Run, RunStep
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.domain.work import Bead, Convoy
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.verbs.text import harmless

#: With more members than this each wave is told by counts; more waves than these are left out.
_MOST_SIGNS, _MOST_WAVES = 16, 6
_OVER = ("merged", "closed", "done", "skipped")
_BETWEEN = " › "


@dataclass(frozen=True, slots=True)
class Member:
    """One bead or step. ``needs`` are of the same whole; ``note`` is what it waits for, or what came of it."""

    id: str
    state: str
    title: str
    needs: tuple[str, ...] = ()
    note: str = ""
    bead: BeadId | None = None

    @property
    def sign(self) -> str:
        return SIGNS.get(self.state, " ").strip() or "·"


Waves = tuple[tuple[Member, ...], ...]


def convoy_waves(convoy: Convoy, seen: Snapshot) -> Waves:
    beads = [seen.members[id] for id in convoy.beads if id in seen.members]
    return _arrange(_of_bead(bead, convoy, seen) for bead in beads)


def run_waves(run: Run) -> Waves:
    return _arrange(map(_of_step, run.steps))


def _of_bead(bead: Bead, convoy: Convoy, seen: Snapshot) -> Member:
    waits = "; ".join(wait.reason for wait in seen.waits.get(bead.id, ()) if wait.id not in convoy.beads)
    needs = tuple(need for need in bead.needs if need in convoy.beads)
    return Member(bead.id, bead.state, _line(bead.title), needs, _line(waits or bead.reason or ""), bead.id)


def _of_step(step: RunStep) -> Member:
    note = step.reason or (step.result or "").partition("\n")[0]
    return Member(step.id, step.state, _line(step.title), step.needs, _line(note), step.bead)


def _arrange(members: Iterable[Member]) -> Waves:
    """A circle, which rows do not hold, is last."""
    known: Mapping[str, Member] = {member.id: member for member in members}
    places = find_waves({BeadId(id): [BeadId(need) for need in member.needs] for id, member in known.items()})
    waves: dict[int, list[Member]] = {}
    for id, member in known.items():
        waves.setdefault(places[BeadId(id)] or len(known) + 1, []).append(member)
    return tuple(tuple(waves[place]) for place in sorted(waves))


def sum_up(waves: Waves) -> tuple[tuple[str, str], ...]:
    """One line in parts, each with the state whose colour it has: a sign for each member, or counts of many.

    >>> a, b = Member("a", "merged", ""), Member("b", "open", "")
    >>> "".join(text for text, _ in sum_up(((a, a), (b,)))), sum_up(((a,) * 20, (b, a)))
    ('✓✓ › ○', (('20/20', 'merged'), (' › ', ''), ('1/2', '')))
    """
    few = sum(map(len, waves)) <= _MOST_SIGNS
    parts = list[tuple[str, str]]()
    for wave in waves[:_MOST_WAVES]:
        parts += [(_BETWEEN, "")] if parts else []
        parts += [(member.sign, member.state) for member in wave] if few else [_count(wave)]
    return (*parts, *([(f"{_BETWEEN}…", "")] if len(waves) > _MOST_WAVES else []))


def _count(wave: Sequence[Member]) -> tuple[str, str]:
    over = sum(member.state in _OVER for member in wave)
    return f"{over}/{len(wave)}", "merged" if over == len(wave) else ""


def draw(waves: Waves) -> Iterator[str]:
    """The graph, a line a member: its wave by a bracket, and what of the waves before it comes after.

    >>> first, other = Member("a", "merged", "one"), Member("b", "working", "two")
    >>> last = Member("c", "open", "three", ("a", "b"), "no place is free")
    >>> print("\\n".join(draw(((first, other), (last,)))))
    1 ┬ ✓ a one
      └ ● b two
    2 ─ ○ c three ← a, b
          no place is free
    """
    for number, wave in enumerate(waves, start=1):
        for place, member in enumerate(wave):
            edge = "─" if len(wave) == 1 else "┬" if place == 0 else "└" if place == len(wave) - 1 else "├"
            after = f" ← {', '.join(member.needs)}" if member.needs else ""
            yield f"{number if place == 0 else ' ':<2}{edge} {member.sign} {member.id} {member.title}{after}"
            if member.note:
                yield f"  {'│' if edge in '┬├' else ' '}   {member.note}"


def _line(text: str) -> str:
    return harmless(" ".join(text.split()))

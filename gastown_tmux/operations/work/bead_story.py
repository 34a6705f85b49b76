"""gt bead show: a bead with all that became of it, what it waits for, and what comes next."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from gastown_tmux.dataclass import dataclass, replace, values_of
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.pages import Page, most_of
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.waiting import reason_of
from gastown_tmux.domain.work import OVER, Bead, BeadState
from gastown_tmux.edges.files.clock import local_time
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.waiting import explain_bead, explain_beads
from gastown_tmux.store import beads as rows
from gastown_tmux.store.bead_origins import list_children
from gastown_tmux.store.convoys import get_convoy
from gastown_tmux.store.events import list_about

if TYPE_CHECKING:
    from gastown_tmux.domain.stories import Moment


@dataclass(frozen=True, slots=True)
class BeadLine(Bead):
    """``waits``: what it waits for, in one line."""

    waits: str | None = None


#: Those of a bead in their order: of ten thousand in a list, a mapping of names would take twice as long.
_values = attrgetter(*(name for name in BeadLine.__match_args__ if name != "waits"))


@dataclass(frozen=True, slots=True)
class BeadView(BeadLine):
    """``next``: commands that take it further. ``titles`` of what it names:
    its needs, its parent and children, its convoy. ``tokens`` were used on it, and cost so many USD.
    """

    next: tuple[str, ...] = ()
    children: tuple[BeadId, ...] = ()
    titles: Mapping[str, str] | None = None
    tokens: int = 0
    cost: float | None = None
    timeline: "tuple[Moment, ...]" = ()

    @property
    def story(self) -> str:
        """The timeline, and the commands."""
        lines = [f"{local_time(moment.time)}  {moment.what}" for moment in self.timeline]
        return "\n".join([*lines, *(f"next: {command}" for command in self.next)])


def show_bead(town: Town, bead: Bead) -> BeadView:
    from gastown_tmux.domain.stories import tell  # with the next 3 ms, that a list need not pay
    from gastown_tmux.operations.town import budgets
    from gastown_tmux.store.spending import Uses

    waits, next = None, _follow_up(bead)
    tokens, cost = budgets.sum_used(town, Uses(bead=bead.id))
    children = list_children(town.db, bead.id)
    try:
        found = explain_bead(town, bead)
        waits = reason_of(found)
        next = tuple(dict.fromkeys(command for wait in found for command in wait.next)) or next
    except GtError as error:  # settings that cannot be read hide no bead
        waits = error.message
    return BeadView(
        **values_of(_name_workers(town, [bead])[0]),
        waits=waits,
        next=next,
        children=tuple(children),
        titles=_find_titles(town, bead, children),
        tokens=tokens,
        cost=cost,
        timeline=tell(list_about(town.db, bead.id)),
    )


def list_beads(
    town: Town,
    rig: Rig | None = None,
    state: str | None = None,
    assignee: Address | None = None,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
    parent: Bead | None = None,
) -> list[BeadLine] | Page[BeadLine]:
    """All, oldest first, each with what it waits for; with a limit the open and newest come first. ``state`` may be
    ``blocked`` too: open, with needs that are not met. With ``parent``, only what is a part of it, not of its parts.
    """
    within = parent.id if parent else None
    only = rows.BeadFilter(rig.name if rig else None, state, assignee, since and moment(since), search, within)
    if limit is None:
        return _with_waits(town, rows.list_beads(town.db, only))
    page = rows.page_beads(town.db, only, most_of(limit))
    return Page(_with_waits(town, page.items), page.more)


def list_ready(town: Town, rig: Rig | None = None, limit: int | None = None) -> list[BeadLine] | Page[BeadLine]:
    name = rig.name if rig else None
    if limit is None:
        return _with_waits(town, rows.list_ready(town.db, name))
    found, counts = rows.list_ready(town.db, name, most_of(limit)), rows.count_ready(town.db)
    more = (counts.get(rig.name, 0) if rig else sum(counts.values())) - len(found)
    return Page(_with_waits(town, found), more)


def _with_waits(town: Town, found: Sequence[Bead]) -> list[BeadLine]:
    try:
        waits = explain_beads(town, [bead for bead in found if bead.state not in OVER])
    except GtError:  # settings that cannot be read hide no bead; whoever is shown one is told
        waits = {}
    found = _name_workers(town, found)
    make: Callable[..., BeadLine] = BeadLine
    return [make(*_values(bead), reason_of(waits.get(bead.id, ()))) for bead in found]


def _name_workers(town: Town, found: Sequence[Bead]) -> Sequence[Bead]:
    """Those that a host has, or had, with who has them there."""
    ids = [bead.delegation for bead in found if bead.delegation is not None and bead.assignee is None]
    if not ids:
        return found
    from gastown_tmux.store.delegations import list_workers  # where a host has any

    workers = list_workers(town.db, ids)
    return [replace(bead, assignee=bead.assignee or workers.get(bead.delegation or "")) for bead in found]


def describe_bead(town: Town, bead: Bead) -> list[str]:
    """Its timeline in lines, for a log."""
    from gastown_tmux.domain.stories import tell

    head = f"{bead.id} {bead.state}: {bead.title}"
    return [head, *(f"{moment.time} {moment.what}" for moment in tell(list_about(town.db, bead.id)))]


def _follow_up(bead: Bead) -> tuple[str, ...]:
    match bead.state:
        case BeadState.MERGED:
            return (f"gt diff {bead.id}",)
        case BeadState.CLOSED:
            return (f"gt bead reopen {bead.id}",)
        case _:
            return ()


def _find_titles(town: Town, bead: Bead, children: Sequence[BeadId]) -> dict[str, str]:
    named = (*bead.needs, *([bead.parent] if bead.parent else []), *children)
    others = (rows.find_bead(town.db, id) for id in named)
    titles = {str(other.id): other.title for other in others if other is not None}
    return titles | ({str(bead.convoy): get_convoy(town.db, bead.convoy).name} if bead.convoy else {})

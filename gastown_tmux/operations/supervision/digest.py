"""gt digest: what became of the town's work since somebody looked last, on one page."""

from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.digest import Digest, Merged, Returned, TokensUsed, Used, to_markdown, to_text
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import ConvoyId, Time
from gastown_tmux.domain.needs import AT_REQUESTS, NeedKind, find_needs
from gastown_tmux.domain.night import Return, list_deaths, list_landed, list_limits, list_returned, measure_queue
from gastown_tmux.domain.spending import Prices, Use, sum_up
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.disk_usage import measure_folders
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.mail.sending import notify
from gastown_tmux.operations.supervision.review import look
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import spending
from gastown_tmux.store.agents import list_agents
from gastown_tmux.store.beads import find_bead
from gastown_tmux.store.convoys import list_convoys
from gastown_tmux.store.events import last_seq, list_events
from gastown_tmux.store.histories import find_author
from gastown_tmux.store.meta import get_meta, set_meta

LAST = "last"
#: How far back the first digest goes.
_FIRST_SECONDS = 86_400.0
#: What counting the worktrees' files may take before it is left out.
_DISK_SECONDS = 10.0


def digest(town: Town, since: str | None = None, markdown: bool = False, mail: bool = False) -> Answer:
    """What happened since that time, and what stands still now; unless given, since the asker's last digest.

    How far somebody has read is one mark. It moves when a digest that goes on from there was shown to its end, or
    mailed: nothing falls between two. The value is a Digest.
    """
    key = f"digest {town.actor}"
    mark, until, newest = _read_mark(town, key), clock.now(), last_seq(town.db)
    goes_on = since in (None, LAST)
    start = mark.time if goes_on else Time(moment(since or ""))
    if not goes_on and start > until:
        raise UsageError(f"{since} is still to come", hint="gt digest --since 8h")
    found = list_events(town.db, after=mark.seq if goes_on else 0, since=None if goes_on and mark.seq else start)
    value = collect(town, start, until, [event for event in found if event.seq <= newest])

    def move_mark() -> None:
        if start <= mark.time or not mark.seq:
            with town.change() as change:
                set_meta(change, key, f"{until} {newest}")

    began = clock.local_time(start)
    if mail:
        subject = f"digest: {value.headline()}"
        notify(town, OVERSEER, subject, to_markdown(value, began), seed=f"{key} {until}")
        return Answer(value, f"mailed to {OVERSEER}: {subject}", after=move_mark)
    return Answer(value, to_markdown(value, began) if markdown else to_text(value, began), after=move_mark)


@dataclass(frozen=True, slots=True)
class _Mark:
    """The last event that somebody was told of, and when; without one, ``seq`` is 0 and ``time`` a day ago."""

    time: Time
    seq: int


def _read_mark(town: Town, key: str) -> _Mark:
    time, _, seq = (get_meta(town.db, key) or "").partition(" ")
    return _Mark(Time(time), int(seq)) if seq else _Mark(clock.after(-_FIRST_SECONDS), 0)


def collect(town: Town, since: Time, until: Time, events: Sequence[Event]) -> Digest:
    now = look(town)
    needs = find_needs(now)
    tokens, cost = _count_spending(town, since[:10])
    return Digest(
        since=since,
        until=until,
        merged=[_view_merged(town, bead, event) for bead, event in list_landed(events).items()],
        returned=[_view_returned(town, each) for each in list_returned(events)],
        died=list_deaths(events),
        limits=list_limits(events, until),
        queue=measure_queue(events),
        held=[need for need in needs if need.kind in AT_REQUESTS],
        stuck=[need for need in needs if need.kind not in (*AT_REQUESTS, NeedKind.MAIL)],
        mail=now.unread,
        tokens=tokens,
        cost=cost,
        disk=_measure_worktrees(town),
    )


def _view_merged(town: Town, bead: str, event: Event) -> Merged:
    row = find_bead(town.db, bead)  # its rig may have been removed since
    title, author = (row.title, find_author(town.db, row)) if row else ("", None)
    return Merged(bead, title, str(event.data.get("commit")), author, event.time)


def _view_returned(town: Town, each: Return) -> Returned:
    row = find_bead(town.db, each.bead)
    title, state = (row.title, row.state.value) if row else ("", "gone with its rig")
    return Returned(each.bead, title, each.reason, each.agent, each.times, state)


def _count_spending(town: Town, day: str) -> tuple[TokensUsed, dict[str, list[Used]]]:
    prices = town.settings().prices()
    names = {convoy.id: convoy.name for convoy in list_convoys(town.db)}
    by_convoy = _list_used(spending.group_uses(town.db, "convoy", since=day), prices, names)
    by_provider = spending.group_uses(town.db, "provider", since=day)
    spent = sum_up([use for uses in by_provider.values() for use in uses], prices)
    total = TokensUsed(
        since=day,
        input=spent.tokens.input,
        output=spent.tokens.output,
        cached=spent.tokens.cached,
        total=spent.tokens.charged,
        usd=spent.usd,
    )
    return total, {"convoys": by_convoy, "providers": _list_used(by_provider, prices, {})}


def _list_used(groups: Mapping[str, list[Use]], prices: Prices, names: Mapping[ConvoyId, str]) -> list[Used]:
    """What belongs to none is left out: the total has it."""
    found = []
    for name, uses in groups.items():
        spent = sum_up(uses, prices)
        if name:
            found.append(Used(names.get(ConvoyId(name), name), spent.tokens.charged, spent.usd))
    return found


def _measure_worktrees(town: Town) -> int | None:
    folders = [town.worktree(agent.address) for agent in list_agents(town.db) if agent.rig]
    return measure_folders([each for each in folders if each.is_dir()], town.environment, _DISK_SECONDS)

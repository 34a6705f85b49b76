"""A night read from a town: who was in which state, what landed, what it cost."""

from collections.abc import Sequence
from typing import Any

from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.night import list_deaths, list_landed
from gastown_tmux.domain.spells import TYPES, list_spells
from gastown_tmux.domain.spending import Spent, sum_up
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.supervision.views import list_agents
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import spending
from gastown_tmux.store.beads import find_bead
from gastown_tmux.store.events import list_events, list_last
from gastown_tmux.store.histories import find_author
from gastown_tmux.verbs.data import to_data
from gastown_tmux.web.night_picture import AgentNight, Landing, Night, draw, tell

#: Further east or west of UTC than any zone is.
_FARTHEST_ZONE = 16 * 60


def read_night(town: Town, since: str, zone_minutes: int = 0) -> dict[str, Any]:
    """As JSON: ``{"since","until","svg","rows":[{"agent","states","landed","deaths","cost"}],"merges":[{"time","bead",
    "title","author"}],"cost"}``. ``svg`` is one element, its clock that of a zone so far east of UTC.

    Tokens are counted by the day: costs are those since the day on which the stretch begins. Raises UsageError.
    """
    until, start = clock.now(), Time(moment(since))
    if start >= until:
        raise UsageError(f"{since} is still to come", hint="8h, yesterday, 22:00")
    night = collect(town, start, until)
    zone = max(-_FARTHEST_ZONE, min(zone_minutes, _FARTHEST_ZONE))
    merges = [
        {"time": each.time, "bead": each.bead, "title": each.title, "author": each.agent} for each in night.landings
    ]
    return {
        "since": start, "until": until, "svg": draw(night, zone), "rows": to_data(tell(night)), "merges": merges,
        "cost": night.cost,
    }  # fmt: skip


def collect(town: Town, since: Time, until: Time) -> Night:
    events = list_events(town.db, since=since, type="session")
    events += list_events(town.db, since=since, type="agent")
    events += list_last(town.db, TYPES, since)
    events.sort(key=lambda event: event.seq)
    now = {str(agent.address): (agent.state, agent.since) for agent in list_agents(town)}
    spells = list_spells(events, since, until, now)
    prices, day = town.settings().prices(), since[:10]
    used = {name: sum_up(uses, prices) for name, uses in spending.group_uses(town.db, "agent", since=day).items()}
    deaths = {death.agent: death.times for death in list_deaths(event for event in events if event.time >= since)}
    agents = [
        AgentNight(agent, spells.get(agent, ()), _price(used.get(agent)), deaths.get(agent, 0))
        for agent in sorted(spells, key=lambda agent: ("/" in agent, agent))
        if spells[agent] or agent in used or agent in deaths
    ]
    total = _price(
        sum_up([use for uses in spending.group_uses(town.db, "agent", since=day).values() for use in uses], prices)
    )
    return Night(since, until, agents, _list_landings(town, since), f"{total} since {day}" if total else "")


def _list_landings(town: Town, since: Time) -> Sequence[Landing]:
    landed = list_landed(list_events(town.db, since=since, type=EventType.BEAD_MERGED))
    return [_landing(town, bead, event) for bead, event in landed.items()]


def _landing(town: Town, bead: str, event: Event) -> Landing:
    row = find_bead(town.db, bead)  # its rig may have been removed since
    return Landing(event.time, bead, row.title if row else "", find_author(town.db, row) if row else None)


def _price(spent: Spent | None) -> str:
    """
    >>> _price(None)
    ''
    """
    if spent is None or not spent.tokens.charged:
        return ""
    return f"${spent.usd:.2f}" if spent.usd is not None else f"{spent.tokens.charged:,} tokens"

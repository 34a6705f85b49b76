"""A night as one picture: SVG that stands alone, and the same as rows of words for who cannot see it. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.columns import fit
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.domain.spells import Spell
from gastown_tmux.verbs.text import harmless

#: In the picture's own units: names, the time itself, what it cost; each agent's row.
NAMES, SPAN, COSTS = 170, 720, 110
ROW, HEAD, FOOT = 26, 46, 40
#: A stretch is drawn in so many parts at most, however often states changed in it.
PARTS = 360
#: From what must be seen, however short it was, to what says least; ``other`` is whatever has no name here.
LOUD = ("dead", "failed", "waiting")
#: How tall each state stands, and in which colour: one tells it without the other.
LOOKS = {
    "working": (16, "#2f7d4f"), "idle": (4, "#6b7280"), "ready": (4, "#6b7280"), "starting": (8, "#6b7280"),
    "preparing": (8, "#6b7280"), "waiting": (20, "#b45309"), "limited": (10, "#7c3aed"), "backoff": (10, "#7c3aed"),
    "paused": (10, "#64748b"), "dead": (20, "#b91c1c"), "failed": (20, "#b91c1c"), "other": (6, "#6b7280"),
}  # fmt: skip
_STEPS = (300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Landing:
    time: Time
    bead: str
    title: str
    agent: str | None


@dataclass(frozen=True, slots=True)
class AgentNight:
    """``cost`` as it is shown; ``deaths``: how often its program ended without being asked to."""

    agent: str
    spells: Sequence[Spell]
    cost: str = ""
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Night:
    """From ``since`` to ``until``, which is later."""

    since: Time
    until: Time
    agents: Sequence[AgentNight]
    landings: Sequence[Landing] = ()
    cost: str = ""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """What the picture says of an agent, in words."""

    agent: str
    states: str
    landed: int
    deaths: int
    cost: str


def tell(night: Night) -> tuple[AgentRow, ...]:
    """A row for each agent, in the picture's order; its states with how long it was in each, the longest first."""
    found = []
    for each in night.agents:
        lengths: dict[str, float] = {}
        for spell in each.spells:
            lengths[spell.state] = lengths.get(spell.state, 0.0) + _epoch(spell.until) - _epoch(spell.since)
        longest = sorted(lengths.items(), key=lambda item: -item[1])
        told = [f"{state} {length(seconds)}" for state, seconds in longest if seconds >= 1 or state in LOUD]
        words = ", ".join(told) or "off"
        landed = sum(landing.agent == each.agent for landing in night.landings)
        found.append(AgentRow(each.agent, words, landed, each.deaths, each.cost))
    return tuple(found)


def draw(night: Night, zone_minutes: int = 0) -> str:
    """One ``svg`` element, with a title and a description. Clock times are those of a zone so far east of UTC.

    States have classes ``s-STATE`` and a colour of their own where no style sheet gives another.
    """
    height = HEAD + ROW * max(len(night.agents), 1) + FOOT
    width = NAMES + SPAN + COSTS
    landed, agents = len(night.landings), len(night.agents)
    summary = (
        f"{_count(agents, 'agent')} from {_clock(_epoch(night.since), zone_minutes)} to"
        f" {_clock(_epoch(night.until), zone_minutes)}; {landed} landed{f'; {night.cost}' if night.cost else ''}"
    )
    words = ". ".join(f"{row.agent}: {row.states}, {row.landed} landed, {row.cost}" for row in tell(night))
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="night" viewBox="0 0 {width} {height}" role="img"'
            ' aria-labelledby="night-title night-desc" font-family="system-ui, sans-serif" font-size="12">',
            f'<title id="night-title">{_safe(summary)}</title><desc id="night-desc">{_safe(words)}</desc>',
            *_axis(night, zone_minutes, height),
            *_rows(night, zone_minutes),
            *_landings(night, zone_minutes, height),
            f'<text x="{width}" y="{height - 12}" text-anchor="end" class="n-sum" fill="#6b7280">'
            f"{_safe(night.cost)}</text>",
            "</svg>",
        )
    )


def _axis(night: Night, zone: int, height: int) -> Iterator[str]:
    since, until = _epoch(night.since), _epoch(night.until)
    step = next((step for step in _STEPS if (until - since) / step <= 12), _STEPS[-1])
    while (until - since) / step > 12:
        step *= 2
    first = (int(since + zone * 60) // step + 1) * step - zone * 60
    for at in range(first, int(until) + 1, step):
        x = _x(night, at)
        words = _clock(at, zone) if step < 86_400 else _day(at, zone)
        yield f'<path d="M{x} {HEAD - 14}V{height - FOOT + 4}" class="n-line" stroke="#9ca3af" stroke-width="0.5"/>'
        yield f'<text x="{x}" y="{HEAD - 20}" text-anchor="middle" class="n-time" fill="#6b7280">{words}</text>'


def _rows(night: Night, zone: int) -> Iterator[str]:
    for number, each in enumerate(night.agents):
        middle = HEAD + ROW * number + ROW // 2
        name = fit(each.agent, 24)
        yield f'<text x="{NAMES - 10}" y="{middle + 4}" text-anchor="end" class="n-name">{_safe(name)}</text>'
        yield (
            f'<path d="M{NAMES} {middle}H{NAMES + SPAN}" class="n-line" stroke="#9ca3af" stroke-width="0.5"/>'
        )  # what is not drawn was off
        for state, since, until in _simplify(night, each.spells):
            tall, colour = LOOKS.get(state, LOOKS["other"])
            x = _x(night, since)
            wide = max(round(_x(night, until) - x, 1), 1.5)
            told = (
                f"{SIGNS.get(state, '')} {state} {_clock(since, zone)}–{_clock(until, zone)}, {length(until - since)}"
            )
            yield (
                f'<rect x="{x}" y="{middle - tall / 2:g}" width="{wide}" height="{tall}" fill="{colour}"'
                f' class="s-{state if state in LOOKS else "other"}"><title>{_safe(told.strip())}</title></rect>'
            )
        cost = " · ".join(filter(None, (each.cost, _count(each.deaths, "death") if each.deaths else "")))
        yield (
            f'<text x="{NAMES + SPAN + COSTS}" y="{middle + 4}" text-anchor="end" class="n-cost" fill="#6b7280">'
            f"{_safe(cost)}</text>"
        )


def _landings(night: Night, zone: int, height: int) -> Iterator[str]:
    """A mark in the author's row, and one below all, where also those stand whose author is not among the rows."""
    places = {each.agent: HEAD + ROW * number + ROW // 2 for number, each in enumerate(night.agents)}
    below = height - FOOT + 14
    yield f'<text x="{NAMES - 10}" y="{below + 4}" text-anchor="end" class="n-name">landed</text>'
    for landing in night.landings:
        x = _x(night, _epoch(landing.time))
        told = f"{_clock(_epoch(landing.time), zone)} {landing.bead} {landing.title}"
        for y in (places.get(landing.agent or ""), below):
            if y is not None:
                yield (
                    f'<path d="M{x} {y - 7}l6 7l-6 7l-6 -7z" class="n-landed" fill="#1d4ed8" stroke="#ffffff">'
                    f"<title>{_safe(told)}</title></path>"
                )


def _simplify(night: Night, spells: Sequence[Spell]) -> Iterator[tuple[str, float, float]]:
    """At most ``PARTS`` of them: of each part what was loudest, else what was longest."""
    since, until = _epoch(night.since), _epoch(night.until)
    part = (until - since) / PARTS
    if len(spells) <= PARTS:
        yield from ((spell.state, _epoch(spell.since), _epoch(spell.until)) for spell in spells)
        return
    shares: dict[int, dict[str, float]] = {}
    for spell in spells:
        begin, end = _epoch(spell.since), _epoch(spell.until)
        for slot in range(int((begin - since) / part), min(int((end - since) / part), PARTS - 1) + 1):
            inside = min(end, since + (slot + 1) * part) - max(begin, since + slot * part)
            share = shares.setdefault(slot, {})
            share[spell.state] = share.get(spell.state, 0.0) + inside
    run: tuple[str, int, int] | None = None
    for slot, share in sorted(shares.items()):
        state = next((loud for loud in LOUD if loud in share), None) or max(share, key=lambda each: share[each])
        if run is not None and run[0] == state and run[2] == slot:
            run = (state, run[1], slot + 1)
            continue
        if run is not None:
            yield run[0], since + run[1] * part, since + run[2] * part
        run = (state, slot, slot + 1)
    if run is not None:
        yield run[0], since + run[1] * part, since + run[2] * part


def _x(night: Night, at: float) -> float:
    since, until = _epoch(night.since), _epoch(night.until)
    return round(NAMES + SPAN * min(max((at - since) / max(until - since, 0.001), 0.0), 1.0), 1)


def length(seconds: float) -> str:
    """
    >>> length(4.2), length(125), length(7300), length(200_000)
    ('4 s', '2 min', '2 h 1 min', '2 d 7 h')
    """
    minutes = int(seconds) // 60
    hours = minutes // 60
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{int(seconds)} s" if not minutes else f"{minutes} min" if not hours else f"{hours} h {minutes % 60} min"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _safe(text: str) -> str:
    """Anybody's words: no markup, and no letter that XML does not allow."""
    return escape(harmless(text))


def _epoch(time: Time) -> float:
    return datetime.fromisoformat(time).timestamp()


def _clock(at: float, zone: int) -> str:
    return datetime.fromtimestamp(at + zone * 60, UTC).strftime("%H:%M")


def _day(at: float, zone: int) -> str:
    return datetime.fromtimestamp(at + zone * 60, UTC).strftime("%d %b")

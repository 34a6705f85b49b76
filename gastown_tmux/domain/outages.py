"""Whether an agent program comes up at all, from how its last sessions ended."""

from collections.abc import Iterable

from gastown_tmux.dataclass import dataclass

#: So many workers in a row must have died young, each an agent of its own, for it to be their program's fault.
AGENTS = 3
#: A session that lived so long came up.
YOUNG_SECONDS = 60.0
#: After the last such death nothing more is started with it for so long; then one, to see.
REST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a session. ``charged``: it died by itself, or never came to life."""

    provider: str
    agent: str
    ended: float
    seconds: float
    charged: bool


@dataclass(frozen=True, slots=True)
class Outage:
    """So many sessions have ended at once; until ``until`` none more is started, then one at a time."""

    deaths: int
    until: float


def find_outages(ends: Iterable[Death], up: Iterable[str]) -> dict[str, Outage]:
    """By provider. ``ends`` are the newest first; ``up`` are providers that have a session of some age now.

    >>> find_outages([Death("claude", f"demo/{name}", 100.0, 2.0, True) for name in "abc"], [])
    {'claude': Outage(deaths=3, until=160.0)}
    """
    runs: dict[str, list[Death]] = {}
    over = set(up)
    for end in ends:
        if end.provider in over:
            continue
        if end.charged and end.seconds < YOUNG_SECONDS:
            runs.setdefault(end.provider, []).append(end)
        else:
            over.add(end.provider)
    return {
        provider: Outage(len(run), run[0].ended + REST_SECONDS)
        for provider, run in runs.items()
        if provider not in set(up) and len({end.agent for end in run}) >= AGENTS
    }

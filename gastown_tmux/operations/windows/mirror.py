"""An agent's screen shown in another window, as it is now: what grids are made of."""

import contextlib
import threading
import time
from collections.abc import Iterator

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import view_state
from gastown_tmux.domain.quoting import shortened
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.edges.files.clock import seconds_since
from gastown_tmux.edges.tmux.panes import capture, is_shown
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.sessions.unwritten_stops import ordered_state
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.windows.attach import find_pane
from gastown_tmux.store.agents import find_agent, find_live_session
from gastown_tmux.store.beads import find_held_bead

#: Pauses between two looks: while the screen moves, and when it has not for a while or nobody sees the mirror.
SHORT_SECONDS, LONG_SECONDS = 0.2, 1.0
#: How often a title is made anew, for the age in it.
TITLE_SECONDS = 20.0
#: What sets the title of the terminal that prints it.
_TITLE = "\033]2;{}\033\\"


def mirror(town: Town, agent: Address) -> Iterator[str]:
    """Its screen, with colours, whenever it is another one; for ever, for an agent that is gone may come back.

    Each sets the title of the pane that shows it: who that is, what it does, and since when.
    """
    own, pane, shown, pause = town.environment.get("TMUX_PANE"), None, None, SHORT_SECONDS
    waiting, titles = threading.Event(), _Titles(town, agent)
    while True:
        try:
            if shown is None or own is None or is_shown(town.tmux, own):
                pane = pane or find_pane(town, agent).pane
                now = capture(town.tmux, pane, ansi=True).rstrip()
            else:
                now, pause = shown[0], LONG_SECONDS
        except (NotFoundError, ServerGoneError) as error:
            pane, now = None, error.message
        seen = now, titles.now()
        if seen != shown:
            yield now + _TITLE.format(seen[1])
        pause = SHORT_SECONDS if shown is None or now != shown[0] else min(pause * 1.5, LONG_SECONDS)
        shown = seen
        waiting.wait(pause)


class _Titles:
    """Rows are asked when something was committed since, and for the ages now and then."""

    def __init__(self, town: Town, agent: Address) -> None:
        self._town, self._agent, self._title = town, agent, str(agent)
        self._read: object = None

    def now(self) -> str:
        """As it was, where the town cannot be read: the screen is what is looked at."""
        with contextlib.suppress(GtError, OSError):
            moment = self._town.db.mark(), int(time.monotonic() / TITLE_SECONDS)
            if moment != self._read:
                self._title, self._read = describe(self._town, self._agent), moment
        return self._title


def describe(town: Town, address: Address) -> str:
    """``● web/slit · Fix the login · 2m``: by rows alone, and harmless to a terminal."""
    agent, session = find_agent(town.db, address), find_live_session(town.db, address)
    if agent is None:
        return str(address)
    state = view_state(ordered_state(agent, town.memory.names()), session.state if session else None, agent.hook)
    bead = find_held_bead(town.db, address)
    parts = [f"{SIGNS.get(state, '·')} {address}", shortened(bead.title) if bead else state]
    title = " · ".join([*parts, _age(seconds_since(session.since if session else agent.since))])
    return title.replace("#[", "# [")  # which tmux would take for a colour


def _age(seconds: float) -> str:
    """In minutes at least: what changes each second is not read."""
    units = (("d", 86400), ("h", 3600), ("m", 60))
    return next((f"{int(seconds // length)}{unit}" for unit, length in units if seconds >= length), "<1m")

"""An agent's screen shown in another window, as it is now: what grids are made of."""

import threading
from collections.abc import Iterator

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.tmux.panes import capture, is_shown
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.windows.attach import find_pane

#: Pauses between two looks: while the screen moves, and when it has not for a while or nobody sees the mirror.
SHORT_SECONDS, LONG_SECONDS = 0.2, 1.0


def mirror(town: Town, agent: Address) -> Iterator[str]:
    """Its screen, with colours, whenever it is another one; for ever, for an agent that is gone may come back."""
    own, pane, shown, pause = town.environment.get("TMUX_PANE"), None, None, SHORT_SECONDS
    waiting = threading.Event()
    while True:
        try:
            if shown is None or own is None or is_shown(town.tmux, own):
                pane = pane or find_pane(town, agent).pane
                now = capture(town.tmux, pane, ansi=True).rstrip()
            else:
                now, pause = shown, LONG_SECONDS
        except (NotFoundError, ServerGoneError) as error:
            pane, now = None, error.message
        if now != shown:
            yield now
        pause = SHORT_SECONDS if now != shown else min(pause * 1.5, LONG_SECONDS)
        shown = now
        waiting.wait(pause)

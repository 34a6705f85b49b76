"""Agents' screens for all pages: looked at once for however many show them, and only what changed is told.

What a page has selected is looked at often, what it shows now and then, and what nobody shows never.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.columns import letter_width
from gastown_tmux.edges.tmux.control import Capture, ControlClient, ask_widths
from gastown_tmux.edges.tmux.panes import capture_history
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.faces.follower import Follower
from gastown_tmux.operations.town.isolation import set_aside
from gastown_tmux.operations.town.town import Town
from gastown_tmux.web.escapes import PLAIN, Style, letters_of, read_line

SELECTED_SECONDS, VISIBLE_SECONDS = 0.15, 1.0
#: The client is let go when nobody has looked for so long.
IDLE_SECONDS = 10.0
#: Lines whose runs are remembered, for all screens.
MOST_LINES = 8000
_RETRY_SECONDS = 1.0
#: Whom pages have selected, and whom they show, these among them.
_Wanted = tuple[Collection[Address], Collection[Address]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent's window is."""

    pane: str
    session: str


@dataclass(frozen=True, slots=True)
class Screen:
    """``lines`` are the JSON of each line's runs, None where there is no window."""

    columns: int
    lines: tuple[str, ...] | None


class Widths:
    """Columns of letters as the town's own tmux counts them; each is asked for once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def learn(self, text: str, ask: Callable[[list[str]], list[int]]) -> None:
        """Raises what ``ask`` raises."""
        unknown = sorted(letters_of(text) - self._known.keys())
        if unknown:
            self._known |= dict(zip(unknown, ask(unknown), strict=True))

    def __call__(self, letter: str) -> int:
        found = self._known.get(letter)
        return letter_width(letter) if found is None else found


class Renderer:
    """Captures as lines of runs: what stands still is read once."""

    def __init__(self, width: Callable[[str], int]) -> None:
        self._width = width
        self._lines: dict[tuple[str, Style], tuple[str, Style]] = {}

    def render(self, text: str) -> tuple[str, ...]:
        style, found = PLAIN, list[str]()
        for line in text.split("\n"):
            known = self._lines.get((line, style))
            if known is None:
                if len(self._lines) >= MOST_LINES:
                    self._lines.clear()
                runs, after = read_line(line, style, self._width)
                told = json.dumps(runs, ensure_ascii=False, separators=(",", ":"))
                known = self._lines[line, style] = told, after
            found.append(known[0])
            style = known[1]
        return tuple(found)


class Screens:
    """``tell`` gets an agent and the JSON of what changed there; ``places`` where agents' windows are now. Both are
    called in a thread of this.
    """

    def __init__(
        self, town: Town, tell: Callable[[Address, str], None], places: Callable[[], Mapping[Address, Place]]
    ) -> None:
        self._town, self._tell, self._places = town, tell, places
        self._client = ControlClient(town.tmux)
        self._widths = Widths()
        self._renderer = Renderer(self._widths)
        self._shown: dict[Address, Screen] = {}
        self._texts: dict[Address, Capture] = {}
        self._looked = self._quiet = 0.0
        self._follower = Follower[_Wanted]("screens", ((), ()), self._look, self._client.close)

    def start(self) -> None:
        self._follower.start()

    def stop(self) -> None:
        self._follower.stop()

    def show(self, selected: Collection[Address], visible: Collection[Address]) -> None:
        """From now on these are looked at; ``visible`` has the selected ones too."""
        self._follower.want((selected, visible))

    def whole(self, agent: Address) -> str | None:
        """All of a screen as it was seen last, for a page that begins to show it."""
        screen = self._shown.get(agent)
        return None if screen is None else _tell_change(agent, None, screen)

    def history(self, town: Town, agent: Address, lines: int) -> dict[str, Any]:
        """Its screen with so many lines above it, the oldest first; for any thread, with a town of its own.

        Raises NotFoundError where it has no window now.
        """
        place = self._places().get(agent)
        text = place and capture_history(town.tmux, place.pane, place.session, lines)
        if not text:
            raise NotFoundError(f"{agent} has no window now", hint=f"gt log {agent}")
        self._widths.learn(text, lambda letters: ask_widths(town.tmux, letters))
        told = Renderer(self._widths).render(text.rstrip("\n"))
        return {"agent": agent, "lines": [json.loads(line) for line in told]}

    def _ask_widths(self, letters: list[str]) -> list[int]:
        return ask_widths(self._town.tmux, letters)

    def _look(self, wanted: _Wanted, new: bool) -> float:
        selected, visible = wanted
        now = time.monotonic()
        due = visible if new or now - self._looked >= VISIBLE_SECONDS else selected
        if due is visible:
            self._looked = now
        pause = SELECTED_SECONDS if selected else VISIBLE_SECONDS
        if due:
            self._quiet = now
            try:
                self._look_at(due)
            except GtError:  # the server ends, or does not answer now: what was seen stays
                pause = _RETRY_SECONDS
            except Exception as error:  # noqa: BLE001 - one screen must not end all of them
                set_aside(self._town, "screens of agents", "", error)
                pause = _RETRY_SECONDS
        elif not visible and now - self._quiet > IDLE_SECONDS:
            self._client.close()
        return max(0.01, pause - (time.monotonic() - now)) if visible else VISIBLE_SECONDS

    def _look_at(self, agents: Collection[Address]) -> None:
        places = self._places()
        found = {agent: places[agent] for agent in agents if agent in places}
        try:
            captures = self._client.capture({place.pane: place.session for place in found.values()})
        except GtError:
            if not self._town.tmux.seems_alive():
                for agent in agents:
                    self._take(agent, None)
            raise
        for agent in agents:
            self._take(agent, captures.get(found[agent].pane) if agent in found else None)
        for agent in self._shown.keys() - agents:
            if agent not in self._follower.wanted[1]:
                self._shown.pop(agent)
                self._texts.pop(agent, None)

    def _take(self, agent: Address, capture: Capture | None) -> None:
        was = self._shown.get(agent)
        if capture is None:
            self._texts.pop(agent, None)
            now = Screen(0, None)
        elif self._texts.get(agent) == capture:
            return
        else:
            self._widths.learn(capture.text, self._ask_widths)
            self._texts[agent] = capture
            now = Screen(capture.columns, self._renderer.render(capture.text))
        if now != was:
            self._shown[agent] = now
            self._tell(agent, _tell_change(agent, was, now))


def _tell_change(agent: Address, was: Screen | None, now: Screen) -> str:
    name = json.dumps(agent)
    if now.lines is None:
        return f'{{"agent":{name},"gone":true}}'
    known = was.lines if was is not None and was.lines is not None and was.columns == now.columns else ()
    lines = ",".join(
        f'"{place}":{line}' for place, line in enumerate(now.lines) if place >= len(known) or known[place] != line
    )
    whole = "false" if known else "true"
    return (
        f'{{"agent":{name},"columns":{now.columns},"lines_total":{len(now.lines)},"whole":{whole},"lines":{{{lines}}}}}'
    )

"""News of the town, told in a line each; under a flood the first few, and how many more there were."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from gastown_tmux.domain.columns import cut
from gastown_tmux.domain.events import Event
from gastown_tmux.edges.files.clock import local_time
from gastown_tmux.verbs.show import Display, paint
from gastown_tmux.verbs.text import harmless

#: Lines printed for one look at the town.
MOST_LINES = 8
#: States of agents and sessions that are news; the rest is their daily coming and going.
_ALARMING = ("failed", "limited", "waiting", "backoff")


def is_news(event: Event, types: Sequence[str], own: str) -> bool:
    """Whether a person wants to hear of it: of a type they chose, and not their own doing."""
    if event.actor == own or not any(event.type == type or event.type.startswith(type + ".") for type in types):
        return False
    return event.type not in ("agent.changed", "session.changed") or event.data.get("state") in _ALARMING


def describe(event: Event, display: Display) -> str:
    """One line, in words, within the width."""
    data = {key: " ".join(str(value).split()) for key, value in event.data.items() if value not in (None, "", [])}
    title = data.pop("title", "")
    match event.type:
        case "bead.merged":
            words, state = f"merged as {data.get('commit', '')[:12]}", "merged"
        case "bead.reported":
            words, state = f"closed with a report: {data.get('report', '')}", "closed"
        case "bead.returned":
            words, state = f"came back {data.get('reason', '')} from {data.get('agent', 'nobody')}", "rejected"
        case "merge.held":
            words, state = f"of {data.get('bead', '')} waits for you: mq approve {event.subject}", "held"
        case "escalation.raised":
            words, state = f"from {event.actor}, {data.get('severity', '')}: {data.get('text', '')}", "waiting"
        case "agent.changed" | "session.changed":
            state = data.get("state", "")
            words = f"is {state}" + (f": {data['reason']}" if data.get("reason") else "")
        case _:
            words, state = f"{event.type.partition('.')[2]} {' '.join(data.values())}", event.type.partition(".")[2]
    named = f"{event.subject} ({harmless(title)})" if title else event.subject
    line = f"{local_time(event.time)} {named} {harmless(words)}"
    return paint(state, line if display.width is None else cut(line, display.width), display)


class News:
    """Prints news through ``write``; ``types`` and ``own`` (whose doings are no news) may be set any time."""

    def __init__(
        self, write: Callable[[str], None], display: Callable[[], Display], types: Sequence[str], own: str
    ) -> None:
        self.types = types
        self._write, self._display, self._own = write, display, own
        self._held: list[Event] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is printed within, over what a person reads; it comes afterwards."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            self.take(held)

    def take(self, events: Sequence[Event]) -> None:
        news = [event for event in events if is_news(event, self.types, self._own)]
        held = self._held
        if held is not None:
            held += news
            return
        display = self._display()
        told = [describe(event, display) for event in news[:MOST_LINES]]
        if len(news) > MOST_LINES:
            told.append(f"… and {len(news) - MOST_LINES} more: events --since 5m")
        if told:
            self._write("\n".join(told))

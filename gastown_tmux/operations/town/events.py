"""What happened in the town, told from its event rows."""

import threading
from collections.abc import Iterator

from gastown_tmux.domain.events import Event
from gastown_tmux.domain.setting_values import parse_duration
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.events import list_events

_LOOK_SECONDS = 0.2


def events(town: Town, follow: bool = False, since: str | None = None, type: str | None = None) -> Iterator[Event]:
    """Oldest first; with ``follow`` it goes on for ever."""
    start = moment(since) if since else None
    last = 0
    pause = threading.Event()
    while True:
        for event in list_events(town.db, after=last, since=start, type=type):
            last = event.seq
            yield event
        if not follow:
            return
        pause.wait(_LOOK_SECONDS)


def moment(text: str) -> str:
    """A time, or an age such as ``2h``. Raises UsageError."""
    try:
        return clock.after(-parse_duration(text))
    except ValueError:
        pass
    try:
        clock.to_epoch(text)
    except ValueError:
        raise UsageError(f"{text!r} is neither an age such as 2h nor a time such as {clock.now()}") from None
    return text

"""What happened in the town, told from its event rows."""

import math
import time
from collections.abc import Iterator

from gastown_tmux.domain.addresses import DEACON, Address
from gastown_tmux.domain.events import BEAT, Event
from gastown_tmux.domain.pages import has_words, most_of
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.waiting import wait
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.meta import get_meta

_LOOK_SECONDS = 0.2


def events(
    town: Town,
    follow: bool = False,
    since: str | None = None,
    type: str | None = None,
    agent: Address | None = None,
    search: str | None = None,
    limit: int | None = None,
    after: int | None = None,
    beat: float | None = None,
    seconds: float | None = None,
) -> Iterator[Event]:
    """Oldest first; with a limit the newest, and it is said how many are left out. With ``follow`` it goes on for ever,
    or for so many ``seconds``.

    ``agent``: of what it did, and of what is about it. ``after``: those with a higher number. ``beat``: a beat comes
    first, and then whenever so many seconds have passed.
    """
    from gastown_tmux.store.events import last_seq, list_events  # a moment needs none of it

    start = moment(since) if since else None
    last = after or 0
    ends, next_beat = time.monotonic() + (seconds or math.inf), time.monotonic()

    def is_wanted(event: Event) -> bool:
        told = f"{event.type} {event.subject} {event.actor} {' '.join(map(str, event.data.values()))}"
        about = agent is None or agent in (event.actor, event.subject, event.data.get("agent"))
        return about and has_words(told, search)

    while True:
        if follow and beat is not None and time.monotonic() >= next_beat:
            next_beat = time.monotonic() + beat
            about = {"town": get_meta(town.db, "id")}
            yield Event(last_seq(town.db), clock.now(), BEAT, DEACON, "town", about)
        found = list_events(town.db, after=last, since=start, type=type, titled=True)
        last = found[-1].seq if found else last
        wanted = [event for event in found if is_wanted(event)]
        if limit and len(wanted) > most_of(limit):
            town.say(f"{len(wanted) - limit} earlier ones are left out: --limit 0 shows all")
            wanted = wanted[-limit:]
        yield from wanted
        if not follow or time.monotonic() >= ends:
            return
        limit = None
        wait(_LOOK_SECONDS)


def moment(text: str) -> str:
    """A time, an age such as ``2h``, or words such as ``yesterday`` and ``8:00``. Raises UsageError."""
    from gastown_tmux.domain.moments import FORMS  # with the next 3 ms, where a line names a time
    from gastown_tmux.domain.setting_values import parse_duration

    try:
        return clock.after(-parse_duration(text))
    except ValueError:
        pass
    found = clock.find_moment(text)
    if found is not None:
        return found
    try:
        clock.to_epoch(text)
    except ValueError:
        raise UsageError(f"{text!r} names no moment", hint=FORMS) from None
    return text

"""Following a host: its events over one line that stays open, and what is taken along when something happened there."""

from collections.abc import Callable, Iterator
from contextlib import closing

from gastown_tmux.domain.addresses import DEACON, OVERSEER, Address
from gastown_tmux.domain.events import BEAT, Event, EventType
from gastown_tmux.domain.following import Heard, Position, take
from gastown_tmux.domain.hosts import Host
from gastown_tmux.domain.ids import parse_time
from gastown_tmux.domain.post import HOME, Delivered, Names
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.hosts.prefix import AwayError, Running
from gastown_tmux.errors import GtError
from gastown_tmux.operations.mail import post
from gastown_tmux.operations.mail.sending import notify
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.hosts import ask, reach
from gastown_tmux.reading import json_object
from gastown_tmux.store import following as rows
from gastown_tmux.store.hosts import note_beat, note_heard
from gastown_tmux.store.meta import get_meta

#: So often the town there says that it is there; a line that was silent for three times as long is cut, or frozen.
BEAT_SECONDS = 5.0
#: The command there ends by itself, where nobody tells it that nobody reads: a cut line may stand open for hours.
LINE_SECONDS = 300
#: What a beat says is written down so seldom.
NOTE_SECONDS = 30.0
#: In one pass; what is left is for the next.
_BAGS = 20
_BAG_SECONDS = 60.0


def listen(
    town: Town,
    host: Host,
    hear: Callable[[Heard, Event], None],
    *,
    opened: Callable[[Running], None] = lambda running: None,
    beat: float = BEAT_SECONDS,
) -> None:
    """Calls ``hear`` for each new event, for each beat, and where the town there went back, until the line ends.

    How far it came is kept after that call: killed before, it is called again. ``opened`` is given what another thread
    may end. Raises AwayError where the host does not answer or falls silent.
    """
    position = rows.find_followed(town.db, host.name, host.key).position
    words = ["events", "--follow", "--json", "--beat", f"{beat:g}s", "--for", f"{LINE_SECONDS}s"]
    words += ["--after", str(position.after)] if position.seq else ["--since", "1s"]
    running = reach(town, host).open([host.gt, "--town", host.town, *words])
    opened(running)
    with closing(running):
        heard_any, noted = False, 0.0
        for event, first in _read(running.lines(3 * beat)):
            heard, position = take(position, event, first=first)
            heard_any = True
            if heard is Heard.KNOWN:
                continue
            hear(heard, event)
            if heard is not Heard.BEAT or clock.epoch() - noted > NOTE_SECONDS or noted == 0.0:
                _keep(town, host, position, heard, event, first=noted == 0.0)
                noted = clock.epoch()
        said = running.said()
    if not heard_any:
        raise AwayError(f"{host.name} cannot be reached: {said or 'it said nothing'}")


def _read(lines: Iterator[bytes]) -> Iterator[tuple[Event, bool]]:
    """Each event, and whether it is the first, of beats and of others; what is none is passed over."""
    seen = set[bool]()
    for line in lines:
        if (event := _event(line)) is not None:
            is_beat = event.type == BEAT
            yield event, is_beat not in seen
            seen.add(is_beat)


def _event(line: bytes) -> Event | None:
    found = json_object(line)
    seq, time = found.get("seq"), parse_time(str(found.get("time")))
    if not isinstance(seq, int) or time is None:
        return None
    data = found.get("data")
    actor, subject = str(found.get("actor")), str(found.get("subject"))
    return Event(seq, time, str(found.get("type")), Address(actor), subject, data if isinstance(data, dict) else {})


def _keep(town: Town, host: Host, position: Position, heard: Heard, event: Event, *, first: bool) -> None:
    with town.change() as change:
        # What else keeps it from its work (a full disk), is for whoever asks it for that to say.
        (note_heard if first else note_beat)(change, host.name)
        ahead = clock.to_epoch(event.time) - clock.epoch() if heard is Heard.BEAT else None
        rows.keep_position(change, host.name, host.key, position, ahead)
        if heard is Heard.BACK:
            rows.note_restored(change, host.name)
            change.event(EventType.HOST_RESTORED, host.name, seq=event.seq)
    if heard is Heard.BACK:
        subject = f"{host.name} has gone back in time: it was restored from an older backup"
        body = (
            f"Events of the town there that were read already are gone: its newest is {event.seq}, of {event.time}.\n"
            f"What it works at for this town is compared anew, and nothing lands twice.\n\ngt host show {host.name}\n"
        )
        notify(town, OVERSEER, subject, body, f"restored {host.name} {event.seq} {event.time}", DEACON)


def look_at_agents(town: Town, host: Host) -> None:
    """Keeps the agents there as the town there lists them. Raises AwayError, GtError."""
    found = ask(town, host, ["agents"])
    items = found.get("items") if isinstance(found, dict) else None
    agents = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    if agents != list(rows.find_followed(town.db, host.name, host.key).agents):
        with town.change() as change:
            rows.keep_agents(change, host.name, host.key, agents)


def exchange_mail(town: Town, host: Host) -> int:
    """Brings what lies here for the host, and takes along what lies there for this town; how many mails moved.

    Raises AwayError, GtError.
    """
    moved, delivered = 0, list[Delivered]()
    for _ in range(_BAGS):
        letters, more = post.pack(town, host.name)
        bag = post.write_bag(get_meta(town.db, "id") or "", host.name, letters, delivered)
        answer = ask(town, host, ["mail", "exchange", "-"], data=bag, seconds=_BAG_SECONDS)
        if not isinstance(answer, dict):
            raise GtError(f"{host.name} does not answer with mail")
        post.settle(town, post.read_delivered(answer), host.name)
        came = post.read_letters(answer)
        names = Names(ours=str(answer.get("home") or HOME), theirs=host.name)
        delivered = post.take(town, came, names)
        moved += len(letters) + len(came)
        if not delivered and not more:
            break
    return moved

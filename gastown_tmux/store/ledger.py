"""The event log as daily JSON Lines files: a copy of the event rows, for audit and for a town.db that was lost."""

import json
import os
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from gastown_tmux.dataclass import asdict
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import Time, parse_time
from gastown_tmux.reading import json_object, read_lines, text_of

_PIECE = 1 << 20


def segments(folder: Path) -> list[Path]:
    """Oldest first; the last one holds the newest events."""
    found = folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].jsonl")
    return sorted(path for path in found if path.is_file())


def last_seq(folder: Path) -> int:
    """The number of the last event that was written whole; 0 where there is none. Raises OSError, as all here."""
    for segment in reversed(segments(folder)):
        for event in reversed(list(_read(segment))):
            return event.seq
    return 0


def append(folder: Path, events: Iterable[Event]) -> int:
    """Writes events that follow the last one, durably; how many. What a kill left of a line is taken away first.

    An event goes to the file of its day, or to the newest file where the clock was set back, so that the files read
    one after another have every event in its order.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    known = segments(folder)
    if known:
        _cut_torn_line(known[-1])
    newest = known[-1].name if known else ""
    pending: dict[str, list[str]] = {}
    for event in events:
        newest = max(newest, f"{event.time[:10]}.jsonl")
        pending.setdefault(newest, []).append(json.dumps(asdict(event), ensure_ascii=False) + "\n")
    for name, lines in pending.items():
        (folder / name).touch(mode=0o600)
        with (folder / name).open("a", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
    return sum(map(len, pending.values()))


def read_after(folder: Path, seq: int) -> list[Event]:
    """Every event with a higher number, oldest first."""
    found: list[Event] = []
    for segment in reversed(segments(folder)):
        events = list(takewhile(lambda event: event.seq > seq, reversed(list(_read(segment)))))
        found += events
        if not events or events[-1].seq == seq + 1:
            break
    return found[::-1]


def _read(segment: Path) -> Iterator[Event]:
    """Its events, but for lines that were cut off or spoilt."""
    for line in read_lines(segment):
        event = _parse(line) if line.endswith(b"\n") else None
        if event is not None:
            yield event


def _parse(line: bytes) -> Event | None:
    """None for what no row could hold, whoever wrote it there."""
    found = json_object(line)
    seq, data = found.get("seq"), found.get("data")
    time, type_, actor, subject = (text_of(found.get(name)) for name in ("time", "type", "actor", "subject"))
    if not time or not type_ or not actor or not subject or parse_time(time) != time:
        return None
    if not isinstance(seq, int) or not 0 < seq < 2**62 or not isinstance(data, dict):
        return None
    try:
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return Event(seq, Time(time), type_, Address(actor), subject, data)


def _cut_torn_line(segment: Path) -> None:
    with segment.open("rb") as file:
        size = whole = file.seek(0, os.SEEK_END)
        while whole:
            start = max(0, whole - _PIECE)
            file.seek(start)
            if found := file.read(whole - start).rfind(b"\n") + 1:
                whole = start + found
                break
            whole = start
    if whole != size:
        os.truncate(segment, whole)

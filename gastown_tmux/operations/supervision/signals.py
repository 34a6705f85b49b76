"""What agents' programs say by their hooks, taken out of the spool: rows follow it."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import SessionMove
from gastown_tmux.domain.doors import SPOOL, is_session
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.errors import NotFoundError, UsageError, meets_all
from gastown_tmux.operations.mail.injection import take_offer
from gastown_tmux.operations.sessions.doors import list_doors, move_away
from gastown_tmux.operations.supervision.reminders import suggest_handoff
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.base import PromptPassing
from gastown_tmux.reading import json_object, read_file, text_of
from gastown_tmux.store import agents as rows
from gastown_tmux.store.rows import Reader

MOVES: Mapping[str, SessionMove] = {
    "session-start": "ready",
    "prompt": "work",
    "working": "work",
    "idle": "idle",
    "waiting": "wait",
    "compact": "work",
}

#: In one look; a flood is taken in by many, so that its daemon beats meanwhile, and so that no other session waits.
MOST = 500
TICK_NS = 10**9
_OWN_NAME = re.compile(r"[^.]+\.(?P<event>[\w-]+)", re.ASCII)
#: In the folder of all who were started without a door by an older gt.
_NAME = re.compile(r"[^.]+\.(?P<session>[A-Za-z0-9-]*)\.(?P<event>[\w-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Signal:
    session: SessionId
    event: str
    payload: Mapping[str, object]


def take_signals(town: Town, empty: dict[str, int] | None = None) -> int:
    """Rows follow what providers' hooks wrote into their spools, oldest first; how many there were.

    What is no signal is moved out of the way, to be looked at; what only cannot be taken in now stays. ``empty`` is the
    caller's memory of spools that held nothing, and when they were changed last: these are not listed again.
    """
    found = list(_list_spools(town, {} if empty is None else empty))
    share = max(1, MOST // len(found)) if found else 0
    # Names of the guard's files begin with a process id: only their times tell which came first.
    first = [(*one, session) for session, files in found for one in sorted(files)[:share]]
    for _, path, session in sorted(first, key=lambda one: one[:2]):
        with isolated(town, "taking in of signal", path.name):
            _take(town, path, session)
    return sum(len(files) for _, files in found)


def _list_spools(town: Town, empty: dict[str, int]) -> Iterator[tuple[str | None, list[tuple[int, Path]]]]:
    """Those that hold something: whose it is, by the folder alone, and the files with their times."""
    places = [(None, f"{town.run}/spool"), *((name, f"{town.doors}/{name}/{SPOOL}") for name in list_doors(town))]
    for session, place in places:
        try:
            changed = os.stat(place).st_mtime_ns  # noqa: PTH116 - every look
            if empty.get(place) == changed:
                continue
            names = [name for name in os.listdir(place) if not name.startswith(".")]  # noqa: PTH208
        except OSError:  # no spool; what is no door is moved away soon
            continue
        # What comes in the same tick of the file system's clock leaves no other time.
        if not names and time.time_ns() - changed > TICK_NS:
            empty[place] = changed
        folder = Path(place)
        if names and (session is None or _is_ours(session, folder)):
            yield session, [(_time(folder / name), folder / name) for name in names]


def _is_ours(session: str, spool: Path) -> bool:
    """Whether what is in it was put there through that door, not found by a link from it."""
    return is_session(session) and not spool.is_symlink() and not spool.parent.is_symlink()


def _time(path: Path) -> int:
    try:
        return path.lstat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _take(town: Town, file: Path, session: str | None) -> None:
    try:
        signal = _read(town, file, session)
    except FileNotFoundError:
        return
    except (OSError, UsageError) as error:
        move_away(town, "signal", file, error)
        return
    try:
        _follow(town, signal)
    except Exception as error:
        if meets_all(error):
            raise  # not the signal's fault, and it passes
        move_away(town, "signal", file, error)  # or it would come again at every look
        return
    file.unlink(missing_ok=True)


def _read(town: Town, file: Path, session: str | None) -> _Signal:
    """A payload that is not understood leaves the event as it is: the turn has ended all the same."""
    name = (_NAME if session is None else _OWN_NAME).fullmatch(file.name)
    if name is None:
        raise UsageError("its name is not that of a signal")
    if session is None and (session := name["session"]) and (town.doors / session).exists():
        raise UsageError(f"it names the session {session}, which has a door of its own")
    payload = json_object(read_file(file, follow=False, cut=True))
    return _Signal(SessionId(session or ""), name["event"], payload)


def _follow(town: Town, signal: _Signal) -> None:
    known, session = signal.payload, signal.session
    if signal.event == "offered":
        take_offer(town, session, known)
        return
    provider_session = text_of(known.get("session_id")) or text_of(known.get("sessionId"))
    transcript = text_of(known.get("transcript_path")) or text_of(known.get("transcriptPath"))
    move = MOVES.get(signal.event)
    with town.change() as change:
        if signal.event == "session-start" and _has_words(town, change, session):
            move = None
        if move is not None:
            rows.move_session(change, session, move)
        if provider_session is not None:
            rows.set_provider_session(change, session, provider_session)
        if transcript is not None:
            rows.set_transcript(change, session, transcript)
        live = rows.find_session(change, session)
        # A person who shortens it by hand knows what they do.
        if signal.event == "compact" and known.get("trigger") != "manual" and live is not None and not live.ended:
            suggest_handoff(change, live)


def _has_words(town: Town, reader: Reader, session: SessionId) -> bool:
    """Whether its first prompt came with the command line: until that is submitted, its composer only looks idle."""
    found = rows.find_session(reader, session)
    try:
        return found is not None and registry.find(found.provider, town.settings()).prompt is PromptPassing.ARGUMENT
    except (NotFoundError, UsageError):  # a program that the settings do not know any more
        return False

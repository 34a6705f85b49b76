"""What agents' programs say by their hooks, taken out of the spool: rows follow it."""

import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.domain.agents import SessionMove
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.errors import NotFoundError, UsageError, meets_all
from gastown_tmux.operations.mail.injection import take_offer
from gastown_tmux.operations.supervision.reminders import suggest_handoff
from gastown_tmux.operations.town.isolation import isolated, set_aside
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

#: In one look; a flood is taken in by many, so that its daemon beats meanwhile.
MOST = 500
#: Files that were no signals are kept to be looked at, the newest so many.
KEPT = 50
_NAME = re.compile(r"[^.]+\.(?P<session>[A-Za-z0-9-]*)\.(?P<event>[\w-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Signal:
    session: SessionId
    event: str
    payload: Mapping[str, object]


def take_signals(town: Town) -> int:
    """Rows follow what providers' hooks wrote into the spool, oldest first; how many there were.

    What is no signal is moved out of the way, to be looked at; what only cannot be taken in now stays.
    """
    try:
        with os.scandir(town.run / "spool") as entries:
            found = [(_time(entry), entry.name) for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return 0
    # Names of the guard's files begin with a process id: only their times tell which came first.
    for _, name in sorted(found)[:MOST]:
        with isolated(town, "taking in of signal", name):
            _take(town, town.run / "spool" / name)
    return len(found)


def _time(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return 0


def _take(town: Town, file: Path) -> None:
    try:
        signal = _read(file)
    except FileNotFoundError:
        return
    except (OSError, UsageError) as error:
        _move_away(town, file, error)
        return
    try:
        _follow(town, signal)
    except Exception as error:
        if meets_all(error):
            raise  # not the signal's fault, and it passes
        _move_away(town, file, error)  # or it would come again at every look
        return
    file.unlink(missing_ok=True)


def _read(file: Path) -> _Signal:
    """A payload that is not understood leaves the event as it is: the turn has ended all the same."""
    name = _NAME.fullmatch(file.name)
    if name is None:
        raise UsageError("its name is not that of a signal")
    payload = json_object(read_file(file, follow=False, cut=True))
    return _Signal(SessionId(name["session"]), name["event"], payload)


def _move_away(town: Town, file: Path, error: Exception) -> None:
    folder = town.run / "aside"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"{time.time_ns()}.{file.name[:200]}"
    file.rename(kept)
    set_aside(town, "signal", file.name, error, kept)
    for old in sorted(folder.iterdir())[:-KEPT]:
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink()


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

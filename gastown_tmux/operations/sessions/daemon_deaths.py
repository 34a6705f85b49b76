"""Daemons that died and were started again: counted, with the cause, so that it is not only healed but told.

One that is stopped, or goes down with its machine, has not died. What is counted stands in a file: a daemon may die
of its database.
"""

import json
from contextlib import suppress
from pathlib import Path

from gastown_tmux.dataclass import asdict, dataclass
from gastown_tmux.domain.escalation import Severity
from gastown_tmux.domain.ids import Time, parse_time
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.processes import locks
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_value, read_file, text_of
from gastown_tmux.store.escalations import insert_escalation
from gastown_tmux.store.meta import once

#: Deaths longer ago than this are not counted.
WINDOW_SECONDS = 3600.0
#: So many of one cause are no accident.
LEAST = 2
_KEPT = 50
KILLED = "it was killed, or crashed, and left no word"


@dataclass(frozen=True, slots=True)
class Death:
    time: Time
    cause: str


@dataclass(frozen=True, slots=True)
class RepeatedDeaths:
    """``name`` died ``count`` times of the same cause since ``since``."""

    name: str
    cause: str
    count: int
    since: Time

    def __str__(self) -> str:
        return f"the {self.name} died {self.count} times since {self.since}: {self.cause}"


def find_unfinished(town: Town, lock: str) -> bool:
    """Before the lock is taken: whether its last holder died while it held it."""
    return locks.is_abandoned(town.run / f"{lock}.lock")


def record(town: Town, name: str, cause: str | BaseException) -> None:
    """Counts one more; from the second of one cause on somebody is told, once a day."""
    words = cause if isinstance(cause, str) else describe(cause)
    deaths = [*_read(town, name), Death(clock.now(), words)][-_KEPT:]
    with suppress(GtError):
        write_atomic(_path(town, name), json.dumps([asdict(death) for death in deaths]).encode(), durable=False)
    count = sum(death.cause == words for death in deaths)
    if count < LEAST:
        return
    text = str(RepeatedDeaths(name, words, count, deaths[0].time)) + f". Look: gt log {name}"
    with suppress(GtError), town.change() as change:
        once(
            change, "daemon died", f"{name} {words} {deaths[-1].time[:10]}",
            lambda: insert_escalation(change, severity=Severity.HIGH, text=text, bead=None, about=None),
        )  # fmt: skip


def list_repeated(town: Town) -> list[RepeatedDeaths]:
    """The latest cause of each daemon that died of it more than once."""
    found = []
    for path in sorted(town.run.glob("deaths.*")):
        name = path.name.removeprefix("deaths.").replace(".", "/")
        deaths = _read(town, name)
        same = [death for death in deaths if death.cause == deaths[-1].cause]
        if len(same) >= LEAST:
            found.append(RepeatedDeaths(name, same[0].cause, len(same), same[0].time))
    return found


def describe(error: BaseException) -> str:
    """What is wrong and where, the same words for the same fault."""
    if isinstance(error, GtError):
        return error.message
    import traceback  # where one has died

    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200] + where


def _path(town: Town, name: str) -> Path:
    return town.run / f"deaths.{name.replace('/', '.')}"


def _read(town: Town, name: str) -> list[Death]:
    try:
        known = json_value(read_file(_path(town, name)))
    except OSError:
        return []
    found = []
    for entry in known if isinstance(known, list) else ():
        words = entry if isinstance(entry, dict) else {}
        moment, cause = parse_time(str(words.get("time"))), text_of(words.get("cause"))
        if moment and cause and clock.seconds_since(moment) < WINDOW_SECONDS:
            found.append(Death(moment, cause))
    return found

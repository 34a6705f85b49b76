"""Loops over many: one that cannot be handled is set aside with its reason, and all others go on.

What is set aside stands in a file of its own in ``.gt/run/troubles`` until it goes well again, or is gone. Doctor shows
these; the daemon's log has it once, with a traceback where nobody foresaw it.
"""

import contextlib
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from gastown_tmux.dataclass import asdict, dataclass
from gastown_tmux.domain.ids import Time
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.errors import GtError, explain, meets_all
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_object, read_file

#: What nobody has tried again for so long is not shown any more.
FORGOTTEN_SECONDS = 3 * 3600.0
_LONGEST = 500
#: A name may hold them, and a log has a line for each thing, in a window that a person looks at.
_CONTROLS = r"[\x00-\x1f\x7f-\x9f]"

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Trouble:
    """``task`` is what was to be done with ``item``. ``kept`` is where a file was moved that could not be used, and
    ``trace`` where the fault is, for one that is ours.
    """

    task: str
    item: str
    reason: str
    hint: str | None
    since: Time
    kept: str | None = None
    trace: str | None = None


#: What this process has said, so that it says it once.
_said: dict[Path, str] = {}


@contextlib.contextmanager
def isolated(town: Town, task: str, item: str = "") -> Iterator[None]:
    """What goes wrong inside ends here, and ``item`` is set aside.

    An error that would meet every other one as well, as a locked database does, goes through.
    """
    try:
        yield
    except Exception as error:
        if meets_all(error):
            raise
        set_aside(town, task, item, error)
    else:
        if _said or _names(town):
            _take_back(town, _path(town, task, item))


def each(
    town: Town, task: str, items: Iterable[Item], do: Callable[[Item], Result], name: Callable[[Item], str] = str
) -> list[Result]:
    """What ``do`` gives for each of the items that it can be done for. They are all there are for this task: what was
    set aside of others is forgotten.
    """
    found, names = list[Result](), list[str]()
    # Asked once: of hundreds that are well none need ask again.
    before = _names(town)
    for item in items:
        names.append(name(item))
        try:
            found.append(do(item))
        except Exception as error:
            if meets_all(error):
                raise
            set_aside(town, task, names[-1], error)
        else:
            if _said or before:
                _take_back(town, _path(town, task, names[-1]))
    old = [_folder(town) / file for file in before if file.startswith(f"{_slug(task)}.")]
    known = {_path(town, task, known) for known in names} if old else set()
    for path in old:
        if path not in known:
            _take_back(town, path)
    return found


def do_all(town: Town, task: str, steps: Mapping[str, Callable[[], object]]) -> bool:
    """Each step by itself, in order; whether all went well."""

    def do(step: str) -> str:
        steps[step]()
        return step

    return len(each(town, task, steps, do)) == len(steps)


def set_aside(town: Town, task: str, item: str, error: Exception, kept: Path | None = None) -> None:
    """Says it, unless this process has said so already, and keeps it for doctor."""
    reason, hint, _ = explain(error)
    path = _path(town, task, item)
    same = re.sub(r"\d+", "#", reason)
    if _said.get(path) == same:
        with contextlib.suppress(OSError):
            os.utime(path)
            return
    else:
        _say(town, re.sub(_CONTROLS, "?", f"{task} {item}".strip() + f": {reason}"), error)
        _said[path] = same
    trace = None if isinstance(error, GtError | OSError) else _trace(error)
    noted = Trouble(task, item, reason[:_LONGEST], hint, clock.now(), str(kept) if kept else None, trace)
    # Where even this cannot be written, the log has it.
    with contextlib.suppress(GtError, OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomic(path, json.dumps(asdict(noted)).encode(), durable=False)


def list_troubles(town: Town) -> list[tuple[Path, Trouble]]:
    """Each with its file."""
    found = []
    for name in sorted(_names(town)):
        path = _folder(town) / name
        with contextlib.suppress(OSError, TypeError):
            trouble = Trouble(**json_object(read_file(path)))  # type: ignore[arg-type]
            fresh = time.time() - path.stat().st_mtime < FORGOTTEN_SECONDS
            if os.path.lexists(trouble.kept) if trouble.kept else fresh:
                found.append((path, trouble))
            else:
                path.unlink()
    return found


def _say(town: Town, line: str, error: Exception) -> None:
    import logging

    log = logging.getLogger("gt")
    if not isinstance(error, GtError | OSError) and log.hasHandlers():
        log.error("%s", line, exc_info=error)
    else:
        town.say(line)


def _trace(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error, limit=-20))


def _take_back(town: Town, path: Path) -> None:
    """It went well, or is no more."""
    _said.pop(path, None)
    if path.name in _names(town):
        with contextlib.suppress(OSError):
            path.unlink()


def _path(town: Town, task: str, item: str) -> Path:
    return _folder(town) / f"{_slug(task)}.{_short(item)}.json"


def _slug(task: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", task.lower())[:60] + f"-{_short(task)}"


def _short(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'replace')):08x}"


def _folder(town: Town) -> Path:
    return town.run / "troubles"


def _names(town: Town) -> list[str]:
    try:
        return [name for name in os.listdir(f"{town.run}/troubles") if name.endswith(".json")]  # noqa: PTH208 - every look
    except OSError:
        return []

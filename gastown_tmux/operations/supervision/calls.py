"""The overseer called for what needs a person: in attached terminals, by a command of their own, by services."""

import contextlib
import os
import shlex
import stat
import time
from collections.abc import Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain import calls
from gastown_tmux.domain.addresses import DEACON, OVERSEER
from gastown_tmux.domain.calls import Call
from gastown_tmux.domain.needs import Need, NeedKind, Urgency
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.hosts import services
from gastown_tmux.edges.processes.commands import run_logged
from gastown_tmux.edges.tmux.messages import flash, ring
from gastown_tmux.errors import GtError, MissingError, UsageError
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import read_text
from gastown_tmux.store.calls import forget_calls, keep_calls, list_calls
from gastown_tmux.store.deliveries import list_quiet

COMMAND_SECONDS = 30.0
#: Between two tries to reach a terminal or the command with the same calls.
AGAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a person, and what came of trying it."""

    way: str
    ok: bool
    detail: str


@dataclass
class Caller:
    """For one thread: it knows what terminals and the command were tried with last, and when to try them again."""

    _tried: set[str] = field(default_factory=set)
    _again: float = 0.0

    def call(self, town: Town) -> None:
        """Each need once, and again where nothing took it. Killed anywhere, a call comes twice, not never."""
        needs = review(town)
        if not needs and not list_calls(town.db):
            return
        now = clock.now()
        found = calls.reckon(needs, list_calls(town.db), now, clock.after(-calls.GONE_SECONDS))
        if found.new or found.changed:
            with town.change() as change:
                keep_calls(change, (*found.new, *found.changed))
        if found.over:
            _mark(town, found.mark)
            with town.change() as change:
                forget_calls(change, found.over)
        if is_quiet(town):
            return
        threshold = Urgency(str(town.settings().get("notify.threshold")))
        due = calls.find_due(list_calls(town.db), now, clock.after(-calls.PATIENCE_SECONDS), threshold)
        if due:
            self._tell(town, due)

    def _tell(self, town: Town, due: Sequence[Call]) -> None:
        shown = self._show(town, [one for one in due if one.shown is None])
        now, trouble, urls = clock.now(), None, list[str]()
        waiting = [one for one in due if one.sent is None and (one.not_before or "") <= now]
        try:
            urls = _urls(town)
        except GtError as error:
            trouble = error.message
        if waiting and urls:
            trouble = _send(town, urls, calls.headline(waiting), calls.body(waiting))
        elif trouble is None:
            waiting = []  # nobody is to send them
        kept = []
        for one in due:
            told = replace(one, shown=now) if shown and one.shown is None else one
            if one in waiting and trouble is None:
                told = replace(told, sent=now, trouble=None, shown=told.shown or now)
            elif one in waiting:
                tries = one.tries + 1
                told = replace(told, tries=tries, not_before=clock.after(calls.retry_after(tries)), trouble=trouble)
            if told != one:
                kept.append(told)
        if kept:
            with town.change() as change:
                keep_calls(change, kept)

    def _show(self, town: Town, fresh: Sequence[Call]) -> bool:
        """Whether a terminal or the command took them: at once where one is new, else now and then."""
        occasions, now = {one.occasion for one in fresh}, time.monotonic()
        if not fresh or (occasions <= self._tried and now < self._again):
            return False
        self._tried, self._again = occasions, now + AGAIN_SECONDS
        return _show(town, fresh)


def is_quiet(town: Town) -> bool:
    """Whether the overseer is not to be called now: it is done when that is over."""
    hours = town.settings().get("notify.quiet")
    within = isinstance(hours, tuple) and calls.is_quiet(clock.minutes_of_day(), hours)
    return within or OVERSEER in list_quiet(town.db)


def find_trouble(town: Town) -> str | None:
    """Why services are not asked, or have not taken what is to be told."""
    try:
        _urls(town)
    except GtError as error:
        return error.message
    return next((one.trouble for one in list_calls(town.db) if one.trouble and one.sent is None), None)


def list_open(town: Town) -> list[Call]:
    return list_calls(town.db)


def _show(town: Town, fresh: Sequence[Call]) -> bool:
    """On the terminals that are attached, and by the person's own command; whether either took it. What a mail has
    told of already is not told by the command again, and unread mail rings no bell twice.
    """
    loud = [one for one in fresh if one.kind is not NeedKind.MAIL]
    shown = _ring(town, calls.headline(loud)) > 0 if loud else True
    apart = [one for one in fresh if one.kind not in calls.MAILED]
    return bool(apart and _run_command(town, apart)) or shown


def _ring(town: Town, line: str) -> int:
    with contextlib.suppress(GtError):
        if town.settings().get("notify.bell"):
            ring(town.tmux, line)
        return flash(town.tmux, line)
    return 0


def _run_command(town: Town, about: Sequence[Call]) -> bool:
    command = town.settings().get("ui.notify")
    if not command:
        return False
    line = calls.headline(about)
    told = {"GT_MAIL_FROM": DEACON, "GT_MAIL_SUBJECT": about[0].title, "GT_MAIL_LINE": line}
    environment, log = {**town.environment, **told}, town.logs / "notify.log"
    with contextlib.suppress(GtError):
        words = ["sh", "-c", str(command)]
        return run_logged(words, town.path, environment, log, COMMAND_SECONDS, "notify", town.log_size()) == 0
    return False


def _urls(town: Town) -> list[str]:
    """Of services. Raises UsageError for a file of them that others can read."""
    found = list[str]()
    for url in town.settings().texts("notify.services"):
        kind, _, where = url.partition(":")
        match kind:
            case "env":
                found.append(town.environment.get(where, ""))
            case "file":
                found += _read_file(Path(where).expanduser())
            case _:
                found.append(url)
    return [url for url in found if url]


def _read_file(path: Path) -> list[str]:
    try:
        mode = path.stat()
        if stat.S_IMODE(mode.st_mode) & 0o077 or mode.st_uid != os.getuid():
            raise UsageError(f"{path} can be read by others", hint=f"chmod 600 {shlex.quote(str(path))}")
        lines = [line.strip() for line in read_text(path).splitlines()]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="gt config show notify.services") from None
    return [line for line in lines if line and not line.startswith("#")]


def _send(town: Town, urls: Sequence[str], title: str, body: str) -> str | None:
    """None where every service took it, else why one did not."""
    try:
        sent = services.send(urls, title, body, town.environment)
    except MissingError as error:
        return error.message
    failed = [f"{each.service} {each.trouble}" for each in sent if each.trouble is not None]
    return "; ".join(failed) or None


def _mark(town: Town, over: Sequence[Call]) -> None:
    """Whoever was told elsewhere need not look any more. This is tried once: it is no call."""
    if not over:
        return
    with contextlib.suppress(GtError):
        if urls := _urls(town):
            words = "; ".join(one.title for one in over)
            _send(town, urls, "gt: answered, nothing is to be done", words)


def test(town: Town) -> list[Way]:
    """Tries every way to reach the overseer with one call, quiet hours or not."""
    line = "gt: this is a test: nothing is to be done"
    shown = _ring(town, line)
    ways = [Way("terminals", shown > 0, f"{shown} attached" if shown else "nobody is attached: gt attach")]
    if town.settings().get("ui.notify"):
        made = Need(NeedKind.RUN, "test", OVERSEER, None, None, ("gt review",), "this is a test", "")
        about = calls.reckon([made], [], clock.now(), clock.now()).new
        ran = _run_command(town, about)
        ways.append(Way("ui.notify", ran, "" if ran else f"it failed: {town.logs / 'notify.log'}"))
    urls = _urls(town)
    sent = services.send(urls, "gt", line, town.environment) if urls else []
    ways += [Way(each.service, each.trouble is None, each.trouble or "sent") for each in sent]
    if is_quiet(town):
        ways.append(Way("quiet hours", True, "calls wait until they are over"))
    return ways

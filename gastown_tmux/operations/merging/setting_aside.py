"""A merge request that the refinery cannot handle is set aside with the reason, so that all others land.

It is sent back, its bead waits for a person's word, and somebody is asked to look; ``gt mq retry`` tries it again.
"""

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.merging import MERGE_REQUEST, MergeRequest, MergeState
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.bounded_log import append
from gastown_tmux.edges.files.room import NO_ROOM
from gastown_tmux.errors import GtError, in_words
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.merging.results import report
from gastown_tmux.operations.sessions.daemon_deaths import describe
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import beads
from gastown_tmux.store import merging as rows
from gastown_tmux.store.late import look_later

#: The reason of a request at which the refinery died: it is kept until the request comes to rest.
DIED = "the refinery died while it worked on this"
DIED_AGAIN = f"{DIED}, again: out of memory, or a program that crashed it"

#: After which a push that outlived its refinery has come to its end.
_LOOK_SECONDS = 60.0


def attempt(town: Town, request: MergeRequest, work: Callable[[], None]) -> bool:
    """Does the work on one request. False where that failed in a way that nobody foresaw, and so did setting it aside:
    then it is left as it is, for the next refinery. Raises GtError for what has nothing to do with this request, as a
    full disk has not.
    """
    try:
        work()
    except GtError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise in_words(error) from error
        # Whatever else it is, it is this one's.
        town.say(f"{request.id}: {describe(error)}")
        try:
            set_aside(town, request, f"the refinery cannot handle this: {describe(error)}", traceback.format_exc())
        except Exception as another:  # noqa: BLE001
            town.say(f"{request.id} cannot be set aside: {describe(another)}")
            return False
    return True


def set_aside(town: Town, request: MergeRequest, words: str, details: str = "") -> None:
    """The request is rejected, the bead open and escalated. Where it had come to rest meanwhile, nothing happens."""
    log = town.logs / "merge" / f"{request.id}.fault.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    append(log, f"{words}\n{details}".encode(errors="replace"), town.log_size())
    text = f"{request.bead} was set aside: {words}. When that is mended: gt mq retry {request.id}. Log: {log}"
    with town.change() as change:
        found = rows.get_merge_request(change, request.id)
        if found.state is MergeState.PUBLISHING:
            # Whether it had come so far as to be published, a person sees.
            rows.move_merge_request(change, request.id, "requeue", reason=words)
            found = rows.get_merge_request(change, request.id)
        if not MERGE_REQUEST.can(found.state, "reject"):
            return
        rows.move_merge_request(change, request.id, "reject", reason=words, log=str(log))
        look_later(change, request.id, clock.after(_LOOK_SECONDS))
        beads.refuse_bead(change, request.bead, Reason.ESCALATED, target=None)
        raise_escalation(change, "high", text, bead=request.bead)
    report(town, request.id)


def blame(town: Town, rig: RigName) -> None:
    """After a death of the refinery: what it was at is tried once more, and at the second time set aside.

    One that may be published is left to whoever sees that it is not, unless that ends the refinery too.
    """
    published = rows.list_published(town.db, rig)
    for request in rows.list_queue(town.db, rig):
        if request.state is MergeState.QUEUED:
            continue
        if request.reason == DIED_AGAIN or (request.reason == DIED and request.id not in published):
            set_aside(town, request, DIED_AGAIN)
            continue
        with town.change() as change:
            rows.set_reason(change, request.id, DIED_AGAIN if request.reason == DIED else DIED)


def kept_reason(request: MergeRequest) -> str | None:
    """What is to be remembered of a request through its next states."""
    return DIED if request.reason == DIED else None


def report_all(town: Town, rig: RigName) -> None:
    """Whoever was not told yet what became of a request is told now; one that cannot be told keeps nobody waiting."""
    for request in rows.list_untold(town.db, rig):
        try:
            report(town, request.id)
        except GtError:
            raise
        except Exception as error:  # noqa: BLE001
            text = f"nobody could be told that {request.bead} is {request.state}: {describe(error)}"
            town.say(f"{text}\n{traceback.format_exc()}")
            with town.change() as change:
                rows.mark_told(change, request.id)
                raise_escalation(change, "medium", text, bead=request.bead)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A refinery that is told to end leaves as after an error: what it was at is not to blame."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(TypeError):  # one that Python did not set
                signal.signal(number, handler)

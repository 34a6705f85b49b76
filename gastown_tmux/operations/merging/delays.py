"""A merge request that nothing is wrong with and that cannot land now: it waits, and says for what."""

import contextlib
from collections.abc import Iterable

from gastown_tmux.domain.ids import MergeRequestId, Time
from gastown_tmux.domain.merging import MERGE_REQUEST, MergeRequest, MergeState
from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.domain.rigs import QueueState
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder
from gastown_tmux.edges.files.bounded_log import append
from gastown_tmux.errors import GtError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.merging.queue_state import paused_words
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.setting_aside import kept_reason
from gastown_tmux.operations.merging.verdicts import Delay
from gastown_tmux.store import merging as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import once
from gastown_tmux.store.rigs import set_queue

#: Tries of the first in the queue after which somebody is asked to look, and tries without a verdict after which the
#: queue is paused: some minutes.
PATIENCE = 10


def delay(queue: RigQueue, id: MergeRequestId, words: Delay, *, broken: bool = False) -> None:
    """``broken``: it may be published all the same, so it stays so until the target has been seen."""
    with queue.town.change() as change:
        found = rows.get_merge_request(change, id)
        not_before: Time | None = clock.after(words.seconds) if words.seconds else None
        log = _keep_whole(queue, found, words)
        if found.state is MergeState.QUEUED or (broken and found.state is MergeState.PUBLISHING):
            rows.put_off(change, id, words.words, not_before, log=log)
        elif MERGE_REQUEST.can(found.state, "requeue"):  # else a person has rejected it meanwhile
            rows.move_merge_request(change, id, "requeue", reason=words.words, not_before=not_before, log=log)
        if words.unjudged:
            _lose_patience(queue, change, found, words)
        elif found.position == 1 and found.attempts >= PATIENCE:
            text = f"{found.bead} does not land, and is tried again and again: {words.words}. Look: gt mq show {id}"
            once(change, "landing waits", id, lambda: raise_escalation(change, "medium", text, bead=found.bead))


def _lose_patience(queue: RigQueue, change: Change, request: MergeRequest, words: Delay) -> None:
    """What the gates lack, they lack for all that is queued."""
    if request.attempts and request.attempts % PATIENCE == 0:
        rig = queue.rig.name
        if set_queue(change, rig, QueueState.PAUSED, words.words):
            text = f"{paused_words(rig)}: {words.words}. When that is mended: gt mq resume --rig {rig}"
            raise_escalation(change, "high", text, bead=request.bead)


def put_back(queue: RigQueue, requests: Iterable[MergeRequest]) -> None:
    """What was being tested is queued again as it was; nothing is said of it."""
    with queue.town.change() as change:
        for request in requests:
            found = rows.get_merge_request(change, request.id)
            if found.state is MergeState.TESTING:
                rows.move_merge_request(change, found.id, "requeue", reason=kept_reason(found))


def _keep_whole(queue: RigQueue, request: MergeRequest, words: Delay) -> str | None:
    """Where all is that was said; None where the words are all."""
    error = GtError(words.words, whole=words.whole)
    if not error.left_out:
        return None
    log = queue.log_path(request)
    with contextlib.suppress(OSError):
        make_folder(log.parent)
        append(log, printable(f"{clock.now()} {error.in_full}\n").encode(), queue.log_size)
    return str(log)

"""The rig's gates: commands that must pass on exactly the candidate before anything is published."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import assert_never

from gastown_tmux.domain.merging import NOT_FOUND, MergeRequest, Verdict, judge_status
from gastown_tmux.domain.setting_values import Gate
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.bounded_log import append
from gastown_tmux.edges.files.room import find_full
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.edges.processes.live_output import followed
from gastown_tmux.errors import GtError
from gastown_tmux.operations.merging.gate_place import digest_rules, prepare
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, Rejection, pause
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.store.green_trees import is_green, keep_green
from gastown_tmux.store.merging import count_retry

#: A gate that fails where a submodule could not be had may fail for that: so often it is tried again.
_TRIES_WITHOUT = 5
#: How long a tree that passed is not asked again.
_GREEN_SECONDS = 86400.0


def test(queue: RigQueue, built: Built) -> Rejection | Delay | None:
    """The rig's gates on exactly the candidate; a tree that passed them within a day is not asked again. One that fails
    is, as often as ``merge.retries`` says, and counted.
    """
    gates = queue.settings.gates()
    if not gates:
        return None
    rules = digest_rules(queue, gates)
    if is_green(queue.town.db, queue.rig.name, built.tree, rules, clock.after(-_GREEN_SECONDS)):
        return None
    retries = queue.settings.get("merge.retries")
    for left in range(retries if isinstance(retries, int) else 0, -1, -1):
        verdict = _run_gates(queue, built, gates, rules)
        if verdict is None:
            with queue.town.change() as change:
                keep_green(change, queue.rig.name, built.tree, rules, clock.after(-_GREEN_SECONDS))
            return None
        if isinstance(verdict, Delay) or not left:
            return verdict
        queue.town.say(f"{built.request.id}: {verdict.words}: once more")
        with queue.town.change() as change:
            count_retry(change, built.request.id)
    return verdict


def _run_gates(queue: RigQueue, built: Built, gates: Sequence[Gate], rules: str) -> Rejection | Delay | None:
    """One that cannot run fails nobody. What they leave running is ended: it would change the files of the next one."""
    try:
        return _run_all(queue, built, gates, rules)
    except OSError as error:
        return Delay(f"the gates cannot run: {error.strerror or error}", pause(built.request), unjudged=True)
    finally:
        with isolated(queue.town, "ending of what the gates left in rig", queue.rig.name):
            processes.end((), term_seconds=1.0, sessions=[queue.gate_mark])


def _run_all(queue: RigQueue, built: Built, gates: Sequence[Gate], rules: str) -> Rejection | Delay | None:
    request, log = built.request, built.log
    try:
        place = prepare(queue, built, rules)
    except GtError as error:
        return Delay(f"the gates cannot run: {error.message}", pause(request), error.whole, unjudged=True)
    if isinstance(place, Delay):
        return place
    alone = [gate for gate in gates if not gate.parallel]
    together = [gate for gate in gates if gate.parallel]
    for group in [[gate] for gate in alone] + ([together] if together else []):
        verdict = _run_group(queue, request, group, place.path, log, place.environment)
        if isinstance(verdict, Rejection) and place.missing and request.attempts < _TRIES_WITHOUT:
            without = f"{verdict.words}, without the submodule {place.missing[0].path}: {place.missing[0].words}"
            return Delay(without, pause(request))
        if verdict is not None:
            return verdict
    return None


def _run_group(
    queue: RigQueue,
    request: MergeRequest,
    group: Sequence[Gate],
    place: Path,
    log: Path,
    environment: Mapping[str, str],
) -> Rejection | Delay | None:
    def run(gate: Gate) -> tuple[int | None, str]:
        own = log if len(group) == 1 else log.with_suffix(f".{threading.get_ident()}.log")
        try:
            with followed(own):
                status = run_logged(
                    ["sh", "-c", gate.run], place, {**environment, **gate.environment}, own, gate.timeout,
                    queue.gate_mark, size,
                )  # fmt: skip
            words = last_words(own)
            end = f"status {status}" if status is not None else f"killed after {gate.timeout:.0f}s"
            append(own, f"# gate {gate.name}: {end}\n".encode(), size)
            return status, words
        finally:
            if own is not log:
                append(log, own.read_bytes(), size)
                own.unlink()

    size = queue.log_size
    with ThreadPoolExecutor(max_workers=len(group)) as pool:
        try:
            # Who looks on is known to this thread.
            results = list(
                pool.map(lambda gate, context: context.run(run, gate), group, [copy_context() for _ in group])
            )
        except BaseException:
            # A refinery that is told to end does not wait for its gates.
            processes.end((), term_seconds=1.0, sessions=[queue.gate_mark])
            raise
    for gate, (status, words) in zip(group, results, strict=True):
        match judge_status(status):
            case Verdict.PASSED:
                continue
            case Verdict.LATE:
                return Rejection(Reason.REJECTED, f"gate {gate.name} ran out of time ({gate.timeout:.0f}s)", log)
            case Verdict.FAILED:
                if full := find_full(place) or find_full(log.parent):
                    return Delay(
                        f"gate {gate.name} failed{words}, and {full}; see {log}", pause(request), unjudged=True
                    )
                return Rejection(Reason.REJECTED, f"gate {gate.name} failed with status {status}{words}", log)
            case Verdict.NONE:
                why = "cannot run" if status in NOT_FOUND else "gave no verdict"
                return Delay(
                    f"gate {gate.name} {why} (status {status}){words}; see {log}", pause(request), unjudged=True
                )
            case verdict:
                assert_never(verdict)
    return None

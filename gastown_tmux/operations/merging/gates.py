"""The rig's gates: commands that must pass on exactly the candidate before anything is published."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.setting_values import Gate
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files.bounded_log import append
from gastown_tmux.edges.git import places
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.errors import GtError
from gastown_tmux.operations.hooks import submodules
from gastown_tmux.operations.hooks.shared_files import log_commands, settle_shared_files
from gastown_tmux.operations.hooks.worktrees import copy_files
from gastown_tmux.operations.merging.verdicts import Delay, Rejection, log_path, pause
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town

#: A gate that fails where a submodule could not be had may fail for that: so often it is tried again.
_TRIES_WITHOUT = 5


def run_gates(
    town: Town, rig: Rig, repository: Repository, request: MergeRequest, candidate: Commit
) -> Rejection | Delay | None:
    """The rig's gates in a worktree of exactly the candidate. One that cannot run fails nobody; what they leave running
    is ended, for it would change the files under the next one's gates.
    """
    gates = town.settings(rig.name).gates()
    if not gates:
        return None
    try:
        return _run_all(town, rig, repository, request, candidate, gates)
    finally:
        with isolated(town, "ending of what the gates left in rig", rig.name):
            processes.end((), term_seconds=1.0, sessions=[town.gate_mark(rig.name)])


def _run_all(
    town: Town, rig: Rig, repository: Repository, request: MergeRequest, candidate: Commit, gates: Sequence[Gate]
) -> Rejection | Delay | None:
    settings = town.settings(rig.name)
    place, log = town.rig_folder(rig.name) / "gate", log_path(town, request)
    try:
        places.make_gate(repository, place, candidate, "gt: gates of the merge queue", town.trash)
        missing = submodules.fill(town, rig, place)
        copy_files(town, rig, place, over=False)  # what the candidate has itself is what is tested
        environment = _gate_environment(town, log_commands(town, rig, place))
        for command in settings.texts("worktree.setup"):
            seconds = settings.seconds("worktree.timeout")
            status = run_logged(
                ["sh", "-c", command], place, environment, log, seconds, town.gate_mark(rig.name),
                town.log_size(rig.name),
            )  # fmt: skip
            if status != 0:
                words = f"worktree.setup {command!r} fails where the gates run{last_words(log)}; see {log}"
                return Delay(words, pause(request))
            settle_shared_files(town, rig)
    except GtError as error:
        return Delay(f"the gates cannot run: {error.message}", pause(request), error.whole)
    alone = [gate for gate in gates if not gate.parallel]
    together = [gate for gate in gates if gate.parallel]
    for group in [[gate] for gate in alone] + ([together] if together else []):
        verdict = _run_group(town, request, group, place, log, environment)
        if isinstance(verdict, Rejection) and missing and request.attempts < _TRIES_WITHOUT:
            without = f"{verdict.words}, without the submodule {missing[0].path}: {missing[0].words}"
            return Delay(without, pause(request))
        if verdict is not None:
            return verdict
    return None


def _run_group(
    town: Town, request: MergeRequest, group: Sequence[Gate], place: Path, log: Path, environment: Mapping[str, str]
) -> Rejection | Delay | None:
    def run(gate: Gate) -> tuple[int | None, str]:
        own = log if len(group) == 1 else log.with_suffix(f".{threading.get_ident()}.log")
        try:
            status = run_logged(
                ["sh", "-c", gate.run], place, {**environment, **gate.environment}, own, gate.timeout,
                town.gate_mark(request.rig), town.log_size(request.rig),
            )  # fmt: skip
            return status, last_words(own)
        finally:
            if own is not log:
                append(log, own.read_bytes(), town.log_size(request.rig))
                own.unlink()

    with ThreadPoolExecutor(max_workers=len(group)) as pool:
        try:
            results = list(pool.map(run, group))
        except BaseException:
            # A refinery that is told to end does not wait for its gates.
            processes.end((), term_seconds=1.0, sessions=[town.gate_mark(request.rig)])
            raise
    for gate, (status, words) in zip(group, results, strict=True):
        if status is None:
            return Rejection(Reason.REJECTED, f"gate {gate.name} ran out of time ({gate.timeout:.0f}s)", log)
        if status in (126, 127):
            return Delay(f"gate {gate.name} cannot run (status {status}){words}; see {log}", pause(request))
        if status != 0:
            return Rejection(Reason.REJECTED, f"gate {gate.name} failed with status {status}{words}", log)
    return None


def _gate_environment(town: Town, own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in town.environment.items() if not name.startswith(("GT_", "TMUX"))}
    return kept | dict(own)

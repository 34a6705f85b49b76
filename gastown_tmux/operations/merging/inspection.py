"""What of a candidate must not land although it merges: files that went past their filter, or whose content is away."""

from collections.abc import Iterable, Mapping, Sequence

from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.odd_bytes import quoted_name
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.git import lfs
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.filters import (
    LFS,
    Blob,
    changed_files,
    filters_of,
    find_trouble,
    find_unfiltered,
    has_other_rules,
    list_files,
    may_name_filters,
    named_filters,
)
from gastown_tmux.edges.git.workbench import Workbench, workbench
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Delay, Rejection, pause


def inspect(
    bench: Workbench, rig: Rig, request: MergeRequest, tip: str, candidate: str, *, history: bool
) -> Rejection | Delay | None:
    """Looks at it by its own rules; those of the target are laid out. ``history``: all commits of the branch land."""
    if not may_name_filters(bench.repository, candidate):
        return None
    known = named_filters(bench)
    files = list_files(bench, candidate) if has_other_rules(bench, tip, candidate) else {}
    before = filters_of(bench, files)
    bench.lay_out(candidate)
    named = named_filters(bench)
    for name, file in named.items():
        if trouble := find_trouble(bench, name, file):
            if name in known:
                return Delay(trouble.message, pause(request))
            return Rejection(Reason.REJECTED, trouble.message)
    if not named:
        return None
    after = filters_of(bench, files)
    newly = {name: blob for name, blob in files.items() if after.get(name) == LFS != before.get(name)}
    verdict = _inspect_files(bench, rig, request, tip, candidate, newly)
    if verdict is None and history:
        verdict = _inspect_history(bench, bench.repository.own_commits(tip, request.head))
    return verdict


def _inspect_files(
    bench: Workbench, rig: Rig, request: MergeRequest, tip: str, candidate: str, newly: Mapping[str, Blob]
) -> Rejection | Delay | None:
    """``newly``: files that other rules have in LFS now, changed or not."""
    changed = changed_files(bench, tip, candidate)
    filters = filters_of(bench, changed)
    # A merge keeps what it finds on the target: for that, its author answers not.
    own = changed_files(bench, tip, request.head)
    rejection = _find_past(bench, {name: own.get(name, changed[name]) for name in filters}, filters)
    if rejection is not None:
        return rejection
    stored = {name: changed[name] for name, filter in filters.items() if filter == LFS} | dict(newly)
    pointers = {name: pointer for name, pointer in lfs.read_pointers(bench, stored).items() if pointer is not None}
    try:
        absent = lfs.find_absent(bench, pointers)
        if absent:
            lfs.fetch(bench, rig.remote, absent)
            absent = lfs.find_absent(bench, pointers)
    except GitError as error:
        return Delay(f"LFS objects of {_listed(absent)} cannot be fetched: {error.message}", pause(request))
    return _lacking(absent) if absent else None


def _inspect_history(bench: Workbench, commits: Iterable[str]) -> Rejection | None:
    """Each commit of it, by the rules laid out."""
    for commit in commits:
        changed = changed_files(bench, f"{commit}^", commit)
        filters = filters_of(bench, changed)
        if rejection := _find_past(bench, {name: changed[name] for name in filters}, filters, commit):
            return rejection
    return None


def _find_past(
    bench: Workbench, files: Mapping[str, Blob], filters: Mapping[str, str], commit: str | None = None
) -> Rejection | None:
    """``commit``: where in the history of a branch these files are, if they are not its last."""
    stored = {name: blob for name, blob in files.items() if filters[name] == LFS}
    try:
        past = find_unfiltered(bench, {name: blob for name, blob in files.items() if name not in stored})
    except GitError as error:
        return Rejection(Reason.REJECTED, f"files of the branch cannot be checked out: {error.message}")
    past += [name for name, pointer in lfs.read_pointers(bench, stored).items() if pointer is None]
    if not past:
        return None
    shown = ", ".join(f"{quoted_name(name)} ({filters[name]})" for name in past[:5])
    if commit is not None:
        words = f"{commit[:12]} has files that went past their filter: {shown}: make that commit again"
    else:
        words = f"{len(past)} committed past the filter: {shown}: git add --renormalize FILE, git commit, gt done"
    return Rejection(Reason.REJECTED, words)


def send_objects(queue: RigQueue, request: MergeRequest, tip: str, candidate: str) -> Rejection | Delay | None:
    """What of a candidate lies in LFS comes to the server, where it must be before the commit that names it."""
    rig = queue.rig
    if not may_name_filters(queue.repository, candidate):
        return None
    with workbench(queue.repository) as bench:
        bench.lay_out(candidate)
        if LFS not in named_filters(bench):
            return None
        try:
            match lfs.upload(bench, rig.remote, rig.target, tip, candidate):
                case lfs.Locked(words=words):
                    return Delay(f"the remote refuses: locked in LFS: {words}", pause(request))
                case lfs.Lacking(files=files):
                    return _lacking(files)
                case None:
                    return None
        except GitError as error:
            return Delay(f"LFS objects cannot be sent: {error.message}", pause(request))


def _lacking(files: Sequence[str]) -> Rejection:
    words = (
        f"the content of {_listed(files)} is in no LFS store, neither here nor on the server: add it again, git commit"
    )
    return Rejection(Reason.REJECTED, words)


def _listed(files: Sequence[str]) -> str:
    return ", ".join(quoted_name(name) for name in files[:5])

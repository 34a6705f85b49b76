"""Where a rig's work lands, as its remote has it: fetched, found gone or rewritten, and told of once."""

import shlex
from contextlib import suppress
from pathlib import Path

from gastown_tmux.domain.escalation import EscalationState, Severity
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.sources import Remote, probe_remote
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import BeadFilter, list_beads
from gastown_tmux.store.escalations import insert_escalation, list_escalations, move_escalation
from gastown_tmux.store.rigs import find_rig, set_problem
from gastown_tmux.store.targets import find_tip, move_tip, replace_tip

#: Of git, in the plain English that we have it speak.
_NO_SUCH_BRANCH = "couldn't find remote ref"
#: Beads that a rewritten target has lost, named where that is told; the rest is counted.
_MOST_DROPPED = 10


class TargetGoneError(RefusedError):
    """The remote has no such branch any more."""


def fetch_target(town: Town, rig: Rig) -> Commit:
    """The newest commit of the target at its remote. Where it cannot be read, the rig says so from now on.

    Raises TargetGoneError, with the verb that follows it, and GitError in the remote's words.
    """
    repository = town.repository(rig.name)
    try:
        repository.fetch(rig.target)
    except GitError as error:
        if _NO_SUCH_BRANCH not in error.whole:
            # One that is elsewhere for a while comes back by itself; a folder of this machine does not.
            gone = "://" not in rig.remote and ":" not in rig.remote.partition("/")[0] and not Path(rig.remote).exists()
            note_problem(
                town, rig, f"{rig.remote} cannot be read: {error.message.removeprefix('git fetch: ')}", ask=gone
            )
            raise
        found: Remote | None = None
        with suppress(GtError):  # it has no branch at all
            found = probe_remote(rig.remote)
        if found is not None and rig.target in found.branches:
            raise
        words = describe_gone(rig, found)
        note_problem(town, rig, words, ask=True)
        raise TargetGoneError(words) from error
    tip = repository.resolve(_ref(rig))
    if tip is None:
        raise RefusedError(f"{rig.remote} has no branch {rig.target} any more", hint=f"gt rig show {rig.name}")
    note_problem(town, rig, None)
    note_target(town, rig, Commit(tip))
    return Commit(tip)


def describe_gone(rig: Rig, remote: Remote | None) -> str:
    """What is wrong and what follows it, in one line: it stands as the reason of whatever waits for it."""
    default = remote.default_branch if remote is not None else None
    there = f"whose default branch is {default}" if default else "which has no default branch"
    return f"{rig.target} is gone from {rig.remote}, {there}: gt rig set {rig.name} --branch {default or 'BRANCH'}"


def note_problem(town: Town, rig: Rig, problem: str | None, *, ask: bool = False) -> None:
    """``None``: there is none, and what was asked about one is answered. ``ask``: somebody is asked, once for each."""
    if rig.problem == problem:
        return
    with town.change() as change:
        now = find_rig(change, rig.name)
        # A slower look must not speak of a target that was chosen anew meanwhile.
        if now is None or now.target != rig.target or not set_problem(change, rig.name, problem):
            return
        if ask and problem is not None:
            insert_escalation(change, severity=Severity.HIGH, text=f"{rig.name}: {problem}", bead=None, about=None)
        for asked in list_escalations(change):
            if now.problem and asked.text == f"{rig.name}: {now.problem}" and asked.state != EscalationState.RESOLVED:
                move_escalation(change, asked.id, "resolve")


def note_target(town: Town, rig: Rig, tip: Commit) -> None:
    """For whoever has just fetched the target, and found it at ``tip``."""
    repository = town.repository(rig.name)
    known = find_tip(town.db, rig.name, rig.target)
    if known == tip:
        return
    lost = known is not None and repository.resolve(known) is not None and not repository.is_ancestor(known, tip)
    dropped: list[BeadId] = []
    if lost and known is not None:
        dropped = _find_dropped(town, rig, known, tip)
        # Branches that were cut from it are compared with it: it must outlive a collection.
        repository.update_ref(f"refs/gastown/targets/{known}", known, None)
    with town.change() as change:
        # A slower one of two that fetched at once must not take the other's news back.
        if find_tip(change, rig.name, rig.target) != known or repository.resolve(_ref(rig)) != tip:
            return
        if lost and known is not None:
            replace_tip(change, rig.name, rig.target, known, tip)
            words = f"{rig.target} of {rig.name} was rewritten: it was at {known[:12]}, and is at {tip[:12]} without it"
            if dropped:
                shown = ", ".join(dropped[:_MOST_DROPPED]) + (" …" if len(dropped) > _MOST_DROPPED else "")
                look = f"git -C {shlex.quote(str(repository.path))} log {tip[:12]}..{known[:12]}"
                words += f"\n{len(dropped)} merged and not on it any more: {shown}. Look: {look}"
            insert_escalation(change, severity=Severity.MEDIUM, text=words, bead=None, about=None)
        else:
            move_tip(change, rig.name, rig.target, tip)


def _find_dropped(town: Town, rig: Rig, known: Commit, tip: Commit) -> list[BeadId]:
    """The merged beads whose commit was on the target at ``known`` and is not at ``tip``, the newest first."""
    repository = town.repository(rig.name)
    beads = list_beads(town.db, BeadFilter(rig=rig.name, state=BeadState.MERGED))
    merged = {bead.merged_commit: bead.id for bead in reversed(beads) if bead.merged_commit is not None}
    gone = repository.away_from(tip, [*merged]) - repository.away_from(known, [*merged])
    return [bead for commit, bead in merged.items() if commit in gone]


def _ref(rig: Rig) -> str:
    return f"refs/remotes/origin/{rig.target}"

"""Beads of another town that are worked at here: it makes them, asks after them, and says what became of them.

Each of these is called by that town over a connection that may break at any moment, so each may be called again.
"""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import branch_of
from gastown_tmux.domain.delegations import Outcome
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.domain.merging import LIVE
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.waiting import reason_of
from gastown_tmux.domain.work import OVER, Bead, BeadState, Reason
from gastown_tmux.edges.files.atomic import make_folder, write_atomic
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import sources
from gastown_tmux.edges.git.command import git
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.merging.results import record_merged, send_back
from gastown_tmux.operations.merging.setting_aside import report_all
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.town import configuration
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.sling import unsling
from gastown_tmux.operations.work.waiting import explain_beads
from gastown_tmux.operations.workforce.retargeting import set_rig
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.reading import json_object
from gastown_tmux.store import beads, escalations
from gastown_tmux.store import delegations as rows
from gastown_tmux.store.agents import find_agent
from gastown_tmux.store.merging import get_merge_request, mark_told, move_merge_request
from gastown_tmux.store.meta import get_meta
from gastown_tmux.store.rigs import find_rig

_PUBLISH = "home"


@dataclass(frozen=True, slots=True)
class ErrandRig:
    """``pushed_to``: the repository that the other town pushes the rig's target to, where this one cannot fetch it.
    ``ready``: whether the rig is there. ``repository``: where branches are fetched from, and pushed to. ``target``: on
    what its work begins.
    """

    rig: str
    ready: bool
    pushed_to: str | None
    repository: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class ErrandView:
    """How a bead of another town is here. ``head``: of its branch, where that has work on it, cut from ``base``.
    ``halt``: why nothing goes on.
    """

    delegation: str
    theirs: str
    rig: str
    bead: str
    state: str
    reason: str | None
    words: str | None
    worker: str | None
    branch: str
    head: str | None
    base: str | None
    report: str | None
    commit: str | None
    repository: str
    halt: str | None


def prepare_rig(town: Town, asked: str) -> ErrandRig:
    """``asked``: JSON of home, rig, prefix, target, remote (None: it is pushed) and pushed. What lands is for that town
    alone to land. Raises RefusedError where a rig of that name is somebody else's.
    """
    told = _read(town, asked, "home", "rig", "prefix", "target")
    name, home, target = told["rig"], told["home"], told["target"]
    rig, owner = find_rig(town.db, name), rows.find_home(town.db, name)
    mirror = town.path / ".gt" / "homes" / f"{name}.git"
    if rig is not None and (owner is None or owner[0] != home):
        whose = "its own" if owner is None else "another town's"
        raise RefusedError(f"rig {name} there is {whose}", hint="gt rig remove it there, or another host")
    pushed = owner[1] if owner is not None else told.get("remote") is None or not _can_fetch(str(told["remote"]))
    if pushed and not (mirror / "HEAD").exists():
        make_folder(mirror.parent)
        git("init", "--quiet", "--bare", "--template=", "--", str(mirror))
    if rig is None and pushed and not told.get("pushed"):
        return _view_rig(town, name, mirror, ready=False)
    with town.change() as change:
        # Before the rig: one that is there and nobody's would be taken for its own.
        rows.set_home(change, name, home, pushed=pushed)
    if rig is None:
        fault_point("errand.rig")
        add_rig(town, name, str(mirror) if pushed else str(told["remote"]), target, told["prefix"])
    rig = town.rig(name)
    if town.settings(rig.name).get("merge.publish") != _PUBLISH:
        configuration.set_key(town, "merge.publish", _PUBLISH, rig=rig)
        town.reload_settings()
    if rig.target != target and (not pushed or told.get("pushed")):
        set_rig(town, rig, target)
    return _view_rig(town, name, mirror if pushed else None, ready=True)


def _view_rig(town: Town, name: str, mirror: Path | None, *, ready: bool) -> ErrandRig:
    repository = town.rig_folder(RigName(name)) / "repo.git"
    rig = find_rig(town.db, name)
    return ErrandRig(name, ready, str(mirror) if mirror else None, str(repository), rig.target if rig else None)


def _can_fetch(url: str) -> bool:
    try:
        return bool(sources.probe_remote(url).branches)
    except GtError:
        return False


def take(town: Town, asked: str) -> ErrandView:
    """``asked``: JSON of home, delegation, bead, rig, title, body, priority, labels, provider, and start. The same
    delegation gives the same bead. It waits for a worker here from when it is to start. With ``place`` the rig is
    prepared too; raises RefusedError where its code must be pushed for that.
    """
    told = _read(town, asked, "home", "delegation", "bead", "rig", "title")
    place = told.get("place")
    prepared = prepare_rig(town, json.dumps({**place, "home": told["home"]})) if isinstance(place, dict) else None
    if prepared is not None and prepared.pushed_to is not None:
        raise RefusedError(f"the code of {told['rig']} cannot be fetched here", hint="it is pushed from home")
    rig = town.rig(told["rig"])
    owner = rows.find_home(town.db, rig.name)
    if owner is None or owner[0] != told["home"]:
        raise RefusedError(f"rig {rig.name} is not that town's here", hint=f"gt rig show {rig.name}")
    with town.change() as change:
        errand = rows.find_errand(change, told["home"], told["delegation"])
        if errand is None:
            labels = told.get("labels")
            bead = beads.insert_bead(
                change, rig.name, rig.prefix, title=told["title"], body=str(told.get("body") or ""),
                priority=int(str(told.get("priority", 2))),
                labels=[str(label) for label in labels] if isinstance(labels, list) else [], needs=(),
            )  # fmt: skip
            errand = rows.Errand(told["delegation"], told["home"], bead, told["bead"])
            rows.insert_errand(change, errand)
        found = beads.get_bead(change, errand.bead)
        if told.get("start") and found.state is BeadState.OPEN and found.target is None and found.reason is None:
            provider = told.get("provider")
            beads.note_target(change, errand.bead, rig.name, str(provider) if provider else None)
    fault_point("errand.taken")
    if told.get("start") and town.is_wanted():
        ensure_up(town)  # after a restart of the machine, say; what its person took down stays down
    return _view_one(town, errand)


def list_errands(town: Town, asked: str) -> list[ErrandView]:
    """Of the town whose ``home`` is asked for: those in ``delegations``, and all that are not over."""
    told = _read(town, asked, "home")
    named = told.get("delegations")
    wanted = set(map(str, named)) if isinstance(named, list) else set()
    errands = {errand.bead: errand for errand in rows.list_errands(town.db, told["home"])}
    found = [
        bead
        for bead in beads.list_those(town.db, errands)
        if errands[bead.id].delegation in wanted or bead.state not in OVER
    ]
    halts = _find_halts(town, found)
    return [_view(town, errands[bead.id], bead, halts.get(bead.id)) for bead in found]


def answer(town: Town, asked: str) -> ErrandView:
    """``asked``: JSON of home, delegation and outcome: ``landed`` as ``commit``, of ``head``; ``refused``, with
    ``reason``, ``words``, ``log`` and the ``head`` that was; or anything else: it is not to be done here any more.
    """
    told = _read(town, asked, "home", "delegation", "outcome")
    errand = rows.find_errand(town.db, told["home"], told["delegation"])
    if errand is None:
        raise NotFoundError(f"no delegation {told['delegation']} here")
    bead = beads.get_bead(town.db, errand.bead)
    rig = town.rig(bead.rig)
    refinery = town.acting_as(Address(f"{rig.name}/refinery"))  # the word is that of home's
    request = get_merge_request(town.db, bead.merge_request) if bead.merge_request else None
    waits = bead.state is BeadState.SUBMITTED and request is not None and request.state in LIVE
    if told["outcome"] == "refused":
        if waits and request is not None and request.head == told.get("head"):
            log = town.logs / "merge" / f"{request.id}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(log, str(told.get("log") or "").encode())
            reason = Reason.CONFLICTED if told.get("reason") == Reason.CONFLICTED else Reason.REJECTED
            with town.change() as change:
                move_merge_request(change, request.id, "test")
            send_back(refinery, request, reason, str(told.get("words") or "refused at home"), log)
    elif told["outcome"] == Outcome.LANDED and waits and request is not None and request.head == told.get("head"):
        record_merged(refinery, rig, request, Commit(str(told.get("commit") or request.head)), local=False)
    else:
        _end(town, bead, Reason.DONE if told["outcome"] == Outcome.LANDED else Reason.WONTDO)
    # What a kill cut off the last time.
    report_all(refinery, rig.name)
    return _view_one(town, errand)


def _end(town: Town, bead: Bead, reason: Reason) -> None:
    """Its work is saved, and it is given to nobody any more. Killed half-way, the same call completes it."""
    if bead.state in (BeadState.HOOKED, BeadState.WORKING):
        unsling(town, bead)
    with town.change() as change:
        now = beads.get_bead(change, bead.id)
        if now.state is BeadState.SUBMITTED:
            if now.merge_request and get_merge_request(change, now.merge_request).state in LIVE:
                move_merge_request(change, now.merge_request, "supersede", reason="its home took it back")
                mark_told(change, now.merge_request)
            beads.refuse_bead(change, bead.id, Reason.UNSLUNG, target=None)
            now = beads.get_bead(change, bead.id)
        if now.state is BeadState.OPEN:
            beads.close_bead(change, bead.id, reason)
            escalations.resolve_about(change, bead.id)


def _view_one(town: Town, errand: rows.Errand) -> ErrandView:
    bead = beads.get_bead(town.db, errand.bead)
    return _view(town, errand, bead, _find_halts(town, [bead]).get(bead.id))


def _view(town: Town, errand: rows.Errand, bead: Bead, halt: str | None) -> ErrandView:
    rig = town.rig(bead.rig)
    head, base = _find_work(town, rig, bead)
    return ErrandView(
        errand.delegation, errand.theirs, rig.name, bead.id, bead.state, bead.reason, _words(town, bead),
        bead.assignee, _branch(town, bead), head, base, bead.report, bead.merged_commit,
        str(town.rig_folder(rig.name) / "repo.git"), halt,
    )  # fmt: skip


def _find_halts(town: Town, found: Sequence[Bead]) -> dict[BeadId, str | None]:
    """Why those that nobody has begun wait: the town is looked at once."""
    waiting = [bead for bead in found if bead.state is BeadState.OPEN]
    if not town.is_wanted():
        return dict.fromkeys((bead.id for bead in found), "the town is down")
    with contextlib.suppress(GtError):  # settings that cannot be read hide no bead
        return {id: reason_of(waits) for id, waits in explain_beads(town, waiting).items()} if waiting else {}
    return {}


def _branch(town: Town, bead: Bead) -> str:
    agent = find_agent(town.db, bead.assignee) if bead.assignee else None
    return bead.branch or (branch_of(agent, bead.id) if agent else f"bead/{bead.id}")


def _find_work(town: Town, rig: Rig, bead: Bead) -> tuple[str | None, str | None]:
    """What was submitted, or else the branch, where it has commits."""
    if bead.state in (BeadState.SUBMITTED, BeadState.MERGED) and bead.merge_request:
        request = get_merge_request(town.db, bead.merge_request)
        return request.head, request.base
    if bead.branch is None or bead.base is None or bead.state in (BeadState.HOOKED, BeadState.WORKING):
        return None, None  # while somebody is at it, nobody asks for it
    head = town.repository(rig.name).resolve(f"refs/heads/{bead.branch}")
    return (head, bead.base) if head is not None and head != bead.base else (None, None)


def _words(town: Town, bead: Bead) -> str | None:
    """What was escalated about it, last."""
    if bead.reason != Reason.ESCALATED:
        return None
    asked = [each for each in escalations.list_escalations(town.db) if each.bead == bead.id]
    return asked[-1].text if asked else None


def _read(town: Town, asked: str, *needed: str) -> dict[str, Any]:
    """Raises RefusedError where it is for another town, that lay here before: this one knows nothing of its beads."""
    found = json_object(asked)
    if found.get("to") not in (None, get_meta(town.db, "id")):
        raise RefusedError(
            f"{town.path} is another town than the one that was added", hint="gt host check NAME, at home"
        )
    lacking = [name for name in needed if not isinstance(found.get(name), str)]
    if lacking:
        raise UsageError(f"the errand does not say {', '.join(lacking)}")
    return found

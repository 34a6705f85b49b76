"""Beads that hosts work at: one pass over all of a host, from rows and from what it says; any pass may be cut off."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, assert_never

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.delegations import Delegation, Home, Outcome, Stage, Step, Word, decide, find_outcome
from gastown_tmux.domain.hosts import Host
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.waiting import STUCK
from gastown_tmux.domain.work import RETRIED, Bead, BeadState, Reason
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.hosts.prefix import AwayError, Prefix
from gastown_tmux.errors import GtError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.merging import away_branches as branches
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.landed import notify_landed
from gastown_tmux.operations.workforce.hosts import ask, reach
from gastown_tmux.reading import read_end, text_of
from gastown_tmux.store import beads, convoys
from gastown_tmux.store import delegations as rows
from gastown_tmux.store.hosts import get_host, note_heard, note_trouble
from gastown_tmux.store.merging import get_merge_request
from gastown_tmux.store.meta import get_meta
from gastown_tmux.store.rigs import find_rig

#: From one answer of a host; the next one tells the rest.
_STEPS = 6
_LOG_BYTES = 200_000
#: A host that is to prepare a rig fetches its repository.
_RIG_SECONDS = 900.0
_TAKE_SECONDS = 120.0


@dataclass
class Visit:
    """One pass over what a host has of ours. ``ready``: rigs that were prepared there in this pass."""

    town: Town
    host: Host
    ready: dict[str, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        return get_meta(self.town.db, "id") or ""

    @cached_property
    def way(self) -> Prefix:
        return reach(self.town, self.host)

    def errand(self, verb: str, seconds: float = 60.0, **told: object) -> Any:
        data = json.dumps({"home": self.key, "to": self.host.key, **told}).encode()
        return ask(self.town, self.host, ["errand", verb, "-"], data=data, seconds=seconds)


def attend(town: Town, name: str) -> bool:
    """Brings each delegation of the host as far as it goes now; whether any is under way still.

    Raises AwayError where the host does not answer; then nothing is known, and nothing was decided.
    """
    known = {each.id: each for each in rows.list_open(town.db, name)}
    host = get_host(town.db, name)
    if host.is_unfit:
        return bool(known)
    visit = Visit(town, host)
    fresh = [each.id for each in known.values() if each.stage is Stage.GIVEN]
    for id in fresh:
        _follow_alone(visit, id, None, asked=False)  # the same key gives what is there already
    if (
        fresh
        and len(fresh) == len(known)
        and all(each.stage is not Stage.GIVEN for each in rows.list_open(town.db, name))
    ):
        return True
    try:
        answers = visit.errand("list", delegations=list(known))
    except AwayError:
        raise
    except GtError as error:  # a disk that is full there, a gt that was replaced: it is as good as away
        with town.change() as change:
            note_trouble(change, name, error.message)
        raise AwayError(error.message, error.hint, whole=error.whole) from None
    with town.change() as change:
        note_heard(change, name)
    heard = {str(item.get("delegation")): item for item in _items(answers)}
    for id, item in heard.items():
        if id not in known:
            known |= {id: found} if (found := _adopt(town, name, id, item)) else {}
    for id in known:
        _follow_alone(visit, id, heard.get(id))
    return bool(rows.list_open(town.db, name))


def _follow_alone(visit: Visit, id: str, item: dict[str, Any] | None, *, asked: bool = True) -> None:
    """What goes wrong with one keeps no other. Raises AwayError, which does. Not ``asked``: nothing is known of what
    the host has, and it may only be given this.
    """
    lost = None
    with isolated(visit.town, f"delegation to {visit.host.name},", id):
        try:
            _follow(visit, id, item, asked=asked)
        except AwayError as error:
            lost = error
    if lost is not None:
        raise lost


def _items(answer: object) -> list[dict[str, Any]]:
    items = answer.get("items") if isinstance(answer, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _adopt(town: Town, host: str, id: str, item: Mapping[str, Any]) -> Delegation | None:
    """One that our rows do not name: they were restored from a backup, or its host was. What it did is kept."""
    found = rows.find_delegation(town.db, id)
    theirs, rig = text_of(item.get("theirs")), text_of(item.get("rig"))
    if found is None and theirs and rig and find_rig(town.db, rig) is not None:
        with town.change() as change:
            rows.adopt_delegation(change, id, theirs, rig, host)
        return rows.get_delegation(town.db, id)
    return found if found is not None and found.host == host else None


def _follow(visit: Visit, id: str, item: dict[str, Any] | None, *, asked: bool) -> None:
    for _ in range(_STEPS):
        step, one = _decide(visit.town, id, item)
        if not asked and step is not Step.GIVE:
            return
        asked = True
        fault_point(f"delegation.{step.replace(' ', '-')}")
        try:
            item, goes_on = _take(visit, step, one, item)
        except AwayError:
            raise
        except GtError as error:
            with visit.town.change() as change:
                rows.note_word(change, id, there=one.there, worker=one.worker, word=STUCK + one_line(error.message))
            raise
        if not goes_on:
            return


def _decide(town: Town, id: str, item: Mapping[str, Any] | None) -> tuple[Step, Delegation]:
    one = rows.get_delegation(town.db, id)
    bead = beads.find_bead(town.db, one.bead)
    request = rows.find_request(town.db, one.bead, one.head) if one.head else None
    named = bead is not None and bead.delegation == id
    home = Home(
        one.stage, one.outcome, named, bead.state if bead else BeadState.CLOSED, bead.reason if bead else None,
        request[1] if request else None, one.head,
    )  # fmt: skip
    return decide(home, _word(item)), one


def _word(item: Mapping[str, Any] | None) -> Word | None:
    if item is None:
        return None
    try:
        state = BeadState(str(item.get("state")))
    except ValueError:
        state = BeadState.WORKING  # a word of a gt to come: it goes on there
    head, base = branches.commit_of(item.get("head")), branches.commit_of(item.get("base"))
    return Word(state, text_of(item.get("reason")), head, base)


def _take(visit: Visit, step: Step, one: Delegation, item: dict[str, Any] | None) -> tuple[dict[str, Any] | None, bool]:
    """What the host says after it, and whether another step may follow."""
    town, host = visit.town, visit.host.name
    match step:
        case Step.GIVE:
            return _give(visit, one), True
        case Step.NOTE:
            _note(town, one, item or {})
            return item, False
        case Step.ARRIVE:
            head, base = _fetch(visit, one, item or {})
            return item, branches.queue(town, one, host, str((item or {}).get("worker")), head, base)
        case Step.KEEP if find_rig(town.db, one.rig) is None:  # it was removed here: the branch stays with the host
            if (word := _word(item)) is not None and word.head is not None:
                with town.change() as change:
                    rows.set_head(change, one.id, word.head)
            return item, True
        case Step.KEEP:
            head, base = _fetch(visit, one, item or {})
            branches.keep(town, one, head, base)
            return item, True
        case Step.CLOSE:
            _close(town, one, item or {})
            return item, True
        case Step.RETURN:
            if (item or {}).get("head"):
                _fetch(visit, one, item or {})
            _return(town, one, item or {})
            return item, True
        case Step.SEND_BACK:
            _send_back(town, one)
            return item, True
        case Step.FINISH:
            _finish(town, one)
            return item, True
        case Step.TELL:
            return _tell(visit, one), True
        case Step.END:
            with town.change() as change:
                rows.move_delegation(change, one.id, Stage.ENDED)
            return item, False
        case Step.WAIT:
            return item, False
        case _:
            assert_never(step)


def _give(visit: Visit, one: Delegation) -> dict[str, Any]:
    """The rig there, then the bead, then what was done of it before, and then its start."""
    town, bead = visit.town, beads.get_bead(visit.town.db, one.bead)
    rig = town.rig(bead.rig)
    place = {"rig": rig.name, "prefix": rig.prefix, "target": rig.target, "remote": branches.find_remote(town, rig)}
    asked: dict[str, object] = {
        "delegation": one.id, "bead": bead.id, "rig": rig.name, "title": bead.title, "body": bead.body,
        "priority": bead.priority, "labels": list(bead.labels),
        "provider": bead.provider or next(iter(visit.host.allowed), None),
    }  # fmt: skip
    before = town.repository(rig.name).resolve(f"refs/heads/{bead.branch}") if bead.branch else None
    item = _take_there(visit, one, asked, place) if before is None else None
    if item is not None:
        return item
    if rig.name not in visit.ready:
        _prepare(visit, place)
    fault_point("delegation.prepared")
    if before is not None:
        item = visit.errand("take", _TAKE_SECONDS, **asked, start=False)
        branches.push_work(town, rig, visit.way, item, Commit(before))
    return _keep_taken(visit, one, visit.errand("take", _TAKE_SECONDS, **asked, start=True))


def _take_there(
    visit: Visit, one: Delegation, asked: Mapping[str, object], place: Mapping[str, object]
) -> dict[str, Any] | None:
    """In one question, where the host can fetch the code by itself; None where the rig is to be prepared first."""
    if place["remote"] is None:
        return None  # it is pushed from here, each time as it is now
    try:
        return _keep_taken(visit, one, visit.errand("take", _RIG_SECONDS, **asked, start=True, place=place))
    except AwayError:
        raise
    except GtError:  # step by step it is seen, and told, what it lacks
        return None


def _keep_taken(visit: Visit, one: Delegation, item: Mapping[str, Any]) -> dict[str, Any]:
    with visit.town.change() as change:
        rows.move_delegation(change, one.id, Stage.THERE)
    return dict(item)


def _prepare(visit: Visit, told: Mapping[str, object]) -> None:
    """The rig there; from a remote that it reaches, else pushed from here."""
    town = visit.town
    place = visit.errand("rig", _RIG_SECONDS, **told)
    if place.get("pushed_to"):
        branches.push_target(town, town.rig(str(told["rig"])), visit.way, str(place["pushed_to"]))
        if not place.get("ready") or place.get("target") != told["target"]:
            place = visit.errand("rig", _RIG_SECONDS, **told, pushed=True)
    visit.ready[str(told["rig"])] = place


def _note(town: Town, one: Delegation, item: Mapping[str, Any]) -> None:
    told = (item.get("state"), item.get("reason"), item.get("halt"))
    words = one_line(", ".join(str(word) for word in told if word))
    with town.change() as change:
        rows.note_word(change, one.id, there=text_of(item.get("bead")), worker=text_of(item.get("worker")), word=words)
        if one.stage is Stage.GIVEN:
            rows.move_delegation(change, one.id, Stage.THERE)


def _fetch(visit: Visit, one: Delegation, item: Mapping[str, Any]) -> tuple[Commit, Commit]:
    word = _word(item)
    if word is None or word.head is None or word.base is None:
        raise GtError(f"{visit.host.name} does not say what was done of {one.bead}")
    branches.fetch(visit.town, visit.way, one, str(item.get("repository")), word.head)
    return word.head, word.base


def _is_still(change: Any, one: Delegation) -> Bead | None:
    """The bead, where its row names the delegation and it is away."""
    bead = beads.find_bead(change, one.bead)
    return bead if bead is not None and bead.delegation == one.id and bead.state is BeadState.AWAY else None


def _close(town: Town, one: Delegation, item: Mapping[str, Any]) -> None:
    convoy = None
    with town.change() as change:
        if (bead := _is_still(change, one)) is None:
            return
        beads.report_bead(change, bead.id, text_of(item.get("report"), 1 << 20) or f"done on {one.host}")
        convoy = bead.convoy
        convoys.land_convoy(change, convoy)
        rows.move_delegation(change, one.id, Stage.OVER, outcome=Outcome.ANSWERED)
    notify_landed(town, convoy)


def _return(town: Town, one: Delegation, item: Mapping[str, Any]) -> None:
    said = text_of(item.get("reason"))
    reason = Reason(said) if said in (Reason.DEFERRED, Reason.PARKED) else Reason.ESCALATED
    words = text_of(item.get("words"), 1 << 16) or f"{item.get('state')} on {one.host}" + (
        f" as {said}" if said else ""
    )
    head = branches.commit_of(item.get("head"))
    branch = branches.offer(town, one, head) if head else None
    with town.change() as change:
        if (bead := _is_still(change, one)) is None:
            return
        beads.recall_bead(change, bead.id, reason, branch=branch)
        if reason is Reason.ESCALATED:
            text = words if words.startswith(bead.id) else f"{bead.id}: {words}"
            raise_escalation(change, "medium", text, bead=bead.id)
        if head is not None:
            rows.set_head(change, one.id, head)
        rows.move_delegation(change, one.id, Stage.OVER, outcome=Outcome.ANSWERED)


def _send_back(town: Town, one: Delegation) -> None:
    """What the refinery refused is the host's again, in one with the reason."""
    with town.change() as change:
        bead = beads.find_bead(change, one.bead)
        if bead is None or bead.delegation != one.id or bead.state is not BeadState.OPEN or bead.reason not in RETRIED:
            return
        reason, log = rows.find_refusal(change, bead.merge_request)
        beads.delegate_bead(change, bead.id, one.id, one.host)
        rows.move_delegation(change, one.id, Stage.BACK, words=reason, log=log)


def _finish(town: Town, one: Delegation) -> None:
    before = beads.find_bead(town.db, one.bead)
    if one.head is not None and before is not None and before.state is BeadState.OPEN:
        branches.offer(town, one, one.head)
    with town.change() as change:
        bead = beads.find_bead(change, one.bead)
        named = bead is not None and bead.delegation == one.id
        home = Home(one.stage, named=named, bead=bead.state if bead else BeadState.CLOSED)
        outcome = find_outcome(home)
        if named and bead is not None and outcome is Outcome.REVOKED:
            if bead.state is not BeadState.OPEN:
                return
            beads.release_bead(change, bead.id)
        commit = bead.merged_commit if bead is not None and outcome is Outcome.LANDED else None
        rows.move_delegation(change, one.id, Stage.OVER, outcome=outcome, commit=commit)


def _tell(visit: Visit, one: Delegation) -> dict[str, Any]:
    town = visit.town
    if one.stage is not Stage.BACK:
        outcome = one.outcome or Outcome.REVOKED
        bead = beads.find_bead(town.db, one.bead)
        head = get_merge_request(town.db, bead.merge_request).head if bead and bead.merge_request else None
        return dict(visit.errand("answer", delegation=one.id, outcome=outcome, commit=one.commit, head=head))
    bead = beads.get_bead(town.db, one.bead)
    item = visit.errand(
        "answer", delegation=one.id, outcome="refused", reason=bead.reason, words=one.words, head=one.head,
        log=_read_log(one.log),
    )  # fmt: skip
    with town.change() as change:
        rows.move_delegation(change, one.id, Stage.THERE)
    return dict(item)


def _read_log(log: str | None) -> str:
    try:
        return read_end(log, _LOG_BYTES).decode(errors="replace") if log else ""
    except OSError:
        return ""

"""gt sling: put work on a hook and start the worker. One transaction claims before any process starts."""

import shlex
from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.hosts import parse_place
from gastown_tmux.domain.ids import BeadId, is_bead_id
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import RETRIED, WAITING, Bead, BeadState, Reason
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError, in_words
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.town.lookup import find_target, guess_rig, near_target, resolve_bead, resolve_convoy
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.giving_away import give_away
from gastown_tmux.operations.work.placement import give
from gastown_tmux.operations.work.schedule import start_claimed, take_back
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store import beads as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.escalations import resolve_about
from gastown_tmux.store.merging import get_merge_request, mark_told, move_merge_request
from gastown_tmux.store.meta import find_result, keep_result
from gastown_tmux.store.rigs import list_rigs


@dataclass(frozen=True, slots=True)
class Slung:
    """``agent`` holds the bead; without one, ``waits`` says what for."""

    bead: BeadId
    agent: Address | None
    waits: Wait | None


def sling(
    town: Town,
    words: Sequence[str] = (),
    message: str | None = None,
    provider: str | None = None,
    rig: Rig | None = None,
    key: str | None = None,
) -> Answer:
    """``words`` are beads, the last one perhaps a rig, an agent or ``RIG@HOST``; with ``message`` the bead is made too.

    Beads beyond the rig's capacity, or with needs that are not met, stay open with the target noted, and start by
    themselves. Raises RefusedError for a bead that another agent holds, and then nothing is claimed. What could not be
    started is tried again by the same ``key``.
    """
    words, host = _part_host(town, words)
    given, target = _split(town, words, message, rig)
    if message is not None and target is None:
        target = guess_rig(town)
    slung = _claim(town, given, target, message, provider, key, host)
    fault_point("sling.claimed")
    _start(town, [(item.bead, item.agent) for item in slung if item.agent is not None])
    if host is not None and town.is_person and any(item.waits is None for item in slung):
        ensure_up(town)  # whoever tells the host
    beads = [rows.get_bead(town.db, item.bead) for item in slung]
    said = [_describe(town, bead, item.waits) for bead, item in zip(beads, slung, strict=True)]
    return Answer(beads, "\n".join(said))


def _start(town: Town, claimed: Sequence[tuple[BeadId, Address]]) -> None:
    """What cannot be started is taken off its hook again. Raises the first reason."""
    failures: list[tuple[BeadId, Address, GtError]]
    try:
        if town.is_person:
            ensure_up(town)
        failures = start_claimed(town, claimed)
    except (GtError, OSError) as error:
        failures = [(bead, address, in_words(error)) for bead, address in claimed]
        if not failures:
            raise
    for bead, address, _ in failures:
        take_back(town, bead, address, target=None)
        town.say(f"{bead} stays open: {address} could not be started")
    if failures:
        raise failures[0][2]


def _describe(town: Town, bead: Bead, waits: Wait | None) -> str:
    match bead.state:
        case BeadState.OPEN if waits is not None:
            way = f": {waits.next[0]}" if waits.stranded and waits.next else ""
            return f"{bead.id} stays open: {waits.reason}{way}"
        case BeadState.OPEN:
            return f"{bead.id} stays open"
        case BeadState.AWAY:
            return f"{bead.id} is given to {bead.host}{_find_silence(town, bead.host)}"
        case BeadState.HOOKED | BeadState.WORKING:
            return f"{bead.id} is on the hook of {bead.assignee}"
        case _:
            return f"{bead.id} is {bead.state}"


def _find_silence(town: Town, name: str | None) -> str:
    from gastown_tmux.store.hosts import find_host  # few beads go there

    host = find_host(town.db, name or "")
    return "" if host is None or host.trouble is None else f", and is told there when that answers: {host.trouble}"


def _part_host(town: Town, words: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """The words with the rig instead of ``RIG@HOST``, and the host. Raises NotFoundError for one that is none."""
    place = parse_place(words[-1]) if words else None
    if place is None:
        return words, None
    from gastown_tmux.store.hosts import get_host  # few beads go there

    return [*words[:-1], town.rig(place[0]).name], get_host(town.db, place[1]).name


def _split(
    town: Town, words: Sequence[str], message: str | None, rig: Rig | None
) -> tuple[list[BeadId], Rig | Address | None]:
    """Beads and target. A bead id is told from a name by its prefix and '-'."""
    given, place = list(words), rig
    target: Rig | Address | None = find_target(town, given[-1]) if given else None
    if target is not None:
        word = given.pop()
        if rig is not None and (target.name if isinstance(target, Rig) else target.rig) != rig.name:
            raise UsageError(f"--rig {rig.name} and {word} contradict each other", hint="name one of them")
    target = target or place
    if message is not None:
        _check_message(town, message, given, target)
        return [], target
    if not given:
        raise UsageError("no bead is named", hint="gt sling BEAD… [TARGET], or gt sling -m WORDS RIG")
    return [bead for word in given for bead in _resolve_all(town, word)], target


def _resolve_all(town: Town, word: str) -> list[BeadId]:
    """A convoy is all of its beads that are open."""
    if not word.startswith("cv-"):
        return [_resolve(town, word).id]
    convoy = resolve_convoy(town, word)
    found = {bead.id for bead in rows.list_those(town.db, convoy.beads) if bead.state is BeadState.OPEN}
    beads = [id for id in convoy.beads if id in found]
    if not beads:
        raise RefusedError(f"no bead of {convoy.id} is open", hint=f"gt convoy show {convoy.id}")
    return beads


def _check_message(town: Town, message: str, given: Sequence[str], target: Rig | Address | None) -> None:
    """Raises UsageError, NotFoundError for what cannot be the words of a bead and its target."""
    if not message.strip():
        raise UsageError("-m needs words", hint="gt sling -m WORDS RIG")
    if len(given) == 1 and target is None and not _may_be_bead(town, given[0]):
        near = near_target(town, given[0])
        raise NotFoundError(f"no rig or agent {given[0]!r}", hint=f"did you mean {near}?" if near else "gt rig list")
    if given and all(_may_be_bead(town, word) for word in given):
        raise UsageError("-m makes the bead: name no other", hint="gt sling -m WORDS RIG")
    if given and " " not in message:
        words = shlex.quote(" ".join((message, *given)))
        where = "RIG" if target is None else target.name if isinstance(target, Rig) else target
        raise UsageError(f"-m took {message!r} alone: quote its words", hint=f"gt sling -m {words} {where}")
    if given:
        raise NotFoundError(f"no rig or agent {given[-1]!r}", hint="gt rig list")


def _may_be_bead(town: Town, word: str) -> bool:
    return any(is_bead_id(word, rig.prefix) for rig in list_rigs(town.db))


def _resolve(town: Town, word: str) -> Bead:
    try:
        return resolve_bead(town, word)
    except NotFoundError:
        near = None if _may_be_bead(town, word) else near_target(town, word)
        if near is None:
            raise
        raise NotFoundError(f"no bead, rig or agent {word!r}", hint=f"did you mean {near}?") from None


def _claim(
    town: Town,
    given: Sequence[BeadId],
    target: Rig | Address | None,
    message: str | None,
    provider: str | None,
    key: str | None,
    host: str | None,
) -> list[Slung]:
    if host is None and (provider is not None or not isinstance(target, str)):
        # Before anything is claimed: an agent whose program is not there cannot be started.
        resolve_provider(town, target.name if isinstance(target, Rig) else None, provider)
    with town.change() as change:
        done = find_result(change, "sling", key)
        if done is not None:
            return [_claim_again(town, change, bead, target, provider, host) for bead in done.split()]
        if message is not None:
            rig = target if isinstance(target, Rig) else town.rig(str(target).partition("/")[0])
            given = [
                rows.insert_bead(
                    change, rig.name, rig.prefix, title=message.partition("\n")[0], body=message,
                    priority=2, labels=(), needs=(),
                )
            ]  # fmt: skip
        slung = [_claim_one(town, change, bead, target, provider, host) for bead in dict.fromkeys(given)]
        keep_result(change, "sling", key, " ".join(item.bead for item in slung))
    return slung


def _claim_again(
    town: Town, change: Change, id: str, target: Rig | Address | None, provider: str | None, host: str | None
) -> Slung:
    """As the first sling with this key left it; one that was taken back because it could not be started goes anew."""
    bead = rows.get_bead(change, id)
    if bead.state is BeadState.OPEN and bead.target is None and bead.reason is None:
        return _claim_one(town, change, bead.id, target, provider, host)
    return Slung(bead.id, bead.assignee, None)


def _claim_one(
    town: Town,
    change: Change,
    bead_id: BeadId,
    target: Rig | Address | None,
    provider: str | None,
    host: str | None = None,
) -> Slung:
    bead = rows.get_bead(change, bead_id)
    rig = town.rig(bead.rig)
    if isinstance(target, Rig) and target.name != bead.rig:
        raise RefusedError(f"{bead.id} belongs to rig {bead.rig}, not {target.name}")
    address = target if isinstance(target, Address) else None
    if address is not None and address.rig != bead.rig:
        raise RefusedError(f"{bead.id} belongs to rig {bead.rig}, and {address} does not work on it")
    if bead.state in (BeadState.HOOKED, BeadState.WORKING):
        if address is not None and bead.assignee == address:
            return Slung(bead.id, address, None)
        raise RefusedError(f"{bead.id} is held by {bead.assignee}", hint=f"gt unsling {bead.id}")
    if bead.state is BeadState.AWAY:
        if host == bead.host:
            return Slung(bead.id, None, None)
        raise RefusedError(f"{bead.id} is held by host {bead.host}", hint=f"gt unsling {bead.id} --force")
    if bead.state is not BeadState.OPEN:
        raise RefusedError(f"{bead.id} is {bead.state}", hint=f"gt bead show {bead.id}")
    if bead.delegation is not None and bead.reason not in RETRIED:
        rows.release_bead(change, bead.id)  # it came to a person, and this is their word
    elif bead.delegation is not None:
        raise RefusedError(f"{bead.id} goes back to host {bead.host}", hint=f"gt unsling {bead.id} --force")
    if bead.reason in WAITING and not town.may_decide:
        words = f"{bead.id} is {bead.reason}: the mayor or a person gives it out again"
        raise RefusedError(words, hint=f"gt mail send mayor -s 'sling {bead.id}?'")
    if rig.parked:
        raise RefusedError(f"rig {rig.name} is parked", hint=f"gt rig unpark {rig.name}")
    if bead.reason == Reason.ESCALATED and bead.assignee is not None:
        resolve_about(change, bead.id, bead.assignee)
    note = address or (f"{rig.name}@{host}" if host else rig.name)
    rows.note_target(change, bead.id, note, provider)
    if host is not None:
        return Slung(bead.id, None, give_away(town, change, rows.get_bead(change, bead.id), host))
    placed = give(town, change, rows.get_bead(change, bead.id))
    return Slung(bead.id, None, placed) if isinstance(placed, Wait) else Slung(bead.id, placed, None)


def unsling(town: Town, bead: Bead, force: bool = False) -> Answer:
    """Takes a bead off its hook: the work is saved, the session ends, the bead is open and keeps its branch.

    ``force``: back from the host that has it. What that does all the same arrives as a branch that nothing lands.
    """
    if bead.delegation is not None and bead.state in (BeadState.AWAY, BeadState.SUBMITTED, BeadState.OPEN):
        return _take_from_host(town, bead, force)
    if bead.state is BeadState.OPEN:
        if bead.target is None and bead.reason not in RETRIED:
            return Answer(bead, f"{bead.id} is on no hook")
        with town.change() as change:
            rows.hold_back(change, bead.id)
        return Answer(rows.get_bead(town.db, bead.id), f"{bead.id} waits for no worker any more")
    if bead.state not in (BeadState.HOOKED, BeadState.WORKING) or bead.assignee is None:
        raise RefusedError(f"{bead.id} is {bead.state}: it is not on a hook", hint=f"gt bead show {bead.id}")
    address = bead.assignee
    save_hook(town, town.rig(bead.rig), address, "unsling")
    with town.change() as change:
        rows.return_bead(change, bead.id, Reason.UNSLUNG)
    agent = agent_rows.get_agent(town.db, address)
    if agent.role is Role.POLECAT:
        stop_sessions(town, [address], why="unslung", move="stop")
    elif agent_rows.find_live_session(town.db, address) is not None:
        sending.notify(town, address, f"{bead.id} is off your hook", f"{bead.title}\n\nYour worktree is as it was.\n")
    write_state(town, address)
    return Answer(rows.get_bead(town.db, bead.id), f"{bead.id} is off the hook of {address}, and open")


def _take_from_host(town: Town, bead: Bead, force: bool) -> Answer:
    """The row names the delegation no more; the host is told when it answers."""
    if not force:
        words = f"{bead.id} is held by host {bead.host}: what that does meanwhile would not land"
        raise RefusedError(words, hint=f"gt unsling {bead.id} --force")
    with town.change() as change:
        now = rows.get_bead(change, bead.id)
        if now.delegation is None:
            return Answer(now, f"{bead.id} is no host's any more")
        request = get_merge_request(change, now.merge_request) if now.merge_request else None
        if now.state is BeadState.SUBMITTED and request is not None:
            if request.state is MergeState.PUBLISHING:
                raise RefusedError(f"{request.id} is being published: it is too late", hint=f"gt mq show {request.id}")
            move_merge_request(change, request.id, "supersede", reason="a person took the bead back")
            mark_told(change, request.id)
            rows.refuse_bead(change, bead.id, Reason.UNSLUNG, target=None)
        elif now.state is BeadState.AWAY:
            rows.recall_bead(change, bead.id, Reason.UNSLUNG)
        elif now.state is BeadState.OPEN:
            rows.hold_back(change, bead.id)
        else:
            raise RefusedError(f"{bead.id} is {now.state}", hint=f"gt bead show {bead.id}")
        rows.release_bead(change, bead.id)
    words = f"{bead.id} is open again; what {bead.host} does of it from now on is kept, and lands nowhere"
    return Answer(rows.get_bead(town.db, bead.id), words)

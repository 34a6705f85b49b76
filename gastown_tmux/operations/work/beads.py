"""Beads: units of work."""

from collections.abc import Sequence

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState, Reason
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.town.lookup import guess_rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.town.writing import kept, write
from gastown_tmux.operations.work.landed import notify_landed
from gastown_tmux.store import beads as rows
from gastown_tmux.store import convoys
from gastown_tmux.store.bead_origins import set_parent
from gastown_tmux.store.db import Change
from gastown_tmux.store.escalations import resolve_about
from gastown_tmux.store.meta import once

PRIORITY = 2
_LINES = "its title in the first line, then the text"


def create_bead(
    town: Town,
    title: str | None = None,
    rig: Rig | None = None,
    body: str | None = None,
    priority: int = PRIORITY,
    needs: Sequence[Bead] = (),
    labels: Sequence[str] = (),
    parent: Bead | None = None,
    key: str | None = None,
) -> Answer:
    """Without ``title`` a person at a terminal writes it, and the text. Without ``rig`` it is its parent's, or its
    needs', else the one that is meant here.
    """
    written = None
    kin = {bead.rig for bead in (parent, *needs) if bead is not None}
    rig = rig or (town.rig(kin.pop()) if len(kin) == 1 else guess_rig(town))
    if title is None:
        written = write(
            town, "bead", head="", body=body or "", told=f"# a bead of {rig.name}: its title, then the text"
        )
        if written is None:
            raise UsageError("gt bead create needs TITLE", hint="gt bead create TITLE --rig RIG")
        title, body = written
    with kept(written):
        return _create(town, title, rig, body, priority, needs, labels, parent, key)


def _create(
    town: Town,
    title: str,
    rig: Rig,
    body: str | None,
    priority: int,
    needs: Sequence[Bead],
    labels: Sequence[str],
    parent: Bead | None,
    key: str | None,
) -> Answer:
    _check(title, priority)
    with town.change() as change:

        def make() -> str:
            bead = rows.insert_bead(
                change,
                rig.name,
                rig.prefix,
                title=" ".join(title.split()),
                body=body or "",
                priority=priority,
                labels=labels,
                needs=[bead.id for bead in needs],
            )
            set_parent(change, bead, parent.id if parent else None)
            return bead

        made = once(change, "bead create", key, make)
    bead = rows.get_bead(town.db, made)
    return Answer(bead, bead.id)


def _check(title: str, priority: int) -> None:
    if not title.strip():
        raise UsageError("a bead needs a title")
    if not 0 <= priority <= 4:
        raise UsageError("a priority is 0 (first) to 4 (last)")


def update_bead(
    town: Town,
    bead: Bead,
    title: str | None = None,
    body: str | None = None,
    priority: int | None = None,
    needs: Sequence[Bead] | None = None,
    labels: Sequence[str] | None = None,
    parent: Bead | None = None,
    no_parent: bool = False,
) -> Answer:
    """Where nothing is given, a person at a terminal changes title and text. Raises RefusedError where the parent would
    be a part of the bead itself.
    """
    if (title, body, priority, needs, labels, parent) == (None,) * 6 and not no_parent:
        written = write(town, "bead", head=bead.title, body=bead.body, told=f"# {bead.id}: {_LINES}")
        if written is None:
            raise UsageError("nothing to change is named", hint="gt help bead update")
        title, body = written[0], bead.body if written[1] == bead.body.strip("\n") else written[1]
        with kept(written):
            return update_bead(town, bead, title, body)
    with town.change() as change:
        was = rows.get_bead(change, bead.id)
        new = replace(
            was,
            title=was.title if title is None else " ".join(title.split()),
            body=was.body if body is None else body,
            priority=was.priority if priority is None else priority,
            labels=was.labels if labels is None else tuple(labels),
        )
        _check(new.title, new.priority)
        if new != was:
            rows.update_bead(change, bead.id, title=new.title, body=new.body, priority=new.priority, labels=new.labels)
        if needs is not None:
            rows.set_needs(change, bead.id, [needed.id for needed in needs])
        if parent is not None or no_parent:
            set_parent(change, bead.id, parent.id if parent else None)
        found = rows.get_bead(change, bead.id)
        same = new == was and set(found.needs) == set(was.needs) and found.parent == was.parent
    if found.assignee is not None and found.state in (BeadState.HOOKED, BeadState.WORKING):
        write_state(town, found.assignee)
    return Answer(found, f"{bead.id} is like that already" if same else f"{bead.id} is updated")


def close_bead(town: Town, bead: Bead, reason: str = Reason.DONE, with_request: bool = False) -> Answer:
    """``with_request``: its pull request is closed at the forge first; one that waits there for people is given up.
    What was asked about the bead is resolved too.

    Raises RefusedError for one that an agent holds or the refinery has.
    """
    if bead.state is BeadState.CLOSED and bead.reason == reason and not with_request:
        notify_landed(town, bead.convoy)
        return Answer(bead, f"{bead.id} is closed already")
    if bead.state is BeadState.CLOSED and bead.reason != reason:
        raise RefusedError(f"{bead.id} is closed as {bead.reason} already", hint=f"gt bead reopen {bead.id}")
    if bead.state is BeadState.MERGED:
        raise RefusedError(f"{bead.id} is merged already", hint=f"gt bead show {bead.id}")
    if bead.state in (BeadState.HOOKED, BeadState.WORKING):
        raise RefusedError(f"{bead.id} is held by {bead.assignee}", hint=f"gt unsling {bead.id}")
    if bead.state is BeadState.AWAY:
        raise RefusedError(f"{bead.id} is held by host {bead.host}", hint=f"gt unsling {bead.id} --force")
    proposed = bead.merge_request is not None and _is_proposed(town, bead)
    if bead.state is BeadState.SUBMITTED and not proposed:
        raise RefusedError(f"{bead.id} is in the merge queue", hint=f"gt mq reject {bead.merge_request}")
    if bead.state is BeadState.SUBMITTED and not with_request:
        hint = f"gt bead close {bead.id} --reason {reason} --with-request, or gt mq reject {bead.merge_request}"
        raise RefusedError(f"{bead.id} waits for people, as a pull request: gt mq show {bead.merge_request}", hint=hint)
    url = _close_request(town, bead) if with_request else None
    with town.change() as change:
        _close(change, bead, reason)
        convoys.land_convoy(change, bead.convoy)
        asked = resolve_about(change, bead.id)
    notify_landed(town, bead.convoy)
    text = "\n".join([_tell_closed(town, bead, reason, url), *(f"{each} is resolved" for each in asked)])
    return Answer(rows.get_bead(town.db, bead.id), text)


def _close(change: Change, bead: Bead, reason: str) -> None:
    now = rows.get_bead(change, bead.id)
    if now.state is BeadState.CLOSED:
        return
    if now.state is BeadState.SUBMITTED and now.merge_request is not None:
        from gastown_tmux.store.merging import mark_told, move_merge_request

        move_merge_request(change, now.merge_request, "supersede", reason=f"{bead.id} was closed as {reason}")
        mark_told(change, now.merge_request)
        rows.close_bead(change, bead.id, reason, "settle")
        return
    rows.close_bead(change, bead.id, reason)


def _is_proposed(town: Town, bead: Bead) -> bool:
    from gastown_tmux.store.merging import get_merge_request  # most were never submitted

    return get_merge_request(town.db, bead.merge_request or "").state == "proposed"


def _close_request(town: Town, bead: Bead) -> str:
    from gastown_tmux.operations.work.pull_requests import close_pull_request  # the forge, which few ask

    return close_pull_request(town, bead)


def _tell_closed(town: Town, bead: Bead, reason: str, url: str | None) -> str:
    words = f"{bead.id} is closed as {reason}"
    if url is not None:
        return f"{words}, and so is {url}"
    if bead.merge_request is None:
        return words
    from gastown_tmux.store.proposals import find_proposal

    known = find_proposal(town.db, bead.id)
    more = (
        f"; {known.url} stays as it is\nnext: gt bead close {bead.id} --reason {reason} --with-request" if known else ""
    )
    return words + more


def reopen_bead(town: Town, bead: Bead) -> Answer:
    if bead.state is BeadState.OPEN:
        return Answer(bead, f"{bead.id} is open already")
    with town.change() as change:
        rows.reopen_bead(change, bead.id)
    return Answer(rows.get_bead(town.db, bead.id), f"{bead.id} is open\nnext: gt sling {bead.id}")

"""Convoys: beads that land together. Made, added to, watched, closed, cancelled."""

from collections.abc import Sequence

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import ConvoyId
from gastown_tmux.domain.pages import Page, most_of
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState, Convoy, ConvoyState
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.landed import notify_landed
from gastown_tmux.store import beads as rows
from gastown_tmux.store import convoys
from gastown_tmux.store.bead_origins import list_parts
from gastown_tmux.store.meta import once


def create_convoy(
    town: Town,
    name: str,
    beads: Sequence[Bead] = (),
    notify: Address | None = None,
    parent: Bead | None = None,
    text: str | None = None,
    rig: Rig | None = None,
    key: str | None = None,
    together: bool = False,
) -> Answer:
    """Its landing is told to whoever made it, and to ``notify``.

    All parts of ``parent`` are in it too, and the beads that ``text`` describes: they are made in ``rig``, once for
    each name of a convoy. Raises UsageError with the line. ``together``: it lands as a whole or not at all, and is of
    one rig.
    """
    if not name.strip():
        raise UsageError("a convoy needs a name")
    if together:
        require_whole(town, beads)
    with town.change() as change:

        def make() -> str:
            found = [bead.id for bead in beads]
            found += list_parts(change, parent.id) if parent else []
            if text is not None:
                from gastown_tmux.operations.work import bead_files  # YAML's 20 ms, for those that bring a file

                taken = bead_files.take_in(town, change, text, rig, f"{name}: ")
                found += taken.beads
                if words := bead_files.tell_left_out(taken):
                    town.say(words)
            convoy = convoys.insert_convoy(change, name, [notify] if notify else [], together=together)
            convoys.add_to_convoy(change, convoy, found)
            return convoy

        made = ConvoyId(once(change, "convoy create", key, make))
    notify_landed(town, made)
    return Answer(convoys.get_convoy(town.db, made), made)


def require_whole(town: Town, beads: Sequence[Bead]) -> None:
    """Raises RefusedError where work of their rig cannot land as a whole."""
    for rig in sorted({bead.rig for bead in beads}):
        if town.settings(rig).get("merge.publish") == "request":
            hint = f"gt config set merge.publish push --rig {rig}"
            raise RefusedError(
                f"pull requests of {rig} are opened bead by bead: its convoys cannot land as a whole", hint
            )


def list_convoys(
    town: Town,
    rig: Rig | None = None,
    state: str | None = None,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[Convoy] | Page[Convoy]:
    """All, oldest first; with a limit the open and newest come first."""
    only = convoys.ConvoyFilter(rig.name if rig else None, state, moment(since) if since else None, search)
    return convoys.list_convoys(town.db, only) if limit is None else convoys.page_convoys(town.db, only, most_of(limit))


def add_beads(town: Town, convoy: Convoy, beads: Sequence[Bead]) -> Answer:
    """To one that had landed or was closed too: it is open again then, and says so."""
    if convoy.together:
        require_whole(town, beads)
    with town.change() as change:
        was = convoys.get_convoy(change, convoy.id).state
        added = convoys.add_to_convoy(change, convoy.id, [bead.id for bead in beads])
        now = convoys.get_convoy(change, convoy.id)
    notify_landed(town, convoy.id)
    if not added:
        return Answer(now, f"{convoy.id} carries them already")
    again = f", which had {was}, is open again, and" if was is not ConvoyState.OPEN and now.state != was else ""
    again = again.replace("had closed", "was closed")
    return Answer(now, f"{convoy.id}{again} carries {', '.join(added)} now")


def watch_convoy(town: Town, convoy: Convoy, address: Address | None = None) -> Answer:
    """Whoever asks, or ``address``, is told of its landing too."""
    return _watch(town, convoy, address or town.actor, True)


def unwatch_convoy(town: Town, convoy: Convoy, address: Address | None = None) -> Answer:
    """Raises RefusedError for whoever made it: it is that one's news."""
    if (address or town.actor) == convoy.owner:
        raise RefusedError(f"{convoy.owner} made {convoy.id}, and is always told", hint=f"gt convoy close {convoy.id}")
    return _watch(town, convoy, address or town.actor, False)


def _watch(town: Town, convoy: Convoy, address: Address, watches: bool) -> Answer:
    with town.change() as change:
        now = convoys.get_convoy(change, convoy.id).notify
        new = [other for other in now if other != address] + ([address] if watches else [])
        is_same = (address in now) is watches or (watches and address == convoy.owner)
        if not is_same:
            convoys.set_watchers(change, convoy.id, new)
    now_or = "already " if is_same else ""
    words = f"is {now_or}told when it lands" if watches else f"is {now_or}not told of it"
    return Answer(convoys.get_convoy(town.db, convoy.id), f"{convoy.id}: {address} {words}")


def close_convoy(town: Town, convoy: Convoy) -> Answer:
    if convoy.state is ConvoyState.CLOSED:
        return Answer(convoy, f"{convoy.id} is closed already")
    with town.change() as change:
        convoys.move_convoy(change, convoy.id, "close")
    return Answer(convoys.get_convoy(town.db, convoy.id), f"{convoy.id} is closed; its beads are as they were")


def cancel_convoy(town: Town, convoy: Convoy) -> Answer:
    """Closes it and all of its beads that are not done: those on hooks are taken off, their work saved. What is in the
    merge queue goes on, and is named. Twice, or after a kill, the rest is done.
    """
    if convoy.state is ConvoyState.LANDED:
        raise RefusedError(f"{convoy.id} has landed", hint=f"gt convoy close {convoy.id}")
    closed = False
    with town.change() as change:
        if convoys.get_convoy(change, convoy.id).state is not ConvoyState.CLOSED:
            closed = convoys.move_convoy(change, convoy.id, "close")
    dropped, going = list[str](), list[str]()
    for bead in rows.list_those(town.db, convoy.beads):
        if bead.state in (BeadState.HOOKED, BeadState.WORKING):
            from gastown_tmux.operations.work.sling import unsling

            town.say(unsling(town, bead).text)
        if bead.state in (BeadState.SUBMITTED, BeadState.AWAY):
            going.append(bead.id)
            continue
        with town.change() as change:
            if rows.get_bead(change, bead.id).state is BeadState.OPEN:
                rows.close_bead(change, bead.id, "wontdo")
                dropped.append(bead.id)
    words = f"{convoy.id} is cancelled" + ("" if closed or dropped else " already")
    words += f"; closed as wontdo: {', '.join(dropped)}" if dropped else ""
    words += f"; still in the merge queue (gt mq reject BEAD): {', '.join(going)}" if going else ""
    return Answer(convoys.get_convoy(town.db, convoy.id), words)

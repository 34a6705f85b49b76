"""Convoys: beads that land together."""

from collections.abc import Sequence

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import ConvoyId
from gastown_tmux.domain.pages import Page, most_of
from gastown_tmux.domain.work import Bead, Convoy, ConvoyState
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.town.town import Answer, Town
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
    key: str | None = None,
    together: bool = False,
) -> Answer:
    """Its landing is told to ``notify``, else to whoever made it. All parts of ``parent`` are in it too.

    ``together``: it lands as a whole or not at all, and is of one rig.
    """
    if not name.strip():
        raise UsageError("a convoy needs a name")
    with town.change() as change:

        def make() -> str:
            convoy = convoys.insert_convoy(change, name, notify or town.actor, together=together)
            parts = list_parts(change, parent.id) if parent else []
            convoys.add_to_convoy(change, convoy, [*(bead.id for bead in beads), *parts])
            return convoy

        made = ConvoyId(once(change, "convoy create", key, make))
    notify_landed(town, made)
    return Answer(convoys.get_convoy(town.db, made), made)


def notify_landed(town: Town, id: ConvoyId | None) -> None:
    """Its watcher gets one mail for each time that it has landed, however often this is called."""
    convoy = convoys.get_convoy(town.db, id) if id else None
    if convoy is None or convoy.landed is None or convoy.notify is None:
        return
    from gastown_tmux.operations.mail import sending  # 20 ms, and whoever closes or lists a bead seldom ends a convoy

    beads = [rows.get_bead(town.db, bead) for bead in convoy.beads]
    body = "\n".join(f"{bead.id} {bead.state} {bead.merged_commit or ''}".rstrip() for bead in beads)
    seed = f"{convoy.id} {convoy.landed}"
    sending.notify(town, convoy.notify, f"convoy {convoy.name} has landed", body + "\n", seed=seed)


def list_convoys(town: Town, limit: int | None = None) -> list[Convoy] | Page[Convoy]:
    """All, oldest first; with a limit the open and newest come first."""
    return convoys.list_convoys(town.db) if limit is None else convoys.page_convoys(town.db, most_of(limit))


def show_convoy(town: Town, convoy: Convoy) -> Convoy:
    return convoy


def add_beads(town: Town, convoy: Convoy, beads: Sequence[Bead]) -> Answer:
    with town.change() as change:
        added = convoys.add_to_convoy(change, convoy.id, [bead.id for bead in beads])
    notify_landed(town, convoy.id)
    text = f"{convoy.id} carries {', '.join(added)} now" if added else f"{convoy.id} carries them already"
    return Answer(convoys.get_convoy(town.db, convoy.id), text)


def close_convoy(town: Town, convoy: Convoy) -> Answer:
    if convoy.state is ConvoyState.CLOSED:
        return Answer(convoy, f"{convoy.id} is closed already")
    with town.change() as change:
        convoys.move_convoy(change, convoy.id, "close")
    return Answer(convoys.get_convoy(town.db, convoy.id), f"{convoy.id} is closed; its beads are as they were")

"""Everything that waits for a person: what agents ask, merge requests that are held, escalations, mail."""

from dataclasses import dataclass

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.operations.supervision.dialogs import list_waiting
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import find_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import list_merge_requests


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """``kind`` is approval, merge, escalation or mail; ``id`` the agent's, merge request's, escalation's.

    ``title`` says in one line what it is about, ``reason`` why it waits: of an approval, the dialog. ``next`` are the
    commands that take it further; ``digest``, where there is one, goes with the answer.
    """

    kind: str
    id: str
    agent: Address
    bead: BeadId | None
    text: str
    since: Time | None
    next: tuple[str, ...]
    title: str
    reason: str
    digest: str | None = None


def review(town: Town) -> list[ReviewItem]:
    """What agents ask comes first, as they stand still."""
    items = [
        ReviewItem(
            "approval", each.agent, each.agent, each.bead, each.question, each.since, (f"approve {each.agent}",),
            each.question, each.screen, each.digest,
        )
        for each in list_waiting(town)
    ]  # fmt: skip
    for held in list_merge_requests(town.db, state=MergeState.HELD):
        bead = find_bead(town.db, held.bead)
        steps = (f"diff {held.bead}", f"mq approve {held.id}")
        title, why = bead.title if bead else held.branch, held.reason or "held for review"
        items.append(ReviewItem("merge", held.id, held.author, held.bead, held.branch, held.updated, steps, title, why))
    for asked in list_escalations(town.db, state="open"):
        step = f"escalate resolve {asked.id}"
        items.append(
            ReviewItem(
                "escalation", asked.id, asked.agent, asked.bead, asked.text, asked.created, (step,), asked.text,
                f"{asked.severity} escalation",
            )
        )  # fmt: skip
    unread = len(Mailbox(town.mail / OVERSEER).list_new())
    if unread:
        items.append(
            ReviewItem("mail", "inbox", OVERSEER, None, f"{unread} unread", None, ("mail inbox",), "mail", "unread")
        )
    return items

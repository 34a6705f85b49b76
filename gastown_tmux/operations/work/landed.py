"""Who is told that a convoy has landed, and what of it."""

from collections.abc import Sequence

from gastown_tmux.domain.ids import ConvoyId
from gastown_tmux.domain.work import Bead, Convoy
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import beads as rows
from gastown_tmux.store import convoys

#: So much of a report stands in the mail.
_REPORT_LINES = 10


def notify_landed(town: Town, id: ConvoyId | None) -> None:
    """Owner and watchers get one mail each for each time that it has landed, however often this is called."""
    convoy = convoys.get_convoy(town.db, id) if id else None
    if convoy is None or convoy.landed is None or convoy.told:
        return
    from gastown_tmux.operations.mail import sending  # 20 ms, and whoever closes or lists a bead seldom ends a convoy

    body = _describe_landed(convoy, rows.list_those(town.db, convoy.beads))
    for address in convoy.concerned:
        seed = f"{convoy.id} {convoy.landed} {address}"
        sending.notify(town, address, f"convoy {convoy.name} has landed", body, seed=seed)
    with town.change() as change:
        convoys.mark_told(change, convoy)


def tell_landed(town: Town) -> None:
    """For the deacon: of those whose lander was killed before everybody was told."""
    each(town, "telling of the landing of", convoys.list_untold(town.db), lambda id: notify_landed(town, id), str)


def _describe_landed(convoy: Convoy, beads: Sequence[Bead]) -> str:
    lines = [f"{convoy.name} ({convoy.id}) has landed: {len(beads)} beads.", ""]
    for bead in beads:
        lines.append(f"{bead.id}  {bead.title}")
        if bead.merged_commit:
            lines.append(f"  merged as {bead.merged_commit[:12]} in {bead.rig}")
        elif bead.report:
            report = bead.report.rstrip().split("\n")
            lines += ["  done, and reports:", *(f"  > {line}" for line in report[:_REPORT_LINES])]
            lines += [f"  > … (gt bead show {bead.id})"] if len(report) > _REPORT_LINES else []
        else:
            lines.append(f"  {bead.state}, {bead.reason}")
    return "\n".join(lines) + "\n"

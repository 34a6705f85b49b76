"""Thirty agents kept fed: what a place is empty for between two short beads, from the town's own events."""

import os
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import GT
from harness import command, scratch
from spine import make_town
from supervision import await_

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import Event
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import count_beads, insert_bead, note_target
from gastown_tmux.store.events import list_events

NAME = "fed"
#: Median milliseconds from the end of one worker's session to the claim of the next bead.
GOAL = 150.0
SECONDS = 1200.0
_CHORE = "```sh\necho done\n```\n"


@dataclass(frozen=True, slots=True)
class Fed:
    """``to_claim`` and ``to_start`` are milliseconds from the end of a session, while beads waited; ``empty`` is the
    share of the places, from the first claim to the last, on which there was no bead.
    """

    agents: int
    beads: int
    seconds: float
    to_claim: Sequence[float]
    to_start: Sequence[float]
    empty: float

    @property
    def met(self) -> bool:
        return statistics.median(self.to_claim) <= GOAL

    def __str__(self) -> str:
        claim, start = (
            f"median {statistics.median(times):.0f} ms, p90 {statistics.quantiles(times, n=10)[-1]:.0f}"
            for times in (self.to_claim, self.to_start)
        )
        return (
            f"{self.agents} runbook agents, {self.beads} short beads in {self.seconds:.0f} s; freed to the next claim"
            f" {claim} (goal {GOAL:.0f}), to its program {start}; places without a bead {self.empty:.0%}"
        )


def measure_fed(agents: int = 30, beads: int = 300) -> Fed:
    with ExitStack() as cleanup:
        path = make_town(scratch(cleanup))
        gt = (GT, "--town", path)
        for key, value in (("limits.agents", str(agents)), ("limits.memory", "1M"), ("provider.default", "runbook")):
            command(*gt, "config", "set", key, value)()
        command(*gt, "config", "set", "limits.agents", str(agents), "--rig", "demo")()
        command(*gt, "up")()
        cleanup.callback(command(*gt, "down", "--agents"))
        town = Town(Path(path), OVERSEER, dict(os.environ))
        cleanup.callback(town.close)
        rig = town.rig("demo")
        with town.change() as change:
            for number in range(beads):
                bead = insert_bead(
                    change, rig.name, rig.prefix, title=f"chore {number}", body=_CHORE, priority=2, labels=(), needs=()
                )
                note_target(change, bead, rig.name, None)
        await_(lambda: count_beads(town.db).get("closed") == beads, "all to be done", SECONDS)
        return judge(agents, beads, list_events(town.db))


def judge(agents: int, beads: int, events: Sequence[Event]) -> Fed:
    times = {
        type: [clock.to_epoch(event.time) for event in events if event.type == type]
        for type in ("session.ended", "bead.slung", "bead.started", "bead.reported")
    }
    claims, starts = times["bead.slung"][agents:], times["bead.started"][agents:]
    ends = times["session.ended"][: len(claims)]
    span = times["bead.reported"][-1] - times["bead.slung"][0]
    full = times["bead.slung"][-1] - times["bead.slung"][0]
    held = sum(min(end, times["bead.slung"][-1]) for end in times["bead.reported"]) - sum(times["bead.slung"])
    return Fed(
        agents=agents,
        beads=beads,
        seconds=span,
        to_claim=[(claim - end) * 1000 for end, claim in zip(ends, claims, strict=False)],
        to_start=[(start - end) * 1000 for end, start in zip(ends, starts, strict=False)],
        empty=1 - held / (full * agents),
    )

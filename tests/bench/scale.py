"""What verbs cost in towns of several sizes: processor time, which a busy machine stretches less than it does hours."""

import os
import statistics
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import GT
from faces import make_town
from harness import scratch

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import insert_bead, note_target
from gastown_tmux.store.db import Change
from gastown_tmux.store.merging import insert_merge_request

#: Beads that are open and need nothing, of which so many wait for a worker, and requests in the queue.
SIZES = ((1_000, 0, 0), (10_000, 300, 500), (50_000, 3_000, 5_000))
VERBS = (
    ("status", "--json"), ("agents", "--json"), ("bead", "list", "--limit", "50"), ("bead", "ready", "--limit", "50"),
    ("bead", "list", "--state", "blocked", "--limit", "50"), ("convoy", "list", "--limit", "50"),
    ("mail", "inbox", "--limit", "50"), ("bead", "list"), ("bead", "ready"),
    ("bead", "create", "one more", "--rig", "demo"), ("bead", "show", "de-"), ("mq", "list"), ("refinery", "status"),
    ("mail", "check"),
)  # fmt: skip
ROUNDS = 3
AGENTS = 30
_COMMIT = Commit("1" * 40)


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of processor time in towns of each size."""

    verb: str
    times: tuple[float, ...]

    def __str__(self) -> str:
        shown = " ".join(f"{time:9.0f}" for time in self.times)
        return f"{self.verb:42} {shown}  {self.times[-1] / self.times[0]:6.1f}x"


def sizes_as_words() -> str:
    """The heading of the rows."""
    shown = " ".join(f"{beads + waiting + queued:9,}" for beads, waiting, queued in SIZES)
    return f"{'milliseconds, of beads:':42} {shown}"


def measure_scale(sizes: Sequence[tuple[int, int, int]] = SIZES) -> list[Row]:
    columns = []
    for beads, waiting, queued in sizes:
        with ExitStack() as cleanup:
            town = make_town(scratch(cleanup), AGENTS, beads)
            cleanup.callback(town.close)
            fill(town, waiting, queued)
            columns.append([_cost(town.path, verb) for verb in VERBS])
    return [Row(" ".join(verb), times) for verb, times in zip(VERBS, zip(*columns, strict=True), strict=True)]


def fill(town: Town, waiting: int, queued: int) -> None:
    """So many beads more that wait for a worker, that are in the queue, and a tenth as many that need another."""
    rig, author = RigName("demo"), Address("demo/agent-0")

    def add(change: Change, what: str, *needs: BeadId) -> BeadId:
        return insert_bead(change, rig, "de", title=what, body="", priority=2, labels=(), needs=needs)

    with town.change() as change:
        for _ in range(waiting):
            note_target(change, add(change, "waits for a worker"), "demo", None)
        for _ in range(queued):
            bead = add(change, "is in the queue")
            made = insert_merge_request(
                change, bead=bead, rig=rig, author=author, branch=f"bead/{bead}", head=_COMMIT, base=_COMMIT,
                target="main",
            )  # fmt: skip
            change.execute("UPDATE beads SET state = 'submitted', merge_request = ? WHERE id = ?", made, bead)
        for _ in range(queued // 10):
            add(change, "needs another", add(change, "is needed"))


def _cost(town: Path, verb: Sequence[str]) -> float:
    times = []
    for _ in range(ROUNDS):
        process = subprocess.Popen(
            [GT, "--town", town, *verb], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        _, _, used = os.wait4(process.pid, 0)
        times.append((used.ru_utime + used.ru_stime) * 1000)
    return statistics.median(times)

"""Towns as faces see them, made by hand: for tests that need no town."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId, MergeRequestId, RigName, Time, time_at
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.needs import Need, NeedKind
from gastown_tmux.domain.rigs import QueueState
from gastown_tmux.domain.runs import Run, RunState, RunStep, StepState
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead, BeadState, Convoy, ConvoyState
from gastown_tmux.faces.snapshot import Snapshot, Worker
from gastown_tmux.operations.merging.views import RefineryView
from gastown_tmux.operations.supervision.views import AgentView

Made = TypeVar("Made")
#: The moment at which all of them are looked at.
NOW = 1_800_000_000.0


def ago(seconds: float) -> Time:
    return time_at(NOW - seconds)


def made(kind: type[Made], **values: Any) -> Made:
    """What is not said of it is None: rows get columns that are nothing to a face."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: values.get(name) for name in names})


def make_bead(number: int, state: str = "open", **more: Any) -> Bead:
    bead = made(
        Bead, id=BeadId(f"de-{number:05}"), rig=RigName("demo"), title=f"task number {number}", body="do it\nwell",
        state=BeadState(state), reason=None, priority=2, labels=(), needs=(), assignee=None, target=None,
        provider=None, attempts=0, convoy=None, branch=None, base=None, merge_request=None, merged_commit=None,
        report=None, created=ago(900), updated=ago(60 * number),
    )  # fmt: skip
    return replace(bead, **more)


def make_worker(name: str, state: str = "working", **more: Any) -> Worker:
    address = Address(f"demo/{name}")
    view = made(
        AgentView, address=address, role="polecat", rig=RigName("demo"), name=name, provider="claude", state=state,
        health="healthy", bead=BeadId("de-00001"), branch=None, window=name, pane="%1", pid=1, session="ses-1",
        since=ago(120), restarts=0, reason=None,
    )  # fmt: skip
    return Worker(view, **{"title": "Fix the login", "cost": "$1.20", "last_line": "3 tests pass", **more})


def make_need(kind: NeedKind, id: str = "demo/toast", **more: Any) -> Need:
    digest = {"approval": "d1", "merge": "a" * 40}.get(kind)
    need = Need(
        kind, id, Address("demo/toast"), BeadId("de-00001"), ago(30), (f"gt log {id}",), f"about {kind}", "Bash: ls -l",
        digest,
    )  # fmt: skip
    return replace(need, **more)


def every_need() -> list[Need]:
    ids = {
        NeedKind.MERGE: "mr-00001", NeedKind.ESCALATION: "esc-00001", NeedKind.RUN: "run-00001",
        NeedKind.GATE: "run-00001/look", NeedKind.RIG: "demo",
        NeedKind.QUEUE: "demo", NeedKind.BEAD: "de-00001", NeedKind.MAIL: "inbox",
    }  # fmt: skip
    own = {NeedKind.MAIL: {"agent": OVERSEER, "bead": None, "next": ("gt mail inbox",)}}
    return [make_need(kind, ids.get(kind, "demo/toast"), **own.get(kind, {})) for kind in NeedKind]


def make_request(number: int, state: str = "queued", **more: Any) -> MergeRequest:
    request = made(
        MergeRequest, id=MergeRequestId(f"mr-{number:05}"), bead=BeadId(f"de-{number:05}"),
        title=f"task number {number}", priority=2, rig=RigName("demo"), author=Address("demo/nux"), branch="bead/x",
        head=Commit("a" * 40), base=Commit("b" * 40), target="main", state=MergeState(state), position=number,
        attempts=0, retries=0, approved=False, created=ago(400), updated=ago(200),
    )  # fmt: skip
    return replace(request, **more)


def make_event(seq: int, type: str = "bead.merged", subject: str = "de-00001", **data: object) -> Event:
    return Event(seq, ago(0), type, Address("deacon"), subject, data)


def town(needs: Sequence[Need] = (), workers: Sequence[Worker] = (), **more: Any) -> Snapshot:
    return Snapshot(name="gt", wanted="up", alive=True, needs=tuple(needs), workers=tuple(workers), **more)


def busy_town() -> Snapshot:
    """Something in every panel."""
    beads = (
        make_bead(1, "working", assignee=Address("demo/toast")), make_bead(2), make_bead(3, needs=("de-00002",)),
        make_bead(4, "merged", merged_commit=Commit("c" * 40), assignee=Address("demo/nux")),
    )  # fmt: skip
    convoy = made(
        Convoy, id=ConvoyId("cv-00001"), name="the night's work", state=ConvoyState.OPEN,
        beads=tuple(bead.id for bead in beads), done=1, total=4, created=ago(800),
    )  # fmt: skip
    return town(
        [make_need(NeedKind.APPROVAL)],
        [make_worker("toast", "waiting"), make_worker("nux"), make_worker("slit", "off", title="", last_line="")],
        beads=beads[:3],
        landed=beads[3:],
        members={bead.id: bead for bead in beads},
        waits={
            beads[1].id: (Wait("turn", None, "no place is free"),),
            beads[2].id: (Wait("bead", "de-00002", "it needs de-00002, which is open"),),
        },
        convoys=(convoy,),
        requests=(make_request(5, "testing"), make_request(6)),
        gates={MergeRequestId("mr-00005"): "collecting\n12 passed"},
        refineries=(
            made(
                RefineryView,
                rig=RigName("demo"),
                running=True,
                queued=2,
                held=0,
                target="main",
                queue=QueueState.RUNNING,
            ),
        ),
    )


def many_waves() -> Snapshot:
    """A convoy in four waves, one that is too large to be drawn member by member, and a run that failed."""
    first = make_bead(1, "merged")
    left, right = (make_bead(n, state, needs=(first.id,)) for n, state in ((2, "working"), (3, "submitted")))
    join = make_bead(4, needs=(left.id, right.id))
    last = make_bead(5, needs=(join.id,))
    small = [first, left, right, join, last]
    large = [
        make_bead(n, "merged" if n < 130 else "open", needs=() if n < 150 else (small[0].id,)) for n in range(100, 170)
    ]
    convoys = tuple(
        made(
            Convoy, id=ConvoyId(f"cv-0000{number}"), name=name, state=ConvoyState.OPEN, done=1, created=ago(800),
            beads=tuple(bead.id for bead in (*beads, *extra)), total=len(beads) + len(extra),
        )
        for number, name, beads, extra in (
            (1, "the login, made new", small, []), (2, "seventy at once", large, small[:1]),
        )
    )  # fmt: skip
    steps = (
        RunStep("plan", "Think first", "", StepState.DONE, result="three parts"),
        RunStep("build", "Build it", "", StepState.FAILED, ("plan",), reason="the compiler is missing"),
        RunStep("words", "Describe it", "", StepState.WORKING, ("plan",)),
        RunStep("check", "Look at both", "", StepState.BLOCKED, ("build", "words")),
    )
    run = made(
        Run, id="run-00001", formula="shiny", rig=RigName("demo"), state=RunState.WAITING, title="build a parser",
        steps=steps, spread=True, reason="build failed", created=ago(700), updated=ago(60), vars={},
    )  # fmt: skip
    members = {bead.id: bead for bead in (*small, *large)}
    waits = {join.id: (Wait("bead", left.id, f"it needs {left.id}"), Wait("turn", None, "no place is free"))}
    return town(convoys=convoys, runs=(run,), members=members, beads=tuple(small[1:]), waits=waits)

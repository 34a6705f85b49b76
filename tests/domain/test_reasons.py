"""Why things are as they are: a row for every state of every kind, each with commands that exist."""

from dataclasses import replace

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Agent, AgentState, HookState, Role, Session, SessionState
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.escalation import Escalation, EscalationState, Level, Severity
from gastown_tmux.domain.formulas.model import Gate
from gastown_tmux.domain.ids import (
    BeadId,
    Commit,
    ConvoyId,
    EscalationId,
    MergeRequestId,
    RigName,
    RunId,
    SessionId,
    time_at,
)
from gastown_tmux.domain.merging import LIVE, MergeRequest, MergeState
from gastown_tmux.domain.reasons import (
    Telling,
    TownNow,
    why_agent,
    why_convoy,
    why_escalation,
    why_mail,
    why_request,
    why_rig,
    why_run,
    why_step,
    without_hints,
)
from gastown_tmux.domain.rigs import QueueState, RemoteKind, Rig
from gastown_tmux.domain.runs import Run, RunState, RunStep, StepState
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead, BeadState, Convoy, ConvoyState
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import parse

NOW = time_at(1000)
ANN = Address("demo/ann")
BEAD = Bead(
    id=BeadId("de-aaaaa"), rig=RigName("demo"), title="words", body="", state=BeadState.WORKING, reason=None,
    priority=2, labels=(), needs=(), assignee=ANN, target=None, provider=None, attempts=0, convoy=None, branch=None,
    base=None, merge_request=None, merged_commit=None, report=None, created=NOW, updated=NOW,
)  # fmt: skip
AGENT = Agent(
    ANN, Role.CREW, RigName("demo"), "ann", None, AgentState.ON, HookState.READY, 0, None, None, NOW, NOW, None
)
SESSION = Session(
    id=SessionId("ses-1"), agent=ANN, provider="claude", state=SessionState.IDLE, starter=1, starter_started="1",
    pane=None, launcher=None, launcher_started=None, pid=None, pid_started=None, provider_session=None, started=NOW,
    since=NOW, ended=None, exit_status=None, exit_signal=None, reason=None, server=None, bead=None, resumed=False,
    ending=None, transcript=None,
)  # fmt: skip
RIG = Rig(RigName("demo"), "de", "/p", "/p", RemoteKind.CHECKOUT, "main", None, "a@b", False, NOW)
REQUEST = MergeRequest(
    id=MergeRequestId("mr-aaaaa"), bead=BEAD.id, title="words", priority=2, rig=RIG.name, author=ANN, branch="b",
    head=Commit("1"), base=Commit("2"), target="main", state=MergeState.QUEUED, position=1, attempts=0, reason=None,
    candidate=None, tested_in=None, retries=0, approved=False, overtaken=0, merged_commit=None, not_before=None,
    log=None, created=NOW, updated=NOW, url=None,
)  # fmt: skip
CONVOY = Convoy(ConvoyId("cv-aaaaa"), "ship", ConvoyState.OPEN, (), (BEAD.id,), 0, 1, NOW, None)
ASKED = Escalation(
    EscalationId("esc-aaaaa"), Severity.LOW, "help", None, ANN, EscalationState.OPEN, Level.MAYOR, NOW, NOW, NOW
)
BELOW = Wait("agent", ANN, "demo/ann works at it", ("gt peek demo/ann",))


def run_of(*steps: RunStep, state: RunState = RunState.RUNNING, spread: bool = False) -> Run:
    return Run(
        id=RunId("run-aaaaa"), formula="f", rig=RIG.name, state=state, vars={}, hash="", spread=spread, title="f",
        bead=None if spread else BEAD.id, agent=None, owner=OVERSEER, reason=None, steps=steps, created=NOW,
        updated=NOW,
    )  # fmt: skip


def told(waits: tuple[Wait, ...]) -> list[str]:
    """The reasons; each command that can be run as it stands is one."""
    for wait in waits:
        for command in without_hints(wait.next):
            verb, words = find_verb(command.removeprefix("gt ").replace("'what is next?'", "next").split())
            parse(verb, words)
        assert wait.next or not wait.stranded or wait.what == "machine"
    return [wait.reason for wait in waits]


@pytest.mark.parametrize(
    ("state", "session", "bead", "reason"),
    [
        (AgentState.ON, None, None, "demo/ann is being started"),
        (AgentState.ON, SessionState.STARTING, BEAD, "demo/ann is being started"),
        (AgentState.ON, SessionState.READY, None, "demo/ann has no work"),
        (AgentState.ON, SessionState.READY, BEAD, "demo/ann works at it"),
        (AgentState.ON, SessionState.WORKING, BEAD, None),
        (AgentState.ON, SessionState.WORKING, None, "demo/ann has no work"),
        (AgentState.ON, SessionState.IDLE, None, "demo/ann has no work"),
        (AgentState.ON, SessionState.IDLE, BEAD, "demo/ann has it, and is idle"),
        (AgentState.ON, SessionState.WAITING, BEAD, "demo/ann waits for a person"),
        (AgentState.BACKOFF, None, BEAD, "demo/ann died, and is started again soon"),
        (AgentState.LIMITED, SessionState.IDLE, BEAD, "demo/ann is at its provider's limit"),
        (AgentState.PAUSED, SessionState.IDLE, BEAD, "demo/ann is paused"),
        (AgentState.FAILED, None, BEAD, "demo/ann has failed"),
        (AgentState.OFF, None, BEAD, "demo/ann is off"),
        (AgentState.OFF, None, None, "demo/ann has no work"),
    ],
)
def test_agents(state: AgentState, session: SessionState | None, bead: Bead | None, reason: str | None) -> None:
    agent = replace(AGENT, state=state)
    found = why_agent(agent, session and replace(SESSION, state=session), bead, TownNow())
    assert told(found) == ([reason] if reason else [])


def test_agents_of_a_town_that_is_down_or_stands_still() -> None:
    assert told(why_agent(AGENT, None, BEAD, TownNow(wanted=False))) == ["the town is down"]
    assert told(why_agent(AGENT, SESSION, BEAD, TownNow(frozen=True))) == ["everything stands still"]
    stopped = replace(AGENT, state=AgentState.OFF, reason="stopped")
    assert told(why_agent(stopped, None, None, TownNow(wanted=False))) == [
        "demo/ann is off: stopped", "the town is down",
    ]  # fmt: skip


A = RunStep("a", "A", "", StepState.WORKING)
B = RunStep("b", "B", "", needs=("a",))


@pytest.mark.parametrize(
    ("state", "steps", "reasons"),
    [
        (RunState.RUNNING, (A, B), ["step a is working", "demo/ann works at it"]),
        (RunState.RUNNING, (replace(A, state=StepState.READY), B), ["step a is ready", "demo/ann works at it"]),
        (RunState.RUNNING, (replace(A, state=StepState.DONE),),
         ["all its steps are done, and de-aaaaa is not merged yet", "demo/ann works at it"]),
        (RunState.PAUSED, (A, B), ["run-aaaaa is paused"]),
        (RunState.WAITING, (replace(A, state=StepState.FAILED, reason="no"), B),
         ["step a failed: no", "demo/ann works at it"]),
        (RunState.WAITING, (replace(A, state=StepState.BLOCKED, freed=NOW, gate=Gate("human", "look")), B),
         ["step a waits for a person's word: look", "demo/ann works at it"]),
        (RunState.DONE, (replace(A, state=StepState.DONE),), []),
        (RunState.FAILED, (A,), []),
        (RunState.CANCELLED, (A,), []),
    ],
)  # fmt: skip
def test_runs(state: RunState, steps: tuple[RunStep, ...], reasons: list[str]) -> None:
    assert told(why_run(run_of(*steps, state=state), (BELOW,))) == reasons


@pytest.mark.parametrize(
    ("step", "reasons"),
    [
        (B, ["it needs step a, which is working"]),
        (replace(B, needs=(), freed=NOW, gate=Gate("timer", "2h")),
         ["the gate of step b is closed: timer: 2h, since 1970-01-01T00:16:40.000Z"]),
        (replace(B, needs=(), freed=NOW, gate=Gate("command", "true")),
         ["the gate of step b is closed: command: true, since 1970-01-01T00:16:40.000Z"]),
        (replace(B, needs=(), freed=NOW, gate=Gate("human", "")), ["step b waits for a person's word"]),
        (replace(B, state=StepState.READY), ["demo/ann works at it"]),
        (replace(B, state=StepState.WORKING), ["demo/ann works at it"]),
        (replace(B, state=StepState.FAILED), ["step b failed: no reason was given"]),
        (replace(B, state=StepState.DONE), []),
        (replace(B, state=StepState.SKIPPED), []),
    ],
)  # fmt: skip
def test_steps(step: RunStep, reasons: list[str]) -> None:
    assert told(why_step(run_of(A, step), step, (BELOW,))) == reasons
    if not step.is_finished:
        assert told(why_step(run_of(A, step, state=RunState.PAUSED), step, (BELOW,))) == ["run-aaaaa is paused"]


def test_a_step_behind_one_that_failed_on_the_same_worker() -> None:
    failed, ready = replace(A, state=StepState.FAILED), RunStep("c", "C", "", StepState.READY)
    assert told(why_step(run_of(failed, ready), ready, ())) == ["step a failed: no reason was given"]
    assert told(why_step(run_of(failed, ready, spread=True), ready, (BELOW,))) == ["demo/ann works at it"]


@pytest.mark.parametrize("state", list(MergeState))
def test_merge_requests(state: MergeState) -> None:
    found = told(why_request(replace(REQUEST, state=state), RIG, (BELOW,)))
    if state in (MergeState.MERGED, MergeState.SUPERSEDED):
        assert found == []
    elif state in (MergeState.CONFLICTED, MergeState.REJECTED):
        assert found == ["demo/ann works at it"]
    else:
        words = "passed, and is held for a review" if state is MergeState.HELD else f"is {state}"
        assert found == [f"mr-aaaaa {words}"]
    paused = replace(RIG, queue=QueueState.PAUSED, problem="the target is gone")
    if state in LIVE:
        assert told(why_request(replace(REQUEST, state=state), paused, ())) == [
            "the merge queue is paused: no reason was given", "the target is gone",
        ]  # fmt: skip


def test_a_request_far_behind_that_is_tried_later() -> None:
    request = replace(REQUEST, position=3, not_before=NOW, reason="the remote does not answer")
    assert told(why_request(request, RIG, ())) == [
        "mr-aaaaa is queued: the remote does not answer", "it is number 3 in the queue of demo",
        f"it is tried again at {NOW}",
    ]  # fmt: skip


def test_convoys() -> None:
    assert told(why_convoy(CONVOY, [BEAD])) == ["de-aaaaa is working: words"]
    assert told(why_convoy(CONVOY, [])) == ["it has no bead, and an empty convoy never lands"]
    closed = replace(BEAD, state=BeadState.CLOSED, reason="done")
    assert told(why_convoy(CONVOY, [closed])) == ["nothing of it was merged, so it does not land"]
    wontdo = replace(closed, reason="wontdo")
    assert told(why_convoy(CONVOY, [wontdo, closed])) == ["de-aaaaa is closed as wontdo: words"]
    back = replace(BEAD, state=BeadState.OPEN, reason="escalated")
    assert told(why_convoy(CONVOY, [back])) == ["de-aaaaa is open, escalated: words"]
    for state in (ConvoyState.LANDED, ConvoyState.CLOSED):
        assert why_convoy(replace(CONVOY, state=state), [BEAD]) == ()


@pytest.mark.parametrize(
    ("state", "level", "reason"),
    [
        (EscalationState.OPEN, Level.MAYOR, f"the mayor is asked until {NOW}"),
        (EscalationState.OPEN, Level.HUMAN, f"a person is asked until {NOW}"),
        (EscalationState.OPEN, Level.DEFAULT, "nobody answered, and what is safe was done"),
        (EscalationState.ACKNOWLEDGED, Level.HUMAN, f"somebody has it in hand until {NOW}"),
        (EscalationState.RESOLVED, Level.HUMAN, None),
    ],
)
def test_escalations(state: EscalationState, level: Level, reason: str | None) -> None:
    assert told(why_escalation(replace(ASKED, state=state, level=level))) == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        (DeliveryState.QUEUED, ["demo/ann was not told of it yet: busy", "demo/ann works at it"]),
        (DeliveryState.OFFERED, ["demo/ann was told of it, and has not taken it up yet", "demo/ann works at it"]),
        (DeliveryState.ACCEPTED, ["demo/ann knows of it, and has not read it"]),
        (DeliveryState.EXPIRED, ["demo/ann was not told of it before it expired"]),
        (DeliveryState.DEAD, ["demo/ann could not be told of it: busy"]),
    ],
)
def test_mails(state: DeliveryState, reasons: list[str]) -> None:
    telling = Telling("abcdefgh", ANN, state, read=False, reason="busy")
    assert told(why_mail(telling, (BELOW,))) == reasons
    assert why_mail(replace(telling, read=True), (BELOW,)) == ()


def test_rigs() -> None:
    assert why_rig(RIG) == ()
    bad = replace(RIG, parked=True, queue=QueueState.PAUSED, queue_reason="red", problem="the target is gone")
    assert told(why_rig(bad)) == ["rig demo is parked", "its merge queue is paused: red", "the target is gone"]


def test_only_what_can_be_run_is_offered() -> None:
    assert without_hints(["gt up", "gt bead update x --needs …", "install it", "gt up"]) == ("gt up",)

"""What waits for a person, whatever kind it is of."""

from dataclasses import replace

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Agent, AgentState, HookState, Role
from gastown_tmux.domain.escalation import Escalation, EscalationState, Level, Severity
from gastown_tmux.domain.ids import BeadId, EscalationId, RigName, RunId, Time
from gastown_tmux.domain.needs import Asked, NeedKind, Situation, Urgency, find_needs
from gastown_tmux.domain.observation import Trouble
from gastown_tmux.domain.rigs import QueueState, RemoteKind, Rig
from gastown_tmux.domain.runs import Gate, Run, RunState, RunStep, StepState
from gastown_tmux.domain.work import Bead, BeadState

TOAST, DE = Address("demo/toast"), RigName("demo")
T0, T1 = Time("2026-11-27T08:00:00Z"), Time("2026-11-27T09:00:00Z")
AGENT = Agent(TOAST, Role.POLECAT, DE, "toast", None, AgentState.ON, HookState.READY, 0, None, None, T0, T0, None)
BEAD = Bead(
    BeadId("de-1a2b3"), DE, "greet", "", BeadState.WORKING, None, 2, (), (), TOAST, None, None, 1, None, None, None,
    None, None, None, T0, T0,
)  # fmt: skip
ASKED = Asked(TOAST, T0, "Bash command: ls", "Bash command\nls", "d1")
RAISED = Escalation(
    EscalationId("esc-1"), Severity.HIGH, "which\ngreeting?", BEAD.id, TOAST, EscalationState.OPEN, Level.HUMAN, None,
    T1, T1,
)  # fmt: skip
RIG = Rig(DE, "de", "/p", "/p", RemoteKind.REMOTE, "main", None, "a@b", False, T0)
RUN = Run(
    RunId("run-1"), "release", DE, RunState.WAITING, {}, "h", False, "Release 1.2", None, None, OVERSEER,
    "a person says when", (), T0, T0,
)  # fmt: skip

GATED = RunStep("look", "A look", "", gate=Gate("human", "May it?"), freed=T0)
FAILED = RunStep("boom", "A try", "", StepState.FAILED, bead=BEAD.id, reason="red")


@pytest.mark.parametrize(
    ("now", "kind", "words", "step"),
    [
        (Situation(asked=[ASKED]), "approval", "Bash command", "gt approve demo/toast"),
        (Situation(asked=[replace(ASKED, cause=Trouble.LOGIN)]), "setup", "not logged in", "gt attach demo/toast"),
        (
            Situation([replace(AGENT, state=AgentState.FAILED, reason="3 deaths")]),
            "failed", "3 deaths", "gt respawn demo/toast",
        ),
        (
            Situation([replace(AGENT, state=AgentState.BACKOFF, reason="not started: no program 'x'")]),
            "start", "no program 'x'", "gt doctor",
        ),
        (Situation([replace(AGENT, state=AgentState.LIMITED, reason="ends 9:00")]), "limit", "ends 9:00", "gt peek"),
        (
            Situation([replace(AGENT, state=AgentState.PAUSED, reason="over budget: budget.day: 2 of 1 tokens")]),
            "budget", "budget.day", "gt costs",
        ),
        (Situation([AGENT], stalled={TOAST: (T0, "it prints nothing")}), "stalled", "prints nothing", "gt peek"),
        (
            Situation([replace(AGENT, state=AgentState.OFF)], held={TOAST: BEAD}),
            "stopped", "its agent was stopped", "gt unsling de-1a2b3",
        ),
        (Situation(escalations=[RAISED]), "escalation", "high escalation", "gt escalate resolve esc-1"),
        (
            Situation(beads=[replace(BEAD, state=BeadState.OPEN, reason="parked")]),
            "bead", "parked", "gt sling de-1a2b3",
        ),
        (Situation(runs=[RUN]), "run", "a person says when", "gt run show run-1"),
        (Situation(runs=[replace(RUN, steps=(GATED,))]), "gate", "May it?", "gt run resume run-1 look"),
        (Situation(runs=[replace(RUN, steps=(FAILED,))]), "run", "step boom failed: red", "gt run retry run-1"),
        (Situation(rigs=[replace(RIG, problem="main is gone")]), "rig", "main is gone", "gt rig show demo"),
        (
            Situation(rigs=[replace(RIG, queue=QueueState.PAUSED, queue_reason="freeze")]),
            "queue", "freeze", "gt mq resume --rig demo",
        ),
        (Situation(unread=2), "mail", "unread", "gt mail inbox"),
    ],
)  # fmt: skip
def test_each_kind_says_why_and_what_to_do(now: Situation, kind: str, words: str, step: str) -> None:
    (need,) = find_needs(now)
    assert need.kind == kind and words in need.reason and need.title
    assert need.next and any(step in each for each in need.next) and all(each.startswith("gt ") for each in need.next)


@pytest.mark.parametrize(
    "now",
    [
        Situation([AGENT], held={TOAST: BEAD}),
        Situation([replace(AGENT, state=AgentState.OFF)]),
        Situation([replace(AGENT, state=AgentState.PAUSED, reason="by hand")]),
        Situation([replace(AGENT, state=AgentState.BACKOFF, reason="exit status 1")]),
        Situation(beads=[replace(BEAD, state=BeadState.OPEN, reason="rejected")]),
        Situation(escalations=[replace(RAISED, state=EscalationState.ACKNOWLEDGED)]),
        Situation(runs=[replace(RUN, state=RunState.RUNNING)], rigs=[RIG]),
    ],
)
def test_what_goes_on_by_itself_needs_nobody(now: Situation) -> None:
    assert find_needs(now) == []


def test_a_log_that_was_escalated_is_one_line_and_then_whole() -> None:
    """Also for who sees the bead beside it."""
    text = f"{BEAD.id}: block 1 failed\n" + "noise of the log\n" * 30
    (need,) = find_needs(Situation(escalations=[replace(RAISED, text=text)]))
    assert need.title.startswith("block 1 failed noise") and len(need.title) == 120 and need.title.endswith("…")
    first, *log = need.reason.splitlines()
    assert first == "high escalation" and log == text.splitlines()


def test_a_bead_is_told_of_by_its_escalation_and_by_itself_once_that_is_resolved() -> None:
    back = replace(BEAD, state=BeadState.OPEN, reason="escalated")
    assert [need.kind for need in find_needs(Situation(escalations=[RAISED], beads=[back]))] == ["escalation"]
    resolved = replace(RAISED, state=EscalationState.RESOLVED)
    assert [need.kind for need in find_needs(Situation(escalations=[resolved], beads=[back]))] == ["bead"]


def test_a_step_that_failed_is_told_of_by_its_run_alone() -> None:
    """Not by the escalation that it raised, nor by its bead; what else is asked about that bead is told of."""
    back = replace(BEAD, state=BeadState.OPEN, reason="escalated")
    raised = replace(RAISED, text="run-1: step boom failed: red; gt run retry run-1 boom")
    run = replace(RUN, steps=(FAILED, GATED))
    for escalation in (raised, replace(raised, state=EscalationState.ACKNOWLEDGED)):
        found = find_needs(Situation(runs=[run], escalations=[escalation], beads=[back]))
        assert [(need.kind, need.id) for need in found] == [("gate", "run-1/look"), ("run", "run-1")]
        assert found[1].urgency is Urgency.HIGH
    other = find_needs(Situation(runs=[run], escalations=[raised, RAISED], beads=[back]))
    assert [need.kind for need in other] == ["gate", "run", "escalation"]


def test_what_cannot_work_is_not_called_slow_besides() -> None:
    asked = replace(ASKED, cause=Trouble.LOGIN)
    now = Situation([AGENT], asked=[asked], stalled={TOAST: (T0, "its program cannot work: not logged in")})
    assert [need.kind for need in find_needs(now)] == ["setup"]


def test_who_stands_still_comes_first_and_of_those_the_oldest() -> None:
    later = replace(ASKED, agent=Address("demo/nux"), since=T1, cause=Trouble.LOGIN)
    now = Situation(asked=[ASKED, later, replace(ASKED, since=T1, agent=Address("demo/slit"))], unread=1)
    assert [(need.kind, need.id) for need in find_needs(now)] == [
        (NeedKind.SETUP, "demo/nux"), (NeedKind.APPROVAL, "demo/toast"), (NeedKind.APPROVAL, "demo/slit"),
        (NeedKind.MAIL, "inbox"),
    ]  # fmt: skip


def test_lines_that_a_dialog_draws_are_short() -> None:
    (need,) = find_needs(Situation(asked=[replace(ASKED, text="─" * 160 + "\n" + "- [ ] a -- b\n" + "╌" * 39)]))
    assert need.reason.splitlines() == ["─" * 40, "- [ ] a -- b", "╌" * 39] and need.digest == ASKED.digest


def test_an_occasion_is_another_when_something_else_is_asked() -> None:
    (first,), (second,) = (
        find_needs(Situation(asked=[ASKED])),
        find_needs(Situation(asked=[replace(ASKED, digest="d2")])),
    )
    assert first.occasion != second.occasion and first.urgency is Urgency.HIGH

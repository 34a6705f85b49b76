"""Each rule of the verdict, and that nothing uncertain is ever called dead."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.agents import AgentState, SessionState
from gastown_tmux.domain.health import FORGOTTEN_SECONDS, SILENT_SECONDS, Facts, Health, judge
from gastown_tmux.domain.observation import ScreenState

WORKING = Facts(
    AgentState.ON, SessionState.WORKING, session_age=900, alive=True, shown=True, signal_age=5, output_age=2, busy=True
)
SILENT = replace(WORKING, signal_age=SILENT_SECONDS + 1, output_age=SILENT_SECONDS + 1, busy=False)


def test_a_verdict_names_its_fact_and_what_spoke_against_it() -> None:
    verdict = judge(replace(WORKING, alive=False))
    assert (verdict.health, verdict.deciding.fact) == (Health.DEAD, "its process has ended")
    verdict = judge(replace(WORKING, screen=ScreenState.LIMITED, screen_evidence="resets 3pm"))
    assert verdict.health is Health.STALLED and "resets 3pm" in verdict.deciding.fact
    assert [evidence.says for evidence in verdict.against] == [Health.HEALTHY] * len(verdict.against) != []


def test_computing_or_printing_or_signals_alone_are_signs_of_life() -> None:
    assert judge(SILENT).health is Health.STALLED
    assert judge(replace(SILENT, busy=True)).health is Health.HEALTHY
    assert judge(replace(SILENT, output_age=1)).health is Health.HEALTHY
    assert judge(replace(SILENT, signal_age=1)).health is Health.HEALTHY
    assert judge(replace(SILENT, busy=None)).health is Health.UNKNOWN


def test_a_start_that_never_comes_to_its_end() -> None:
    """A first screen that nobody knows, or a program that hangs before its hooks."""
    starting = replace(SILENT, session=SessionState.STARTING)
    assert judge(starting).health is Health.STALLED
    assert judge(replace(starting, output_age=1)).health is Health.HEALTHY
    assert judge(replace(starting, signal_age=1)).health is Health.HEALTHY


def test_what_a_person_did_is_no_illness() -> None:
    waiting = replace(SILENT, session=SessionState.WAITING)
    assert judge(waiting).health is Health.HEALTHY
    assert judge(replace(waiting, trouble="not logged in")).health is Health.STALLED
    assert judge(replace(SILENT, stopped=True, frozen=True)).health is Health.HEALTHY
    assert judge(replace(WORKING, stopped=True)).health is Health.STALLED


def test_a_bead_forgotten_on_the_hook() -> None:
    idle = replace(WORKING, session=SessionState.IDLE, signal_age=FORGOTTEN_SECONDS + 1, holds=True, busy=False)
    assert judge(idle).health is Health.STALLED
    assert judge(replace(idle, holds=False)).health is Health.HEALTHY
    assert judge(replace(idle, signal_age=1)).health is Health.HEALTHY


@given(
    facts=st.builds(
        Facts,
        agent=st.sampled_from(AgentState),
        session=st.sampled_from([state for state in SessionState if state is not SessionState.ENDED]),
        session_age=st.floats(0, 1e6),
        alive=st.sampled_from([True, None]),
        stopped=st.booleans(),
        frozen=st.booleans(),
        shown=st.sampled_from([True, False, None]),
        signal_age=st.floats(0, 1e6),
        output_age=st.none() | st.floats(0, 1e6),
        busy=st.sampled_from([True, False, None]),
        screen=st.sampled_from([None, *ScreenState]),
        holds=st.booleans(),
    )
)
def test_only_an_ended_process_is_dead(facts: Facts) -> None:
    assert judge(facts).health is not Health.DEAD

"""Every state machine of the house: only its own states, each of them reachable, nothing else allowed."""

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.agents import AGENT, HOOK, SESSION
from gastown_tmux.domain.delivery import DELIVERY
from gastown_tmux.domain.escalation import ESCALATION
from gastown_tmux.domain.merging import MERGE_REQUEST
from gastown_tmux.domain.state_machine import IllegalMoveError, Machine
from gastown_tmux.domain.work import BEAD, CONVOY

MACHINES: list[Machine[Any, Any]] = [AGENT, HOOK, SESSION, BEAD, CONVOY, MERGE_REQUEST, ESCALATION, DELIVERY]
#: States from which nothing leads on.
FINAL = {"session": {"ended"}, "bead": {"merged"}, "hook": set(), "agent": set(), "convoy": set()}

each = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.thing)


def states(machine: Machine[Any, Any]) -> type[StrEnum]:
    return type(machine.initial)


@each
def test_a_table_has_only_states_of_its_own(machine: Machine[Any, Any]) -> None:
    for move, table in machine.moves.items():
        assert table, f"{move} leads from nowhere"
        for source, target in table.items():
            assert type(source) is type(target) is states(machine)


@each
def test_every_state_is_reached_and_every_move_can_be_made(machine: Machine[Any, Any]) -> None:
    reached, waiting, made = {machine.initial}, [machine.initial], set()
    while waiting:
        state = waiting.pop()
        for move in machine.moves:
            if machine.can(state, move):
                made.add((move, state))
                target = machine.next_state(state, move)
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
    assert reached == set(states(machine))
    assert made == {(move, source) for move, table in machine.moves.items() for source in table}


@each
@given(data=st.data())
def test_any_walk_stays_within_and_what_is_not_in_the_table_is_refused(machine: Machine[Any, Any], data: Any) -> None:
    state = machine.initial
    for move in data.draw(st.lists(st.sampled_from(sorted(machine.moves)), max_size=30)):
        if machine.can(state, move):
            state = machine.next_state(state, move)
            assert isinstance(state, states(machine))
        else:
            with pytest.raises(IllegalMoveError, match=f"an? {machine.thing} that is {state} cannot {move}") as refused:
                machine.next_state(state, move)
            assert refused.value.exit_code == 4


@each
def test_an_unknown_move_is_refused(machine: Machine[Any, Any]) -> None:
    with pytest.raises(IllegalMoveError):
        machine.next_state(machine.initial, "explode")


@each
def test_final_states(machine: Machine[Any, Any]) -> None:
    final = {state for state in states(machine) if not any(machine.can(state, move) for move in machine.moves)}
    if machine.thing in FINAL:
        assert final == FINAL[machine.thing]


def test_a_bead_goes_the_ways_that_are_written_down() -> None:
    ways = {(source, target) for table in BEAD.moves.values() for source, target in table.items()}
    assert {(str(source), str(target)) for source, target in ways if source != target} == {
        ("open", "hooked"), ("hooked", "working"), ("hooked", "submitted"), ("working", "submitted"),
        ("submitted", "merged"), ("submitted", "closed"), ("hooked", "open"), ("working", "open"),
        ("submitted", "open"),
        ("open", "away"), ("away", "open"), ("away", "submitted"), ("away", "closed"),
        ("hooked", "closed"), ("working", "closed"), ("open", "closed"), ("closed", "open"), ("open", "submitted"),
    }  # fmt: skip


def test_only_publishing_leads_to_merged() -> None:
    assert {str(state) for state in MERGE_REQUEST.sources("merge")} == {"publishing", "superseded"}
    assert {str(state) for state in BEAD.sources("merge")} == {"submitted"}

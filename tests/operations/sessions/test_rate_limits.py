"""A limit is taken from the screen once for each turn that was refused, and at its end whoever has a bead goes on."""

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Session
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.sessions.rate_limits import lift_limits, note_limit
from gastown_tmux.operations.supervision.reminders import remind
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.deliveries import list_open

CAT = Address("demo/cat")

pytestmark = pytest.mark.usefixtures("worker_bead")


def session_of(town: Town) -> Session:
    session = rows.find_live_session(town.db, CAT)
    assert session is not None
    return session


def agent_of(town: Town) -> Agent:
    return rows.get_agent(town.db, CAT)


def take_turn(town: Town) -> None:
    for move in ("work", "idle"):
        with town.change() as change:
            rows.move_session(change, session_of(town).id, move)


def end_limit(town: Town) -> None:
    with town.change() as change:
        change.execute("UPDATE agents SET not_before = ? WHERE address = ?", clock.after(-1), CAT)


def test_whoever_has_a_bead_goes_on_when_the_limit_ends_and_is_told_once(town: Town, worker_bead: str) -> None:
    take_turn(town)
    note_limit(town, session_of(town), "in 5h")
    assert agent_of(town).state is AgentState.LIMITED
    lift_limits(town)
    assert agent_of(town).state is AgentState.LIMITED and list_open(town.db) == []
    end_limit(town)
    with town.change() as change:
        change.execute("UPDATE sessions SET since = ? WHERE agent = ?", clock.after(-5 * 3600), CAT)
    for _ in range(2):
        lift_limits(town)
        remind(town)
    assert agent_of(town).state is AgentState.ON
    (told,) = list_open(town.db)
    assert told.agent == CAT and f"limit is over. Go on with {worker_bead}" in str(told.words)


def test_what_the_screen_still_shows_of_an_ended_limit_is_no_new_one(town: Town) -> None:
    take_turn(town)
    for _ in range(2):
        note_limit(town, session_of(town), "in 5h")
        end_limit(town)
        lift_limits(town)
        note_limit(town, session_of(town), "in 5h")
        assert agent_of(town).state is AgentState.ON
        # The next turn is refused as well, in the same words.
        take_turn(town)
    assert len(list_open(town.db)) == 2


def test_a_program_that_is_at_work_again_is_not_at_its_limit(town: Town) -> None:
    """Some go on by themselves; and a person may have bought more."""
    take_turn(town)
    note_limit(town, session_of(town), "in 5h")
    take_turn(town)
    lift_limits(town)
    assert agent_of(town).state is AgentState.LIMITED
    with town.change() as change:
        rows.move_session(change, session_of(town).id, "work")
    lift_limits(town)
    assert agent_of(town).state is AgentState.ON and list_open(town.db) == []


def test_a_paused_agent_stays_paused(town: Town) -> None:
    take_turn(town)
    note_limit(town, session_of(town), "in 5h")
    end_limit(town)
    with town.change() as change:
        rows.move_agent(change, CAT, "pause")
    lift_limits(town)
    note_limit(town, session_of(town), "in 5h")
    assert agent_of(town).state is AgentState.PAUSED

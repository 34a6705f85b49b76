"""gt agents, as a list is asked for, and what is shown of one."""

from itertools import product

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, HookState, SessionState, view_state
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.pages import Page
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.supervision.views import find_agents, list_agents, show_agent
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import end_session, find_live_session, move_agent
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.verbs.index import find_verb


def test_agents_by_state_age_and_words(town: Town) -> None:
    everybody = list_agents(town)
    assert find_agents(town) == everybody and len(everybody) == 3
    off = [view for view in everybody if view.state == "off"]
    assert find_agents(town, state="off") == off and find_agents(town, state="working") == []
    assert find_agents(town, since="1h") == everybody and find_agents(town, since="2999-01-01") == []
    found = find_agents(town, search="ANN demo")
    assert found == [view for view in everybody if view.name == "ann"]
    with pytest.raises(UsageError, match="0 shows all"):
        find_agents(town, limit=-1)


def test_a_limit_leaves_out_those_that_are_off(town: Town) -> None:
    everybody = list_agents(town)
    page = find_agents(town, limit=1)
    assert isinstance(page, Page) and page.more == len(everybody) - 1
    on = [view for view in everybody if view.state != "off"]
    assert page.items == [*on, *everybody][:1]
    assert find_agents(town, limit=0) == Page([*on, *(view for view in everybody if view.state == "off")], 0)


def test_each_word_for_an_agents_state_may_be_asked_for() -> None:
    words = {view_state(*lives) for lives in product(AgentState, (None, *SessionState), HookState)}
    (state,) = [each for each in find_verb(["agents"])[0].parameters if each.name == "state"]
    assert set(state.choices) == words


def test_why_one_that_is_to_run_does_not(town: Town, worker_bead: BeadId) -> None:
    """Nothing died where nobody wants it to run."""

    def seen() -> tuple[str, str | None]:
        view = show_agent(town, Address("demo/cat"))
        assert view in list_agents(town)
        return view.state, view.reason

    assert seen() == ("starting", None)
    session = find_live_session(town.db, Address("demo/cat"))
    assert session is not None
    with town.change() as change:
        set_wanted(change, True)
        end_session(change, session.id, status=0, signal=None, reason="down")
    assert seen() == ("dead", "it is to be started")
    with town.change() as change:
        set_wanted(change, False)
    assert seen() == ("dead", "the town is down")
    with town.change() as change:
        move_agent(change, Address("demo/cat"), "stop", reason="done")
    assert seen() == ("off", "done")

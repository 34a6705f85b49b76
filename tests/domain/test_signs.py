"""One table of signs and groups, so that no face counts an agent twice or shows a state without its sign."""

from collections import Counter

from gastown_tmux.domain.agents import AgentState, SessionState
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.signs import SIGNS, count_groups
from gastown_tmux.domain.work import BeadState

RUNNING = {*SessionState, *AgentState, "dead"} - {"on", "ended", "off", "paused"}


def test_every_agent_that_should_run_is_in_one_group_and_no_other() -> None:
    assert {state: sum(count_groups(Counter([state])).values()) for state in RUNNING} == dict.fromkeys(RUNNING, 1)
    assert sum(count_groups(Counter(["off"])).values()) == 0


def test_whatever_is_shown_has_a_sign() -> None:
    assert {*RUNNING, *BeadState, *MergeState} - SIGNS.keys() == set()
    assert count_groups(Counter()).keys() <= SIGNS.keys()

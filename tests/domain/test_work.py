"""Beads, what they need, and when a convoy has landed."""

import graphlib
import itertools

from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.work import BeadState, Reason, find_cycle, has_landed, is_met

graphs = st.dictionaries(
    st.integers(0, 7).map(lambda n: BeadId(f"de-{n}")),
    st.lists(st.integers(0, 7).map(lambda n: BeadId(f"de-{n}")), max_size=4),
    max_size=8,
)


@given(graphs)
def test_a_circle_is_found_exactly_when_there_is_one(needs: dict[BeadId, list[BeadId]]) -> None:
    found = find_cycle(needs)
    try:
        graphlib.TopologicalSorter(needs).prepare()
        assert found is None
    except graphlib.CycleError:
        assert found is not None and found[0] == found[-1] and len(found) >= 2
        assert all(after in needs.get(before, []) for before, after in itertools.pairwise(found))


ends = st.sampled_from(
    [(state, reason) for state in BeadState for reason in (None, Reason.DONE, Reason.WONTDO, Reason.PARKED)]
)


@given(st.lists(ends, max_size=6))
def test_a_convoy_lands_with_one_merged_and_the_rest_met(beads: list[tuple[BeadState, str | None]]) -> None:
    merged = [state for state, _ in beads if state is BeadState.MERGED]
    rest = [(state, reason) for state, reason in beads if state is not BeadState.MERGED]
    done = all(state is BeadState.CLOSED and reason == Reason.DONE for state, reason in rest)
    assert has_landed(beads) == (bool(merged) and done)


def test_what_meets_a_need() -> None:
    assert is_met(BeadState.MERGED, None) and is_met(BeadState.CLOSED, "done")
    assert not is_met(BeadState.CLOSED, "wontdo") and not is_met(BeadState.SUBMITTED, None)

"""In which order one worker takes the steps."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain.formulas.model import Place, Step
from gastown_tmux.domain.formulas.order import find_circle, in_order


def step(id: str, *needs: str) -> Step:
    return Step(id, id, Place("it"), needs=needs)


def order(*steps: Step) -> str:
    return " ".join(each.id for each in in_order(steps))


def test_roots_first_as_the_file_has_them_then_whoever_is_freed_first() -> None:
    # graphlib's static_order gives other orders for these.
    assert order(step("a"), step("b", "a"), step("c"), step("d", "c"), step("e", "a")) == "a c b e d"
    assert order(step("z", "a"), step("a"), step("y", "a"), step("b", "y")) == "a z y b"


def test_a_chain_out_of_order() -> None:
    assert order(step("c", "b"), step("b", "a"), step("a")) == "a b c"


def test_a_circle_is_named_whole_and_left_out() -> None:
    assert find_circle({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == ["a", "b", "c", "a"]
    assert find_circle({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) is None
    assert order(step("a", "b"), step("b", "a"), step("c")) == "c"


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30).flatmap(lambda n: st.tuples(*(st.sets(st.integers(0, max(i - 1, 0))) for i in range(n)))))
def test_nobody_comes_before_what_it_needs(needs: tuple[set[int], ...]) -> None:
    steps = [step(str(i), *(str(n) for n in needed if n != i)) for i, needed in enumerate(needs)]
    found = [each.id for each in in_order(steps[::-1])]
    assert sorted(found, key=int) == [each.id for each in steps]
    place = {id: at for at, id in enumerate(found)}
    assert all(place[needed] < place[each.id] for each in steps for needed in each.needs)
    assert find_circle({each.id: each.needs for each in steps}) is None


def test_a_thousand_in_a_chain() -> None:
    steps = [step(str(i), *([str(i - 1)] if i else [])) for i in range(1025)]
    assert len(in_order(steps)) == 1025
    assert find_circle({each.id: each.needs for each in steps}) is None

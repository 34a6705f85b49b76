import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.edges.configuration.documents import DEEPEST, MOST_VALUES, parse_plain, parse_yaml
from gastown_tmux.edges.configuration.shipped import shipped

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_values_are_those_that_json_has() -> None:
    text = "a: 2026-01-01\n2026-01-02: [1, 2.5, true, null]\nb: 2026-01-01 10:00:00\n1: x\n"
    value = parse_yaml(text)
    assert value == {"a": "2026-01-01", "2026-01-02": [1, 2.5, True, None], "b": "2026-01-01T10:00:00", "1": "x"}
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        BOMB, "[" * 100_000, "[" * 200 + "]" * 200, "&a [*a]", "&a {b: *a}", "a: 2026-99-99", "!!int x", "!!bool x",
        "!!timestamp x", "a: !!binary aGk=", "!!set {a}", "\0", "a: [", "!!python/object:os.system {}", "? [a]\n: b",
        "- x\n" * (MOST_VALUES + 1),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_yaml(text)
    assert "\n" not in str(refused.value)


def test_what_a_person_nests_is_no_problem() -> None:
    value = parse_yaml("[" * (DEEPEST - 5) + "]" * (DEEPEST - 5))
    assert isinstance(value, list)


@pytest.mark.parametrize("role", ["crew", "mayor", "polecat"])
def test_front_matter_that_is_shipped_is_read_without_the_library_of_yaml(role: str) -> None:
    front = (shipped("roles") / f"{role}.md").read_text()[4:].partition("\n---\n")[0]
    assert parse_plain(front) == parse_yaml(front)


@given(st.lists(st.sampled_from([*"ayn-.:,[]{}#'\"!&*|>~0 \n", "yes", "on", "null", ": ", ", ", "key: word\n"])))
def test_what_is_plain_is_what_yaml_makes_of_it(parts: list[str]) -> None:
    plain = parse_plain("".join(parts))
    assert plain is None or plain == parse_yaml("".join(parts))

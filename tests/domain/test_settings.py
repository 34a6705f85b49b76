"""Configuration: six layers into one value that knows its origin; nothing wrong goes in."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.layers import Settings, environment_layer, flatten
from gastown_tmux.domain.setting_values import parse_budget, parse_duration, parse_size
from gastown_tmux.domain.settings import KEYS, check_value, find_key
from gastown_tmux.errors import UsageError

numbers = st.integers(0, 36_500)


@given(numbers, st.sampled_from([("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]))
def test_durations(number: int, unit: tuple[str, float]) -> None:
    assert parse_duration(f"{number}{unit[0]}") == parse_duration(f" {number} {unit[0]} ") == number * unit[1]


@given(numbers, st.sampled_from([("", 1), ("k", 2**10), ("K", 2**10), ("M", 2**20), ("G", 2**30), ("T", 2**40)]))
def test_sizes(number: int, unit: tuple[str, int]) -> None:
    assert parse_size(f"{number}{unit[0]}") == parse_size(f"{number}{unit[0]}B") == number * unit[1]


def test_budgets() -> None:
    assert parse_budget("10 per 10m") == (10, 600.0)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_can_be_an_environment_variable_and_has_a_lawful_default(key: Any) -> None:
    assert "_" not in key.name and "-" not in key.name.replace("<name>", "") and key.summary
    if key.default is not None:
        check_value(key.name, key.default, "default")


def put(document: dict[str, Any], name: str, dotted: bool, value: object) -> None:
    """Under its whole name, or in a mapping of its own for each word."""
    if not dotted and "." in name:
        first, rest = name.split(".", 1)
        put(document.setdefault(first, {}), rest, dotted, value)
    else:
        document[name] = value


DEFAULTS = {key.name: key.default for key in KEYS if key.default is not None}


@given(st.dictionaries(st.sampled_from(sorted(DEFAULTS)), st.booleans(), min_size=1))
def test_however_it_is_written_a_document_is_read_the_same(names: dict[str, bool]) -> None:
    document: dict[str, Any] = {}
    for name, dotted in names.items():
        put(document, name, dotted, DEFAULTS[name])
    assert flatten(document, "town.yaml") == {name: DEFAULTS[name] for name in names}
    name, dotted = next(iter(names.items()))
    put(document, f"{name}x", dotted, DEFAULTS[name])
    with pytest.raises(UsageError, match=re.escape(f"{name}x")):
        flatten(document, "town.yaml")


def test_nested_and_dotted_are_the_same() -> None:
    nested = {"merge": {"review": True, "gates": ["make"]}, "providers": {"mine": {"command": "x"}}, "mail": None}
    assert flatten(nested, "f") == {
        "merge.review": True, "merge.gates": ["make"], "providers.mine": {"command": "x"},
    }  # fmt: skip
    assert flatten({"merge.review": True}, "f") == flatten({"merge": {"review": True}}, "f")


@pytest.mark.parametrize(
    "document",
    [
        [],
        "x",
        3,
        {"merge": {"reveiw": True}},
        {"mail.rescan": 1},
        {"snapshot.every": "0s"},
        {"limits.agents": 0},
        {"merge.gates": [{"name": "no run"}]},
        {"merge.gates": [{"run": "make", "env": "CI=1"}]},
        {"merge.gates": [{"run": "make", "timeout": "0s"}]},
        {"merge.gates": [{"run": "make", "parallel": "maybe"}]},
        {"providers.mine": {"command": "an open 'quote"}},
        {"providers.mine": {"args": [{}]}},
        {"providers.mine": {"env": ["A"]}},
    ],
)
def test_what_is_refused(document: Any) -> None:
    with pytest.raises(UsageError):
        flatten(document, "town.yaml")


def test_the_nearest_key_is_named() -> None:
    with pytest.raises(UsageError) as refused:
        find_key("merge.reviw")
    assert refused.value.hint == "did you mean merge.review?"


LAYERS = ("flag", "environment", "project", "town", "user", "default")


@given(st.sets(st.sampled_from(LAYERS[:-1])))
def test_the_strongest_layer_wins_and_is_named(given_in: set[str]) -> None:
    layers = [(name, {"mail.rescan": f"{place + 1}s"} if name in given_in else {}) for place, name in enumerate(LAYERS)]
    found = Settings(layers[:-1]).find("mail.rescan")
    strongest = next((name for name in LAYERS if name in given_in), "default")
    assert found.layer == strongest
    assert Settings(layers[:-1]).seconds("mail.rescan") == parse_duration(found.value)


def test_the_environments_layer() -> None:
    environment = {"GT_MAIL_RESCAN": "2s", "GT_LIMITS_AGENTS": "3", "GT_TOWN": "/x", "GT_AGENT": "mayor"}
    parse = {"2s": "2s", "3": 3}.__getitem__
    assert environment_layer(environment, parse) == {"mail.rescan": "2s", "limits.agents": 3}
    with pytest.raises(UsageError, match="GT_LIMITS_AGENTS"):
        environment_layer({"GT_LIMITS_AGENTS": "x"}, lambda text: text)
    mine: dict[str, Any] = {"command": "x"}
    layer = environment_layer({"GT_PROVIDERS_MINE": "y", "GT_MERGE_REVIEW": ""}, lambda text: mine)
    assert layer == {"providers.mine": mine}


def test_a_default_may_be_another_in_a_rig() -> None:
    assert Settings([("town", {})]).count("limits.agents") == 30
    assert Settings([("project", {}), ("town", {})]).count("limits.agents") == 8
    assert Settings([("project", {}), ("town", {"limits.agents": 3})]).count("limits.agents") == 3


def test_show_has_every_key_once() -> None:
    shown = [setting.key for setting in Settings([("town", {"providers.mine": {"command": "x"}})]).show()]
    assert len(shown) == len(set(shown)) and "providers.mine" in shown
    assert {key.name for key in KEYS if "<" not in key.name} <= set(shown)

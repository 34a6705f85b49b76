"""What each kind of configuration value takes and makes of it, and what it refuses: one table, in two columns."""

import re
from typing import Any

import pytest

from gastown_tmux.domain import setting_values as values
from gastown_tmux.domain.budgets import Budget, parse_budget_of_use
from gastown_tmux.domain.setting_values import ApprovalRule, Gate
from gastown_tmux.domain.settings import KEYS, check_value
from gastown_tmux.domain.spending import Price, parse_price
from gastown_tmux.errors import UsageError

NO_TEXT: list[Any] = [None, True, 0, 1.5, [], {}]
NO_LIST: list[Any] = [None, True, 0, "x", {}]
HALF_AN_HOUR = 1800.0

#: For each parser: lawful values with what code gets, and unlawful ones.
TABLE: dict[Any, tuple[list[tuple[Any, Any]], list[Any]]] = {
    values.parse_text: ([("x", "x"), (" ", " ")], [*NO_TEXT, ""]),
    values.parse_boolean: ([(True, True), (False, False)], [None, 0, 1, "true", []]),
    values.parse_count: ([(1, 1), (10**9, 10**9)], [None, True, 0, -1, 1.0, "1", []]),
    values.parse_counts: ([({}, {}), ({"claude": 2}, {"claude": 2})], [None, 1, "x", [], {"": 1}, {"a": 0}]),
    values.parse_number: ([(0, 0), (7, 7)], [None, True, -1, 1.5, "1", []]),
    values.parse_load: ([(1, 1.0), (0.5, 0.5)], [None, True, 0, -0.5, "1"]),
    values.parse_port: ([(0, 0), (7433, 7433), (65_535, 65_535)], [None, True, -1, 65_536, "80", 1.5]),
    values.parse_texts: ([([], ()), (["a", ""], ("a", ""))], [*NO_LIST, [1], ["a", None]]),
    values.parse_duration: (
        [("0s", 0.0), ("100ms", 0.1), ("1.5h", 5400.0), (" 2 d ", 172800.0)],
        [*NO_TEXT, "", "1", "s", "-1s", "1w", "1s 2s", "1S"],
    ),
    values.parse_interval: ([("1ms", 0.001), ("30m", 1800.0)], [*NO_TEXT, "0s", "0.0h", "x"]),
    values.parse_size: (
        [("0", 0), ("1k", 1024), ("1.5K", 1536), ("2MiB", 2 * 2**20), ("3GB", 3 * 2**30)],
        [*NO_TEXT, "", "k", "-1", "1E", "1 k B"],
    ),
    values.parse_budget: (
        [("10 per 10m", (10, 600.0)), ("0 per 0s", (0, 0.0))],
        [*NO_TEXT, "10", "x per 1m", "1 per x"],
    ),
    values.parse_command: (
        [("make 'a b'", "make 'a b'"), (["make", 1, 1.5], ["make", 1, 1.5])],
        [None, True, 1, {}, "an open 'quote", [[]], [None]],
    ),
    values.parse_amount: ([(0, 0.0), (0.25, 0.25)], [None, True, -1, "1", float("inf"), float("nan")]),
    values.parse_date: ([("2026-01-31", "2026-01-31")], [None, "2026-13-01", "yesterday", 2026]),
    parse_budget_of_use: ([(1000, Budget(tokens=1000)), ("5 USD", Budget(usd=5.0))], [None, True, 0, "5 EUR"]),
    parse_price: ([({"input": 1, "output": 2, "cached": 0}, Price(1.0, 2.0, 0.0))], [None, 1, {}, {"input": 1}]),
    values.parse_variables: (
        [({}, {}), ({"A": 1, 2: "b"}, {"A": "1", "2": "b"})],
        [None, "A=1", ["A"], {"A": []}, {"A": None}],
    ),
    values.parse_gates: (
        [
            ([], ()),
            (["make"], (Gate("make", "make", HALF_AN_HOUR, {}, False),)),
            (
                [{"name": "t", "run": "make t", "timeout": "5m", "env": {"CI": 1}, "parallel": True}, {"run": "x"}],
                (Gate("t", "make t", 300.0, {"CI": "1"}, True), Gate("x", "x", HALF_AN_HOUR, {}, False)),
            ),
        ],
        [
            *NO_LIST, [1], [""], [{}], [{"name": "t"}], [{"run": ""}], [{"run": "x", "name": 1}],
            [{"run": "x", "cmd": "y"}], [{"run": "x", "timeout": "0s"}], [{"run": "x", "env": "CI=1"}],
            [{"run": "x", "parallel": "no"}], ["make", "make"], [{"run": "a", "name": "t"}, {"run": "b", "name": "t"}],
        ],
    ),
    values.parse_approval_rules: (
        [([], ()), ([{"match": "^git", "answer": "deny"}], (ApprovalRule("deny", re.compile("^git", re.MULTILINE)),))],
        [*NO_LIST, ["x"], [{}], [{"match": "x"}], [{"match": "x", "answer": "yes"}], [{"match": "(", "answer": "deny"}],
         [{"match": "x", "answer": "deny", "more": 1}]],
    ),
    values.parse_forge_repository: (
        [("cli/cli", "cli/cli"), ("forge.example:8443/a/b", "forge.example:8443/a/b")],
        [*NO_TEXT, "", "cli", "a/b/c/d", "https://github.com/cli/cli", "a/..", "a b/c"],
    ),
    values.parse_secret: (
        [("env:GH_TOKEN", "env:GH_TOKEN"), ("file:~/.token", "file:~/.token"), ("file:/run/x y", "file:/run/x y")],
        [*NO_TEXT, "", "ghp_abc", "env:", "env:A B", "file:", "file:x", "ENV:A"],
    ),
    values.parse_hours: (
        [("22:00-07:00", (1320, 420)), (" 9:05 - 17:30 ", (545, 1050))],
        [*NO_TEXT, "", "22-7", "24:00-07:00", "22:60-07:00", "22:00", "22:00-07:00-08:00"],
    ),
    values.parse_provider: (
        [(one, one) for one in ({}, {"command": "x -y"}, {"from": "claude", "args": ["-y"], "env": {"A": "1"}},
                                {"prompt": "^> ", "busy": "Thinking"}, {"typing": "quiet"})],
        [None, "x", [], {"comand": "x"}, {"from": ""}, {"command": "'"}, {"args": [{}]}, {"env": ["A"]},
         {"prompt": "("}, {"busy": ""}, {"prompt": 3}, {"typing": "loud"}],
    ),
}  # fmt: skip


def cases(column: int) -> list[Any]:
    return [
        pytest.param(parse, case, id=f"{parse.__name__}-{case!r}")
        for parse, row in TABLE.items()
        for case in row[column]
    ]


@pytest.mark.parametrize(("parse", "case"), cases(0))
def test_what_is_taken(parse: Any, case: tuple[Any, Any]) -> None:
    value, meaning = case
    found = parse(value)
    assert found == meaning and type(found) is type(meaning)


@pytest.mark.parametrize(("parse", "value"), cases(1))
def test_what_is_refused(parse: Any, value: Any) -> None:
    with pytest.raises(ValueError):
        parse(value)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_each_key_is_read_as_its_kind(key: Any) -> None:
    name = key.name.replace("<name>", "mine")
    if isinstance(key.parse, values.OneOf):
        taken, refused = [(key.default, key.default)], [*NO_TEXT, "", key.default.upper()]
    else:
        taken, refused = TABLE[key.parse]
    for value, meaning in taken:
        assert check_value(name, value, "town.yaml") == meaning
    for value in refused:
        with pytest.raises(UsageError, match=rf"^town\.yaml: {re.escape(name)} must be .+") as refusal:
            check_value(name, value, "town.yaml")
        assert refusal.value.message.endswith("PATH" if name.endswith("token") else f", not {value!r}")


def test_what_may_be_a_secret_is_not_repeated() -> None:
    with pytest.raises(UsageError, match=r"env:NAME or file:PATH$"):
        check_value("merge.request.token", "ghp_abc", "town.yaml")


def test_one_of_some_words() -> None:
    parse = values.one_of("push", "local")
    assert [parse("push"), parse("local")] == ["push", "local"]
    for value in (*NO_TEXT, "", "PUSH", "push "):
        with pytest.raises(ValueError, match=r"^one of push, local$"):
            parse(value)

"""What a file of an order may say, and what is said of one that is wrong."""

from datetime import time

import pytest

from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.orders.model import At, Every, On, When
from gastown_tmux.domain.orders.parsing import parse_order

DO = {"run": "true"}


def faults(document: object, name: str = "it", home: RigName | None = None) -> list[tuple[str, str | None]]:
    order, found = parse_order(name, home, document)
    assert (order is None) == bool(found)
    return [(f"{'.'.join(map(str, fault.path))}: {fault.text}", fault.hint) for fault in found]


def trigger(**document: object) -> object:
    order, found = parse_order("it", None, {**DO, **document})
    assert found == []
    assert order is not None
    return order.trigger


def test_the_four_ways_to_begin() -> None:
    assert trigger(every="1h") == Every(3600, "every 1h")
    assert trigger(at="3:00") == At((time(3),), frozenset(range(7)), None, "at 3:00")
    days = trigger(at=["15:30", "03:00"], days=["Monday", "fri"], late="2h")
    assert days == At((time(3), time(15, 30)), frozenset({0, 4}), 7200, "at 15:30 03:00 on Monday fri")
    assert trigger(on="bead.merged") == On(("bead.merged",), "on bead.merged")
    assert trigger(when="test -e x") == When("test -e x", 60, "when test -e x")
    assert trigger(when="true", every="5m") == When("true", 300, "when true")


def test_a_group_of_events_is_each_of_it() -> None:
    group = trigger(on=["bead", "run.changed"])
    assert isinstance(group, On)
    assert [group.is_meant(type) for type in ("bead.merged", "run.changed", "run.poured", "beads")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_what_is_done_and_where() -> None:
    order, found = parse_order(
        "nightly", RigName("demo"),
        {"at": "03:00", "formula": "release", "vars": {"version": "1.10"}, "spread": "true", "preset": "quick",
         "cooldown": "1h"},
    )  # fmt: skip
    assert found == []
    assert order is not None
    assert (order.id, order.rig, order.vars, order.spread) == ("demo/nightly", "demo", {"version": "1.10"}, True)
    assert (order.preset, order.cooldown, order.does) == ("quick", 3600, "formula release")
    town, _ = parse_order("nightly", None, {"when": "true", "run": "date", "rig": "demo"})
    assert town is not None
    assert (town.id, town.rig, town.cooldown, town.timeout) == ("nightly", "demo", 600, 600)


@pytest.mark.parametrize(
    ("document", "said", "hint"),
    [
        ({"evry": "1h", "every": "1h", **DO}, "evry: unknown key 'evry' in an order", "did you mean 'every'?"),
        ({"cron": "0 3 * * *", "every": "1h", **DO}, "cron: unknown key 'cron' in an order",
         'write at: "03:00", or every: 1h'),
        ({"command": "x", "every": "1h", **DO}, "command: unknown key 'command' in an order", "write run: COMMAND"),
        ({"enabled": "no", "every": "1h", **DO}, "enabled: unknown key 'enabled' in an order",
         "gt order pause NAME and gt order resume NAME"),
        ({"every": "1h"}, ": it says nothing to do", "formula: NAME, or run: COMMAND"),
        (DO, ": it says no time", 'every: 1h, at: "03:00", on: bead.merged, or when: COMMAND'),
        ({"every": "1h", "at": "03:00", **DO}, "at: every and at: one of them", "write two orders"),
        ({"every": "1h", "run": "x", "formula": "y"}, "run: formula and run: one of them", "write two orders"),
        ({"every": "soon", **DO}, "every: every must be a duration such as 30s, 5m or 2h, not 'soon'", None),
        ({"every": "10ms", **DO}, "every: every must be at least 1s, not '10ms'", None),
        ({"every": ["1h"], **DO}, "every: every must be a duration such as 30s, 5m or 2h, not the list 1h", None),
        ({"at": "25:00", **DO}, "at: at must be a time of day such as \"03:00\", or a list of them, not '25:00'", None),
        ({"at": [], **DO}, 'at: at must be a time of day such as "03:00", or a list of them, not an empty list', None),
        ({"at": "3am", **DO}, "at: at must be a time of day such as \"03:00\", or a list of them, not '3am'", None),
        ({"at": "03:00", "days": "noday", **DO},
         "days: days must be some of mon, tue, wed, thu, fri, sat, sun, not 'noday'", None),
        ({"at": "03:00", "days": ["mon", "noday"], **DO},
         "days: days must be some of mon, tue, wed, thu, fri, sat, sun, not the list mon, noday", None),
        ({"every": "1h", "days": "mon", **DO}, "days: days belongs to a time of day", 'at: "03:00"'),
        ({"every": "1h", "late": "1h", **DO}, "late: late belongs to a time of day", 'at: "03:00"'),
        ({"on": "bead.merge", **DO}, "on: there is no event 'bead.merge'", "did you mean 'bead.merged'?"),
        ({"when": {"a": "b"}, **DO}, "when: when must be a text, not a table", None),
        ({"every": "1h", "vars": "x", "formula": "f"}, "vars: vars must be a table, not 'x'", "vars: {NAME: VALUE}"),
        ({"every": "1h", "vars": {"x": ["y"]}, "formula": "f"}, "vars.x: vars.x must be a text, not the list y", None),
        ({"every": "1h", "vars": {"x": "y"}, **DO}, "vars: vars belongs to a formula", "formula: NAME"),
        ({"every": "1h", "timeout": "5m", "formula": "f"}, "timeout: timeout belongs to a command",
         "steps of a formula have their own"),
        ({"every": "1h", "spread": "maybe", "formula": "f"},
         "spread: spread must be true or false, not 'maybe'", None),
        ({"every": "1h", "formula": ""}, "formula: formula must be a text, not ''", None),
        (["every"], ": an order is keys and values", "every: 1h, and formula: NAME"),
        (None, ": an order is keys and values", "every: 1h, and formula: NAME"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_way_out(document: object, said: str, hint: str | None) -> None:
    assert (said, hint) in faults(document)


def test_names_and_rigs_that_cannot_be() -> None:
    assert faults({"every": "1h", **DO}, name="Nightly run")[0][0] == ": 'Nightly run' is no name of an order"
    other = faults({"every": "1h", "rig": "other", **DO}, home=RigName("demo"))
    assert other == [("rig: it stands in the folder of rig demo", "leave rig out, or move it to orders/it.yaml")]

"""Which lines are about agents of another town."""

import pytest

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.elsewhere import find_place
from gastown_tmux.verbs.index import find_verb


@pytest.mark.parametrize(
    ("line", "host", "there"),
    [
        ("peek toast@box", "box", "toast"),
        ("peek -n 5 --ansi demo/toast@box", "box", "-n 5 --ansi demo/toast"),
        ("attach mayor@box --read-only", "box", "mayor --read-only"),
        ("nudge toast@box write to me@there", "box", "toast write to me@there"),
        ("nudge -- toast@box -x y", "box", "-- toast -x y"),
        ("log toast@box", "box", "toast"),
        ("approve a/b@box c/d@box --digest x@y", "box", "a/b c/d --digest x@y"),
        ("snapshot restore toast@box 3", "box", "toast 3"),
    ],
)
def test_the_host_is_taken_from_the_agent(line: str, host: str, there: str) -> None:
    verb, rest = find_verb(line.split())
    assert find_place(verb, rest) == (host, there.split())


@pytest.mark.parametrize(
    "line",
    [
        "peek toast",
        "nudge @rig/demo hello a@b",
        "nudge toast a@b",
        "mail send toast@box -s s -m b",
        "snapshot list toast@box",
        "bead create fix@me --rig demo",
        "log deacon",
    ],
)
def test_all_else_is_ours(line: str) -> None:
    verb, rest = find_verb(line.split())
    assert find_place(verb, rest) is None


def test_one_line_is_for_one_town() -> None:
    verb, rest = find_verb(["approve", "a/b@box", "c/d"])
    with pytest.raises(UsageError):
        find_place(verb, rest)

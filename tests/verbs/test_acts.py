"""Every key leads to a line that the table of verbs takes."""

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.verbs.acts import (
    Act,
    acts_on,
    acts_on_agent,
    acts_on_bead,
    acts_on_line,
    acts_on_mail,
    acts_on_run,
    for_head,
)  # fmt: skip
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.keys import DIFF_MOVES, MOVES
from gastown_tmux.verbs.parser import parse
from tests.faces.pictures import every_need, make_need

TOAST, BEAD = Address("demo/toast"), BeadId("de-00001")
GROUPS = [
    *(acts_on(need) for need in every_need()),
    acts_on_agent(TOAST, BEAD, "working"),
    acts_on_agent(TOAST, None, "paused"),
    acts_on_agent(Address("mayor"), None, "idle"),
    acts_on_bead(BEAD, TOAST),
    acts_on_bead(BEAD, None),
    acts_on_mail("abcdefgh"),
    acts_on_run("run-00001", "running"),
    acts_on_run("run-00001", "paused"),
    acts_on_run("run-00001", "done"),
    (acts_on_line(TOAST, BEAD, "src/a b.py:12", "a" * 40),),
]


@pytest.mark.parametrize("acts", GROUPS, ids=lambda acts: "".join(act.key for act in acts) or "none")
def test_every_line_is_one_that_its_verb_takes(acts: tuple[Act, ...]) -> None:
    keys = [act.key for act in acts]
    assert len(keys) == len(set(keys))
    for act in acts:
        for words in ("-", "--force me", "it's; $(rm) é\u202e"):
            told = []
            for line in act.lines(words):
                verb, rest = find_verb(line)
                for value in parse(verb, rest).values():
                    told += value if isinstance(value, list) else [str(value)]
            # What was asked for is one value, and whole.
            assert not act.asks or any(
                value.endswith(words.replace("-", "- ") if words == "-" else words) for value in told
            )
        assert act.lines() if act.may_be_empty or not act.asks else not act.lines()


def test_no_key_that_acts_is_one_that_moves() -> None:
    moving = {key for keys, _ in (*MOVES, *DIFF_MOVES) for key in keys.split()} | set("123456789")
    for acts in GROUPS:
        assert moving.isdisjoint(act.key for act in acts)


def test_an_answer_to_a_merge_request_is_for_the_head_that_is_shown() -> None:
    yes, no, diff, _ = (for_head(act, "b" * 40) for act in acts_on(make_need(NeedKind.MERGE, "mr-00001")))
    assert yes.commands == (("mq", "approve", "mr-00001", "--head", "b" * 40),)
    assert no.lines() == [("mq", "reject", "mr-00001", "--head", "b" * 40)]
    assert diff.commands == (("diff", "de-00001"),)

"""What waits is answered as it was shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.needs import Need, NeedKind
from gastown_tmux.repl.decide import decide
from gastown_tmux.verbs.acts import acts_on

TOAST = Address("demo/toast")
ASKED = Need(
    NeedKind.APPROVAL, TOAST, TOAST, None, None, ("gt approve demo/toast",), "Bash command: ls",
    "Bash command\nls\x07", "d1",
)  # fmt: skip
HELD = Need(NeedKind.MERGE, "mr-1", TOAST, None, None, ("gt mq approve mr-1",), "x", "held for review", "h1")


@dataclass
class Desk:
    """A person who presses these keys, one after the other, while what waits changes with each command."""

    keys: list[str]
    waiting: list[list[Need]]
    shown: list[str] = field(default_factory=list)
    ran: list[Sequence[str]] = field(default_factory=list)
    words: str = ""
    fails: bool = False

    def write(self, text: str) -> None:
        self.shown.append(text)

    def ask_key(self, question: str, keys: str) -> str | None:
        key = self.keys.pop(0)
        assert key in keys
        return key

    def ask_words(self, question: str) -> str | None:
        return self.words

    def review(self) -> list[Need]:
        return self.waiting[min(len(self.ran), len(self.waiting) - 1)]

    def run(self, words: Sequence[str]) -> bool:
        self.ran.append(words)
        return not self.fails

    def decide(self, stays: bool = True) -> bool:
        return decide(self.review, self, self.run, stays)


def test_an_answer_carries_the_digest_of_what_was_shown() -> None:
    desk = Desk(["y"], [[ASKED]])
    assert desk.decide()
    assert desk.shown == ["1/1 approval demo/toast  Bash command: ls", "Bash command\nls?", "that was all"]
    assert desk.ran == [("approve", "demo/toast", "--digest", "d1")]
    desk = Desk(["n"], [[ASKED]])
    desk.decide()
    assert desk.ran == [("deny", "demo/toast", "--digest", "d1")]


def test_after_a_visit_it_is_shown_as_it_is_then() -> None:
    later = replace(ASKED, reason="Bash command\nrm -rf /", digest="d2")
    desk = Desk(["a", "y"], [[ASKED], [later]])
    assert desk.decide()
    assert desk.shown[-2] == "Bash command\nrm -rf /"
    assert desk.ran == [("attach", "demo/toast"), ("approve", "demo/toast", "--digest", "d2")]
    desk = Desk(["a"], [[ASKED], []])
    assert desk.decide()
    assert desk.shown[-2:] == ["1/1 approval demo/toast waits no more", "that was all"]
    assert not Desk(["a"], [[ASKED]]).decide(stays=False)


def test_what_comes_up_later_is_shown_as_it_is_then() -> None:
    other = replace(ASKED, id="demo/nux", agent=Address("demo/nux"), digest="x1")
    desk = Desk(["y", "y"], [[ASKED, other], [replace(other, digest="x2")]])
    desk.decide()
    assert desk.ran[1] == ("approve", "demo/nux", "--digest", "x2")
    desk = Desk(["y"], [[ASKED, other], []])
    desk.decide()
    assert desk.shown[-2] == "2/2 approval demo/nux waits no more"


def test_a_diff_comes_back_to_the_same_question() -> None:
    held = replace(HELD, bead=BeadId("de-1"))
    desk = Desk(["d", "y"], [[held]])
    desk.decide()
    assert desk.ran == [("diff", "de-1", "--stat"), ("diff", "de-1"), ("mq", "approve", "mr-1", "--head", "h1")]
    assert len(desk.shown) == 2


ESCALATED = Need(
    NeedKind.ESCALATION, "esc-1", TOAST, BeadId("de-1"), None, ("gt escalate show esc-1",), "which greeting?", "medium"
)


def test_what_cannot_be_undone_is_asked_for_twice() -> None:
    waiting = Need(NeedKind.RUN, "run-1", TOAST, None, None, ("gt run cancel run-1",), "release", "step a failed")
    desk = Desk(["c", "n"], [[waiting]])
    assert desk.decide() and desk.ran == []
    desk = Desk(["c", "y"], [[waiting]])
    assert desk.decide() and desk.ran == [("run", "cancel", "run-1")]


def test_an_act_that_ends_the_cause_of_an_escalation_resolves_it() -> None:
    desk = Desk(["l", "w"], [[ESCALATED]], words="say hello")
    desk.decide()
    assert desk.ran == [
        ("log", TOAST),
        ("mail", "send", TOAST, "--subject=about de-1", "--body=say hello", "--bead=de-1"),
        ("sling", "de-1"),
        ("escalate", "resolve", "esc-1"),
    ]
    for key, act in (("o", ("sling", "de-1")), ("c", ("bead", "close", "de-1", "--reason=wontdo"))):
        desk = Desk([key], [[ESCALATED]])
        desk.decide()
        assert desk.ran == [act, ("escalate", "resolve", "esc-1")]


def test_an_act_that_fails_or_is_thought_better_of_resolves_nothing() -> None:
    desk = Desk(["o"], [[ESCALATED]], fails=True)
    desk.decide()
    assert desk.ran == [("sling", "de-1")]
    desk = Desk(["w"], [[ESCALATED]])
    desk.decide()
    assert desk.ran == []


def test_every_kind_of_need_has_keys_and_no_key_has_nothing_to_do() -> None:
    for kind in NeedKind:
        keys: list[str] = []
        need = replace(ESCALATED, kind=kind)

        class Asker(Desk):
            def ask_key(self, question: str, offered: str, found: list[str] = keys) -> str | None:
                found[:] = offered
                return "q"

        Asker([], [[need]]).decide()
        assert keys[-2:] == ["s", "q"] and len(keys) == len(set(keys))
        for key in set(keys) - {"s", "q", "a"}:
            act = next(act for act in acts_on(need) if act.key == key)
            desk = Desk([key, "y" if act.confirms else "s", "s"], [[need]], words="words")
            desk.decide()
            assert desk.ran[0 if kind is not NeedKind.MERGE else 1 :], (kind, key)

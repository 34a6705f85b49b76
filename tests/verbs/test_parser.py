"""Words become parameters as getopt has it, whatever they begin with."""

from typing import Any

import pytest

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import needs_writing, parse


def parsed(*words: str) -> dict[str, Any]:
    verb, rest = find_verb(list(words))
    return parse(verb, rest)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (("mail", "send", "ann", "-s", "-x", "-m", "--"), {"to": ["ann"], "subject": "-x", "body": "--"}),
        (("mail", "send", "-s=a=b", "--", "ann", "--", "-b"), {"to": ["ann", "--", "-b"], "subject": "a=b"}),
        (
            ("mail", "send", "-sone word", "ann", "--exp", "2h"),
            {"to": ["ann"], "subject": "one word", "expires": 7200.0},
        ),
        (("nudge", "ann", "-5", "-e what;", "-"), {"agent": "ann", "text": ["-5", "-e what;", "-"]}),
        (("nudge", "ann", "--mode", "now", "--", "--mode"), {"agent": "ann", "text": ["--mode"], "mode": "now"}),
        (("bead", "create", "--rig", "r", "--", "-t"), {"title": "-t", "rig": "r"}),
        (
            ("bead", "create", "t", "--rig", "r", "--needs", "a", "b", "-l", "x", "--needs=c"),
            {"title": "t", "rig": "r", "needs": ["a", "b", "c"], "labels": ["x"]},
        ),
        (("mail", "inbox", "--all"), {"all": True}),
        (("config", "agent", "set", "me", "sh", "-c", "--", "x"), {"name": "me", "command": ["sh", "-c", "--", "x"]}),
    ],
)
def test_words_become_parameters(words: tuple[str, ...], given: dict[str, Any]) -> None:
    assert parsed(*words) == given


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mail", "send", "ann", "-s"), "-s needs a value"),
        (("mail", "send", "ann", "-s", "x", "--bogus"), "gt mail send has no flag --bogus"),
        (("mail", "send", "ann", "--e", "2h", "--b", "x"), "gt mail send has no flag --b"),
        (("mail", "send", "ann", "-s", "x", "--expires", "-5s"), "--expires: '-5s' is not a duration"),
        (("peek", "ann", "-n", "many"), "-n: 'many' is not a number"),
        (("mail", "inbox", "--all=yes"), "--all takes no value"),
        (("mail", "inbox", "ann", "ben"), "gt mail inbox does not take 'ben'"),
        (("escalate", "two", "words"), "gt escalate does not take 'words'"),
        (("mail", "send", "-s", "x"), "gt mail send needs TO"),
    ],
)
def test_what_is_off_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert caught.value.message.startswith(said) and caught.value.hint


def test_words_that_a_shell_has_parted_are_told_as_what_they_are() -> None:
    verb, rest = find_verb(["mail", "reply", "m1", "-m", "two", "words"])
    with pytest.raises(UsageError) as caught:
        parse(verb, rest)
    assert caught.value.hint == "quote words that belong together: -m 'two words'"


def test_one_text_is_not_said_twice() -> None:
    for words in (("--body", "a", "--body-file", "no file"), ("--body-file", __file__, "-b", "a")):
        with pytest.raises(UsageError, match="say the same: give one of them"):
            parsed("bead", "create", "t", *words)
    assert parsed("bead", "create", "t", "-b", "a", "--body", "b")["body"] == "b"


def test_an_editor_is_for_whoever_says_nothing() -> None:
    def writes(*words: str) -> bool:
        return needs_writing(*find_verb(list(words)))

    assert (
        writes("mail", "send", "ann") and writes("mail", "send", "ann", "-s", "x") and writes("bead", "update", "a-1")
    )
    assert not writes("mail", "send", "ann", "-m", "x") and not writes("mail", "send", "ann", "--body-file", "x")
    assert not writes("bead", "create", "A title") and not writes("bead", "update", "a-1", "-p", "1")
    assert not writes("status") and not writes("mail", "send", "--bogus")

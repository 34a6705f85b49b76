"""Words behind a verb become what its row says, whatever they begin with."""

import pytest

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.flags import take_globals
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import parse


@pytest.mark.parametrize("value", ["-x", "-", "- one\n- two", "--json", "--help", "-m", "", "-s=1", "a=b"])
@pytest.mark.parametrize("flag", ["-s", "--subject"])
def test_a_flag_takes_the_next_word_whatever_it_is(flag: str, value: str) -> None:
    globals_given, words = take_globals(["mail", "send", "toast", flag, value, "--json"])
    verb, rest = find_verb(words)
    assert globals_given.json and not globals_given.help
    assert parse(verb, rest) == {"to": ["toast"], "subject": value}


def test_words_that_are_no_values_stay_flags() -> None:
    given, words = take_globals(["--json", "mail", "send", "toast", "-s", "x", "--quiet"])
    assert (given.json, given.quiet, words) == (True, True, ["mail", "send", "toast", "-s", "x"])
    verb, rest = find_verb(["config", "agent", "set", "mine", "prog", "--key", "-x", "--", "y"])
    assert parse(verb, rest)["command"] == ["prog", "--key", "-x", "--", "y"]
    verb, rest = find_verb(["mail", "send", "toast", "-s"])
    with pytest.raises(UsageError, match="expected one argument"):
        parse(verb, rest)

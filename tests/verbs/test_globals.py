"""Global flags are found among a verb's words, but never in the value of one of its own flags."""

import pytest

from gastown_tmux.verbs.flags import take_globals


@pytest.mark.parametrize("value", ["-x", "--", "-", "--json", "--help", "-m", "", "--town"])
def test_a_flag_takes_the_next_word_whatever_it_is(value: str) -> None:
    given, words = take_globals(["mail", "send", "toast", "-s", value, "--json"])
    assert (given.json, given.help, given.town) == (True, False, None)
    assert words == ["mail", "send", "toast", "-s", value]


def test_global_flags_may_stand_anywhere() -> None:
    given, words = take_globals(["--json", "mail", "send", "toast", "-s", "x", "--quiet", "--", "--json"])
    assert (given.json, given.quiet, words) == (True, True, ["mail", "send", "toast", "-s", "x", "--", "--json"])

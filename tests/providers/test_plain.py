"""A program of the user's own, known by two patterns or by standing still."""

import pytest

from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.observation import ScreenState
from gastown_tmux.providers.base import PromptPassing
from gastown_tmux.providers.plain import StillJudge, make_rules
from gastown_tmux.providers.registry import find
from gastown_tmux.providers.screens import holds, judge

IDLE, WORKING, UNKNOWN = ScreenState.IDLE, ScreenState.WORKING, ScreenState.UNKNOWN
HELLO = "welcome\nyou> \n\n\n"


@pytest.mark.parametrize("prompt", ["^you> ", "^you>", "^you> ?(.*)$", "^you>(?: (.*))?$"])
def test_a_prompt_is_where_words_stand(prompt: str) -> None:
    rules = make_rules(prompt, "^Thinking")
    assert (judge(rules, HELLO, "").state, judge(rules, HELLO, "").draft) == (IDLE, "")
    typed = judge(rules, "welcome\nyou> gt: mail from\n  mayor\n", "")
    assert holds(typed.draft, "gt: mail from mayor") and not typed.takes_words
    assert judge(rules, "you> hello\n\nThinking...\n", "").state is WORKING
    assert judge(rules, "you> hello\nThinking...\n", "").draft is None
    assert judge(rules, "Thinking...\nyou>\n", "").state is WORKING
    assert judge(rules, "you> hello\nThinking...\ndid it\nyou>\n", "").takes_words
    assert judge(rules, "you> hello\n\ndid: hello\n", "").state is UNKNOWN
    assert judge(rules, "you> hello\nit failed\n\n$ ", "").takes_words is False


def test_a_still_screen_holds_what_was_typed_and_goes_on_when_that_is_taken() -> None:
    still = StillJudge(HELLO, "say this")
    assert still(HELLO, "").takes_words
    assert holds(still("welcome\nyou> say this", "").draft, "say this")
    assert holds(still("you> say this", "").draft, "say this")  # the echo made it scroll
    taken = still("welcome\nyou> say this\nThinking...", "")
    assert (taken.state, taken.draft) == (WORKING, "")
    for other in ("welcome\nyou> something else", "welcome\nyou> sa"):
        assert not holds(still(other, "").draft, "say this") and still(other, "").state is UNKNOWN
    assert still("another screen altogether", "").state is WORKING


def test_patterns_or_stillness_make_it_one_that_is_typed_to() -> None:
    mine = find("mine", Settings([("town", {"providers.mine": {"command": "./prog"}})]))
    assert not mine.screen.states and mine.prompt is PromptPassing.NONE and not mine.typing.quiet
    mine = find("mine", Settings([("town", {"providers.mine": {"command": "./prog", "typing": "quiet"}})]))
    assert mine.typing.quiet and mine.prompt is PromptPassing.TYPED
    both = {"command": "./prog", "typing": "quiet", "prompt": "^> "}
    mine = find("mine", Settings([("town", {"providers.mine": both})]))
    assert mine.screen.states and mine.prompt is PromptPassing.TYPED and not mine.typing.quiet
    claude = find("claude", Settings([("town", {"providers.claude": {"args": ["-x"]}})]))
    assert claude.screen == find("claude", Settings([])).screen and not claude.typing.quiet

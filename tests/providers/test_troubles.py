"""Recorded screens of real programs that cannot work, in fresh homes before a model server that refuses or is not
there: ``<trouble>_<program>_<version>[_<what>].txt``, the title in the first line.
"""

from pathlib import Path

import pytest

from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.observation import ScreenState, Trouble
from gastown_tmux.providers.registry import find, presets
from gastown_tmux.providers.screens import judge

CORPUS = sorted((Path(__file__).parent / "troubles").glob("*.txt"))
WORDS = {
    "not-logged-in": Trouble.LOGIN, "login-expired": Trouble.EXPIRED, "not-paid": Trouble.UNPAID,
    "no-network": Trouble.NETWORK, "update": Trouble.UPDATE, "first-start": Trouble.FIRST_START,
}  # fmt: skip
#: Words sent to these when the network may be back are not in vain; the others go on by themselves.
SENT_ON = {"no-network_claude_2.1.330", "no-network_copilot_1.0.102", "no-network_qwen_0.24.4"}


def read(path: Path) -> tuple[Trouble, str, str, str, str]:
    """Trouble, program, version, title, screen."""
    trouble, program, version = path.stem.split("_")[:3]
    title, _, screen = path.read_text().partition("\n")
    return WORDS[trouble], program, version, title.removeprefix("title: "), screen


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_it_waits_for_a_person_and_says_why(path: Path) -> None:
    trouble, program, version, title, screen = read(path)
    provider = find(program, Settings([]))
    assert provider.verified is not None and provider.verified.version == version
    for shown in (screen, screen + "\n" * 30):
        seen = judge(provider.screen, shown, title)
        assert (seen.state, seen.cause) == (ScreenState.WAITING, trouble), seen.evidence
        assert not seen.asks and seen.takes_words is (path.stem in SENT_ON)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_same_as_words_of_an_agents_is_no_trouble(path: Path) -> None:
    _, program, _, _, screen = read(path)
    provider = find(program, Settings([]))
    printed = "\n".join(f"     {line}" for line in screen.splitlines()[-20:])
    below = "\n".join(f"  + line {number} of what it prints" for number in range(20))
    assert judge(provider.screen, f"{printed}\n{below}", "").cause is None


def test_what_no_recording_shows_is_said_to_be_not_proved() -> None:
    shown = {(program, trouble) for trouble, program, *_ in map(read, CORPUS)}
    for name in presets():
        provider = find(name, Settings([]))
        known = {rule.cause for rule in provider.screen.states if rule.cause is not None}
        assert known == {trouble for program, trouble in shown if program == name}, name
        assert not known & set(provider.not_proved)
    assert find("claude", Settings([])).not_proved == find("pi", Settings([])).not_proved[1:] == ()
    assert find("runbook", Settings([])).not_proved == ()
    assert find("amp", Settings([])).not_proved == tuple(Trouble)

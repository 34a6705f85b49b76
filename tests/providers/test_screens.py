"""Recorded screens of real programs: ``<state>_<program>_<version>_<what>.txt``, the title in the first line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.observation import ScreenState
from gastown_tmux.providers.registry import find, presets
from gastown_tmux.providers.screens import ScreenRules, holds, judge

CORPUS = sorted((Path(__file__).parent / "screens").glob("*.txt"))
MAIL = "gt: mail from mayor: two words"
DRAFTS = {
    "ready_claude_2.1.330_draft": "hellodraft words",
    "idle_codex_0.169.0_draft": (
        "gt: mail from mayor: please look at the failing test in the parser (gt mail read abcdef12345) and then "
        "some more words so that it wraps over the edge of the window"
    ),
    "idle_aider_0.86.2_draft": "hello there",
    "idle_opencode_1.18.33_draft": "hello draft words",
    "error_copilot_1.0.102_draft": MAIL,
    "error_gemini_0.61.0_draft": MAIL,
    "error_pi_0.73.1_draft": "gt: mail from mayor",
    "error_qwen_0.24.4_draft": "gt: mail from mayor",
}
IDLE = (ScreenState.READY, ScreenState.IDLE)


def rules(name: str) -> ScreenRules:
    return find(name, Settings([])).screen


def read(path: Path) -> tuple[str, str, str, str]:
    """State, program, title, screen."""
    state, program, _, _ = path.stem.split("_")
    title, _, screen = path.read_text().partition("\n")
    return state, program, title.removeprefix("title: "), screen


def in_corpus(*states: str) -> list[Path]:
    return [path for path in CORPUS if path.name.split("_")[0] in states]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_recorded_screen_is_judged_right(path: Path) -> None:
    state, program, title, screen = read(path)
    seen = judge(rules(program), screen, title)
    assert seen.state == state, seen.evidence
    assert judge(rules(program), screen.replace("\n", "\r\n"), title).state == state
    assert judge(rules(program), screen + "\n" * 30, title).state == state


@pytest.mark.parametrize(
    ("name", "reset"),
    [
        ("limited_claude_2.1.330_subscription", "8:34am (UTC)"),
        ("limited_codex_0.169.0_plan", "10:41 AM"),
        ("limited_copilot_1.0.102_limit", "7200s"),
        ("limited_gemini_0.61.0_dialog", "10:39 AM"),
        ("limited_opencode_1.18.33_retrying", "1h 59m"),
    ],
)
def test_a_limit_is_read_with_its_end(name: str, reset: str) -> None:
    _, program, title, screen = read(Path(__file__).parent / "screens" / f"{name}.txt")
    assert judge(rules(program), screen, title).reset_at_text == reset


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_without_its_title_a_screen_is_judged_right_or_unknown(path: Path) -> None:
    state, program, _, screen = read(path)
    assert judge(rules(program), screen, "").state in (state, ScreenState.UNKNOWN)


@pytest.mark.parametrize("path", in_corpus("ready", "idle", "error"), ids=lambda path: path.stem)
def test_the_composer_holds_what_was_typed(path: Path) -> None:
    _, program, _, screen = read(path)
    draft = judge(rules(program), screen, "").draft
    expected = DRAFTS.get(path.stem, "")
    assert holds(draft, expected)
    assert not holds(draft, expected + "x")


@pytest.mark.parametrize("path", in_corpus("waiting"), ids=lambda path: path.stem)
def test_a_dialog_is_no_composer(path: Path) -> None:
    _, program, title, screen = read(path)
    assert judge(rules(program), screen, "").draft is None
    assert not judge(rules(program), screen, title).takes_words


def test_only_a_dialog_is_answered() -> None:
    asking = {path.stem for path in CORPUS for _, program, title, screen in [read(path)]
              if judge(rules(program), screen, title).asks}  # fmt: skip
    assert asking == {path.stem for path in in_corpus("waiting")} | {"limited_gemini_0.61.0_dialog"}


def test_words_are_taken_only_by_an_empty_composer_of_a_program_at_rest() -> None:
    taking = {path.stem for path in CORPUS for _, program, title, screen in [read(path)]
              if judge(rules(program), screen, title).takes_words}  # fmt: skip
    resting = {path.stem for path in in_corpus("ready", "idle", "error", "limited") if path.stem not in DRAFTS}
    assert taking == resting - {"limited_gemini_0.61.0_dialog"}


@pytest.mark.parametrize("path", in_corpus("ready", "idle"), ids=lambda path: path.stem)
def test_a_recorded_screen_that_an_agent_prints_is_not_its_own(path: Path) -> None:
    """The text of an idle screen, shown in the middle of a working one of the same program."""
    _, program, _, screen = read(path)
    below = "\n".join(f"  + line {number} of what it prints" for number in range(8))
    printed = "\n".join(f"     {line}" for line in screen.splitlines()[-20:])
    assert judge(rules(program), screen + below, "").state not in IDLE
    assert judge(rules(program), screen + "\n" + below, "").draft is None
    assert judge(rules(program), printed, "").draft is None


@pytest.mark.parametrize("program", ["claude", "codex", "gemini", "qwen", "copilot", "runbook"])
@given(screen=st.text(alphabet=st.sampled_from("─▄▀❯›*> \n·~/│●1.aé"), max_size=400), title=st.text(max_size=20))
def test_random_text_is_never_idle(program: str, screen: str, title: str) -> None:
    assert judge(rules(program), screen, title).state not in IDLE
    assert isinstance(judge(rules(program), "\x1b[2m" + screen, title).evidence, str)


@given(screen=st.text(max_size=300), title=st.text(max_size=20))
def test_every_preset_judges_anything(screen: str, title: str) -> None:
    for name in presets():
        assert judge(rules(name), screen, title).state not in IDLE


RUNBOOK = "runbook of demo/toast\n\n$ true\n  › not a prompt\n\n"


@pytest.mark.parametrize(
    ("bottom", "title", "state", "draft"),
    [
        ("› ", "◇ demo/toast", "idle", ""),
        ("›", "◇ demo/toast", "idle", ""),
        ("› gt: mail", "◇ demo/toast", "idle", "gt: mail"),
        ("› gt: mail that wr\naps", "◇ demo/toast", "idle", "gt: mail that wr\naps"),
        ("• working (3s · esc to interrupt)\n› ", "✦ demo/toast", "working", ""),
        ("• working (3s · esc to interrupt)\n› ", "", "working", ""),
        ("Do you want to proceed?\n ❯ 1. Yes\n   2. No", "✋ demo/toast", "waiting", None),
        ("Do you want to proceed?\n ❯ 1. Yes\n   2. No", "", "waiting", None),
        ("› ", "", "unknown", ""),
        ("› \n\nand more", "◇ demo/toast", "unknown", None),
    ],
)
def test_the_runbook_agent(bottom: str, title: str, state: str, draft: str | None) -> None:
    seen = judge(rules("runbook"), RUNBOOK + bottom + "\n", title)
    assert (seen.state, seen.draft) == (state, draft)


CLAUDE_BOTTOM = "\n\n" + "─" * 80 + "\n❯ \n" + "─" * 80 + "\n  ⏵⏵ bypass permissions on (shift+tab to cycle)\n"


@pytest.mark.parametrize(
    ("line", "state", "reset"),
    [
        ("  ⎿  You've hit your session limit · resets 3:45pm (Europe/Berlin)", "limited", "3:45pm (Europe/Berlin)"),
        ("● You’ve hit your weekly limit · resets at Oct 7, 9am", "limited", "Oct 7, 9am"),
        ("  ⎿  You've hit your monthly spend limit", "limited", None),
        ('● I wrote a test for the message "You\'ve hit your limit".', "idle", None),
        ("  ⎿  API Error: 529 overloaded", "error", None),
        ("● The server answered API Error 400, which I fixed.", "idle", None),
    ],
)
def test_limits_and_errors_of_claude(line: str, state: str, reset: str | None) -> None:
    seen = judge(rules("claude"), "❯ do it\n\n" + line + CLAUDE_BOTTOM, "✳ Claude Code")
    assert (seen.state, seen.reset_at_text) == (state, reset)


def test_a_codex_that_streams_looks_idle_and_is_not_called_so() -> None:
    footer = "\n\n› Ask Codex to do anything\n\n  gpt-5 default · ~/town/work\n  ← for agents · ? for shortcuts\n"
    streaming = "› do it\n\n• Here is what I think of it, word by" + footer
    assert judge(rules("codex"), streaming, "⠹ work").state is ScreenState.WORKING
    assert judge(rules("codex"), streaming, "").state is ScreenState.UNKNOWN
    assert judge(rules("codex"), streaming, "done | work").state is ScreenState.IDLE


def test_a_codex_draft_of_two_paragraphs_is_not_taken_for_one() -> None:
    screen = "• ok\n\n› gt: mail\n\n  and · ~more\n\n  gpt-5 default · ~/town/work\n  ? for shortcuts\n"
    assert judge(rules("codex"), screen, "").draft is None


def test_what_was_said_to_gemini_is_not_its_composer() -> None:
    said = "▄" * 60 + "\n > hello\n" + "▀" * 60 + "\n\n⠇ Thinking about it\n"
    assert judge(rules("gemini"), said, "").draft is None

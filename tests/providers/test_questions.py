"""What recorded dialogs of real programs ask, and that nothing an agent writes passes for one."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.layers import Settings
from gastown_tmux.providers.questions import Question, digest_of, find_question
from gastown_tmux.providers.registry import find, presets
from gastown_tmux.providers.screens import clean

SCREENS = Path(__file__).parent / "screens"
EXPECTED: dict[str, dict[str, Any] | None] = yaml.safe_load((Path(__file__).parent / "dialogs.yaml").read_text())
KNOWN = [name for name, dialog in EXPECTED.items() if dialog is not None]
#: A screen at rest, in which a dialog may be shown as something that was printed.
RESTING = {
    "claude": "idle_claude_2.1.330_after-turn", "codex": "idle_codex_0.169.0_after-turn",
    "gemini": "ready_gemini_0.61.0_start", "copilot": "idle_copilot_1.0.102_start",
    "qwen": "ready_qwen_0.24.4_start", "opencode": "idle_opencode_1.18.33_after-turn",
}  # fmt: skip
#: Before each line of what such a program's agent says, or prints.
INDENTED = {"claude": "  ", "codex": "  ", "gemini": "  ", "copilot": "   ", "qwen": "    ", "opencode": "     "}


def read(name: str) -> tuple[str, str]:
    """Program, screen."""
    _, _, screen = (SCREENS / f"{name}.txt").read_text().partition("\n")
    return name.split("_")[1], screen


def ask(program: str, screen: str) -> Question | None:
    return find_question(find(program, Settings([])).questions, screen)


def digest(program: str, screen: str, session: str = "ses-1") -> str:
    return digest_of(ask(program, screen), session, screen)


def recorded(name: str) -> Question:
    program, screen = read(name)
    question = ask(program, screen)
    assert question is not None
    return question


@pytest.mark.parametrize("name", sorted(path.stem for path in SCREENS.glob("*.txt")))
def test_every_recorded_dialog_is_cut_out_whole(name: str) -> None:
    program, screen = read(name)
    question = ask(program, screen)
    if EXPECTED.get(name) is None:
        assert question is None
        assert name in EXPECTED or not name.startswith("waiting")
        return
    assert question is not None
    keys = ("tool", "action", "asks", "options", "text")
    assert {key: getattr(question, key) for key in keys} == {**EXPECTED[name], "options": question.options}
    assert list(question.options) == EXPECTED[name]["options"]
    assert ask(program, screen.replace("\n", "\r\n") + "\n" * 30) == question


def test_dialogs_with_keys_of_their_own() -> None:
    own = {name: (recorded(name).approve, recorded(name).deny) for name in KNOWN}
    assert {name: keys for name, keys in own.items() if keys != ((), ())} == {
        "waiting_claude_2.1.330_bypass-dialog": (("Down", "Enter"), ()),
        "waiting_claude_2.1.330_trust": (("Down", "Enter"), ()),
        "waiting_codex_0.169.0_trust": (("Enter",), ()),
        "waiting_codex_0.169.0_trust-worktree": (("Enter",), ()),
    }


def test_one_line_for_a_person() -> None:
    assert recorded("waiting_gemini_0.61.0_permission").headline == "Shell: touch /home/user/wt-gemini/perm.txt"
    assert recorded("waiting_copilot_1.0.102_command-lines").headline == "command: cat <<EOF …"
    assert recorded("limited_gemini_0.61.0_dialog").headline == (
        "usage limit: Usage limit reached for all Pro models. …"
    )


@pytest.mark.parametrize("name", KNOWN)
def test_a_dialog_above_a_composer_asks_nothing(name: str) -> None:
    """A recorded dialog that an agent shows, as it is and as programs print it."""
    program, screen = read(name)
    _, rest = read(RESTING[program])
    for indented in ("", INDENTED[program]):
        shown = "\n".join(f"{indented}{line}".rstrip() for line in screen.rstrip().splitlines())
        assert ask(program, f"{shown}\n\n{rest}") is None


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_printed_above_a_dialog_is_no_part_of_it(name: str) -> None:
    """Whole dialogs of the same program, printed above this one as far in as its agent's words are."""
    program, screen = read(name)
    question, lines = recorded(name), clean(screen)
    first = next(n for n, line in enumerate(lines) if question.text.splitlines()[0].strip() in line)
    for other in KNOWN:
        if read(other)[0] == program:
            printed = [f"{INDENTED[program]}{line}".rstrip() for line in read(other)[1].rstrip().splitlines()]
            for place in (0, max(first - 4, 0)):
                found = ask(program, "\n".join([*lines[:place], *printed, "", *lines[place:]]))
                assert found in (question, None)


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("waiting_codex_0.169.0_permission", ["• Ran git log", "  └ first", "", "• Running git status", ""]),
        ("waiting_claude_2.1.330_permission", ["─" * 160, " an older rule", "─" * 160]),
        ("waiting_gemini_0.61.0_permission", [f"╭{'─' * 60}╮", f"│ ✓  Shell ls{' ' * 48}│", f"╰{'─' * 60}╯"]),
        ("waiting_qwen_0.24.4_command", ["  ? Shell git log (an older one)", "", "     git log", ""]),
    ],
)
def test_an_older_beginning_is_not_the_dialogs(name: str, before: list[str]) -> None:
    program, screen = read(name)
    assert ask(program, "\n".join([*before, *screen.splitlines()])) == recorded(name)


@pytest.mark.parametrize("name", KNOWN)
def test_a_dialog_of_which_a_part_is_out_of_sight_is_none(name: str) -> None:
    program, screen = read(name)
    question, lines = recorded(name), screen.rstrip("\n").splitlines()
    assert ask(program, f"{screen.rstrip()}\nmore") is None
    for cut in range(1, len(lines)):
        above, below = ask(program, "\n".join(lines[cut:])), ask(program, "\n".join(lines[:-cut]))
        assert above in (question, None)
        assert below is None or (below.stated, below.options[:1]) == (question.stated, question.options[:1])


#: How the commands of shell tools are drawn, and what stands before and after.
DRAWN = {
    "claude": "waiting_claude_2.1.330_command-lines", "codex": "waiting_codex_0.169.0_permission",
    "gemini": "waiting_gemini_0.61.0_command-lines", "copilot": "waiting_copilot_1.0.102_command-lines",
    "qwen": "waiting_qwen_0.24.4_command", "opencode": "waiting_opencode_1.18.33_command-lines",
}  # fmt: skip
FIRST = {"claude": " │ ", "codex": "  $ ", "gemini": "│ │ ", "copilot": "│ │ ", "qwen": "     ", "opencode": "  ┃  $ "}
NEXT = {**FIRST, "codex": "  ", "opencode": "  ┃  "}


def draw(program: str, command: list[str]) -> str:
    """The screen of a dialog that is about this command."""
    _, screen = read(DRAWN[program])
    lines = screen.splitlines()
    first = max(n for n, line in enumerate(lines) if re.match(re.escape(FIRST[program]) + r"(cd|cat|touch|git) ", line))
    last = first
    while lines[last + 1].startswith(NEXT[program]) and lines[last + 1][:100].strip(" ┃│"):
        last += 1
    close = " │ │" if program in ("gemini", "copilot") else ""
    drawn = [f"{(NEXT if n else FIRST)[program]}{line}{close}".rstrip() for n, line in enumerate(command)]
    return "\n".join([*lines[:first], *drawn, *lines[last + 1 :]])


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "git status", "$ git status", "─" * 60, "╌" * 60, "╭" + "─" * 60 + "╮", "╰" + "─" * 60 + "╯", "",
                "│ git status │", "Bash command", " Bash command", "Do you want to proceed?", "❯ 1. Yes", " ❯ 1. Yes",
                "  2. No", "› 1. Yes, proceed (y)", "● 1. Allow once", "• Running git status", "? Shell git status",
                "Would you like to run the following command?", "Environment: local", "△ Permission required",
                "  # Shell command", "Esc to cancel · Tab to amend", "Press enter to confirm or esc to cancel",
                "Allow execution of [Shell]?", "Allow execution of: 'git'?", "⠏ Waiting for user confirmation...",
                " Allow once   Allow always   Reject   ctrl+f fullscreen  ⇆ select  enter confirm",
                "Do you want to run this command?", "↑/↓ to navigate · enter to select · esc to cancel",
            ]
        ),
        st.text(alphabet="ab ─│╭╮╰╯┃╌?.$❯›●1/", max_size=30),
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("program", DRAWN)
@given(lines=LINES)
def test_no_command_passes_for_another(program: str, lines: list[str]) -> None:
    """Whatever lines a command is made of: it is seen as exactly these, or nothing is."""
    command = ["rm -rf /", *(line.rstrip() for line in lines), "rm x"]
    question = ask(program, draw(program, command))
    assert question is None or question.action.splitlines() == command


@pytest.mark.parametrize("program", DRAWN)
def test_a_plain_command_is_seen(program: str) -> None:
    question = ask(program, draw(program, ["make test", "", "  git diff"]))
    assert question is not None and question.action == "make test\n\n  git diff"


@pytest.mark.parametrize("program", DRAWN)
@pytest.mark.parametrize("command", ["│ git status", "$ git status", "│ git status │", "› git status", "❯ git status"])
def test_what_looks_like_a_frame_is_part_of_the_command(program: str, command: str) -> None:
    screen = draw(program, [command])
    if program == "claude":  # which draws no bar before a single line
        screen = read("waiting_claude_2.1.330_permission")[1].replace(
            " touch /home/user/wt-claude/perm2.txt\n╌", f" {command}\n╌"
        )
    question = ask(program, screen)
    assert question is not None and question.action == command


REASONS = {
    "waiting_codex_0.169.0_permission": ("  Reason: scripted escalation", "  Reason: "),
    "waiting_claude_2.1.330_permission": (" Run shell command", " "),
    "waiting_gemini_0.61.0_permission": ("│ ? Shell  touch /home/user/wt-gemini/perm.txt", "│ ? Shell  "),
    "waiting_copilot_1.0.102_command-lines": ("│ Show it", "│ "),
}


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_that_an_agent_gives_is_for_persons_only(name: str) -> None:
    program, screen = read(name)
    line, before = REASONS[name]
    assert line in screen
    changed = ask(program, screen.replace(line, f"{before}git status"))
    assert changed is not None
    assert changed.stated == recorded(name).stated
    assert "git status" in changed.text and changed.text != recorded(name).text


@pytest.mark.parametrize("name", KNOWN)
def test_what_moves_by_itself_changes_no_digest(name: str) -> None:
    program, screen = read(name)
    before = digest(program, screen)
    moved = re.sub("[\u2801-\u28ff]", "⠴", screen).replace("Tip: auto mode", "Tip: another one")
    assert digest(program, moved + "\n\n") == before
    assert digest(program, screen, "ses-2") != before


def test_scrolling_and_the_cursor_change_no_digest() -> None:
    program, screen = read("waiting_claude_2.1.330_permission")
    before = digest(program, screen)
    scrolled = "\n".join(screen.splitlines()[1:])
    moved = screen.replace(" ❯ 1. Yes\n   2. Yes, and", "   1. Yes\n ❯ 2. Yes, and")
    assert moved != screen
    assert digest(program, scrolled) == digest(program, moved) == before
    assert digest(program, screen.replace("perm2", "perm3")) != before
    assert digest(program, screen.replace("Run shell command", "Another reason")) != before


def test_a_dialog_that_is_not_known_is_all_of_the_screen() -> None:
    program, screen = read("waiting_claude_2.1.330_command-tall")
    before = digest(program, screen)
    assert digest(program, screen.replace("echo line50", "rm -rf /")) != before
    assert digest(program, f"⠴ thinking  12s\n{screen}") == before
    program, screen = read("waiting_copilot_1.0.102_command-tall")
    running = screen.replace("Pull requests   Gists", "Pull requests   Gists     23s")
    assert digest(program, running) == digest(program, running.replace("23s", "1m 2s"))


@pytest.mark.parametrize("program", presets())
def test_no_screen_takes_long(program: str) -> None:
    """As large as screens are, of lines that dialogs are made of."""
    parts = ["─" * 200, " x" * 100, "", "╌" * 200, f"│ {'x ' * 98}│", "  ? Shell x", "• Running x", "  $ x", "  ┃  x"]
    ends = [
        " ❯ 1. Yes\n\n Esc to cancel",
        "› 1. Yes, proceed (y)",
        "│ ● 1. Allow once │\n╰" + "─" * 60 + "╯",
        "  ┃  △ Permission required\n  ┃  x",
        "   › 1. Yes, allow once\n\n  ⠏ Waiting for user confirmation",
    ]
    provider = find(program, Settings([]))
    for part in parts:
        for end in ends:
            screen = "\n".join([*parts, *[part] * 200, end])
            start = time.process_time()
            find_question(provider.questions, screen)
            assert time.process_time() - start < 1


def test_a_command_of_which_a_part_is_hidden_is_not_seen() -> None:
    _, screen = read("waiting_codex_0.169.0_command-tall")
    screen = "• Running echo line0 …\n    + Show details\n" + screen.replace("  Press enter", "\n  Press enter")
    screen = screen.replace("^a view all", "^a view all\n")
    assert ask("codex", screen) is None
    assert ask("codex", screen.replace("  [… 80 lines] ^a view all", "")) is not None


@pytest.mark.parametrize("name", KNOWN)
def test_the_first_answer_is_a_plain_yes(name: str) -> None:
    """For that is what the key for yes takes."""
    program, screen = read(name)
    first = recorded(name).options[0]
    assert ask(program, "\n".join(clean(screen)).replace(first, f"{first}, and never ask again")) is None

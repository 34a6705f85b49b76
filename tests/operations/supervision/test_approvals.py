"""Which rule answers which dialog, by recorded screens of real programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Session
from gastown_tmux.domain.setting_values import parse_approval_rules
from gastown_tmux.edges.tmux.panes import WindowSpec, open_windows
from gastown_tmux.edges.tmux.typing import Capture
from gastown_tmux.operations.supervision.approvals import answer_after_limit, find_rule
from gastown_tmux.operations.supervision.dialogs import Dialog, dialog_of
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_session, insert_session, move_agent
from gastown_tmux.store.events import list_events

SCREENS = Path(__file__).parents[2] / "providers" / "screens"
DIALOGS = sorted(path.stem for path in SCREENS.glob("waiting_*.txt"))
RULES = parse_approval_rules(
    [
        {"provider": "codex", "action": "touch .*", "answer": "deny"},
        {"tool": "Bash command|Shell|command", "action": "(touch|git) .*", "answer": "approve"},
        {"match": "^Do you trust the files in this folder", "answer": "deny"},
        {"action": "(.*/)?new.txt", "answer": "approve"},
    ]
)
ANSWERS = {
    "waiting_claude_2.1.330_permission": "approve",
    "waiting_claude_2.1.330_permission-ansi": "approve",
    "waiting_claude_2.1.330_create": "approve",
    "waiting_codex_0.169.0_permission": "deny",
    "waiting_codex_0.169.0_permission-ansi": "deny",
    "waiting_copilot_1.0.102_trust": "deny",
    "waiting_copilot_1.0.102_create": "approve",
    "waiting_gemini_0.61.0_permission": "approve",
    "waiting_gemini_0.61.0_permission-ansi": "approve",
    "waiting_gemini_0.61.0_create": "approve",
    "waiting_qwen_0.24.4_command": "approve",
    "waiting_qwen_0.24.4_create": "approve",
}


@pytest.fixture
def sessions(town: Town) -> dict[str, Session]:
    """Of two agents that run ``claude``, by name."""
    made = {}
    with town.change() as change:
        for name in ("ann", "ben"):
            address = Address(f"demo/{name}")
            move_agent(change, address, "start")
            made[name] = insert_session(change, address, "claude", (1, name), None)
    return {name: get_session(town.db, id) for name, id in made.items()}


def shown(town: Town, session: Session, name: str, old: str = "", new: str = "") -> Dialog:
    """The dialog of that session, had it that recorded screen of its program."""
    title, _, screen = (SCREENS / f"{name}.txt").read_text().partition("\n")
    assert old in screen
    capture = Capture(False, False, screen.replace(old, new) if old else screen, title.removeprefix("title: "), None)
    return dialog_of(town, session, capture)


@pytest.mark.parametrize("name", DIALOGS)
def test_rules_answer_what_they_are_about_and_nothing_else(town: Town, sessions: dict[str, Session], name: str) -> None:
    with town.change() as change:
        change.execute("UPDATE sessions SET provider = ?", name.split("_")[1])
    session = get_session(town.db, sessions["ann"].id)
    rule = find_rule(RULES, shown(town, session, name))
    assert (rule.answer if rule else None) == ANSWERS.get(name)


def test_a_dialog_that_is_not_known_is_answered_by_no_rule(town: Town, sessions: dict[str, Session]) -> None:
    anything = parse_approval_rules([{"match": "", "answer": "approve"}])
    for name in ("waiting_claude_2.1.330_own-question", "waiting_claude_2.1.330_command-tall"):
        dialog = shown(town, sessions["ann"], name)
        assert dialog.asks and dialog.question is None and dialog.text
        assert find_rule(anything, dialog) is None
    assert find_rule(anything, shown(town, sessions["ann"], "waiting_claude_2.1.330_permission")) is not None


def test_what_the_agent_says_of_it_satisfies_no_rule(town: Town, sessions: dict[str, Session]) -> None:
    rules = parse_approval_rules([{"match": "git status", "answer": "approve"}])
    name = "waiting_claude_2.1.330_permission"
    for old, new in (
        ("Run shell command", "git status"),
        ("  Running touch", "  git status?\n\n  Running touch"),
        ("@@say perm-done", "Do you want to run git status?"),
    ):
        assert find_rule(rules, shown(town, sessions["ann"], name, old, new)) is None
    acts = shown(town, sessions["ann"], name, "\n touch /home/user/wt-claude/perm2.txt", "\n git status")
    assert find_rule(rules, acts) is not None


def test_alike_is_the_same_act_of_the_same_program(town: Town, sessions: dict[str, Session]) -> None:
    name = "waiting_claude_2.1.330_permission"
    ann, ben = (shown(town, session, name) for session in sessions.values())
    assert ann.digest != ben.digest and ann.is_like(ben)
    assert ann.is_like(shown(town, sessions["ben"], name, "Run shell command", "Another reason"))
    assert not ann.is_like(shown(town, sessions["ben"], name, "perm2.txt\n╌", "perm3.txt\n╌"))
    unknown = [shown(town, session, "waiting_claude_2.1.330_own-question") for session in sessions.values()]
    assert not unknown[0].is_like(unknown[1])


def test_the_answer_after_a_limit_is_for_that_dialog_only(
    town: Town, sessions: dict[str, Session], short_tmp: Path, wait_for: Callable[..., Any]
) -> None:
    """The program asks something else by the time that the limit is over."""
    town.tmux.start()
    try:
        for number, asks in enumerate(("limited_gemini_0.61.0_dialog", "waiting_gemini_0.61.0_permission")):
            session = list(sessions.values())[number]
            folder = short_tmp / f"pane-{number}"
            folder.mkdir()
            screen = (SCREENS / f"{asks}.txt").read_text().partition("\n")[2].rstrip("\n").replace("\n", "\r\n")
            (folder / "screen").write_text(screen)
            command = ["sh", "-c", "stty raw -echo; cat screen; exec cat >got"]
            spec = WindowSpec("demo", session.agent.name or "", command, folder, {}, {"@gt_session": session.id})
            (pane,) = open_windows(town.tmux, [spec])
            with town.change() as change:
                change.execute("UPDATE sessions SET provider = 'gemini', pane = ? WHERE id = ?", pane, session.id)
            wait_for((folder / "got").exists)
            limit = (SCREENS / "limited_gemini_0.61.0_dialog.txt").read_text().partition("\n")[2]
            answer_after_limit(town, get_session(town.db, session.id), Capture(False, False, limit, "", None))
        wait_for(lambda: (short_tmp / "pane-0" / "got").read_text() == "1", 10, "the answer")
        assert (short_tmp / "pane-1" / "got").read_text() == ""
        (event,) = list_events(town.db, type="approval")
        assert (event.subject, event.data["rule"], event.data["answer"]) == ("demo/ann", "the limit is over", "approve")
    finally:
        town.tmux.stop()

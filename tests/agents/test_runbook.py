from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk


def test_mail_is_read_and_answered(desk: Desk) -> None:
    mail = {"from": "mayor", "subject": "News?", "body": "How far\nare you?", "type": "task"}
    desk.put("mail.json", json.dumps(mail))
    desk.start_idle()
    desk.paste("gt: mail from mayor: News? (gt mail read 17.x@host)", "Enter")
    desk.until(lambda: len(desk.calls()) == 2, "the answer")
    assert desk.calls()[0] == "mail read 17.x@host --json"
    assert desk.calls()[1].startswith("mail reply 17.x@host -m I run the sh blocks")
    desk.see("  are you?")


@pytest.mark.parametrize("kind", ["reply", "status", "notification"])
def test_what_is_an_answer_itself_is_only_read(desk: Desk, kind: str) -> None:
    desk.put("mail.json", json.dumps({"from": "mayor", "subject": "x", "body": "thanks", "type": kind}))
    desk.start_idle()
    desk.paste("gt: mail from mayor: x (gt mail read 17)", "Enter")
    desk.see("  thanks")
    desk.wait_idle()
    assert desk.calls() == ["mail read 17 --json"]


def test_a_town_that_is_gone_is_one_line_and_asked_again_when_spoken_to(desk: Desk) -> None:
    desk.gt.rename(desk.path / "gt")
    desk.hook("```sh\ntouch a\n```")
    desk.start()
    desk.see("gt hook: gt: No such file or directory")
    desk.wait_idle()
    (desk.path / "gt").rename(desk.gt)
    desk.paste("hello", "Enter")
    desk.until(lambda: desk.calls() == ["done"], "gt done")


@pytest.mark.parametrize("answer", ["", "[1]", "{", '{"bead": {"id": 7}}'])
def test_an_answer_that_is_garbage_is_no_bead(desk: Desk, answer: str) -> None:
    desk.put("hook.json", answer)
    desk.start()
    desk.see("gt hook: ")
    desk.wait_idle()


def test_gt_done_refused_is_said_and_not_repeated_unasked(desk: Desk) -> None:
    desk.put("refused", "done --all")
    desk.hook("```sh\ntouch a\n```")
    desk.start()
    desk.see("gt done failed: gt: refused by the test")
    desk.wait_idle()
    (desk.path / "refused").unlink()
    desk.paste("try again", "Enter")
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    assert desk.git("rev-list", "--count", f"{desk.base}..") == "1"


def test_a_pasted_draft_waits_for_enter(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("one\ntwo")
    desk.see("\n› one\n  two")
    assert "> one" not in desk.screen()
    desk.press("Enter")
    desk.see("\n> one\n> two\n")
    desk.wait_idle()
    assert desk.last_line() == "›"


def test_a_large_paste_arrives_whole(desk: Desk) -> None:
    desk.start_idle()
    text = "\n".join(f"line {number} größer" for number in range(700))
    desk.paste(text, "Enter")
    desk.wait_idle()
    desk.until(lambda: "UserPromptSubmit" in desk.events(), "the turn")
    assert len(text) > 10_000
    assert json.loads(desk.read("signals").splitlines()[1])["prompt"] == text


def test_editing_the_draft(desk: Desk) -> None:
    desk.start_idle()
    desk.press("-l", "gone")
    desk.press("C-u", "o", "k", "x", "BSpace", "Enter")
    desk.see("\n> ok\n")


def test_a_long_line_is_shown_as_one_and_leaves_nothing_behind(desk: Desk) -> None:
    desk.start_idle()
    line = "gt: mail from demo/größer: " + "宽é" * 40 + " (gt mail read 1)"
    desk.paste(line)
    desk.see(f"\n› {line}\n")
    desk.press("C-u")
    desk.until(lambda: desk.last_line() == "›", "the empty composer")
    assert "宽" not in desk.screen()


def test_input_while_busy_is_queued_and_handled_in_order(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("/busy 1", "Enter")
    desk.see("esc to interrupt")
    desk.paste("first", "Enter")
    desk.paste("second", "Enter")
    desk.see("queued: first\nqueued: second\n")
    desk.see("> second")
    desk.wait_idle()
    screen = desk.screen()
    assert screen.index("> first") < screen.index("> second")
    assert "queued" not in screen


def test_a_chore_that_is_typed_is_run(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("```sh\necho $((6 * 7)); touch here\n```", "Enter")
    desk.see("\n  42\n")
    desk.wait_idle()
    assert (desk.work / "here").exists()
    assert desk.calls() == []


@pytest.mark.parametrize(("key", "answer"), [("1", "Yes"), ("Enter", "Yes"), ("2", "No"), ("Escape", "No")])
def test_a_dialog(desk: Desk, key: str, answer: str) -> None:
    desk.start_idle()
    desk.paste("/dialog May I?", "Enter")
    desk.see(" May I?\n\n ❯ 1. Yes\n   2. No\n")
    assert desk.title() == "✋ demo/toast"
    assert not any(line.startswith("›") for line in desk.screen().splitlines())
    desk.until(lambda: "Notification" in desk.events(), "the signal")
    desk.press(key)
    desk.see(f"answered: {answer}")
    desk.wait_idle()


def test_words_pasted_on_a_dialog_are_lost_and_enter_takes_what_is_preselected(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("/dialog-exit", "Enter")
    desk.see(" ❯ 1. No, exit")
    desk.paste("2 words", "Enter")
    assert desk.ended() == 1


def test_the_other_answer_goes_on(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("/dialog-exit", "Enter")
    desk.see(" ❯ 1. No, exit")
    desk.press("2")
    desk.wait_idle()


@pytest.mark.parametrize(
    ("words", "keys", "status"),
    [
        ("/exit", ["Enter"], 0),
        ("/exit 7", ["Enter"], 7),
        ("", ["C-d"], 0),
        ("", ["C-c", "C-c"], 130),
        ("/crash", ["Enter"], 139),
    ],
)
def test_exit_status(desk: Desk, words: str, keys: list[str], status: int) -> None:
    desk.start_idle()
    desk.paste(words or "x", *(keys if words else ["BSpace", *keys]))
    assert desk.ended() == status
    assert (desk.events()[-1] == "SessionEnd") == (status != 139)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_and_its_block(desk: Desk, number: int, status: int) -> None:
    desk.hook('```sh\necho $$ >"$DESK/block"\nsleep 1000\n```')
    desk.start()
    desk.until(lambda: desk.read("block"), "the block")
    os.kill(desk.pid(), number)
    assert desk.ended() == status
    assert not Path(f"/proc/{int(desk.read('block'))}").exists()
    assert desk.events()[-1] == "SessionEnd"


def test_one_interrupt_while_idle_only_warns(desk: Desk) -> None:
    desk.start_idle()
    desk.press("C-c")
    desk.see("press C-c again to end")
    desk.press("x")
    desk.see("\n› x")
    desk.press("C-c")
    desk.see("press C-c again to end\n›")


def test_a_limit_is_shown_and_nothing_is_done(desk: Desk) -> None:
    desk.start_idle()
    desk.hook("```sh\ntouch never\n```")
    desk.paste("/limit 5", "Enter")
    desk.see("\nYou've hit your limit · resets in 5m\n›")
    desk.wait_idle()
    desk.paste("hello", "Enter")
    desk.see("\n> hello\nYou've hit your limit · resets in 5m\n")
    assert desk.calls() == []


def test_printing_and_a_frozen_screen(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("/print 1", "Enter")
    desk.see("line 3\n")
    desk.wait_idle()
    desk.paste("/sleep-silent 1", "Enter")
    desk.see("• working (0s · esc to interrupt)")
    desk.wait_idle()


def test_another_size_is_drawn_anew(desk: Desk) -> None:
    desk.start_idle()
    desk.paste("/print 1", "Enter")
    desk.see("line 3\n")
    desk.wait_idle()
    desk.paste("draft")
    desk.see("› draft")
    desk.tmux("resize-window", "-x", "40", "-y", "10")

    def drawn() -> bool:
        seen = desk.tmux("capture-pane", "-p", "-t", ":").rstrip().splitlines()
        return seen[-1] == "› draft" and sum(line.startswith("›") for line in seen) == 1 and len(seen) == 10

    desk.until(drawn, "the smaller screen")


def test_without_a_terminal_it_says_so(desk: Desk) -> None:
    done = subprocess.run(
        desk.argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "runbook: standard input is not a terminal\n"


def test_start_up_imports_nothing_slow(desk: Desk) -> None:
    *python, start = desk.argv
    code = start.replace("sys.exit(main())", "print(*sys.modules)")
    done = subprocess.run([*python, code], capture_output=True, text=True, timeout=20, check=True)
    slow = {"subprocess", "typing", "dataclasses", "pathlib", "asyncio", "threading", "tempfile", "argparse"}
    assert not slow & set(done.stdout.split())

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gastown_tmux.agents.blocks import fences

if TYPE_CHECKING:
    from conftest import Desk


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("Do:\n```sh\nmake\n```\nand\n~~~bash -e\n  x\n~~~~\n", ["make\n", "  x\n"]),
        ("   ```` shell\r\n   a\r\n  ```\r\n   ````", ["a\n```\n"]),
        ("```python\nx\n```\n```\ny\n```\n```shx\nz\n```", []),
        ("````md\n```sh\nno\n```\n````\n", []),
        ("    ```sh\n    no\n    ```\n", []),
        ("```sh\nto the end", ["to the end\n"]),
        ("``` sh `x`\nno\n", []),
        ("", []),
    ],
)
def test_fences(body: str, blocks: list[str]) -> None:
    assert fences(body) == blocks


def test_changes_are_committed_with_the_title_and_done(desk: Desk) -> None:
    desk.hook("First\n```sh\necho one >a; echo shown\n```\nthen\n```sh\ncat a a >b\n```\n")
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    desk.wait_idle()
    assert desk.git("log", "--format=%s %an", f"{desk.base}..") == "Tidy up toast@x"
    assert desk.git("show", "--name-only", "--format=") == "a\nb"
    assert (desk.work / "b").read_text() == "one\none\n"
    screen = desk.screen()
    assert "runbook demo/toast · gt-abcde Tidy up" in screen
    assert "\n  shown\n" in screen
    desk.until(lambda: desk.events() == ["SessionStart", "UserPromptSubmit", "Stop"], "the signals")


def test_without_changes_the_output_is_reported(desk: Desk) -> None:
    desk.hook("```sh\nprintf '\\033[31mred\\033[0m\\n'; echo err >&2\n```")
    desk.start()
    desk.until(lambda: desk.calls() == ["done --report -"], "gt done")
    assert desk.read("report") == "red\nerr\n"
    assert desk.git("rev-parse", "HEAD") == desk.base


def test_a_failing_block_is_escalated_with_the_log_and_ends_the_bead(desk: Desk) -> None:
    desk.hook("```sh\necho fine\n```\n```sh\necho broken\nfalse\necho unreached\n```\n```sh\ntouch never\n```")
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls() == ["done --escalate block 2 failed with status 1", "fine", "broken"]
    desk.see("block 2 failed with status 1")
    assert not (desk.work / "never").exists()


def test_work_that_the_town_does_not_take_is_escalated_with_the_log(desk: Desk) -> None:
    desk.put("refused", "done")
    desk.hook("```sh\necho shown; touch a\n```")
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls() == ["done --escalate committed, but gt done failed: gt: refused by the test", "shown"]


def test_what_a_block_undoes_again_is_no_change(desk: Desk) -> None:
    desk.hook("```sh\ntouch a; git add a; git commit -qm a; git revert --no-edit HEAD >log; rm log; echo seen\n```")
    desk.start()
    desk.until(lambda: desk.calls() == ["done --report -"], "gt done")
    assert desk.read("report") == "seen\n"


def test_a_body_without_blocks_is_escalated(desk: Desk) -> None:
    desk.hook("Please think about it.")
    desk.start()
    desk.until(lambda: desk.calls() == ["done --escalate no sh block in the body"], "gt done")


def test_a_nested_repository_that_git_refuses_is_escalated(desk: Desk) -> None:
    desk.hook("```sh\ngit init -q nested\n```")
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls()[0].startswith("done --escalate git add failed: 'nested/'")


def test_a_worktree_without_its_git_is_left_alone(desk: Desk) -> None:
    desk.hook("```sh\ntouch never\n```")
    (desk.work / ".git").rename(desk.path / ".git")  # now the repository above would take the commit
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert "is not a git worktree" in desk.calls()[0]
    assert not (desk.work / "never").exists()


def test_a_block_that_loses_the_git_does_not_commit_into_the_repository_above(desk: Desk) -> None:
    desk.hook('```sh\nmv .git "$DESK/.git"; touch a\n```')
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls()[0].startswith("done --escalate git add failed: not a git repository")


def test_another_branch_than_the_beads_is_left_alone(desk: Desk) -> None:
    desk.hook("```sh\ntouch never\n```", branch="other")
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls()[0] == "done --escalate the worktree is on work, the bead's branch is other"


def test_what_an_earlier_try_committed_is_not_done_again(desk: Desk) -> None:
    (desk.work / "a").touch()
    desk.git("add", "a")
    desk.git("commit", "-q", "-m", "Tidy up")
    desk.hook("```sh\ntouch never\n```")
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    assert not (desk.work / "never").exists()


def test_what_came_back_is_not_submitted_again_as_it_is(desk: Desk) -> None:
    """Given out anew by a person, perhaps with other words, nothing else says that it was refused before."""
    base = desk.git("rev-parse", "HEAD")
    (desk.work / "a").touch()
    desk.git("add", "a")
    desk.git("commit", "-q", "-m", "Tidy up")
    desk.hook("```sh\ntouch better\n```", base=base, refused=desk.git("rev-parse", "HEAD"))
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    assert (desk.work / "better").exists() and not (desk.work / "a").exists()


def test_a_step_whose_check_fails_is_done_again_while_it_has_tries(desk: Desk) -> None:
    body = "```sh\necho once more >>a\n```"
    desk.hook(body, tries=2)
    desk.put("again.json", desk.read("hook.json"))
    desk.hook(body, tries=1)
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "the second try")
    assert (desk.work / "a").read_text() == "once more\n" * 2


def test_what_was_given_up_is_done_again_at_a_persons_word(desk: Desk) -> None:
    (desk.work / "a").touch()
    desk.git("add", "a")
    desk.git("commit", "-q", "-m", "Tidy up")
    desk.hook("```sh\ntouch better\n```", reason="escalated")
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    assert (desk.work / "better").exists()


def test_refused_work_is_done_again_on_the_new_base(desk: Desk) -> None:
    desk.git("checkout", "-q", "-b", "target")
    desk.git("commit", "-q", "--allow-empty", "-m", "meanwhile")
    base = desk.git("rev-parse", "HEAD")
    desk.git("checkout", "-q", "work")
    desk.git("commit", "-q", "--allow-empty", "-m", "Tidy up")
    desk.hook("```sh\ntouch a\n```", attempt=2, reason="conflicted", base=base)
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    assert desk.git("log", "--format=%s") == "Tidy up\nmeanwhile\nbase"


def test_refused_work_is_done_again_in_all_files_as_they_are(desk: Desk) -> None:
    """Whatever it told git not to look at, or not to check out."""
    for name in ("seen", "assumed", "far/file"):
        (desk.work / name).parent.mkdir(exist_ok=True)
        (desk.work / name).write_text("base\n")
    desk.git("add", "-A")
    desk.git("commit", "-q", "-m", "files")
    base = desk.git("rev-parse", "HEAD")
    (desk.work / "new").touch()
    desk.git("add", "new")
    desk.git("commit", "-q", "-m", "Tidy up")
    desk.git("sparse-checkout", "set", "near")
    desk.git("update-index", "--assume-unchanged", "assumed", "new")
    for name in ("assumed", "new"):
        (desk.work / name).write_text("mine\n")
    desk.hook("```sh\ncat assumed far/file >b\n```", attempt=2, reason="rejected", base=base)
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls() == ["done"]
    assert desk.git("show", "HEAD:b") == "base\nbase"
    assert desk.git("diff", "--name-only", base, "HEAD") == "b"


def test_git_opens_no_editor_in_a_block(desk: Desk) -> None:
    """Nobody would end it."""
    desk.git("config", "core.editor", "touch $DESK/asked; false")
    desk.git("config", "sequence.editor", "touch $DESK/asked; false")
    block = "echo a >a; git add a; git commit -qm a; git commit -q --amend; git rebase -q -i HEAD~1"
    desk.hook(f"```sh\n{block}\nGIT_EDITOR='sed -i s/a/own/' git commit -q --amend\n```")
    desk.start()
    desk.until(lambda: desk.calls(), "gt done")
    assert desk.calls() == ["done"]
    assert desk.git("log", "-1", "--format=%s") == "own" and not (desk.path / "asked").exists()


def test_a_lock_that_a_killed_git_left_is_removed(desk: Desk) -> None:
    (desk.work / ".git/index.lock").touch()
    desk.hook("```sh\ntouch a\n```")
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")


def test_killed_in_a_turn_its_block_dies_with_it_and_the_next_session_does_the_bead(desk: Desk) -> None:
    desk.hook('```sh\necho $$ >>"$DESK/blocks"\n[ -e "$DESK/go" ] || sleep 1000\ntouch a\n```')
    desk.start()
    desk.until(lambda: desk.read("blocks"), "the block")
    os.kill(desk.pid(), signal.SIGKILL)
    block = int(desk.read("blocks"))
    desk.until(lambda: not Path(f"/proc/{block}").exists(), "the block's end")
    assert desk.ended() == 137
    desk.put("go", "")
    desk.start()
    desk.until(lambda: desk.calls() == ["done"], "gt done")
    assert desk.git("log", "--format=%s", f"{desk.base}..") == "Tidy up"


def test_interrupting_a_turn_ends_the_block_with_all_it_started(desk: Desk) -> None:
    desk.hook('```sh\nset -m\nsleep 1000 & echo $! >"$DESK/child"\ntrap "" TERM\necho started\nwait\nsleep 999\n```')
    desk.start()
    desk.see("\n  started\n")
    assert desk.title() == "✦ demo/toast"
    assert "esc to interrupt" in desk.screen()
    desk.press("Escape")
    desk.see("Interrupted")
    desk.wait_idle()
    assert not Path(f"/proc/{int(desk.read('child'))}").exists()
    assert desk.calls() == []
    desk.paste("go on", "Enter")  # spoken to, it tries again
    desk.until(lambda: desk.screen().count("\n  started\n") == 2, "the second try")


def test_a_huge_output_is_shown_by_its_end(desk: Desk) -> None:
    desk.hook("```sh\nyes 0123456789 | head -c 110000000; echo last\n```")
    desk.start()
    desk.until(lambda: desk.calls() == ["done --report -"], "gt done", 60)
    peak = Path(f"/proc/{desk.pid()}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) < 40_000
    assert len(desk.read("report")) < 70_000
    assert desk.read("report").endswith("0123456789\nlast\n")
    desk.see("\n  last\n")


def test_the_next_bead_is_taken_after_one_is_done(desk: Desk) -> None:
    desk.hook("```sh\ntouch b\n```")
    desk.put("next.json", desk.read("hook.json").replace("gt-abcde", "gt-next"))
    desk.hook("```sh\ntouch a\n```")
    desk.start()
    desk.see("gt-next Tidy up")

"""The saved moments of a hook, through the operations that the verbs call."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.operations.hooks.snapshots import diff, list_snapshots, restore, show, take
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.workforce.workers import remove_agent
from gastown_tmux.store.agents import insert_session, move_agent
from gastown_tmux.store.meta import set_wanted
from tests.operations.quiet_town import QuietTown


def git(path: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", path, *words], check=True, capture_output=True, text=True).stdout.strip()


def test_restore_saves_what_is_there_first(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    (work / "draft.txt").write_text("one\n")
    first = take(quiet.town, ann).value
    (work / "draft.txt").write_text("two\n")
    assert "-one\n+two" in diff(quiet.town, ann)
    answer = restore(quiet.town, ann, first.seq)
    assert (work / "draft.txt").read_text() == "one\n"
    saved = list_snapshots(quiet.town, ann)
    assert [one.why for one in saved] == ["asked", "diff", "restore"] and "is snapshot 3" in answer.text
    restore(quiet.town, ann, 3)
    assert (work / "draft.txt").read_text() == "two\n"
    assert {one.agent for one in saved} == {ann} and saved[0].ref == "refs/gastown/hooks/demo.ann/1"
    shown = show(quiet.town, ann, 1)
    assert (shown.branch, shown.operation, shown.files) == ("crew/ann", None, 1) and "+one" in shown.patch


def test_without_a_number_the_newest_complete_one_from_before_the_command(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    (work / "draft.txt").write_text("kept\n")
    take(quiet.town, ann)
    (work / "draft.txt").write_text("later\n")
    (work / "huge.bin").write_bytes(b"x" * (11 * 2**20))
    quiet.said.clear()
    assert "huge.bin" in take(quiet.town, ann).text
    assert len(quiet.said) == 1 and "NOT in snapshot 2 of demo/ann: huge.bin (11534336 bytes" in quiet.said[0]
    answer = restore(quiet.town, ann)
    assert answer.value.seq == 1 and (work / "draft.txt").read_text() == "kept\n"
    assert (work / "huge.bin").exists() and "left as they are: huge.bin" in answer.text


def test_a_look_changes_nothing_of_what_is_compared_with_and_put_back(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    (work / "draft.txt").write_text("one\n")
    first = take(quiet.town, ann).value
    (work / "draft.txt").write_text("two\n")
    for _ in range(2):
        assert "-one\n+two" in diff(quiet.town, ann)
        assert show(quiet.town, ann).seq == first.seq
    kept = take(quiet.town, ann).value
    assert (kept.seq, kept.why) == (3, "asked"), "what is asked for is kept, looked at or not"
    assert not diff(quiet.town, ann)
    (work / "draft.txt").write_text("three\n")
    assert restore(quiet.town, ann).value.seq == kept.seq and (work / "draft.txt").read_text() == "two\n"
    assert restore(quiet.town, ann, first.seq).value.seq == first.seq and (work / "draft.txt").read_text() == "one\n"


def test_caps_are_configuration(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    quiet.town.flags = {"snapshot.file": "1k"}
    (work / "long.txt").write_text("x" * 2000)
    assert [left.path for left in take(quiet.town, ann).value.left_out] == ["long.txt"]


def test_refused_beside_a_session_or_before_a_start(quiet: QuietTown) -> None:
    ann, _ = quiet.crew()
    take(quiet.town, ann)
    with quiet.town.change() as change:
        move_agent(change, ann, "start")
    restore(quiet.town, ann)
    with quiet.town.change() as change:
        set_wanted(change, True)
    with pytest.raises(RefusedError, match="about to be started") as refused:
        restore(quiet.town, ann)
    assert refused.value.hint == "gt pause demo/ann"
    with quiet.town.change() as change:
        insert_session(change, ann, "runbook", (1, "then"))
    with pytest.raises(RefusedError, match="is at work") as refused:
        restore(quiet.town, ann)
    assert refused.value.hint == "gt pause demo/ann"
    with quiet.town.change() as change:
        move_agent(change, ann, "pause")
    assert "stands still: gt resume demo/ann" in restore(quiet.town, ann).text


def test_a_worktree_that_is_gone_is_made_again_and_never_saved(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    (work / "committed.txt").write_text("c\n")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "mine")
    (work / "draft.txt").write_text("d\n")
    take(quiet.town, ann)
    shutil.rmtree(work)
    for act in (take, diff):
        with pytest.raises(NotFoundError) as missing:
            act(quiet.town, ann)
        assert "gt snapshot restore demo/ann" in str(missing.value.hint)
    assert "was made again" in restore(quiet.town, ann).text
    assert (work / "draft.txt").read_text() == "d\n" and (work / "committed.txt").exists()
    assert git(work, "status", "--porcelain") == "?? draft.txt" and git(work, "branch", "--show-current") == "crew/ann"
    assert len(list_snapshots(quiet.town, ann)) == 1


def test_a_lost_git_file_is_mended_and_what_cannot_be_is_kept_aside(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    (work / "draft.txt").write_text("saved\n")
    take(quiet.town, ann)
    (work / "draft.txt").write_text("newer\n")
    (work / ".git").unlink()
    assert save_hook(quiet.town, quiet.rig, ann, "test") is None
    restore(quiet.town, ann)
    assert (work / "draft.txt").read_text() == "saved\n"
    assert "+newer" in show(quiet.town, ann, 2).patch
    (work / "unsaved.txt").write_text("nowhere else\n")
    (work / ".git").unlink()
    git(work, "init", "-q")
    restore(quiet.town, ann, 1)
    assert not (work / "unsaved.txt").exists()
    [kept] = quiet.town.archive.glob("*/unsaved.txt")
    assert any(str(kept.parent) in line for line in quiet.said)


def test_words_for_what_is_not_there(quiet: QuietTown) -> None:
    ann, _ = quiet.crew()
    with pytest.raises(NotFoundError, match=r"demo/ann has no snapshot$"):
        restore(quiet.town, ann)
    with pytest.raises(NotFoundError, match="demo/ann has no snapshot 9"):
        show(quiet.town, ann, 9)


def test_a_removed_agent_leaves_mail_and_snapshots_in_the_archive(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    (work / "draft.txt").write_text("d\n")
    take(quiet.town, ann)
    remove_agent(quiet.town, ann)
    assert not work.exists() and not (quiet.town.mail / "demo.ann").exists()
    assert len(list(quiet.town.archive.glob("mail.demo.ann.demo.ann.*"))) == 1
    quiet.crew()
    assert list_snapshots(quiet.town, ann) == []
    assert "refs/gastown/hooks/demo.ann.20" in git(quiet.town.repository(quiet.rig.name).path, "for-each-ref")

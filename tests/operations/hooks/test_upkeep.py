"""What the deacon's keeper has done: backups, pushed snapshots, turn ends."""

import os
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.operations.hooks import upkeep
from gastown_tmux.operations.hooks.snapshots import list_snapshots, take
from gastown_tmux.operations.sessions import ending
from gastown_tmux.store.agents import insert_session, list_live_sessions, move_session
from gastown_tmux.store.db import is_whole
from tests.counting import processes_started
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def test_backups_are_whole_and_few(quiet: QuietTown) -> None:
    made = [upkeep.back_up(quiet.town) for _ in range(upkeep.BACKUPS + 2)]
    kept = upkeep.list_backups(quiet.town)
    assert kept == sorted(set(made), reverse=True)[: upkeep.BACKUPS] and all(map(is_whole, kept))
    assert kept[0].parent.stat().st_mode & 0o777 == 0o700
    # Looking at one leaves nothing beside it that would be taken for another.
    assert sorted(kept[0].parent.iterdir(), reverse=True) == kept


def test_many_starts_of_the_deacon_do_not_use_up_the_backups(quiet: QuietTown) -> None:
    for _ in range(3):
        upkeep.back_up_in_time(quiet.town)
    [made] = upkeep.list_backups(quiet.town)
    for seconds in (-upkeep.BACKUP_SECONDS, 1000):
        os.utime(made, (0, made.stat().st_mtime + seconds))
        upkeep.back_up_in_time(quiet.town)
        [made, _] = upkeep.list_backups(quiet.town)
        made.unlink()
        [made] = upkeep.list_backups(quiet.town)


def test_new_snapshots_are_pushed_where_a_remote_is_configured(quiet: QuietTown, short_tmp: Path) -> None:
    ann, work = quiet.crew()
    take(quiet.town, ann)
    backup, pushed = short_tmp / "backup.git", {}
    upkeep.push_snapshots(quiet.town, pushed)
    assert pushed == {}
    git(short_tmp, "init", "-q", "--bare", str(backup))
    quiet.town.flags = {"snapshot.remote": str(backup)}
    upkeep.push_snapshots(quiet.town, pushed)
    assert git(backup, "for-each-ref", "--format=%(refname)") == "refs/gastown/hooks/demo.ann/1"
    # Nothing new: the remote is not asked.
    backup.rename(short_tmp / "elsewhere")
    upkeep.push_snapshots(quiet.town, pushed)
    (short_tmp / "elsewhere").rename(backup)
    (work / "draft.txt").write_text("d\n")
    take(quiet.town, ann)
    upkeep.push_snapshots(quiet.town, pushed)
    assert len(git(backup, "for-each-ref", "--format=%(refname)").splitlines()) == 2


def test_each_end_of_a_turn_is_saved_once(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    with quiet.town.change() as change:
        session = insert_session(change, ann, "runbook", (1, "then"))
        move_session(change, session, "work")
    assert upkeep.find_turn_ends(quiet.town, {}) == []
    with quiet.town.change() as change:
        move_session(change, session, "idle")
    [ended] = upkeep.find_turn_ends(quiet.town, {})
    (work / "draft.txt").write_text("d\n")
    upkeep.save_sessions(quiet.town, [ended], "turn end")
    assert [one.why for one in list_snapshots(quiet.town, Address(ann))] == ["turn end"]
    assert upkeep.find_turn_ends(quiet.town, {ended.id: ended.since}) == []


def test_cleaning_thins_packs_and_keeps_what_is_young(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    for number in range(3):
        (work / "draft.txt").write_text(f"{number}\n")
        take(quiet.town, ann)
    young = quiet.town.trash / "young"
    young.mkdir(parents=True)
    spool = quiet.town.run / "spool"
    spool.mkdir(exist_ok=True)
    half, old = spool / ".1.ses-a.idle", spool / ".2.ses-a.idle"
    half.touch()
    old.touch()
    os.utime(old, (0, 0))
    bench, left = quiet.town.run / "scratch.a", quiet.town.run / "scratch.b"
    for folder in (bench, left):
        (folder / "git").mkdir(parents=True)
    os.utime(left, (0, 0))
    upkeep.clean(quiet.town)
    assert half.exists() and not old.exists()
    assert bench.exists() and not left.exists()
    assert len(list_snapshots(quiet.town, ann)) == 3 and young.exists()
    assert git(quiet.town.path, "status", "--porcelain") == ""


def test_whoever_is_stopped_beside_others_is_saved(quiet: QuietTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "TOLD", 2)
    said: list[str] = []
    quiet.town.say = said.append
    addresses = []
    for number in range(3):
        address, work = quiet.crew(f"crew-{number}")
        (work / "draft.txt").write_text("d\n")
        addresses.append(address)
        with quiet.town.change() as change:
            insert_session(change, address, "runbook", (1, "then"))
    assert ending.stop_sessions(quiet.town, addresses, why="down") == addresses
    assert [len(list_snapshots(quiet.town, address)) for address in addresses] == [1] * len(addresses)
    assert [line for line in said if "saved" in line] == ["saved the work of 2 of 3 agents"]
    assert list_live_sessions(quiet.town.db) == []


def test_a_hook_that_is_as_it_was_costs_one_git(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    with quiet.town.change() as change:
        insert_session(change, ann, "runbook", (1, "then"))
    kept: dict[SessionId, object] = {}

    def save() -> int:
        return processes_started(lambda: upkeep.save_hooks(quiet.town, kept))

    def snapshots() -> int:
        return len(list_snapshots(quiet.town, Address(ann)))

    (work / "draft.txt").write_text("a\n")
    first = save()
    assert snapshots() == 1 and save() == 1 < first
    # Whatever changes is seen, were it as large as before and as old.
    before = (work / "draft.txt").stat()
    (work / "draft.txt").write_text("b\n")
    os.utime(work / "draft.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    save()
    assert snapshots() == 2 and save() == 1
    # What git was told not to look at, and a repository inside, only a snapshot sees.
    git(work, "update-index", "--assume-unchanged", "file-0.txt")
    save()
    (work / "file-0.txt").write_text("unseen\n")
    save()
    assert snapshots() == 3
    git(work, "update-index", "--no-assume-unchanged", "file-0.txt")
    git(work, "init", "-q", "inside")
    (work / "inside" / "one").write_text("1\n")
    save()
    (work / "inside" / "one").write_text("2\n")
    save()
    assert snapshots() == 5

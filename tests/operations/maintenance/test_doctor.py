"""gt doctor: what is wrong is found with cause and way out, and mended without a loss where that can be."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.operations.hooks import upkeep
from gastown_tmux.operations.hooks.snapshots import take
from gastown_tmux.operations.mail.unwatched import report_watch
from gastown_tmux.operations.maintenance import doctor
from gastown_tmux.operations.maintenance.doctor_checks import Finding
from gastown_tmux.operations.supervision import recovery
from gastown_tmux.operations.town.ledger import write_ledger
from gastown_tmux.operations.work.worker import submit
from gastown_tmux.operations.workforce.rigs import remove_rig
from gastown_tmux.store.agents import end_session, find_agent, insert_session, set_provider
from gastown_tmux.store.beads import find_held_bead, get_bead
from gastown_tmux.store.events import list_events
from gastown_tmux.store.meta import set_wanted
from tests.journeys.small_disk import CANNOT_MOUNT, SmallDisk
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def errors(quiet: QuietTown, fix: bool = False) -> list[Finding]:
    return [finding for finding in doctor.examine(quiet.town, fix) if finding.level == "error"]


def spoil(path: Path) -> None:
    path.write_bytes(b"no database at all\n" * 500)


def test_a_healthy_town_has_no_errors(quiet: QuietTown) -> None:
    quiet.crew()
    found = doctor.examine(quiet.town)
    assert found.complaint is None and {finding.level for finding in found} <= {"warning"}


def test_a_file_system_that_may_only_be_read_is_all_that_is_complained_of(quiet: QuietTown) -> None:
    """Not each mailbox of it, with a hint that would not help."""
    quiet.crew()
    if os.geteuid() != 0:
        pytest.skip(CANNOT_MOUNT)
    SmallDisk(quiet.town.path).make_read_only()
    try:
        assert [found.what for found in errors(quiet)] == [f"the file system of {quiet.town.path} is read-only"]
    finally:
        subprocess.run(["umount", "-l", str(quiet.town.path)], check=True)
    assert not errors(quiet)


def test_boxes_that_nobody_watches_are_one_line_for_each_reason(quiet: QuietTown) -> None:
    with quiet.town.change() as change:
        set_wanted(change, True)
    limit, gone = "[Errno 28] inotify watch limit reached", "[Errno 2] No such file or directory"
    report_watch(quiet.town, {Path("a"): limit, Path("b"): limit, Path("c"): limit, Path("d"): limit, Path("e"): gone})
    found = [(one.what, one.cause, one.hint) for one in doctor.examine(quiet.town) if "not watched" in one.what]
    assert found == [
        (
            "4 mailboxes are not watched: mail is seen there every 1s",
            f"{limit}: a, b, c …",
            "sysctl fs.inotify.max_user_instances fs.inotify.max_user_watches",
        ),
        ("the mailbox e is not watched: mail is seen there every 1s", gone, "gt log deacon"),
    ]


def test_a_lost_database_is_restored_and_caught_up_with(quiet: QuietTown) -> None:
    old = quiet.bead("from before the backup")
    backup = upkeep.back_up(quiet.town)
    # A newer backup that is damaged is passed over.
    spoil(backup.with_name("town.db.99999999999999999"))
    held, landed = quiet.bead("on a hook"), quiet.bead("landed")
    toast, work = quiet.hook(held)
    (work / "draft.txt").write_text("d\n")
    take(quiet.town, toast)
    (quiet.project / "landed.txt").write_text("l\n")
    git(quiet.project, "add", "-A")
    git(quiet.project, "commit", "-qm", f"landed\n\nGastown-Bead: {landed}\nGastown-Agent: demo/cat")
    quiet.town.repository(quiet.rig.name).fetch()
    git(quiet.town.repository(quiet.rig.name).path, "branch", "bead/de-zzzzz", "origin/main")
    write_ledger(quiet.town)
    before = list_events(quiet.town.db)
    quiet.town.close()
    spoil(quiet.town.db_path)
    [finding] = errors(quiet)
    assert (finding.what, finding.hint) == ("town.db is damaged", f"gt doctor --fix restores {backup.name}")
    assert quiet.town.db_path.read_bytes().startswith(b"no database")
    [finding] = errors(quiet, fix=True)
    assert finding.fixed and doctor.examine(quiet.town).complaint is None
    assert get_bead(quiet.town.db, old).title == "from before the backup"
    assert get_bead(quiet.town.db, held).title == "on a hook"
    on_hook = find_held_bead(quiet.town.db, toast)
    assert on_hook is not None and on_hook.id == held and on_hook.branch == f"bead/{held}"
    merged = get_bead(quiet.town.db, landed)
    assert (merged.state, merged.merged_commit) == ("merged", git(quiet.project, "rev-parse", "HEAD"))
    assert get_bead(quiet.town.db, "de-zzzzz").reason == "parked"
    # History is whole, and no number was given out twice.
    assert list_events(quiet.town.db)[: len(before)] == before
    [kept] = quiet.town.archive.glob(".gt.town.db.*")
    assert kept.read_bytes().startswith(b"no database")
    (work / "done.txt").write_text("x\n")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "done")
    assert "is submitted" in submit(quiet.town, quiet.rig, toast, on_hook)


def test_a_restore_that_was_cut_off_is_gone_on_with(quiet: QuietTown, monkeypatch: pytest.MonkeyPatch) -> None:
    upkeep.back_up(quiet.town)
    bead = quiet.bead("on a hook")
    toast, _ = quiet.hook(bead)
    quiet.town.close()
    quiet.town.db_path.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "reconcile", lambda town: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            doctor.examine(quiet.town, fix=True)
    [finding] = errors(quiet)
    assert (finding.what, finding.hint) == ("town.db is an old copy", "gt doctor --fix goes on with it")
    [finding] = errors(quiet, fix=True)
    assert finding.fixed and f"{bead} on the hook of {toast}" in finding.hint
    assert errors(quiet) == []


def test_a_copy_that_somebody_put_back(quiet: QuietTown) -> None:
    bead = quiet.bead("on a hook")
    old = upkeep.back_up(quiet.town).read_bytes()
    toast, _ = quiet.hook(bead)
    write_ledger(quiet.town)
    assert errors(quiet) == []
    quiet.town.close()
    quiet.town.db_path.write_bytes(old)
    [finding] = errors(quiet)
    assert (finding.what, finding.hint) == ("town.db is an old copy", "gt doctor --fix goes on with it")
    [finding] = errors(quiet, fix=True)
    assert finding.fixed and f"{bead} on the hook of {toast}" in finding.hint
    assert errors(quiet) == []


def test_a_database_that_is_gone_without_a_backup(quiet: QuietTown) -> None:
    quiet.town.close()
    quiet.town.db_path.unlink()
    for fix in (False, True):
        [finding] = errors(quiet, fix)
        assert finding.what == "town.db is gone" and "gt install" in finding.hint and not finding.fixed


def test_a_newer_database_is_left_alone(quiet: QuietTown) -> None:
    upkeep.back_up(quiet.town)
    with quiet.town.change() as change:
        change.execute("PRAGMA user_version = 999")
    quiet.town.close()
    data = quiet.town.db_path.read_bytes()
    [finding] = errors(quiet, fix=True)
    assert "a newer gt made this town" in finding.cause and "upgrade this gt" in finding.hint
    assert quiet.town.db_path.read_bytes() == data


def test_broken_worktrees_and_mailboxes_are_mended(quiet: QuietTown) -> None:
    ann, work = quiet.crew()
    _, gone = quiet.crew("ben")
    (work / "draft.txt").write_text("d\n")
    (work / ".git").unlink()
    (gone / "draft.txt").write_text("d\n")
    take(quiet.town, Address("demo/ben"))
    shutil.rmtree(gone)
    shutil.rmtree(quiet.town.mail / ann.folder / "new")
    assert len(errors(quiet)) == 3 and not (work / ".git").exists()
    assert all(finding.fixed for finding in errors(quiet, fix=True))
    assert errors(quiet) == []
    assert git(work, "status", "--porcelain") == "?? draft.txt" == git(gone, "status", "--porcelain")


def test_what_git_left_and_what_it_lacks(quiet: QuietTown) -> None:
    repository = quiet.town.repository(quiet.rig.name).path
    lock = repository / "packed-refs.lock"
    lock.touch()
    assert not [found for found in doctor.examine(quiet.town) if "packed-refs" in found.what]
    os.utime(lock, (time.time() - 3600, time.time() - 3600))
    [finding] = [found for found in doctor.examine(quiet.town, fix=True) if "packed-refs" in found.what]
    assert finding.fixed and not lock.exists()
    tree = git(repository, "rev-parse", "origin/main^{tree}")
    data = (repository / "objects" / tree[:2] / tree[2:]).read_bytes()
    (repository / "objects" / tree[:2] / tree[2:]).unlink()
    [finding] = errors(quiet)
    assert finding.what == "the repository of demo is damaged" and "git fetch" in finding.hint
    (repository / "objects" / tree[:2] / tree[2:]).write_bytes(data)
    _, work = quiet.crew()
    (work / "draft.txt").write_text("d\n")
    shutil.rmtree(repository)
    [finding] = errors(quiet, fix=True)
    assert finding.what == "rig demo has no repository" and "gt rig remove demo --force" in finding.hint
    bead = quiet.bead("never lost")
    remove_rig(quiet.town, quiet.rig, force=True)
    assert errors(quiet) == []
    [kept] = quiet.town.archive.glob("*/draft.txt")
    assert kept.read_text() == "d\n" and not work.exists()
    [beads] = quiet.town.archive.glob("beads.demo.*.jsonl")
    assert json.loads(beads.read_text())["id"] == bead


def test_rows_that_claim_too_much(quiet: QuietTown) -> None:
    bead, lost = quiet.bead("one"), quiet.bead("lost")
    quiet.hook(lost)
    with quiet.town.change() as change:
        change.execute("UPDATE beads SET state = 'merged', merged_commit = ? WHERE id = ?", "0" * 40, bead)
        change.execute("DELETE FROM agents WHERE address = 'demo/toast'")
    found = errors(quiet, fix=True)
    assert [(finding.what, finding.fixed) for finding in found] == [
        (f"{bead} is recorded as merged, and is not", False),
        (f"{lost} is on the hook of demo/toast", True),
    ]
    assert get_bead(quiet.town.db, lost).reason == "parked" and find_agent(quiet.town.db, "demo/toast") is None
    complaint = doctor.examine(quiet.town).complaint
    assert complaint is not None and complaint.message == "1 error remains"


@pytest.mark.parametrize("text", ["respawn.delay: soon", "x: [", "merge:\n  gate: []\n"])
def test_configuration_that_cannot_be_read(quiet: QuietTown, text: str) -> None:
    (quiet.town.path / "town.yaml").write_text(text)
    quiet.town.reload_settings()
    [finding] = errors(quiet, fix=True)
    assert "town.yaml" in finding.what and finding.hint


def test_an_agent_program_that_is_not_there(quiet: QuietTown) -> None:
    quiet.town.flags = {"provider.default": "runbook"}
    ann, _ = quiet.crew()
    with quiet.town.change() as change:
        set_provider(change, ann, "claude")
    quiet.town.environment = {"PATH": "/nowhere"}
    found = [finding.what for finding in doctor.examine(quiet.town) if "can be started" in finding.what]
    assert found == ["no agent of demo can be started with claude"]


def test_what_a_killed_command_left(quiet: QuietTown) -> None:
    """A state.json behind its rows, and a process of a session that has ended; one that no row knows is left alone."""
    ann, _ = quiet.crew()
    (quiet.town.hook(ann) / "state.json").write_text("{")
    with quiet.town.change() as change:
        ended = insert_session(change, ann, "sleep", (os.getpid(), "gone"), None)
        end_session(change, ended, status=None, signal=None, reason="died")
    environment = {**os.environ, "GT_TOWN": str(quiet.town.path)}
    with (
        subprocess.Popen(["sleep", "60"], env={**environment, "GT_SESSION": ended}) as left,
        subprocess.Popen(["sleep", "60"], env={**environment, "GT_SESSION": "ses-other"}) as strange,
    ):
        found = {finding.what: finding.fixed for finding in doctor.examine(quiet.town, fix=True)}
        assert found[f"{quiet.town.hook(ann) / 'state.json'} is not true"]
        assert found[f"process {left.pid} was left running"] and left.wait(10) == -signal.SIGTERM
        assert not found[f"process {strange.pid} was left running"] and strange.poll() is None
        strange.kill()
    assert json.loads((quiet.town.hook(ann) / "state.json").read_text())["bead"] is None

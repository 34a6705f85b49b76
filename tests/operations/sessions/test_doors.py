import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.operations.sessions.doors import keep_doors, list_doors, renew_guard
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows

ANN = Address("demo/ann")


def start(town: Town, address: Address, program: int | None = None) -> SessionId:
    with town.change() as change:
        session = rows.insert_session(change, address, "pi", (1, "1"))
        if program is not None:
            rows.set_session_process(
                change, session, pane="%1", server=None, launcher=(program, "1"), program=(program, "1")
            )
    return session


def end(town: Town, session: SessionId) -> None:
    with town.change() as change:
        rows.end_session(change, session, status=0, signal=None)


@pytest.fixture
def session(town: Town) -> SessionId:
    town.prepare_run()
    made = start(town, ANN)
    town.open_door(made, ANN)
    return made


def test_a_door_goes_with_its_session_once_its_signals_were_taken_in(town: Town, session: SessionId) -> None:
    door = town.doors / session
    assert door.stat().st_mode & 0o777 == (door / "spool").stat().st_mode & 0o777 == 0o700
    assert (door / "agent").read_text() == "demo/ann\n"
    keep_doors(town)
    assert list_doors(town) == {session}
    end(town, session)
    (door / "spool" / "1.end").write_text("")
    keep_doors(town)
    assert list_doors(town) == {session}
    (door / "spool" / "1.end").rename(door / "spool" / ".1.end")  # half of one: its writer has ended too
    (door / "gt.sock").write_text("")
    keep_doors(town)
    assert list_doors(town) == set() and list_troubles(town) == []


def test_what_a_kill_left_goes_and_what_is_no_door_is_kept_to_be_looked_at(town: Town, session: SessionId) -> None:
    (town.doors / "ses-killed").mkdir()
    (town.doors / "ses-link").symlink_to(town.path)
    (town.doors / "ses-nowhere").symlink_to("/nowhere")
    (town.doors / "a file").write_text("x")
    keep_doors(town)
    assert list_doors(town) == {session} and town.db_path.exists()
    assert sorted(Path(str(trouble.kept)).name.partition(".")[2] for _, trouble in list_troubles(town)) == [
        "a file", "ses-link", "ses-nowhere",
    ]  # fmt: skip


def test_doors_of_running_sessions_come_back_where_somebody_wiped_them(town: Town, session: SessionId) -> None:
    """One that an older gt started has none: nothing in its environment would lead there."""
    ours = {**os.environ, "GT_SOCKET": str(town.socket(session))}
    with subprocess.Popen(["sleep", "60"], env=ours) as mine, subprocess.Popen(["sleep", "60"]) as older:
        with town.change() as change:
            rows.set_session_process(
                change, session, pane="%1", server=None, launcher=(mine.pid, "1"), program=(mine.pid, "1")
            )
        start(town, Address("demo/ben"), older.pid)
        shutil.rmtree(town.run)
        town.prepare_run()
        keep_doors(town)
        keep_doors(town)
        mine.kill()
        older.kill()
    assert list_doors(town) == {session} and (town.doors / session / "agent").read_text() == "demo/ann\n"
    assert os.access(town.run / "guard", os.X_OK)


def test_thirty_end_at_once(town: Town) -> None:
    town.prepare_run()
    for number in range(30):
        town.open_door(f"ses-{number}", ANN)
        (town.doors / f"ses-{number}" / "spool" / "1.end").write_text("")
    keep_doors(town)
    assert len(list_doors(town)) == 30
    for spool in town.doors.glob("*/spool"):
        (spool / "1.end").unlink()
    keep_doors(town)
    assert list_doors(town) == set()


def test_programs_that_run_call_the_gt_of_now(town: Town, session: SessionId) -> None:
    """Their hooks name the script; where none was ever made, none is."""
    guard = town.run / "guard"
    renew_guard(town)
    assert not guard.exists()
    guard.write_text("#!/bin/sh\nexec /an/older/gt\n")
    renew_guard(town)
    assert "/an/older/gt" not in guard.read_text() and os.access(guard, os.X_OK)

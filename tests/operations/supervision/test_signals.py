import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.supervision import signals
from gastown_tmux.operations.supervision.signals import take_signals
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store import db

ANN = Address("demo/ann")


@pytest.fixture
def session(town: Town) -> SessionId:
    town.prepare_run()
    with town.change() as change:
        rows.move_agent(change, ANN, "start")
        made = rows.insert_session(change, ANN, "pi", (1, "1"))
        rows.move_session(change, made, "work")
    town.open_door(made, ANN)
    return made


def state(town: Town) -> str:
    found = rows.find_live_session(town.db, ANN)
    assert found is not None
    return found.state


def spool(town: Town, session: str) -> Path:
    return town.doors / session / "spool"


def test_what_is_no_signal_is_kept_to_be_looked_at_until_it_is_deleted(town: Town, session: SessionId) -> None:
    (spool(town, session) / "1.idle").mkdir()
    (spool(town, session) / "2.idle").write_text('{"session_id": "mine"}')
    assert take_signals(town) == 2 and state(town) == "idle"
    [(_, trouble)] = list_troubles(town)
    assert trouble.kept is not None and Path(trouble.kept).is_dir() and "a folder, not a file" in trouble.reason
    assert take_signals(town) == 0 and list_troubles(town)
    Path(trouble.kept).rmdir()
    assert list_troubles(town) == []


def test_a_signal_stays_while_the_database_is_locked(
    town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spool(town, session) / "1.idle").write_text("{}")
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.1)
    town.close()
    other = sqlite3.connect(town.db_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RefusedError, match="locked"):
        take_signals(town)
    assert len(list(spool(town, session).iterdir())) == 1 and list_troubles(town) == []
    other.execute("ROLLBACK")
    other.close()
    assert take_signals(town) == 1 and state(town) == "idle"


def test_a_flood_is_taken_in_by_many_looks(town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "MOST", 2)
    for number in range(3):
        path = spool(town, session) / f"{number}.{'idle' if number == 2 else 'working'}"
        path.write_text("{}")
        os.utime(path, (number, number))
    take_signals(town)
    assert state(town) == "working" and len(list(spool(town, session).iterdir())) == 1
    take_signals(town)
    assert state(town) == "idle"


def test_a_signal_that_nobody_foresaw_does_not_come_again(
    town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise KeyError("x")

    (spool(town, session) / "1.idle").write_text("{}")
    monkeypatch.setattr(rows, "move_session", fail)
    take_signals(town)
    [(_, trouble)] = list_troubles(town)
    assert trouble.trace is not None and list(spool(town, session).iterdir()) == []


def test_an_offer_of_mail_names_mails(town: Town, session: SessionId) -> None:
    for number, words in enumerate(('{"agent": "demo/ann", "mails": 1}', '{"mails": ["../x"]}')):
        (spool(town, session) / f"{number}.offered").write_text(words)
    take_signals(town)
    assert len(list_troubles(town)) == 2


def test_the_session_is_the_folder_and_never_a_name(town: Town, session: SessionId) -> None:
    with town.change() as change:
        ben = rows.insert_session(change, Address("demo/ben"), "pi", (1, "1"))
        rows.move_session(change, ben, "work")
    town.open_door(ben, Address("demo/ben"))
    (spool(town, ben) / f"1.{session}.idle").write_text("{}")  # another's name
    (town.run / "spool" / f"2.{session}.idle").write_text("{}")  # where no name is asked of one that has a door
    (spool(town, ben) / "3.idle").write_text("{}")
    with town.change() as change:
        cat = rows.insert_session(change, Address("demo/cat"), "pi", (1, "1"))
    (town.doors / cat).symlink_to(town.doors / ben)
    take_signals(town)
    linked = rows.find_session(town.db, cat)
    assert state(town) == "working" and linked is not None and linked.state == "starting"
    found = rows.find_session(town.db, ben)
    assert found is not None and found.state == "idle"
    assert sorted(trouble.item for _, trouble in list_troubles(town)) == [f"1.{session}.idle", f"2.{session}.idle"]


def test_one_whom_an_older_gt_started_is_heard_where_it_was_told_to_speak(town: Town, session: SessionId) -> None:
    shutil.rmtree(town.doors)
    (town.run / "spool" / f"1.{session}.idle").write_text("{}")
    assert take_signals(town) == 1 and state(town) == "idle"


def test_a_session_that_floods_keeps_no_other_waiting(
    town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "MOST", 4)
    town.open_door("ses-loud", ANN)
    for number in range(50):
        (spool(town, "ses-loud") / f"{number}.working").write_text("{}")
    (spool(town, session) / "1.idle").write_text("{}")
    assert take_signals(town) == 51 and state(town) == "idle"
    assert len(list(spool(town, "ses-loud").iterdir())) == 48


def test_a_spool_that_is_empty_is_not_listed_again_until_it_is_changed(town: Town, session: SessionId) -> None:
    empty: dict[str, int] = {}
    place, idle = spool(town, session), {str(spool(town, session)), str(town.run / "spool")}
    take_signals(town, empty)
    assert empty == {}  # just made: what came in the same tick would not be seen
    for folder in idle:
        os.utime(folder, (1, 1))
    take_signals(town, empty)
    assert set(empty) == idle
    (place / "1.idle").write_text("{}")
    os.utime(place, (1, 1))
    assert take_signals(town, empty) == 0
    (place / ".half").touch()
    assert take_signals(town, empty) == 1 and state(town) == "idle"


def test_late_words_of_a_session_that_has_ended_change_nothing(town: Town, session: SessionId) -> None:
    with town.change() as change:
        rows.end_session(change, session, status=0, signal=None)
    for name, words in (("1.idle", "{}"), ("2.offered", '{"mails": ["aaaaaaaaaaaa"], "hook": "idle"}'), ("3.end", "")):
        (spool(town, session) / name).write_text(words)
    town.open_door("ses-unknown", ANN)
    (spool(town, "ses-unknown") / "1.offered").write_text('{"agent": "demo/ann", "mails": ["aaaaaaaaaaaa"]}')
    assert take_signals(town) == 4 and rows.find_live_session(town.db, ANN) is None
    assert list_troubles(town) == []

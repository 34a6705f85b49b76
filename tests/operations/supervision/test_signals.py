import os
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
    return made


def state(town: Town) -> str:
    found = rows.find_live_session(town.db, ANN)
    assert found is not None
    return found.state


def spool(town: Town) -> Path:
    return town.run / "spool"


def test_what_is_no_signal_is_kept_to_be_looked_at_until_it_is_deleted(town: Town, session: SessionId) -> None:
    (spool(town) / f"1.{session}.idle").mkdir()
    (spool(town) / f"2.{session}.idle").write_text('{"session_id": "mine"}')
    assert take_signals(town) == 2 and state(town) == "idle"
    [(_, trouble)] = list_troubles(town)
    assert trouble.kept is not None and Path(trouble.kept).is_dir() and "a folder, not a file" in trouble.reason
    assert take_signals(town) == 0 and list_troubles(town)
    Path(trouble.kept).rmdir()
    assert list_troubles(town) == []


def test_a_signal_stays_while_the_database_is_locked(
    town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spool(town) / f"1.{session}.idle").write_text("{}")
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.1)
    town.close()
    other = sqlite3.connect(town.db_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RefusedError, match="locked"):
        take_signals(town)
    assert len(list(spool(town).iterdir())) == 1 and list_troubles(town) == []
    other.execute("ROLLBACK")
    other.close()
    assert take_signals(town) == 1 and state(town) == "idle"


def test_a_flood_is_taken_in_by_many_looks(town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "MOST", 2)
    for number in range(3):
        path = spool(town) / f"{number}.{session}.{'idle' if number == 2 else 'working'}"
        path.write_text("{}")
        os.utime(path, (number, number))
    take_signals(town)
    assert state(town) == "working" and len(list(spool(town).iterdir())) == 1
    take_signals(town)
    assert state(town) == "idle"


def test_a_signal_that_nobody_foresaw_does_not_come_again(
    town: Town, session: SessionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise KeyError("x")

    (spool(town) / f"1.{session}.idle").write_text("{}")
    monkeypatch.setattr(rows, "move_session", fail)
    take_signals(town)
    [(_, trouble)] = list_troubles(town)
    assert trouble.trace is not None and list(spool(town).iterdir()) == []


def test_an_offer_of_mail_names_an_agent_and_mails(town: Town, session: SessionId) -> None:
    for number, words in enumerate(('{"agent": "../../x", "mails": []}', '{"agent": "demo/ann", "mails": ["../x"]}')):
        (spool(town) / f"{number}.{session}.offered").write_text(words)
    take_signals(town)
    assert len(list_troubles(town)) == 2

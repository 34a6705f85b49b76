import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from gastown_tmux.domain.versions import order
from gastown_tmux.operations.town import upgrading
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.town.upgrading import Maker, find_successor
from gastown_tmux.store.db import SCHEMA, NewerError
from gastown_tmux.store.meta import get_meta


@pytest.fixture
def as_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[object]:
    """Makes this process a gt of that version."""

    def become(version: str, command: Path = tmp_path / "gone") -> None:
        monkeypatch.setattr(upgrading, "own", lambda: Maker(version, SCHEMA, str(command)))
        monkeypatch.setattr(upgrading, "version_on_disk", lambda: version)

    return become


def recorded(town: Town) -> dict[str, object]:
    town.close()
    return dict(json.loads(get_meta(town.db, "gt") or "{}"))


def events(town: Town) -> list[str]:
    return [row["data"] for row in town.db.rows("SELECT data FROM events WHERE type = 'town.upgraded'")]


def test_the_newest_that_opened_it_runs_it(town: Town, as_version, tmp_path: Path) -> None:
    assert recorded(town) == {"version": upgrading.own().version, "schema": SCHEMA, "command": upgrading.own().command}
    as_version("9.0.0", tmp_path)
    assert recorded(town) == {"version": "9.0.0", "schema": SCHEMA, "command": str(tmp_path)}
    assert [json.loads(data)["version"] for data in events(town)] == ["9.0.0"]
    as_version("9.0.0", tmp_path / "another place")
    assert recorded(town)["command"] == str(tmp_path), "two of one version do not take turns"
    assert len(events(town)) == 1


def test_an_older_one_is_refused_with_the_way(town: Town, as_version, tmp_path: Path) -> None:
    as_version("9.10.0", tmp_path)
    town.close()
    assert town.db
    as_version("9.9.0")
    town.close()
    with pytest.raises(NewerError, match=r"^a newer gt \(9.10.0\) runs this town; this is 9.9.0$") as refused:
        assert town.db
    assert (refused.value.hint, refused.value.exit_code) == (f"use {tmp_path}, or upgrade this gt", 4)
    assert refused.value.successor == tmp_path


def test_one_whose_command_is_gone_is_no_way_out(town: Town, as_version) -> None:
    as_version("9.10.0")
    town.close()
    assert town.db
    as_version("9.9.0")
    town.close()
    with pytest.raises(NewerError) as refused:
        assert town.db
    assert (refused.value.hint, refused.value.successor) == ("upgrade gastown-tmux", None)


def test_a_newer_schema_names_the_command_too(town: Town, tmp_path: Path) -> None:
    with town.change() as change:
        change.execute("UPDATE meta SET value = ? WHERE key = 'gt'", json.dumps({"command": str(tmp_path)}))
    town.close()
    with sqlite3.connect(town.db_path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(NewerError) as refused:
        assert town.db
    assert refused.value.successor == tmp_path


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "{", '{"version": 1}', '{"version": "1", "schema": "x", "command": 0}']
)
def test_what_nobody_of_us_wrote_is_written_anew(town: Town, text: str) -> None:
    with town.change() as change:
        change.execute("UPDATE meta SET value = ? WHERE key = 'gt'", text)
    assert find_successor(town.db) is None
    assert recorded(town)["version"] == upgrading.own().version


def test_who_cannot_write_reads_all_the_same(town: Town, as_version) -> None:
    as_version("9.0.0")
    town.close()
    other = sqlite3.connect(town.db_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    town.patience = 0.05
    assert town.db.rows("SELECT * FROM beads") == []
    other.execute("ROLLBACK")
    other.close()
    assert recorded(town)["version"] == "9.0.0"


def test_who_lives_long_learns_of_its_successor(town: Town, as_version, tmp_path: Path, monkeypatch) -> None:
    own = tmp_path / "gt"
    as_version("9.0.0", own)
    assert find_successor(town.db) is None
    monkeypatch.setattr(upgrading, "version_on_disk", lambda: None)
    assert find_successor(town.db) is None, "an installer is at work"
    monkeypatch.setattr(upgrading, "version_on_disk", lambda: "8.9")
    assert find_successor(town.db) is None, "never back"
    monkeypatch.setattr(upgrading, "version_on_disk", lambda: "9.0.1")
    assert find_successor(town.db) == own, "installed in its place"


def test_versions_stand_as_installers_have_them() -> None:
    names = ["0.9", "0.10.0rc1", "0.10.0", "0.10", "0.10.0.post1", "1.0a2", "1.0b1", "1.0", "1.0.0.1", "10.0"]
    names.reverse()
    assert sorted(names, key=order) == sorted(names, key=Version)
    assert order("garbage") < order("0.0.1")

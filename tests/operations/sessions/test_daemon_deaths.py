"""Deaths of daemons are counted by their cause, for a while, and told once."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes import locks
from gastown_tmux.operations.sessions import daemon_deaths
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.meta import set_wanted


def told(town: Town) -> list[str]:
    return [each.text for each in list_escalations(town.db)]


def test_the_second_of_one_cause_is_told_once(town: Town) -> None:
    daemon_deaths.record(town, "deacon", "one cause")
    daemon_deaths.record(town, "deacon", "another")
    daemon_deaths.record(town, "demo/refinery", "one cause")
    assert daemon_deaths.list_repeated(town) == [] and told(town) == []
    for _ in range(3):
        daemon_deaths.record(town, "deacon", "another")
    [found] = daemon_deaths.list_repeated(town)
    assert (found.name, found.cause, found.count) == ("deacon", "another", 4)
    [text] = told(town)
    assert "the deacon died 2 times" in text and "another" in text and "gt log deacon" in text
    daemon_deaths.record(town, "demo/refinery", "one cause")
    assert [each.name for each in daemon_deaths.list_repeated(town)] == ["deacon", "demo/refinery"]
    assert "gt log demo/refinery" in told(town)[1]


def test_what_is_long_ago_or_unreadable_does_not_count(town: Town) -> None:
    for _ in range(2):
        daemon_deaths.record(town, "witness", "a cause")
    path = town.run / "deaths.witness"
    old = [{"time": clock.after(-2 * daemon_deaths.WINDOW_SECONDS), "cause": "a cause"}] * 5
    path.write_text(json.dumps(old))
    assert daemon_deaths.list_repeated(town) == []
    for junk in ("", "{", "[1]", '[{"time": 1}]', "[[]]"):
        path.write_text(junk)
        assert daemon_deaths.list_repeated(town) == []
    daemon_deaths.record(town, "witness", "a cause")
    assert len(json.loads(path.read_text())) == 1


def test_an_error_is_named_by_its_kind_and_place() -> None:
    causes = set()
    for _ in range(2):
        try:
            raise ValueError("two\nlines")
        except ValueError as error:
            causes.add(daemon_deaths.describe(error))
    [cause] = causes
    assert cause.startswith("ValueError: two lines (test_daemon_deaths.py:")


def test_a_lock_says_whether_its_holder_died(tmp_path: Path) -> None:
    path = tmp_path / "deacon.lock"
    assert not locks.is_abandoned(path)
    with locks.Lock(path):
        assert not locks.is_abandoned(path)
    assert not locks.is_abandoned(path)
    script = (
        "import os, sys; from pathlib import Path; from gastown_tmux.edges.processes.locks import Lock;"
        "Lock(Path(sys.argv[1])).try_lock(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert locks.is_abandoned(path)
    ref = path.read_text().split()
    path.write_text(f"{ref[0]} otherboot:{ref[1].partition(':')[2]}\n")
    assert not locks.is_abandoned(path)
    path.write_text("junk")
    assert not locks.is_abandoned(path)


@pytest.mark.parametrize("name", ["deacon", "witness"])
def test_one_that_cannot_begin_says_why(town: Town, name: str) -> None:
    """Its own words are kept, where it ends before it is anything."""
    with town.change() as change:
        set_wanted(change, True)
    town.close()
    command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), "daemon", "run", name]

    def starve() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))

    for _ in range(2):
        done = subprocess.run(command, preexec_fn=starve, capture_output=True, text=True, timeout=30, env=os.environ)
        assert done.returncode == 1, done
    [found] = daemon_deaths.list_repeated(town)
    assert found.name == name and "Too many open files" in found.cause, found

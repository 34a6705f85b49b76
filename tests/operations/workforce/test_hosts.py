"""Hosts: added, asked, parked, forgotten, and what is said where they do not fit."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.cli.main import list_files
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.hosts import HostState
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.errors import GtError, MissingError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce import hosts
from gastown_tmux.store import hosts as rows
from tests.boxes.homes import Box, box_by_shell


@pytest.fixture
def box(short_tmp: Path) -> Iterator[Box]:
    with box_by_shell(short_tmp / "box") as box:
        yield box


@pytest.fixture
def town(short_tmp: Path) -> Iterator[Town]:
    town = Town(short_tmp / "town", OVERSEER, dict(os.environ))
    install(town, town.path)
    yield town
    town.close()


def fake(folder: Path, script: str) -> list[str]:
    """A prefix to a machine whose ``gt`` is this script."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "gt"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return ["env", f"PATH={folder / 'bin'}:/usr/bin:/bin", f"HOME={folder}", "sh", "-c"]


def facts(**other: Any) -> str:
    told = {
        "protocol": 1, "version": "9", "key": "k", "path": "/t", "agents": 0, "places": 4, "providers": ["runbook"]
    }  # fmt: skip
    return f"echo '{json.dumps(told | other)}'"


def test_added_with_a_town_of_its_own_and_added_again(town: Town, box: Box) -> None:
    answer = hosts.add_host(town, "box", box.prefix, capacity=3, labels=["big"])
    assert answer.text.startswith(f"host box: the town {box.town}, gt ")
    assert (box.town / ".gt" / "town.db").exists()
    host = rows.get_host(town.db, "box")
    assert (host.state, host.capacity, host.labels, host.target) == (HostState.ON, 3, ("big",), None)
    assert "runbook" in host.providers
    assert hosts.add_host(town, "box", box.prefix).text == "host box is there already"
    assert hosts.add_host(town, "box", box.prefix, capacity=2).value.capacity == 2
    with pytest.raises(RefusedError, match="is there already: env HOME="):
        hosts.add_host(town, "box", ["ssh", "elsewhere"])
    # The same town under two names would be given twice of what it takes.
    with pytest.raises(RefusedError, match="other leads to the town of box"):
        hosts.add_host(town, "other", box.prefix)


def test_a_town_that_is_gone_is_not_made_anew_by_a_look(town: Town, box: Box) -> None:
    """Its disk may not be mounted yet, and an empty town in its place would be given its beads once more."""
    hosts.add_host(town, "box", box.prefix)
    box.down()
    away = box.town.rename(box.town.with_name("away"))
    with pytest.raises(NotFoundError, match=f"box answers: {box.town} is not a town"):
        hosts.check_host(town, rows.get_host(town.db, "box"))
    host = rows.get_host(town.db, "box")
    assert (host.state, host.trouble) == (HostState.AWAY, f"box answers: {box.town} is not a town")
    assert not box.town.exists()
    away.rename(box.town)
    hosts.check_host(town, host)
    assert rows.get_host(town.db, "box").state is HostState.ON


def test_a_way_home_is_no_host(town: Town) -> None:
    with pytest.raises(RefusedError, match="leads to this town itself"):
        hosts.add_host(town, "me", ["sh", "-c"], path=str(town.path))
    assert rows.list_hosts(town.db) == []


def test_what_cannot_be_reached_makes_no_row(town: Town) -> None:
    with pytest.raises(AwayError, match="box cannot be reached: no route"):
        hosts.add_host(town, "box", ["sh", "-c", "echo no route >&2; exit 255"])
    with pytest.raises(MissingError, match="no-such-program is not installed"):
        hosts.add_host(town, "box", ["no-such-program", "exec"])
    with pytest.raises(UsageError, match="'home-2' is what a host calls the town"):
        hosts.add_host(town, "home-2", ["sh", "-c"])
    assert rows.list_hosts(town.db) == []


def test_versions_that_do_not_fit_are_named_with_the_remedy(town: Town, short_tmp: Path) -> None:
    old = fake(short_tmp / "old", '[ "$1" = --version ] && echo gt 0.0.1 || exit 2')
    with pytest.raises(MissingError, match=r"gt 0\.0\.1 on old is older than what this gt .* can use") as error:
        hosts.add_host(town, "old", old)
    assert "--yes puts ours there" in (error.value.hint or "")
    new = fake(short_tmp / "new", facts(protocol=99, version="77"))
    with pytest.raises(hosts.UnfitError, match="gt 77 on new is newer") as newer:
        hosts.add_host(town, "new", new)
    assert newer.value.hint == "upgrade gt here"
    silent = fake(short_tmp / "odd", '[ "$1" = --version ] && echo gt 1 || echo "[1, 2"')
    with pytest.raises(GtError, match="odd does not answer with JSON"):
        hosts.add_host(town, "odd", silent)
    assert rows.list_hosts(town.db) == []


def test_one_that_stops_fitting_or_answering_says_so_until_it_is_well(town: Town, short_tmp: Path) -> None:
    words = fake(short_tmp / "box", facts())
    hosts.add_host(town, "box", words)
    program = short_tmp / "box" / "bin" / "gt"

    def check() -> Any:
        return hosts.check_host(town, rows.get_host(town.db, "box"))

    program.write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(hosts.UnfitError, match="older"):
        check()
    assert rows.get_host(town.db, "box").state is HostState.UNFIT
    program.write_text("#!/bin/sh\n" + facts(key="another") + "\n")
    with pytest.raises(RefusedError, match="is not the one that was added"):
        check()
    assert rows.get_host(town.db, "box").state is HostState.UNFIT
    program.write_text("#!/bin/sh\n" + facts(version="10", agents=2) + "\n")
    assert check().text == "box answers: gt 10, 2 agents at work"
    host = rows.get_host(town.db, "box")
    assert (host.state, host.trouble, host.trouble_since) == (HostState.ON, None, None)
    with town.change() as change:
        rows.note_trouble(change, "box", "cut")
    since = rows.get_host(town.db, "box").trouble_since
    with town.change() as change:
        rows.note_trouble(change, "box", "another cut")
    assert rows.get_host(town.db, "box").trouble_since == since
    assert rows.get_host(town.db, "box").state is HostState.AWAY
    assert hosts.ask(town, rows.get_host(town.db, "box"), ["host", "self"])["version"] == "10"
    assert rows.get_host(town.db, "box").state is HostState.ON


def test_set_keeps_what_is_not_named(town: Town, short_tmp: Path) -> None:
    words = fake(short_tmp / "box", facts(providers=["claude", "runbook"]))
    hosts.add_host(town, "box", words, capacity=3, labels=["big"])

    def change(*prefix: str, **terms: Any) -> Any:
        return hosts.set_host(town, rows.get_host(town.db, "box"), prefix, **terms).value

    found = change(providers=["runbook"])
    assert (found.capacity, found.labels, found.allowed) == (3, ("big",), ("runbook",))
    assert rows.get_host(town.db, "box").offers == ("runbook",)
    found = change(capacity=0, labels=[""], providers=[""])
    assert (found.capacity, found.labels, found.allowed) == (4, (), ())
    assert change(capacity=2).capacity == 2
    with pytest.raises(RefusedError, match="box has no gemini; it has claude, runbook"):
        change(providers=["gemini"])
    with pytest.raises(UsageError):
        change(capacity=-1)
    # The way there is another one, and the town the same; nothing is kept of one that leads elsewhere.
    moved = ["env", "A=b", *words]
    assert change(*moved).prefix == tuple(moved)
    with pytest.raises(AwayError):
        change("sh", "-c", "exit 255")
    (short_tmp / "box" / "bin" / "gt").write_text("#!/bin/sh\n" + facts(key="another") + "\n")
    with pytest.raises(RefusedError, match="leads to another town than that of box"):
        change("env", "C=d", *words)
    assert rows.get_host(town.db, "box").prefix == tuple(moved)


def test_a_line_for_a_host_is_served_unless_somebody_may_be_asked(
    town: Town, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's processes have no terminal at which ssh could ask for a password."""
    hosts.add_host(town, "box", fake(short_tmp / "box", facts()))
    monkeypatch.setenv("GT_TOWN", str(town.path))
    terminals = set[int]()
    monkeypatch.setattr(os, "isatty", lambda file: file in terminals)
    for line in (["--host", "box", "status"], ["peek", "toast@box"]):
        terminals.clear()
        assert list_files(line) == []
        terminals.add(2)
        assert list_files(line) is None
    terminals.clear()
    assert list_files(["--host", "you@elsewhere", "status"]) is None
    assert list_files(["--all", "status"]) is None


def test_parked_opened_and_removed(town: Town, short_tmp: Path) -> None:
    hosts.add_host(town, "box", fake(short_tmp / "box", facts()))
    host = rows.get_host(town.db, "box")
    assert hosts.park_host(town, host).text == "host box is parked"
    assert hosts.park_host(town, host).text == "host box is parked already"
    assert rows.get_host(town.db, "box").state is HostState.PARKED
    assert hosts.unpark_host(town, host).text == "host box is open"
    assert "stays as it is" in hosts.remove_host(town, host).text
    assert hosts.list_hosts(town) == []
    with pytest.raises(NotFoundError, match="no host 'box'"):
        rows.get_host(town.db, "box")

"""Many towns in one view, and lines for agents of another town, with real boxes behind links that can be cut."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boxes.boxes import Box, make_box
from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld, make_repository

pytestmark = pytest.mark.with_mayor


def join(town: TownWorld, box: Box) -> None:
    """The box is a host of the town, with a rig and a crew member of its own."""
    town.gt("host", "add", box.name, "--", *box.prefix)
    for words in (["rig", "add", "far", make_repository(box.home / "far")], ["crew", "add", "ann", "--rig", "far"]):
        done = box.gt(*words)
        assert done.returncode == 0, done


@pytest.fixture
def boxes(short_tmp: Path) -> Iterator[list[Box]]:
    with make_box("shell", short_tmp / "one", "one") as one, make_box("docker", short_tmp / "two", "two") as two:
        yield [one, two]


def test_towns_side_by_side_and_one_that_is_away(quick_bare_town: TownWorld, boxes: list[Box]) -> None:
    town = quick_bare_town
    town.gt("host", "add", "two", "--", *boxes[1].prefix)
    join(town, boxes[0])
    found = town.gt("--all", "agents", "--json").json
    assert found["away"] == []
    assert [(each["host"], each["address"]) for each in found["items"]] == [("one", "far/ann")]
    states = town.gt("--all", "status", "--json").json["items"]
    assert [each["host"] for each in states] == [None, "one", "two"]
    assert len({each["path"] for each in states}) == 3

    stop_all(town, boxes)
    boxes[1].link_is("down")
    shown = town.gt("--all", "agents")
    assert "far/ann@one" in shown.out
    assert "two is away since" in shown.out, shown
    assert [each["host"] for each in town.gt("--all", "review", "--json").json["away"]] == ["two"]
    assert "--all takes status" in town.gt("--all", "bead", "list", code=2).err


def stop_all(town: TownWorld, boxes: list[Box]) -> None:
    """What is said of all stops all; what is said of one says that the others go on."""
    assert "hosts go on with what they have: one, two; for them too: gt --all estop" in town.gt("estop").out
    town.gt("--all", "estop")
    stands = [box.town / ".gt" / "stopped" / "@town" for box in boxes]
    assert all(path.exists() for path in stands), stands
    boxes[1].link_is("down")
    thawed = town.gt("--all", "thaw", code=1)
    assert "two is away since" in thawed.out and "gt: two: not reached" in thawed.err, thawed
    assert [path.exists() for path in stands] == [False, True]
    boxes[1].link_is("up")
    town.gt("--all", "thaw")
    assert [path.exists() for path in stands] == [False, False]
    # A rig that only home has is nothing to stop there, and one that only a host has is not home's to stop.
    town.gt("rig", "add", "near", boxes[0].home / "far")
    assert "two:\nnothing of that is there" in town.gt("--all", "estop", "--rig", "near").out
    town.gt("--all", "thaw")
    assert "no rig 'far'" in town.gt("--all", "estop", "--rig", "far", code=3).err
    assert not (boxes[0].town / ".gt" / "stopped" / "@rig.far").exists()


def test_a_line_about_an_agent_there_is_carried_out_there(quick_bare_town: TownWorld, boxes: list[Box]) -> None:
    town, one = quick_bare_town, boxes[0]
    join(town, one)
    keep_snapshots(town, one)
    one.link_is("up")

    def there(*words: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        """These end in another program, whose output is the process's own."""
        environment = {**os.environ, "GT_TOWN": str(town.path)}
        done = subprocess.run([GT, *words], capture_output=True, text=True, timeout=60, env=environment)
        assert done.returncode == code, done
        return done

    assert "no window" in there("peek", "ann@one", code=3).stderr
    assert "far" in there("log", "far/ann@one", "-n", "3").stdout
    assert "no host 'three'" in there("peek", "ann@three", code=3).stderr
    assert "far" in there("--host", "one", "rig", "list").stdout
    one.link_is("down")
    assert "cannot be reached" in there("peek", "ann@one", code=1).stderr


def test_a_terminal_is_given_to_a_window_there(
    quick_bare_town: TownWorld, boxes: list[Box], terminal: Terminal
) -> None:
    town, two = quick_bare_town, boxes[1]
    town.gt("host", "add", "two", "--", *two.prefix)
    terminal.run(GT, "--town", town.path, "attach", "mayor@two")
    terminal.sees("\ngt>")
    terminal.types("status\r")
    terminal.sees("tmux runs")
    assert "tmux does not run" in town.gt("status").out
    terminal.types("/detach\r")


def keep_snapshots(town: TownWorld, one: Box) -> None:
    """Those of an agent there are here too."""
    town.gt("rig", "add", "far", one.home / "far")
    done = one.gt("snapshot", "now", "far/ann")
    assert done.returncode == 0, done
    listed = town.gt("snapshot", "list", "far/ann@one", "--json").json["items"]
    assert [each["agent"] for each in listed] == ["far/ann@one"]
    one.link_is("down")
    away = town.gt("snapshot", "list", "far/ann@one", "--json")
    assert away.json["items"] == listed and "was not asked" in away.err
    assert town.gt("snapshot", "show", "far/ann@one", "--json").json["seq"] == listed[0]["seq"]
    assert "no agent 'bob' was seen on one" in town.gt("snapshot", "list", "bob@one", code=3).err

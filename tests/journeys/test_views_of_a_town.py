"""Views of a town: opened and closed without touching anybody's window."""

import subprocess

import pytest

from tests.journeys.town_world import TownWorld, make_repository

pytestmark = pytest.mark.with_mayor


def look(town: TownWorld) -> dict[str, list[str]]:
    """The pane ids of each window."""
    socket = town.json("status")["tmux"]["socket"]
    words = ["tmux", "-u", "-S", socket, "list-panes", "-a", "-F", "#{window_name} #{pane_id}"]
    found: dict[str, list[str]] = {}
    for line in subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines():
        window, pane = line.split()
        found.setdefault(window, []).append(pane)
    return found


def test_layouts_come_and_go_beside_the_agents(town: TownWorld) -> None:
    town.gt("sling", town.bead("stay", "sleep 120"))
    town.wait_for(lambda: town.agent("demo/toast")["pane"], 20, "toast to run")
    before = look(town)
    assert town.json("layout", "apply", "rig")["made"] == ["overview"]
    with_rig = look(town)
    assert len(with_rig["overview"]) == 3
    assert "already" in town.gt("layout", "apply", "rig").out
    assert look(town) == with_rig

    socket = town.json("status")["tmux"]["socket"]
    own = ["tmux", "-S", socket, "split-window", "-d", "-P", "-F", "#{pane_id}", "-t", with_rig["overview"][0], "cat"]
    mine = subprocess.run(own, check=True, capture_output=True, text=True).stdout.strip()
    assert town.json("layout", "save", "mine")["layout"] == "mine"
    assert town.json("up", "--layout", "town")["wanted"] == "up"
    after = look(town)
    assert len(after["feed"]) == 2
    assert after["overview"] == [mine]  # a person's own pane stays
    assert {name: after[name] for name in before} == before
    saved = next(layout for layout in town.json("layout", "list")["items"] if layout["name"] == "mine")
    assert saved["origin"] == "town"
    assert "gt __watch bead list --rig demo" in saved["text"]
    town.gt("layout", "apply", "mine")
    assert "overview" in look(town) and "feed" not in look(town)
    assert town.gt("layout", "apply", "nope", code=3).err.startswith("gt: no nope")
    (town.path / "layouts" / "broken.yaml").write_text("windows: [")
    listed = {layout["name"]: layout["summary"] for layout in town.json("layout", "list")["items"]}
    assert "broken.yaml: " in listed["broken"] and listed["mine"].startswith("saved")
    assert "broken.yaml: " in town.gt("up", "--layout", "broken", code=2).err

    town.gt("layout", "apply", "grid")
    (mirror,) = look(town)["grid"]
    show = ["tmux", "-u", "-S", socket, "capture-pane", "-p", "-t", mirror]

    def shown() -> str:
        return subprocess.run(show, check=True, capture_output=True, text=True).stdout

    town.wait_for(lambda: "runbook demo/toast" in shown(), 20, "the mirror")


def test_a_rig_that_comes_later_has_its_window_and_what_is_closed_stays_closed(town: TownWorld) -> None:
    def views() -> list[str]:
        words = ("list-panes", "-a", "-F", "#{session_name} #{window_name} #{@gt_kind}")
        return [line for line in town.tmux(*words).splitlines() if "overview" in line]

    town.gt("up")
    town.gt("layout", "apply", "rig")
    assert views() == [], "no session of a rig is there"
    town.gt("rig", "add", "late", make_repository(town.path.parent / "late"))
    town.gt("crew", "add", "ann", "--rig", "late")
    town.gt("crew", "start", "late/ann")
    town.wait_for(lambda: views() == ["late overview view"] * 3, 10, "its window")
    town.tmux("kill-window", "-t", "=late:=overview")
    town.gt("crew", "add", "bob", "--rig", "demo")
    town.gt("crew", "start", "demo/bob")
    town.wait_for(lambda: views() == ["demo overview view"] * 3, 10, "the other's, and not the closed one")

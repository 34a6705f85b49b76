"""What a town is on disk, in tmux and in an agent's environment."""

import subprocess
from pathlib import Path

import pytest

from tests.journeys.town_world import TownWorld, git

pytestmark = pytest.mark.with_mayor


def windows(world: TownWorld) -> dict[str, set[str]]:
    """The windows of each tmux session."""
    socket = world.json("status")["tmux"]["socket"]
    command = ["tmux", "-S", socket, "list-windows", "-a", "-F", "#{session_name} #{window_name}"]
    found: dict[str, set[str]] = {}
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        session, _, name = line.partition(" ")
        found.setdefault(session, set()).add(name)
    return found


def test_places_windows_and_environment(town: TownWorld) -> None:
    town.gt("config", "agent", "set", "quiet", "sleep", "600")
    town.gt("crew", "add", "joe", "--rig", "demo", "--agent", "quiet")
    town.gt("polecat", "add", "nux", "--rig", "demo")
    bead = town.bead("quiet")
    town.gt("sling", bead, "demo/polecats/nux", "--agent", "quiet")
    assert "on the hook of demo/nux" in town.gt("sling", bead, "nux").out
    assert "held by demo/nux" in town.gt("sling", bead, "demo", code=4).err
    assert "held by demo/nux" in town.gt("sling", bead, "joe", code=4).err
    town.gt("crew", "start", "joe", "--rig", "demo")
    found = windows(town)
    assert found["hq"] >= {"mayor", "deacon", "witness"} and found["demo"] >= {"joe", "nux"}

    agent = town.agent("demo/nux")
    assert (agent["window"], agent["bead"], agent["branch"]) == ("nux", bead, f"bead/{bead}")
    variables = dict(
        entry.split("=", 1) for entry in Path(f"/proc/{agent['pid']}/environ").read_text().split("\0") if "=" in entry
    )
    expected = {
        "GT_TOWN": str(town.path), "GT_AGENT": "demo/nux", "GT_ROLE": "polecat", "GT_RIG": "demo", "GT_BEAD": bead,
        "GT_SESSION": agent["session"], "GT_BRANCH": agent["branch"],
        "GIT_AUTHOR_NAME": "demo/nux", "GIT_AUTHOR_EMAIL": "test@localhost",
        "GIT_COMMITTER_NAME": "demo/nux", "GIT_COMMITTER_EMAIL": "test@localhost",
    }  # fmt: skip
    expected["GT_SOCKET"] = f"{town.path}/.gt/run/doors/{agent['session']}/gt.sock"
    assert expected.items() <= variables.items()
    assert (Path(variables["PATH"].split(":")[0]) / "gt").exists()
    hook = town.path / ".gt/hooks/demo.nux"
    assert Path(f"/proc/{agent['pid']}/cwd").readlink() == hook / "work"
    assert (hook / "state.json").is_file() and (hook / "work" / ".git").is_file()
    for place in ("town.yaml", "roles", "layouts", "formulas", "rigs/demo/repo.git/HEAD", ".gt/town.db", ".gt/ledger"):
        assert (town.path / place).exists(), place
    assert (town.path / ".gt/mail/demo.nux/new").is_dir()
    assert git(town.path, "rev-parse", "--show-toplevel") == str(town.path)

    # Down leaves the windows; a person's verb brings the town back, a reading one does not.
    town.gt("down")
    assert town.agent("demo/nux")["pid"] == agent["pid"] and town.json("status")["wanted"] == "down"
    assert windows(town)["demo"] >= {"joe", "nux"}
    assert "started the deacon" in town.gt("crew", "start", "joe").err
    assert "already" in town.gt("crew", "start", "joe").out
    assert town.gt("--quiet", "up").err == ""
    town.gt("unsling", bead)
    town.gt("unsling", bead)
    town.gt("polecat", "remove", "nux", "--rig", "demo")
    town.gt("down", "--agents")
    assert not Path(f"/proc/{agent['pid']}").exists()
    assert not town.json("status")["tmux"]["alive"]

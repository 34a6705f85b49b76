"""What every command promises: documents, exit statuses, second runs, keys, names, who asks."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.town_world import TownWorld, git

pytestmark = pytest.mark.with_mayor

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def complaint(result: Any) -> str:
    """What went wrong, said on stderr in one line, perhaps with a hint, and nothing on stdout."""
    lines = result.err.splitlines()
    assert result.out == "" and "Traceback" not in result.err, result
    assert lines[0].startswith("gt: ") and all(line.startswith("hint: ") for line in lines[1:]), result
    return str(result.err)


def test_without_a_town(short_tmp: Path, run_gt: Callable[..., Any]) -> None:
    for words in (["status"], ["bead", "list", "--json"], ["sling", "x"], ["--town", short_tmp / "x", "status"]):
        result = run_gt(*words)
        assert result.code == 3 and "gt install" in complaint(result), words
    assert run_gt().code == run_gt("help").code == run_gt("help", "sling").code == run_gt("sling", "--help").code == 0
    for words, near in ((["statsu"], "gt status"), (["bead", "crate"], "gt bead create")):
        result = run_gt(*words)
        assert result.code == 2 and f"did you mean '{near}'" in complaint(result)
    for words in (["st"], ["frob"], ["bead"]):
        assert run_gt(*words).code == 2, words
    assert "gt help bead" in complaint(run_gt("bead", "frob")) and "--bogus" in complaint(run_gt("--bogus"))
    assert run_gt("help", "conf", "ag").out == run_gt("config", "agent", "--help").out != ""
    assert "Traceback" in run_gt("bead", "list", env={"GT_DEBUG": "1"}).err
    assert run_gt("bead", "list", env={"GT_DEBUG": "1"}).code == 3
    (short_tmp / "full").mkdir()
    (short_tmp / "full" / "file").touch()
    for path, code in ((short_tmp / "full", 4), (short_tmp / "full" / "file", 4), ("/proc/town", 1)):
        result = run_gt("install", path)
        assert result.code == code and complaint(result), path
    assert run_gt("install", short_tmp / "a", "--name", "Bad Name").code == 2
    assert run_gt("install", short_tmp / "crew", "--json").json["town"] == "town"
    made = run_gt("install", "--json", env={"GT_TOWN": str(short_tmp / "b")})
    assert made.json["path"] == str(short_tmp / "b") and run_gt("--town", short_tmp / "b", "status").code == 0


def test_documents_and_second_runs(quick_town: TownWorld) -> None:
    """Every list is {"items": …}, every thing an object, every time RFC 3339; a second run changes nothing."""
    town = quick_town
    bead = town.json("bead", "create", "one", "--rig", "demo", "--key", "k")
    assert town.json("bead", "create", "two", "--rig", "demo", "--key", "k") == bead
    convoy = town.json("convoy", "create", "c", bead["id"], "--key", "k")
    assert town.json("convoy", "create", "c", "--key", "k")["id"] == convoy["id"]
    escalation = town.json("escalate", "help", "--key", "k")
    assert town.json("escalate", "help", "--key", "k")["id"] == escalation["id"]
    fields = {
        "id", "rig", "title", "body", "state", "reason", "priority", "needs", "assignee", "convoy", "merge_request",
        "merged_commit", "created", "updated",
    }  # fmt: skip
    assert fields <= set(bead) and re.fullmatch(r"[a-z]{2,4}-[a-z0-9]{5}", bead["id"])
    assert {"id", "name", "state", "beads", "done", "total", "created", "landed"} <= set(convoy)
    agent = town.json("crew", "add", "joe", "--rig", "demo")
    assert set(agent) >= {
        "address", "role", "rig", "name", "provider", "state", "health", "bead", "branch", "window", "pane", "pid",
        "session", "since", "restarts",
    }  # fmt: skip
    assert (town.path / ".gt/hooks/demo.joe/work/.git").is_file() and (town.path / ".gt/hooks/demo.joe").is_dir()
    twice = (
        ["install", town.path],
        ["rig", "add", "demo", town.project],
        ["rig", "park", "demo"],
        ["rig", "unpark", "demo"],
        ["crew", "add", "joe", "--rig", "demo"],
        ["polecat", "add", "demo/polecats/nux"],
        ["convoy", "add", convoy["id"], bead["id"]],
        ["bead", "close", bead["id"]],
        ["bead", "reopen", bead["id"]],
        ["bead", "update", bead["id"], "--title", "one", "--priority", "2"],
        ["config", "set", "merge.review", "false"],
        ["config", "agent", "set", "mine", "sleep", "9"],
        ["config", "default-agent", "mine"],
        ["config", "default-agent", "runbook"],
        ["config", "unset", "merge.review", "--town"],
        ["convoy", "close", convoy["id"]],
        ["crew", "stop", "demo/crew/joe"],
        ["escalate", "ack", escalation["id"]],
        ["down"],
    )
    for words in twice:
        town.gt(*words)
        events = town.json("events")["items"]
        assert town.gt(*words).out
        assert town.json("events")["items"] == events, words
    lists = ("rig list", "bead list", "bead ready", "convoy list", "crew list", "polecat list", "agents", "mq list")
    lists += (
        "config show",
        "config path",
        "config agent list",
        "escalate list",
        "refinery status",
        "daemon status",
        "formula list",
        "run list",
        "bead search one",
        "formula check --all",
    )
    lists += ("daemon status refinery witness",)
    lists += ("events", "review", "snapshot list joe")
    for words in lists:
        document = town.json(*words.split())
        assert set(document) == {"items"} and isinstance(document["items"], list), words
    things = ("status", "rig show demo", f"bead show {bead['id'][:6]}", "polecat show nux --rig demo", "log deacon")
    things += (f"convoy show {convoy['id']}", f"convoy status {convoy['id']}", "config get merge.strategy")
    things += ("formula show release", "diff joe", "--as demo/joe prime", "--as demo/joe hook")
    for words in things:
        assert isinstance(town.json(*words.split()), dict), words
    assert town.json("--as", "demo/joe", "hook")["agent"] == "demo/joe"
    status = town.json("status")
    assert {"town", "path", "wanted", "tmux", "daemons", "agents", "rigs", "counts"} <= set(status)
    assert status["wanted"] == "down" and status["tmux"]["socket"].startswith("/")
    event = town.json("events", "--type", "bead")["items"][0]
    assert set(event) >= {"seq", "time", "type", "actor", "subject", "data"} and RFC_3339.fullmatch(event["time"])
    assert not [line for line in town.gt("agents").out.splitlines() if "\x1b" in line]
    assert town.gt("bead", "list", "--state", "closed").out.count("\n") == 1


def test_refusals(quick_town: TownWorld) -> None:
    town = quick_town
    bead, other = town.bead("one"), town.bead("two")
    for words, code in (
        (["bead", "show", "zz-00000"], 3),
        (["bead", "create", "x", "--rig", "nope"], 3),
        (["bead", "create", "x", "--rig", "demo", "--priority", "5"], 2),
        (["bead", "update", bead, "--needs", bead], 4),
        (["bead", "update", bead, "--title", " "], 2),
        (["rig", "show", "nope"], 3),
        (["crew", "add", "hq", "--rig", "demo"], 2),
        (["crew", "add", "Joe", "--rig", "demo"], 2),
        (["crew", "start", "joe", "--rig", "demo"], 3),
        (["polecat", "show", "demo/nobody"], 3),
        (["peek", "nobody"], 3),
        (["log", "nobody"], 3),
        (["sling", bead, "demo", "--agent", "nope"], 3),
        (["sling", "-m", "words", "nowhere"], 3),
        (["sling", "-m", " ", "demo"], 2),
        (["unsling", "zz-00000"], 3),
        (["config", "get", "merge.stratgy"], 2),
        (["config", "set", "merge.strategy", "x"], 2),
        (["config", "set", "merge.gates", "[{"], 2),
        (["events", "--since", "someday"], 2),
        (["config", "set", "merge.review", "true", "--user", "--town"], 2),
        (["config", "set", "providers.mine", "{from: nope}"], 3),
        (["config", "set", "providers.mine", "{from: other}", "-c", "providers.other={from: mine}"], 2),
        (["bead", "create", "\udcff", "--rig", "demo"], 2),
        (["--as", "demo/ghost", "status"], 3),
        (["up", "--layout", "nope"], 3),
        (["rig", "add", "b", town.project, "--branch", "nope"], 3),
        (["rig", "add", "b", "git://127.0.0.1:1/b"], 1),
        (["done"], 4),
        (["mq", "show", "mr-00000"], 3),
    ):
        result = town.gt(*words, code=code)
        complaint(result)
    assert "merge.strategy" in town.gt("config", "set", "merge.stratgy", "x", code=2).err
    # An agent speaks for itself, a person for anybody; reading, and what agents ask, starts nothing.
    town.gt("crew", "add", "joe", "--rig", "demo")
    complaint(town.gt("done", "--defer", "x", "--escalate", "x", "--as", "demo/joe", code=2))
    town.gt("polecat", "add", "nux", "--rig", "demo")
    complaint(town.gt("done", "--defer", "x", "--escalate", "x", "--as", "demo/nux", code=2))
    for words in ("polecat remove joe", "polecat show demo/joe", "crew remove nux --rig demo", "crew start mayor"):
        complaint(town.gt(*words.split(), code=3))
    assert town.gt("--as", "joe", "hook", "--json").json["agent"] == "demo/joe"
    as_agent = {"GT_AGENT": "demo/joe"}
    assert "cannot speak" in complaint(town.gt("--as", "mayor", "status", env=as_agent, code=4))
    made = town.gt("bead", "create", "mine", "--rig", "demo", "--json", env=as_agent).json
    created = [
        event for event in town.json("events", "--type", "bead.created")["items"] if event["subject"] == made["id"]
    ]
    assert created[0]["actor"] == "demo/joe"
    town.gt("sling", bead, env=as_agent)
    for words, right in ((["up"], "decide"), (["crew", "start", "joe"], "stop")):
        assert f"takes the right '{right}'" in complaint(town.gt(*words, env=as_agent, code=4))
    refused = town.gt("crew", "start", "joe", env={"GT_AGENT": "mayor"}, code=4)
    assert "only a person starts it" in complaint(refused)
    assert town.json("status")["wanted"] == "down" and not town.json("status")["tmux"]["alive"]
    # A person's sling does, once it is known to be possible; the first agent's bead starts with the town.
    town.gt("bead", "update", other, "--needs", bead)
    assert [bead["id"] for bead in town.json("bead", "list", "--state", "blocked")["items"]] == [other]
    assert other in complaint(town.gt("rig", "remove", "demo", code=4))
    said = town.gt("sling", other)
    assert f"{other} stays open: it needs {bead}" in said.out and "started the deacon" in said.err
    assert town.json("status")["wanted"] == "up"
    # A bead without a block to run comes back to ask for help.
    town.wait_state(bead, "open")
    assert town.json("bead", "show", bead)["reason"] == "escalated"


def test_layers_of_configuration(quick_town: TownWorld) -> None:
    """Each layer is stronger than the one before, and says its name."""
    town = quick_town

    def layer(*flags: str, **env: str) -> tuple[object, str]:
        setting = town.gt(*flags, "config", "show", "limits.agents", "--rig", "demo", "--json", env=env).json["items"][
            0
        ]
        return setting["value"], setting["layer"]

    assert layer()[1] == "default"
    town.gt("config", "set", "limits.agents", "1", "--user")
    assert layer() == (1, "user")
    town.gt("config", "set", "limits.agents", "2", "--town")
    assert layer() == (2, "town")
    town.gt("config", "set", "limits.agents", "3", "--rig", "demo")
    assert layer() == (3, "project")
    assert json.loads((town.path / "rigs/demo/settings/config.json").read_text()) == {"limits.agents": 3}
    assert layer(GT_LIMITS_AGENTS="4") == (4, "environment")
    assert layer("-c", "limits.agents=5", GT_LIMITS_AGENTS="4") == (5, "flag")
    for where in ("--user", "--town"):
        town.gt("config", "unset", "limits.agents", where)
    (town.path / "town.yaml").write_text("merge: {strategie: squash}\n")
    said = complaint(town.gt("config", "show", code=2))
    assert "merge.strategie" in said and "town.yaml" in said and "merge.strategy" in said
    assert town.gt("config", "set", "limits.agents", "3", "--rig", "demo", "--json").json["layer"] == "project"
    (town.path / "town.yaml").write_text("merge: {strategy: [\n")
    for words in (["config", "show"], ["up"]):
        assert "town.yaml" in complaint(town.gt(*words, code=1))
    (town.path / "town.yaml").write_text("")
    assert git(town.path, "log", "--format=%an %ae") == "gt gt@localhost"


def test_what_never_ends(town: TownWorld) -> None:
    """A document a line; interrupted it is 130, and a reader that goes away is no complaint."""
    command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), "events", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        assert follower.stdout and json.loads(follower.stdout.readline())["type"] == "town.installed"
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 130
    piped = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "sh", *command[:-2]], capture_output=True, text=True, timeout=20
    )
    assert "town.installed" in piped.stdout and piped.stderr == ""

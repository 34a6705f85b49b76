"""The whole job with a real agent program and a scripted model: from sling to main, with mail and a death between."""

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agents_real.conftest import AgentTown, assert_key_is_nowhere, assert_own, script
from tests.agents_real.programs import Program
from tests.agents_real.script import NOTHING
from tests.journeys.town_world import git

#: Programs whose transcripts are understood.
TELL_TOKENS = ("claude", "codex", "pi", "gemini", "qwen", "copilot", "opencode")

pytestmark = pytest.mark.timeout(600)


def test_chain(program: Program, make_agent_town: Callable[..., AgentTown], short_tmp: Path) -> None:
    town = make_agent_town(program)
    signs = town.signs
    body = "Greet the world." + script(
        "work",
        f"run git status --short > {signs}/status",
        "run echo hello > greeting.txt",
        f"run touch {signs}/busy; until [ -e {signs}/go ]; do sleep 0.1; done",
        "say Half of it is done.",
    )
    bead = town.json("bead", "create", "add a greeting", "--rig", "demo", "--body", body)["id"]
    town.gt("sling", bead, "demo", seconds=90)
    address = town.json("bead", "show", bead)["assignee"]

    town.wait_sign("busy", 120)
    assert town.sign("status").read_text() == ""
    assert town.model.was_told(f"You are `{address}`")
    assert town.model.was_told("Greet the world.")
    assert town.wait_agent(address, "working")["bead"] == bead
    mail = script("first-mail", f"run touch {signs}/first", "say I read the first mail.")
    town.gt("mail", "send", address, "-s", "while you are busy", "-m", mail)
    town.sign("go").touch()
    town.wait_sign("first")

    town.wait_agent(address, "idle")
    mail = script(
        "second-mail",
        f"run test -e {signs}/killed || {{ touch {signs}/second; sleep 60; }}",
        "run git add -A && git commit -qm 'add a greeting'",
        "run gt done",
        "say The work is handed in.",
    )
    town.gt("mail", "send", address, "-s", "while you are idle", "-m", mail)
    town.wait_sign("second")
    if program.name in TELL_TOKENS:
        # What a program has not written down yet, it does not know after its death.
        town.wait_for(lambda: "signs/second" in transcript(town), 20, "its own notes to have the second mail")

    before = town.agent(address)
    town.sign("killed").touch()
    os.kill(before["pid"], signal.SIGKILL)
    landed = town.wait_state(bead, "merged", 180)
    assert git(town.project, "rev-parse", "main") == landed["merged_commit"]
    assert (town.project / "greeting.txt").read_text() == "hello\n"
    told = [text for _, text in town.model.requests()[-1]["items"]]
    assert any("script work" in text for text in told), "the conversation of the first session was lost"
    town.wait_agent(address, "off")
    if program.name in TELL_TOKENS:
        (cost,) = town.wait_for(lambda: town.json("costs", "--by", "bead")["items"], 15, "the tokens to be counted")
        assert cost["name"] == bead and cost["input"] > 0 and cost["output"] > 0
    changes = [event["data"] for event in town.json("events", "--type", "session.changed")["items"]]
    assert [change for change in changes if change["state"] == "waiting"] == []
    town.gt("down", "--agents", seconds=60)
    assert_own(short_tmp / "home", program.files(town.model.port))
    assert_key_is_nowhere(town.path)


def transcript(town: AgentTown) -> str:
    with contextlib.closing(sqlite3.connect(town.path / ".gt" / "town.db", timeout=10)) as rows:
        (path,) = rows.execute("SELECT transcript FROM sessions WHERE ended IS NULL").fetchone()
    return Path(path).read_text(errors="replace") if path else ""


def test_prompt(program: Program, make_agent_town: Callable[..., AgentTown]) -> None:
    """What it says is what comes back, out of its own notes where it keeps such; and it knows the skill that was put
    where it looks for such.
    """
    town = make_agent_town(program)
    skill = town.json("skill", "install", program.name)
    bead = town.json("bead", "create", "wait", "--rig", "demo", "--body", script("work", "say I am here."))["id"]
    town.gt("sling", bead, "demo", seconds=90)
    address = town.json("bead", "show", bead)["assignee"]
    town.wait_agent(address, "idle", seconds=90)
    said = town.gt("prompt", address, "How does it go?", "--wait", "--timeout", "60s", "--json", seconds=90).json
    assert (said["state"], said["agent"]) == ("ended", address)
    assert NOTHING in said["text"]
    if program.name in TELL_TOKENS:
        assert said["text"].strip() == NOTHING
    told = "\n".join(text for request in town.model.requests() for _, text in request["items"])
    assert "Work in a town of coding agents with the gt command." in " ".join(told.split()), "the skill is not known"
    town.gt("skill", "remove")
    assert not Path(skill["path"]).exists()


def test_limit(
    limited_program: Program, make_agent_town: Callable[..., AgentTown], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by its provider until a certain time, it is left alone until then, and goes on with nobody there."""
    town = make_agent_town(limited_program)
    for name, value in (limited_program.subscription or {}).items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    end = (time.time() + 45) // 60 * 60 + 60
    work = ("run echo hello > greeting.txt && git add -A && git commit -qm greet", "run gt done", "say Done.")
    body = script("work", f"limit {end:.0f}", *work)
    bead = town.json("bead", "create", "add a greeting", "--rig", "demo", "--body", body)["id"]
    town.gt("sling", bead, "demo", seconds=90)
    address = town.json("bead", "show", bead)["assignee"]
    limited = town.wait_agent(address, "limited", seconds=45)
    assert "limit ends" in limited["reason"]
    refused = len(town.model.requests())
    town.wait_for(lambda: time.time() >= end, 120, "the limit to end")
    if limited_program.name != "claude":
        assert len(town.model.requests()) == refused, "it was asked to go on before the end"
    town.wait_state(bead, "merged", 120)
    assert town.agent(address)["restarts"] == 0
    states = [event["data"]["state"] for event in town.json("events", "--type", "agent.changed")["items"]]
    assert states.count("limited") == 1


def test_not_logged_in(logged_out_program: Program, make_agent_town: Callable[..., AgentTown]) -> None:
    """That is what a person is told first, and not that its agent is well."""
    town = make_agent_town(logged_out_program, without=logged_out_program.login)
    bead = town.json("bead", "create", "greet", "--rig", "demo", "--body", script("work", "run gt done"))["id"]
    town.gt("sling", bead, "demo", seconds=90)
    address = town.json("bead", "show", bead)["assignee"]
    town.wait_agent(address, "waiting", seconds=60)
    first = town.json("review")["items"][0]
    assert (first["kind"], first["agent"], first["reason"]) == ("setup", address, "not logged in")
    assert f"gt attach {address}" in first["next"]


def test_error(program: Program, make_agent_town: Callable[..., AgentTown]) -> None:
    """A turn that ends with an error is taken up again, with nobody there."""
    town = make_agent_town(program)
    end = int(time.time() + 45)
    work = ("run echo hello > greeting.txt && git add -A && git commit -qm greet", "run gt done", "say Done.")
    bead = town.json("bead", "create", "greet", "--rig", "demo", "--body", script("work", f"outage {end}", *work))["id"]
    town.gt("sling", bead, "demo", seconds=90)
    address = town.json("bead", "show", bead)["assignee"]
    town.wait_agent(address, "idle", seconds=60)
    town.wait_state(bead, "merged", 180)
    assert town.agent(address)["restarts"] == 0


def test_short_chain(small_program: Program, make_agent_town: Callable[..., AgentTown]) -> None:
    """From sling to main for programs without hooks, mail and resumed conversations; one without a shell too."""
    town = make_agent_town(small_program)
    body = "Greet the world." + script("work", *small_program.short)
    bead = town.json("bead", "create", "add a greeting", "--rig", "demo", "--body", body)["id"]
    town.gt("sling", bead, "demo", seconds=90)
    address = town.json("bead", "show", bead)["assignee"]
    if "edit" in small_program.short[0]:
        worktree = town.path / ".gt/hooks" / address.replace("/", ".") / "work"
        town.wait_for(lambda: (worktree / "greeting.txt").exists(), 120, "the edit")
        town.wait_agent(address, "idle", seconds=60)
        assert git(worktree, "status", "--short") == ""
        assert git(worktree, "log", "-1", "--format=%an %cn") == f"{address} {address}"
        town.gt("--as", address, "done")
    town.wait_state(bead, "merged", 120)
    assert (town.project / "greeting.txt").read_text() == "hello\n"
    assert town.model.was_told(f"You are `{address}`") and town.model.was_told("Greet the world.")
    town.wait_agent(address, "off", seconds=40)


def test_check(program: Program, make_agent_town: Callable[..., AgentTown]) -> None:
    town = make_agent_town(program)
    steps = town.gt("config", "agent", "check", program.name, "--json", seconds=240).json["items"]
    assert [step["step"] for step in steps if not step["ok"]] == []
    assert steps[1]["detail"].startswith(program.version)


def test_eight_of_mixed_kinds_at_once(programs: list[Program], make_agent_town: Callable[..., AgentTown]) -> None:
    if len(programs) < 2:
        pytest.skip("these are not of mixed kinds")
    town = make_agent_town(*programs)
    beads = []
    for number in range(8):
        program = programs[number % len(programs)]
        lines = [f"run echo {number} > part-{number}.txt && git add -A && git commit -qm part", "run gt done"]
        body = script(f"part-{number}", *lines, "say Done.")
        bead = town.json("bead", "create", f"part {number}", "--rig", "demo", "--body", body)["id"]
        town.gt("sling", bead, "demo", "--agent", program.name)
        beads.append(bead)
    for bead in beads:
        town.wait_state(bead, "merged", 480)
    parts = git(town.project, "ls-files", "part-*").splitlines()
    assert parts == [f"part-{number}.txt" for number in range(8)]
    for agent in town.json("agents")["items"]:
        town.wait_agent(agent["address"], "off", seconds=60)


def test_formula(program: Program, make_agent_town: Callable[..., AgentTown], short_tmp: Path) -> None:
    """A shipped formula, step by step on one branch: a check that fails, then passes, and results for later steps."""
    town = make_agent_town(program)
    what = short_tmp / "what"
    what.write_text(
        "The greeting is rude."
        + script(
            "work",
            "run gt step",
            "run echo bye > greeting.txt && git add -A && git commit -qm 'a test that fails'",
            "run gt step done reproduce --result 'it says bye'",
            "run gt step",
            "run gt step done fix || echo not yet",
            "run gt step && echo hello > greeting.txt && git commit -qam 'mend it'",
            "run gt step done fix",
            "run gt step",
            "run gt step done neighbours --result 'none'",
            "run gt done",
            "say The work is handed in.",
        )
    )
    words = ("--var", f"what=@{what}", "--var", "test=grep -q hello greeting.txt")
    run = town.gt("formula", "run", "bugfix", "--rig", "demo", *words, "--json", seconds=90).json
    landed = town.wait_state(run["bead"], "merged", 240)
    shown = town.json("run", "show", run["id"])
    assert [(step["state"], step["tries"], step["result"]) for step in shown["steps"]] == [
        ("done", 1, "it says bye"), ("done", 2, None), ("done", 1, "none"),
    ]  # fmt: skip
    assert town.model.was_told("## Result of reproduce")
    assert git(town.project, "rev-parse", "main") == landed["merged_commit"]
    assert (town.project / "greeting.txt").read_text() == "hello\n"

"""Words for an agent, and what it answers: with hooks and without, and whatever becomes of it meanwhile."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.town_world import TownWorld

PLAIN = """\
import time
while True:
    line = input("you> ")
    print("Thinking...", flush=True)
    time.sleep(0.5)
    print("heard " + line)
"""


@pytest.fixture
def ann(town: TownWorld) -> TownWorld:
    town.gt("crew", "add", "ann", "--rig", "demo")
    town.gt("crew", "start", "ann")
    return town


def ask(town: TownWorld, *words: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), "prompt", "ann", *words, "--wait"]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def typed(town: TownWorld) -> Any:
    """Waits until the program is at work on the words."""
    return town.wait_for(lambda: town.ask("SELECT state FROM sessions WHERE ended IS NULL") == "working", 20, "work")


def test_a_turn_and_its_last_words(ann: TownWorld) -> None:
    said = ann.gt("prompt", "ann", "hello", "there", "--wait")
    assert said.out == "I run the sh blocks of my bead and nothing else. Last: nothing yet.\n" and said.err == ""
    with ask(ann, "/busy 1") as first:
        typed(ann)
        # What comes meanwhile waits its turn, and is answered then; who waits for less long takes it back.
        late = ann.json("prompt", "demo/ann", "and you?", "--wait", "--timeout", "20s")
        assert (late["state"], late["agent"]) == ("ended", "demo/ann") and late["text"].startswith("I run the sh")
        assert first.wait(5) == 0
    with ask(ann, "/busy 60") as other:
        typed(ann)
        out = ann.gt("prompt", "ann", "never", "said", "--wait", "--timeout", "0.3s", code=1)
        assert out.err.startswith("gt: demo/ann stalled: not typed: the agent is working\nhint: gt attach demo/ann")
        assert ann.ask("SELECT state FROM deliveries WHERE words = 'never said'") == "dead"
        ann.gt("pause", "ann")
        assert other.wait(10) == 1 and other.stderr is not None
        assert other.stderr.read().startswith("gt: demo/ann stalled: it stands still: gt thaw, or gt resume")
    assert ann.gt("prompt", "ann", "hello", code=0).out.startswith("demo/ann: queued")


def test_words_that_are_too_many_to_be_typed_come_as_a_mail(ann: TownWorld, short_tmp: Path) -> None:
    """Whole, with its lines; whoever does not wait any more takes it back, out of the box too."""
    text = "Read this:\n\n" + "\n".join(f"- line {number} of a plan" for number in range(80))
    plan = short_tmp / "plan.md"
    plan.write_text(text + "\n")
    said = ann.json("prompt", "ann", "--body-file", str(plan), "--wait")
    assert said["state"] == "ended" and "- line 79 of a plan" in said["text"] and said["text"].endswith("answered")
    assert ann.json("mail", "read", said["id"])["body"].rstrip("\n") == text
    assert ann.ask("SELECT count(*) FROM deliveries WHERE words IS NULL AND state = 'accepted'") == 1
    assert ann.gt("prompt", "ann", "-", "--json", stdin="one\ntwo\n").json["state"] == "delivered"
    with ask(ann, "/busy 60"):
        # What is there when a turn begins is offered in it.
        ann.wait_for(lambda: re.search(r"[1-9]s · esc to interrupt", ann.gt("peek", "ann").out), 20, "a turn under way")
        late = ann.gt("prompt", "ann", "never\nsaid", "--wait", "--timeout", "0.3s", code=1)
        assert late.err.startswith("gt: demo/ann stalled: not typed: the agent is working\n")
        assert ann.ask("SELECT count(*) FROM deliveries WHERE words IS NULL AND state = 'dead'") == 1
        (mail,) = ann.json("mail", "search", "never")["items"]
        assert mail["archived"]
        ann.gt("stop", "ann")
    assert ann.gt("prompt", "ann", "words", "--body-file", str(plan), code=2).err.startswith("gt: the words are given")
    assert ann.gt("prompt", "ann", "-", stdin="\n", code=2).err.startswith("gt: there are no words to say")


def test_a_dialog_is_a_stall_with_its_screen(ann: TownWorld) -> None:
    stalled = ann.gt("prompt", "ann", "/dialog Feed the parrot?", "--wait", "--json", code=1)
    told = json.loads(stalled.out)
    assert (told["state"], told["reason"], told["text"]) == ("stalled", "it waits for a person", None)
    assert "Feed the parrot?" in told["screen"] and stalled.err.startswith(
        "gt: demo/ann stalled: it waits for a person"
    )


def test_an_agent_that_dies_or_is_stopped_meanwhile_is_one_line(ann: TownWorld) -> None:
    with ask(ann, "/busy 60") as waiting:
        typed(ann)
        os.kill(ann.agent("demo/ann")["pid"], signal.SIGKILL)
        assert waiting.wait(10) == 1 and waiting.stderr is not None
        assert waiting.stderr.read() == (
            "gt: demo/ann ended before its turn did: died, killed by signal 9\nhint: gt log demo/ann\n"
        )
    with ask(ann, "/busy 60") as waiting:
        typed(ann)
        with ask(ann, "later") as other:
            ann.wait_for(lambda: ann.ask("SELECT count(*) FROM deliveries WHERE words = 'later'"), 20, "the other")
            ann.gt("stop", "ann")
            assert other.wait(10) == 4 and other.stderr is not None
            assert other.stderr.read() == "gt: demo/ann is off\nhint: gt crew start demo/ann\n"
        assert waiting.wait(10) == 1 and waiting.stderr is not None
        assert waiting.stderr.read() == "gt: demo/ann ended before its turn did: stopped\nhint: gt log demo/ann\n"
    refused = ann.gt("prompt", "ann", "hello", "--wait", code=4)
    assert refused.err == "gt: demo/ann is off\nhint: gt crew start demo/ann\n"
    assert ann.gt("prompt", "@crew/demo", "hello", "--wait", code=2).err.startswith("gt: one agent at a time")
    assert ann.gt("--as", "demo/ann", "prompt", "ann", "hello", "--wait", code=4).err.startswith("gt: your own turn")
    assert ann.gt("prompt", "ann", "hello", "--timeout", "3s", code=2).err.startswith("gt: --timeout is for --wait")


def test_a_program_without_hooks_is_judged_by_its_screen(town: TownWorld, short_tmp: Path) -> None:
    """Nor is any daemon needed."""
    program = short_tmp / "plain.py"
    program.write_text(PLAIN)
    words = ("--prompt", "^you> ", "--busy", "^Thinking", "plain", sys.executable, program)
    town.gt("config", "agent", "set", *words)
    town.gt("crew", "add", "ann", "--rig", "demo", "--agent", "plain")
    town.gt("crew", "start", "ann")
    town.wait_for(lambda: "you>" in town.gt("peek", "ann").out, 10, "its prompt")
    for daemon in ("witness", "deacon"):
        town.gt("daemon", "stop", daemon)
    with ask(town, "the parrot") as first:
        # Nobody but who waits types what comes meanwhile.
        town.wait_for(lambda: "heard the parrot" in town.gt("peek", "ann").out, 20, "it to be heard")
        assert first.wait(10) == 0 and first.stdout is not None
        assert first.stdout.read() == "Thinking...\nheard the parrot\n"
    town.gt("nudge", "ann", "the cat", "--mode", "now")
    assert town.gt("prompt", "ann", "the dog", "--wait").out == "Thinking...\nheard the dog\n"

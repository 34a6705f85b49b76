"""Words typed into windows, and the overseer told of mail."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.journeys.town_world import TownWorld


def test_nudges_quiet_agents_and_notices(town: TownWorld, short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    town.gt("config", "set", "ui.notify", f'echo "$GT_MAIL_LINE" >> {short_tmp}/notified')
    town.gt("crew", "add", "ann", "--rig", "demo")
    town.gt("crew", "add", "ben", "--rig", "demo")
    assert town.gt("nudge", "ann", "are you there?").out == "demo/ann: queued (the agent is not running)\n"
    refused = town.gt("nudge", "ann", "quick", "--mode", "now", code=4)
    assert refused.err.startswith("gt: not typed to demo/ann: the agent is not running")
    town.gt("crew", "start", "ann", "--rig", "demo")
    see(town, "> are you there?")
    assert "> quick" not in screen(town)

    idle(town)
    assert town.gt("nudge", "ann", "/busy", "60").out == "demo/ann: delivered\n"
    assert town.json("nudge", "@crew/demo", "later; -- ok", "--mode", "queue")["items"][0]["state"] == "queued"
    assert "later" not in screen(town)
    assert town.gt("nudge", "ann", "right now", "--mode", "now").out == "demo/ann: delivered\n"
    assert "queued: right now" in screen(town)
    town.tmux("send-keys", "-t", town.agent("demo/ann")["pane"], "Escape")
    see(town, "> later; -- ok")

    assert_peek_follows(town, short_tmp / "peeked")

    assert town.gt("dnd", "ann", "on").out == "demo/ann is not to be disturbed\n"
    assert town.gt("dnd", "ann").out == "demo/ann is not to be disturbed\n"
    idle(town)
    town.gt("mail", "send", "ann", "-s", "small talk", "--type", "status")
    town.gt("mail", "send", "ann", "-s", "fire", "--type", "status", "--priority", "urgent")
    see(town, "> gt: mail from overseer: fire")
    assert "small talk" not in screen(town)
    town.gt("dnd", "ann", "off")
    see(town, "> gt: mail from overseer: small talk")

    town.gt("mail", "send", "overseer", "-s", "note to self")
    notified = short_tmp / "notified"
    wait_for(notified.exists, 10, "the command to be run")
    assert notified.read_text().startswith("gt: mail from overseer: note to self (gt mail read ")
    wait_for(lambda: town.tmux("show-options", "-gqv", "@gt_mail").strip(), 5, "the status line")


def assert_peek_follows(town: TownWorld, to: Path) -> None:
    """What comes is printed while it comes, and only what comes."""
    with to.open("wb") as output:
        words = [sys.executable, "-m", "gastown_tmux", "--town", town.path, "peek", "ann", "--follow"]
        peek = subprocess.Popen(words, stdout=output)
        try:
            town.wait_for(lambda: "later; -- ok" in to.read_text(), 10, "the window as it is")
            idle(town)
            town.gt("nudge", "ann", "something new")
            town.wait_for(lambda: "> something new" in to.read_text(), 10, "what comes")
            assert to.read_text().count("> later; -- ok") == 1
        finally:
            peek.kill()
            peek.wait()


def idle(town: TownWorld) -> None:
    town.wait_for(lambda: town.agent("demo/ann")["state"] in ("idle", "ready"), 10, "ann to be idle")


def see(town: TownWorld, words: str) -> None:
    town.wait_for(lambda: words in screen(town), 15, words)


def screen(town: TownWorld) -> str:
    return str(town.gt("peek", "ann", "-n", "200", code=None).out)

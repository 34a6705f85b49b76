"""What no hook tells of is seen on the screen."""

import json
import os
import shlex
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.operations.supervision import screen_watch
from gastown_tmux.operations.town.town import Town
from tests.journeys.town_world import TownWorld

SCREENS = Path(__file__).parent.parent / "providers" / "screens"


def test_a_dialog_that_nobody_foresaw_is_told_to_the_mayor(town: TownWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = SCREENS / "waiting_claude_2.1.330_permission.txt"
    command = ["sh", "-c", f"tail -n +2 {shlex.quote(str(screen))}; sleep 600"]
    town.gt("config", "set", "providers.stuck", json.dumps({"from": "claude", "command": command}))
    bead = town.bead("ask for leave")
    town.gt("sling", bead, "demo", "--agent", "stuck")
    address = town.json("bead", "show", bead)["assignee"]
    town.wait_for(lambda: town.agent(address)["state"] == "waiting", 20, "the dialog to be seen")
    (mail,) = town.wait_for(lambda: town.json("mail", "inbox", "mayor")["items"], 10, "the mayor's mail")
    assert mail["subject"] == f"{address} waits for a person"
    assert "Do you want to proceed?" in town.gt("--as", "mayor", "mail", "read", mail["id"]).out
    (event,) = town.json("events", "--type", "session.corrected")["items"]
    assert Path(event["data"]["sample"]).read_text().startswith("title: ")
    assert "hooks and screens of stuck disagreed 1 times" in town.gt("doctor", code=None).out
    filed, judged = town.gt("peek", address, "--save-sample", "waiting").out.splitlines()
    assert "Do you want to proceed?" in Path(filed).read_text()
    assert judged.startswith("judged waiting")

    # The same once more with words that no rule knows, looked at by a witness of less patience.
    monkeypatch.setattr(screen_watch, "UNKNOWN_SECONDS", 1.0)
    command = ["sh", "-c", "echo Feed the parrot?; exec sleep 600"]
    town.gt("config", "set", "providers.odd", json.dumps({"from": "claude", "command": command}))
    town.gt("sling", town.bead("feed it"), "demo", "--agent", "odd")
    witness, screens = Town(town.path, Address("witness"), os.environ), screen_watch.ScreenWatch()

    def told() -> list[str]:
        screens.look(witness)
        return [mail["subject"] for mail in town.json("mail", "inbox", "overseer")["items"] if "parrot" in mail["body"]]

    (subject,) = town.wait_for(told, 20, "the overseer's mail")
    assert subject.endswith("shows a screen that is not understood")
    assert len(told()) == 1
    witness.close()

    # A program that is not logged in is no agent at rest, whatever its composer says.
    screen = SCREENS.parent / "troubles" / "not-logged-in_claude_2.1.330.txt"
    command = ["sh", "-c", f"tail -n +2 {shlex.quote(str(screen))} | sed '$d'; sleep 600"]
    town.gt("config", "set", "providers.stranger", json.dumps({"from": "claude", "command": command}))
    bead = town.bead("log in")
    town.gt("sling", bead, "demo", "--agent", "stranger")
    address = town.json("bead", "show", bead)["assignee"]
    town.wait_for(lambda: town.agent(address)["reason"] == "not logged in", 20, "the reason to be told")
    assert (town.agent(address)["state"], town.agent(address)["health"]) == ("waiting", "stalled")
    first = town.json("review")["items"][0]
    assert (first["kind"], first["id"], first["reason"]) == ("setup", address, "not logged in")
    assert "not logged in" in town.gt("agents").out and "asks nothing" in town.gt("approve", address, code=4).err

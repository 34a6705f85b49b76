"""What no hook tells of is seen on the screen."""

import json
import shlex
from pathlib import Path

from tests.journeys.town_world import TownWorld

SCREENS = Path(__file__).parent.parent / "providers" / "screens"


def test_a_dialog_that_nobody_foresaw_is_told_to_the_mayor(town: TownWorld) -> None:
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

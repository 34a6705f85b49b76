"""Mail goes to an agent's window and back to the person, whatever the agent is doing."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.journeys.town_world import TownWorld


def test_round_trip_while_idle_busy_and_away(town: TownWorld) -> None:
    town.gt("crew", "add", "ann", "--rig", "demo")
    early = town.json("mail", "send", "ann", "-s", "before you came", "-m", "hello?")["id"]
    town.gt("crew", "start", "ann", "--rig", "demo")
    answers(town, early)

    idle = town.json("mail", "send", "ann", "-s", "while idle", "-m", "still there?")["id"]
    answers(town, idle)
    assert f"gt: mail from overseer: while idle (gt mail read {idle})" in screen(town)

    window = town.agent("demo/ann")
    town.tmux("send-keys", "-t", window["pane"], "-l", "/busy 60")
    town.tmux("send-keys", "-t", window["pane"], "Enter")
    town.wait_for(lambda: town.agent("demo/ann")["state"] == "working", 10, "ann to work")
    busy = town.json("mail", "send", "@crew/demo", "-s", "while busy", "-m", "when you have time")["id"]
    assert town.agent("demo/ann")["state"] == "working"
    town.tmux("send-keys", "-t", window["pane"], "Escape")
    answers(town, busy)

    told = town.json("mail", "status", busy)
    session = town.agent("demo/ann")["session"]
    assert [(step["state"], step["session"]) for step in told["steps"]] == [
        ("sent", None), ("offered", session), ("accepted", session)
    ]  # fmt: skip
    assert screen(town).count(f"> gt: mail from overseer: while busy (gt mail read {busy})") == 1


def test_a_courier_killed_while_telling_is_made_good(town: TownWorld) -> None:
    """Killed between paste and Enter, the line is taken up where it was left; between Enter and the row, nothing is
    typed again, because the agent has read the mail by then."""
    town.gt("crew", "add", "ann", "--rig", "demo")
    town.gt("crew", "start", "ann", "--rig", "demo")
    for point in ("tell.pasted", "tell.typed"):
        town.wait_for(lambda: town.agent("demo/ann")["state"] in ("ready", "idle"), 10, "ann to be idle")
        town.gt("down")
        mail = town.json("mail", "send", "ann", "-s", f"killed at {point}", "--type", "status")["id"]
        script = (
            "import os, sys; from pathlib import Path; from gastown_tmux.operations.mail.delivering import *; "
            "town = Town(Path(sys.argv[1]), Address('deacon'), dict(os.environ)); "
            "deliver(town, sys.argv[2], Address('demo/ann'), When.IDLE)"
        )
        killed = subprocess.run(
            [sys.executable, "-c", script, town.path, mail], env={**os.environ, "GT_FAULT": point}, timeout=30
        )
        assert killed.returncode == -9
        town.gt("up")
        town.wait_for(lambda: delivery(town, mail) == "accepted", 15, f"{mail} to be told")  # noqa: B023
        told = f"> gt: mail from overseer: killed at {point} (gt mail read {mail})"
        town.wait_for(lambda: screen(town).count(told), 10, f"{told} in\n{screen(town)}")  # noqa: B023
        assert screen(town).count(told) == 1


def delivery(town: TownWorld, mail: str) -> str:
    return str(town.json("mail", "status", mail)["deliveries"][0]["state"])


def answers(town: TownWorld, mail: str) -> None:
    """Waits for the agent's answer to that mail."""

    def answered() -> bool:
        return any(answer["in_reply_to"] == mail for answer in town.json("mail", "inbox")["items"])

    town.wait_for(answered, 20, f"an answer to {mail}; the window shows\n{screen(town)}")


def screen(town: TownWorld) -> str:
    return str(town.gt("peek", "ann", "-n", "100", code=None).out)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has inotify")
def test_mail_comes_where_the_system_allows_no_more_watches(town: TownWorld, wait_for: Any) -> None:
    """A user namespace has a limit of its own, so nobody else's is touched."""
    town.gt("crew", "add", "ann", "--rig", "demo")
    limit = "/proc/sys/user/max_inotify_watches"
    command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), "up"]
    within = ["unshare", "--user", "--map-root-user", "sh", "-c", f'echo 0 >{limit}; exec "$@"', "sh", *command]
    subprocess.run(within, check=True, capture_output=True, timeout=30)

    def unwatched() -> list[Any]:
        findings = town.gt("doctor", "--json", code=None).json["items"]
        return [finding for finding in findings if "not watched" in finding["what"]]

    found = wait_for(unwatched, 10, "doctor to name it")
    assert {finding["cause"] for finding in found} == {"[Errno 28] inotify watch limit reached"}
    sent = town.json("mail", "send", "demo/ann", "-s", "unwatched")["id"]
    wait_for(lambda: town.ask("SELECT 1 FROM deliveries WHERE mail = ?", sent), 5, "the rescan")
    deacon = town.json("status")["daemons"][0]["pid"]
    enter = ["nsenter", "--user", "--preserve-credentials", f"--target={deacon}"]
    subprocess.run([*enter, "sh", "-c", f"echo 1000 >{limit}"], check=True, capture_output=True, timeout=30)
    wait_for(lambda: not unwatched(), 10, "the watches to come back")

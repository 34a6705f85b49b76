"""Orders in a town that is up: begun by the deacon, which is killed while one goes on."""

import os
import signal
from pathlib import Path
from typing import Any

from tests.journeys.town_world import TownWorld


def deacon(town: TownWorld) -> int:
    found: list[Any] = town.json("status")["daemons"]
    return int(next(each for each in found if each["name"] == "deacon")["pid"])


def test_a_deacon_is_killed_while_a_command_runs(quick_town: TownWorld, short_tmp: Path) -> None:
    town, log = quick_town, short_tmp / "log"
    (town.path / "orders" / "on.yaml").write_text(
        f'on: bead.created\nrun: echo "$GT_SUBJECT" >> {log}; [ -e {log}.once ] || {{ touch {log}.once; sleep 300; }}\n'
    )
    (town.path / "orders" / "bad.yaml").write_text("evry: 1h\nrun: date\n")
    town.gt("up")
    town.wait_for(lambda: town.ask("SELECT 1 FROM orders"), 20, "the deacon to know the order")
    first = town.bead("one")
    town.wait_for(log.exists, 20, "the command to run")
    os.kill(deacon(town), signal.SIGKILL)
    town.wait_for(lambda: town.ask("SELECT state FROM order_starts") == "cut off", 30, "another deacon to say so")
    assert log.read_text() == f"{first}\n"
    second = town.bead("two")
    town.wait_for(lambda: town.ask("SELECT state FROM order_starts WHERE seq = 2") == "done", 20, "the next start")
    assert log.read_text() == f"{first}\n{second}\n"
    bad, good = town.json("order", "list")["items"]
    assert (bad["state"], good["state"], good["reason"]) == ("broken", "on", None)
    assert "bad.yaml:1: unknown key 'evry' in an order" in town.gt("doctor", code=None).out

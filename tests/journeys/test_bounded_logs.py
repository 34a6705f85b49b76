"""What children print without end fills no disk: the head and the tail are kept, while they run and afterwards."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.journeys.town_world import TownWorld

BOUND = 204_800
LEFT_OUT = re.compile(r"\[\.\.\. (\d+) bytes left out \.\.\.\]")


def size(folder: Path) -> int:
    """Of all that lies in there now, deleted or not."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue
    return total


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """The largest size that was seen meanwhile."""
    largest, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            largest[0] = max(largest[0], size(folder))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield largest
    finally:
        over.set()
        thread.join()


def check(log: Path, head: str, tail: str) -> None:
    """The log is short, and has both ends with the count of what is missing between them."""
    text = log.read_text()
    assert len(text) < 2 * BOUND, len(text)
    assert head in text[:500] and tail in text[-500:], (text[:300], text[-300:])
    [count] = LEFT_OUT.findall(text)
    assert int(count) > 0


def test_a_gate_that_prints_without_end(town: TownWorld) -> None:
    town.gt("config", "set", "logs.size", "200K")
    run = "echo the beginning; timeout 3 yes noise; setsid sleep 600 & echo $! >> ../left; echo the end; exit 1"
    town.gt("config", "set", "merge.gates", f"[{{name: loud, run: '{run}'}}]")
    bead = town.bead("loud", "echo loud > loud.txt")
    with watched(town.path / ".gt/logs") as largest:
        town.gt("sling", bead)
        request = town.wait_for(
            lambda: town.ask("SELECT id FROM merge_requests WHERE state = 'rejected'"), 60, "the gate to fail"
        )
    log = town.path / f".gt/logs/merge/{request}.log"
    check(log, "the beginning", "the end")
    # What it left running would be there when the next one's gates run.
    left = int((town.path / "rigs/demo/left").read_text().split()[0])
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE
    assert largest[0] < 20 * BOUND, largest
    [mail] = [m for m in town.json("mail", "inbox", "overseer", "--all")["items"] if "came back" in m["subject"]] or [
        None
    ]
    assert mail is None or "the end" in town.json("mail", "read", mail["id"])["body"]


def test_gates_side_by_side_and_again_and_again(town: TownWorld) -> None:
    """One log for all tries of a request, however often and by however many it is written."""
    town.gt("config", "set", "logs.size", "200K")
    gates = [f"{{name: g{n}, parallel: true, run: 'seq 1 99999; echo end of {n}; exit 127'}}" for n in range(3)]
    town.gt("config", "set", "merge.gates", f"[{', '.join(gates)}]")
    bead = town.bead("again", "echo again > again.txt")
    town.gt("sling", bead)
    town.wait_state(bead, "submitted")
    id = town.json("bead", "show", bead)["merge_request"]
    for tries in range(2, 5):
        town.gt("mq", "retry", id)
        town.wait_for(lambda tries=tries: town.json("mq", "show", id)["attempts"] >= tries, 30, "another try")
    town.wait_for(lambda: town.json("mq", "show", id)["state"] == "queued", 30, "it to rest")
    log = town.path / f".gt/logs/merge/{id}.log"
    check(log, "$ ", "end of ")
    assert size(town.path / ".gt/logs/merge") < 3 * BOUND


def test_a_set_up_that_prints_without_end_and_leaves_a_service(town: TownWorld) -> None:
    """The service goes on, whatever it prints: nobody ends it by not listening."""
    town.gt("config", "set", "logs.size", "200K")
    service = "setsid sh -c 'echo $$ > ../service; while :; do seq 1000 || exit 9; sleep 0.01; done' &"
    service += " until [ -s ../service ]; do sleep 0.1; done"
    town.gt("config", "set", "worktree.setup", f'["{service}", "timeout 2 yes noise; echo set up"]')
    bead = town.bead("work", "echo done > done.txt")
    with watched(town.path / ".gt/logs") as largest:
        town.gt("sling", bead)
        town.wait_state(bead, "merged", 60)
    assert largest[0] < 20 * BOUND, largest
    [note] = (town.path / ".gt/hooks").glob("*/service")
    service_process = psutil.Process(int(note.read_text()))
    spent = sum(service_process.cpu_times()[:4])
    town.wait_for(lambda: sum(service_process.cpu_times()[:4]) > spent, 20, "the service to go on")
    assert size(town.path / ".gt/logs") < 20 * BOUND
    town.gt("down", "--agents")
    town.wait_for(lambda: not service_process.is_running(), 10, "the service to end with the town")


def test_a_refinery_that_is_killed_while_its_gate_prints(town: TownWorld) -> None:
    """The bound holds without whoever started the gate, until the next one ends it."""
    town.gt("config", "set", "logs.size", "200K")
    run = "if [ -e ../go ]; then exit 0; fi; echo $$ > ../gate.pid; yes noise"
    town.gt("config", "set", "merge.gates", f"[{{name: loud, run: '{run}'}}]")
    bead = town.bead("loud", "echo loud > loud.txt")
    with watched(town.path / ".gt/logs") as largest:
        town.gt("sling", bead)
        note = town.path / "rigs/demo/gate.pid"
        gate = psutil.Process(town.wait_for(lambda: note.exists() and int(note.read_text() or 0), 30, "the gate"))
        for name in ("guard", "deacon", "witness"):  # so that nobody starts another one
            os.kill(holder(town, name), signal.SIGSTOP)
        os.kill(holder(town, "refinery.demo"), signal.SIGKILL)
        spent = gate.cpu_times().user
        children = gate.children()
        assert len(children) == 1
        town.wait_for(lambda: children[0].cpu_times().system > spent + 0.5, 20, "the gate to go on")
        (town.path / "rigs/demo/go").touch()
        for name in ("guard", "deacon", "witness"):
            os.kill(holder(town, name), signal.SIGCONT)
        town.wait_state(bead, "merged", 40)
    assert largest[0] < 20 * BOUND, largest
    town.wait_for(lambda: not gate.is_running(), 10, "the first gate to be ended")


def holder(town: TownWorld, name: str) -> int:
    return int((town.path / f".gt/run/{name}.lock").read_text().split()[0])


def test_the_daemons_logs(town: TownWorld) -> None:
    """They are followed in windows and read by gt log, and stay short."""
    town.gt("config", "set", "logs.size", "200K")
    town.gt("up")
    deacon = next(d for d in town.json("daemon", "status")["items"] if d["name"] == "deacon")
    log = town.path / ".gt/logs/deacon.log"
    # Whatever is printed by the process, by whichever way, goes through the same place.
    with Path(f"/proc/{deacon['pid']}/fd/2").open("wb", buffering=0) as error:
        error.write(b"the beginning of a flood\n")
        for _ in range(200):
            error.write(b"x" * 9_999 + b"\n")
        error.write(b"the end of it\n")
    town.wait_for(lambda: "the end of it" in log.read_text()[-200:], 10, "the end")
    assert log.stat().st_size < 2 * BOUND and len(LEFT_OUT.findall(log.read_text())) == 1
    assert "is up" in log.read_text()[:500]
    assert "the end of it" in town.gt("log", "deacon").out
    # A new one goes on in the same log.
    psutil.Process(deacon["pid"]).kill()
    town.wait_for(lambda: "is up" in log.read_text()[-2000:], 20, "the next one")

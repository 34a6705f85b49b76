"""How long a person waits: for the first prompt, for the echo of a key, for what a word may become."""

import fcntl
import itertools
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

from benchmarks import GT
from harness import PYTHON, Action, CannotRunError, Goal, Scratch, benchmark, command

from gastown_tmux.domain.addresses import DEACON, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.faces.values import read_values
from gastown_tmux.operations.town.town import Town
from gastown_tmux.repl.completion import complete
from gastown_tmux.store.agents import insert_agent
from gastown_tmux.store.beads import insert_bead
from gastown_tmux.store.rigs import insert_rig

AGENTS, BEADS = 300, 10_000
READ_SECONDS = 20.0


def make_town(scratch: Scratch, agents: int, beads: int) -> Town:
    """A town with so many rows, none of them running."""
    command(GT, "install", scratch.path / "town")()
    town = Town(scratch.path / "town", DEACON, dict(os.environ))
    rig = Rig(RigName("demo"), "de", "/x", "/x", RemoteKind.REMOTE, "main", None, "a@b.c", False, clock.now())
    with town.change() as change:
        insert_rig(change, rig)
        for number in range(agents):
            insert_agent(change, Address(f"demo/agent-{number}"), Role.POLECAT, "runbook")
        for number in range(beads):
            insert_bead(change, rig.name, "de", title=f"bead number {number}", body="", priority=2, labels=(), needs=())
    return town


class Repl:
    """A REPL in a terminal of its own, 80 by 24; with ``words`` what they show."""

    def __init__(self, town: Path, *words: str) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(GT, [str(GT), "--town", str(town), *words], {**os.environ, "TERM": "xterm-256color"})
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read_until(self, text: bytes) -> None:
        seen, deadline = b"", time.monotonic() + READ_SECONDS
        while text not in seen:
            if not select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise CannotRunError(f"{text!r} did not come; {seen[-200:]!r} did")
            seen += os.read(self.terminal, 65536)

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def rest(self, seconds: float) -> None:
        """Until nothing was shown for so long."""
        while select.select([self.terminal], [], [], seconds)[0]:
            os.read(self.terminal, 65536)

    def close(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@benchmark("REPL, 30 agents, to the prompt", Goal(1, 300))
def first_prompt(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, 30, 100)

    def prompt() -> None:
        repl = Repl(town.path)
        try:
            repl.read_until(b"gt>")
        finally:
            repl.close()

    return command(PYTHON, "-c", "import prompt_toolkit"), prompt


def begin_storm(scratch: Scratch, town: Town) -> None:
    """100 events a second, until the measuring ends."""
    stopping = threading.Event()

    def storm() -> None:
        number = 0
        while not stopping.wait(0.1):
            with town.change() as change:
                for _ in range(10):
                    number += 1
                    change.event(EventType.BEAD_MERGED, f"de-{number:05}", commit="a" * 40)

    thread = threading.Thread(target=storm)
    thread.start()
    scratch.cleanup.callback(thread.join)
    scratch.cleanup.callback(stopping.set)


@benchmark("key to echo, 100 events/s", Goal(0, 50))
def echo(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, AGENTS, BEADS)
    repl = Repl(town.path)
    scratch.cleanup.callback(repl.close)
    repl.read_until(b"gt>")
    begin_storm(scratch, town)

    # Each letter is a new one: an old one stands in every redraw.
    letters = itertools.count(0x410)

    def key() -> None:
        letter = chr(next(letters)).encode()
        repl.type(letter)
        repl.read_until(letter)

    return lambda: None, key


@benchmark("completion, 10,000 beads", Goal(0, 50))
def completion(scratch: Scratch) -> tuple[Action, Action]:
    values = read_values(make_town(scratch, AGENTS, BEADS))
    return lambda: None, lambda: complete("bead show n99", values)


@benchmark("pop-up, 10,000 beads", Goal(0, 50))
def pop_up(scratch: Scratch) -> tuple[Action, Action]:
    """From the last of some keys to the completions drawn below them."""
    repl = Repl(make_town(scratch, AGENTS, BEADS).path)
    scratch.cleanup.callback(repl.close)
    repl.read_until(b"gt>")
    repl.rest(1.0)

    def ask() -> float:
        start = time.perf_counter()
        repl.type(b"sling agent-299")
        repl.read_until(b"demo/agent-299")
        took = 1000 * (time.perf_counter() - start)
        repl.type(b"\x03")
        repl.rest(0.1)
        return took

    return lambda: None, ask


@benchmark("REPL's look, 10,000 beads", Goal(0, 500))
def values(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, AGENTS, BEADS)
    return lambda: None, lambda: read_values(town)


@benchmark("gt __complete", Goal(10))
def shell_completion(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, 30, 100)
    ask = command(GT, "__complete", "attach", "agent-2", env={"GT_TOWN": str(town.path)})
    return command(PYTHON, "-c", "pass"), ask


@benchmark("gt over ssh's shared connection", Goal(2, 50))
def over_ssh(scratch: Scratch) -> tuple[Action, Action]:
    if subprocess.run(["ssh", "-oBatchMode=yes", "localhost", "true"], capture_output=True).returncode != 0:
        raise CannotRunError("ssh localhost asks for something")
    town = make_town(scratch, 1, 1)
    words = ("--town", town.path, "status", "--json")
    return command(GT, *words), command(GT, "--host", "localhost", *words)

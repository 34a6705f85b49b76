"""Mail, measured: sent, delivered by many at once, told in a window and by a hook, looked for."""

import itertools
import multiprocessing
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import BARE_PYTHON, GT, synced_write
from harness import Action, CannotRunError, Goal, Scratch, benchmark, command, in_a_window
from spine import make_town

from gastown_tmux.edges.tmux import panes, typing
from gastown_tmux.edges.tmux.server import Server, socket_path
from gastown_tmux.providers.hooks import guard_text
from gastown_tmux.store.mailbox import Mailbox

PRINTERS = 30
DELIVERIES = 40
READ_MAILS = 1000
SETTLE = 0.1


def make_crew(scratch: Scratch) -> tuple[Path, tuple[object, ...]]:
    """A town with the crew ``ann``, run by the built-in agent, and ``ben``, who is away."""
    town = make_town(scratch)
    gt = (GT, "--town", town)
    command(*gt, "config", "default-agent", "runbook")()
    for name in ("ann", "ben"):
        command(*gt, "crew", "add", name, "--rig", "demo")()
    return town, gt


@benchmark("gt mail send", Goal(extra=30))
def send(scratch: Scratch) -> tuple[Action, Action]:
    """Beside the least that a verb takes, and a durable file."""
    _, gt = make_crew(scratch)
    verb, write = command(*gt, "rig", "list"), synced_write(scratch)

    def floor() -> None:
        verb()
        write()

    return floor, command(*gt, "mail", "send", "ben", "-s", "hello", "-m", "words")


@benchmark("send to pointer line, 30 print", Goal(extra=30, tail=200))
def pointer_line(scratch: Scratch) -> tuple[Action, Action]:
    """Until the line stands in an idle agent's window, beside mail to one who is away, and the settle time."""
    town, gt = make_crew(scratch)
    command(*gt, "up")()
    command(*gt, "crew", "start", "ann", "--rig", "demo")()
    run = town / ".gt" / "run"
    server = Server(socket_path(run), run / "tmux.conf")
    printer = [
        "sh",
        "-c",
        "while :; do echo a line of some sixty characters, as agents print them all day; sleep 0.05; done",
    ]
    panes.open_windows(server, [panes.WindowSpec("noise", "p", printer, scratch.path)] * PRINTERS)
    pane = next(pane for pane in panes.panes(server) if pane.agent == "demo/ann")
    pause, numbers = threading.Event(), itertools.count()

    def await_screen(seen: Callable[[typing.Capture], bool]) -> None:
        deadline = time.monotonic() + 20
        while True:
            look = typing.look(server, pane.pane, pane.gt_session)
            if look is not None and seen(look):
                return
            if time.monotonic() > deadline:
                raise CannotRunError("the window never showed it")
            pause.wait(0.002)

    def floor() -> None:
        command(*gt, "mail", "send", "ben", "-s", "hello", "--type", "status")()
        pause.wait(SETTLE)

    def told() -> float:
        await_screen(lambda look: look.title.startswith("◇"))
        pause.wait(0.3)
        subject = f"number {next(numbers)}."
        start = time.perf_counter()
        command(*gt, "mail", "send", "ann", "-s", subject, "--type", "status")()
        await_screen(lambda look: subject in look.screen)
        return (time.perf_counter() - start) * 1000

    return floor, told


@benchmark("turn end to mail offered", Goal(3))
def offered(scratch: Scratch) -> tuple[Action, Action]:
    """What a program's hook at a turn's end takes where there is mail: not felt, beside a bare Python."""
    town, gt = make_crew(scratch)
    guard = scratch.path / "guard"
    guard.write_text(guard_text(str(GT)))
    environment = {**os.environ, **in_a_window(town, "demo/ben")}

    def told() -> float:
        command(*gt, "mail", "send", "ben", "-s", "hello")()
        start = time.perf_counter()
        done = subprocess.run(["sh", guard, "idle", "block"], input=b"{}", env=environment, capture_output=True)
        took = (time.perf_counter() - start) * 1000
        if b"decision" not in done.stdout:
            raise CannotRunError(f"the hook said {done.stdout!r}")
        return took

    return BARE_PYTHON, told


@benchmark(f"{DELIVERIES} deliveries", Goal(2))
def deliveries(scratch: Scratch) -> tuple[Action, Action]:
    write, deliver = synced_write(scratch), delivery(scratch.path / "box")
    return lambda: [write() for _ in range(DELIVERIES)], lambda: [deliver() for _ in range(DELIVERIES)]


@benchmark(f"8 x {DELIVERIES} deliveries", Goal(2))
def deliveries_at_once(scratch: Scratch) -> tuple[Action, Action]:
    def at_once(make: Callable[[int], Action]) -> Action:
        def run() -> None:
            works = [multiprocessing.Process(target=_repeat, args=(make(number),)) for number in range(8)]
            for work in works:
                work.start()
            for work in works:
                work.join()

        return run

    def floor(number: int) -> Action:
        folder = scratch.path / f"floor-{number}-{time.monotonic_ns()}"
        folder.mkdir()
        return synced_write(Scratch(folder, scratch.cleanup))

    return at_once(floor), at_once(lambda number: delivery(scratch.path / f"box-{number}"))


def _repeat(action: Action) -> None:
    for _ in range(DELIVERIES):
        action()


def delivery(path: Path) -> Action:
    """Into one box, a new mail each time."""
    box, numbers = Mailbox(path), itertools.count()
    box.create()
    data = b"Subject: hello\n\n" + b"x" * 500 + b"\n"
    return lambda: box.deliver(data, f"<{os.getpid()}.{next(numbers)}.{time.monotonic_ns()}@town>")


@benchmark("gt mail check, 1,000 read", Goal(extra=5))
def check(scratch: Scratch) -> tuple[Action, Action]:
    town = scratch.path / "town"
    command(GT, "install", town)()
    box = Mailbox(town / ".gt" / "mail" / "mayor")
    box.create()
    for number in range(READ_MAILS):
        (box.path / "cur" / f"{number:012}:2,S").write_bytes(b"Subject: hello\n\nwords\n")
    return BARE_PYTHON, command(GT, "mail", "check", env=in_a_window(town, "mayor"))

"""How long a person waits at the Mayor's window, while thirty agents run."""

import itertools
import os
import time
from pathlib import Path

from benchmarks import BARE_PYTHON, GT
from faces import Repl, begin_storm, make_town
from harness import PYTHON, Action, Goal, Scratch, benchmark, command
from supervision import full_town

from gastown_tmux.domain.addresses import DEACON
from gastown_tmux.operations.town.town import Town

KEYS = 60
#: Of one column each, and none of them in what else is on the screen.
LETTERS = [chr(code) for code in range(0x410, 0x410 + 3 * KEYS)]


def attach(town: Path) -> float:
    """Milliseconds from the command to a prompt that can be typed at."""
    start = time.perf_counter()
    terminal = Repl(town, "mayor", "attach")
    try:
        terminal.read_until(b"gt>")
        return 1000 * (time.perf_counter() - start)
    finally:
        terminal.close()


@benchmark("mayor attach, warm", Goal(0, 300))
def attach_warm(scratch: Scratch) -> tuple[Action, Action]:
    """To a town with thirty agents that run."""
    town = full_town(scratch)
    return BARE_PYTHON, lambda: attach(town)


@benchmark("mayor attach, cold", Goal(0, 1500))
def attach_cold(scratch: Scratch) -> tuple[Action, Action]:
    """To a town with thirty agents of which nothing runs: no tmux, no daemon, no REPL."""
    town = make_town(scratch, 30, 100).path
    down = command(GT, "--town", town, "down", "--agents")
    scratch.cleanup.callback(down)

    def start() -> float:
        down()
        return attach(town)

    return BARE_PYTHON, start


@benchmark(f"worst key of {KEYS}, 30 print", Goal(0, 50))
def echo_among_printers(scratch: Scratch) -> tuple[Action, Action]:
    """From a key to its echo at the Mayor's window, while thirty agents print and 100 events a second come."""
    script = "import time\nwhile True:\n    print('all work and no play ' * 3, flush=True)\n    time.sleep(0.1)"
    town = full_town(scratch, PYTHON, "-S", "-c", script)
    begin_storm(scratch, Town(town, DEACON, dict(os.environ)))
    terminal = Repl(town, "mayor", "attach")
    scratch.cleanup.callback(terminal.close)
    terminal.read_until(b"gt>")
    letters = itertools.cycle(LETTERS)

    def type_line() -> float:
        times = []
        for letter in itertools.islice(letters, KEYS):
            start = time.perf_counter()
            terminal.type(letter.encode())
            terminal.read_until(letter.encode())
            times.append(1000 * (time.perf_counter() - start))
        terminal.type(b"\x03")
        return max(times)

    return BARE_PYTHON, type_line

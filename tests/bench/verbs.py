"""What short verbs cost, with the server of verbs and without, beside a Python that does nothing."""

import itertools
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import BARE_PYTHON, GT
from faces import make_town
from harness import PYTHON, Action, CannotRunError, Goal, Scratch, benchmark, command

from gastown_tmux.cli import client
from gastown_tmux.edges.files.waiting import wait_until

AGENTS, BEADS = 10, 100
#: Each with its goal where it is served; ``{}`` is another number each time.
LINES = {
    "status --json": 3.0, "agents": 2.5, "bead create bead-{} --rig demo": 2.5, "bead list": 2.5,
    "mail send overseer -s hello-{} -m text": 2.5, "mail inbox": 2.5, "mq list": 2.5, "convoy list": 2.5,
    "prime --as demo/agent-0": 2.5, "--help": 2.5, "--version": 2.5,
}  # fmt: skip
ALONE = Goal(5)


def start_server(scratch: Scratch, town: Path) -> None:
    """One that listens, ended with the benchmark."""
    server = subprocess.Popen([PYTHON, "-P", "-m", "gastown_tmux.cli.server", str(town)], stdin=subprocess.DEVNULL)
    scratch.cleanup.callback(server.wait)
    scratch.cleanup.callback(server.kill)
    if not wait_until(lambda: _listens(town), 20):
        raise CannotRunError("the server does not listen")


def _listens(town: Path) -> bool:
    try:
        client.connect(f"{town}/.gt/run/gt.sock").close()
    except OSError:
        return False
    return True


def line(scratch: Scratch, words: str, served: bool) -> Action:
    town = make_town(scratch, AGENTS, BEADS)
    town.prepare_run()
    town.close()
    if served:
        start_server(scratch, town.path)
    numbers = itertools.count()
    environment = {"GT_TOWN": str(town.path)}
    return lambda: command(GT, *words.format(next(numbers)).split(), env=environment)()


def register(words: str, served: bool, goal: Goal) -> None:
    name = "gt " + " ".join(word for word in words.split()[:2] if "{" not in word)

    @benchmark(f"{name}, {'served' if served else 'alone'}", goal)
    def prepare(scratch: Scratch) -> tuple[Action, Action]:
        return BARE_PYTHON, line(scratch, words, served)


for words, ratio in LINES.items():
    register(words, True, Goal(ratio))
    register(words, False, ALONE)


def at_once(action: Callable[[], object], count: int = 30) -> Action:
    pool = ThreadPoolExecutor(count)
    return lambda: list(pool.map(lambda _: action(), range(count)))


@benchmark("30 times gt agents at once, served", Goal(3))
def thirty(scratch: Scratch) -> tuple[Action, Action]:
    return at_once(BARE_PYTHON), at_once(line(scratch, "agents", True))

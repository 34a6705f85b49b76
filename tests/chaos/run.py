"""Chaos: ``python -m tests.chaos.run [--minutes N | --faults N] [--seed S] [--only NAME…] [--keep]``.

The same seed gives the same strokes, beads and mail in the same order. Exit status 1 for a broken promise.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.promises import Watcher, check_end, check_files, check_mail, check_stores, check_work
from tests.chaos.scene import Scene, make_scene, remove_scene
from tests.chaos.strokes import STROKES

WHOLE_SECONDS = 90.0
FINISH_SECONDS = 120.0
#: What was missing is said of recoveries that took longer.
SLOW_SECONDS = 3.0


@dataclass
class Outcome:
    faults: int = 0
    broken: list[str] = field(default_factory=list)
    longest: tuple[float, str] = (0.0, "")
    beads: int = 0
    mails: int = 0


def run(
    seed: int, faults: int, seconds: float, only: list[str], say: Callable[[str], None], keep: bool = False
) -> Outcome:
    """Until so many faults or so many seconds; then everything is checked."""
    outcome = Outcome()
    strokes = [stroke for stroke in STROKES if not only or stroke.__name__ in only]
    scene = make_scene(seed)
    try:
        with Watcher(scene) as watcher:
            _strike(scene, outcome, strokes, faults, seconds, say)
            _finish(scene, outcome, say)
        outcome.broken += watcher.broken
        for check in (check_work, check_mail, check_files, check_stores):
            outcome.broken += check(scene)
    finally:
        outcome.broken += check_end(scene)
        outcome.beads, outcome.mails = len(scene.beads), len(scene.mails)
        if keep or outcome.broken:
            say(f"kept: {scene.folder}")
        else:
            remove_scene(scene)
    return outcome


def _strike(
    scene: Scene, outcome: Outcome, strokes: list[Callable[[Scene], str]], faults: int, seconds: float,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    end = time.monotonic() + seconds
    while outcome.faults < faults and time.monotonic() < end:
        if len(scene.unfinished()) < 6:
            scene.give_work()
            scene.give_work()
        scene.send_mail()
        scene.leave_unsaved()
        told = []
        for stroke in scene.random.choices(strokes, k=scene.random.choice((1, 1, 2, 3))):
            if words := stroke(scene):
                told.append(words)
                outcome.faults += 1
        if told:
            took, last = _await_whole(scene, outcome, " + ".join(told))
            say(
                f"{outcome.faults:4} {took:6.2f}s  {' + '.join(told)}"
                + (f"; at last {last}" if took > SLOW_SECONDS else "")
            )


def _await_whole(scene: Scene, outcome: Outcome, what: str) -> tuple[float, list[str]]:
    """The seconds until nothing was missing, and what was missing last."""
    started = time.monotonic()
    last: list[str] = []
    while missing := scene.missing():
        last = missing
        if time.monotonic() - started > WHOLE_SECONDS:
            outcome.broken.append(f"not whole {WHOLE_SECONDS:.0f}s after {what}: {missing}")
            break
        time.sleep(0.05)
    took = time.monotonic() - started
    outcome.longest = max(outcome.longest, (took, what))
    return took, last


def _finish(scene: Scene, outcome: Outcome, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + FINISH_SECONDS
    while (left := scene.unfinished()) and time.monotonic() < deadline:
        time.sleep(0.2)
    if left:
        say(f"unfinished: {left}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Strikes a live town and checks what was promised.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--faults", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", nargs="*", default=[], help="only these strokes")
    parser.add_argument("--keep", action="store_true", help="keep the town to look at")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(3))
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    outcome = run(
        seed, options.faults, options.minutes * 60, options.only, lambda line: print(line, flush=True), options.keep
    )
    took = time.monotonic() - started
    print(f"{outcome.faults} faults, {outcome.beads} beads and {outcome.mails} mails in {took:.0f}s (seed {seed})")
    print(f"longest to be whole again: {outcome.longest[0]:.2f}s after {outcome.longest[1]}")
    for words in outcome.broken:
        print(f"BROKEN: {words}")
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    sys.exit(main())

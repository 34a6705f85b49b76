"""Fuzz: ``python -m tests.fuzz.run [--minutes N] [--seed S] [--unknown] [--only RIM…]``.

Every rim of the town is fed garbage, and valid input with a few changes. The same seed feeds the same. Exit status 1
where a look did not come to its end, something was lost, or somebody saw a traceback.
"""

import argparse
import os
import shutil
import sys
import time
import traceback
from dataclasses import replace

import hypothesis
from hypothesis import HealthCheck, Phase, settings

from tests.conftest import make_short_folder, make_world
from tests.fuzz.rims_of_agents import OF_AGENTS
from tests.fuzz.rims_of_files import OF_FILES
from tests.fuzz.rims_of_people import OF_PEOPLE
from tests.fuzz.rims_of_rows import OF_ROWS
from tests.fuzz.world import Rim, World
from tests.fuzz.world import make_world as make_town

RIMS = (*OF_AGENTS, *OF_FILES, *OF_PEOPLE, *OF_ROWS)
#: So many inputs for one rim, then the next one's turn comes.
ROUND = 60


def feed(world: World, rim: Rim, seed: int, examples: int = ROUND) -> None:
    """Raises AssertionError, or whatever came through, for the smallest input that was found to do that."""

    for known in rim.known:
        rim.check(world, known)

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False,
    )  # fmt: skip
    @hypothesis.given(rim.given)
    def check(given: object) -> None:
        rim.check(world, given)

    check()


def main() -> int:
    parser = argparse.ArgumentParser(description="Feeds every rim of a town garbage, and checks what was promised.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--unknown", action="store_true", help="without what has been a fault before")
    parser.add_argument("--only", nargs="*", default=[], help="only these rims")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(3))
    print(f"seed {seed}", flush=True)
    folder = make_short_folder()
    os.environ.update(make_world(folder))
    rims = [rim for rim in RIMS if not options.only or rim.name in options.only]
    rims = [replace(rim, known=()) for rim in rims] if options.unknown else rims
    fed, broken = dict.fromkeys((rim.name for rim in rims), 0), set[str]()
    end = time.monotonic() + options.minutes * 60
    world = make_town(folder)
    try:
        turn = 0
        while time.monotonic() < end and len(broken) < len(rims):
            for rim in [rim for rim in rims if rim.name not in broken and time.monotonic() < end]:
                try:
                    feed(world, rim, seed + turn)
                except Exception:  # noqa: BLE001 - that is what is looked for
                    print(f"\nBROKEN: {rim.name}, seed {seed + turn}\n{traceback.format_exc()}", flush=True)
                    broken.add(rim.name)
                fed[rim.name] += ROUND
            turn += 1
            print(f"turn {turn}: {sum(fed.values())} inputs, {len(broken)} rims broken", flush=True)
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{fed}; broken: {sorted(broken) or 'none'} (seed {seed})")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

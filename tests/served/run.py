"""``python -m tests.served.run [--calls N] [--seed S]``: random calls with a server of verbs, and without."""

import argparse
import os
import shutil
import sys

from tests.conftest import make_short_folder, make_world
from tests.journeys.town_world import make_repository
from tests.served.calls import compare


def main() -> int:
    parser = argparse.ArgumentParser(prog="prove-server")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, help="of the calls; one by chance unless given")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3), "big")
    print(f"{given.calls} calls of seed {seed}", flush=True)
    folder = make_short_folder()
    os.environ.update(make_world(folder))
    try:
        compare(folder, make_repository(folder / "project"), given.calls, seed)
    except AssertionError as error:
        print(error)
        return 1
    finally:
        shutil.rmtree(folder)
    print("the same, each of them, and the rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())

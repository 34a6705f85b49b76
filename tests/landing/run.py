"""``python -m tests.landing.run [--examples N] [--seed S]``: for long what the suite tries for seconds.

With another seed other projects; the first that lands otherwise than in a plain clone is shown, as small as it goes.
"""

import argparse
import os
import subprocess
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="prove-landing")
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, help="of the projects; one by chance unless given")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"{given.examples} projects of seed {seed}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", f"--hypothesis-seed={seed}", "tests/landing"]
    return subprocess.run(command, env={**os.environ, "PYTEST_LANDING_EXAMPLES": str(given.examples)}).returncode


if __name__ == "__main__":
    sys.exit(main())

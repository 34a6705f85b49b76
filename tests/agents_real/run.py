"""``just test-agents [--repeat N] [NAME…] [-- PYTEST ARGUMENTS]``: real agent programs before a scripted model.

Installs what is missing into ``$GT_AGENT_CACHE`` (``~/.cache/gastown-tmux/agents``), then runs the tests, where the
machine allows it in a network namespace that has nothing but the loopback interface.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.agents_real.install import NoNpmError, default_cache, install
from tests.agents_real.programs import PROGRAMS

_ROOT = Path(__file__).resolve().parents[2]
_LOOPBACK_ONLY = ["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="just test-agents")
    parser.add_argument("--repeat", type=int, default=1, help="how often each test is done")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(PROGRAMS)}; all unless given")
    own, more = _split(sys.argv[1:])
    given = parser.parse_args(own)
    unknown = [name for name in given.names if name not in PROGRAMS]
    if unknown:
        parser.error(f"no such program: {', '.join(unknown)}")
    names, cache = list(given.names or PROGRAMS), default_cache().resolve()
    for name in list(names):
        try:
            install(cache, PROGRAMS[name])
        except NoNpmError:
            print(f"test-agents: {name} is skipped: npm is not installed, which brings it")
            names.remove(name)
    if not names:
        return 0
    more = [f"--agent-cache={cache}", f"--repeat={given.repeat}", *more]
    alone = _LOOPBACK_ONLY if _can_unshare() else []
    if not alone:
        print("test-agents: no network namespace here: the programs could reach the network")
    command = [sys.executable, "-m", "pytest", "tests/agents_real", f"--agents={','.join(names)}", *more]
    return subprocess.run([*alone, *command], cwd=_ROOT).returncode


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Ours, and those behind ``--``."""
    place = words.index("--") if "--" in words else len(words)
    return words[:place], words[place + 1 :]


def _can_unshare() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*_LOOPBACK_ONLY, "true"], capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())

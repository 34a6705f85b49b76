"""What verbs of a bundle cost beside those of the environment: processor time, in one town, turn and turn about."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from packages.project import say

#: A bundle's may cost so much more.
MOST = 1.15
ROUNDS = 60
AGENTS = {"mail check": ["mail", "check"], "hook": ["hook"], "signal": ["signal", "idle"]}
ENVIRONMENT = Path(sys.executable).with_name("gt")


def compare(bundle: Path) -> bool:
    """Whether all stay within ``MOST``; tells each."""
    with tempfile.TemporaryDirectory(prefix="gt-costs-") as folder:
        home = Path(folder)
        town = home / "gt"
        variables = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", "GT_SERVER": "off"}
        for words in (["install", town], ["--town", town, "crew", "list"]):
            subprocess.run([bundle, *words], env=variables, check=True, capture_output=True, timeout=60)
        # As in an agent's window, where the session's own door is named.
        door = town / ".gt" / "run" / "doors" / "ses-costs"
        (door / "spool").mkdir(parents=True)
        (door / "agent").write_text("mayor\n")
        (town / ".gt" / "mail" / "mayor" / "new").mkdir(parents=True, exist_ok=True)
        (town / ".gt" / "mail" / "mayor" / "cur").mkdir(exist_ok=True)
        state = town / ".gt" / "hooks" / "mayor" / "state.json"
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_text(json.dumps({"agent": "mayor", "bead": None}))
        agent = {**variables, "GT_TOWN": str(town), "GT_AGENT": "mayor", "GT_SESSION": "ses-costs"}
        agent["GT_SOCKET"] = str(door / "gt.sock")
        rows = {name: (words, agent) for name, words in AGENTS.items()}
        rows["status"] = (["--town", str(town), "status"], variables)
        rows["--version"] = (["--version"], variables)
        well = True
        for name, (words, environment) in rows.items():
            own, packed = _measure([[str(gt), *words] for gt in (ENVIRONMENT, bundle)], environment)
            well = well and packed <= MOST * own
            say(f"{name}: {own:.1f} ms in the environment, {packed:.1f} in the bundle ({packed / own:.2f})")
        return well


def _measure(commands: list[list[str]], environment: dict[str, str]) -> list[float]:
    """The median of each, in milliseconds of processor time."""
    spent: list[list[float]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for command, times in zip(commands, spent, strict=True):
            nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
            child = os.posix_spawn(command[0], command, environment, file_actions=nothing)
            _, _, usage = os.wait4(child, 0)
            times.append((usage.ru_utime + usage.ru_stime) * 1000)
    return [sorted(times)[len(times) // 2] for times in spent]

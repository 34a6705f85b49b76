"""The user's systemd: whether it runs, its unit files, and what it is told."""

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.files.base_folders import base_folder
from gastown_tmux.errors import GtError, MissingError

_SECONDS = 30.0
_PROGRAM = re.compile(r'^ExecStart="((?:\\.|[^"\\])*)"', re.MULTILINE)


def require() -> None:
    """Raises MissingError where no systemd runs, or where this user's own does not answer."""
    hint = "start the town by 'gt up' after each boot; cron's @reboot can do it"
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        raise MissingError("no systemd runs on this machine", hint)
    done = _run("systemctl", "--user", "show-environment")
    if done.returncode != 0:
        user = getpass.getuser()
        raise MissingError(f"the systemd of {user} cannot be reached: {_words(done)}", f"log in as {user}, not by su")


def unit_folder(environment: Mapping[str, str]) -> Path:
    """Where the user's own units are."""
    return base_folder(environment, "XDG_CONFIG_HOME", ".config") / "systemd" / "user"


def quote(word: str) -> str:
    """One word of a command or an assignment in a unit file that systemd reads back as exactly ``word``.

    >>> quote("/tmp/100% mine")
    '"/tmp/100%% mine"'
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def quote_argument(word: str) -> str:
    """A word of a command line, where ``$`` means a variable besides."""
    return quote(word).replace("$", "$$")


def program_of(unit: str) -> str | None:
    """The program that a unit of ours starts, as ``quote_argument`` wrote it.

    >>> program_of('[Service]\\nExecStart="/opt/100%% \\\\"mine\\\\"/gt" "--town"')
    '/opt/100% "mine"/gt'
    """
    found = _PROGRAM.search(unit)
    return re.sub(r"\\(.)|%(%)|\$(\$)", lambda match: match[match.lastindex or 0], found[1]) if found else None


def systemctl(*words: str) -> None:
    """Raises GtError in systemd's own words."""
    done = _run("systemctl", "--user", *words)
    if done.returncode != 0:
        raise GtError(f"systemctl --user {' '.join(words)}: {_words(done)}", whole=done.stderr or done.stdout)


def ask(*words: str) -> str:
    """What ``systemctl --user`` prints, whatever its exit status: ``is-active`` and its like."""
    return _run("systemctl", "--user", *words).stdout.strip()


def start_unit(unit: str) -> bool:
    """Whether systemd has started it; False where there is no systemd to ask."""
    try:
        return _run("systemctl", "--user", "start", unit).returncode == 0
    except GtError:
        return False


def lingers() -> bool:
    """Whether this user's units run without a login: from boot on, and after logout."""
    done = _run("loginctl", "show-user", getpass.getuser(), "--property=Linger")
    return done.stdout.strip() == "Linger=yes"


def enable_linger() -> bool:
    """Whether it is so now; it may need more rights than we have."""
    return _run("loginctl", "--no-ask-password", "enable-linger", getpass.getuser()).returncode == 0


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise MissingError(f"{command[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise GtError(f"{' '.join(command)} does not answer") from None


def _words(done: subprocess.CompletedProcess[str]) -> str:
    return cause_of(done.stderr or done.stdout) or f"status {done.returncode}"

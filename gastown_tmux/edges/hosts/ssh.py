"""``gt`` on another machine, over OpenSSH: one connection a host, shared by every call, with limits on its silence."""

import contextlib
import hashlib
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.processes.terminal import run_in_terminal, tidy
from gastown_tmux.edges.tmux.server import short_folder
from gastown_tmux.errors import GtError, MissingError, UsageError

CONNECT_SECONDS = 10
#: A person may have to type a password, or to touch a key.
LOGIN_SECONDS = 90.0
#: The same where nobody is asked.
SILENT_SECONDS = 15.0
CHECK_SECONDS = 5.0
#: How long the connection outlives its last use.
PERSIST_SECONDS = 600
#: What was there is asked for again after so long: the question is a program of its own.
SEEN_SECONDS = 2.0
#: ssh's own exit status where it has no connection, or no longer one.
NO_CONNECTION = 255

_LIMITS = {"ConnectTimeout": CONNECT_SECONDS, "ServerAliveInterval": 15, "ServerAliveCountMax": 3}
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.%+:@\[\]-]*")
_MISSING = "gt: gt is not installed on this host\\nhint: pipx install gastown-tmux\\n"


#: When a shared connection was seen, by its socket.
_seen: dict[Path, float] = {}


class Host:
    """``name`` is what ssh takes: ``user@box``, or an alias of ``config``, a file instead of the user's own.

    Raises UsageError for a name that is none.
    """

    def __init__(self, name: str, config: str | None, environment: Mapping[str, str]) -> None:
        if not _HOST.fullmatch(name):
            raise UsageError(f"{name!r} is not a host", hint="gt --host user@box VERB …")
        self.name = name
        self._environment = environment
        # A control socket's path is as short as any socket's, and ssh adds 17 letters while it makes one.
        mark = hashlib.sha256(f"{name}\0{config}".encode()).hexdigest()[:12]
        self._socket = short_folder() / f"ssh.{mark}"
        self._base = [_find_ssh(environment), *(["-F", config] if config else []), "-S", str(self._socket)]

    @property
    def words(self) -> list[str]:
        """What runs a command there with its standard streams alone, over the shared connection where there is one.

        It asks nobody anything, and gives up where nothing is heard.
        """
        options = ("ControlMaster=no", "LogLevel=ERROR", "BatchMode=yes", *(f"{k}={v}" for k, v in _LIMITS.items()))
        return [*self._base, "-T", *(f"-o{option}" for option in options), "--", self.name]

    def connect(self, *, asks: bool = True) -> None:
        """Has the shared connection. Raises GtError with ssh's words where there is none to be had.

        ``asks``: ssh may ask the person at the terminal for a password.
        """
        if self.is_connected():
            return
        with contextlib.suppress(FileNotFoundError):
            self._socket.unlink()  # of a connection that died: ssh would do without sharing
        options = {**_LIMITS, "ControlPersist": PERSIST_SECONDS, "BatchMode": "no" if asks else "yes"}
        words = [f"-o{name}={value}" for name, value in options.items()]
        limit = LOGIN_SECONDS if asks else SILENT_SECONDS
        # Into a file: the connection lives on with whatever it was given, and a pipe would never end.
        with tempfile.TemporaryFile() as said:
            try:
                status = subprocess.run(
                    [*self._base, "-fNM", *words, "--", self.name],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    timeout=limit,
                    env=dict(self._environment),
                ).returncode
            except subprocess.TimeoutExpired:
                raise GtError(f"{self.name} did not answer within {limit:.0f}s", f"ssh {self.name}") from None
            said.seek(0)
            whole = said.read().decode(errors="replace")
        if status != 0:
            why = cause_of(whole) or f"status {status}"
            raise GtError(f"{self.name} cannot be reached: {why}", f"ssh {self.name}", whole=whole)

    def run(self, arguments: Sequence[str], terminal: bool) -> int:
        """Runs ``gt ARGUMENTS`` there on our own input and output; its exit status.

        With ``terminal`` it has one there, as large as ours and with its colours. Raises GtError where the connection
        is lost.
        """
        self.connect()
        # ERROR: ssh says at its end that a connection closed which is still there.
        quiet = "-oLogLevel=ERROR"
        words = [
            *self._base,
            "-oControlMaster=no",
            quiet,
            "-tt" if terminal else "-T",
            "--",
            self.name,
            _script(arguments),
        ]
        status = run_in_terminal(words, self._environment)
        if status == NO_CONNECTION:
            tidy()
            raise GtError(f"the connection to {self.name} was lost; the town there goes on", f"ssh {self.name}")
        return status

    def disconnect(self) -> None:
        """Ends the shared connection, if there is one."""
        _seen.pop(self._socket, None)
        self._control("exit")

    def is_connected(self) -> bool:
        """Whether there is a shared connection; one that this process saw a moment ago is not looked for again."""
        seen = _seen.get(self._socket)
        if not self._socket.exists():
            return False
        if seen is None or time.monotonic() > seen + SEEN_SECONDS:
            if not self._control("check"):
                return False
            _seen[self._socket] = time.monotonic()
        return True

    def _control(self, what: str) -> bool:
        try:
            done = subprocess.run(
                [*self._base, "-O", what, "--", self.name], capture_output=True, stdin=subprocess.DEVNULL,
                timeout=CHECK_SECONDS, env=dict(self._environment),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def _script(arguments: Sequence[str]) -> str:
    """For whatever login shell is there: ``sh`` finds gt on PATH, or where pipx and pip put it."""
    find = (
        'for gt in "$(command -v gt)" "$HOME/.local/bin/gt"; do [ -x "$gt" ] && exec "$gt" "$@"; done; '
        f"printf {shlex.quote(_MISSING)} >&2; exit 5"
    )
    return shlex.join(["exec", "/bin/sh", "-c", find, "gt", *arguments])


def _find_ssh(environment: Mapping[str, str]) -> str:
    for folder in environment.get("PATH", os.defpath).split(":"):
        if os.access(f"{folder}/ssh", os.X_OK):
            return str(Path(folder, "ssh"))
    raise MissingError("ssh is not installed", hint="install OpenSSH, then the same command again")

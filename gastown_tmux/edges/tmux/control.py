"""A control client as a fast pipe of commands: a fifth of what a process for each costs.

It is attached with ``no-output`` from its start. One that takes output, and is behind, stops every program of the
server, and has crashed it (tmux 3.3).
"""

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.waiting import is_readable, is_writable
from gastown_tmux.edges.tmux.panes import only_on
from gastown_tmux.edges.tmux.server import (
    KEEPER_SESSION,
    Server,
    ServerGoneError,
    SilentError,
    client_environment,
    find_tmux,
)

#: How long an answer may take; how much one may be.
SECONDS, LARGEST = 5.0, 2**25
#: Of a letter: it makes the cell before it two columns wide; it does so and stands in it, unless that is ASCII.
WIDENS, MODIFIES = -1, -2
#: Tried with 3.5a; 3.3a does neither.
_JOINS_SINCE = (3, 5)
_EMOJI_SELECTOR = "\ufe0f"
_MODIFIERS = re.compile("[\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
_VERSION = re.compile(r"(\d+)\.(\d+)")
#: Letters whose widths are asked for in one command.
_A_LINE, _PADDED = 200, 4
_FLAGS = "no-output,ignore-size"


@dataclass(frozen=True, slots=True)
class Capture:
    """A pane's screen with its escape sequences: as ``capture-pane -e`` gives it, line by line."""

    columns: int
    lines: int
    text: str


class ControlClient:
    """Used by one thread. It is started by the first question, and again after an end of the server's."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def close(self) -> None:
        """Its end, which tmux sees at once. The next question starts another."""
        child, self._child, self._rest = self._child, None, b""
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            child.wait(1.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def capture(self, sessions: Mapping[str, str]) -> dict[str, Capture]:
        """The screens of these panes, of each its session; those that are gone or another's are left out.

        Raises ServerGoneError, SilentError.
        """
        if not sessions:
            return {}
        mark = os.urandom(8).hex()  # no program in a pane can know it, and print it
        script = [
            only_on(
                pane, session,
                f'display-message -p -t "{pane}" "{mark}<{pane[1:]} #{{pane_width}} #{{pane_height}}" ; '
                f'capture-pane -e -p -t "{pane}" ; display-message -p "{mark}>"',
            )
            for pane, session in sessions.items()
        ]  # fmt: skip
        found = {}
        for each in self._ask(script, mark).split(f"{mark}<")[1:]:
            head, _, rest = each.partition("\n")
            words, (text, ended, _) = head.split(), rest.partition(f"\n{mark}>")
            body = _body(text) if ended and len(words) == 3 and all(map(str.isdecimal, words)) else None
            if body is not None:
                found[f"%{words[0]}"] = Capture(int(words[1]), int(words[2]), body)
        return found

    def _ask(self, script: Sequence[str], mark: str) -> str:
        """All that comes until the commands have ended, the protocol's own lines too."""
        child = self._begin()
        last = f"\n{mark}.\n".encode()
        assert child.stdin is not None and child.stdout is not None
        data = "".join([*script, f'display-message -p "{mark}."\n']).encode()
        try:
            deadline = time.monotonic() + SECONDS
            self._write(child.stdin.fileno(), data, deadline)
            said = bytearray(self._rest)
            while last not in said[-65_536 - len(last) :] or not said.endswith(b"\n"):
                said += self._read(child.stdout.fileno(), deadline)
                if len(said) > LARGEST:
                    raise SilentError("tmux says more than a screen can hold")
            self._rest = b""
            return said.decode(errors="replace")
        except BaseException:
            self.close()
            raise

    def _begin(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        words = [find_tmux(), "-N", "-u", "-S", str(self._server.socket), "-C", "attach-session"]
        self._child = subprocess.Popen(
            [*words, "-t", f"={KEEPER_SESSION}", "-f", _FLAGS], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=client_environment(), cwd="/", start_new_session=True,
        )  # fmt: skip
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        return self._child

    def _write(self, file: int, data: bytes, deadline: float) -> None:
        while data:
            if not is_writable(file, deadline - time.monotonic()):
                raise SilentError(f"the tmux server on {self._server.socket} does not answer", "gt doctor")
            try:
                data = data[os.write(file, data) :]
            except BrokenPipeError:
                raise self._gone() from None

    def _read(self, file: int, deadline: float) -> bytes:
        if not is_readable(file, deadline - time.monotonic()):
            raise SilentError(f"the tmux server on {self._server.socket} does not answer", "gt doctor")
        part = os.read(file, 1 << 18)
        if not part:
            raise self._gone()
        return part

    def _gone(self) -> ServerGoneError:
        return ServerGoneError(f"no tmux server on {self._server.socket}", "gt up")


def ask_widths(server: Server, letters: Sequence[str]) -> list[int]:
    """How many columns the server gives to each of these, none of which is ASCII; for one that it does not know, none.
    ``WIDENS`` and ``MODIFIES`` are no numbers of columns, but what it does with the letter before.

    By how far they are padded: ``#{w:…}`` of a letter without a width never ends (tmux 3.3), and with it every window.
    Raises GtError.
    """
    lines = [letters[at : at + _A_LINE] for at in range(0, len(letters), _A_LINE)]
    asked = ["#{version}", *("".join(f"#{{p{_PADDED}:#{{l:{letter}}}}}|" for letter in line) for line in lines)]
    said = server.run("source-file", "-", stdin="".join(f'display-message -p "{line}"\n' for line in asked))
    version, *told = said.rstrip("\n").split("\n")
    found = [part for line in told for part in line.split("|")[:-1]]
    if len(found) != len(letters):
        raise SilentError("tmux tells no widths of letters")
    widths = [_PADDED - (len(part) - len(part.rstrip(" "))) for part in found]
    number = _VERSION.search(version)
    if number is None or (int(number[1]), int(number[2])) < _JOINS_SINCE:
        return widths
    return [
        WIDENS if letter == _EMOJI_SELECTOR else MODIFIES if _MODIFIERS.match(letter) else width
        for letter, width in zip(letters, widths, strict=True)
    ]


def _body(text: str) -> str | None:
    """What stands between the guards of one command: its end has the numbers of its beginning.

    A line of a screen may look like a guard; the last one of them is the real.
    """
    lines = text.split("\n")
    start = next((place for place, line in enumerate(lines) if line.startswith("%begin ")), None)
    if start is None:
        return None
    end = f"%end {lines[start].removeprefix('%begin ')}"
    ends = [place for place, line in enumerate(lines) if line == end and place > start]
    return "\n".join(lines[start + 1 : ends[-1]]) if ends else None

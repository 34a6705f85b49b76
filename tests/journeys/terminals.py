"""A person's terminal for a test: a screen to read and keys to press, made of a tmux server of its own."""

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

GT = Path(sys.executable).with_name("gt")


@dataclass
class Terminal:
    """``socket`` of the person's own tmux, which has one window with a shell."""

    socket: Path
    wait_for: Callable[..., Any]

    def tmux(self, *words: str) -> str:
        command = ["tmux", "-f", os.devnull, "-S", str(self.socket), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout

    def open(self, columns: int = 80, rows: int = 24) -> None:
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", "person", "env", "PS1=$ ", "sh")
        self.tmux("set", "-g", "status", "off")

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-t", "person", "-x", str(columns), "-y", str(rows))

    def run(self, *words: str | Path) -> None:
        """A command in the shell there, outside of any tmux as far as it can tell."""
        self.types(shlex.join(["env", "-u", "TMUX", "-u", "TMUX_PANE", *map(str, words)]) + "\r")

    def types(self, text: str) -> None:
        """Byte by byte as keys are: ``\\r`` is Enter, ``\\x02`` the prefix."""
        self.tmux("send-keys", "-t", "person", "-H", *(f"{byte:02x}" for byte in text.encode()))

    def clicks(self, text: str) -> None:
        """The left button in the middle of that, where the screen shows it for the first time."""
        place = self._place(text)
        self.types(f"\x1b[<0;{place}M\x1b[<0;{place}m")

    def wheels_up(self, text: str) -> None:
        """One notch of the wheel over that."""
        self.types(f"\x1b[<64;{self._place(text)}M")

    def _place(self, text: str) -> str:
        row, line = next((row, line) for row, line in enumerate(self.screen().splitlines(), 1) if text in line)
        return f"{line.index(text) + 1 + len(text) // 2};{row}"

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "person")

    def sees(self, text: str, seconds: float = 30) -> str:
        """The screen, once it shows that."""
        try:
            self.wait_for(lambda: text in self.screen(), seconds, repr(text))
        except pytest.fail.Exception as error:
            pytest.fail(f"{error}; the screen is:\n{self.screen()}", pytrace=False)
        return self.screen()

    def gone(self, text: str) -> None:
        self.wait_for(lambda: text not in self.screen(), 30, f"{text!r} to go")

    def close(self) -> None:
        """With all that runs there: it is told that the terminal is gone, and takes a moment to end."""
        server = psutil.Process(int(self.tmux("display-message", "-p", "#{pid}")))
        running = [each for each in server.children(recursive=True) if _has_terminal(each)]
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], capture_output=True, timeout=10)
        psutil.wait_procs(running, timeout=10)


def _has_terminal(process: psutil.Process) -> bool:
    """Not so for one that has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.terminal() is not None
    return False

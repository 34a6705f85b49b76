"""Boxes for tests: a machine of one's own with an own home and town, reached by a shell or through a real sshd."""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from gastown_tmux.edges.hosts.ssh import Host
from tests.boxes.sshd import serve_sshd
from tests.conftest import make_world
from tests.journeys.terminals import GT

#: A machine that does not answer.
NOBODY = """\
Host nobody
    HostName 127.0.0.1
    Port 1
"""


@dataclass
class Box:
    """``prefix`` is what ``gt host add`` is given behind ``--``; ``variables`` lead into its home."""

    folder: Path
    prefix: list[str]
    variables: Mapping[str, str]
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = Path(self.variables["HOME"])

    @property
    def town(self) -> Path:
        """Where its town is, unless told otherwise."""
        return self.home / "gt"

    def gt(self, *words: str | Path, code: int | None = 0, seconds: float = 60) -> Any:
        """A command on the box itself, by somebody who sits there."""
        done = subprocess.run(
            [GT, *words], env={**os.environ, **self.variables}, cwd=self.home, capture_output=True, text=True,
            timeout=seconds,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"gt {words} on the box: {done}"
        return done

    def down(self) -> None:
        if (self.town / ".gt").exists():
            self.gt("--town", self.town, "down", "--agents", code=None)


def make_variables(folder: Path) -> dict[str, str]:
    """The world of a machine in that folder; agents there are runbook agents, for no other program is found."""
    folder.mkdir(mode=0o700)
    (folder / "bin").mkdir()
    (folder / "bin" / "gt").symlink_to(GT)
    return {**make_world(folder), "PATH": f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"}


@contextlib.contextmanager
def box_by_shell(folder: Path) -> Iterator[Box]:
    """No connection at all: only another home."""
    variables = make_variables(folder)
    box = Box(folder, ["env", *(f"{name}={value}" for name, value in variables.items()), "sh", "-c"], variables)
    try:
        yield box
    finally:
        box.down()


@contextlib.contextmanager
def sshd(folder: Path, variables: Mapping[str, str]) -> Iterator[Path]:
    """A server of this user's own on loopback; the configuration with which ssh reaches it as ``box``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    try:
        with serve_sshd(folder, variables, "box", address) as config:
            with config.open("a") as file:
                file.write(NOBODY)
            os.environ["GT_SSH_CONFIG"] = str(config)
            try:
                yield config
            finally:
                Host("box", str(config), os.environ).disconnect()
                del os.environ["GT_SSH_CONFIG"]
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def box_by_sshd(folder: Path) -> Iterator[Box]:
    """``gt host add NAME box`` reaches it; so does the prefix, with the configuration that ssh is to read."""
    variables = make_variables(folder)
    with sshd(folder / "ssh", variables) as config:
        box = Box(folder, ["ssh", "-F", str(config), "box"], variables)
        try:
            yield box
        finally:
            box.down()


def list_masters(config: Path) -> list[psutil.Process]:
    """The shared connections of ssh that were made with this configuration."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "ssh" in line and str(config) in line and "-fNM" in line:
                found.append(process)
    return found

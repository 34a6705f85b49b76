"""The link of the tests does what it says, or nothing that they say of cuts is worth anything."""

import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.boxes import link

PROGRAM = [sys.executable, "-S", "-E", str(Path(link.__file__))]


class Line:
    """A ``cat`` behind a link."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "link"
        self.process = self.start("cat")

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*PROGRAM, str(self.file), *command], **pipes)  # type: ignore[call-overload, no-any-return]

    def is_now(self, state: str) -> None:
        self.file.write_text(state)

    def says(self, words: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(words)
        self.process.stdin.flush()

    def hears(self) -> bytes:
        assert self.process.stdout
        ready = select.select([self.process.stdout], [], [], 0.3)[0]
        return self.process.stdout.readline() if ready else b""


@pytest.fixture
def line(short_tmp: Path) -> Iterator[Line]:
    line = Line(short_tmp)
    yield line
    line.process.kill()
    line.process.communicate()


def test_what_is_frozen_comes_when_it_thaws(line: Line) -> None:
    line.says(b"one\n")
    assert line.process.stdout and line.process.stdout.readline() == b"one\n"
    line.is_now("frozen")
    line.hears()
    line.says(b"two\n")
    assert line.hears() == b""
    line.is_now("slow 5")
    assert line.process.stdout.readline() == b"two\n"


def test_half_open_carries_one_way(line: Line, short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    heard = short_tmp / "heard"
    far = line.start("sh", "-c", f"read one; echo $one > {heard}; echo back")
    line.is_now("out")
    assert far.stdin and far.stdout
    far.stdin.write(b"word\n")
    far.stdin.flush()
    wait_for(heard.exists, 5, "what goes there to arrive")
    assert far.poll() is None
    line.is_now("up")
    assert far.stdout.read() == b"back\n"
    assert far.wait() == 0
    far.communicate()


def test_a_cut_is_told_here_and_not_there(line: Line, short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    ended = short_tmp / "ended"
    far = line.start("sh", "-c", f"echo up; cat > /dev/null; touch {ended}")
    assert far.stdout and far.stdout.readline() == b"up\n"
    line.is_now("down")
    assert far.wait(10) == link.NO_CONNECTION
    assert not ended.exists()
    assert b"disconnect" in far.communicate()[1]
    assert line.start("true").wait(10) == link.NO_CONNECTION
    wait_for(ended.exists, 10, "the other side to notice")


def test_what_ends_there_has_its_status(line: Line) -> None:
    done = line.start("sh", "-c", "cat; exit 3")
    assert done.communicate(b"x" * 300_000, timeout=10)[0] == b"x" * 300_000
    assert done.returncode == 3

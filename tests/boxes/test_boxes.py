"""The boxes of the tests are what they say: a home of their own, words as each prefix takes them, a link to cut."""

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.boxes.boxes import KINDS, Box, make_box

_CLONE_NEWNET = 0x40000000


@pytest.fixture(autouse=True)
def own_network() -> Iterator[None]:
    """This thread's, and that of what it starts: cables that come and go break off what a browser loads, anywhere on
    the same network.
    """
    if os.geteuid():  # there are no cables then
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as ours:
        assert libc.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
        assert libc.setns(ours.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def test_cables_are_of_a_network_of_our_own(short_tmp: Path) -> None:
    with make_box("netns", short_tmp / "box") as box:
        assert box.cable in Path("/proc/thread-self/net/dev").read_text()
        assert box.cable not in Path("/proc/1/net/dev").read_text()


def there(box: Box, script: str, seconds: float = 20) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*box.prefix, "sh"], input=script, capture_output=True, text=True, timeout=seconds, env=dict(box.environment)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_script_runs_there_with_a_home_of_its_own(kind: str, short_tmp: Path) -> None:
    with make_box(kind, short_tmp / "box") as box:
        done = there(box, 'echo "it\'s $HOME"; gt --version >/dev/null || exit 4; exit 3\n')
        assert (done.returncode, done.stdout) == (3, f"it's {box.home}\n"), done
        box.link_is("down")
        assert there(box, "true\n").returncode == 255


def test_a_cable_that_is_pulled_tells_nobody(short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    with make_box("netns", short_tmp / "box") as box:
        line = subprocess.Popen([*box.prefix, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert line.stdin and line.stdout
        line.stdin.write(b"one\n")
        line.stdin.flush()
        assert line.stdout.readline() == b"one\n"
        box.plug(up=False)
        line.stdin.write(b"two\n")
        line.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            line.wait(0.3)
        box.plug(up=True)
        assert line.stdout.readline() == b"two\n"
        line.communicate(timeout=30)  # with its standard input all of it ends, the connection too

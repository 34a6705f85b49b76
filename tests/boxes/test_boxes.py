"""The boxes of the tests are what they say: a home of their own, words as each prefix takes them, a link to cut."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.boxes.boxes import KINDS, Box, make_box


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

"""A log keeps its beginning and its end, and says how much is missing between them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.edges.files import bounded_log
from gastown_tmux.edges.files.bounded_log import BoundedLog, append

SIZE = 12_288  # three lines of the longest kind: the least that is kept
MARK = re.compile(rb"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n")


def left_out(text: bytes) -> int:
    found = MARK.findall(text)
    assert len(found) <= 1
    return int(found[0]) if found else 0


PARTS = st.builds(bytes.__mul__, st.binary(max_size=99), st.sampled_from((1, 90, 400)))


@given(st.lists(PARTS, max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_nothing_is_lost_that_is_not_counted(parts: list[bytes], flushes: list[bool]) -> None:
    path = Path(os.environ["TMPDIR"]) / "log"
    path.unlink(missing_ok=True)
    log = BoundedLog(str(path), SIZE)
    for part, flush in zip(parts, flushes, strict=False):
        log.write(part)
        if flush:
            log.flush(now=False)
            assert not path.exists() or path.stat().st_size <= SIZE + 64
    log.flush()
    whole, text = b"".join(parts), path.read_bytes() if path.exists() else b""
    if MARK.search(whole):
        return
    mark = MARK.search(text)
    kept = len(text) - (len(mark[0]) if mark else 0)
    assert kept + left_out(text) == len(whole)
    head, tail = (text[: mark.start()], text[mark.end() :]) if mark else (text, b"")
    assert whole.startswith(head) and whole.endswith(tail)
    assert bool(mark) is (len(whole) > SIZE)
    if mark:
        assert len(head) == SIZE // 3


def test_many_writers_and_another_size(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for number in range(30):
        append(path, b"%d" % number + b"x" * 999 + b"\n", SIZE)
    text = path.read_bytes()
    assert len(text) <= SIZE + 64 and text.startswith(b"0xxx") and text.endswith(b"x\n") and left_out(text)
    total = 30 * 1000 + sum(len(str(number)) for number in range(30))
    assert left_out(text) + len(text) - len(MARK.search(text)[0]) == total  # type: ignore[index]
    append(path, b"larger\n", 10 * SIZE)
    assert path.read_bytes() == text + b"larger\n"
    append(path, b"y\n" * 9000, SIZE)
    assert left_out(path.read_bytes()) > left_out(text) and path.stat().st_size <= SIZE + 64


def test_a_log_that_was_deleted_or_cannot_be_written(tmp_path: Path) -> None:
    log = BoundedLog(str(tmp_path / "log"), SIZE)
    log.write(b"one\n")
    log.flush()
    (tmp_path / "log").unlink()
    log.write(b"two\n")
    log.flush()
    assert (tmp_path / "log").read_bytes() == b"two\n"
    nowhere = BoundedLog(str(tmp_path / "none" / "log"), SIZE)
    for _ in range(100):
        nowhere.write(b"z" * 999 + b"\n")
        assert nowhere.flush(now=False) is not None
    (tmp_path / "none").mkdir()
    nowhere.flush()
    text = (tmp_path / "none" / "log").read_bytes()
    assert len(text) <= SIZE + 64 and left_out(text) > 80_000 and text.endswith(b"z\n")
    full = BoundedLog("/dev/full", SIZE)
    full.write(b"lost\n")
    full.flush()


def test_the_program_ends_with_the_last_who_prints(tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """It is not ended by what ends those around it, and keeps up with whoever prints as fast as can be."""
    path = tmp_path / "log"
    command = [sys.executable, "-I", "-S", bounded_log.__file__, str(path), str(SIZE)]
    copier = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert copier.stdin
    copier.stdin.write(b"first\n")
    copier.stdin.flush()
    wait_for(lambda: path.exists() and path.read_bytes() == b"first\n", 10, "what was printed")
    copier.terminate()
    noise = subprocess.Popen(["sh", "-c", "timeout 1 yes noise; echo last"], stdout=copier.stdin)
    copier.stdin.close()
    while noise.poll() is None:
        assert path.stat().st_size <= SIZE + 64
    assert copier.wait(10) == 0
    text = path.read_bytes()
    assert text.startswith(b"first\nnoise\n") and text.endswith(b"noise\nlast\n") and left_out(text) > 1_000_000


@pytest.mark.parametrize(
    "text", [b"\n[... ", b"\n[... 12 bytes", b"\n[... x bytes left out ...]\n", b"\n[... \n[... 1"]
)
def test_what_only_looks_like_the_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "log"
    append(path, text + b"\n", SIZE)
    for _ in range(40):
        append(path, b"w" * 999 + b"\n", SIZE)
    assert path.read_bytes().startswith(text) and left_out(path.read_bytes()) > 20_000

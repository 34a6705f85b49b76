"""What a caller does with standard input, output and error ends nobody."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def town(short_tmp: Path, run_gt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Asked by the mayor, on whose hook nothing lies."""
    town = short_tmp / "town"
    assert run_gt("install", town).code == 0
    hook = town / ".gt" / "hooks" / "mayor"
    hook.mkdir(parents=True)
    (hook / "state.json").write_text('{"bead": null}')
    for name, value in {"GT_TOWN": str(town), "GT_AGENT": "mayor", "GT_SESSION": "ses-stdio"}.items():
        monkeypatch.setenv(name, value)
    return town


def shell(line: str) -> tuple[int, str]:
    """The status of a line of ``sh`` in which ``gt`` is the command, and what it said on stderr."""
    gt = shlex.join([sys.executable, "-m", "gastown_tmux"])
    done = subprocess.run(["sh", "-c", f'gt() {{ {gt} "$@"; }}; {line}'], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def test_closed_full_and_broken(town: Path) -> None:
    assert shell("gt hook >&-; gt mail inbox <&- >&-; gt status 2>&- >&- <&-") == (0, "")
    assert shell("gt mail send mayor -s x -m - <&- >/dev/null") == (0, "")
    for words in ("hook", "mail inbox --json"):
        status, said = shell(f"gt {words} >/dev/full")
        assert status == 1 and said.startswith("gt: ") and said.count("\n") == 1
    assert shell("gt events | true") == (0, "")


def test_a_signal_is_kept_whole_and_fails_nobody(town: Path) -> None:
    spool = town / ".gt" / "run" / "spool"
    signal = subprocess.Popen([sys.executable, "-m", "gastown_tmux", "signal", "idle"], stdin=subprocess.PIPE)
    payload = b'{"x": "' + b"y" * 300_000 + b'"}'
    assert signal.stdin is not None
    signal.stdin.write(payload[:100_000])
    signal.stdin.flush()
    signal.stdin.write(payload[100_000:])
    signal.stdin.close()
    assert signal.wait(timeout=30) == 0
    (file,) = spool.iterdir()
    assert file.read_bytes() == payload
    assert shell("gt signal idle <&-") == (0, "")
    assert len(list(spool.iterdir())) == 2


def test_a_hook_asks_in_vain_without_a_word(run_gt: Callable[..., Any], town: Path) -> None:
    for environment in ({"GT_TOWN": "/nowhere"}, {"GT_TOWN": "", "GT_AGENT": ""}, {"GT_AGENT": "demo/gone"}):
        said = run_gt("mail", "check", "--inject", env=environment)
        assert (said.code, said.out, said.err) == (0, "", ""), environment
    (town / ".gt" / "town.db").write_bytes(b"no database" * 1000)
    (town / ".gt/mail/mayor/new").mkdir(parents=True)
    (town / ".gt/mail/mayor/new/x").write_text("Subject: hello\n\n")
    said = run_gt("mail", "check", "--inject")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_a_torn_state_is_no_answer(run_gt: Callable[..., Any], town: Path) -> None:
    for text in ("", "null", '{"bea', '{"bead": {}}'):
        (town / ".gt/hooks/mayor/state.json").write_text(text)
        said = run_gt("hook", "--json")
        assert "Traceback" not in said.err and (said.code, said.out) == (3, ""), text

"""Commands on another machine: streams, status, cuts, and words that nothing on the way may take apart."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from gastown_tmux.edges.git.command import git
from gastown_tmux.edges.hosts import prefix as edge
from gastown_tmux.edges.hosts import tunnel
from gastown_tmux.edges.hosts.prefix import AwayError, Prefix
from gastown_tmux.edges.hosts.tunnel import carry, git_environment
from gastown_tmux.errors import MissingError
from tests.journeys.town_world import git as git_there
from tests.journeys.town_world import make_repository

#: As ssh and a login shell do: what arrives is parsed as a line once more.
PARSES_AGAIN = ["sh", "-c", 'exec sh -c "$*"', "login"]
SHELL = ["sh", "-c"]


def way(*words: str) -> Prefix:
    return Prefix("box", words or SHELL, os.environ)


@pytest.mark.parametrize("words", [SHELL, PARSES_AGAIN, ["env"], ["bash", "-c"], ["setsid", "-w"]], ids=" ".join)
def test_streams_and_status_come_back_whole(words: list[str]) -> None:
    odd = "it's; $(no) `way` \\ \" * \n ~ é"
    script = 'printf "%s|" "$@"; cat; printf "said\\n" >&2; exit 7'
    data = bytes(range(256)) * 2000
    ran = Prefix("box", words, os.environ).run(["sh", "-c", script, "sh", odd, ""], seconds=20, data=data)
    assert (ran.status, ran.out, ran.err) == (7, f"{odd}||".encode() + data, b"said\n")


def test_what_a_login_shell_prints_is_not_the_commands() -> None:
    noisy = way("sh", "-c", 'echo "Welcome!"; printf "no end of line"; echo warning >&2; exec sh -c "$*"', "login")
    ran = noisy.run(["echo", "hello"], seconds=20)
    assert (ran.status, ran.out) == (0, b"hello\n")


def test_a_lost_connection_is_not_a_failed_command() -> None:
    with pytest.raises(AwayError, match="box cannot be reached: it ended with status 255"):
        way("sh", "-c", "exit 255").run(["true"], seconds=20)
    with pytest.raises(AwayError, match="Connection refused"):
        way("sh", "-c", "echo 'ssh: connect to host box port 22: Connection refused' >&2; exit 255").run(
            ["true"], seconds=20
        )
    # A login that is refused is told of on standard output; and the hint is what a person tries by hand.
    refused = way("sh", "-c", "echo 'This account is currently not available.'; exit 1")
    with pytest.raises(AwayError, match="This account is currently not available") as error:
        refused.run(["true"], seconds=20)
    assert (
        error.value.hint == "echo exit | sh -c 'echo '\"'\"'This account is currently not available.'\"'\"'; exit 1' sh"
    )
    with pytest.raises(AwayError, match="This account is currently not available"):
        carry(refused, "true")
    # It ran, and its end was never heard of.
    with pytest.raises(AwayError):
        way().run(["sh", "-c", "kill -9 $(ps -o ppid= -p $PPID)"], seconds=20)
    # A command may say what our own mark looks like.
    ran = way().run(["sh", "-c", "echo end-0123456789abcdef 0 >&2; exit 3"], seconds=20)
    assert (ran.status, ran.err) == (3, b"end-0123456789abcdef 0\n")


def test_silence_has_an_end_and_leaves_nothing() -> None:
    begun = time.monotonic()
    # A wrapper whose child holds the streams: to end the wrapper alone would not do.
    stuck = way("sh", "-c", "sleep 1000 & wait", "stuck")
    with pytest.raises(AwayError, match=r"no answer within 0\.3s"):
        stuck.run(["true"], seconds=0.3, data=b"x" * 200_000)
    assert time.monotonic() - begun < 5
    assert not [child for child in psutil.Process().children(recursive=True) if "sleep" in child.name()]


def test_one_that_asks_something_is_not_waited_for_as_long_as_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BEGIN_SECONDS", 0.3)
    monkeypatch.setattr(tunnel, "BEGIN_SECONDS", 0.3)
    asks = way("sh", "-c", "printf 'password: ' >&2; exec sleep 1000")
    begun = time.monotonic()
    with pytest.raises(AwayError, match="box cannot be reached: password:"):
        asks.run(["true"], seconds=60)
    with pytest.raises(AwayError, match=r"no answer within 0\.3s"):
        carry(asks, "true")
    assert time.monotonic() - begun < 20
    # What has begun has its own time.
    assert way().run(["sleep", "0.6"], seconds=20).status == 0


def test_what_a_command_leaves_behind_holds_up_nobody() -> None:
    begun = time.monotonic()
    ran = way().run(["sh", "-c", "sleep 1000 >&2 & echo $!"], seconds=30)
    os.kill(int(ran.out), signal.SIGKILL)
    assert ran.status == 0
    assert time.monotonic() - begun < 15


def test_a_command_there_ends_with_its_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "GRACE_SECONDS", 0)
    # In a session of its own, as behind sshd: nothing that we end here reaches it.
    far = way("setsid", "-w", "sh", "-c")
    with pytest.raises(AwayError):
        far.run(["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 1000"], seconds=0.6)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        psutil.wait_procs([], timeout=0.05)
    assert not psutil.pid_exists(pid)


def test_lines_come_while_it_goes_on() -> None:
    running = way("sh", "-c", 'echo noise; exec sh -c "$*"', "login").open(
        ["sh", "-c", "echo one; echo two; exec sleep 1000"]
    )
    lines = running.lines()
    assert [next(lines), next(lines)] == [b"one", b"two"]
    running.close()
    assert running.process.returncode is not None


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingError, match="kubectl-of-nobody is not installed"):
        way("kubectl-of-nobody", "exec").run(["true"], seconds=5)


def test_git_goes_over_it(tmp_path: Path) -> None:
    there = make_repository(tmp_path / "it's there")
    here = tmp_path / "here.git"
    git("init", "--quiet", "--bare", str(here))
    noisy = way("sh", "-c", 'echo noise; exec sh -c "$*"', "login")
    env = git_environment(noisy)
    url = f"ssh://box{there}"
    git("fetch", "--quiet", url, "+refs/heads/main:refs/heads/far", git_dir=here, env=env)
    assert git("rev-parse", "refs/heads/far", git_dir=here).text == git_there(there, "rev-parse", "HEAD")
    git("push", "--quiet", url, "refs/heads/far:refs/heads/back", git_dir=here, env=env)
    assert git_there(there, "rev-parse", "back") == git_there(there, "rev-parse", "HEAD")


def test_what_waits_for_a_frozen_line_can_be_ended(short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    """A daemon that ends would else leave the prefix behind, which ends when the line thaws."""
    told = list[AwayError]()

    def ask() -> None:
        try:
            way("sh", "-c", f"echo $$ > {short_tmp}/pid; exec sleep 60", "x").run(["true"], seconds=50)
        except AwayError as error:
            told.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    pid = int(wait_for(lambda: (short_tmp / "pid").exists() and (short_tmp / "pid").read_text(), 10, "the prefix"))
    wait_for(lambda: edge._running, 10, "it to be known")
    edge.end_running()
    thread.join(10)
    assert len(told) == 1 and not psutil.pid_exists(pid)
    assert edge._running == set()

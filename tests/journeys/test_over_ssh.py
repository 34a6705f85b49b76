"""A town on another machine: a real sshd on loopback, and terminals on both sides."""

import grp
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.boxes.homes import sshd
from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld

pytestmark = [
    pytest.mark.needs("ssh"),
    pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="needs sshd"),
    pytest.mark.with_mayor,
]


@dataclass
class Box:
    """An sshd of this user's own; ``config`` is what ssh reads to reach it as ``box``."""

    folder: Path
    config: Path

    @property
    def server(self) -> psutil.Process:
        return psutil.Process(int((self.folder / "sshd.pid").read_text()))


@pytest.fixture
def box(short_tmp: Path) -> Iterator[Box]:
    given = {"PATH": f"{GT.parent}:{os.environ['PATH']}", "HOME": os.environ["HOME"]}
    with sshd(short_tmp / "ssh", given) as config:
        yield Box(config.parent, config)


def test_verbs_run_there_with_their_output_and_exit_status(box: Box, bare_town: TownWorld) -> None:
    def there(*words: str, code: int = 0, **more: Any) -> Any:
        result = bare_town.run("--host", "box", "--town", bare_town.path, *words, **more)
        assert result.code == code, result
        return result

    assert there("status", "--json").json["path"] == str(bare_town.path)
    masters = [process for process in psutil.process_iter() if is_master(process, box)]
    assert len(masters) == 1
    assert there("bead", "show", "it's; $(no) `way`", code=3).err.startswith('gt: no bead "it\'s; $(no) `way`"')
    assert there("frob", code=2).out == ""
    assert there("config", "set", "ui.keys", "vi").code == 0
    assert bare_town.gt("config", "get", "ui.keys").out == "vi\n"
    assert [process for process in psutil.process_iter() if is_master(process, box)] == masters

    refused = bare_town.run("--host", "nobody", "status")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("gt: nobody cannot be reached: ")
    assert bare_town.run("--host", "-oProxyCommand=touch /tmp/x", "status").code == 2


def is_master(process: psutil.Process, box: Box) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return any("ssh" in word for word in line[:1]) and str(box.config) in " ".join(line) and "-fNM" in line


def can_hand_out_terminals() -> bool:
    """An sshd that is not root's cannot change a terminal's group, so it needs one that is made with the right one."""
    ours, theirs = os.openpty()
    try:
        return os.getuid() == 0 or os.fstat(theirs).st_gid == grp.getgrnam("tty").gr_gid
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.skipif(not can_hand_out_terminals(), reason="an ordinary user's sshd may not hand out terminals here")
def test_two_people_at_one_town_and_a_line_that_drops(
    box: Box, bare_town: TownWorld, short_tmp: Path, wait_for: Callable[..., Any]
) -> None:
    near, far = Terminal(short_tmp / "near.sock", wait_for), Terminal(short_tmp / "far.sock", wait_for)
    try:
        near.open(100, 30)
        far.open(80, 24)
        near.run(GT, "--town", bare_town.path, "mayor", "attach")
        near.sees("\ngt>")
        far.run(GT, "--host", "box", "--town", bare_town.path, "mayor", "attach")
        far.sees("1:mayor")
        far.types("status\r")
        far.sees("tmux runs")
        near.sees("tmux runs")
        near.types("bead list\r")
        far.sees("no beads")

        clients = bare_town.json("mayor", "status")["clients"]
        assert clients == 2
        for process in psutil.process_iter():
            if is_master(process, box):
                process.send_signal(signal.SIGKILL)
        far.sees("was lost; the town there goes on")
        assert far.tmux("display-message", "-p", "-t", "person", "#{alternate_on}#{mouse_any_flag}") == "00\n"
        far.types("clear; stty -a | grep -o ' icanon '\r")
        far.sees("icanon")
        near.types("config path\r")
        near.sees("LAYER")
        far.run(GT, "--host", "box", "--town", bare_town.path, "mayor", "attach")
        far.sees("LAYER")  # as it was left
    finally:
        near.close()
        far.close()

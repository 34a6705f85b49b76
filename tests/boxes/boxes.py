"""Boxes: other machines as tests have them, each with a home and a town of its own, behind a link that can be cut.

``shell`` runs words by ``sh -c``; ``unshare`` lives in namespaces of its own; ``docker`` and ``kubectl`` are stand-ins
that take words as theirs do; ``netns`` is a network namespace with its own sshd, reached over a cable of its own.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.boxes import link
from tests.boxes.sshd import serve_sshd
from tests.conftest import MARK, make_world

KINDS = ("shell", "unshare", "docker", "kubectl", "netns")
#: Why a kind is left out: in .ci/allowed-skips.
ONLY_ROOT = "only root makes namespaces with a network of their own"

#: What Docker and kubectl make of their words: options first, then a name, and then a program with words as they are.
_DOCKER = """\
#!/bin/sh
[ "$1" = exec ] || exit 64
shift
while :; do
    case "$1" in -i|-t|-it|-ti) shift;; -*) echo "unknown shorthand flag: $1" >&2; exit 125;; *) break;; esac
done
[ "$1" = {name} ] || {{ echo "Error: No such container: $1" >&2; exit 1; }}
shift
cd / && exec {enter} "$@"
"""
_KUBECTL = """\
#!/bin/sh
[ "$1" = exec ] || exit 64
shift
pod=
while :; do case "$1" in --) shift; break;; -*) shift;; *) pod=$1; shift;; esac; done
[ "$pod" = {name} ] || {{ echo "Error from server (NotFound): pods \\"$pod\\" not found" >&2; exit 1; }}
cd / && exec {enter} "$@"
"""


@dataclass
class Box:
    """``prefix`` runs a word there over the link; ``environment`` is what programs there have."""

    name: str
    folder: Path
    environment: Mapping[str, str]
    prefix: list[str]
    cable: str | None = None

    @property
    def home(self) -> Path:
        return Path(self.environment["HOME"])

    @property
    def town(self) -> Path:
        return self.home / "gt"

    @property
    def link(self) -> Path:
        return self.folder / "link"

    def link_is(self, state: str) -> None:
        """``up``, ``down``, ``frozen``, ``in``, ``out``, ``slow 20``: see tests/boxes/link.py."""
        write = self.link.with_suffix(".new")
        write.write_text(state)
        write.rename(self.link)

    def plug(self, up: bool) -> None:
        """The cable of a ``netns`` box in, or out: packets vanish, and no end is told."""
        assert self.cable is not None
        _ip("link", "set", self.cable, "up" if up else "down")

    def gt(self, *words: str | Path, **more: object) -> "subprocess.CompletedProcess[str]":
        """The command there, whatever becomes of the link."""
        command = [sys.executable, "-m", "gastown_tmux", "--town", str(self.town), *map(str, words)]
        return subprocess.run(
            command, env=dict(self.environment), cwd=self.home, capture_output=True, text=True, timeout=120, **more
        )  # type: ignore[call-overload, no-any-return]


@contextlib.contextmanager
def make_box(kind: str, folder: Path, name: str = "box", number: int = 0) -> Iterator[Box]:
    """A box without a town; ``number`` tells boxes with a network apart. What it holds is down when this ends."""
    folder.mkdir(parents=True, mode=0o700)
    box = Box(name, folder, _environment(folder), [])
    with contextlib.ExitStack() as stack:
        match kind:
            case "shell":
                prefix = [*_enter(box), "sh", "-c"]
            case "unshare":
                prefix = [*stack.enter_context(_namespaces(box)), "sh", "-c"]
            case "docker":
                prefix = [_stand_in(box, _DOCKER, "docker"), "exec", "-i", name]
            case "kubectl":
                prefix = [_stand_in(box, _KUBECTL, "kubectl"), "exec", "-i", name, "--"]
            case "netns":
                prefix = stack.enter_context(_network(box, number))
            case _:
                raise AssertionError(kind)
        box.prefix = [sys.executable, "-S", "-E", str(Path(link.__file__)), str(box.link), *prefix]
        try:
            yield box
        finally:
            box.link_is("up")
            if (box.town / ".gt" / "run" / "deacon.lock").exists():  # it was up
                box.gt("down", "--agents")


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("SHELL", "TERM", "LC_ALL", "PYTHONPATH", MARK) if name in os.environ}
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    return {**kept, **make_world(folder), "PATH": path}


def _enter(box: Box) -> list[str]:
    return ["env", "-i", "-C", str(box.home), *(f"{name}={value}" for name, value in box.environment.items())]


def _stand_in(box: Box, script: str, name: str) -> str:
    program = box.folder / name
    enter = " ".join(f"'{word}'" for word in _enter(box) if word != "-C" and word != str(box.home))
    program.write_text(script.format(name=box.name, enter=enter))
    program.chmod(0o755)
    return str(program)


@contextlib.contextmanager
def _namespaces(box: Box) -> Iterator[list[str]]:
    """Names, mounts and messages of its own. Processes are everybody's: each call comes from outside."""
    if os.getuid():
        pytest.skip(ONLY_ROOT)
    with _held(["unshare", "--mount", "--uts", "--ipc"]) as holder:
        yield ["nsenter", f"--target={holder}", "--mount", "--uts", "--ipc", *_enter(box)]


@contextlib.contextmanager
def _held(command: list[str]) -> Iterator[int]:
    """The process that keeps namespaces open."""
    holder = subprocess.Popen([*command, "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdin
    try:
        holder.stdout.readline()
        yield holder.pid
    finally:
        holder.stdin.close()
        holder.wait(10)
        holder.stdout.close()


@contextlib.contextmanager
def _network(box: Box, number: int) -> Iterator[list[str]]:
    """A cable ``gtN`` from here to there; the sshd there is this user's own."""
    if os.getuid() or shutil.which("ip") is None:
        pytest.skip(ONLY_ROOT)
    # Many tests make them at once: by our process and the number none meets another's.
    place = (os.getpid() * 8 + number) % 16000
    name, ours, theirs = f"gt{place}", *(f"10.213.{place // 64}.{place % 64 * 4 + last}" for last in (1, 2))
    with contextlib.ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", "there", "netns", name)
        stack.callback(subprocess.run, ["ip", "link", "del", name], stderr=subprocess.DEVNULL)
        _ip("addr", "add", f"{ours}/30", "dev", name)
        _ip("link", "set", name, "up")
        for words in (["addr", "add", f"{theirs}/30", "dev", "there"], ["link", "set", "there", "up"]):
            _ip("-n", name, *words)
        _ip("-n", name, "link", "set", "lo", "up")
        config = stack.enter_context(
            serve_sshd(box.folder / "ssh", box.environment, box.name, (theirs, 22), ["ip", "netns", "exec", name])
        )
        box.cable = name
        yield ["ssh", "-F", str(config), "-T", box.name]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)

"""Mail under fire: writers, readers and couriers at work while each of them is killed again and again.

``python tests/soak/mail_soak.py --messages 10000 --writers 30 --boxes 30 --seed 1``. Each process is a fork that does
what ``gt mail send``, a provider's hook (``gt mail check --inject``) and the deacon's courier do, and is killed with
-9 at moments drawn from the seed. It notes what it has done only after that was done, so what it noted holds.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gastown_tmux import hot
from gastown_tmux.daemons.courier import CourierThread
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.mail import message_id, short_id
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.mail import injection, sending
from gastown_tmux.operations.mail.inbox import archive, box, read
from gastown_tmux.operations.supervision.signals import take_signals
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.deliveries import find_delivery
from gastown_tmux.store.meta import get_meta, set_wanted
from gastown_tmux.store.rigs import insert_rig

POINTER = re.compile(r"^gt: .*\(gt mail read ([a-z2-7]{12})\)$", re.MULTILINE)
NASTY = ("plain\n", "\x00\x1b[201~\r\n;", "-e;", "שלום 👩‍🚀\u202e", "From me\n.\n", "\x7f\x85\u2028", "y" * 9000)


def body(writer: int, number: int) -> str:
    return f"{writer}.{number} " + NASTY[(writer + number) % len(NASTY)] * (1 + number % 7)


@dataclass
class Soak:
    """``messages`` in all. ``report`` is what ``run`` gives: figures, and what was broken (empty when all held)."""

    folder: Path
    seed: int
    messages: int
    writers: int
    boxes: int
    pause: float = 0.01
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.path = self.folder / "town"
        self.each = -(-self.messages // self.writers)
        self.addresses = [Address(f"demo/a{number}") for number in range(self.boxes)]

    def town(self, actor: Address, **environment: str) -> Town:
        return Town(self.path, actor, {**os.environ, **environment})

    def prepare(self) -> None:
        install(self.town(OVERSEER), self.path)
        town = self.town(OVERSEER)
        rig = Rig(
            name=RigName("demo"), prefix="de", source="/p", remote="/p", remote_kind=RemoteKind.CHECKOUT,
            target="main", target_commit=None, email="t@localhost", parked=False, created=clock.now(),
        )  # fmt: skip
        self.sessions = {}
        with town.change() as change:
            set_wanted(change, True)
            insert_rig(change, rig)
            for address in self.addresses:
                rows.insert_agent(change, address, Role.CREW, None)
                rows.move_agent(change, address, "start")
                self.sessions[address] = rows.insert_session(change, address, "runbook", (os.getpid(), "x"))
        town.close()

    def write(self, writer: int) -> None:
        acks = Notes(self.folder / f"acks.{writer}")
        town = self.town(OVERSEER)
        for number in range(len(acks.lines), self.each):
            to = self.recipients(writer, number)
            sent = sending.send(town, to, f"mail {writer}.{number}", body(writer, number), key=f"{writer}.{number}")
            acks.note(sent.value.id)

    def recipients(self, writer: int, number: int) -> list[Address]:
        """One box, now and then three."""
        count = 3 if number % 10 == 0 else 1
        return [self.addresses[(writer + number + step) % self.boxes] for step in range(min(count, self.boxes))]

    def hook(self, address: Address) -> None:
        """A program's turns: what its hook printed is noted, then that the hook came to its end."""
        told, choice = Notes(self.folder / f"told.{address.folder}"), random.Random(f"{self.seed} {address}")
        session, pause = self.sessions[address], threading.Event()
        os.environ |= {"GT_TOWN": str(self.path), "GT_AGENT": address, "GT_SESSION": session}
        town, printed = self.town(address), Printed(told)
        sys.stdout = printed  # type: ignore[assignment]
        while True:
            printed.ids.clear()
            if hot.run(["mail", "check", "--inject"]) is None:
                texts = injection.check(town, inject=True)
                assert isinstance(texts, Iterator)
                for text in texts:
                    printed.write(text)
            ids = list(printed.ids)
            # What could not be recorded ends a hook in the gap, as a kill does.
            if ids and all(box(town, address).find(id).folder != "new" for id in ids):
                told.note("recorded")
                for id in ids:
                    if choice.random() < 0.3:
                        read(town, id)
                    if choice.random() < 0.1:
                        archive(town, [id])
            pause.wait(0.1)

    def deacon(self) -> None:
        courier = CourierThread(self.town(Address("deacon")))
        courier.start()
        town, pause = self.town(Address("deacon")), threading.Event()
        while True:
            with contextlib.suppress(RefusedError):  # the database is locked for long: next time
                take_signals(town)
            pause.wait(0.05)

    def run(self) -> list[str]:
        """What was broken. The town stays in the folder."""
        self.prepare()
        works: dict[str, Callable[[], None]] = {"deacon": self.deacon}
        works |= {f"writer {n}": lambda n=n: self.write(n) for n in range(self.writers)}  # type: ignore[misc]
        works |= {f"hook {a}": lambda a=a: self.hook(a) for a in self.addresses}  # type: ignore[misc]
        running = {name: fork(work) for name, work in works.items()}
        try:
            pause = threading.Event()
            while len(self.kills) < 3 or any(name.startswith("writer") for name in running):
                pause.wait(self.random.random() * 2 * self.pause)
                self._reap(running)
                victim = self._choose(sorted(running))
                os.kill(running[victim], signal.SIGKILL)
                os.waitpid(running.pop(victim), 0)
                self.kills[victim.split()[0]] += 1
                running[victim] = fork(works[victim])
            return self._settle()
        finally:
            for pid in running.values():
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _choose(self, names: list[str]) -> str:
        """One of each kind first, however quick the writers are. Then the deacon, which is one of many, dies as often
        as a fifth of all.
        """
        for kind in ("writer", "deacon", "hook"):
            if not self.kills[kind] and (same := [name for name in names if name.startswith(kind)]):
                return self.random.choice(same)
        others = [name for name in names if name != "deacon"]
        return "deacon" if self.random.random() < 0.2 else self.random.choice(others)

    def _reap(self, running: dict[str, int]) -> None:
        for name, pid in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del running[name]
                assert status == 0, f"{name} failed by itself: status {status}"

    def _settle(self) -> list[str]:
        """Waits until everybody was told of everything, while nobody is killed; then looks."""
        wanted = self._wanted()
        deadline, pause = time.monotonic() + 30 + self.messages / 100, threading.Event()
        while time.monotonic() < deadline and any(
            set(wanted[address]) - set(self._tellings(address)) for address in self.addresses
        ):
            pause.wait(0.1)
        while time.monotonic() < deadline and any((self.path / ".gt/run/spool").glob("[!.]*")):
            pause.wait(0.1)
        return list(self._broken(wanted))

    def _wanted(self) -> dict[Address, dict[str, str]]:
        """For each box the mails that must be in it, with their bodies: those whose send returned."""
        wanted: dict[Address, dict[str, str]] = {address: {} for address in self.addresses}
        key = get_meta(self.town(OVERSEER).db, "id")
        for writer in range(self.writers):
            for number, id in enumerate(Notes(self.folder / f"acks.{writer}").lines):
                assert id == short_id(message_id(f"overseer {writer}.{number} of {key}".encode(), "town"))
                for address in self.recipients(writer, number):
                    wanted[address][id] = body(writer, number)
        return wanted

    def _tellings(self, address: Address) -> dict[str, list[bool]]:
        """Of each mail the times it was told, and whether that telling was recorded without a kill between."""
        tellings: dict[str, list[bool]] = {}
        lines = Notes(self.folder / f"told.{address.folder}").lines
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            for id in line.split()[1:]:
                tellings.setdefault(id, []).append(following == "recorded")
        return tellings

    def _broken(self, wanted: dict[Address, dict[str, str]]) -> Iterator[str]:
        town = self.town(OVERSEER)
        for address in self.addresses:
            mails = box(town, address)
            held: Counter[str] = Counter()
            for entry in mails.list_all(archived=True):
                message = mails.load(entry)
                id = short_id(message.id)
                held[id] += 1
                if wanted[address].get(id) != message.body:
                    yield f"{address} has {id}, that nobody sent so"
            folders = [mails.path / part for part in ("new", "cur", ".Archive/new", ".Archive/cur")]
            names = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
            if len(names) != len(wanted[address]):
                yield f"{address} has {len(names)} files for {len(wanted[address])} mails"
            yield from (f"{address} has {id} {held[id]} times" for id in wanted[address] if held[id] != 1)
            tellings = self._tellings(address)
            for id in tellings:
                if (row := find_delivery(town.db, id, address)) is None or row.state == "queued":
                    yield f"{address} was told of {id}, and no row says so"
            yield from (f"{address} was never told of {id}" for id in wanted[address] if id not in tellings)
            for id, times in tellings.items():
                if any(times[:-1]):
                    yield f"{address} was told of {id} {len(times)} times, without a kill between"
        row = town.db.row("PRAGMA integrity_check")
        if row is None or row[0] != "ok":
            yield "town.db is damaged"
        town.close()

    def again(self) -> int:
        """How many tellings were made twice because a kill fell in the gap."""
        return sum(len(times) - 1 for a in self.addresses for times in self._tellings(a).values())


class Printed:
    """A hook's standard output, noted at once."""

    def __init__(self, told: "Notes") -> None:
        self.ids: list[str] = []
        self._told = told

    def write(self, text: str) -> None:
        if ids := POINTER.findall(text):
            self.ids += ids
            self._told.note(" ".join(["told", *ids]))

    def flush(self) -> None:
        pass


class Notes:
    """Lines that survive their writer's death; each is written by one call."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self.lines = path.read_text().splitlines()

    def note(self, line: str) -> None:
        os.write(self._descriptor, f"{line}\n".encode())

    def __del__(self) -> None:
        os.close(self._descriptor)


def fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except Exception:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    return pid


def main() -> int:
    parser = argparse.ArgumentParser(description="Mail sent, read and told while everybody is killed at random.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--writers", type=int, default=30)
    parser.add_argument("--boxes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the town where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gt-soak-", dir="/tmp"))
    with contextlib.ExitStack() as stack:
        if not options.keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        soak = Soak(folder, options.seed, options.messages, options.writers, options.boxes)
        start = time.monotonic()
        broken = soak.run()
        seconds = time.monotonic() - start
        print(f"seed {options.seed}: {soak.each * soak.writers} mails in {seconds:.0f} s, killed {dict(soak.kills)},")
        print(f"{soak.again()} tellings made again after a kill in the gap; broken: {len(broken)}")
        print("\n".join(broken[:20]))
        return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

"""Processes: watched to their death, frozen, ended; never found by name.

A pid alone names nobody for long. Everything here knows a process by its pid and the moment it was born, and
signals go through a descriptor of exactly that process where the system has one (pidfd, on Linux).
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Collection, Iterable

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.waiting import looks, wait, wait_until
from gastown_tmux.edges.processes.process_table import environment, look, pids, processor_time
from gastown_tmux.errors import GtError


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """One process: ``started`` is an opaque word, equal only for the same birth in the same boot."""

    pid: int
    started: str


def start_time(pid: int) -> str | None:
    """The birth of the process that has ``pid`` now, or ``None`` when there is none (a zombie has one)."""
    found = look(pid)
    return found.started if found else None


def process(pid: int) -> ProcessRef | None:
    """The process that has ``pid`` now."""
    found = look(pid)
    return ProcessRef(pid, found.started) if found else None


def is_alive(ref: ProcessRef) -> bool:
    """Whether this very process exists and is no zombie. A stopped process is alive."""
    return _state(ref) not in ("", "Z", "X")


def is_of_this_boot(ref: ProcessRef) -> bool:
    """Whether the machine was not started again since its birth."""
    mine = start_time(os.getpid()) or ""
    return ref.started.partition(":")[0] == mine.partition(":")[0]


def is_stopped(ref: ProcessRef) -> bool:
    """Whether this very process is stopped (SIGSTOP, SIGTSTP or a tracer)."""
    return _state(ref) in ("T", "t")


def is_held(ref: ProcessRef) -> bool:
    """Whether a stop that was sent to this very process holds it: it is stopped, or waits in the kernel with the stop
    pending (a parent in vfork, whose child is stopped).
    """
    return _state(ref) in ("T", "t", "D")


def _state(ref: ProcessRef) -> str:
    found = look(ref.pid)
    return found.state if found and found.started == ref.started else ""


def death_descriptor(ref: ProcessRef) -> int:
    """A descriptor that becomes readable when the process dies; the caller closes it.

    For a process that is dead already, or whose pid has passed to another, it is readable at once.
    """
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(ref.pid)
            if start_time(ref.pid) == ref.started:
                return descriptor
            os.close(descriptor)
    else:
        queue = select.kqueue()
        event = select.kevent(
            ref.pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT
        )
        with contextlib.suppress(ProcessLookupError):
            queue.control([event], 0)
            if start_time(ref.pid) == ref.started:
                return os.dup(queue.fileno())
    readable, writable = os.pipe()
    os.close(writable)
    return readable


def wait_for_death(refs: Iterable[ProcessRef], seconds: float) -> set[ProcessRef]:
    """Wait until all are dead, at most ``seconds``; the survivors."""
    waiting = {death_descriptor(ref): ref for ref in refs}
    poll = select.poll()
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    try:
        while waiting and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left * 1000):
                poll.unregister(descriptor)
                del waiting[descriptor]
                os.close(descriptor)
        return {ref for ref in waiting.values() if is_alive(ref)}
    finally:
        for descriptor in waiting:
            os.close(descriptor)


def send(ref: ProcessRef, number: signal.Signals) -> bool:
    """Send a signal to exactly this process; ``False`` when it is gone or not ours to signal."""
    if ref.pid <= 1:
        return False
    try:
        if sys.platform == "linux":
            descriptor = os.pidfd_open(ref.pid)
            try:
                if start_time(ref.pid) != ref.started:
                    return False
                signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)
        else:
            if start_time(ref.pid) != ref.started:
                return False
            os.kill(ref.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def descendants(refs: Iterable[ProcessRef]) -> set[ProcessRef]:
    """Children, their children and so on, of those that are still there; without ``refs`` themselves."""
    given = {ref for ref in refs if start_time(ref.pid) == ref.started}
    return Families().descendants(given) if given else set()


class Families:
    """All processes at one moment, for who asks of many whose children they are."""

    def __init__(self) -> None:
        self._all = {pid: entry for pid in pids() if (entry := look(pid))}
        self._children: dict[int, list[int]] = {}
        for pid, entry in self._all.items():
            self._children.setdefault(entry.parent, []).append(pid)

    def descendants(self, refs: Iterable[ProcessRef]) -> set[ProcessRef]:
        """As ``descendants`` would have said then."""
        given = {ref.pid for ref in refs if (entry := self._all.get(ref.pid)) and entry.started == ref.started}
        found: set[int] = set()
        queue = list(given)
        while queue:
            new = set(self._children.get(queue.pop(), ())) - found
            found |= new
            queue.extend(new)
        return {ProcessRef(pid, self._all[pid].started) for pid in found - given}


def session_processes(*sessions: str) -> set[ProcessRef]:
    """Every process of this user that was started with ``GT_SESSION`` one of these, and all their descendants.

    The environment is what finds a straggler whose parents are dead. The calling process is never in the set.
    """
    return marked_processes(*(f"GT_SESSION={session}" for session in sessions))


def marked_processes(*entries: str) -> set[ProcessRef]:
    """Every process of this user whose environment began with one of these ``NAME=value``, and all their descendants.

    The calling process is never in the set.
    """
    marks = {entry.encode() for entry in entries}
    if not marks:
        return set()
    found = set()
    for pid in pids():
        if not marks.isdisjoint(environment(pid).split(b"\0")) and (ref := process(pid)):
            found.add(ref)
    found |= descendants(found)
    return {ref for ref in found if ref.pid != os.getpid() and is_alive(ref)}


def town_processes(town: str) -> list[tuple[ProcessRef, str]]:
    """Every process of this user that was started in an agent's session in that town, and the session's id."""
    found = []
    for pid in pids():
        entries = dict(entry.partition(b"=")[::2] for entry in environment(pid).split(b"\0"))
        session = entries.get(b"GT_SESSION", b"").decode(errors="replace")
        if entries.get(b"GT_TOWN") == os.fsencode(town) and session.startswith("ses-") and (ref := process(pid)):
            found.append((ref, session))
    return found


def is_computing(ref: ProcessRef, seconds: float) -> bool:
    """Whether it or a descendant used the processor within so many seconds from now."""
    refs = {ref} | descendants([ref])
    before = {ref: processor_time(ref.pid) for ref in refs}
    wait(seconds)
    return any(processor_time(ref.pid) > before[ref] for ref in refs if is_alive(ref)) or bool(
        descendants([ref]) - refs
    )


def freeze(refs: Iterable[ProcessRef], seconds: float = 5.0) -> set[ProcessRef]:
    """Stop the processes and all their descendants; what ``thaw`` wants back. All are seen stopped, or held as
    ``is_held`` says: none runs a step of its own.

    Raises ``GtError`` when one cannot be stopped in time. Never pass a pane's own process (the launcher):
    tmux continues it at once.
    """
    frozen = {ref for ref in _ours(refs) if is_alive(ref)}
    told: set[ProcessRef] = set()
    for _ in looks(seconds, 0.001):  # nothing tells a stranger that a process has stopped
        # A parent may have forked before it stopped, so look until nobody new runs.
        frozen = {ref for ref in frozen | descendants(frozen) if is_alive(ref) and ref.pid != os.getpid()}
        running = {ref for ref in frozen if not (is_held(ref) if ref in told else is_stopped(ref))}
        if not running:
            return frozen
        for ref in running:
            send(ref, signal.SIGSTOP)
        told |= running
    raise GtError(f"cannot freeze {_name(running)}")


def thaw(refs: Iterable[ProcessRef], seconds: float = 5.0) -> None:
    """Continue exactly these processes and see that they run. Raises ``GtError`` for one that does not."""
    thawing = set(refs)
    for ref in thawing:
        send(ref, signal.SIGCONT)
    if not wait_until(lambda: not any(map(is_stopped, thawing)), seconds, 0.001):
        raise GtError(f"cannot continue {_name(filter(is_stopped, thawing))}")


def end(
    refs: Iterable[ProcessRef],
    term_seconds: float = 10.0,
    kill_seconds: float = 5.0,
    sessions: Collection[str] = (),
) -> None:
    """End the processes and all their descendants: SIGTERM (and SIGCONT), then SIGKILL; checked to be gone.

    Everything ``session_processes`` finds for ``sessions`` belongs to them, looked for again until nothing is
    left. The calling process is spared. Raises ``GtError`` when something survives.
    """
    known = _ours(refs)

    def living() -> set[ProcessRef]:
        known.update(descendants(known))
        known.update(session_processes(*sessions))
        return {ref for ref in known if ref.pid != os.getpid() and is_alive(ref)}

    for number, seconds in ((signal.SIGTERM, term_seconds), (signal.SIGKILL, kill_seconds)):
        told: set[ProcessRef] = set()
        deadline = time.monotonic() + seconds
        while alive := living():
            if number == signal.SIGKILL:
                # A frozen parent cannot fork a child out of our sight between the look and the kill.
                with contextlib.suppress(GtError):
                    known |= freeze(alive, seconds=1.0)
                    alive = living()
            for ref in alive - told:
                send(ref, number)
                send(ref, signal.SIGCONT)
            told |= alive
            left = deadline - time.monotonic()
            if left <= 0:
                break
            wait_for_death(alive, min(left, 0.2))
        else:
            return
    if survivors := living():
        raise GtError(f"cannot end {_name(survivors)}")


def _ours(refs: Iterable[ProcessRef]) -> set[ProcessRef]:
    """Everything descends from process 1, so it must never be given by mistake."""
    given = set(refs)
    if any(ref.pid <= 1 for ref in given):
        raise ValueError("not a process of ours: 1")
    return given


def _name(refs: Iterable[ProcessRef]) -> str:
    return "process " + ", ".join(str(pid) for pid in sorted(ref.pid for ref in refs))


def is_in_foreground(ref: ProcessRef) -> bool:
    """Whether its terminal gives it what is typed; False too where that cannot be told."""
    if not is_alive(ref):
        return False
    try:
        with open(f"/proc/{ref.pid}/stat", "rb") as file:  # noqa: PTH123 (pathlib costs 3 ms)
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return False
    return len(fields) > 5 and fields[2] == fields[5]

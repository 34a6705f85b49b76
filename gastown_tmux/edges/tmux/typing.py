"""The one way words enter a window: for the courier, for nudges, for approvals.

A line is pasted only into the composer of a program that is known to be idle, and Enter is pressed only while
exactly that line sits in it. Whatever else is on the screen (a dialog, somebody's draft, another program) is left
as it is.
"""

import os
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.files.waiting import looks, wait
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.edges.tmux.panes import run_on
from gastown_tmux.edges.tmux.server import Server, ServerGoneError, quote
from gastown_tmux.errors import RefusedError

#: A window is its person's while they typed so recently.
PERSON_SECONDS = 3.0
#: And so long one who looks back in copy mode, which typing would end.
LOOKING_BACK_SECONDS = 60.0
#: How long a pasted line may take to appear, and a pressed Enter to be taken.
APPEAR_SECONDS = 3.0
#: While the composer is seen and empty, so many times as long: a starved program has the paste still to read, and a
#: second one would stand behind it.
STARVED = 4
TAKE_SECONDS = 5.0
#: After so long a second Enter is pressed on a line that still sits there, and an emptied composer is enough.
PATIENCE_SECONDS = 1.5
INTERRUPT_SECONDS = 5.0
LOCK_SECONDS = 15.0
_PAUSES = 0.01, 0.16
_SCREEN = "gt-screen"
_ALIVE = "#{!=:#{pane_dead},1}"


class Judgement(Protocol):
    """What a judge says of a screen: the program's state, and what stands in its composer (None: there is none)."""

    @property
    def state(self) -> str: ...

    @property
    def draft(self) -> str | None: ...

    @property
    def takes_words(self) -> bool: ...

    @property
    def asks(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Program:
    """What is known of the program in the window. ``judge`` is given its screen and its title.

    ``holds`` says whether a draft is exactly a line. ``settle`` is the seconds between paste and Enter, ``interrupt``
    the tmux names of the keys that end a running turn. ``inline``: it shows no composer while it works.
    """

    judge: Callable[[str, str], Judgement]
    holds: Callable[[str | None, str], bool]
    settle: float
    interrupt: tuple[str, ...] = ()
    inline: bool = False


class When(StrEnum):
    """``idle``: only where no turn runs. ``turn``: into a running one too. ``interrupt``: a running one is ended."""

    IDLE = "idle"
    TURN = "turn"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True)
class Typed:
    """The program took the line; ``evidence`` says how that was seen."""

    evidence: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was submitted, for this reason. ``draft`` is what stood in the composer instead, if that was it.

    ``pasted`` says that the line was put in and did not come to stand there alone.
    """

    reason: str
    draft: str | None = None
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """Enter was pressed on the line, and then nothing was seen that says what became of it."""

    reason: str


Outcome = Typed | Refused | Unsure


@dataclass(frozen=True, slots=True)
class Capture:
    """A pane at one moment. ``person_typed`` is how many seconds ago somebody attached to it pressed a key; ``in_mode``
    says that tmux shows something else there, as in copy mode."""

    dead: bool
    in_mode: bool
    screen: str
    title: str
    person_typed: float | None

    @property
    def is_attended(self) -> bool:
        """Whether somebody is at it, so that nobody else may type."""
        seconds = LOOKING_BACK_SECONDS if self.in_mode else PERSON_SECONDS
        return self.person_typed is not None and self.person_typed < seconds


def look(server: Server, pane: str, session: str, besides: str | None = None) -> Capture | None:
    """The pane of a session, by one call; None where it is gone or another's. ``besides`` is the client of whoever
    asks, whose keys are not meant for the pane.
    """
    said = run_on(
        server,
        pane,
        session,
        f'display-message -p -t {pane} "#{{pane_dead}}:#{{pane_in_mode}}" ; '
        f'display-message -p -t {pane} "#{{pane_title}}" ; '
        'list-clients -F "#{pane_id}:#{client_activity}:#{client_readonly}:#{client_control_mode}:#{client_name}" ; '
        f"display-message -p {_SCREEN} ; capture-pane -p -t {pane}",
    )
    if said is None:
        return None
    if said.count("\n") < 2:
        raise ServerGoneError(f"the tmux server on {server.socket} ended while it was asked", "gt up")
    state, title, rest = said.split("\n", 2)
    dead, _, mode = state.partition(":")
    clients, _, screen = rest.partition(f"{_SCREEN}\n")
    typed = []
    for line in clients.splitlines():
        shown, activity, read_only, control, client = line.split(":", 4)
        if shown == pane and read_only == "0" and control == "0" and client != besides:
            typed.append(max(0.0, time.time() - int(activity)))
    return Capture(dead == "1", mode not in ("", "0"), screen, title, min(typed, default=None))


def type_line(
    server: Server,
    pane: str,
    session: str,
    line: str,
    program: Program,
    lock: Path,
    *,
    when: When = When.IDLE,
    heard: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Types one line into the pane of a session and submits it; control characters are left out.

    ``lock`` is the pane's: one types at a time. ``heard`` says whether the program's own hook told of a turn since.
    A line of ours that an earlier try left in the composer is submitted, not typed again.
    """
    line = one_line(line)
    if not line:
        raise ValueError("no words to type")
    typist = _Typist(server, pane, session, line, program)
    try:
        with Lock(lock, LOCK_SECONDS):
            return typist.enter(when) or typist.submit(when, heard)
    except RefusedError as error:
        return Refused(error.message)


def press_answer(
    server: Server,
    pane: str,
    session: str,
    keys: Sequence[str],
    program: Program,
    lock: Path,
    *,
    digest: Callable[[str], str],
    judged: str,
    besides: str | None = None,
) -> Outcome:
    """Presses keys on the dialog that was ``judged``, and waits until it is gone, or is another.

    Nothing is pressed on any other screen, nor while somebody types there who is not at the client ``besides``.
    ``digest`` tells dialogs apart by what the screen shows. ``keys`` are tmux's names.
    """
    typist = _Typist(server, pane, session, "", program)
    try:
        with Lock(lock, LOCK_SECONDS):
            return typist.answer(keys, digest, judged, besides)
    except RefusedError as error:
        return Refused(error.message)


class _Typist:
    def __init__(self, server: Server, pane: str, session: str, line: str, program: Program) -> None:
        self._server = server
        self._pane = pane
        self._session = session
        self._line = line
        self._program = program

    def enter(self, when: When) -> Refused | None:
        """Has exactly the line in the composer, or says why not."""
        seen = self._look()
        if isinstance(seen, Refused):
            return seen
        attended, judgement = seen
        if attended:
            return Refused("a person is typing in the agent's window", judgement.draft)
        if when is When.INTERRUPT and judgement.state == "working":
            interrupted = self._interrupt()
            if isinstance(interrupted, Refused):
                return interrupted
            judgement = interrupted
        if self._program.holds(judgement.draft, self._line):
            return None
        steers = when is When.TURN and judgement.state == "working" and judgement.draft == ""
        if not (judgement.takes_words or steers):
            return Refused(_why_not(judgement), judgement.draft)
        if not self._paste():
            return Refused("the agent's program has ended")
        fault_point("tell.pasted")
        wait(self._program.settle)
        return self._await_line()

    def submit(self, when: When, heard: Callable[[], bool]) -> Outcome:
        """Presses Enter, and waits until the line was taken."""
        if not self._press("Enter"):
            return Refused("the agent's program has ended")
        again = False
        for passed in looks(TAKE_SECONDS, *_PAUSES):
            if heard():
                return Typed("its hook")
            seen = self._look()
            if isinstance(seen, Refused):
                return Unsure(seen.reason)
            _, judgement = seen
            is_empty = judgement.draft == "" or (self._program.inline and judgement.draft is None)
            if is_empty and (judgement.state == "working" or passed > PATIENCE_SECONDS):
                return Typed(f"its screen: {judgement.state}, composer empty")
            if not again and passed > PATIENCE_SECONDS and self._program.holds(judgement.draft, self._line):
                again = self._press("Enter")
        return Unsure(f"Enter was pressed, then the agent's program was {judgement.state}")

    def answer(self, keys: Sequence[str], digest: Callable[[str], str], judged: str, besides: str | None) -> Outcome:
        """Presses keys where the program asks exactly that, and says what was seen then."""
        before = look(self._server, self._pane, self._session, besides)
        if before is None or before.dead:
            return Refused("the agent's program has ended")
        judgement = self._program.judge(before.screen, before.title)
        if not judgement.asks:
            return Refused(f"changed: the agent's program is {judgement.state} now, it asks nothing")
        if digest(before.screen) != judged:
            return Refused("changed: it asks something else now")
        if before.is_attended:
            return Refused("a person is typing in the agent's window")
        for key in keys:
            if not self._press(key):
                return Unsure("the agent's program ended meanwhile")
        for _ in looks(TAKE_SECONDS, *_PAUSES):
            after = look(self._server, self._pane, self._session)
            if after is None or after.dead:
                return Typed("its program ended")
            judgement = self._program.judge(after.screen, after.title)
            if not judgement.asks or digest(after.screen) != judged:
                return Typed(f"its screen: {judgement.state}")
        return Unsure("the keys were pressed, and the dialog is still there")

    def _look(self) -> tuple[bool, Judgement] | Refused:
        seen = look(self._server, self._pane, self._session)
        if seen is None:
            return Refused("the agent's window is gone")
        if seen.dead:
            return Refused("the agent's program has ended")
        return seen.is_attended, self._program.judge(seen.screen, seen.title)

    def _interrupt(self) -> Judgement | Refused:
        for key in self._program.interrupt:
            self._press(key)
        for _ in looks(INTERRUPT_SECONDS, *_PAUSES):
            seen = self._look()
            if isinstance(seen, Refused):
                return seen
            if seen[1].state != "working":
                return seen[1]
        return Refused("the running turn did not end")

    def _await_line(self) -> Refused | None:
        for passed in looks(APPEAR_SECONDS * STARVED, *_PAUSES):
            seen = self._look()
            if isinstance(seen, Refused):
                return seen
            _, judgement = seen
            if self._program.holds(judgement.draft, self._line):
                return None
            if judgement.draft != "" and passed > APPEAR_SECONDS:
                break
        what = "something else came into its composer" if judgement.draft else f"it is {judgement.state} now"
        return Refused(f"the line was pasted, but {what}", judgement.draft, pasted=True)

    def _paste(self) -> bool:
        # In one command: pasting into a dead pane crashes tmux < 3.4, and a mode would swallow the keys.
        buffer = f"gt-{os.urandom(16).hex()}"
        alive = f"#{{&&:#{{==:#{{pane_id}},{self._pane}}},#{{&&:#{{==:#{{@gt_session}},{self._session}}},{_ALIVE}}}}}"
        paste = f"copy-mode -q -t {self._pane} ; paste-buffer -p -r -d -b {buffer} -t {self._pane}"
        drop = f"delete-buffer -b {buffer} ; display-message -p dead"
        load = ["load-buffer", "-b", buffer, "-", ";", "if-shell", "-F", "-t", self._pane, alive, paste, drop]
        return not self._server.run(*load, stdin=self._line).strip()

    def _press(self, key: str) -> bool:
        # Keys sent into a dead pane, or into a mode, are lost without a word.
        line = (
            f'if-shell -F -t {self._pane} "{_ALIVE}" {{ copy-mode -q -t {self._pane} ; '
            f"send-keys -t {self._pane} {quote(key)} }} {{ display-message -p dead }}"
        )
        said = run_on(self._server, self._pane, self._session, line)
        return said is not None and not said.strip()


def _why_not(judgement: Judgement) -> str:
    if judgement.draft:
        return "something else is in its composer"
    if judgement.state == "unknown":
        return "the agent's screen is not understood"
    return f"the agent's program is {judgement.state}"

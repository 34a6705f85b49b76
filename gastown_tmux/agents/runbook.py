"""The runbook agent: a terminal program that behaves as coding agents do, and does its beads' `sh` blocks.

It has a composer with bracketed paste, turns with a busy sign, dialogs, hooks and an exit status, and talks
to the town by running `gt`, as any agent does. `/exit [N]`, `/dialog TEXT`, `/dialog-exit`, `/busy N`,
`/sleep-silent N`, `/print N`, `/limit MINUTES|SECONDSs` and `/crash` make it show what agents show now and then.
"""

# pathlib costs a third of this program's start-up.
# ruff: noqa: PTH109, PTH120

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import sys
import termios
import time

from gastown_tmux.agents.blocks import do_bead, fences, run_blocks, run_gt
from gastown_tmux.agents.jobs import Tail
from gastown_tmux.agents.steps import do_run
from gastown_tmux.agents.window import Ask, Ended, Interrupted, Pause, Prompt, Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gastown_tmux.agents.window import Steps

_POINTER = re.compile(r"gt: mail from .*\(gt mail read ([A-Za-z0-9][^\s)]*)\)\s*")
_COMMAND = re.compile(r"/([a-z-]+)(?:\s+(.*))?", re.DOTALL)
_ANSWERS_NOTHING = ("reply", "status", "notification")
_SIGNAL_LIMIT = 10.0
_AT_WORK = ("hooked", "working")


class Runbook:
    """What the agent does, as generators that `Window.run` lives through."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._doing = "nothing yet"
        self._tried: tuple[str, int, int] | None = None

    def live(self) -> Steps[int]:
        """From the start of the session to its exit status."""
        try:
            self._head("ready")
            yield from self._signal("session-start", "SessionStart", source="startup")
            yield from self._take_work()
            while True:
                words = yield Prompt()
                yield from self._turn(words, self._hear(words))
                yield from self._take_work()
        except Ended as end:
            status = end.status
        with contextlib.suppress(Ended):
            yield from self._signal("end", "SessionEnd", reason="exit")
        return status

    def _turn(self, words: str, work: Steps[None]) -> Steps[None]:
        """One turn, with the signals a provider's hooks would send."""
        yield from self._signal("prompt", "UserPromptSubmit", prompt=words)
        try:
            yield from work
        except Interrupted:
            self._window.say("Interrupted")
            self._doing = "interrupted"
        yield from self._signal("idle", "Stop")

    def _signal(self, name: str, event: str, **fields: str) -> Steps[None]:
        """Tell the town; a town that is gone is none of our work."""
        told = {"session_id": os.environ.get("GT_SESSION", ""), "hook_event_name": event, "cwd": os.getcwd()}
        try:
            yield from run_gt("signal", name, stdin=json.dumps(told | fields), limit=_SIGNAL_LIMIT)
        except Interrupted:
            return

    def _take_work(self) -> Steps[None]:
        """Do what is on the hook, and what is there then, but nothing twice without being spoken to."""
        while not self._window.limited:
            try:
                hook = yield from self._hook()
            except Interrupted:
                return
            bead = hook.get("bead")
            if not bead or bead["state"] not in _AT_WORK:
                self._tried = None
                return
            tried = (bead["id"], hook.get("attempt", 1), hook.get("tries", 0))
            if tried == self._tried:
                return
            self._tried = tried
            self._head(f"{bead['id']} {bead['title']}")
            yield from self._turn(f"{bead['id']} {bead['title']}", self._do(hook))

    def _hook(self) -> Steps[dict[str, Any]]:
        outcome = yield from run_gt("hook", "--json")
        hook = _parse(outcome.output) if not outcome.status else None
        if hook is None or not _is_whole(hook.get("bead")):
            self._window.say(f"gt hook: {outcome.complaint}")
            return {}
        return hook

    def _do(self, hook: dict[str, Any]) -> Steps[None]:
        name = f"{hook['bead']['id']} {hook['bead']['title']}"
        self._doing = f"at work on {name}"
        work = do_run if hook.get("run") else do_bead
        self._doing = f"{name}: {yield from work(self._window, hook)}"

    def _hear(self, words: str) -> Steps[None]:
        """Words from the composer: pointers to mail, a command, a chore, or talk."""
        window = self._window
        if not window.limited:
            window.notice = ""
        window.say("\n".join(f"> {line}" for line in words.split("\n")))
        pointers = [match[1] for line in words.split("\n") if (match := _POINTER.fullmatch(line))]
        command = _COMMAND.fullmatch(words.strip())
        if command and (act := getattr(self, f"_slash_{command[1].replace('-', '_')}", None)):
            yield from act((command[2] or "").strip())
        elif window.limited:
            window.say(window.notice)
        elif pointers:
            for pointer in pointers:
                yield from self._read_mail(pointer)
        elif blocks := fences(words):
            failure = yield from run_blocks(window, blocks, Tail(0))
            window.say(failure or "done")
        else:
            self._tried = None
            window.say(f"I run the sh blocks of my bead and nothing else. Last: {self._doing}.")

    def _read_mail(self, mail_id: str) -> Steps[None]:
        outcome = yield from run_gt("mail", "read", mail_id, "--json")
        mail = _parse(outcome.output) if not outcome.status else None
        if mail is None:
            self._window.say(f"gt mail read: {outcome.complaint}")
            return
        head = f"From: {mail.get('from')}\nSubject: {mail.get('subject')}\n\n{mail.get('body') or ''}"
        self._window.say("\n".join(f"  {line}" for line in head.rstrip().split("\n")))
        if mail.get("type") in _ANSWERS_NOTHING:
            return
        answer = f"I run the sh blocks of my bead and nothing else. Last: {self._doing}."
        reply = yield from run_gt("mail", "reply", mail_id, "-m", answer)
        self._window.say(f"gt mail reply: {reply.complaint}" if reply.status else "answered")

    def _slash_exit(self, words: str) -> Steps[None]:
        yield Pause(0)
        raise Ended(_number(words, 0) % 256)

    def _slash_crash(self, words: str) -> Steps[None]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would end up in the worktree
        os.kill(os.getpid(), signal.SIGSEGV)
        yield Pause(1)

    def _slash_busy(self, words: str) -> Steps[None]:
        yield Pause(_number(words, 1))

    def _slash_sleep_silent(self, words: str) -> Steps[None]:
        yield Pause(_number(words, 1), frozen=True)

    def _slash_print(self, words: str) -> Steps[None]:
        until = time.monotonic() + _number(words, 1)
        number = 0
        while time.monotonic() < until:
            number += 1
            self._window.say(f"line {number}")
            yield Pause(0.1)

    def _slash_limit(self, words: str) -> Steps[None]:
        number, unit = _number(words.removesuffix("s"), 60), "s" if words.endswith("s") else "m"
        self._window.notice = f"You've hit your limit · resets in {number}{unit}"
        self._window.notice_until = time.monotonic() + number * (1 if unit == "s" else 60)
        yield Pause(0)

    def _slash_dialog(self, words: str) -> Steps[None]:
        ask = Ask(words or "Do you want to proceed?", ["Yes", "No"], escape=1)
        chosen = yield from self._ask(ask)
        self._window.say(f"answered: {ask.answers[chosen]}")

    def _slash_dialog_exit(self, words: str) -> Steps[None]:
        ask = Ask(words or "Do you trust the files in this folder?", ["No, exit", "Yes, continue"], escape=0)
        if not (yield from self._ask(ask)):
            raise Ended(1)

    def _ask(self, ask: Ask) -> Steps[int]:
        self._window.open(ask)
        yield from self._signal("waiting", "Notification", notification_type="permission_prompt", message=ask.question)
        chosen: int = yield ask
        return chosen

    def _head(self, what: str) -> None:
        self._window.say(f"runbook {self._window.name} · {what}")


def _parse(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_whole(bead: Any) -> bool:
    """Whether what the hook names is a bead to work with, or none."""
    fields = ("id", "title", "body", "state")
    return bead is None or (isinstance(bead, dict) and all(isinstance(bead.get(f), str) for f in fields))


def _number(words: str, default: int) -> int:
    return int(words) if words.isdecimal() else default


def main() -> int:
    """Live in the terminal on standard input until the exit status is known."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        os.environ.pop(name, None)
    # A worktree that lost its .git must not resolve to a repository above it.
    os.environ["GIT_CEILING_DIRECTORIES"] = os.path.dirname(os.getcwd())
    # A block has nobody who would write in an editor: git's (a squash, an --amend) takes the text as it is.
    os.environ["GIT_EDITOR"] = os.environ["GIT_SEQUENCE_EDITOR"] = ":"
    try:
        window = Window(os.environ.get("GT_AGENT", "runbook"))
    except termios.error:
        sys.stderr.write("runbook: standard input is not a terminal\n")
        return 2
    return window.run(Runbook(window).live())


if __name__ == "__main__":
    sys.exit(main())

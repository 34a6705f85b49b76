import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from gastown_tmux.agents.runbook import main; sys.exit(main())"
IDLE = "◇ demo/toast"

# The other program: records how it was called and answers from files, as `gt` will.
GT = r"""#!/bin/sh
cd "$DESK" || exit 1
case "$1 $2" in
"hook --json") cat hook.json ;;
"signal "*) cat >>signals; echo >>signals ;;
"mail read") cat mail.json ;;
"done --report") cat >report ;;
esac
case "$1" in done) [ ! -e again.json ] || { mv again.json hook.json; echo "gt: not yet" >&2; exit 1; } ;; esac
! grep -qsxF -e "$1 --all" -e "$*" refused || { echo "gt: refused by the test" >&2; exit 4; }
[ "$1" != done ] || mv next.json hook.json 2>/dev/null || echo '{"bead": null}' >hook.json
printf '%s\n' "$*" >>calls
"""
RUN = 'sh -c \'echo $$ >"$DESK/pid"; exec "$@"\' sh "$@"; echo $? >"$DESK/status"'


def until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.02)


class Desk:
    """An agent in a window of a private tmux server, with a worktree and a stand-in `gt`."""

    argv = (sys.executable, "-I", "-S", "-c", START)

    def __init__(self, path: Path) -> None:
        self.path, self.work, self.gt = path, path / "work", path / "bin/gt"
        self.work.mkdir()
        self.gt.parent.mkdir()
        self.gt.write_text(GT)
        self.gt.chmod(0o755)
        self.env = {
            "PATH": f"{path}/bin:/usr/local/bin:/usr/bin:/bin",  # without the gt that is being tested
            "HOME": str(path),
            "DESK": str(path),
            "GT_AGENT": "demo/toast",
            "GT_SESSION": "s-1",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": "toast@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        self.git("init", "-q", "-b", "work")
        self.git("commit", "-q", "--allow-empty", "-m", "base")
        self.base = self.git("rev-parse", "HEAD")
        self.hook(None)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.work,
            env=self.env,
            text=True,
            capture_output=True,
            check=True,
            timeout=20,
        )
        return done.stdout.strip()

    def tmux(self, *words: str, stdin: str | None = None) -> str:
        return subprocess.run(
            ["tmux", "-u", "-S", f"{self.path}/sock", "-f", "/dev/null", *words],
            env=self.env,
            input=stdin,
            text=True,
            capture_output=True,
            check=True,
            timeout=20,
        ).stdout

    def hook(self, body: str | None, **more: object) -> None:
        fields = {"reason": None, "priority": 2} | {k: more.pop(k) for k in ("reason",) if k in more}
        bead = {"id": "gt-abcde", "title": "Tidy up", "body": body, "state": "working"} | fields
        hook = {"agent": "demo/toast", "bead": bead, "branch": "work", "base": self.base, "attempt": 1} | more
        self.put("hook.json", json.dumps(hook if body is not None else hook | {"bead": None}))

    def put(self, name: str, text: str) -> None:
        (self.path / "new").write_text(text)
        (self.path / "new").rename(self.path / name)

    def read(self, name: str) -> str:
        file = self.path / name
        return file.read_text() if file.exists() else ""

    def calls(self) -> list[str]:
        return [line for line in self.read("calls").splitlines() if not line.startswith(("signal", "hook"))]

    def events(self) -> list[str]:
        return [json.loads(line)["hook_event_name"] for line in self.read("signals").splitlines()]

    def start(self) -> None:
        (self.path / "status").unlink(missing_ok=True)
        words = ["sh", "-c", RUN, "sh", *self.argv]
        self.tmux("new-session", "-d", "-x", "90", "-y", "30", "-c", str(self.work), *words)
        until(lambda: "›" in self.screen(), "the composer")

    def start_idle(self) -> None:
        self.start()
        self.wait_idle()

    def until(self, condition: Callable[[], object], what: str, seconds: float = 20) -> None:
        """Wait until the condition holds; fail when it does not in time."""
        until(condition, what, seconds)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", ":")

    def title(self) -> str:
        return self.tmux("display", "-p", "-t", ":", "#{pane_title}").strip()

    def see(self, text: str) -> None:
        until(lambda: text in self.screen(), f"{text!r} on the screen, which is\n{self.screen()}")

    def wait_idle(self) -> None:
        until(lambda: self.title() == IDLE and self.last_line().startswith("›"), "the agent to be idle")

    def last_line(self) -> str:
        return self.screen().rstrip().rpartition("\n")[2]

    def paste(self, text: str, *keys: str) -> None:
        self.tmux("load-buffer", "-", ";", "paste-buffer", "-p", "-d", "-t", ":", stdin=text)
        if keys:
            self.press(*keys)

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", ":", *keys)

    def pid(self) -> int:
        return int(self.read("pid"))

    def ended(self) -> int:
        # The pane goes with its program, and the server with its last pane.
        until(lambda: self.read("status"), "the program's end")
        return int(self.read("status"))


@pytest.fixture
def desk() -> Iterator[Desk]:
    path = Path(tempfile.mkdtemp(prefix="gt-", dir="/tmp")).resolve()
    desk = Desk(path)
    yield desk
    if (path / "pid").exists():
        # A server whose last window ends is gone at once; a killed one takes seconds.
        with contextlib.suppress(ProcessLookupError):
            os.kill(desk.pid(), signal.SIGTERM)
        until(lambda: not Path(f"/proc/{desk.pid()}").exists(), "the agent's end")
        subprocess.run(["tmux", "-S", f"{path}/sock", "kill-server"], capture_output=True, timeout=20, check=False)
    shutil.rmtree(path)

"""The pane's own process: runs the agent program as its child, waits, and reports what becomes of it.

Run by tmux, with the launch file as the last argument. That is written and its report is read by
``gastown_tmux.edges.processes.launch``, which has both formats, and the command. There are as many of these as agents:
this file imports nothing of ours, and neither ``os`` nor ``ctypes`` (0.3 MB each), ``signal`` or ``json`` (4 ms and
7 ms of enums and regular expressions). To be compiled on the spot would take another 0.7 MB of each.

Why a process between tmux and the agent: tmux undoes a stop of a pane's own process, but leaves a stopped
child alone; and someone must be there to keep the exit status and the words of a failed start.

- The launch file holds secrets and is deleted before the agent starts.
- The agent leads its own process group, the terminal's foreground one, with signals as after a login.
- Terminal signals are the agent's business. SIGTERM is passed on to its group, and so is SIGHUP: when a pane
  is closed the kernel hangs up the leader of the terminal's session only, and that is the launcher.
- The launcher ends as the agent ended: the same exit status, or of the same signal; 127 when it cannot start.
- What the agent started and left to itself, in a session of its own and without a word of the environment, becomes a
  child of the launcher. What is there when the agent ends is reported: it passes to another parent with our end.
- Killed with SIGKILL, it takes the agent along: when the leader of a session dies, the kernel hangs up the
  terminal's foreground group. An agent that ignores SIGHUP survives that and is found by its ``GT_SESSION``.
"""

import _signal as signal  # type: ignore[import-not-found]
import posix as os
import sys
import time


def main(path: str) -> int:
    launch = _read(path)
    os.unlink(path)
    report = _Report(launch)
    # Before the fork, so that a background process group may hand the terminal over (SIGTTOU).
    for name in _TERMINAL_SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    failure, fail = os.pipe()  # closed by a successful exec
    agent = os.fork()
    if agent == 0:
        _become(launch, fail)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: _pass_on(agent, number))
    os.close(fail)
    _set_group(agent)
    _adopt_orphans()
    words = os.read(failure, 4096)
    if words:
        os.waitpid(agent, 0)
        report.write(b"failed " + words)
        _say(b"gt: " + words + b"\n")
        return 127
    report.write(b"started %d %s" % (agent, _birth(agent)))
    while True:
        child, status = os.waitpid(-1, os.WUNTRACED | os.WCONTINUED)
        if child != agent:
            continue
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            for orphan in _children():
                report.write(b"left %d %s" % (orphan, _birth(orphan)))
        if os.WIFSTOPPED(status):
            report.write(b"stopped")
        elif os.WIFCONTINUED(status):
            report.write(b"continued")
        elif os.WIFSIGNALED(status):
            report.write(b"ended signal %d" % os.WTERMSIG(status))
            _say(b"")
            return _die_of(os.WTERMSIG(status))
        else:
            report.write(b"ended status %d" % os.WEXITSTATUS(status))
            _say(b"")
            return os.WEXITSTATUS(status)


#: In the report of one session.
_MOST_LINES = 10_000
_ANSWER_SECONDS = 2.0
_TERMINAL_SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU")


def _read(path: str) -> dict[bytes, list[bytes]]:
    with open(path, "rb") as file:  # noqa: PTH123 (pathlib costs 3 ms)
        fields = [field.partition(b"=") for field in file.read().split(b"\0") if field]
    launch: dict[bytes, list[bytes]] = {}
    for key, _, value in fields:
        launch.setdefault(key, []).append(value)
    return launch


class _Report:
    """Lines appended to the session's file, and a byte for whoever listens."""

    def __init__(self, launch: dict[bytes, list[bytes]]) -> None:
        self.path = launch[b"report"][0]
        self.wake = launch.get(b"wake", [])
        self.left = _MOST_LINES

    def write(self, words: bytes) -> None:
        self.left -= 1
        # An agent may stop and go on without end; how it ends is told all the same.
        if self.left < 0 and words in (b"stopped", b"continued"):
            return
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()).encode()  # for people; nobody parses it
        # A full disk or a removed folder must not cost the agent its life; tmux keeps the status too.
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, when + b" " + words.replace(b"\n", b" ") + b"\n")
                if words.startswith(b"ended"):
                    os.fsync(file)
            finally:
                os.close(file)
        except OSError:
            pass
        for fifo in self.wake:
            try:
                listener = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                continue  # nobody listens
            try:
                os.write(listener, b"!")
            except OSError:
                pass  # full: the listener has its wake-up already
            finally:
                os.close(listener)


def _become(launch: dict[bytes, list[bytes]], fail: int) -> None:
    """Turn this child into the agent, or say why not."""
    command = launch[b"arg"]
    environment = dict(entry.split(b"=", 1) for entry in launch.get(b"env", []))
    environment.setdefault(b"TERM", os.environ.get(b"TERM", b"dumb"))
    subject = launch[b"cwd"][0]
    try:
        _set_group(os.getpid())
        # Python ignores SIGPIPE and SIGXFSZ; an agent must not inherit that, nor what we ignore.
        for number in signal.valid_signals():
            if signal.getsignal(number) not in (signal.SIG_DFL, None):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.chdir(subject)
        subject = command[0]
        _exec(command, environment)
    except OSError as error:
        os.write(fail, b"cannot run %s: %s" % (subject, (error.strerror or "failed").encode()))
    finally:
        os._exit(127)


def _exec(command: list[bytes], environment: dict[bytes, bytes]) -> None:
    """As ``os.execvpe``. Raises OSError."""
    name, missing, failure = command[0], None, None
    if b"/" in name:
        os.execve(name, command, environment)
    for folder in environment.get(b"PATH", b"/bin:/usr/bin").split(b":"):
        try:
            os.execve(folder + b"/" + name if folder else name, command, environment)
        except (FileNotFoundError, NotADirectoryError) as error:
            missing = error
        except OSError as error:
            failure = failure or error
    raise failure or missing or FileNotFoundError


def _set_group(agent: int) -> None:
    """Give the agent its own foreground group; done by parent and child, whoever comes first."""
    try:
        os.setpgid(agent, agent)
        os.tcsetpgrp(0, agent)
    except OSError:
        pass  # it has run exec or ended already, or there is no terminal


def _say(words: bytes) -> None:
    """Last words, after the agent's: all are in the window before we end, when tmux drops what it has not read."""
    import select  # only here, at the end
    import termios

    try:
        os.write(2, words)
        os.tcsetpgrp(0, os.getpgrp())
        modes = termios.tcgetattr(0)
        modes[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(0, termios.TCSANOW, modes)
        # "Are you well?", which a terminal answers when it has taken everything before it.
        os.write(2, b"\033[5n")
        answer, deadline = b"", time.monotonic() + _ANSWER_SECONDS
        while b"\033[0n" not in answer and (left := deadline - time.monotonic()) > 0:
            # A terminal that is gone can be read at once, for ever, and gives nothing.
            if not select.select([0], [], [], left)[0] or not (part := os.read(0, 256)):
                break
            answer += part
    except (OSError, termios.error):
        pass  # there is no window, or none any more


def _adopt_orphans() -> None:
    """Descendants that lose their parent become children of this process, whatever else they leave behind."""
    if sys.platform == "linux":
        try:
            import _ctypes  # only now, while the agent's program is loaded

            prctl = _ctypes.dlsym(_ctypes.dlopen(None, 2), "prctl")  # type: ignore[arg-type]
            _ctypes.call_function(prctl, (36, 1, 0, 0, 0))  # PR_SET_CHILD_SUBREAPER
        except (ImportError, OSError, AttributeError, TypeError):
            pass


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _pass_on(agent: int, number: int) -> None:
    try:
        os.killpg(agent, number)
        if number == signal.SIGHUP:  # a stopped agent hears it too, as from the kernel
            os.killpg(agent, signal.SIGCONT)
    except ProcessLookupError:
        pass


def _birth(pid: int) -> bytes:
    """The same word as ``edges.processes.start_time``; ``-`` where there is no /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            stat = file.read()
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:  # noqa: PTH123
            boot = file.read(8)
    except OSError:
        return b"-"
    return boot + b":" + stat[stat.rindex(b")") + 2 :].split()[19]


def _die_of(number: int) -> int:
    import resource  # only here: most agents end with a status

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the agent's core file is the one of interest
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def run() -> None:
    try:
        status = main(sys.argv[-1])
    except FileNotFoundError as error:
        os.write(2, f"gt: {error.filename} is gone: a launch file starts one agent once\n".encode())
        status = 127
    # Without Python's farewell, which a byte on a closed terminal could turn into status 120.
    os._exit(status)


if __name__ == "__main__":
    run()

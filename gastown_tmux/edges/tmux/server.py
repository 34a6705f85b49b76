"""One private tmux server: started, asked, attached to and stopped, with tmux's traps closed in one place.

Panes and windows are in ``edges.panes``, attached terminals in ``edges.clients``. Plain subprocess calls of 2
ms each; nothing here starts a server except ``Server.start``.
"""

import contextlib
import os
import re
import signal
from pathlib import Path

from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.files.waiting import looks, wait_until
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.edges.processes.process_table import command_line
from gastown_tmux.edges.processes.processes import ProcessRef, is_alive, process, send, wait_for_death
from gastown_tmux.errors import GtError, MissingError, NotFoundError
from gastown_tmux.reading import read_text

#: The session and the window that keep the server alive.
KEEPER = (KEEPER_SESSION, KEEPER_WINDOW) = ("hq", "keeper")
#: The session that windows belong to, whichever session of the same windows a person made to see them in.
GROUP = "#{?session_grouped,#{session_group},#{session_name}}"
OLDEST = (3, 2)

# focus-events crashes tmux < 3.5 when a dead pane is selected; the server must outlive its last session; a
# pane must outlive its process to keep the exit status. -q: an option that another version lacks is no error.
CONFIG = """\
set -sq exit-empty off
set -sq escape-time 10
set -sq focus-events off
set -sq default-terminal tmux-256color
set -gq remain-on-exit on
set -gq destroy-unattached off
set -gq automatic-rename off
set -gq allow-rename off
set -gq default-size 200x50
set -gq history-limit 20000
set -gq mouse on
set -gq set-titles on
set -gq set-titles-string "#{session_name}:#{window_name}"
set -gq status-left "#{session_name} "
set -gq status-left-length 34
set -gq status-right "#{?@gt_mail,mail #{@gt_mail} ,}"
"""

# A member of AF_UNIX addresses holds 104 bytes on macOS and 108 on Linux; tmux adds a few for its lock.
_LONGEST_SOCKET = 100

_KEEPER_COMMAND = "tail -f /dev/null"

_GONE = (
    r"no server running on|server exited|lost server"
    r"|error connecting to .* \((No such file or directory|Connection refused|Connection reset by peer)\)"
)
_NOT_FOUND = r"can't find (pane|window|session|client)|no such (pane|window|session|client)"


class ServerGoneError(GtError):
    """No tmux server runs on the socket, or it died while it was asked."""

    meets_all = True


class SilentError(GtError):
    """The server does not answer."""

    meets_all = True


class CommandError(GtError):
    """tmux refused a command; ``output`` is what it had printed until then."""

    def __init__(self, message: str, output: str, whole: str) -> None:
        super().__init__(message, whole=whole)
        self.output = output


class MissingTargetError(CommandError, NotFoundError):
    """No such pane, window, session or client."""


class Server:
    """The tmux server on ``socket``, with ``config`` as its whole configuration (``start`` writes it).

    ``memory`` is the file in which its process is remembered, beside the socket unless given. It should outlive
    the socket's folder: by it a server whose socket was deleted is found again. ``unit`` is a unit of the user's
    systemd that starts the server in a place of its own; where that does not work, ``start`` does it itself.

    Every call has a time limit and works from any environment. Each may raise ``ServerGoneError``,
    ``MissingError`` (no tmux), ``CommandError`` (refused, ``MissingTargetError`` when there is no such pane,
    session …) and ``GtError`` (anything else, such as a server that does not answer, which is never taken for
    a dead one).
    """

    def __init__(self, socket: Path, config: Path, memory: Path | None = None, unit: str | None = None) -> None:
        self._unit = unit
        self.socket = socket
        self.config = config
        self._memory = memory or self._beside(".pid")

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = 10.0) -> str:
        """Run tmux commands, separated by the argument ``;``, and return what they print.

        An argument that ends with ``;`` is cut there, and all of them together are limited to 16 kB: text
        that is not ours goes through ``stdin`` as ``source-file -`` with each word passed through ``quote``,
        or ``load-buffer -``.
        """
        return self._call(["-N", *arguments], stdin, seconds, path=False)

    def version(self) -> tuple[int, int]:
        """Of the program; one built from tmux's master, which has no number, is newer than any."""
        found = re.search(r"(\d+)\.(\d+)", self._call(["-V"], None, 10.0, path=True))
        return (int(found[1]), int(found[2])) if found else (99, 0)

    def require_version(self) -> None:
        """Raise ``MissingError`` unless tmux is there and new enough."""
        found = self.version()
        if found < OLDEST:
            least, words = (".".join(map(str, numbers)) for numbers in (OLDEST, found))
            raise MissingError(f"tmux {words} is too old: gt needs tmux {least} or newer", "gt doctor")

    def pid(self) -> int:
        """The server's process id."""
        return self._number(self.run("display-message", "-p", "#{pid}"))

    def _number(self, said: str) -> int:
        """What a server that ends while it is asked leaves out, with status 0."""
        if not said.strip().isdecimal():
            raise ServerGoneError(f"the tmux server on {self.socket} ended while it was asked", "gt up")
        return int(said)

    def is_alive(self) -> bool:
        """Whether a server answers on the socket; where its program is gone and cannot ask, whether it lives."""
        try:
            self.pid()
        except ServerGoneError:
            return False
        except MissingError:
            remembered = self.remembered()
            return remembered is not None and is_alive(remembered)
        return True

    def seems_alive(self) -> bool:
        """Whether its process and its socket are there: without asking, so that it costs next to nothing."""
        remembered = self.remembered()
        return remembered is not None and is_alive(remembered) and self.socket.exists()

    def start(self) -> None:
        """Have the server run with its keeper session; many callers at once start one server.

        A predecessor that was told to end is waited for (tmux lives on for a second or two). One whose socket
        was deleted is asked to make it again. ``GtError`` when an old server neither answers nor ends.
        """
        try:
            self._remember(self._ensure_keeper())
            return
        except ServerGoneError:
            pass
        self.require_version()
        # No further up: a town that was moved away must not come back as an empty one.
        with plain_errors(self.config.parent):
            self.config.parent.mkdir(mode=0o700, exist_ok=True)
        with Lock(self._beside(".guard"), timeout_seconds=60.0):
            try:
                self._remember(self._ensure_keeper())
                return
            except ServerGoneError:
                self._outlive_predecessor()
            write_atomic(self.config, CONFIG.encode(), durable=False)
            if self._unit is not None and _start_unit(self._unit):
                self._await_socket()
            self._remember(self._ensure_keeper(start=True))

    def _await_socket(self) -> None:
        """Until the server that systemd has started listens; one that does not is started by us."""
        wait_until(self.is_alive, 5.0, 0.01)

    def stop(self) -> None:
        """End the server, and return when its process is gone; nothing to do when none runs.

        Every pane's process is hung up by this. A server that does not answer or end is killed, it alone.
        """
        with Lock(self._beside(".guard"), timeout_seconds=60.0):
            try:
                self._remember(self.pid())
                self.run("kill-server")
                asked = True
            except GtError:
                asked = False
            old = self.remembered()
            words = command_line(old.pid) if old else []
            # One that was not asked is another town's, where the note was copied from there.
            if old and (asked or not words or os.fsencode(self.socket) in words):
                if not asked:
                    send(old, signal.SIGTERM)
                    send(old, signal.SIGCONT)
                if wait_for_death([old], 5.0):
                    send(old, signal.SIGKILL)
                if wait_for_death([old], 5.0):
                    raise GtError(f"the tmux server, process {old.pid}, does not end")
            self._memory.unlink(missing_ok=True)
            self.socket.unlink(missing_ok=True)

    def nudge_reaper(self) -> None:
        """Have the server look again for children that died.

        libutempter swallows SIGCHLD (tmux#4559, until 3.6): a dead pane may lack its status until the next
        one.
        """
        server = process(self.pid())
        if server:
            send(server, signal.SIGCHLD)

    def _call(self, arguments: list[str], stdin: str | None, seconds: float, path: bool) -> str:
        if not path and not os.path.lexists(self.socket):  # what tmux would say, for 4 ms less
            raise ServerGoneError(f"no tmux server on {self.socket}", "gt up")
        # A pane gets PATH from the client that makes it, over its own -e PATH: ours has none (spawn.c).
        environment = client_environment()
        if not path:
            environment.pop("PATH", None)
        # Bytes: under a C locale Python and tmux would each have their own idea of our text.
        words = [word.encode("utf-8", "surrogateescape") for word in ("-u", "-S", str(self.socket), *arguments)]
        import subprocess  # 2 ms that a verb need not pay which has nothing to ask

        try:
            done = subprocess.run(
                [find_tmux().encode(), *words],
                input=b"" if stdin is None else stdin.encode("utf-8", "surrogateescape"),
                capture_output=True,
                env=environment,
                cwd="/",
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise SilentError(f"the tmux server on {self.socket} does not answer", "gt doctor") from error
        output, wrong = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace").strip()
        if done.returncode == 0:
            return output
        if re.search(_GONE, wrong):
            raise ServerGoneError(f"no tmux server on {self.socket}", "gt up")
        if "unknown option" in wrong and "usage: tmux" in wrong:
            self.require_version()  # tmux < 3.2 has no -N
        kind = MissingTargetError if re.search(_NOT_FOUND, wrong) else CommandError
        raise kind(f"tmux: {cause_of(wrong) or f'status {done.returncode}'}", output, wrong)

    def _ensure_keeper(self, start: bool = False) -> int:
        # One command, so the server runs nobody else's between the question and the answer: a caller without
        # the guard may find a server that was started this very moment and make the keeper first.
        make = f"new-session -d -s {KEEPER_SESSION} -n {KEEPER_WINDOW} {quote(_KEEPER_COMMAND)}"
        missing = f"#{{!=:#{{session_name}},{KEEPER_SESSION}}}"
        ask = ["if-shell", "-F", "-t", f"={KEEPER_SESSION}:", missing, make]
        ask += [";", "display-message", "-p", "#{pid}"]
        if not start:
            return self._number(self.run(*ask))
        return self._number(self._call(["-f", str(self.config), "start-server", ";", *ask], None, 20.0, path=True))

    def _outlive_predecessor(self) -> None:
        old = self.remembered()
        if not old or not is_alive(old):
            return
        for _ in looks(10.0, 0.05):
            if not wait_for_death([old], 0.05):
                return
            if not self.socket.exists():
                send(old, signal.SIGUSR1)  # tmux makes its socket again
            if self.is_alive():
                return
        if is_alive(old):
            raise GtError(f"an old tmux server, process {old.pid}, does not answer", "gt doctor")

    def _beside(self, suffix: str) -> Path:
        # Not ".lock": tmux takes a lock of that name itself while it starts a server.
        return self.socket.with_name(self.socket.name + suffix)

    def _remember(self, pid: int) -> None:
        ref = process(pid)
        if ref and ref != self.remembered():
            write_atomic(self._memory, f"{ref.pid} {ref.started}\n".encode(), durable=False)

    def remembered(self) -> ProcessRef | None:
        """The process of the server that was started or asked last, dead or alive."""
        try:
            pid, started = read_text(self._memory, 100).split()
            return ProcessRef(int(pid), started)
        except (OSError, ValueError):
            return None


def quote(text: str) -> str:
    """One word for tmux's command parser that it reads back as exactly ``text``."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text)
    return f'"{escaped}"'


# Within double quotes tmux expands \\ ~ $, and eats blanks and comments after a newline.
_ESCAPES = {letter: "\\" + letter for letter in '\\"$~'} | {chr(code): f"\\{code:03o}" for code in range(1, 32)}


def client_environment() -> dict[str, str]:
    """This process's environment without what belongs to another tmux, to a session of ours or to a git call.

    What the server inherits stays with it for life: an agent's ``GT_SESSION`` in it would make the whole
    server a process of that session.
    """
    return {k: v for k, v in os.environ.items() if not k.startswith(("TMUX", "GT_", "GIT_"))}


def socket_path(run: Path) -> Path:
    """Where a town's socket goes: ``run/tmux.sock``, or where that is too long for a socket, a short
    stand-in.

    The stand-in is the same for the same ``run``, in a folder under /tmp that only this user may enter.
    The caller records the answer.
    """
    path = run / "tmux.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    import hashlib  # 2 ms, and most paths are short

    return short_folder() / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


def short_folder() -> Path:
    """A folder for sockets with a short path, that only this user may enter.

    Where somebody else has taken its name, it is the first of ours with one that nobody could foresee.
    """
    import tempfile  # 5 ms, and most paths are short

    folder = Path(f"/tmp/gt-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    others = sorted(folder.parent.glob(f"{folder.name}-*")) if not _is_ours_alone(folder) else []
    for own in (folder, *others):
        if _is_ours_alone(own):
            return own
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))


def _is_ours_alone(folder: Path) -> bool:
    status = folder.lstat()
    return status.st_uid == os.getuid() and status.st_mode & 0o170077 == 0o040000


def find_tmux() -> str:
    """The path of the tmux program."""
    for folder in os.get_exec_path():
        program = f"{folder}/tmux"
        if os.access(program, os.X_OK):
            return program
    raise MissingError("tmux is not installed", "install tmux 3.2 or newer, then: gt doctor")


def _start_unit(unit: str) -> bool:
    from gastown_tmux.edges.processes.systemd import start_unit  # nobody else needs it

    return start_unit(unit)

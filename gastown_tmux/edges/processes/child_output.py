"""Where a child's output goes: a log that stays short, copied by a small process that lives as long as anybody prints.

A thread of ours would not do: what a child left running goes on printing when we are gone.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from gastown_tmux.edges.files import bounded_log
from gastown_tmux.edges.files.atomic import make_folder
from gastown_tmux.errors import GtError

#: How long the copying may go on after those who are waited for have ended.
_COPY_SECONDS = 2.0

_copying: list[subprocess.Popen[bytes]] = []


class ChildOutput:
    """``writer`` is what a child is started with; then ``let_go``, or nobody would see the end of what it prints.

    The log is never much larger than ``size``. Raises GtError where nothing can be copied.
    """

    def __init__(self, log: Path, size: int) -> None:
        # Of a long-lived caller, those that ended would stay zombies.
        _copying[:] = [copier for copier in _copying if copier.poll() is None]
        make_folder(log.parent)
        with suppress(OSError):
            log.touch(mode=0o600)
        command = [sys.executable, "-I", "-S", bounded_log.__file__, str(log), str(size)]
        # What ends a session by its mark leaves the copier to the end of what it reads.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GT_")}
        reader, self.writer = os.pipe()
        try:
            self._copier = subprocess.Popen(
                command, env=environment, cwd="/", stdin=reader, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            os.close(self.writer)
            raise GtError(f"{log} cannot be written: {error.strerror}") from None
        finally:
            os.close(reader)
        _copying.append(self._copier)

    def let_go(self) -> None:
        """Once: only the child and what it starts hold the pipe from now on."""
        os.close(self.writer)

    def finish(self) -> None:
        """Returns when the log has all that was printed, or soon, where somebody goes on printing."""
        with suppress(subprocess.TimeoutExpired):
            self._copier.wait(_COPY_SECONDS)

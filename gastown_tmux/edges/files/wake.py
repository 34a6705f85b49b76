"""A FIFO that says "look again": whoever changed something pokes it, the deacon listens. A lost poke costs a second."""

import contextlib
import os
from pathlib import Path


def poke(fifo: Path) -> None:
    """Never blocks and never fails: nobody may be listening."""
    with contextlib.suppress(OSError):
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, b"!")
        finally:
            os.close(descriptor)


class Listener:
    """The reading end; ``descriptor`` becomes readable when somebody poked."""

    def __init__(self, fifo: Path) -> None:
        self._fifo = fifo
        fifo.parent.mkdir(exist_ok=True)
        if not fifo.is_fifo():
            fifo.unlink(missing_ok=True)
            os.mkfifo(fifo, 0o600)
        # Open for writing too, so that the last writer's close is no end of file.
        self.descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)

    def is_in_place(self) -> bool:
        """Whether those who poke still find this FIFO: a folder wiped meanwhile takes it along."""
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self.descriptor), self._fifo.stat())
        return False

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self.descriptor, 4096):
                pass

    def close(self) -> None:
        os.close(self.descriptor)

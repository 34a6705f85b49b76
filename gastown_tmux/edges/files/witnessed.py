"""A folder that is watched for its own end: whether it was deleted, or only moved."""

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from gastown_tmux.edges.files.waiting import wait_until


class Witnessed:
    """Held open from ``with`` on: a folder that is open tells what became of it, wherever it is."""

    def __init__(self, path: Path, *marks: Path) -> None:
        """``marks``: files without any of which it is as good as deleted, for who works in it may write on for long."""
        self._path, self._marks = path, marks
        self._descriptor = -1

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = -1  # nothing is known of it then
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def is_deleted(self, seconds: float) -> bool:
        """Whether it is deleted within so long; False at once for one that was moved, or of which nothing is known."""

        def is_settled() -> bool:
            return self._is_gone() or not self._path.exists()

        return self._descriptor >= 0 and wait_until(is_settled, seconds) and self._is_gone()

    def _is_gone(self) -> bool:
        held = os.fstat(self._descriptor)
        if held.st_nlink == 0:
            return True
        with contextlib.suppress(OSError):
            return os.path.samestat(held, self._path.stat()) and not any(mark.exists() for mark in self._marks)
        return False

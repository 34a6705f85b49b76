"""A log that stays short: its beginning and its end are kept, and between them a line that says what is left out.

Run as ``python -I -S bounded_log.py PATH SIZE``, it copies its standard input into the log until nobody holds the
other end of the pipe any more. It outlives whoever started it: nobody who prints is ended by a pipe without a reader,
or waits for one. It imports nothing of ours, and nothing slow.
"""

import _signal as signal  # type: ignore[import-not-found]
import fcntl
import os
import select
import sys
import time

#: Seconds between two times that the end is written anew, while more comes than is kept.
PAUSE = 0.5
_PIPE = 2**20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, of Linux
_LONGEST_LINE = 4096
_BEFORE, _AFTER = b"\n[... ", b" bytes left out ...]\n"


class BoundedLog:
    """What is written stands in the file after ``flush``. It has at most ``size`` bytes, and that one line.

    Many may write to one file at once. A disk that takes no more loses what does not fit, and nothing is raised.
    """

    def __init__(self, path: str, size: int) -> None:
        self._path, self._part = path, max(size // 3, _LONGEST_LINE)
        self._new: list[bytes] = []
        self._length = self._dropped = 0
        self._due = 0.0

    def write(self, data: bytes) -> None:
        self._new.append(data)
        self._length += len(data)
        while self._due and self._length - len(self._new[0]) >= self._part:
            gone = len(self._new.pop(0))
            self._length -= gone
            self._dropped += gone

    def flush(self, *, now: bool = True) -> float | None:
        """Unless ``now``, what would have the end written anew too soon stays for later: in how many seconds."""
        if not self._length:
            return None
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self._due = self._due or PAUSE
            return PAUSE
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if not self._dropped and size + self._length <= 3 * self._part:
                _write(descriptor, b"".join(self._new), size)
            elif not now and (left := self._due - time.monotonic()) > 0:
                return left
            else:
                self._shorten(descriptor, size)
                self._due = time.monotonic() + PAUSE
        except OSError:
            pass
        finally:
            os.close(descriptor)
        self._new, self._length, self._dropped = [], 0, 0
        return None

    def _shorten(self, descriptor: int, size: int) -> None:
        old, new = os.pread(descriptor, size, 0), b"".join(self._new)
        head, count, rest = _divide(old)
        if self._dropped:
            count, rest = count + len(rest) + self._dropped, new
        elif count:
            rest += new
        else:
            head += new
        head, rest = head[: self._part], head[self._part :] + rest
        kept = rest[-self._part :]
        kept = kept[kept.find(b"\n", 0, _LONGEST_LINE) + 1 :]
        count += len(rest) - len(kept)
        text = b"%s%s%d%s%s" % (head, _BEFORE, count, _AFTER, kept)
        same = min(len(head), size)
        _write(descriptor, text[same:], same)
        os.ftruncate(descriptor, len(text))


def append(path: str | os.PathLike[str], data: bytes, size: int) -> None:
    """All at once, and whatever is too much left out."""
    log = BoundedLog(os.fspath(path), size)
    log.write(data)
    log.flush()


def _divide(text: bytes) -> tuple[bytes, int, bytes]:
    """The beginning, how many bytes are left out after it, and the end; without such a line all is beginning."""
    place = text.find(_BEFORE)
    while place >= 0:
        start = place + len(_BEFORE)
        stop = text.find(_AFTER, start, start + 20 + len(_AFTER))
        if text[start:stop].isdigit():
            return text[:place], int(text[start:stop]), text[stop + len(_AFTER) :]
        place = text.find(_BEFORE, start)
    return text, 0, b""


def _write(descriptor: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, place)
        place, data = place + written, data[written:]


def main(path: str, size: int) -> None:
    """Until nobody can print any more, whatever signal reaches us."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        try:  # noqa: SIM105 - contextlib costs 3 ms
            fcntl.fcntl(0, _SET_PIPE_SIZE, _PIPE)
        except OSError:  # the user has as many as may be
            pass
    log, wait = BoundedLog(path, size), None
    while True:
        ready = select.select([0], [], [], wait)[0]
        if ready:
            data = os.read(0, _PIPE)
            if not data:
                break
            log.write(data)
        wait = log.flush(now=not ready)
    log.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

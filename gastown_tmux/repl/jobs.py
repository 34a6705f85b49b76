"""Commands that take a while: each in a thread, so that the prompt is there meanwhile; each can be interrupted."""

import ctypes
import threading
import time
from collections.abc import Callable


class Job:
    """``run`` in a thread of its own. ``interrupt`` does there what Ctrl-C does to a program."""

    def __init__(self, number: int, title: str, run: Callable[[], None], done: Callable[["Job"], None]) -> None:
        self.number = number
        self.title = title
        self._started = time.monotonic()
        self._done = done
        self._run = run
        self._is_over = False
        # Taken again by the same thread: a signal handler may run while it is held.
        self._gate = threading.RLock()
        self._thread = threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float | None) -> bool:
        """Whether it has ended; None waits for its end."""
        self._thread.join(seconds)
        return not self.is_running

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in its thread: at once, or when the system call it waits in returns. One that has
        done its work is left in peace."""
        with self._gate:
            if self._thread.ident is not None and not self._is_over:
                _raise_in(self._thread.ident, ctypes.py_object(KeyboardInterrupt))

    def _work(self) -> None:
        try:
            try:
                self._run()
            finally:
                self._close()
        except KeyboardInterrupt:
            self._close()  # it came after the work, and before the gate was shut
        finally:
            self._done(self)

    def _close(self) -> None:
        """From here on nothing is raised in this thread, nor what was to be."""
        with self._gate:
            self._is_over = True
            _raise_in(threading.get_ident(), None)


def _raise_in(thread: int, error: "ctypes.py_object[type[BaseException]] | None") -> None:
    """At its next step; None takes back what has not been raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)


class Jobs:
    """Those that run, oldest first."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._running: list[Job] = []
        # As a job's: Ctrl-C asks what runs wherever the prompt's own thread is.
        self._lock = threading.RLock()
        self._number = 0
        self._on_change = on_change

    def start(self, title: str, run: Callable[[], None]) -> Job:
        with self._lock:
            self._number = self._number + 1 if self._running else 1
            job = Job(self._number, title, run, self._forget)
            self._running.append(job)
        return job

    def running(self) -> list[Job]:
        with self._lock:
            return list(self._running)

    def interrupt_last(self) -> Job | None:
        running = self.running()
        if not running:
            return None
        running[-1].interrupt()
        return running[-1]

    def _forget(self, job: Job) -> None:
        with self._lock:
            if job in self._running:
                self._running.remove(job)
        self._on_change()

"""An interrupt reaches the work it was meant for, and nothing else, whenever it comes."""

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gastown_tmux.repl.jobs import Job, Jobs


@pytest.fixture(autouse=True)
def no_thread_dies() -> Iterator[None]:
    died: list[Any] = []
    was, threading.excepthook = threading.excepthook, died.append
    yield
    threading.excepthook = was
    assert died == []


def test_a_job_is_interrupted_where_it_waits(wait_for: Callable[..., Any]) -> None:
    caught, started = threading.Event(), threading.Event()

    def work() -> None:
        try:
            started.set()
            while True:
                threading.Event().wait(0.01)
        except KeyboardInterrupt:
            caught.set()
            raise

    jobs = Jobs(lambda: None)
    jobs.start("work", work)
    assert started.wait(5) and jobs.interrupt_last() is not None
    assert caught.wait(5)
    wait_for(lambda: jobs.running() == [], 5, "the job to leave the list")


def test_an_interrupt_in_a_finished_job_is_none(wait_for: Callable[..., Any]) -> None:
    """While its end is told, it still stands in the list, and Ctrl-C finds it there."""
    telling, told = threading.Event(), threading.Event()

    def tell() -> None:
        telling.set()
        told.wait(5)
        for _ in range(1000):
            len("here an interrupt would be raised")

    jobs = Jobs(tell)
    job = jobs.start("work", lambda: None)
    assert telling.wait(5)
    job.interrupt()
    told.set()
    assert job.wait(5)
    assert jobs.running() == []


def test_whenever_it_comes_the_job_leaves_the_list() -> None:
    jobs, started = Jobs(lambda: None), list[Job]()
    for number in range(300):
        started.append(jobs.start("work", lambda: None))
        threading.Event().wait(number * 1e-6)
        started[-1].interrupt()
        started[-1].interrupt()
    assert all(job.wait(5) for job in started)
    assert jobs.running() == []


def test_a_signal_while_the_list_is_asked_locks_nobody_up() -> None:
    jobs = Jobs(lambda: None)
    was = signal.signal(signal.SIGUSR1, lambda number, frame: jobs.running() and None)
    try:
        with jobs._lock:  # as ``start`` has it, in the thread that signals come to
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, was)

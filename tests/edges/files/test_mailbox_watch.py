import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.files.mailbox_watch import BoxWatcher


class Watched:
    """A watcher whose wakings are counted and can be waited for."""

    def __init__(self) -> None:
        self.woken = threading.Semaphore(0)
        self.fails = False
        self.watcher = BoxWatcher(self.wake)

    def wake(self) -> None:
        self.woken.release()
        if self.fails:
            raise RuntimeError("the handler is broken")

    def reported(self) -> frozenset[Path]:
        """What was reported at the next waking that reports anything; empty after ten seconds without one."""
        while self.woken.acquire(timeout=10.0):
            if boxes := self.watcher.take():
                return boxes
        return frozenset()

    def settle(self) -> None:
        while self.woken.acquire(timeout=0.1):
            pass
        self.watcher.take()


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.watcher.stop()


@pytest.fixture
def boxes(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("mayor", "acme.nux", "acme.rust")]
    for box in made:
        for part in ("tmp", "new", "cur"):
            (box / part).mkdir(parents=True)
    return made


def put(box: Path, name: str) -> None:
    (box / "tmp" / name).write_text("x")
    (box / "tmp" / name).rename(box / "new" / name)


def test_a_new_box_is_reported_at_once_since_mail_may_wait_in_it(watched: Watched, boxes: list[Path]) -> None:
    watched.watcher.refresh(boxes)
    assert watched.watcher.take() == set(boxes)
    assert watched.watcher.take() == frozenset()
    watched.watcher.refresh(boxes)
    assert watched.watcher.take() == frozenset()


def test_linked_and_renamed_mail_is_reported_for_its_box_only(watched: Watched, boxes: list[Path]) -> None:
    watched.watcher.refresh(boxes)
    watched.settle()
    put(boxes[1], "a")
    assert watched.reported() == {boxes[1]}
    (boxes[2] / "tmp" / "b").write_text("x")
    os.link(boxes[2] / "tmp" / "b", boxes[2] / "new" / "b")
    assert watched.reported() == {boxes[2]}


def test_a_handler_that_raises_ends_nothing(watched: Watched, boxes: list[Path]) -> None:
    watched.fails = True
    watched.watcher.refresh(boxes)
    watched.settle()
    for n in range(3):
        put(boxes[0], str(n))
        assert watched.reported() == {boxes[0]}
    assert watched.watcher.health().alive == set(boxes)


def test_a_folder_made_again_is_watched_again_by_refresh(watched: Watched, boxes: list[Path]) -> None:
    watched.watcher.refresh(boxes)
    watched.settle()
    shutil.rmtree(boxes[0])
    until_dead(watched, boxes[0])
    assert watched.watcher.health().alive == set(boxes[1:])
    watched.watcher.refresh(boxes)
    assert "No such file" in watched.watcher.health().dead[boxes[0]]
    for part in ("tmp", "new"):
        (boxes[0] / part).mkdir(parents=True)
    watched.watcher.refresh(boxes)
    assert watched.watcher.health().dead == {}
    watched.settle()
    put(boxes[0], "a")
    assert watched.reported() == {boxes[0]}


def until_dead(watched: Watched, box: Path) -> None:
    ticking = threading.Event()
    for _ in range(200):
        if box in watched.watcher.health().dead:
            return
        ticking.wait(0.01)
    raise AssertionError("still alive after two seconds")


def test_a_folder_moved_away_and_replaced_is_not_taken_for_watched(watched: Watched, boxes: list[Path]) -> None:
    watched.watcher.refresh(boxes)
    boxes[0].rename(boxes[0].with_name("old"))
    (boxes[0] / "tmp").mkdir(parents=True)
    (boxes[0] / "new").mkdir()
    assert set(watched.watcher.health().dead) == {boxes[0]}
    watched.watcher.refresh(boxes)
    watched.settle()
    put(boxes[0], "a")
    assert watched.reported() == {boxes[0]}


def test_boxes_left_out_are_no_longer_watched(watched: Watched, boxes: list[Path]) -> None:
    watched.watcher.refresh(boxes)
    watched.watcher.refresh(boxes[:1])
    watched.settle()
    put(boxes[1], "a")
    put(boxes[0], "b")
    assert watched.reported() == {boxes[0]}
    assert watched.watcher.health().alive == {boxes[0]}


def test_restart_and_an_observer_that_ended(watched: Watched, boxes: list[Path]) -> None:
    watched.watcher.refresh(boxes)
    watched.watcher.restart()
    watched.settle()
    put(boxes[0], "a")
    assert watched.reported() == {boxes[0]}
    watched.watcher.stop()
    assert set(watched.watcher.health().dead) == set(boxes)
    watched.watcher.refresh(boxes)
    assert watched.watcher.health().dead == {}


def test_stop_leaves_no_thread(boxes: list[Path]) -> None:
    before = threading.active_count()
    watcher = BoxWatcher(lambda: None)
    watcher.refresh(boxes)
    assert threading.active_count() > before
    watcher.stop()
    assert threading.active_count() == before


def test_limits_are_told_not_raised_and_healed_by_the_next_refresh(boxes: list[Path]) -> None:
    script = """
import os, resource, sys
from pathlib import Path
import watchdog.observers
from gastown_tmux.edges.files.mailbox_watch import BoxWatcher
boxes = [Path(p) for p in sys.argv[1:]]
watcher = BoxWatcher(lambda: None)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
watcher.refresh(boxes)
health = watcher.health()
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
assert not health.alive and len(health.dead) == 3, health
watcher.refresh(boxes)
assert len(watcher.health().alive) == 3, watcher.health()
watcher.stop()
print(*health.dead.values(), sep="\\n")
"""
    run = subprocess.run([sys.executable, "-c", script, *map(str, boxes)], capture_output=True, timeout=30)
    assert run.returncode == 0, run.stderr.decode()
    assert run.stdout.decode().splitlines() == ["[Errno 24] inotify instance limit reached"] * 3


def test_watchdog_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, gastown_tmux.edges.files.mailbox_watch; sys.exit('watchdog' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0

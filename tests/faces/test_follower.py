"""Looks at what is wanted, in a thread: what is wanted anew is never missed, and the end is the last of it."""

import queue
import threading

from gastown_tmux.faces.follower import Follower

NEVER = 60.0


def test_what_is_wanted_anew_is_looked_at_at_once() -> None:
    looks = queue.Queue[tuple[str, bool]]()
    ends = queue.Queue[str]()

    def look(wanted: str, new: bool) -> float:
        looks.put((wanted, new))
        return NEVER

    follower = Follower("looks", "nothing", look, lambda: ends.put(threading.current_thread().name))
    follower.start()
    assert looks.get(timeout=10) == ("nothing", False)
    follower.want("toast")
    assert looks.get(timeout=10) == ("toast", True)
    follower.stop()
    assert ends.get(timeout=10) == "looks"


def test_a_wish_during_a_look_is_not_lost() -> None:
    looks = queue.Queue[tuple[str, bool]]()

    def look(wanted: str, new: bool) -> float:
        if wanted == "toast":
            follower.want("rye")
        looks.put((wanted, new))
        return NEVER

    follower = Follower("looks", "toast", look)
    follower.start()
    assert [looks.get(timeout=10) for _ in range(2)] == [("toast", False), ("rye", True)]
    follower.stop()


def test_it_looks_again_by_itself() -> None:
    looks = queue.Queue[bool]()

    def look(wanted: None, new: bool) -> float:
        looks.put(new)
        return 0.0

    follower = Follower("looks", None, look)
    follower.start()
    assert [looks.get(timeout=10) for _ in range(3)] == [False] * 3
    follower.stop()

"""How long a person waits for the town on a whole screen, and how late it is."""

import itertools

from faces import Repl, begin_storm, make_town
from harness import PYTHON, Action, Goal, Scratch, benchmark, command

from gastown_tmux.domain.events import EventType
from gastown_tmux.faces.snapshot import read_snapshot


@benchmark("feed, 30 agents, to the first screen", Goal(1, 600))
def first_screen(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, 30, 100)

    def look() -> None:
        feed = Repl(town.path, "feed")
        try:
            feed.read_until(b"bead number")
        finally:
            feed.close()

    return command(PYTHON, "-c", "import textual.app"), look


@benchmark("event to drawn in the feed, 100 events/s", Goal(0, 150, tail=150))
def event_to_drawn(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, 30, 100)
    feed = Repl(town.path, "feed")
    scratch.cleanup.callback(feed.close)
    feed.read_until(b"bead number")
    feed.type(b"7")
    begin_storm(scratch, town)
    numbers = itertools.count(1)
    # Its connection is another's: that of the storm is in the middle of something.
    writer = town.acting_as(town.actor)

    def happen() -> None:
        subject = f"zz-{next(numbers):05}"
        with writer.change() as change:
            change.event(EventType.BEAD_MERGED, subject)
        feed.read_until(subject.encode())

    return lambda: None, happen


@benchmark("faces' reading, 30 agents, 10,000 beads", Goal(0, 100))
def reading(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch, 30, 10_000)
    return lambda: None, lambda: read_snapshot(town)

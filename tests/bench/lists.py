"""What lists cost in one process, beside the bare query of their rows: 10,000 beads, 500 convoys."""

import os
from collections.abc import Callable
from functools import partial

from faces import make_town
from harness import Action, Goal, Scratch, benchmark
from scale import fill

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.operations.explaining.why import why
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import bead_story, convoys, scheduler
from gastown_tmux.store import beads, scheduling
from gastown_tmux.store import convoys as convoy_rows

SHOWN = 50


def make_full_town(scratch: Scratch) -> Town:
    made = make_town(scratch, 30, 9_000)
    fill(made, 700, 300)
    ids = [bead for bead, _, _ in beads.list_titles(made.db)]
    with made.change() as change:
        for number in range(500):
            convoy = convoy_rows.insert_convoy(change, f"convoy {number}", ())
            convoy_rows.add_to_convoy(change, convoy, ids[number * 10 : number * 10 + 10])
    made.close()
    town = Town(made.path, OVERSEER, dict(os.environ))
    scratch.cleanup.callback(town.close)
    return town


def ready(town: Town) -> tuple[Action, Action]:
    return partial(beads.list_ready, town.db), partial(bead_story.list_ready, town)


def shown(town: Town) -> tuple[Action, Action]:
    floor = partial(beads.page_beads, town.db, beads.BeadFilter(), SHOWN)
    return floor, partial(bead_story.list_beads, town, limit=SHOWN)


def schedule(town: Town) -> tuple[Action, Action]:
    def floor() -> None:
        scheduling.list_candidates(town.db)
        scheduling.list_given_out(town.db)

    return floor, partial(scheduler.show_scheduler, town)


def explained(town: Town) -> tuple[Action, Action]:
    last = beads.list_ready(town.db)[-1].id
    return partial(beads.find_bead, town.db, last), partial(why, town, last)


def convoy_list(town: Town) -> tuple[Action, Action]:
    return partial(convoy_rows.list_convoys, town.db), partial(convoys.list_convoys, town)


def register(name: str, goal: Goal, make: Callable[[Town], tuple[Action, Action]]) -> None:
    benchmark(f"{name}, 10,000 beads", goal)(lambda scratch: make(make_full_town(scratch)))


# What stands beside a few rows is a look at the town, which costs the same in a small one.
register("bead ready", Goal(2), ready)
register("bead list --limit 50", Goal(2, extra=5), shown)
register("scheduler", Goal(2), schedule)
register("why", Goal(2, extra=5), explained)
register("convoy list", Goal(2), convoy_list)

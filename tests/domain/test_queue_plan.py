"""The plan of the queue: known cases by name, then thousands of random queues against a model that is simple."""

import itertools
import math
import random
from dataclasses import replace

import pytest

from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId
from gastown_tmux.domain.merging import LIVE, MergeState, Verdict, judge_status
from gastown_tmux.domain.queue_plan import Probe, Search, Waiting, Window, choose, count_intact, find_holds, take_up
from tests.domain.queue_world import ROOT, QueueWorld, is_on, make_request, parent_of, parts


def entry(number: int, *, needs: str = "", holds: str = "", alone: bool = False, due: bool = True) -> Waiting:
    return Waiting(
        MergeRequestId(f"r{number}"),
        BeadId(f"b{number}"),
        frozenset(BeadId(f"b{one}") for one in needs.split()),
        frozenset(MergeRequestId(f"r{one}") for one in holds.split()),
        alone=alone,
        due=due,
    )


ORDER = {
    "first come, first served": ([entry(0), entry(1), entry(2)], 8, "r0 r1 r2", ""),
    "a batch has a size": ([entry(0), entry(1), entry(2)], 2, "r0 r1", ""),
    "what waits for a better time lets others pass": ([entry(0, due=False), entry(1)], 8, "r1", ""),
    "what is needed goes first, in the same batch": ([entry(0, needs="1"), entry(1)], 8, "r1 r0", ""),
    "what is needed goes first, alone where there is room for one": ([entry(0, needs="1"), entry(1)], 1, "r1", ""),
    "what needs something that is not in the queue waits": ([entry(0, needs="7"), entry(1)], 8, "r1", "r0"),
    "and so does what needs that": ([entry(0, needs="1"), entry(1, needs="7")], 8, "", "r0 r1"),
    "what needs something that must wait, waits": ([entry(0, needs="1"), entry(1, due=False)], 8, "", "r0"),
    "a stack goes from its bottom": ([entry(2, holds="0 1"), entry(1, holds="0"), entry(0)], 8, "r0 r1 r2", ""),
    "a stack on what a person holds waits": ([entry(1, holds="0")], 8, "", "r1"),
    "half a stack is no harm": ([entry(2, holds="0 1"), entry(1, holds="0"), entry(0)], 2, "r0 r1", ""),
    "what may have ended a refinery goes alone": ([entry(0, alone=True), entry(1)], 8, "r0", ""),
    "and keeps nobody from going before it": ([entry(0), entry(1, alone=True), entry(2)], 8, "r0 r2", ""),
    "a circle goes in the order of the queue": ([entry(0, needs="1"), entry(1, holds="0")], 8, "r1 r0", ""),
    "nothing of nothing": ([], 8, "", ""),
}


@pytest.mark.parametrize("case", ORDER)
def test_order(case: str) -> None:
    queue, most, members, waits = ORDER[case]
    choice = choose(queue, most)
    assert (" ".join(choice.members), " ".join(sorted(choice.waits))) == (members, waits)


def test_whatever_is_queued_something_is_chosen_or_all_that_is_due_waits() -> None:
    chance = random.Random(5)
    for _ in range(2000):
        count = chance.randrange(1, 7)
        queue = [
            entry(
                number,
                needs=" ".join(str(n) for n in range(8) if n != number and chance.random() < 0.15),
                holds=" ".join(str(n) for n in range(7) if n != number and chance.random() < 0.15),
                alone=chance.random() < 0.2,
                due=chance.random() < 0.8,
            )
            for number in range(count)
        ]
        choice = choose(queue, chance.randrange(1, 9))
        due = {waiting.id for waiting in queue if waiting.due}
        assert choice.members or due <= set(choice.waits), queue
        assert len(set(choice.members)) == len(choice.members) and set(choice.members) <= due - set(choice.waits)


def search(size: int, red: set[int]) -> tuple[int, int | None, int]:
    """What is green, who is at fault, and in how many runs, where these positions turn a chain red."""
    found, runs = Search(size), 0
    while isinstance(step := found.step(), Probe):
        runs += 1
        found = found.judged(step.prefix, not any(position < step.prefix for position in red))
    return step.green, step.culprit, runs


def test_a_search_finds_the_first_culprit_within_the_bound() -> None:
    for size in range(1, 34):
        assert search(size, set()) == (size, None, 1)
        for first in range(size):
            green, culprit, runs = search(size, {first, size - 1})
            assert (green, culprit) == (first, first) and runs <= 1 + math.ceil(math.log2(size))


def test_a_batch_takes_no_more_runs_than_promised() -> None:
    """For each choice of up to three culprits of twelve, and for many of thirty."""
    sets = [set(each) for k in range(4) for each in itertools.combinations(range(12), k)]
    chance = random.Random(7)
    for size, red in [(12, red) for red in sets] + [(30, set(chance.sample(range(30), 3))) for _ in range(300)]:
        world = QueueWorld.of(size, most=size)
        world.culprits = {f"r{number}" for number in red}
        world.run()
        assert set(world.states(MergeState.REJECTED)) == world.culprits and not world.told_pairs
        assert len(parts(world.target)) == size - len(red)
        asked = sum(number > 0 and number - 1 not in red for number in red)
        bound = len(red) * math.ceil(math.log2(size)) + len(red) + 1
        assert world.runs <= bound + asked, (red, world.runs)


def test_a_window_starts_full_halves_and_doubles() -> None:
    window, sizes = Window(8, 8), []
    for green in (False, False, False, False, True, True, True, True):
        window = window.after(green=green)
        sizes.append(window.size)
    assert sizes == [4, 2, 1, 1, 2, 4, 8, 8]
    assert window.within(8) is window and window.within(3) == Window(3, 3)


# Cases that bors, Zuul, GitHub's and Mergify's queues and Gas Town's batcher have tests or reports of. What fails, with
# what, what clashes; then what lands, in order, what comes back, and what is told to fail in company only.
KNOWN = {
    "all green lands as one": ("4", "", "", "", "r0 r1 r2 r3", ""),
    "one alone and red": ("1", "0", "", "", "", "r0"),
    "the first is red": ("4", "0", "", "", "r1 r2 r3", "r0"),
    "the last is red": ("4", "3", "", "", "r0 r1 r2", "r3"),
    "one in the middle is red": ("5", "2", "", "", "r0 r1 r3 r4", "r2"),
    "two are red": ("6", "1 4", "", "", "r0 r2 r3 r5", "r1 r4"),
    "two neighbours are red": ("4", "1 2", "", "", "r0 r3", "r1 r2"),
    "all are red": ("4", "0 1 2 3", "", "", "", "r0 r1 r2 r3"),
    "a pair: the later one comes back": ("4", "", "1,3", "", "r0 r1 r2", "r3"),
    "a pair of neighbours": ("2", "", "0,1", "", "r0", "r1"),
    "two pairs with one in common": ("4", "", "0,2 0,3", "", "r0 r1", "r2 r3"),
    "a pair of which one is red by itself": ("4", "1", "1,3", "", "r0 r2 r3", "r1"),
    "a conflict is split off before any gate": ("4", "", "", "0,2", "r0 r1 r3", "r2"),
    "a conflict with one that comes back is none": ("3", "0", "", "0,2", "r1 r2", "r0"),
    "two conflicts with one": ("4", "", "", "0,1 0,3", "r0 r2", "r1 r3"),
    "all conflict with the first": ("4", "", "", "0,1 0,2 0,3", "r0", "r1 r2 r3"),
    "all conflict with the first, which comes back": ("4", "0", "", "0,1 0,2 0,3", "r1 r2 r3", "r0"),
    "a ring of conflicts": ("3", "", "", "0,1 1,2 0,2", "r0", "r1 r2"),
    "a chain of conflicts": ("3", "", "", "0,1 1,2", "r0 r2", "r1"),
    "a conflict with one that is red in company": ("3", "", "0,1", "1,2", "r0 r2", "r1"),
    "both a pair and a conflict with one": ("3", "", "0,2", "0,1", "r0", "r1 r2"),
    "three of which any two fail": ("3", "", "0,1 1,2 0,2", "", "r0", "r1 r2"),
    "three that fail only all together": ("3", "", "0,1,2", "", "r0 r1", "r2"),
    "a pair of which the first comes back for a conflict": ("4", "", "1,3", "0,1", "r0 r2 r3", "r1"),
    "a pair over the border of a batch": ("10", "", "7,8", "", " ".join(f"r{n}" for n in range(10) if n != 8), "r8"),
    "a conflict over the border of a batch": ("9", "", "", "0,8", " ".join(f"r{n}" for n in range(8)), "r8"),
    "the last of a full batch and the first of the next are red": (
        "9",
        "7 8",
        "",
        "",
        " ".join(f"r{n}" for n in range(7)),
        "r7 r8",
    ),
    "more than a batch": ("20", "3 17", "", "", " ".join(f"r{n}" for n in range(20) if n not in (3, 17)), "r3 r17"),
}


# What is red on the target as it is by then is no pair: by itself it would not pass either.
PAIRS = {
    "a conflict with one that is red in company": "r1",
    "both a pair and a conflict with one": "r2",
    "three of which any two fail": "r1",
    "three that fail only all together": "r2",
    "a pair over the border of a batch": "",
    "a pair: the later one comes back": "r3",
    "a pair of neighbours": "r1",
    "two pairs with one in common": "r2",
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_cases(case: str) -> None:
    count, culprits, pairs, clashes, lands, comes_back = KNOWN[case]
    world = QueueWorld.of(int(count))
    world.culprits = {f"r{number}" for number in culprits.split()}
    world.pairs = [{f"r{number}" for number in pair.split(",")} for pair in pairs.split()]
    world.clashes = [{f"r{number}" for number in pair.split(",")} for pair in clashes.split()]
    world.run()
    assert " ".join(parts(world.target)) == lands
    back = world.states(MergeState.REJECTED) + world.states(MergeState.CONFLICTED)
    assert sorted(back) == sorted(comes_back.split())
    assert " ".join(world.told_pairs) == PAIRS.get(case, "")


def test_a_stack_lands_bottom_first_whatever_the_order_of_the_queue() -> None:
    world = QueueWorld.of(4)
    world.stacks = {"r0": {"r2"}, "r2": {"r3"}}
    world.run()
    assert parts(world.target) == ["r3", "r2", "r0", "r1"]


def test_what_needs_one_that_came_back_waits() -> None:
    world = QueueWorld.of(3)
    world.needs, world.culprits = {"r1": {"r0"}}, {"r0"}
    world.run()
    assert parts(world.target) == ["r2"] and world.states(MergeState.QUEUED) == ["r1"]


def test_a_verdict_counts_only_for_the_commit_and_the_state_it_is_of() -> None:
    commits = [Commit(name) for name in ("0+r0", "0+r0+r1", "0+r0+r1+r2")]
    rows = [
        replace(make_request(number), state=MergeState.TESTING, candidate=commit)
        for number, commit in enumerate(commits)
    ]
    assert count_intact(rows, commits) == 3
    assert count_intact([rows[0], replace(rows[1], state=MergeState.REJECTED), rows[2]], commits) == 1
    assert count_intact([rows[0], replace(rows[1], candidate=Commit("0+r1")), rows[2]], commits) == 1
    assert count_intact([replace(rows[0], state=MergeState.QUEUED), *rows[1:]], commits) == 0


def test_what_was_left_half_way() -> None:
    """A chain that fits is published again whole; what is on the target is merged, by whichever candidate; the rest
    goes back.
    """
    chain = [Commit("0+r0"), Commit("0+r0+r1")]
    publishing = [
        replace(make_request(number), state=MergeState.PUBLISHING, candidate=commit)
        for number, commit in enumerate(chain)
    ]
    testing = replace(make_request(2), state=MergeState.TESTING, candidate=Commit("0+r0+r1+r2"))
    queued = make_request(3)
    rows = [*publishing, testing, queued]
    published = {row.id: [row.candidate] for row in publishing if row.candidate}
    fits = take_up(rows, published, set(), "main", ROOT, parent_of)
    assert (fits.landed, fits.again, fits.back) == ((), tuple(publishing), (testing,))
    moved = take_up(rows, published, set(), "main", Commit("0+x"), parent_of)
    assert (moved.landed, moved.again, moved.back) == ((), (), (*publishing, testing))
    renamed = take_up(rows, published, set(), "trunk", ROOT, parent_of)
    assert renamed.back == (*publishing, testing)
    there = take_up(rows, published, set(chain), "main", chain[-1], parent_of)
    assert there.landed == tuple(zip(publishing, chain, strict=True)) and there.back == (testing,)
    old = Commit("0+r3")
    late = take_up(rows, {**published, queued.id: [old]}, {old}, "main", old, parent_of)
    assert late.landed == ((queued, old),)


def test_which_branch_is_built_on_which() -> None:
    a, b, c = (MergeRequestId(name) for name in "abc")
    history = {Commit("2"): [Commit("1")], Commit("1"): [ROOT], Commit("3"): [Commit("2"), ROOT]}
    heads = [(c, Commit("3")), (a, Commit("1")), (b, Commit("1"))]
    assert find_holds(history, heads) == {c: {a, b}, a: set(), b: {a}}
    assert find_holds({}, [(a, Commit("1"))]) == {a: set()}


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.PASSED, (0,)),
        (Verdict.FAILED, (1, 2, 124, 128, -11, 139, 134)),
        (Verdict.LATE, (None,)),
        (Verdict.NONE, (75, 126, 127, -9, 137, -15, 143, -1, 130)),
    ],
)
def test_what_a_status_says(verdict: Verdict, statuses: tuple[int | None, ...]) -> None:
    assert {judge_status(status) for status in statuses} == {verdict}


def draw(chance: random.Random) -> QueueWorld:
    count = chance.randrange(1, 14)
    world = QueueWorld.of(count, most=chance.choice((1, 2, 3, 8)))
    ids = list(world.rows)
    world.culprits = {id for id in ids if chance.random() < 0.15}
    for drawn in (world.pairs, world.clashes):
        drawn += [set(chance.sample(ids, 2)) for _ in range(chance.randrange(3)) if count > 1]
    for number, id in enumerate(ids[1:], start=1):
        if chance.random() < 0.2:
            world.stacks[id] = {chance.choice(ids[:number])}
        if chance.random() < 0.15:
            world.needs[id] = {chance.choice(ids[:number])}
    return world


def model(world: QueueWorld) -> list[str]:
    """One after another, in the order of the queue: what lands."""
    landed: list[str] = []
    waiting: set[str] = set()
    for id in world.rows:
        tip = Commit("+".join([ROOT, *landed]))
        if not world.needs.get(id, set()) <= set(landed) or world.stacks.get(id, set()) & waiting:
            waiting.add(id)
        elif not world.is_red(Commit(f"{tip}+{id}")):
            landed.append(id)
    return landed


def test_what_lands_is_what_would_land_one_by_one() -> None:
    """Without clashes: of two the earlier one may wait, because it clashes with a third, and the later one lands."""
    for seed in range(600):
        world = draw(random.Random(seed))
        world.clashes.clear()
        expected = model(world)
        world.run()
        assert sorted(parts(world.target)) == sorted(expected), seed
        check(world, seed)


def test_killed_at_any_step_nothing_is_lost_doubled_or_merged_falsely() -> None:
    for seed in range(1500):
        chance = random.Random(seed)
        world = draw(chance)
        world.run(chance, disturb=chance.choice((0.02, 0.1, 0.3)))
        check(world, seed)


def check(world: QueueWorld, seed: int) -> None:
    landed = [part for part in parts(world.target) if part.startswith("r")]
    assert len(set(landed)) == len(landed), seed
    assert set(landed) == set(world.states(MergeState.MERGED)), seed
    assert not world.is_red(world.target), seed
    for id, row in world.rows.items():
        if row.state is MergeState.MERGED:
            assert row.merged_commit is not None and is_on(row.merged_commit, world.target), seed
        elif row.state is MergeState.REJECTED and row.reason != "person":
            assert world.is_red(Commit(f"{world.target}+{id}")), seed
        elif row.state is MergeState.CONFLICTED:
            assert world.clash(world.target, id), seed
        else:
            # Only what needs something that did not land, and what is built on that, is still there.
            assert row.state not in LIVE or id in world.plan().waits, (seed, id)
    for id, under in world.stacks.items():
        if world.has_landed(id) and any(map(world.has_landed, under)):
            assert landed.index(id) > max(landed.index(one) for one in under if world.has_landed(one)), seed

"""What happens in the middle of a batch, case by case: somebody rejects, pushes, submits, or the refinery is killed.

Kinds of cases that other queues have tests or reports of. The moment is the first at which a request is in a state, in
testing with its candidate made: with the last one's, the gates are next.
"""

from collections.abc import Callable

import pytest

from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MERGE_REQUEST, MergeState
from tests.domain.queue_world import QueueWorld, make_request, parts

Act = Callable[[QueueWorld], None]
TESTING, PUBLISHING, MERGED = MergeState.TESTING, MergeState.PUBLISHING, MergeState.MERGED


def reject(*ids: str) -> Act:
    def act(world: QueueWorld) -> None:
        for id in ids:
            if MERGE_REQUEST.can(world.rows[id].state, "reject"):
                world.move(id, "reject", reason="a person's word")

    return act


def push(name: str) -> Act:
    def act(world: QueueWorld) -> None:
        world.target = Commit(f"{world.target}+{name}")

    return act


def submit(number: int) -> Act:
    def act(world: QueueWorld) -> None:
        world.rows[f"r{number}"] = make_request(number)

    return act


def newer(old: str, number: int) -> Act:
    """Its author has more: what is on its way makes way."""

    def act(world: QueueWorld) -> None:
        world.move(old, "supersede")
        submit(number)(world)

    return act


def kill(late_push: bool) -> Act:
    def act(world: QueueWorld) -> None:
        world.kill(orphan=late_push)
        raise KilledError

    return act


class KilledError(Exception):
    pass


def run(world: QueueWorld, who: str, state: MergeState, act: Act) -> None:
    refinery, waits = world.refinery(), True
    for _ in range(2000):
        row = world.rows[who]
        if waits and row.state is state and (state is not TESTING or row.candidate is not None):
            waits = False
            try:
                act(world)
            except KilledError:
                refinery.close()
                refinery = world.refinery()
        if world.orphans and not waits:
            world.push(*world.orphans.pop())
        try:
            next(refinery)
        except StopIteration:
            assert not waits, "the moment never came"
            return
    raise AssertionError("it does not come to rest")


#: Who is in which state when what is done, what is red; then what lands, in order, and what does not.
CASES: dict[str, tuple[str, MergeState, Act, str, str, str]] = {
    "one is rejected while it is tested": ("r3", TESTING, reject("r1"), "", "r0 r2 r3", "r1"),
    "the first is rejected while it is tested": ("r3", TESTING, reject("r0"), "", "r1 r2 r3", "r0"),
    "the last is rejected while it is tested": ("r3", TESTING, reject("r3"), "", "r0 r1 r2", "r3"),
    "all are rejected while they are tested": ("r3", TESTING, reject("r0", "r1", "r2", "r3"), "", "", "r0 r1 r2 r3"),
    "a rejection while it is pushed comes too late": ("r0", PUBLISHING, reject("r0"), "", "r0 r1 r2 r3", ""),
    "the culprit is rejected by a person first": ("r3", TESTING, reject("r2"), "2", "r0 r1 r3", "r2"),
    "another than the culprit is rejected": ("r3", TESTING, reject("r1"), "2", "r0 r3", "r1 r2"),
    "somebody pushes while a batch is tested": ("r3", TESTING, push("x"), "", "x r0 r1 r2 r3", ""),
    "somebody pushes while a batch with a culprit is tested": ("r3", TESTING, push("x"), "1", "x r0 r2 r3", "r1"),
    "somebody pushes while a batch is pushed": ("r0", PUBLISHING, push("x"), "", "x r0 r1 r2 r3", ""),
    "somebody pushes after the green part has landed": ("r0", MERGED, push("x"), "2", "r0 r1 x r3", "r2"),
    "one more is submitted while a batch is tested": ("r3", TESTING, submit(4), "", "r0 r1 r2 r3 r4", ""),
    "one more is submitted while a batch is pushed": ("r0", PUBLISHING, submit(4), "", "r0 r1 r2 r3 r4", ""),
    "a newer head comes while the old one is tested": ("r3", TESTING, newer("r1", 5), "", "r0 r2 r3 r5", ""),
    "a newer head of the culprit comes": ("r3", TESTING, newer("r1", 5), "1", "r0 r2 r3 r5", ""),
    "killed while a batch is built": ("r2", TESTING, kill(False), "", "r0 r1 r2 r3", ""),
    "one is rejected while another is built": ("r2", TESTING, reject("r1"), "", "r0 r2 r3", "r1"),
    "killed while a batch is tested": ("r3", TESTING, kill(False), "", "r0 r1 r2 r3", ""),
    "killed while a batch with a culprit is tested": ("r3", TESTING, kill(False), "3", "r0 r1 r2", "r3"),
    "killed before the push": ("r3", PUBLISHING, kill(False), "", "r0 r1 r2 r3", ""),
    "killed, and the push arrives after all": ("r3", PUBLISHING, kill(True), "", "r0 r1 r2 r3", ""),
    "killed while rows are told of the push": ("r1", MERGED, kill(False), "", "r0 r1 r2 r3", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_in_the_middle_of_a_batch(case: str) -> None:
    who, state, act, culprits, lands, comes_back = CASES[case]
    world = QueueWorld.of(4)
    world.culprits = {f"r{number}" for number in culprits.split()}
    run(world, who, state, act)
    assert sorted(parts(world.target)) == sorted(lands.split()) and len(set(parts(world.target))) == len(lands.split())
    if "killed" not in case:
        assert " ".join(parts(world.target)) == lands
    assert sorted(world.states(MergeState.REJECTED)) == sorted(comes_back.split())
    landed = {id for id in lands.split() if id.startswith("r")}
    assert set(world.states(MERGED)) == landed, "told as merged is what is there, and nothing else"


def test_the_bottom_of_a_stack_is_rejected_while_it_is_tested() -> None:
    """Its head is in the other's history: that goes on for itself, with all that it holds."""
    world = QueueWorld.of(2)
    world.stacks = {"r1": {"r0"}}
    run(world, "r1", TESTING, reject("r0"))
    assert parts(world.target) == ["r1"] and world.states(MergeState.REJECTED) == ["r0"]


def test_what_is_needed_is_rejected_while_it_is_tested() -> None:
    world = QueueWorld.of(3)
    world.needs = {"r1": {"r0"}}
    run(world, "r0", TESTING, reject("r0"))
    assert parts(world.target) == ["r2"] and world.states(MergeState.QUEUED) == ["r1"]

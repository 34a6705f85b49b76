"""Waves of a convoy, and how long the rest may take."""

from gastown_tmux.domain.convoys import Estimate, Left, find_waves, guess
from gastown_tmux.domain.ids import BeadId


def bead(number: int, *needs: int, begun: float | None = None) -> Left:
    return Left(BeadId(f"de-{number}"), tuple(BeadId(f"de-{need}") for need in needs), begun)


def test_waves_of_a_long_chain_a_diamond_and_a_circle() -> None:
    chain = {BeadId(f"de-{number}"): [BeadId(f"de-{number - 1}")] for number in range(3000)}
    waves = find_waves(chain)
    assert (waves[BeadId("de-0")], waves[BeadId("de-2999")]) == (1, 3000)
    a, b, c, d = map(BeadId, "abcd")
    assert find_waves({a: [], b: [a], c: [a], d: [b, c]}) == {a: 1, b: 2, c: 2, d: 3}
    assert find_waves({a: [b], b: [a], c: []}) == {c: 1, a: 0, b: 0}
    assert find_waves({}) == {}


def test_a_guess_says_from_what_and_when_there_is_none() -> None:
    assert guess([bead(1)], [], 8) == Estimate(None, "no bead of its rigs has been done yet")
    assert guess([bead(1)], [1.0, 2.0], 8).seconds is None
    assert guess([], [], 8).seconds == 0
    known = [100.0, 90.0, 900.0]
    assert guess([bead(number) for number in range(6)], known, 2) == Estimate(
        300.0, "by the last 3 beads of its rigs, 2 at a time"
    )
    assert guess([bead(1), bead(2, 1), bead(3, 2)], known, 8).seconds == 300.0
    assert guess([bead(1, begun=40.0)], known, 8).seconds == 60.0
    assert guess([bead(1, begun=1e6)], known, 8).seconds == 10.0
    assert guess([bead(1, 7)], known, 0).seconds == 100.0

"""Agents that have parted from their work are off; whoever has got more meanwhile goes on."""

from collections.abc import Iterator

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.work import Reason
from gastown_tmux.operations.supervision.patrol import release
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.beads import return_bead, sling_bead


class Slow(list[Address]):
    """Between the first of whom and the next there is time for a sling."""

    def __init__(self, town: Town, bead: BeadId, free: list[Address]) -> None:
        super().__init__(free)
        self._town, self._bead = town, bead

    def __iter__(self) -> Iterator[Address]:
        with self._town.change() as change:
            sling_bead(change, self._bead, self[-1])
        return super().__iter__()


def test_an_agent_that_is_given_a_bead_while_others_are_stopped(town: Town, worker_bead: BeadId) -> None:
    """It stays on, for nobody would start it again: its bead would stand still on its hook."""
    with town.change() as change:
        return_bead(change, worker_bead, Reason.UNSLUNG)
    release(town, Slow(town, worker_bead, [Address("demo/cat")]))
    assert get_agent(town.db, "demo/cat").state == "on"
    with town.change() as change:
        return_bead(change, worker_bead, Reason.UNSLUNG)
    release(town, [Address("demo/cat")])
    assert get_agent(town.db, "demo/cat").state == "off"

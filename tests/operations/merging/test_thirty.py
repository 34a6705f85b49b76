"""Thirty branches in one queue."""

from gastown_tmux.operations.town.configuration import set_key
from tests.operations.merging.many_branches import ManyBranches
from tests.operations.quiet_town import QuietTown


def test_of_thirty_the_three_culprits_come_back_and_all_others_land(quiet: QuietTown) -> None:
    set_key(quiet.town, "merge.publish", "local")
    for seed in range(3):
        many = ManyBranches(quiet.town)
        assert many.check_thirty(seed) <= 30, (seed, many.batches)
        # What came back is not to be in the way of the next.
        with quiet.town.change() as change:
            change.execute("UPDATE beads SET state = 'closed' WHERE state = 'open'")

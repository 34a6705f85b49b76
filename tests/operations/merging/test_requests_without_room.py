"""A disk that is full, or files that are all open, while the refinery works: that is no request's fault."""

import errno
import os

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.errors import GtError
from gastown_tmux.operations.merging import setting_aside
from gastown_tmux.operations.work import worker
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.merging import get_merge_request, list_merge_requests
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (errno.ENOSPC, "queued"),
        (errno.EDQUOT, "queued"),
        (errno.EROFS, "queued"),
        (errno.EMFILE, "queued"),
        (errno.ENOENT, "rejected"),
    ],
)
def test_only_what_a_request_may_be_blamed_for_sets_it_aside(quiet: QuietTown, number: int, state: str) -> None:
    address, place = quiet.hook(quiet.bead("work"))
    (place / "work").touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", "work")
    town = quiet.town.acting_as(address)
    worker.done(town)
    town.close()
    [request] = list_merge_requests(quiet.town.db)
    refinery = quiet.town.acting_as(Address("demo/refinery"))

    def fail() -> None:
        raise OSError(number, os.strerror(number), "/somewhere")

    if state == "queued":
        with pytest.raises(GtError, match=f"^/somewhere: {os.strerror(number)}$"):
            setting_aside.attempt(refinery, request, fail)
    else:
        assert setting_aside.attempt(refinery, request, fail)
    refinery.close()
    found, bead = get_merge_request(quiet.town.db, request.id), get_bead(quiet.town.db, request.bead)
    assert found.state == state
    assert bead.state == ("submitted" if state == "queued" else "open")
    assert len(list_escalations(quiet.town.db)) == (state != "queued")

"""A restored database is old: what hooks and git show outranks its rows."""

import pytest

from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.work import BeadState, Reason
from gastown_tmux.operations.hooks.upkeep import back_up
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook
from gastown_tmux.operations.merging import landing
from gastown_tmux.operations.supervision.recovery import restore
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.beads import find_held_bead, get_bead, return_bead, sling_bead
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def land(quiet: QuietTown, bead: BeadId) -> None:
    address = get_bead(quiet.town.db, bead).assignee
    assert address is not None
    place = quiet.town.worktree(address)
    (place / "done").write_text("done\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "done")
    town = quiet.town.acting_as(address)
    worker.done(town)
    town.close()
    landing.run_refinery(quiet.town)


def test_an_authors_own_trailer_merges_nothing(quiet: QuietTown) -> None:
    town, landed, other = quiet.town, quiet.bead("landed"), quiet.bead("other")
    set_key(town, "merge.strategy", "merge")
    address, _ = quiet.hook(landed)
    backup = back_up(town)
    git(town.worktree(address), "commit", "--allow-empty", "-qm", f"own words\n\nGastown-Bead: {other}")
    land(quiet, landed)
    town.db_path.write_bytes(b"no database at all\n" * 1000)
    restore(town, backup)
    assert get_bead(town.db, landed).state is BeadState.MERGED
    assert get_bead(town.db, other).state is BeadState.OPEN


def come_back(quiet: QuietTown, bead: BeadId) -> None:
    with quiet.town.change() as change:
        return_bead(change, bead, Reason.DEFERRED)


@pytest.mark.parametrize(
    ("leave", "state"), [(land, BeadState.MERGED), (come_back, BeadState.OPEN)], ids=["merged", "came back"]
)
@pytest.mark.parametrize("known", [True, False], ids=["the new bead is known", "the new bead is not known"])
def test_an_agent_that_took_other_work_since_keeps_it(quiet: QuietTown, leave, state: BeadState, known: bool) -> None:  # type: ignore[no-untyped-def]
    town, first = quiet.town, quiet.bead("first")
    second = quiet.bead("second") if known else None
    address, _ = quiet.hook(first)
    backup = back_up(town)
    leave(quiet, first)
    second = second or quiet.bead("second")
    with town.change() as change:
        sling_bead(change, second, address)
    prepare_hook(town, quiet.rig, address, find_base(town, quiet.rig))
    town.db_path.write_bytes(b"no database at all\n" * 1000)
    found = restore(town, backup)
    held = find_held_bead(town.db, address)
    assert held is not None and held.id == second, found
    assert f"{second} on the hook of {address}" in found
    assert get_bead(town.db, first).state is state
    assert town.db_path.stat().st_mode & 0o777 == 0o600

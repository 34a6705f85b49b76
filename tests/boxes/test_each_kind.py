"""One short delegation over each kind of box: given, worked at there, cut off, landed here, told; mail both ways.

The suite tries one kind, ``just prove-hosts`` all.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import MAYOR, OVERSEER
from gastown_tmux.domain.delegations import Outcome, Stage
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.hosts.prefix import AwayError, Running
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.mail.inbox import box as mailbox
from gastown_tmux.operations.merging.delegations import attend
from gastown_tmux.operations.merging.landing import run_refinery
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.sling import sling
from gastown_tmux.operations.workforce import following, hosts
from gastown_tmux.store.beads import get_bead, insert_bead
from gastown_tmux.store.delegations import list_of_bead
from gastown_tmux.store.hosts import get_host
from tests.boxes.boxes import KINDS, Box, make_box
from tests.boxes.checker import broken_landings
from tests.journeys.town_world import chore
from tests.operations.quiet_town import QuietTown, make_quiet_town

TRIED = KINDS if os.environ.get("PYTEST_EACH_HOST") else ("kubectl",)


@pytest.fixture
def home(short_tmp: Path) -> Iterator[QuietTown]:
    quiet = make_quiet_town(short_tmp)
    yield quiet
    quiet.town.close()


@pytest.mark.parametrize("kind", TRIED)
def test_a_bead_is_worked_at_there_and_lands_here(
    kind: str, home: QuietTown, short_tmp: Path, wait_for: Callable[..., Any]
) -> None:
    with make_box(kind, short_tmp / "box") as box:
        hosts.add_host(home.town, "box", box.prefix)
        done = box.gt("config", "default-agent", "runbook")
        assert done.returncode == 0, done
        _land(home, box, wait_for)
        _write(home.town, box)
        assert _tell_clock(home.town) is None


def _land(home: QuietTown, box: Box, wait_for: Callable[..., Any]) -> None:
    town = home.town
    with town.change() as change:
        bead = insert_bead(
            change, home.rig.name, home.rig.prefix, title="far", body=chore("echo far > far.txt"), priority=2,
            labels=(), needs=(),
        )  # fmt: skip
    sling(town.acting_as(MAYOR), [bead, "demo@box"])
    attend(town, "box")
    for state in ("down", "up"):
        box.link_is(state)
        if state == "down":
            with pytest.raises(AwayError):
                attend(town, "box")

    def goes_on(until: Callable[[], bool]) -> Callable[[], bool]:
        def look() -> bool:
            attend(town, "box")
            return until()

        return look

    wait_for(goes_on(lambda: get_bead(town.db, bead).state is BeadState.SUBMITTED), 20, "the branch to be here")
    run_refinery(town)
    assert list(broken_landings(home.project, [bead], [])) == []
    wait_for(goes_on(lambda: list_of_bead(town.db, bead)[0].stage is Stage.ENDED), 30, "the box to be told")
    assert list_of_bead(town.db, bead)[0].outcome is Outcome.LANDED
    assert '"merged"' in box.gt("bead", "list", "--json").stdout


def _write(town: Town, box: Box) -> None:
    sending.send(town, ["mayor@box"], "do this", "please")
    assert following.exchange_mail(town, get_host(town.db, "box")) == 1
    done = box.gt("mail", "send", "overseer@home", "-s", "done", "-m", "it is")
    assert done.returncode == 0, done
    assert [following.exchange_mail(town, get_host(town.db, "box")) for _ in range(2)] == [1, 0]
    inbox = mailbox(town, OVERSEER)
    assert [inbox.load(entry).subject for entry in inbox.list_new()].count("done") == 1


def _tell_clock(town: Town) -> str | None:
    lines = list[Running]()
    following.listen(town, get_host(town.db, "box"), lambda *_: lines[0].end(), opened=lines.append, beat=0.3)
    return hosts.show_host(town, get_host(town.db, "box")).clock

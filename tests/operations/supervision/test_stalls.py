"""What makes no headway reaches a person: by looking closely, and by reminders that change nothing."""

import subprocess

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.processes import process
from gastown_tmux.operations.escalation.escalations import list_escalations
from gastown_tmux.operations.supervision.reminders import REMINDERS, remind
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.supervision.stalls import escalate_stalled
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import insert_session
from gastown_tmux.store.deliveries import list_open, move_delivery
from tests.operations.quiet_town import QuietTown

CAT = Address("demo/cat")


def at_work(town: Town, pid: int, seconds: float) -> None:
    ref = process(pid)
    assert ref is not None
    with town.change() as change:
        change.execute(
            "UPDATE sessions SET state = 'working', pid = ?, pid_started = ?, since = ? WHERE agent = ?",
            pid, ref.started, clock.after(-seconds), CAT,
        )  # fmt: skip


def test_a_turn_that_comes_to_nothing_is_escalated_once(town: Town, worker_bead: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as program:
        try:
            at_work(town, program.pid, 500)
            escalate_stalled(town)
            assert list_escalations(town) == []
            at_work(town, program.pid, 700)
            for _ in range(2):
                escalate_stalled(town)
            (raised,) = list_escalations(town)
            assert raised.bead == worker_bead and "tmux has no window for it" in raised.text
            assert f"gt respawn {CAT}" in raised.text
            assert [need.kind for need in review(town)] == ["escalation"]
        finally:
            program.kill()


@pytest.mark.parametrize("changed", [False, True])
def test_three_reminders_that_change_nothing_are_no_work(quiet: QuietTown, changed: bool) -> None:
    def idle(seconds: float) -> None:
        with town.change() as change:
            since = clock.after(-seconds)
            change.execute("UPDATE agents SET state = 'on', since = ? WHERE address = ?", since, toast)
            change.execute("UPDATE sessions SET state = 'idle', since = ? WHERE agent = ?", since, toast)

    town, bead = quiet.town, quiet.bead("greet")
    toast, work = quiet.hook(bead)
    with town.change() as change:
        insert_session(change, toast, "claude", (1, "1"), bead)
    for number in range(REMINDERS):
        idle(60 * 4**number + 5)
        remind(town)
        (told,) = list_open(town.db)
        with town.change() as change:
            move_delivery(change, told.mail, toast, "accept")
    if changed:
        (work / "draft.txt").write_text("something\n")
    idle(65)
    remind(town)
    raised = list_escalations(town)
    assert [one.bead for one in raised] == ([] if changed else [bead])
    idle(60 * 4**REMINDERS + 5)
    remind(town)
    assert [one.bead for one in list_escalations(town)] == [bead]

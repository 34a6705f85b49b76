"""Who stops before the end is told, and at last somebody else is."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.escalation.escalations import list_escalations
from gastown_tmux.operations.mail.courier import Courier
from gastown_tmux.operations.supervision.reminders import REMINDERS, remind, resume_after_error
from gastown_tmux.operations.supervision.signals import take_signals
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.deliveries import list_open, move_delivery

CAT = Address("demo/cat")


def idle_for(town: Town, seconds: float) -> None:
    since = clock.after(-seconds)
    with town.change() as change:
        change.execute("UPDATE agents SET since = ? WHERE address = ?", since, CAT)
        change.execute("UPDATE sessions SET state = 'idle', since = ? WHERE agent = ?", since, CAT)


def test_a_worker_that_stopped_is_told_ever_more_rarely_and_then_the_mayor_is(town: Town, worker_bead: str) -> None:
    for number in range(REMINDERS):
        idle_for(town, 60 * 4**number - 5)
        remind(town)
        assert list_open(town.db) == []
        idle_for(town, 60 * 4**number + 5)
        for _ in range(2):
            remind(town)
        (told,) = list_open(town.db)
        assert told.agent == CAT and f"{worker_bead} is still on your hook" in str(told.words)
        with town.change() as change:
            move_delivery(change, told.mail, CAT, "accept")
    assert list_escalations(town) == []
    idle_for(town, 60 * 4**REMINDERS + 5)
    for _ in range(2):
        remind(town)
    (escalation,) = list_escalations(town)
    assert escalation.bead == worker_bead
    assert list_open(town.db) == []


def test_a_worker_whose_provider_is_out_for_hours_is_sent_on_until_it_is_back(town: Town, worker_bead: str) -> None:
    def look() -> list[str | None]:
        session = rows.find_live_session(town.db, CAT)
        assert session is not None
        for _ in range(2):
            resume_after_error(town, session)
        words = [delivery.words for delivery in list_open(town.db)]
        for delivery in list_open(town.db):
            with town.change() as change:
                move_delivery(change, delivery.mail, CAT, "accept")
        return words

    for number in range(REMINDERS):
        idle_for(town, 60 * 4**number + 5)
        remind(town)
        assert len(look()) == 1
    for hour in range(1, 20):
        idle_for(town, 940 - hour)
        assert look() == []
        idle_for(town, 965 + hour)
        (words,) = look()
        assert f"error ended your turn. Go on with {worker_bead}" in str(words)
    (escalation,) = list_escalations(town)
    assert escalation.bead == worker_bead


def test_a_full_context_is_handed_over_once_and_only_by_the_session_that_has_it(town: Town) -> None:
    (town.run / "spool").mkdir(parents=True, exist_ok=True)
    with town.change() as change:
        rows.move_agent(change, CAT, "start")
        session = rows.insert_session(change, CAT, "claude", (1, "1"), None)

    def compact(payload: str) -> list[str | None]:
        (town.run / "spool" / f"1.{session}.compact").write_text(payload)
        take_signals(town)
        return [delivery.words for delivery in list_open(town.db)]

    assert compact('{"trigger": "manual"}') == []
    for _ in range(2):
        (words,) = compact('{"trigger": "auto"}')
        assert "gt handoff -m" in str(words)
    Courier(town).look()
    assert len(list_open(town.db)) == 1
    with town.change() as change:
        rows.end_session(change, session, status=0, signal=None)
        rows.insert_session(change, CAT, "claude", (1, "1"), None)
    Courier(town).look()
    assert list_open(town.db) == []

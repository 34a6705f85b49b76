from collections.abc import Callable
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.mail import courier, sending
from gastown_tmux.operations.mail.courier import Courier, Notification
from gastown_tmux.operations.mail.inbox import MailView, box, inbox, read, search, status
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.workers import remove_agent
from gastown_tmux.store import agents as rows
from gastown_tmux.store.deliveries import find_delivery, list_open, move_delivery
from tests.counting import queries_asked

As = Callable[[str], Town]
ANN = Address("demo/ann")


@pytest.fixture
def deacon(as_agent: As) -> Courier:
    return Courier(as_agent("deacon"))


def send(town: Town, **more: object) -> str:
    value = sending.send(town, ["ann"], "hello", **more).value  # type: ignore[arg-type]
    assert isinstance(value, MailView)
    return value.id


def state(town: Town, mail: str, agent: str = ANN) -> tuple[str, str | None]:
    row = find_delivery(town.db, mail, agent)
    assert row is not None
    return row.state, row.reason


def start(town: Town, was: str = "idle") -> SessionId:
    with town.change() as change:
        rows.move_agent(change, ANN, "start")
        session = rows.insert_session(change, ANN, "runbook", (1, "x"))
        rows.move_session(change, session, was)
    return session


def test_foreign_mail_gets_a_row_and_rows_lost_are_made_again(
    town: Town, deacon: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    box(town, ANN).deliver(b"From: me@example.com\nMessage-ID: <x@y>\nSubject: hi\n\nhi\n", "<x@y>")
    send(town)
    deacon.look()
    assert {row.sender for row in list_open(town.db)} == {"me@example.com", "overseer"}
    with town.change() as change:
        change.execute("DELETE FROM deliveries")
    deacon.look()
    assert not list_open(town.db)
    monkeypatch.setattr(deacon, "_forget_at", 0.0)
    deacon.look()
    assert len(list_open(town.db)) == 2


def test_mail_to_an_absent_agent_waits(town: Town, deacon: Courier) -> None:
    sent = send(town)
    assert deacon.look() == []
    assert state(town, sent) == ("queued", None)
    assert deacon.unread(ANN) == 1


@pytest.mark.parametrize("how", ["gt", "flag", "archived", "trashed"])
def test_whoever_has_read_it_is_not_told(town: Town, as_agent: As, deacon: Courier, how: str) -> None:
    sent = send(town)
    deacon.look()
    mails = box(town, ANN)
    new = mails.path / "new" / sent
    match how:
        case "gt":
            read(as_agent(ANN), sent)
        case "flag":
            new.rename(mails.path / "cur" / f"{sent}:2,FS")
        case "archived":
            mails.archive(mails.find(sent))
        case "trashed":
            new.rename(mails.path / "cur" / f"{sent}:2,T")
    deacon.look()
    assert state(town, sent)[0] == "accepted"


def test_only_seen_by_another_program_is_still_told(town: Town, deacon: Courier) -> None:
    sent = send(town)
    (box(town, ANN).path / "new" / sent).rename(box(town, ANN).path / "cur" / f"{sent}:2,")
    deacon.look()
    assert state(town, sent)[0] == "queued"


def test_expired_mail_is_told_to_nobody_and_stays(town: Town, deacon: Courier) -> None:
    for reader in (ANN, "overseer"):
        sent = sending.send(town, [reader], "hello", expires=60.0).value.id
        deacon.look()
        assert state(town, sent, reader)[0] == "queued"
        with town.change() as change:
            change.execute("UPDATE deliveries SET expires = ? WHERE mail = ?", clock.now(), sent)
        deacon.look()
        assert state(town, sent, reader)[0] == "expired"
        assert len(inbox(town, Address(reader))) == 1


def test_dead_letter_reaches_the_sender_once_with_the_reason(
    town: Town, deacon: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = send(town)
    deacon.look()
    with town.change() as change:
        rows.delete_agent(change, ANN)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(courier, "move_delivery", _killed)
        deacon.look()
    deacon.look()
    deacon.look()
    assert state(town, sent) == ("dead", "the agent was removed")
    (pending,) = inbox(town)
    assert pending.subject == "not told to demo/ann: the agent was removed"
    assert sent in pending.body and pending.from_ == "deacon"


def _killed(*words: object, **more: object) -> None:
    raise KeyboardInterrupt


def test_mail_whose_file_is_gone_is_dead_and_its_sender_hears(town: Town, as_agent: As, deacon: Courier) -> None:
    sent = send(as_agent("demo/cat"))
    (box(town, ANN).path / "new" / sent).unlink()
    deacon.look()
    assert state(town, sent) == ("dead", "it is no longer in the box")
    (pending,) = inbox(as_agent("demo/cat"))
    assert pending.subject == "not told to demo/ann: it is no longer in the box"
    told = status(as_agent("demo/cat"), sent)
    assert (told.subject, [step.state for step in told.steps]) == ("hello", ["sent", "dead"])
    with pytest.raises(NotFoundError):
        status(as_agent("demo/ben"), sent)


def test_what_a_reader_was_told_of_and_threw_away_is_no_dead_letter(town: Town, as_agent: As, deacon: Courier) -> None:
    sent, session = send(as_agent("demo/cat")), start(town)
    with town.change() as change:
        move_delivery(change, sent, ANN, "offer", session=session)
    (box(town, ANN).path / "new" / sent).unlink()
    thrown = sending.send(as_agent("demo/cat"), ["overseer"], "hello").value.id
    (box(town, "overseer").path / "new" / thrown).unlink()
    deacon.look()
    assert state(town, sent)[0] == state(town, thrown, "overseer")[0] == "accepted"
    assert inbox(as_agent("demo/cat")) == []


def test_removed_agents_mail_is_given_up_and_can_be_read(town: Town, as_agent: As, deacon: Courier) -> None:
    sent, other = send(as_agent("demo/cat")), send(as_agent("demo/cat"))
    remove_agent(town, ANN)
    deacon.look()
    assert state(town, sent) == state(town, other) == ("dead", "the agent was removed")
    (pending,) = inbox(as_agent("demo/cat"))
    assert pending.subject == "2 mails not told to demo/ann: the agent was removed"
    assert sent in pending.body and other in pending.body
    for asker in (town, as_agent("demo/cat")):
        assert read(asker, sent).id == status(asker, sent).id == search(asker, ["hello"])[0].id == sent


def test_a_box_that_cannot_be_read_keeps_nobody_elses_mail(town: Town, deacon: Courier) -> None:
    lost, expired = send(town), sending.send(town, ["ben"], "hello", expires=-1.0).value.id
    mails = box(town, ANN)
    (mails.path / "new").rename(mails.path / "away")
    (mails.path / "new").touch()
    deacon.look()
    assert state(town, expired, "demo/ben")[0] == "expired"
    with pytest.raises(GtError, match="cannot list the mailbox"):
        read(town, lost)
    assert read(town, expired).subject == "hello"
    (mails.path / "new").unlink()
    (mails.path / "away").rename(mails.path / "new")
    deacon.look()
    assert state(town, lost)[0] == "queued"


def test_offered_mail_is_accepted_when_its_session_goes_on(town: Town, deacon: Courier) -> None:
    sent, session = send(town), start(town)
    with town.change() as change:
        move_delivery(change, sent, ANN, "offer", session=session)
    deacon.look()
    assert state(town, sent)[0] == "offered"
    with town.change() as change:
        rows.move_session(change, session, "work")
    deacon.look()
    assert state(town, sent)[0] == "accepted"


def test_offered_mail_is_told_again_when_its_session_died(town: Town, deacon: Courier) -> None:
    sent, session = send(town), start(town)
    with town.change() as change:
        move_delivery(change, sent, ANN, "offer", session=session)
        rows.end_session(change, session, status=137, signal=9, reason="died")
    deacon.look()
    assert state(town, sent) == ("queued", "its session ended")


def test_box_removed_and_made_again(town: Town, deacon: Courier, short_tmp: Path) -> None:
    first = send(town)
    deacon.look()
    (town.mail / "demo.ann").rename(short_tmp / "away")
    second = send(town)
    deacon.look()
    assert state(town, first) == ("dead", "it is no longer in the box")
    assert state(town, second)[0] == "queued"
    (short_tmp / "away" / "new" / first).rename(town.mail / "demo.ann" / "new" / first)
    deacon.look()
    assert state(town, first) == ("queued", "it is in the box again")


def test_daemons_boxes_are_nobodys_business(town: Town, deacon: Courier) -> None:
    sending.send(town, ["deacon", "demo/refinery"], "hello")
    (town.mail / "lost+found").mkdir()
    assert deacon.look() == []
    assert list_open(town.db) == []


def test_urgent_mail_goes_first(town: Town, deacon: Courier, monkeypatch: pytest.MonkeyPatch) -> None:
    send(town)
    urgent = send(town, priority="urgent")
    start(town)
    idle = courier.Observation(courier.Availability.IDLE)
    monkeypatch.setattr(courier, "observe", lambda *_: idle)
    assert deacon.look() == [Notification(ANN, urgent, courier.When.IDLE)]


def test_a_mail_that_waits_for_days_costs_next_to_nothing(town: Town, deacon: Courier) -> None:
    send(town)
    start(town, "work")
    deacon.look()
    # Whether its reader is not to be disturbed.
    assert queries_asked(deacon.town.db, deacon.look) <= 1

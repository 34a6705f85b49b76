import dataclasses
from collections.abc import Callable

import pytest

from gastown_tmux.domain.delivery import MOST_HOPS, PAIR_LIMIT
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.pages import Page
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.mail.inbox import MailView, archive, box, inbox, read, search, status, thread
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import delete_agent
from gastown_tmux.store.mailbox import Mailbox

As = Callable[[str], Town]


def send(town: Town, *to: str, subject: str = "s", **more: object) -> MailView:
    value = sending.send(town, to, subject, **more).value  # type: ignore[arg-type]
    assert isinstance(value, MailView)
    return value


def boxes(town: Town) -> dict[str, int]:
    return {path.name: len(Mailbox(path).list_all()) for path in sorted(town.mail.iterdir())}


@pytest.mark.parametrize(
    ("to", "asked_by", "in_boxes"),
    [
        (["@rig/demo"], "overseer", {"demo.ann", "demo.ben", "demo.cat"}),
        (["@rig/demo"], "demo/ann", {"demo.ben", "demo.cat"}),
        (["@crew/demo", "ann", "demo/crew/ann"], "overseer", {"demo.ann", "demo.ben"}),
        (["@polecats/demo", "mayor/"], "overseer", {"demo.cat", "mayor"}),
        (["@town"], "overseer", {"mayor", "demo.ann", "demo.ben", "demo.cat"}),
        (["@town"], "demo/ann", {"mayor", "overseer", "demo.ben", "demo.cat"}),
        (["overseer"], "overseer", {"overseer"}),
        (["demo/refinery"], "overseer", {"demo.refinery"}),
    ],
)
def test_everybody_meant_gets_it_once(
    town: Town, as_agent: As, to: list[str], asked_by: str, in_boxes: set[str]
) -> None:
    sent = send(as_agent(asked_by), *to)
    assert boxes(town) == dict.fromkeys(in_boxes, 1)
    assert {address.replace("/", ".") for address in sent.to} == in_boxes


@pytest.mark.parametrize(
    ("to", "hint"),
    [("demo/an", "demo/ann"), ("bn", "demo/ben"), ("mayer", "mayor"), ("@crew/deno", "@crew/demo"), ("zzzz", None)],
)
def test_unknown_address_is_refused_with_the_nearest(town: Town, to: str, hint: str | None) -> None:
    with pytest.raises(NotFoundError) as caught:
        send(town, "ann", to)
    assert caught.value.hint == (f"did you mean {hint}?" if hint else "gt agents")
    assert not any(boxes(town).values())


def test_group_of_nobody_is_refused(town: Town, as_agent: As) -> None:
    with pytest.raises(NotFoundError, match="nobody in @polecats/demo"):
        send(as_agent("demo/cat"), "@polecats/demo")


EXACT = (
    "".join(map(chr, range(32))) + "\x7f\x85\u2028;",
    "-e leads; trails;",
    "👩‍🚀 שלום \u202eevil\u202c",
    "x" * 200_000,
    "\x1b[201~\x1b[200~",
    "y" * 10_000 + "\r\n\n",
    "From me\n.\n",
    "z" * (1 << 20),
)


@pytest.mark.parametrize("body", EXACT, ids=range(len(EXACT)))
def test_body_arrives_as_sent(town: Town, as_agent: As, body: str) -> None:
    sent = send(town, "ann", body=body)
    assert read(as_agent("demo/ann"), sent.id).body == body


def test_too_much_and_attachments_are_refused(town: Town) -> None:
    with pytest.raises(UsageError):
        send(town, "ann", body="é" * (1 << 19) + "x")
    with pytest.raises(RefusedError):
        send(town, "ann", attach=["photo.png"])
    with pytest.raises(UsageError):
        send(town, "ann", body="half \ud800")
    assert not any(boxes(town).values())


def test_key_gives_the_first_mail_back_to_its_sender_only(town: Town, as_agent: As) -> None:
    first = send(town, "ann", "ben", subject="one", key="k")
    again = send(town, "ann", "ben", subject="two", key="k")
    assert (again.id, again.subject, again.date) == (first.id, "one", first.date)
    other = send(as_agent("demo/cat"), "ann", key="k")
    assert other.id != first.id
    assert boxes(town)["demo.ann"] == 2


def test_fan_out_killed_half_way_is_completed_by_the_same_key(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = Mailbox.deliver

    def killed(self: Mailbox, data: bytes, message_id: str) -> bool:
        if self.path.name == "demo.cat":
            raise KeyboardInterrupt
        return deliver(self, data, message_id)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Mailbox, "deliver", killed)
        send(town, "@rig/demo", key="k")
    sent = send(town, "@rig/demo", key="k")
    assert boxes(town) == {"demo.ann": 1, "demo.ben": 1, "demo.cat": 1}
    assert {inbox(town, row.agent)[0].id for row in sent.deliveries} == {sent.id}  # type: ignore[arg-type]


def test_reading_marks_only_in_the_own_box(town: Town, as_agent: As) -> None:
    sent = send(town, "ann", "ben")
    assert not read(town, sent.id[:6]).read
    shown = read(as_agent("demo/ann"), sent.message_id)
    assert shown.read
    assert {row.agent: row.state for row in shown.deliveries} == {"demo/ann": "accepted", "demo/ben": "queued"}
    assert [view.read for view in inbox(town, as_agent("demo/ben").actor)] == [False]


def test_strangers_mail_is_not_found(town: Town, as_agent: As) -> None:
    sent = send(town, "ann", body="secret")
    assert read(town, sent.id).body == "secret"
    with pytest.raises(NotFoundError):
        read(as_agent("demo/ben"), sent.id)
    assert not search(as_agent("demo/ben"), ["secret"])
    mine = send(as_agent("demo/ben"), "cat", body="mine")
    assert read(as_agent("demo/ben"), mine.id).body == "mine"


def test_reply_goes_back_and_makes_a_thread(town: Town, as_agent: As) -> None:
    sent = send(town, "ann", subject="Q")
    answer = sending.reply(as_agent("demo/ann"), sent.id, "A").value
    last = sending.reply(town, answer.id, "thanks").value
    assert (answer.subject, answer.to, answer.type, answer.in_reply_to) == ("Re: Q", ["overseer"], "reply", sent.id)
    assert last.subject == "Re: Q"
    for town_of in (town, as_agent("demo/ann")):
        assert [view.id for view in thread(town_of, last.id)] == [sent.id, answer.id, last.id]
    assert inbox(as_agent("demo/ann"))[0].read


def test_search_and_archive(town: Town, as_agent: As) -> None:
    ann = as_agent("demo/ann")
    sent = send(town, "ann", subject="Ship it", body="the Rocket\nis late")
    send(town, "ann", subject="other")
    assert archive(ann, [sent.id]).text == f"{sent.id} is archived"
    assert archive(ann, [sent.id]).text == f"{sent.id} is archived already"
    assert [view.id for view in search(ann, ["rocket", "SHIP"])] == [sent.id]
    assert [view.subject for view in inbox(ann)] == ["other"]
    assert {view.subject for view in inbox(ann, all=True)} == {"other", "Ship it"}


def test_status_tells_each_step(town: Town, as_agent: As) -> None:
    sent = send(town, "ann")
    read(dataclasses.replace(as_agent("demo/ann"), session=SessionId("ses-abcde")), sent.id)
    shown = status(town, sent.id)
    steps = [(step.state, step.agent, step.session) for step in shown.steps]
    assert steps == [("sent", "overseer", None), ("accepted", "demo/ann", "ses-abcde")]


def test_two_agents_cannot_write_without_end(town: Town, as_agent: As) -> None:
    ann = as_agent("demo/ann")
    for _ in range(PAIR_LIMIT):
        send(ann, "ben")
    for _ in range(2):
        with pytest.raises(RefusedError, match="may not write to demo/ben now"):
            send(ann, "ben")
    (notice,) = inbox(town)
    assert (notice.from_, notice.subject) == ("deacon", "demo/ann and demo/ben write to each other without end")
    send(ann, "cat")
    send(ann, "overseer")
    for _ in range(PAIR_LIMIT + 1):
        send(town, "ben")


def test_hops_end_a_ping_pong_and_a_person_begins_anew(town: Town, as_agent: As) -> None:
    pair = [as_agent("demo/ann"), as_agent("demo/ben")]
    last = send(town, "ann")
    message = box(town, "demo/ann").load(box(town, "demo/ann").find(last.id))
    tired = dataclasses.replace(message, id="<aaaaaaaaaaaa@town>", sender="demo/ben", hops=MOST_HOPS)
    sending.deliver(town, tired, [pair[0].actor])
    with pytest.raises(RefusedError, match="without a person"):
        sending.reply(pair[0], "aaaaaaaaaaaa", "on and on")
    assert sending.reply(town, "aaaaaaaaaaaa", "enough").value.to == ["demo/ben"]


def test_outside_mail_and_vanished_senders_cannot_be_answered(town: Town, as_agent: As) -> None:
    ann = as_agent("demo/ann")
    box(town, "demo/ann").deliver(b"From: me@example.com\nMessage-ID: <x@y>\n\nhi\n", "<x@y>")
    with pytest.raises(RefusedError, match="outside the town"):
        sending.reply(ann, "<x@y>", "hm")
    sent = send(as_agent("demo/cat"), "ann")
    with town.change() as change:
        delete_agent(change, as_agent("demo/cat").actor)
    with pytest.raises(NotFoundError):
        sending.reply(ann, sent.id, "hm")


def test_the_first_of_a_box_are_the_unread_and_newest(town: Town, as_agent: As) -> None:
    ann = as_agent("demo/ann")
    for name in ("old", "read", "new"):
        sending.send(town, ["ann"], name)
    read(ann, inbox(ann)[1].id)
    page = inbox(ann, limit=2)
    assert isinstance(page, Page) and [view.subject for view in page.items] == ["new", "old"] and page.more == 1
    whole = inbox(ann, limit=0)
    assert isinstance(whole, Page) and [view.subject for view in whole.items] == ["new", "old", "read"]

"""Mail between two towns: once in the box, whoever is killed, and however often the same bag is brought."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gastown_tmux.dataclass import values_of
from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.hosts import Facts
from gastown_tmux.domain.mail import Message, fresh_message_id, short_id
from gastown_tmux.domain.post import Delivered, Letter, Names
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.mail import post, sending
from gastown_tmux.operations.mail.courier import Courier
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.deliveries import find_delivery
from gastown_tmux.store.homes import keep_home
from gastown_tmux.store.hosts import insert_host
from gastown_tmux.store.meta import get_meta


@dataclass
class Pair:
    """Home, which calls the other ``box``, and that one, which calls home ``home``."""

    home: Town
    box: Town
    name: str = "box"

    def write(self, subject: str, to: Address = MAYOR) -> str:
        """From home's overseer to somebody of the box."""
        message = Message(
            id=fresh_message_id(os.urandom(8), "gt"), sender=OVERSEER, to=(to.at("box"),), subject=subject, body="",
            date=clock.now(),
        )  # fmt: skip
        sending.deliver(self.home, message, [to.at("box")])
        return short_id(message.id)

    def bring(self, delivered: list[Delivered] | None = None) -> post.Bag:
        """What the box answers; home has done nothing with it yet."""
        letters, _ = post.pack(self.home, self.name)
        bag = post.write_bag("key-of-home", self.name, letters, delivered or [])
        return as_read(post.exchange(self.box, bag.decode()).value)

    def settle(self, bag: post.Bag) -> list[Delivered]:
        post.settle(self.home, bag.delivered, self.name)
        return post.take(self.home, bag.letters, Names(ours=bag.home, theirs=self.name))

    def subjects(self, town: Town, address: Address) -> list[str]:
        mails = box(town, address)
        return sorted(mails.load(entry).subject for entry in mails.list_all(archived=True))


def as_read(bag: post.Bag) -> post.Bag:
    """As the other side reads it."""
    document = json.loads(json.dumps({
        "letters": [values_of(letter) for letter in bag.letters],
        "delivered": [values_of(each) for each in bag.delivered],
    }))  # fmt: skip
    return post.Bag(bag.home, tuple(post.read_letters(document)), tuple(post.read_delivered(document)))


@pytest.fixture
def pair(short_tmp: Path) -> Iterator[Pair]:
    towns = [Town(short_tmp / name / "gt", OVERSEER, dict(os.environ)) for name in ("home-town", "box-town")]
    for town in towns:
        install(town, town.path)
    yield Pair(*towns)
    for town in towns:
        town.close()


def test_there_and_back_by_message_id(pair: Pair) -> None:
    mail = pair.write("do this")
    assert find_delivery(pair.home.db, mail, "mayor@box").state == "queued"  # type: ignore[union-attr]
    bag = pair.bring()
    assert pair.settle(bag) == []
    assert find_delivery(pair.home.db, mail, "mayor@box").state == "accepted"  # type: ignore[union-attr]
    assert not post.has_letters(pair.home, "box")

    there = pair.box.acting_as(MAYOR)
    found = box(there, MAYOR)
    message = found.load(found.find(mail))
    assert (message.sender, message.to) == ("overseer@home", ("mayor",))
    answer = sending.reply(there, mail, "done")
    assert answer.text.endswith("is on its way to overseer@home")
    bag = pair.bring()
    delivered = pair.settle(bag)
    back = box(pair.home, OVERSEER)
    reply = back.load(back.find(answer.value.id))
    assert (reply.sender, reply.to, reply.in_reply_to) == ("mayor@box", ("overseer",), message.id)
    assert pair.bring(delivered).letters == ()
    there.close()


def test_a_bag_that_is_brought_twice_comes_once(pair: Pair) -> None:
    pair.write("one")
    first, second = pair.bring(), pair.bring()
    assert first.delivered == second.delivered
    pair.settle(first)
    pair.settle(second)
    assert pair.subjects(pair.box, MAYOR) == ["one"]


def test_who_is_not_there_is_told_to_the_sender_once(pair: Pair) -> None:
    mail = pair.write("hello", Address("demo/nobody"))
    bag = pair.bring()
    pair.settle(bag)
    pair.settle(bag)
    assert find_delivery(pair.home.db, mail, "demo/nobody@box").state == "dead"  # type: ignore[union-attr]
    told = pair.subjects(pair.home, OVERSEER)
    assert len(told) == 1 and told[0].startswith("not delivered to demo/nobody@box: no address"), told


def test_the_courier_leaves_what_is_on_its_way_alone(pair: Pair) -> None:
    """The fault once: a reader of another town was taken for an agent that was removed."""
    mail = pair.write("hello", Address("demo/toast"))
    assert Courier(pair.home).look() == []
    assert find_delivery(pair.home.db, mail, "demo/toast@box").state == "queued"  # type: ignore[union-attr]


def test_two_homes_have_names_of_their_own(pair: Pair) -> None:
    post.exchange(pair.box, post.write_bag("one", "box", [], []).decode())
    assert post.exchange(pair.box, post.write_bag("two", "box", [], []).decode()).value.home == "home-2"
    assert post.exchange(pair.box, post.write_bag("one", "box", [], []).decode()).value.home == "home"


@pytest.fixture
def trio(pair: Pair, short_tmp: Path) -> Iterator[tuple[Pair, Pair]]:
    """Home with two hosts, called ``box`` and ``two``."""
    other = Town(short_tmp / "two-town" / "gt", OVERSEER, dict(os.environ))
    install(other, other.path)
    for name, town in (("box", pair.box), ("two", other)):
        facts = Facts(1, "9", get_meta(town.db, "id") or "", str(town.path), 0, 1, ())
        with pair.home.change() as change:
            insert_host(change, name, prefix=["x"], target=None, gt="gt", limit=None, labels=(), facts=facts)
    yield pair, Pair(pair.home, other, "two")
    other.close()


def go_round(*pairs: Pair) -> None:
    for pair in (*pairs, *pairs):
        pair.bring(pair.settle(pair.bring()))


def test_from_host_to_host_by_home_and_the_answer_back(trio: tuple[Pair, Pair]) -> None:
    one, two = trio
    with pytest.raises(NotFoundError, match="no host 'two'"):  # nobody's host is asked nothing
        sending.send(one.box, ["mayor@two"], "s", "b")
    go_round(one, two)
    asked = sending.send(one.box, ["mayor@two", "overseer@home"], "help", "please")
    assert asked.text.endswith("is on its way to mayor@two, overseer@home")
    one.bring()  # lost on the way back: all of it once more
    go_round(one, two)
    assert (one.subjects(two.box, MAYOR), one.subjects(one.home, OVERSEER)) == (["help"], ["help"])
    there = two.box.acting_as(MAYOR)
    got = box(there, MAYOR).load(box(there, MAYOR).find(asked.value.id))
    assert (got.sender, got.to) == ("overseer@box", ("mayor", "overseer@home"))
    back = sending.reply(there, asked.value.id, "yes")
    there.close()
    go_round(two, one)
    message = box(one.box, OVERSEER).load(box(one.box, OVERSEER).find(back.value.id))
    assert (message.sender, message.to, message.in_reply_to) == ("mayor@two", ("overseer",), got.id)
    assert not post.has_letters(one.home, "two") and not post.has_letters(one.home, "box")


def test_a_place_that_home_does_not_know_either_comes_back(trio: tuple[Pair, Pair]) -> None:
    one, two = trio
    go_round(one, two)
    # Home has a home of its own, which might know it: nothing goes further than that.
    with one.home.change() as change:
        keep_home(change, "key-of-another")
    for to in ("mayor@three", "demo/nobody@two"):
        sending.send(one.box, [to], "hello", "b")
    go_round(one, two, one)
    told = one.subjects(one.box, OVERSEER)
    assert [subject.partition(":")[0] for subject in told] == [
        "not delivered to demo/nobody@two", "not delivered to mayor@three",
    ]  # fmt: skip
    assert "no host 'three'" in told[1]


@pytest.mark.parametrize("data", ["", "!", "aGVsbG8=", "RnJvbTogYUBiCgpoaQo="])
def test_what_is_no_mail_is_refused(pair: Pair, data: str) -> None:
    letter = Letter("abcdefghi234", MAYOR, data)
    assert [bool(each.reason) for each in post.take(pair.box, [letter], Names("box", "home"))] == [True]


def test_same_keys_in_two_towns_are_two_mails(pair: Pair) -> None:
    """The fault once: the ids of keyed mails were made of the key alone, and the second counted as known."""
    for town in (pair.home, pair.box):
        assert get_meta(town.db, "name") == "gt"
    ids = {sending.send(town, ["overseer"], "s", "b", key="k").value.id for town in (pair.home, pair.box)}
    assert len(ids) == 2


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["write", "answer", "lost there", "lost back", "whole"]), max_size=10))
def test_whatever_is_lost_on_the_way_each_comes_once(pair: Pair, steps: list[str]) -> None:
    before = len(pair.subjects(pair.box, MAYOR)), len(pair.subjects(pair.home, OVERSEER))
    wrote, answered, has = 0, 0, list[Delivered]()
    there = pair.box.acting_as(MAYOR)
    post.exchange(pair.box, post.write_bag("key-of-home", "box", [], []).decode())
    for number, step in enumerate([*steps, "whole", "whole"]):
        match step:
            case "write":
                pair.write(f"{number}")
                wrote += 1
            case "answer":
                sending.send(there, ["overseer@home"], f"{number}", "b")
                answered += 1
            case "lost there":
                post.pack(pair.home, "box")
            case "lost back":
                pair.bring(has)
            case _:
                has = pair.settle(pair.bring(has))
    there.close()
    assert len(pair.subjects(pair.box, MAYOR)) == before[0] + wrote
    assert len(pair.subjects(pair.home, OVERSEER)) == before[1] + answered
    assert not post.has_letters(pair.home, "box")


@pytest.mark.parametrize("side", ["home", "box"])
def test_rows_that_were_restored_double_nothing(pair: Pair, side: str) -> None:
    town = getattr(pair, side)
    pair.bring()
    town.db.backup(town.path / "old.db")
    there = pair.box.acting_as(MAYOR)
    pair.write("do this")
    sending.send(there, ["overseer@home"], "done", "b")
    pair.settle(pair.bring())
    there.close()
    town.close()
    for name in ("town.db", "town.db-wal", "town.db-shm"):
        (town.path / ".gt" / name).unlink(missing_ok=True)
    shutil.copy(town.path / "old.db", town.db_path)
    for _ in range(3):
        pair.settle(pair.bring())
    assert (pair.subjects(pair.box, MAYOR), pair.subjects(pair.home, OVERSEER)) == (["do this"], ["done"])

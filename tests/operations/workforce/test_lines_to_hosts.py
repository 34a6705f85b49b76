"""One line to a host that stays open: heard, cut, frozen, resumed; a town there that went back; mail both ways."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.events import BEAT, Event
from gastown_tmux.domain.following import Heard, Position
from gastown_tmux.domain.hosts import Host
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.errors import GtError, NotFoundError, RefusedError
from gastown_tmux.operations.explaining.why import why
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.mail.inbox import box as mailbox
from gastown_tmux.operations.maintenance.host_checks import examine_hosts
from gastown_tmux.operations.supervision.status import status
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce import following, hosts
from gastown_tmux.operations.workforce.away_agents import list_away_agents
from gastown_tmux.store.following import find_followed, keep_agents, keep_position
from gastown_tmux.store.hosts import get_host, note_beat, note_trouble
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.many_towns import answer_all
from gastown_tmux.verbs.show import PLAIN
from tests.boxes.boxes import Box, make_box
from tests.journeys.small_disk import CANNOT_MOUNT, small_disk

BEAT_SECONDS = 0.3


@dataclass
class Far:
    """A town with the host ``box``; ``heard`` is what came over its line."""

    town: Town
    box: Box
    heard: list[tuple[Heard, str]] = field(default_factory=list)

    @property
    def host(self) -> Host:
        return get_host(self.town.db, "box")

    @property
    def there(self) -> Town:
        return Town(self.box.town, OVERSEER, dict(self.box.environment))

    def note(self, heard: Heard, event: Event) -> None:
        self.heard.append((heard, event.type))

    def happen(self) -> None:
        """Something that a town tells of."""
        there = self.there
        sending.send(there, ["mayor"], "hello", "there")
        there.close()

    def listen(self, until: Callable[[], object], wait_for: Callable[..., Any]) -> "BaseException | None":
        """Until then; what ended the line, where it ended by itself."""
        lines, ended = [], list[BaseException]()

        def run() -> None:
            town = self.town.acting_as(OVERSEER)
            try:
                following.listen(town, self.host, self.note, opened=lines.append, beat=BEAT_SECONDS)
            except AwayError as error:
                ended.append(error)
            finally:
                town.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            wait_for(until, 10, f"what is to be heard, after {self.heard}")
        finally:
            for line in lines:
                line.end()
            thread.join(10)
        return ended[0] if ended else None


@pytest.fixture
def far(short_tmp: Path) -> Iterator[Far]:
    town = Town(short_tmp / "town", OVERSEER, dict(os.environ))
    install(town, town.path)
    with make_box("shell", short_tmp / "box") as box:
        hosts.add_host(town, "box", box.prefix)
        yield Far(town, box)
    town.close()


def test_news_are_heard_once_over_cuts_and_told(far: Far, wait_for: Callable[..., Any]) -> None:
    _hear_once(far, wait_for)
    _notice_cuts(far, wait_for)
    _tell_why(far)


def _hear_once(far: Far, wait_for: Callable[..., Any]) -> None:
    far.listen(lambda: far.heard, wait_for)
    assert {heard for heard, _ in far.heard} <= {Heard.BEAT, Heard.NEWS}
    far.happen()
    far.listen(lambda: (Heard.NEWS, "mail.sent") in far.heard, wait_for)
    position = find_followed(far.town.db, "box", far.host.key).position
    assert position.seq > 0
    far.heard.clear()
    far.happen()
    far.listen(lambda: (Heard.NEWS, "mail.sent") in far.heard, wait_for)
    assert [kind for heard, kind in far.heard if kind != BEAT] == ["mail.sent"]
    assert far.host.last_heard is not None


def _notice_cuts(far: Far, wait_for: Callable[..., Any]) -> None:
    for state in ("frozen", "out", "down"):
        far.box.link_is("up")
        far.heard.clear()
        _see_it_end(far, state, wait_for)


def _see_it_end(far: Far, state: str, wait_for: Callable[..., Any]) -> None:
    def cut() -> bool:
        if far.heard:
            far.box.link_is(state)
        return bool(ended)

    ended = list[BaseException]()

    def run() -> None:
        town = far.town.acting_as(OVERSEER)
        try:
            following.listen(town, far.host, far.note, beat=BEAT_SECONDS)
        except AwayError as error:
            ended.append(error)
        else:
            ended.append(AwayError("it ended"))
        town.close()

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(cut, 10, "the line to end")
    thread.join(10)
    assert not thread.is_alive()


def test_mail_goes_both_ways_and_a_town_that_went_back_is_told_of(far: Far, wait_for: Callable[..., Any]) -> None:
    _exchange(far)
    _go_back(far, wait_for)


def _go_back(far: Far, wait_for: Callable[..., Any]) -> None:
    old = far.box.folder / "old.db"
    with closing(sqlite3.connect(far.box.town / ".gt" / "town.db")) as now, closing(sqlite3.connect(old)) as then:
        now.backup(then)
    far.happen()
    far.listen(lambda: (Heard.NEWS, "mail.sent") in far.heard or (far.heard and far.happen()), wait_for)
    for name in ("town.db-wal", "town.db-shm"):
        (far.box.town / ".gt" / name).unlink(missing_ok=True)
    shutil.copy(old, far.box.town / ".gt" / "town.db")
    far.heard.clear()
    far.listen(lambda: Heard.BACK in [heard for heard, _ in far.heard], wait_for)
    far.listen(lambda: len(far.heard) > 2, wait_for)
    assert [heard for heard, _ in far.heard].count(Heard.BACK) == 1
    told = mailbox(far.town, OVERSEER)
    subjects = [told.load(entry).subject for entry in told.list_all()]
    assert subjects.count("box has gone back in time: it was restored from an older backup") == 1


def _exchange(far: Far) -> None:
    """It waits while the line is down."""
    far.box.link_is("down")
    sent = sending.send(far.town, ["mayor@box"], "do this", "please")
    assert sent.text.endswith("is on its way to mayor@box")
    with pytest.raises(AwayError):
        following.exchange_mail(far.town, far.host)
    far.box.link_is("up")
    assert following.exchange_mail(far.town, far.host) == 1
    assert following.exchange_mail(far.town, far.host) == 0
    there = far.there
    sending.send(there, ["overseer@home"], "done", "it is")
    there.close()
    assert following.exchange_mail(far.town, far.host) == 1
    assert following.exchange_mail(far.town, far.host) == 0
    inbox = mailbox(far.town, OVERSEER)
    (entry,) = inbox.list_new()
    message = inbox.load(entry)
    following.look_at_agents(far.town, far.host)
    assert find_followed(far.town.db, "box", far.host.key).agents == ()
    assert (message.sender, message.to, message.subject) == ("overseer@box", ("overseer",), "done")


def _tell_why(far: Far) -> None:
    agent = {"address": "demo/toast", "role": "polecat", "state": "working", "title": "the job", "since": None}
    with far.town.change() as change:
        keep_agents(change, "box", far.host.key, [agent, {"address": "not one"}, {"address": "demo/nux", "pid": "x"}])
    assert [(each.address, each.state) for each in list_away_agents(far.town)] == [
        ("demo/toast@box", "working"), ("demo/nux@box", "unknown"),
    ]  # fmt: skip
    found = why(far.town, "toast@box")
    assert (found.subject, found.kind, found.state, found.title) == ("demo/toast@box", "agent", "working", "the job")
    assert "host box" in found.evidence and any(line.startswith("heard last 20") for line in found.evidence)
    with far.town.change() as change:
        note_trouble(change, "box", "box cannot be reached: no route")
        keep_position(change, "box", far.host.key, Position(3, "x"), 86_400.0)
        note_beat(change, "box")
    assert [each.state for each in list_away_agents(far.town)] == ["away", "away"]
    assert far.host.trouble is not None  # a disk that is full there is no matter of the line
    assert any(note.startswith("box cannot be reached: no route, since ") for note in status(far.town).notes)  # type: ignore[union-attr]
    assert hosts.show_host(far.town, far.host).clock == "its clock is 24 h ahead"
    assert "host box: its clock is 24 h ahead" in [each.what for each in examine_hosts(far.town, fix=False)]
    with far.town.change() as change:
        note_trouble(change, "box", "box cannot be reached: no route")
    host = why(far.town, "box")
    assert (host.kind, host.state) == ("host", "away")
    assert "its clock is 24 h ahead" in host.evidence
    assert host.waits_for[0].reason == "box does not answer: box cannot be reached: no route"
    with pytest.raises(NotFoundError):
        why(far.town, "bob@box")
    assert lookup.resolve_recipients(far.town, ["toast@box", "mayor@box"]) == ["demo/toast@box", "mayor@box"]
    toast = far.town.acting_as(Address("demo/toast"))
    with pytest.raises(RefusedError):
        list(answer_all(find_verb(["digest"])[0], [], toast, PLAIN, as_json=True))
    toast.close()
    with pytest.raises(NotFoundError, match="no host 'bx'") as error:
        lookup.resolve_recipients(far.town, ["toast@bx"])
    assert error.value.hint == "did you mean toast@box?"


def test_mail_waits_while_the_disk_there_is_full(short_tmp: Path) -> None:
    with small_disk(short_tmp / "disk") as disk:
        if disk is None:
            pytest.skip(CANNOT_MOUNT)
        town = Town(short_tmp / "town", OVERSEER, dict(os.environ))
        install(town, town.path)
        with make_box("shell", disk.path / "box") as box:
            hosts.add_host(town, "box", box.prefix)
            sent = sending.send(town, ["mayor@box"], "do this", "x" * 20_000)
            disk.fill()
            with pytest.raises(GtError):
                following.exchange_mail(town, get_host(town.db, "box"))
            disk.mend()
            assert following.exchange_mail(town, get_host(town.db, "box")) == 1
            assert following.exchange_mail(town, get_host(town.db, "box")) == 0
            there = Town(box.town, OVERSEER, dict(box.environment))
            assert [entry.key for entry in mailbox(there, "mayor").list_all(archived=True)] == [sent.value.id]
            there.close()
        town.close()

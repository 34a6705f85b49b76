"""gt digest on rows: what is in it, and how far a person has read."""

from collections.abc import Callable

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.digest import Digest
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.supervision.digest import digest
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.operations.workforce.rigs import remove_rig
from gastown_tmux.store.beads import merge_bead, return_bead, sling_bead, submit_bead
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import insert_merge_request
from gastown_tmux.web.night import read_night


def _land(town: Town, title: str) -> BeadId:
    bead: BeadId = create_bead(town, title, town.rig("demo")).value.id
    with town.change() as change:
        sling_bead(change, bead, Address("demo/cat"))
        submit_bead(change, bead, "mr-x")  # type: ignore[arg-type]
        merge_bead(change, bead, Commit("c" * 40))
    return bead


def _show(answer: Answer) -> Digest:
    """As a face does that shows it to its end."""
    assert answer.after is not None
    answer.after()
    value: Digest = answer.value
    return value


def test_each_landing_is_in_one_digest(town: Town) -> None:
    first = _land(town, "first")
    unread: Digest = digest(town).value
    assert [(each.bead, each.title, each.author) for each in unread.merged] == [(first, "first", "demo/cat")]
    assert digest(town).value.merged == unread.merged  # that one was never shown
    shown = _show(digest(town))
    second = _land(town, "second")
    assert [each.bead for each in _show(digest(town, since="last")).merged] == [second]
    later: Digest = digest(town, since="last").value
    assert later.merged == [] and later.since > shown.until


def test_whose_work_it_is_that_landed_from_a_host(town: Town) -> None:
    bead = _land(town, "far")
    with town.change() as change:
        change.execute("UPDATE beads SET assignee = NULL WHERE id = ?", bead)
        insert_merge_request(
            change, bead=bead, rig=RigName("demo"), author=Address("demo/toast@box"), branch="away/box/far",
            head=Commit("a" * 40), base=Commit("b" * 40), target="main",
        )  # fmt: skip
    assert [each.author for each in digest(town).value.merged] == ["demo/toast@box"]
    assert [each["author"] for each in read_night(town, "1h")["merges"]] == ["demo/toast@box"]  # type: ignore[index, attr-defined]


def test_a_look_at_the_last_minutes_moves_no_mark(town: Town) -> None:
    _land(town, "old")
    _show(digest(town))
    mark = digest(town).value.since
    _show(digest(town, since=clock.now()))
    assert digest(town).value.since == mark
    _show(digest(town, since="5m"))
    assert digest(town).value.since > mark


def test_a_mark_is_one_persons(town: Town, as_agent: Callable[[str], Town]) -> None:
    bead = _land(town, "seen by ann only")
    _show(digest(as_agent("demo/ann")))
    assert [each.bead for each in digest(town).value.merged] == [bead]


def test_what_came_back_says_where_it_is_now(town: Town, worker_bead: BeadId) -> None:
    with town.change() as change:
        return_bead(change, worker_bead, "rejected")
    assert [(each.reason, each.title, each.state) for each in digest(town).value.returned] == [
        ("rejected", "work", "open")
    ]


def test_mailed(town: Town) -> None:
    _land(town, "a bell")
    told = digest(town, mail=True)
    assert _show(told).merged and "1 merged" in told.text
    assert len(Mailbox(town.mail / "overseer").list_new()) == 1
    assert digest(town).value.merged == [] and digest(town).value.mail == 1


def test_a_rig_that_was_removed(town: Town) -> None:
    bead = _land(town, "a bell")
    remove_rig(town, town.rig("demo"), force=True)
    assert [(each.bead, each.title) for each in digest(town).value.merged] == [(bead, "")]


def test_a_time_that_is_none(town: Town) -> None:
    for words in ("soon", "9999-01-01T00:00:00.000Z"):
        with pytest.raises(UsageError):
            digest(town, since=words)

"""Lists are narrowed by the same flags everywhere, and show first what is open and new."""

from typing import Any

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.pages import Page
from gastown_tmux.operations.escalation.escalations import list_escalations, raise_escalation
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.mail.sending import send
from gastown_tmux.operations.merging.views import list_merge_requests
from gastown_tmux.operations.town.events import events
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.bead_story import list_beads
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.operations.work.convoys import close_convoy, create_convoy, list_convoys
from gastown_tmux.store.escalations import move_escalation
from gastown_tmux.store.merging import insert_merge_request


def test_events_are_narrowed_and_the_newest_are_shown(town: Town) -> None:
    said: list[str] = []
    town.say = said.append
    for title in ("fix the login", "write the docs", "fix the tests"):
        create_bead(town, title)
    assert [event.data["title"] for event in events(town, type="bead", search="FIX")] == [
        "fix the login",
        "fix the tests",
    ]
    assert [event.data["title"] for event in events(town, type="bead", limit=1)] == ["fix the tests"]
    assert said == ["2 earlier ones are left out: --limit 0 shows all"]
    assert len(list(events(town, type="bead", limit=0))) == 3
    assert list(events(town, agent=Address("demo/nobody"))) == []
    assert len(list(events(town, since="yesterday"))) == len(list(events(town)))


def test_escalations_and_mails_and_requests(town: Town) -> None:
    with town.change() as change:
        first = raise_escalation(change, "high", "the disk is full")
        raise_escalation(change, "high", "the tests are slow")
        move_escalation(change, first, "resolve")
    found = list_escalations(town, limit=0)
    assert isinstance(found, Page) and [each.text for each in found.items] == ["the tests are slow", "the disk is full"]
    assert [each.text for each in list_escalations(town, state="resolved")] == ["the disk is full"]
    assert [each.text for each in list_escalations(town, search="slow tests")] == ["the tests are slow"]

    for subject in ("one", "two"):
        send(town.acting_as(Address("demo/ann")), ["overseer"], subject, "words")
    assert [mail.subject for mail in inbox(town, search="two WORDS")] == ["two"]
    assert list(inbox(town, since="2999-01-01")) == []

    bead = create_bead(town, "fix the login").value
    with town.change() as change:
        insert_merge_request(
            change, bead=bead.id, rig=bead.rig, author=Address("demo/cat"), branch=f"bead/{bead.id}",
            head=Commit("1" * 40), base=Commit("2" * 40), target="main",
        )  # fmt: skip
    assert [each.bead for each in list_merge_requests(town, search="login")] == [bead.id]
    assert (
        list_merge_requests(town, assignee=Address("demo/ann")) == list_merge_requests(town, since="2999-01-01") == []
    )
    assert list_merge_requests(town, state="held") == []
    shown = list_merge_requests(town, limit=5)
    assert isinstance(shown, Page) and shown.more == 0


def test_convoys(town: Town) -> None:
    bead = create_bead(town, "fix the login").value
    spring = create_convoy(town, "The Spring", [bead]).value
    autumn = create_convoy(town, "autumn 100%").value
    close_convoy(town, autumn)

    def found(**narrowed: Any) -> list[str]:
        listed, page = list_convoys(town, **narrowed), list_convoys(town, **narrowed, limit=9)
        assert isinstance(page, Page) and page.more == 0
        assert sorted(each.id for each in page.items) == sorted(each.id for each in listed)
        return [each.name for each in listed]

    assert found(state="closed") == ["autumn 100%"] and found(state="landed") == []
    assert found(search="spring THE") == ["The Spring"] == found(search=spring.id)
    assert found(search="100%") == ["autumn 100%"] and found(search="1_0") == []
    assert found(rig=town.rig("demo")) == ["The Spring"]
    assert len(found(since="yesterday")) == 2 and found(since="2999-01-01") == []
    page = list_convoys(town, state="open", limit=1)
    assert isinstance(page, Page) and page.more == 0


def test_a_search_finds_letters_beyond_ascii_whatever_their_case(town: Town) -> None:
    create_bead(town, "Ärger mit der STRASSE")
    create_convoy(town, "Über STRASSE")
    assert [each.title for each in list_beads(town, search="straße ÄRGER")] == ["Ärger mit der STRASSE"]
    assert [each.name for each in list_convoys(town, search="straße ÜBER")] == ["Über STRASSE"]

"""Convoys: what is in them, how far they are, who is told, what nobody will start."""

import json
from collections.abc import Sequence

import pytest

from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.work import Convoy
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.explaining.why import why
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.lookup import resolve_convoy
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import convoys, landed
from gastown_tmux.operations.work.bead_files import import_beads
from gastown_tmux.operations.work.bead_story import list_beads
from gastown_tmux.operations.work.beads import close_bead, create_bead
from gastown_tmux.operations.work.convoy_views import list_stranded, show_convoy
from gastown_tmux.operations.work.sling import sling
from gastown_tmux.store import convoys as rows
from gastown_tmux.store.beads import get_bead, note_target, report_bead, sling_bead
from gastown_tmux.store.events import list_events
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.store.recovered_beads import recover_merged
from gastown_tmux.verbs.call import find_operation
from gastown_tmux.verbs.index import VERBS
from gastown_tmux.verbs.show import Display, render

YAML = """
beads:
- id: base
  title: The base
  priority: 1
- title: On it
  needs: [base]
  body: words
- Just this
"""


@pytest.fixture
def up(town: Town) -> Town:
    set_key(town, "provider.default", "runbook")
    with town.change() as change:
        set_wanted(change, True)
    return town


def bead(town: Town, title: str = "work", needs: Sequence[BeadId] = ()) -> BeadId:
    found: BeadId = create_bead(town, title, town.rig("demo"), needs=[get_bead(town.db, id) for id in needs]).value.id
    return found


def show(town: Town, words: str, *given: object) -> str:
    """As the command line shows it."""
    verb = next(verb for verb in VERBS if verb.words == words)
    return render(verb, find_operation(verb)(town, *given), Display(width=100))


def merge(town: Town, *ids: BeadId) -> None:
    with town.change() as change:
        for id in ids:
            recover_merged(change, id, "1" * 40)  # type: ignore[arg-type]


def make(town: Town, *ids: BeadId, **more: object) -> Convoy:
    made = convoys.create_convoy(town, "ship", [get_bead(town.db, id) for id in ids], **more)  # type: ignore[arg-type]
    found: Convoy = made.value
    return found


def mails(town: Town, address: str = OVERSEER) -> list[str]:
    box = town.mail / Address(address).folder
    mailbox = Mailbox(box)
    return [mailbox.load(entry).body for entry in mailbox.list_new()] if box.exists() else []


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        (YAML, {"The base": [], "On it": ["The base"], "Just this": []}),
        ("- [ ] one\n  - [ ] two\n", {"one": [], "two": []}),
        ("1. [ ] one\n2) [ ] two\n", {"one": [], "two": []}),
        ('{"id":"x-1","title":"one","status":"open"}\n', {"one": []}),
    ],
)
def test_from_a_file_once_for_each_name(town: Town, text: str, titles: dict[str, list[str]]) -> None:
    first = convoys.create_convoy(town, "ship", text=text, key="k").value
    beads = {id: get_bead(town.db, id) for id in first.beads}
    assert {each.title: [beads[need].title for need in each.needs] for each in beads.values()} == titles
    assert convoys.create_convoy(town, "ship", text=text, key="k").value == first
    with pytest.raises(RefusedError, match="is in convoy"):
        convoys.create_convoy(town, "ship", text=text)
    if not text.startswith("{"):
        other = convoys.create_convoy(town, "other", text=text).value
        assert not set(other.beads) & set(first.beads)
    assert len(list_beads(town)) == len(titles) * (1 if text.startswith("{") else 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("beads: []", "there are no beads in it"), ("", "there are no beads in it"), ("just words", "no beads"),
        ("- {titel: x}", "bead 1: unknown titel"), ("- {body: x}", "bead 1: it needs a title"),
        ("- a\n- a", "bead 2: a is there twice"), ("- {title: a, priority: 9}", "a priority is 0"),
        ("- [", "it is no list of beads"), ("- {title: a, rig: nowhere}", "no rig 'nowhere'"),
        ("- [ ] a\n- [ ] a\n", "line 2"),
        ("- base\n- {title: a, needs: bse}", "bead 2 .a.: 'bse' is neither in the file nor a bead"),
        ("- {title: a, parent: gone}", "'gone' is neither"),
        ("- {id: a, title: x, needs: b}\n- {id: b, title: y, needs: a}", "one another"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_makes_nothing(town: Town, text: str, words: str) -> None:
    with pytest.raises((UsageError, Exception), match=words):
        convoys.create_convoy(town, "ship", text=text)
    assert (list_beads(town), rows.list_convoys(town.db)) == ([], [])


def test_a_file_may_be_imported_as_yaml_and_need_beads_that_are_there(town: Town) -> None:
    known = bead(town, "known")
    import_beads(town, f"- {{title: new, needs: [{known}]}}\n")
    assert {each.title: each.needs for each in list_beads(town)} == {"known": (), "new": (known,)}  # type: ignore[union-attr]


def test_a_convoy_of_which_nothing_was_merged_stays_open_and_says_how_it_is_closed(town: Town) -> None:
    convoy = make(town, bead(town, "one"), bead(town, "two"))
    for id in convoy.beads:
        close_bead(town, get_bead(town.db, id), "done")
    assert rows.get_convoy(town.db, convoy.id).state == "open"
    assert f"gt convoy close {convoy.id}" in why(town, convoy.id).next


def test_out_of_a_closed_convoy_a_bead_may_go_into_another(town: Town) -> None:
    one = bead(town, "one")
    first = make(town, one)
    with pytest.raises(RefusedError, match="is in convoy") as refused:
        make(town, one)
    assert refused.value.hint == f"gt convoy show {first.id}"
    convoys.close_convoy(town, first)
    second = make(town, one)
    assert second.beads == (one,) and rows.get_convoy(town.db, first.id).beads == ()
    with pytest.raises(RefusedError, match=second.id):
        convoys.add_beads(town, rows.get_convoy(town.db, first.id), [get_bead(town.db, one)])


def test_how_far_it_is_by_waves_with_who_works_and_what_blocks(up: Town) -> None:
    first = bead(up, "first")
    second = bead(up, "second", [first])
    convoy = make(up, second, first)
    with up.change() as change:
        sling_bead(change, first, Address("demo/cat"))
    view = show_convoy(up, convoy)
    assert [(item.title, item.wave, item.worker) for item in view.items] == [
        ("first", 1, "demo/cat"), ("second", 2, None),
    ]  # fmt: skip
    assert view.items[1].reason == f"it needs {first}, which is hooked; nobody has given it out"
    assert (view.progress, view.waves, view.owner) == ("0 of 2 done: 1 hooked, 1 open", 2, OVERSEER)
    assert view.left == "no estimate: no bead of its rigs has been done yet"
    shown = show(up, "convoy show", convoy)
    assert "progress  0 of 2 done: 1 hooked, 1 open" in shown and "\n2     " in shown and "is hooked" in shown
    assert "nothing that was given out waits" in show(up, "scheduler")


def test_a_guess_from_what_the_town_has_done(up: Town) -> None:
    for _ in range(3):
        done = bead(up)
        with up.change() as change:
            sling_bead(change, done, Address("demo/ann"))
            report_bead(change, done, "done")
            change.execute(
                "UPDATE events SET time = '2026-01-01T00:00:00.000Z' WHERE subject = ? AND type = 'bead.slung'", done
            )
            change.execute(
                "UPDATE events SET time = '2026-01-01T00:10:00.000Z' WHERE subject = ? AND type = 'bead.reported'", done
            )
    view = show_convoy(up, make(up, bead(up), bead(up)))
    assert view.left == "about 10 minutes of work, by the last 3 beads of its rigs, 8 at a time"
    assert round(view.estimate.seconds or 0) == 600


def test_what_landed_is_told_once_to_owner_and_watchers(town: Town) -> None:
    one, two = bead(town, "Do one"), bead(town, "Tell two")
    convoy = make(town, one, two, notify=MAYOR)
    convoys.watch_convoy(town, convoy, Address("demo/ann"))
    assert "already" in convoys.watch_convoy(town, rows.get_convoy(town.db, convoy.id), MAYOR).text
    with town.change() as change:
        sling_bead(change, two, Address("demo/cat"))
        report_bead(change, two, "\n".join(f"line {number}" for number in range(20)))
    merge(town, one)
    assert rows.list_untold(town.db) == [convoy.id]
    for _ in range(2):
        landed.tell_landed(town)
    for who in (OVERSEER, MAYOR, "demo/ann"):
        [text] = mails(town, who)
        assert "Do one" in text and "merged as 111111111111" in text and "> line 9" in text and "line 10" not in text
    assert rows.list_untold(town.db) == []


def test_whoever_does_not_want_to_be_told_is_not(town: Town) -> None:
    convoy = make(town, bead(town), notify=MAYOR)
    convoys.unwatch_convoy(town, convoy, MAYOR)
    assert rows.get_convoy(town.db, convoy.id).notify == ()
    with pytest.raises(RefusedError, match="overseer made"):
        convoys.unwatch_convoy(town, convoy)


def test_adding_to_one_that_landed_opens_it_again_and_says_so(town: Town) -> None:
    one = bead(town)
    convoy = make(town, one)
    merge(town, one)
    assert rows.get_convoy(town.db, convoy.id).state == "landed"
    landed.tell_landed(town)
    two = bead(town)
    answer = convoys.add_beads(town, convoy, [get_bead(town.db, two)])
    assert answer.text == f"{convoy.id}, which had landed, is open again, and carries {two} now"
    assert [event.type for event in list_events(town.db, subject=convoy.id)][-1] == "convoy.reopened"
    landed.notify_landed(town, convoy.id)
    merge(town, two)
    landed.tell_landed(town)
    landed.tell_landed(town)
    assert len(mails(town)) == 2, "each landing is told once"


def test_each_open_bead_that_nobody_will_start_is_named_with_the_command(up: Town) -> None:
    free, given, done = bead(up, "free"), bead(up, "given"), bead(up, "done")
    after = bead(up, "after", [free])
    convoy = make(up, free, given, done, after)
    with up.change() as change:
        note_target(change, given, "demo", None)
    close_bead(up, get_bead(up.db, done))
    found = list_stranded(up)
    assert [(each.title, each.reason, each.next[0]) for each in found] == [
        ("free", "nobody has given it out", f"gt sling {free} demo"),
        ("after", f"it needs {free} (nobody has given it out); nobody has given it out", f"gt sling {free} demo"),
    ]  # fmt: skip
    with up.change() as change:
        set_wanted(change, False)
    assert {each.title for each in list_stranded(up, convoy)} == {"free", "given", "after"}
    convoys.close_convoy(up, convoy)
    assert list_stranded(up) == []


def test_a_convoy_is_slung_whole(up: Town) -> None:
    set_key(up, "limits.agents", 1, rig=up.rig("demo"))
    one, two = bead(up), bead(up)
    convoy = make(up, one, two)
    held = bead(up)
    with up.change() as change:
        sling_bead(change, held, Address("demo/ann"))  # the one place
    mayor = up.acting_as(MAYOR)
    assert sling(mayor, [convoy.id, "demo"]).text == (
        f"{one} stays open: all 1 places of demo are taken\n{two} stays open: all 1 places of demo are taken"
    )
    for id in (one, two):
        close_bead(up, get_bead(up.db, id))
    with pytest.raises(RefusedError, match=r"no bead of .* is open"):
        sling(mayor, [convoy.id])
    mayor.close()


def test_cancelled_it_takes_back_what_is_not_done_and_leaves_what_is(town: Town) -> None:
    done, free = bead(town, "done"), bead(town, "free")
    convoy = make(town, done, free)
    merge(town, done)
    answer = convoys.cancel_convoy(town, convoy)
    assert answer.text == f"{convoy.id} is cancelled; closed as wontdo: {free}"
    assert [get_bead(town.db, id).reason for id in (done, free)] == [None, "wontdo"]
    assert convoys.cancel_convoy(town, rows.get_convoy(town.db, convoy.id)).text == f"{convoy.id} is cancelled already"
    assert json.dumps(rows.get_convoy(town.db, convoy.id).state) == '"closed"'


def test_one_that_is_not_to_be_done_is_counted_as_that_and_its_convoy_is_closed_by_hand(town: Town) -> None:
    first, second = bead(town, "first"), bead(town, "second")
    convoy = make(town, first, second)
    merge(town, first)
    close_bead(town, get_bead(town.db, second), "wontdo")
    assert show_convoy(town, rows.get_convoy(town.db, convoy.id)).progress == "1 of 2 done: 1 merged, 1 wontdo"
    assert why(town, convoy.id).next[:2] == (f"gt bead reopen {second}", f"gt convoy close {convoy.id}")


def test_a_convoy_is_known_by_its_name(town: Town) -> None:
    """What is open goes before what is not; of two that are open neither is meant."""
    old = make(town, bead(town))
    convoys.close_convoy(town, old)
    assert resolve_convoy(town, "ship").id == old.id
    new = make(town, bead(town))
    assert resolve_convoy(town, "ship").id == new.id == resolve_convoy(town, new.id[:5]).id
    other = make(town, bead(town))
    with pytest.raises(RefusedError, match=f"{new.id}, {other.id}"):
        resolve_convoy(town, "ship")
    with pytest.raises(NotFoundError, match="no convoy 'shop'"):
        resolve_convoy(town, "shop")

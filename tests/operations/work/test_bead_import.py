"""Beads from files: once, never older over newer, all or nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gastown_tmux.domain.ids import RigName
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.bead_files import Imported, export_beads, import_beads, search_beads
from gastown_tmux.operations.work.bead_story import list_beads, list_ready, show_bead
from gastown_tmux.operations.work.beads import close_bead, create_bead, update_bead
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.operations.work.schedule import give_out
from gastown_tmux.store.beads import get_bead, note_target
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.store.rigs import insert_rig

LIST = "- [ ] one\n  words\n  - [x] inner\n- [ ] two\n"


def take(town: Town, text: str) -> Imported:
    found = import_beads(town, text).value
    assert isinstance(found, Imported)
    return found


def by_title(town: Town) -> dict[str, tuple[object, ...]]:
    beads = {bead.id: bead for bead in list_beads(town)}  # type: ignore[union-attr]
    titles = {id: bead.title for id, bead in beads.items()}
    return {
        bead.title: (bead.state, bead.body, bead.parent and titles[bead.parent], [titles[need] for need in bead.needs])
        for bead in beads.values()
    }


def test_a_checklist_twice_is_there_once(town: Town) -> None:
    assert len(take(town, LIST).made) == 3
    expected = {
        "one": ("open", "words", None, []), "inner": ("closed", "", "one", []), "two": ("open", "", None, []),
    }  # fmt: skip
    assert by_title(town) == expected
    again = import_beads(town, LIST + "- [ ] three\n")
    assert again.text == "1 made, 0 changed, 3 as they were"
    assert by_title(town) == expected | {"three": ("open", "", None, [])}


def issue(id: str, title: str, **more: object) -> str:
    return json.dumps({"id": id, "title": title, "status": "open", "updated_at": "2026-01-01T00:00:00Z", **more})


def test_issues_with_what_they_need(town: Town) -> None:
    needs = [{"depends_on_id": "bd-b", "type": "blocks"}, {"depends_on_id": "bd-gone", "type": "blocks"}]
    child = [{"depends_on_id": "bd-a", "type": "parent-child"}]
    text = "\n".join([issue("bd-a", "a", dependencies=needs), issue("bd-b", "b", dependencies=child)])
    told = import_beads(town, text).text
    assert told == "2 made, 0 changed, 0 as they were; left out, for nothing is known of them: bd-gone"
    assert by_title(town) == {"a": ("open", "", None, ["b"]), "b": ("open", "", "a", [])}


def test_an_older_row_never_overwrites_a_newer(town: Town) -> None:
    [id] = take(town, issue("bd-a", "old")).made
    assert take(town, issue("bd-a", "older", updated_at="2025-01-01T00:00:00Z")).same == [id]
    assert get_bead(town.db, id).title == "old"
    assert take(town, issue("bd-a", "new", updated_at="2999-01-01T00:00:00Z", status="closed")).changed == [id]
    assert (get_bead(town.db, id).title, get_bead(town.db, id).state) == ("new", "closed")
    assert take(town, issue("bd-a", "newest", updated_at="2999-02-01T00:00:00Z")).same == [id]  # no longer open


def test_what_changed_there_before_it_came_here_is_newer_than_what_came(town: Town) -> None:
    """A file is older than its import."""
    [id] = take(town, issue("bd-a", "one")).made
    for title, updated in (("two", "2026-01-02T00:00:00Z"), ("three", "2026-01-03T00:00:00+01:00")):
        assert take(town, issue("bd-a", title, updated_at=updated)).changed == [id]
        assert get_bead(town.db, id).title == title
    assert take(town, issue("bd-a", "two", updated_at="2026-01-02T00:00:00Z")).same == [id]


def test_what_was_changed_here_since_stays(town: Town) -> None:
    [id] = take(town, issue("bd-a", "theirs")).made
    update_bead(town, get_bead(town.db, id), title="ours")
    assert take(town, issue("bd-a", "theirs", updated_at="2026-02-01T00:00:00Z")).same == [id]
    assert get_bead(town.db, id).title == "ours"


def test_out_and_into_another_town(town: Town, short_tmp) -> None:  # type: ignore[no-untyped-def]
    rig = town.rig("demo")
    first = create_bead(town, "first", rig, body="b", priority=1, labels=["l"]).value
    second = create_bead(town, "second", rig, needs=[first], parent=first).value
    close_bead(town, first)
    text = export_beads(town).text
    assert len(text.splitlines()) == 2
    other = Town(short_tmp / "other", town.actor, town.environment)
    install(other, other.path)
    with other.change() as change:
        insert_rig(change, rig)
    assert take(other, text).made == [first.id, second.id]
    assert take(other, text).same == [first.id, second.id]
    moved = get_bead(other.db, second.id)
    assert (moved.needs, moved.parent, moved.created) == ((first.id,), first.id, second.created)
    closed = get_bead(other.db, first.id)
    assert (closed.state, closed.reason, closed.priority, closed.labels) == ("closed", "done", 1, ("l",))
    assert take(town, text).made == []
    other.close()


def test_ids_of_another_rig_become_ours(town: Town) -> None:
    line = json.dumps({"id": "zz-11111", "title": "t", "state": "open", "updated": "2026-01-01T00:00:00Z"})
    [id] = take(town, line).made
    assert id.startswith("de-") and take(town, line).same == [id]


def test_all_or_nothing(town: Town) -> None:
    circle = [
        issue("bd-a", "a", dependencies=[{"depends_on_id": "bd-b", "type": "blocks"}]),
        issue("bd-b", "b", dependencies=[{"depends_on_id": "bd-a", "type": "blocks"}]),
    ]
    with pytest.raises(RefusedError, match="would need one another"):
        import_beads(town, "\n".join(circle))
    with pytest.raises(UsageError, match="line 2"):
        import_beads(town, issue("bd-a", "a") + "\n{")
    assert list_beads(town) == []


def test_a_convoy_of_all_parts(town: Town) -> None:
    take(town, "- [ ] plan\n  - [ ] one\n    - [ ] inner\n  - [ ] two\n- [ ] other\n")
    beads = {bead.title: bead for bead in list_beads(town)}  # type: ignore[union-attr]
    convoy = create_convoy(town, "c", [beads["other"]], parent=beads["plan"]).value
    assert set(convoy.beads) == {beads[title].id for title in ("other", "inner", "two")}
    alone = create_convoy(town, "d", parent=create_bead(town, "alone", town.rig("demo")).value).value
    assert len(alone.beads) == 1


def test_search(town: Town) -> None:
    for title, body in (("Mend login", "the form"), ("Mend logout", ""), ("Other", "mend the Login")):
        create_bead(town, title, town.rig("demo"), body=body)
    found = search_beads(town, ["mend", "login"])
    assert [bead.title for bead in found] == ["Mend login", "Other"]  # type: ignore[union-attr]


def test_what_is_a_part_of_what_may_change_and_nothing_is_a_part_of_itself(town: Town) -> None:
    rig = town.rig("demo")
    whole, part, inner, other = (create_bead(town, title, rig).value for title in ("whole", "part", "inner", "other"))
    update_bead(town, part, parent=whole)
    update_bead(town, inner, parent=part)
    assert [bead.id for bead in list_beads(town, parent=whole)] == [part.id]  # type: ignore[union-attr]
    assert [bead.id for bead in list_beads(town, parent=whole, limit=1).items] == [part.id]  # type: ignore[union-attr]
    shown = show_bead(town, get_bead(town.db, whole.id))
    assert (shown.children, shown.titles) == ((part.id,), {part.id: "part"})
    for bead, parent in ((whole, inner), (whole, whole)):
        with pytest.raises(RefusedError, match="itself, or a part of it"):
            update_bead(town, bead, parent=parent)
    assert update_bead(town, part, parent=whole).text == f"{part.id} is like that already"
    update_bead(town, part, no_parent=True)
    assert show_bead(town, get_bead(town.db, whole.id)).children == ()
    update_bead(town, whole, parent=inner)
    assert get_bead(town.db, other.id).parent is None


def test_a_need_in_another_rig_holds_as_one_in_the_same(town: Town, short_tmp: Path) -> None:
    with town.change() as change:
        insert_rig(change, replace(town.rig("demo"), name=RigName("docs"), prefix="dc"))
    code = create_bead(town, "code", town.rig("demo")).value
    words = create_bead(town, "words", town.rig("docs"), needs=[code]).value
    with town.change() as change:
        note_target(change, words.id, "docs", None)
        set_wanted(change, True)
    assert give_out(town) == {}
    assert [bead.id for bead in list_ready(town)] == [code.id]  # type: ignore[union-attr]
    with pytest.raises(RefusedError, match="would need one another"):
        update_bead(town, code, needs=[words])
    close_bead(town, get_bead(town.db, code.id))
    set_key(town, "provider.default", "runbook")
    assert [id for id, _ in give_out(town)[RigName("docs")]] == [words.id]

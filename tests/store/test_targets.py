from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.ids import Commit, RigName
from gastown_tmux.edges.files import clock
from gastown_tmux.store.db import Database
from gastown_tmux.store.events import list_events
from gastown_tmux.store.rigs import find_rig
from gastown_tmux.store.targets import find_tip, list_replaced, move_tip, replace_tip

RIG = RigName("demo")


def test_a_target_goes_on_and_is_rewritten(db: Database) -> None:
    one, two, three, four = (Commit(letter * 40) for letter in "1234")
    with db.change(OVERSEER, clock.now()) as change:
        assert find_tip(change, RIG, "main") is None
        move_tip(change, RIG, "main", one)
        move_tip(change, RIG, "main", two)
        move_tip(change, RIG, "other", one)
        assert find_tip(change, RIG, "main") == two and list_replaced(change, RIG, "main") == []
        replace_tip(change, RIG, "main", two, three)
        replace_tip(change, RIG, "main", three, four)
    assert find_tip(db, RIG, "main") == four and list_replaced(db, RIG, "main") == [three, two]
    assert find_tip(db, RIG, "other") == one and list_replaced(db, RIG, "other") == []
    events = list_events(db, type="target.rewritten")
    assert [(event.subject, event.data["was"], event.data["now"]) for event in events] == [
        ("demo", two, three), ("demo", three, four)
    ]  # fmt: skip
    rig = find_rig(db, RIG)
    assert rig is not None and rig.rewritten is not None

"""A mirror tells whose screen it is, what that does, and since when."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.windows.mirror import describe
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import sling_bead


def test_a_pane_is_named_after_what_it_shows(town: Town) -> None:
    cat = Address("demo/cat")
    assert describe(town, cat) == "· demo/cat · off · <1m"
    bead = create_bead(town, "Fix #[fg=red]the\x1b]2;evil\x07 login").value
    with town.change() as change:
        sling_bead(change, bead.id, cat)
        rows.move_agent(change, cat, "start")
        session = rows.insert_session(change, cat, "runbook", (1, "1"), bead.id)
        rows.move_session(change, session, "work")
        change.execute("UPDATE sessions SET since = '2020-01-01T00:00:00.000Z'")
    title = describe(town, cat)
    assert title.startswith("● demo/cat · Fix # [fg=red]the") and title.endswith("d")
    assert "\x1b" not in title and "\x07" not in title
    assert describe(town, Address("demo/gone")) == "demo/gone"

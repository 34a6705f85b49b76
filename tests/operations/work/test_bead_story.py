"""A bead tells what became of it, what it waits for and what comes next; ids have titles beside them."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.processes import flags
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.mail.sending import send
from gastown_tmux.operations.supervision.status import describe_frozen
from gastown_tmux.operations.supervision.status_line import read_signs
from gastown_tmux.operations.supervision.views import list_agents
from gastown_tmux.operations.town.events import events
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.windows.attach import log
from gastown_tmux.operations.work.bead_story import list_beads, show_bead
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store.beads import get_bead, return_bead, sling_bead, start_bead
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.names import list_names
from gastown_tmux.verbs.show import PLAIN, render
from gastown_tmux.verbs.table import Kind


def begin(town: Town, title: str = "fix the login") -> str:
    """A bead at work on the hook of the polecat ``cat``."""
    bead = create_bead(town, title).value
    with town.change() as change:
        sling_bead(change, bead.id, Address("demo/cat"))
        agent_rows.move_agent(change, "demo/cat", "start")
        session = agent_rows.insert_session(change, Address("demo/cat"), "runbook", (1, "1"), bead.id)
        start_bead(change, bead.id, session)
    return str(bead.id)


def test_a_bead_tells_its_story_and_what_comes_next(town: Town) -> None:
    first = create_bead(town, "the ground").value
    id = begin(town)
    with town.change() as change:
        raise_escalation(change, "high", "which login?", bead=get_bead(change, id).id)
        return_bead(change, get_bead(change, id).id, "deferred")
    second = create_bead(town, "the roof", needs=[first], body="# text\n").value
    create_convoy(town, "the house", [second])

    view = show_bead(town, get_bead(town.db, id))
    told = [moment.what for moment in view.timeline]
    assert told[0] == "created by you" and told[-1] == "came back: deferred"
    assert "on the hook of demo/cat, by you" in told and any("asks (high): which login?" in what for what in told)
    assert view.waits is not None and "deferred by demo/cat" in view.waits and view.next == (f"gt sling {id}",)

    verb, _ = find_verb(["bead", "show"])
    text = render(verb, view, PLAIN)
    assert "created by you\n" in text and text.endswith(f"next: gt sling {id}")
    text = render(verb, show_bead(town, get_bead(town.db, second.id)), PLAIN)
    assert f"{first.id} (the ground)" in text and "(the house)" in text and "\n# text\n" in text
    assert f"it needs {first.id}" in text

    lines = log(town, id).splitlines()
    assert lines[0] == f"{id} open: fix the login" and lines[-1].endswith("came back: deferred")


def test_lists_say_why_each_waits(town: Town) -> None:
    first = create_bead(town, "the ground").value
    second = create_bead(town, "the roof", needs=[first]).value
    found = {bead.id: bead.waits for bead in list_beads(town)}
    assert found[first.id] == "nobody has given it out" and f"it needs {first.id}" in str(found[second.id])
    (town.path / "town.yaml").write_text("limits: {agents: many}\n")
    town.reload_settings()
    assert len(list_beads(town)) == 2, "settings that cannot be read hide no bead"
    assert show_bead(town, get_bead(town.db, first.id)).title == "the ground"


def test_ids_have_titles_beside_them(town: Town) -> None:
    id = begin(town)
    assert {agent.address: agent.title for agent in list_agents(town)}["demo/cat"] == "fix the login"
    assert ("demo/cat", f"starting {id} fix the login") in list_names(town, Kind.AGENT)
    send(town.acting_as(Address("demo/cat")), ["overseer"], "a question", "?", bead=get_bead(town.db, id))
    (mail,) = inbox(town)
    assert f"{id} (fix the login)" in render(find_verb(["mail", "read"])[0], mail, PLAIN)
    assert {event.data.get("title") for event in events(town, type="bead.slung")} == {"fix the login"}


def test_every_bar_says_what_stands_still(town: Town) -> None:
    assert describe_frozen(town) == "" and "FROZEN" not in read_signs(town).counts
    flags.raise_flag(town.flags_folder, town.memory, flags.rig_flag("demo"), [])
    assert read_signs(town).counts.startswith("FROZEN demo")
    flags.raise_flag(town.flags_folder, town.memory, flags.TOWN, [])
    assert read_signs(town).counts.startswith("FROZEN") and describe_frozen(town) == "FROZEN"
    with town.change() as change:
        agent_rows.move_agent(change, "demo/cat", "start")
        agent_rows.move_agent(change, "demo/cat", "pause")
    assert "‖ 1" in read_signs(town).counts

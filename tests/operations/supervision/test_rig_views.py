"""A rig as scripts read it: its settings and what is on it, also where the settings are broken."""

from gastown_tmux.operations.supervision.rig_views import view_rig
from gastown_tmux.operations.supervision.status import status
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.beads import create_bead


def test_what_a_rig_says(town: Town) -> None:
    rig = town.rig("demo")
    create_bead(town, "ready", rig)
    shown = view_rig(town, rig)
    assert (shown.kind, shown.publish, shown.gates, shown.queue) == ("checkout", "push", 0, "running")
    assert (shown.agents, shown.beads, shown.waiting) == (3, 1, 0)
    assert status(town).rigs == [shown]


def test_settings_that_cannot_be_read(town: Town) -> None:
    (town.path / "rigs/demo/settings").mkdir(parents=True)
    (town.path / "rigs/demo/settings/config.json").write_text("{")
    shown = view_rig(town, town.rig("demo"))
    assert shown.publish is None and shown.gates == 0 and shown.problem and "config.json" in shown.problem
    notes = status(town).notes
    assert sum("config.json" in note for note in notes) == 1 and not any("no merge gates" in note for note in notes)

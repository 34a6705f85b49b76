"""The owner of a run is told of its end: once, also after a kill, and not of what they did themselves."""

import pytest

from gastown_tmux.domain.addresses import MAYOR, OVERSEER
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.run_ends import tell_ends
from gastown_tmux.operations.work.runs import cancel_run
from gastown_tmux.store import runs as rows
from gastown_tmux.store.mailbox import Mailbox
from tests.operations.work.test_run_verbs import (  # noqa: F401 - a fixture too
    bead_of,
    nothing_starts,
    pour,
    report,
    step,
    take,
    write,
)


def mails(town: Town) -> list[str]:
    mailbox = Mailbox(town.mail / OVERSEER)
    return [mailbox.load(entry).body for entry in mailbox.list_new()] if mailbox.path.exists() else []


def test_the_owner_gets_what_became_of_each_step_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    write(town, step("a"))
    run = pour(town, spread=True)
    tell_ends(town)
    assert mails(town) == []
    take(town, bead_of(town, run, "a"))
    report(town, bead_of(town, run, "a"), "all is well\nmore")
    assert rows.list_untold(town.db) == [run.id]
    with monkeypatch.context() as patch:  # killed between the mail and the row
        patch.setattr(rows, "mark_told", lambda change, run: None)
        tell_ends(town)
    tell_ends(town)
    tell_ends(town)
    [text] = mails(town)
    assert "it in demo: done" in text and "done     a  A: all is well\n" in text
    assert rows.list_untold(town.db) == []


def test_who_cancelled_their_own_run_knows_and_another_s_end_is_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(town, step("a"))
    cancel_run(town, pour(town))
    tell_ends(town)
    assert mails(town) == [] and rows.list_untold(town.db) == []
    agent = town.acting_as(MAYOR)
    cancel_run(agent, pour(town))
    agent.close()
    tell_ends(town)
    assert len(mails(town)) == 1

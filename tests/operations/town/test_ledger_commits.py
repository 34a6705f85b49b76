"""The ledger in the town's own repository."""

from pathlib import Path

from gastown_tmux.operations.town.ledger import write_ledger
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.events import last_seq, list_events
from gastown_tmux.store.ledger import read_after
from gastown_tmux.store.meta import set_wanted
from tests.journeys.town_world import git


def test_events_are_committed_once_and_nothing_else_is(town: Town) -> None:
    (town.path / "mine.txt").write_text("staged by a person\n")
    git(town.path, "add", "mine.txt")
    assert write_ledger(town) == last_seq(town.db) > 0
    assert write_ledger(town) == 0
    assert git(town.path, "log", "-1", "--format=%an <%ae> %s") == (
        f"gt <gt@localhost> Ledger up to event {last_seq(town.db)}"
    )
    assert git(town.path, "status", "--porcelain") == "A  mine.txt"
    with town.change() as change:
        set_wanted(change, True)
    assert write_ledger(town) == 1
    assert read_after(town.path / ".gt" / "ledger", 0) == list_events(town.db)
    assert git(town.path, "rev-list", "--count", "HEAD") == "3"


def test_what_a_kill_left_uncommitted_is_committed(town: Town) -> None:
    write_ledger(town)
    [segment] = (town.path / ".gt" / "ledger").glob("*.jsonl")
    git(town.path, "reset", "-q", "--soft", "HEAD^")
    assert write_ledger(town) == 0
    assert git(town.path, "status", "--porcelain") == ""
    assert git(town.path, "ls-files", ".gt/ledger").splitlines()[-1] == f".gt/ledger/{Path(segment).name}"

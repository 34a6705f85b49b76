"""The ledger: the town's history as files in the town's own git repository."""

from pathlib import Path

from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.edges.git.command import Person, author_environment, git
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import ledger
from gastown_tmux.store.events import list_events

TOWN_PERSON = Person("gt", "gt@localhost")


def folder_of(town: Town) -> Path:
    return town.path / ".gt" / "ledger"


def write_ledger(town: Town) -> int:
    """Appends the events that the ledger lacks and commits it; how many they were.

    Killed anywhere and run again, each event is there once. What a person has staged in the town stays staged.
    """
    with Lock(town.run / "ledger.lock"):
        folder = folder_of(town)
        with plain_errors(folder):
            last = ledger.last_seq(folder)
            written = ledger.append(folder, list_events(town.db, after=last))
        _commit(town.path, f"Ledger up to event {last + written}")
    return written


def _commit(path: Path, subject: str) -> None:
    place = ("--", ".gt/ledger")
    git("add", "--all", *place, cwd=path)
    if git("diff", "--cached", "--quiet", *place, cwd=path, ok=(0, 1)).code:
        own = author_environment(TOWN_PERSON)
        git("commit", "--quiet", "--no-verify", f"--message={subject}", *place, cwd=path, env=own)

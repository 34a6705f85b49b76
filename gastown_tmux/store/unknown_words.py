"""Words in rows that this gt does not know, a newer one's or written by hand: they stop nobody, and doctor tells."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import AgentState, HookState, Role, SessionState
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.escalation import EscalationState, Level, Severity
from gastown_tmux.domain.mail import Priority
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.rigs import QueueState, RemoteKind
from gastown_tmux.domain.runs import RunState, StepState
from gastown_tmux.domain.work import BeadState, ConvoyState
from gastown_tmux.store.db import Change, placeholders
from gastown_tmux.store.rows import Reader

#: Table, what names its rows to people, and the columns with words: what an unknown one counts as.
COLUMNS: tuple[tuple[str, str, dict[str, StrEnum]], ...] = (
    ("agents", "address", {"role": Role.CREW, "state": AgentState.PAUSED, "hook": HookState.READY}),
    ("beads", "id", {"state": BeadState.OPEN}),
    ("convoys", "id", {"state": ConvoyState.OPEN}),
    ("deliveries", "mail", {"state": DeliveryState.QUEUED, "priority": Priority.NORMAL}),
    ("escalations", "id", {"severity": Severity.HIGH, "state": EscalationState.OPEN, "level": Level.HUMAN}),
    ("merge_requests", "id", {"state": MergeState.HELD}),
    ("rigs", "name", {"remote_kind": RemoteKind.REMOTE, "queue": QueueState.PAUSED}),
    ("runs", "id", {"state": RunState.PAUSED}),
    ("run_steps", "id", {"state": StepState.FAILED}),
    ("sessions", "id", {"state": SessionState.WAITING}),
)


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """``instead`` is what the ``word`` counts as."""

    table: str
    row: str
    column: str
    word: str
    instead: StrEnum


def list_unknown_words(reader: Reader) -> list[UnknownWord]:
    found = []
    for table, name, columns in COLUMNS:
        for column, instead in columns.items():
            known = tuple(type(instead))
            sql = f"SELECT {name}, {column} FROM {table} WHERE {column} NOT IN ({placeholders(known)})"
            found += [UnknownWord(table, row[0], column, row[1], instead) for row in reader.rows(sql, *known)]
    return found


def replace_unknown_word(change: Change, unknown: UnknownWord) -> None:
    """The row says from now on what its word counts as."""
    name = next(name for table, name, _ in COLUMNS if table == unknown.table)
    change.execute(
        f"UPDATE {unknown.table} SET {unknown.column} = ? WHERE {name} = ? AND {unknown.column} = ?",
        unknown.instead, unknown.row, unknown.word,
    )  # fmt: skip

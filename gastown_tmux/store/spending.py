"""Spending rows: tokens by conversation, bead and day."""

from gastown_tmux.domain.agents import Session
from gastown_tmux.domain.spending import Tokens
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader

#: What spending can be listed by, and how that is found in a row of the table.
GROUPS = {group: group for group in ("agent", "bead", "rig", "provider", "day")} | {
    "convoy": "coalesce((SELECT convoy FROM convoy_beads WHERE bead = spending.bead), '')"
}
_SUMS = "sum(input) AS input, sum(output) AS output, sum(cached) AS cached"


def _tokens(row: Row | None) -> Tokens:
    return Tokens(row["input"] or 0, row["output"] or 0, row["cached"] or 0) if row else Tokens()


def record_spending(change: Change, session: Session, transcript: str, total: Tokens) -> bool:
    """What a conversation used since it was recorded last counts for the session's bead, today. False: nothing."""
    before = _tokens(change.row(f"SELECT {_SUMS} FROM spending WHERE transcript = ?", transcript))
    fresh = total - before
    if fresh == Tokens():
        return False
    change.execute(
        "INSERT INTO spending (transcript, bead, day, agent, rig, provider, input, output, cached)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " input = input + excluded.input, output = output + excluded.output, cached = cached + excluded.cached",
        transcript, session.bead or "", change.time[:10], session.agent, session.agent.rig or "", session.provider,
        fresh.input, fresh.output, fresh.cached,
    )  # fmt: skip
    return True


def sum_spending(reader: Reader, by: str) -> dict[str, Tokens]:
    """The tokens of each ``by``, one of GROUPS; what belongs to none is under an empty name."""
    rows = reader.rows(f"SELECT {GROUPS[by]} AS name, {_SUMS} FROM spending GROUP BY 1 ORDER BY 1")
    return {row["name"]: _tokens(row) for row in rows}


def spent_by_bead(reader: Reader, bead: str) -> int:
    return _tokens(reader.row(f"SELECT {_SUMS} FROM spending WHERE bead = ?", bead)).charged


def spent_on(reader: Reader, day: str, agent: str | None = None) -> int:
    """By one agent, or by all."""
    sql, values = f"SELECT {_SUMS} FROM spending WHERE day = ?", [day]
    if agent is not None:
        sql, values = sql + " AND agent = ?", [day, agent]
    return _tokens(reader.row(sql, *values)).charged

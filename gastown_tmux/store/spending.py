"""Spending rows: tokens by conversation, bead, day and model."""

import json
from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import Session
from gastown_tmux.domain.spending import Tokens, Use
from gastown_tmux.domain.work import Bead, BeadState, Reason
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader

_CONVOY = "coalesce((SELECT convoy FROM convoy_beads WHERE bead = spending.bead), '')"
#: What spending can be listed by, and how that is found in a row of the table.
GROUPS = {group: group for group in ("agent", "bead", "rig", "provider", "model", "day")} | {"convoy": _CONVOY}
_SUMS = "sum(input) AS input, sum(output) AS output, sum(cached) AS cached"


def _tokens(row: Row | None) -> Tokens:
    return Tokens(row["input"] or 0, row["output"] or 0, row["cached"] or 0) if row else Tokens()


def record_spending(change: Change, session: Session, transcript: str, total: Mapping[str, Tokens]) -> bool:
    """What a conversation used since it was recorded last counts for the session's bead, today. False: nothing."""
    if total and "" not in total:
        # Counted when nobody looked at models yet.
        sql = "UPDATE OR IGNORE spending SET model = ? WHERE transcript = ? AND model = ''"
        change.execute(sql, next(iter(total)), transcript)
    is_new = False
    for model, tokens in total.items():
        sql = f"SELECT {_SUMS} FROM spending WHERE transcript = ? AND model = ?"
        fresh = tokens - _tokens(change.row(sql, transcript, model))
        if fresh == Tokens():
            continue
        is_new = True
        change.execute(
            "INSERT INTO spending (transcript, bead, day, model, agent, rig, provider, input, output, cached)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " input = input + excluded.input, output = output + excluded.output, cached = cached + excluded.cached",
            transcript, session.bead or "", change.time[:10], model, session.agent, session.agent.rig or "",
            session.provider, fresh.input, fresh.output, fresh.cached,
        )  # fmt: skip
    return is_new


@dataclass(frozen=True, slots=True)
class Uses:
    """Which spending is meant; of what is None, all."""

    bead: str | None = None
    agent: str | None = None
    convoy: str | None = None
    day: str | None = None

    def where(self) -> tuple[str, list[str]]:
        terms = {"bead = ?": self.bead, "agent = ?": self.agent, "day = ?": self.day}
        terms["bead IN (SELECT bead FROM convoy_beads WHERE convoy = ?)"] = self.convoy
        given = {sql: value for sql, value in terms.items() if value is not None}
        return " AND ".join(given) or "1", list(given.values())


EVERY = Uses()


def list_uses(reader: Reader, only: Uses = EVERY) -> list[Use]:
    """By model."""
    where, values = only.where()
    sql = f"SELECT provider, model, {_SUMS} FROM spending WHERE {where} GROUP BY 1, 2"
    return [Use(row["provider"], row["model"], _tokens(row)) for row in reader.rows(sql, *values)]


def group_uses(reader: Reader, by: str, since: str = "") -> dict[str, list[Use]]:
    """Of each ``by``, one of GROUPS, from that day on; what belongs to none is under an empty name."""
    found = dict[str, list[Use]]()
    name = f"SELECT {GROUPS[by]} AS name, provider, model, {_SUMS}"
    for row in reader.rows(f"{name} FROM spending WHERE day >= ? GROUP BY 1, 2, 3 ORDER BY 1", since):
        found.setdefault(row["name"], []).append(Use(row["provider"], row["model"], _tokens(row)))
    return found


def list_spenders(reader: Reader) -> tuple[set[str], set[str]]:
    """Open beads that have used anything, with the convoys in which any bead has, and agents that have today."""
    beads = reader.rows(
        "SELECT DISTINCT s.bead FROM spending s JOIN beads b ON b.id = s.bead WHERE b.state = 'open'"
        " UNION SELECT convoy FROM convoy_beads WHERE bead IN (SELECT bead FROM spending)"
    )
    agents = reader.rows("SELECT DISTINCT agent FROM spending WHERE day = strftime('%Y-%m-%d')")
    return {row[0] for row in beads}, {row[0] for row in agents}


def note_over_budget(change: Change, bead: Bead, *, over: bool) -> None:
    """That an open bead waits for a budget, or does so no longer. What it came back for is worth more."""
    if bead.state is BeadState.OPEN and bead.reason == (None if over else Reason.OVER_BUDGET):
        reason = Reason.OVER_BUDGET if over else None
        change.execute("UPDATE beads SET reason = ?, updated = ? WHERE id = ?", reason, change.time, bead.id)


def are_unnoted(reader: Reader, beads: Sequence[str]) -> bool:
    """Whether any of these open beads does not say yet that it waits for a budget."""
    sql = "SELECT 1 FROM beads WHERE reason IS NULL AND id IN (SELECT value FROM json_each(?)) LIMIT 1"
    return reader.row(sql, json.dumps(list(beads))) is not None


def note_over_budget_only(change: Change, over: Sequence[str], free: Sequence[str]) -> None:
    """The same of many: of those ``over``, and no more of those that are ``free``."""
    sql = "UPDATE beads SET reason = ?, updated = ? WHERE reason IS ? AND id IN (SELECT value FROM json_each(?))"
    if over:
        change.execute(sql, Reason.OVER_BUDGET, change.time, None, json.dumps(list(over)))
    if free:
        change.execute(sql, None, change.time, Reason.OVER_BUDGET, json.dumps(list(free)))

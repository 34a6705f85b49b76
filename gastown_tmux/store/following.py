"""How far each host's events were read, and what was seen there."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.following import Position
from gastown_tmux.domain.ids import Time
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader


@dataclass(frozen=True, slots=True)
class Followed:
    """``ahead``: seconds its clock was ahead when it was heard last. ``restored``: when its history was found to
    have gone back. ``agents``: as the town there listed them, at ``seen``.
    """

    position: Position
    ahead: float
    restored: Time | None
    agents: Sequence[Mapping[str, Any]]
    seen: Time | None


_NOBODY = Followed(Position(), 0.0, None, (), None)


def find_followed(reader: Reader, host: str, key: str) -> Followed:
    """What is known of the town with that key; nothing where the host leads to another one now."""
    row = reader.row("SELECT * FROM followed WHERE host = ? AND town_key = ?", host, key)
    return _followed(row) if row else _NOBODY


def _followed(row: Row) -> Followed:
    return Followed(
        Position(row["seq"], row["mark"]), row["ahead"], row["restored"] and Time(row["restored"]),
        tuple(json.loads(row["agents"])), row["seen"] and Time(row["seen"]),
    )  # fmt: skip


def list_seen(reader: Reader) -> list[tuple[str, str, str]]:
    """Of each host the addresses and states of its agents."""
    sql = "SELECT f.host, f.agents FROM followed f JOIN hosts h ON h.name = f.host AND h.town_key = f.town_key"
    return [
        (row["host"], str(agent["address"]), str(agent.get("state") or ""))
        for row in reader.rows(sql)
        for agent in json.loads(row["agents"])
        if agent.get("address")
    ]


def keep_position(change: Change, host: str, key: str, position: Position, ahead: float | None = None) -> None:
    """``ahead`` None: it is as it was."""
    _have_row(change, host, key)
    sql = "UPDATE followed SET seq = ?, mark = ?, ahead = coalesce(?, ahead) WHERE host = ?"
    change.execute(sql, position.seq, position.mark, ahead, host)


def _have_row(change: Change, host: str, key: str) -> None:
    """What was known of another town under that name is nothing to this one."""
    change.execute("DELETE FROM followed WHERE host = ? AND town_key <> ?", host, key)
    change.execute(
        "INSERT INTO followed (host, town_key, seq, mark, ahead, agents) VALUES (?, ?, 0, '', 0, '[]')"
        " ON CONFLICT DO NOTHING",
        host, key,
    )  # fmt: skip


def note_restored(change: Change, host: str) -> None:
    change.execute("UPDATE followed SET restored = ? WHERE host = ?", change.time, host)


def keep_agents(change: Change, host: str, key: str, agents: Sequence[Mapping[str, Any]]) -> None:
    _have_row(change, host, key)
    written = json.dumps(list(agents))
    change.execute("UPDATE followed SET agents = ?, seen = ? WHERE host = ?", written, change.time, host)

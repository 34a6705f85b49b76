"""What is asked of the rows to choose who gets which bead next, and to say why the others wait."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gastown_tmux.domain.ids import BeadId, ConvoyId, RigName, Time
from gastown_tmux.domain.work import ATTEMPTS, RETRIED, BeadState
from gastown_tmux.store.beads import UNBLOCKED
from gastown_tmux.store.convoys import UNMET
from gastown_tmux.store.db import placeholders
from gastown_tmux.store.rows import Reader, word_of

if TYPE_CHECKING:
    from gastown_tmux.domain.scheduling import Candidate
    from gastown_tmux.domain.waiting import Needed

#: Beads that go to a worker by themselves. The first condition on ``target`` is word for word that of the index.
_WAY = (
    f"b.state = 'open' AND {UNBLOCKED} AND b.attempts < {ATTEMPTS}"
    " AND (b.target IS NOT NULL OR b.reason IS NOT NULL)"
    # What is a host's, or is meant for one, is given to nobody here.
    " AND b.delegation IS NULL AND NOT coalesce(instr(b.target, '@'), 0)"
    f" AND (b.target IS NOT NULL OR b.reason IN ({placeholders(RETRIED)}))"
)
_WITH_A_WAY = f" FROM beads b WHERE {_WAY}"
_CANDIDATE = (
    "SELECT b.id, b.rig, b.priority, (julianday(coalesce(b.waits_since, b.updated)) - 2440587.5) * 86400.0, b.created,"
    " (SELECT convoy FROM convoy_beads WHERE bead = b.id), iif(instr(b.target, '/'), b.target, NULL), b.provider,"
    f" b.assignee, coalesce(b.reason IN ({placeholders(RETRIED)}), 0)"
)


def list_candidates(
    reader: Reader, *, rigs: Sequence[str] | None = None, among: Sequence[BeadId] | None = None
) -> "list[Candidate]":
    """Ready beads that were slung, or came back to be done again. With ``rigs``, of other rigs only those that are
    meant for an agent; with ``among``, only those of these ids.
    """
    from gastown_tmux.domain.scheduling import Candidate  # 2 ms, and who counts or lists what waits needs none

    source, values = _WITH_A_WAY, list[str](RETRIED)
    if among is not None:
        # From the few that are named: else all that wait would be looked at for them.
        source = f" FROM json_each(?) w CROSS JOIN beads b ON b.id = w.value WHERE {_WAY}"
        values.append(json.dumps(list(among)))
    sql, values = _CANDIDATE + source, [*values, *RETRIED]
    if rigs is not None:
        sql += f" AND (instr(b.target, '/') OR b.rig IN ({placeholders(rigs)}))"
        values += rigs
    return [Candidate(*row) for row in reader.rows(sql, *values)]


def list_named_for_hosts(reader: Reader) -> "list[Candidate]":
    """Ready beads that were slung at a host, and that no host has."""
    from gastown_tmux.domain.scheduling import Candidate

    sql = (
        f"{_CANDIDATE} FROM beads b WHERE b.state = 'open' AND {UNBLOCKED} AND b.attempts < {ATTEMPTS}"
        " AND (b.target IS NOT NULL OR b.reason IS NOT NULL) AND b.delegation IS NULL AND instr(b.target, '@')"
    )
    return [Candidate(*row) for row in reader.rows(sql, *RETRIED)]


def get_candidate(reader: Reader, bead: BeadId) -> "Candidate":
    """The same of one bead, however it is."""
    from gastown_tmux.domain.scheduling import Candidate

    row = reader.row(f"{_CANDIDATE} FROM beads b WHERE b.id = ?", *RETRIED, bead)
    assert row is not None
    return Candidate(*row)


def list_waiting(reader: Reader, rig: str, most: int = -1) -> list[BeadId]:
    """Ids of a rig's candidates, the most urgent first; all of them, unless ``most`` says otherwise."""
    sql = f"SELECT b.id{_WITH_A_WAY} AND b.rig = ? ORDER BY b.priority, b.created, b.id LIMIT ?"
    return [BeadId(row["id"]) for row in reader.rows(sql, *RETRIED, rig, most)]


def has_waiting(reader: Reader, than: int = 0) -> bool:
    """Whether more candidates wait than so many."""
    return reader.row(f"SELECT 1{_WITH_A_WAY} LIMIT 1 OFFSET ?", *RETRIED, than) is not None


class Title(NamedTuple):
    """What is shown of an open bead that was given out."""

    id: BeadId
    title: str
    rig: RigName
    convoy: ConvoyId | None
    priority: int


def list_given_out(reader: Reader) -> list[Title]:
    """Open beads that were slung or came back to be done again, also those with unmet needs, the oldest first."""
    sql = (
        "SELECT b.id, b.title, b.rig, (SELECT convoy FROM convoy_beads WHERE bead = b.id), b.priority FROM beads b"
        " WHERE b.state = 'open' AND (b.target IS NOT NULL OR b.reason IS NOT NULL)"
        f" AND (b.target IS NOT NULL OR b.reason IN ({placeholders(RETRIED)})) ORDER BY b.created, b.id"
    )
    return [Title(*row) for row in reader.rows(sql, *RETRIED)]


class End(NamedTuple):
    """Of a session. ``seconds`` is how long it lived; ``reason`` why it ended."""

    provider: str
    agent: str
    ended: Time
    seconds: float
    reason: str | None


def list_ends(reader: Reader, since: Time) -> list[End]:
    """Sessions that ended since then, the newest first."""
    sql = (
        "SELECT provider, agent, ended, (julianday(ended) - julianday(started)) * 86400.0, reason FROM sessions"
        " WHERE ended >= ? ORDER BY ended DESC"
    )
    return [End(*row) for row in reader.rows(sql, since)]


def list_unmet(reader: Reader, beads: Iterable[BeadId]) -> "dict[BeadId, list[Needed]]":
    """What these beads need that is not met, and what that needs in turn."""
    from gastown_tmux.domain.waiting import Needed

    sql = (
        "WITH RECURSIVE reached (bead) AS (SELECT value FROM json_each(?) UNION SELECT n.needed FROM reached r"
        " JOIN needs n ON n.bead = r.bead JOIN beads d ON d.id = n.needed WHERE d.state NOT IN ('merged', 'closed'))"
        f" SELECT n.bead, d.id, d.state, d.reason FROM {UNMET} AND n.bead IN (SELECT bead FROM reached)"
        " ORDER BY n.bead, d.id"
    )
    found = dict[BeadId, list[Needed]]()
    for bead, id, state, reason in reader.rows(sql, json.dumps(list(beads))):
        found.setdefault(BeadId(bead), []).append(Needed(BeadId(id), word_of(state, BeadState.OPEN), reason))
    return found

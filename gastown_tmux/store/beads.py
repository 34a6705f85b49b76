"""Bead rows."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId, MergeRequestId, RigName, SessionId, Time
from gastown_tmux.domain.pages import Page
from gastown_tmux.domain.work import (
    BEAD,
    RETRIED,
    WAITING,
    Bead,
    BeadMove,
    BeadState,
    ConvoyState,
    Reason,
    find_cycle,
)
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.store.convoys import UNMET, get_convoy, move_convoy
from gastown_tmux.store.db import Change, Row, placeholders
from gastown_tmux.store.rows import Reader, recall, word_of

_BEAD = (
    "SELECT b.id, b.rig, b.title, b.body, b.state, b.reason, b.priority, b.labels, b.assignee, b.target, b.provider,"
    " b.attempts, b.branch, b.base, b.merge_request, b.merged_commit, b.report, b.created, b.updated, b.parent,"
    " b.delegation, (SELECT json_group_array(needed) FROM needs WHERE bead = b.id) AS needs,"
    " (SELECT convoy FROM convoy_beads WHERE bead = b.id) AS convoy,"
    " (SELECT host FROM delegations WHERE id = b.delegation) AS host FROM beads b"
)
#: A bead none of whose needs is unmet.
UNBLOCKED = f"NOT EXISTS (SELECT 1 FROM {UNMET} AND n.bead = b.id)"
_COUNT_OPEN = "SELECT rig, count(*) AS n FROM beads WHERE state = 'open' GROUP BY rig"
#: From the few that need any, not from all that are open.
_COUNT_BLOCKED = (
    "SELECT b.rig, count(*) AS n FROM (SELECT DISTINCT bead FROM needs) w CROSS JOIN beads b ON b.id = w.bead"
    f" WHERE b.state = 'open' AND NOT {UNBLOCKED} GROUP BY b.rig"
)


def _bead(row: Row) -> Bead:
    # By place: of thousands that are read at once, names would take half as long again.
    (
        id, rig, title, body, state, reason, priority, labels, assignee, target, provider, attempts, branch, base,
        merge_request, merged_commit, report, created, updated, parent, delegation, needs, convoy, host,
    ) = row  # fmt: skip
    return Bead(
        id=BeadId(id), rig=RigName(rig), title=title, body=body, state=word_of(state, BeadState.OPEN), reason=reason,
        priority=priority,
        # Most have none.
        labels=tuple(json.loads(labels)) if labels != "[]" else (),
        needs=tuple(json.loads(needs)) if needs != "[]" else (),
        assignee=assignee and Address(assignee), target=target, provider=provider, attempts=attempts,
        convoy=convoy and ConvoyId(convoy), branch=branch, base=base and Commit(base),
        merge_request=merge_request and MergeRequestId(merge_request),
        merged_commit=merged_commit and Commit(merged_commit), report=report, created=Time(created),
        updated=Time(updated), parent=parent and BeadId(parent), delegation=delegation, host=host,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BeadFilter:
    """``state`` may also be ``blocked``: open, with needs that are not met. ``since``: changed then or later;
    ``search``: words of which title and text have each.
    """

    rig: str | None = None
    state: str | None = None
    assignee: str | None = None
    since: str | None = None
    search: str | None = None
    parent: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether few are found at once. Of what most beads are like, the first are found by walking them in order."""
        named = self.assignee is not None or self.parent is not None
        return named or self.state not in (None, "open", "merged", "closed")

    def where(self) -> tuple[str, list[object]]:
        """A condition on ``beads b``, and its values."""
        terms = list[tuple[str, Sequence[object]]]()
        if self.rig is not None:
            terms.append(("b.rig = ?", [self.rig]))
        if self.state == "blocked":
            # From the few that need any.
            terms.append((f"+b.state = 'open' AND b.id IN (SELECT bead FROM needs) AND NOT {UNBLOCKED}", ()))
        elif self.state is not None:
            terms.append(("b.state = ?", [self.state]))
        if self.assignee is not None and "@" in self.assignee:
            worker, _, host = self.assignee.partition("@")
            terms.append(("b.delegation IN (SELECT id FROM delegations WHERE worker = ? AND host = ?)", [worker, host]))
        elif self.assignee is not None:
            terms.append(("b.assignee = ?", [self.assignee]))
        if self.parent is not None:
            terms.append(("b.parent = ?", [self.parent]))
        if self.since is not None:
            terms.append(("b.updated >= ?", [self.since]))
        if self.search:
            terms.append(("has_words(b.title || char(10) || b.body, ?)", [self.search]))
        return " AND ".join(["1", *(sql for sql, _ in terms)]), [value for _, values in terms for value in values]


_ALL = BeadFilter()


def list_beads(reader: Reader, only: BeadFilter = _ALL) -> list[Bead]:
    """Oldest first."""
    where, values = only.where()
    return [_bead(row) for row in reader.rows(f"{_BEAD} WHERE {where} ORDER BY b.created, b.id", *values)]


def page_beads(reader: Reader, only: BeadFilter, most: int) -> Page[Bead]:
    """Those that are not over first, the newest before the others; -1 for all."""
    where, values = only.where()
    newest = "b.created DESC, b.id DESC LIMIT ?"
    if only.is_narrow:
        sql = f"{_BEAD} WHERE {where} ORDER BY b.state IN ('merged', 'closed'), {newest}"
        found = reader.rows(sql, *values, most)
    else:
        sql = f"{_BEAD} INDEXED BY beads_ahead WHERE b.state NOT IN ('merged', 'closed') AND {where} ORDER BY {newest}"
        found = reader.rows(sql, *values, most)
        sql = f"{_BEAD} INDEXED BY beads_behind WHERE b.state IN ('merged', 'closed') AND {where} ORDER BY {newest}"
        left = -1 if most < 0 else most - len(found)
        found += reader.rows(sql, *values, left) if left else []
    more = 0
    if len(found) == most:
        row = reader.row(f"SELECT count(*) FROM beads b WHERE {where}", *values)
        more = row[0] - most if row else 0
    return Page([_bead(row) for row in found], more)


def list_titles(reader: Reader) -> list[tuple[BeadId, BeadState, str]]:
    """Every bead as one line, the newest first: what a person chooses from."""
    rows = reader.rows("SELECT id, state, title FROM beads ORDER BY updated DESC")
    return [(row["id"], row["state"], row["title"]) for row in rows]


def list_ready(reader: Reader, rig: str | None = None, most: int = -1) -> list[Bead]:
    """Open beads without unmet needs, most urgent first; all of them, unless ``most`` says otherwise."""
    # Walked in order: to sort them all would cost more than to show the first.
    sql = f"{_BEAD} INDEXED BY beads_to_do WHERE b.state = 'open' AND {UNBLOCKED}"
    values = list[object]()
    if rig is not None:
        sql, values = sql + " AND b.rig = ?", [rig]
    return [_bead(row) for row in reader.rows(sql + " ORDER BY b.priority, b.created, b.id LIMIT ?", *values, most)]


def count_ready(reader: Reader) -> dict[RigName, int]:
    """Ready beads of each rig."""
    ready = Counter({row["rig"]: row["n"] for row in reader.rows(_COUNT_OPEN)})
    ready.subtract({row["rig"]: row["n"] for row in reader.rows(_COUNT_BLOCKED)})
    return {RigName(rig): count for rig, count in ready.items() if count}


def list_returned(reader: Reader) -> list[Bead]:
    """Those that came back and wait for a word of the mayor or of a person, the oldest first."""
    sql = f"{_BEAD} WHERE b.state = 'open' AND b.reason IN ({placeholders(WAITING)}) ORDER BY b.updated, b.id"
    return [_bead(row) for row in reader.rows(sql, *WAITING)]


def find_bead(reader: Reader, bead: str) -> Bead | None:
    row = reader.row(_BEAD + " WHERE b.id = ?", bead)
    return _bead(row) if row else None


def list_those(reader: Reader, beads: Iterable[str]) -> list[Bead]:
    """Those of these ids that there are, the oldest first."""
    sql = _BEAD + " WHERE b.id IN (SELECT value FROM json_each(?)) ORDER BY b.created, b.id"
    return [_bead(row) for row in reader.rows(sql, json.dumps(list(beads)))]


def get_bead(reader: Reader, bead: str) -> Bead:
    found = find_bead(reader, bead)
    if found is None:
        raise NotFoundError(f"no bead {bead}", hint="gt bead list")
    return found


def find_last_bead(reader: Reader, address: str) -> Bead | None:
    """That of an agent's beads which changed last, wherever it is now."""
    row = reader.row(_BEAD + " WHERE b.assignee = ? ORDER BY b.updated DESC LIMIT 1", address)
    return _bead(row) if row else None


def find_held_bead(reader: Reader, address: str) -> Bead | None:
    """The bead on an agent's hook."""
    row = reader.row(_BEAD + " WHERE b.assignee = ? AND b.state IN ('hooked', 'working')", address)
    return _bead(row) if row else None


def list_held_beads(reader: Reader) -> dict[Address, Bead]:
    sql = _BEAD + " WHERE b.state IN ('hooked', 'working')"
    held = recall(reader, sql, lambda: [(Address(row["assignee"]), _bead(row)) for row in reader.rows(sql)])
    return dict(held)


def insert_bead(
    change: Change,
    rig: RigName,
    prefix: str,
    *,
    title: str,
    body: str,
    priority: int,
    labels: Sequence[str],
    needs: Sequence[BeadId],
) -> BeadId:
    bead = BeadId(
        change.insert_with_id(
            prefix,
            lambda fresh: change.execute(
                "INSERT INTO beads (id, rig, title, body, state, priority, labels, created, updated, waits_since)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                fresh, rig, title, body, BEAD.initial, priority, json.dumps(list(labels)), change.time, change.time,
                change.time,
            ),
        )
    )  # fmt: skip
    set_needs(change, bead, needs)
    change.event(EventType.BEAD_CREATED, bead, rig=rig, title=title)
    return bead


def set_needs(change: Change, bead: BeadId, needs: Sequence[BeadId]) -> None:
    """Replaces what the bead needs. Raises RefusedError where that would close a circle."""
    change.execute("DELETE FROM needs WHERE bead = ?", bead)
    for needed in dict.fromkeys(needs):
        get_bead(change, needed)
        change.execute("INSERT INTO needs (bead, needed) VALUES (?, ?)", bead, needed)
    graph: dict[BeadId, list[BeadId]] = {}
    reached = (
        "WITH RECURSIVE reached (bead, needed) AS (SELECT bead, needed FROM needs WHERE bead = ?"
        " UNION SELECT n.bead, n.needed FROM reached r JOIN needs n ON n.bead = r.needed) SELECT * FROM reached"
    )
    for row in change.rows(reached, bead):
        graph.setdefault(BeadId(row["bead"]), []).append(BeadId(row["needed"]))
    circle = find_cycle(graph)
    if circle:
        raise RefusedError("these beads would need one another: " + " → ".join(circle))


def update_bead(change: Change, bead: BeadId, *, title: str, body: str, priority: int, labels: Sequence[str]) -> None:
    change.execute(
        "UPDATE beads SET title = ?, body = ?, priority = ?, labels = ?, updated = ? WHERE id = ?",
        title, body, priority, json.dumps(list(labels)), change.time, bead,
    )  # fmt: skip
    change.event(EventType.BEAD_UPDATED, bead)


def note_target(change: Change, bead: BeadId, target: str, provider: str | None) -> None:
    """Where an open bead goes when a worker is free. Its attempts count anew; it waits since it had the first such."""
    change.execute(
        "UPDATE beads SET waits_since = iif(target IS NULL, ?, waits_since), target = ?, provider = ?, attempts = 0,"
        " updated = ? WHERE id = ?",
        change.time, target, provider, change.time, bead,
    )  # fmt: skip


def hold_back(change: Change, bead: BeadId) -> None:
    """An open bead goes to nobody by itself any more."""
    change.execute(
        "UPDATE beads SET target = NULL, provider = NULL, updated = ?,"
        f" reason = CASE WHEN reason IN ({placeholders(WAITING)}) THEN reason ELSE ? END WHERE id = ?",
        change.time, *WAITING, Reason.UNSLUNG, bead,
    )  # fmt: skip


def _move(change: Change, bead: BeadId, move: BeadMove, **columns: object) -> Bead:
    """As it was before; each of the columns gets its value."""
    found = get_bead(change, bead)
    columns |= {"state": BEAD.next_state(found.state, move), "updated": change.time, "waits_since": change.time}
    sets = ", ".join(f"{name} = ?" for name in columns)
    change.execute(f"UPDATE beads SET {sets} WHERE id = ?", *columns.values(), bead)
    return found


def sling_bead(change: Change, bead: BeadId, address: Address) -> None:
    """TakenError where another bead is on that hook. Until the hook is prepared the bead has no base.

    What it came back for is only kept where the worker has to mend that.
    """
    found = get_bead(change, bead)
    reason = found.reason if found.reason in RETRIED else None
    _move(change, bead, "sling", assignee=address, attempts=found.attempts + 1, base=None, reason=reason)
    change.event(EventType.BEAD_SLUNG, bead, agent=address)


def set_branch(change: Change, bead: BeadId, branch: str, base: Commit) -> None:
    """Where the work of a hooked bead goes, and the commit that it is cut from."""
    change.execute("UPDATE beads SET branch = ?, base = ?, updated = ? WHERE id = ?", branch, base, change.time, bead)


def start_bead(change: Change, bead: BeadId, session: SessionId) -> None:
    if get_bead(change, bead).state is BeadState.HOOKED:
        _move(change, bead, "start")
        change.event(EventType.BEAD_STARTED, bead, session=session)


def submit_bead(change: Change, bead: BeadId, merge_request: MergeRequestId) -> None:
    _move(change, bead, "submit", merge_request=merge_request, reason=None, target=None)
    change.event(EventType.BEAD_SUBMITTED, bead, merge_request=merge_request)


def resubmit_bead(change: Change, bead: BeadId, merge_request: MergeRequestId) -> None:
    """The same branch once more, though its worker is gone; or a newer head of it."""
    _move(change, bead, "resubmit", merge_request=merge_request, reason=None, target=None)
    change.event(EventType.BEAD_SUBMITTED, bead, merge_request=merge_request)


def report_bead(change: Change, bead: BeadId, report: str) -> None:
    _move(change, bead, "report", reason=Reason.DONE, target=None, report=report)
    change.event(EventType.BEAD_REPORTED, bead, report=report)


def merge_bead(change: Change, bead: BeadId, commit: Commit) -> None:
    _move(change, bead, "merge", merged_commit=commit, reason=None, target=None)
    change.event(EventType.BEAD_MERGED, bead, commit=commit)


def return_bead(change: Change, bead: BeadId, reason: str) -> None:
    """Off its hook and back to open, keeping branch and author."""
    _come_back(change, bead, "return", reason, None)


def refuse_bead(change: Change, bead: BeadId, reason: str, *, target: str | None) -> None:
    """From the merge queue back to open; ``target`` is who gets it when it is given out again."""
    _come_back(change, bead, "refuse", reason, target)


def delegate_bead(change: Change, bead: BeadId, delegation: str, host: str) -> None:
    """To a host, or to the same one again: what it came back for is only kept where that is to be mended."""
    found = get_bead(change, bead)
    reason = found.reason if found.reason in RETRIED else None
    _move(change, bead, "delegate", delegation=delegation, attempts=found.attempts + 1, reason=reason)
    change.event(EventType.BEAD_DELEGATED, bead, host=host)


def arrive_bead(change: Change, bead: BeadId, merge_request: MergeRequestId, branch: str, base: Commit) -> None:
    """Its branch is here, from the host that has it."""
    _move(change, bead, "arrive", merge_request=merge_request, branch=branch, base=base, reason=None, target=None)
    change.event(EventType.BEAD_SUBMITTED, bead, merge_request=merge_request)


def recall_bead(change: Change, bead: BeadId, reason: str, *, branch: str | None = None) -> None:
    """From its host back to open; ``branch``: where the work is that it came back with."""
    was = get_bead(change, bead)
    _move(change, bead, "recall", reason=reason, target=None, delegation=None, branch=branch or was.branch)
    change.event(EventType.BEAD_RETURNED, bead, reason=reason, was=was.state, host=was.host)


def release_bead(change: Change, bead: BeadId) -> None:
    """It is no host's any more, whatever its state is; where it was to go back to the host, it goes nowhere."""
    change.execute("UPDATE beads SET delegation = NULL, updated = ? WHERE id = ?", change.time, bead)
    change.execute("UPDATE beads SET target = NULL WHERE id = ? AND instr(target, '@')", bead)


def forgive_bead(change: Change, bead: BeadId) -> None:
    """It has come as far as people: how often it was given out before does not count against it."""
    change.execute("UPDATE beads SET attempts = 0, updated = ? WHERE id = ?", change.time, bead)


def _come_back(change: Change, bead: BeadId, move: BeadMove, reason: str, target: str | None) -> None:
    was = _move(change, bead, move, reason=reason, target=target)
    change.event(EventType.BEAD_RETURNED, bead, reason=reason, was=was.state, agent=was.assignee)


def take_back_bead(change: Change, bead: BeadId, *, target: str | None) -> None:
    """Off a hook it never was worked on at: as if it had not been slung, but for ``target``."""
    was = _move(change, bead, "return", attempts=get_bead(change, bead).attempts - 1, target=target)
    change.event(EventType.BEAD_RETURNED, bead, reason="unslung", was=was.state, agent=was.assignee)


def close_bead(change: Change, bead: BeadId, reason: str, move: Literal["close", "settle"] = "close") -> None:
    _move(change, bead, move, reason=reason, target=None)
    change.event(EventType.BEAD_CLOSED, bead, reason=reason)


def reopen_bead(change: Change, bead: BeadId) -> None:
    """A convoy that had landed with it has not any more, and it is no host's any more."""
    convoy = _move(change, bead, "reopen", reason=None, attempts=0, delegation=None).convoy
    change.event(EventType.BEAD_REOPENED, bead)
    if convoy is not None and get_convoy(change, convoy).state is ConvoyState.LANDED:
        move_convoy(change, convoy, "reopen")


def count_beads(reader: Reader) -> dict[str, int]:
    return {row["state"]: row["n"] for row in reader.rows("SELECT state, count(*) AS n FROM beads GROUP BY state")}

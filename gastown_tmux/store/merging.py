"""Merge request rows."""

import json
from collections import Counter
from collections.abc import Iterable

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.merging import MERGE_REQUEST, OVER, MergeRequest, MergeRequestMove, MergeState
from gastown_tmux.domain.pages import Page
from gastown_tmux.errors import NotFoundError
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.proposals import RIGS_TO_LOOK_AT
from gastown_tmux.store.rows import Reader, word_of

#: The order of the queue: an hour of waiting weighs as much as one step of priority, so that nobody starves.
_RANK = "julianday({0}.created) * 24 + (SELECT priority FROM beads WHERE id = {0}.bead), {0}.seq"
_LIVE = "state IN ('queued', 'testing', 'publishing')"
_FROM = "FROM merge_requests m JOIN beads b ON b.id = m.bead LEFT JOIN proposals r ON r.bead = m.bead"
#: Each by its place among those of its rig that are on their way; counted once for all.
_SELECT = (
    f"SELECT m.*, b.title, b.priority, r.url, p.position {_FROM} LEFT JOIN (SELECT seq, row_number() OVER"
    f" (PARTITION BY rig ORDER BY {_RANK.format('o')}) AS position FROM merge_requests o WHERE {_LIVE}) p USING (seq)"
)
#: The same of one, whose place is counted for it alone.
_SELECT_ONE = (
    f"SELECT m.*, b.title, b.priority, r.url, CASE WHEN m.{_LIVE} THEN (SELECT count(*) FROM merge_requests o"
    f" WHERE o.rig = m.rig AND o.{_LIVE} AND ({_RANK.format('o')}) <= ({_RANK.format('m')})) END AS position {_FROM}"
)
#: Its end was recorded, and a kill came before those it concerns were told.
_UNTOLD = "told = 0 AND state IN ('merged', 'conflicted', 'rejected', 'superseded')"
#: Nothing more becomes of these by themselves.
_OVER = f"state IN ({', '.join(map(repr, sorted(map(str, OVER))))})"
_RUNNING = "rig NOT IN (SELECT name FROM rigs WHERE queue <> 'running')"
#: Gathered, and to be looked at: nothing of its convoy is missing any more, one that was gathered has left it, or the
#: convoy does not hold it.
_READY = """state = 'gathered' AND (NOT EXISTS (
        SELECT 1 FROM convoy_beads v JOIN convoys c ON c.id = v.convoy AND c.together AND c.state = 'open'
        JOIN convoy_beads w ON w.convoy = c.id JOIN beads b ON b.id = w.bead
        WHERE v.bead = m.bead AND b.state NOT IN ('merged', 'closed')
            AND NOT EXISTS (SELECT 1 FROM merge_requests g WHERE g.bead = b.id AND g.state = 'gathered')
    ) OR EXISTS (
        SELECT 1 FROM convoy_beads v JOIN gatherings t ON t.convoy = v.convoy AND t.current
        JOIN merge_requests g ON g.id = t.request WHERE v.bead = m.bead AND g.state NOT IN ('gathered', 'merged')
    ))"""
#: Set aside, and to be looked for on the target; of those before people RIGS_TO_LOOK_AT tells.
SET_ASIDE = "state = 'rejected' AND not_before <= ? AND bead NOT IN (SELECT bead FROM proposals)"
_EVENTS = {
    "test": EventType.MERGE_TESTING,
    "publish": EventType.MERGE_PUBLISHING,
    "merge": EventType.MERGE_MERGED,
    "requeue": EventType.MERGE_DELAYED,
    "conflict": EventType.MERGE_CONFLICTED,
    "reject": EventType.MERGE_REJECTED,
    "hold": EventType.MERGE_HELD,
    "gather": EventType.MERGE_GATHERED,
    "propose": EventType.MERGE_PROPOSED,
    "approve": EventType.MERGE_APPROVED,
    "supersede": EventType.MERGE_SUPERSEDED,
}


def _merge_request(row: Row) -> MergeRequest:
    return MergeRequest(
        id=MergeRequestId(row["id"]),
        bead=BeadId(row["bead"]),
        title=row["title"],
        priority=row["priority"],
        rig=RigName(row["rig"]),
        author=Address(row["author"]),
        branch=row["branch"],
        head=Commit(row["head"]),
        base=Commit(row["base"]),
        target=row["target"],
        state=word_of(row["state"], MergeState.HELD),
        position=row["position"],
        attempts=row["attempts"],
        reason=row["reason"],
        candidate=row["candidate"] and Commit(row["candidate"]),
        tested_in=row["tested_in"] and Commit(row["tested_in"]),
        retries=row["retries"],
        overtaken=row["overtaken"],
        approved=bool(row["approved"]),
        merged_commit=row["merged_commit"] and Commit(row["merged_commit"]),
        not_before=row["not_before"] and Time(row["not_before"]),
        log=row["log"],
        url=row["url"],
        created=Time(row["created"]),
        updated=Time(row["updated"]),
    )


def list_merge_requests(reader: Reader, *, rig: str | None = None, state: str | None = None) -> list[MergeRequest]:
    sql, values = _SELECT + " WHERE 1", list[object]()
    if rig is not None:
        sql, values = sql + " AND m.rig = ?", [*values, rig]
    if state is not None:
        sql, values = sql + " AND m.state = ?", [*values, state]
    return [_merge_request(row) for row in reader.rows(sql + " ORDER BY m.seq", *values)]


def page_merge_requests(
    reader: Reader, most: int, *, rig: str | None, state: str | None, author: str | None, since: str
) -> Page[MergeRequest]:
    """At most so many (-1: all), those that are not over first, the newest before the others. No others are read."""
    where = "(?1 IS NULL OR m.rig = ?1) AND (?2 IS NULL OR m.state = ?2) AND (?3 IS NULL OR m.author = ?3)"
    where += " AND m.updated >= ?4"
    values = (rig, state, author, since)
    page = f"SELECT m.seq FROM merge_requests m WHERE {where} ORDER BY m.{_OVER}, m.seq DESC LIMIT ?5"
    rows = reader.rows(f"{_SELECT} WHERE m.seq IN ({page}) ORDER BY m.{_OVER}, m.seq DESC", *values, most)
    count = reader.row(f"SELECT count(*) AS n FROM merge_requests m WHERE {where}", *values)
    return Page([_merge_request(row) for row in rows], (count["n"] if count is not None else 0) - len(rows))


def count_queued(reader: Reader) -> Counter[RigName]:
    """How many of each rig are queued or at work."""
    return _count(reader, _LIVE)


def count_held(reader: Reader) -> Counter[RigName]:
    """How many of each rig wait for a person."""
    return _count(reader, "state = 'held'")


def _count(reader: Reader, where: str) -> Counter[RigName]:
    rows = reader.rows(f"SELECT rig, count(*) AS n FROM merge_requests WHERE {where} GROUP BY rig")
    return Counter({RigName(row["rig"]): row["n"] for row in rows})


def list_hindered(reader: Reader) -> list[tuple[MergeRequestId, str]]:
    """Those in the queues of all rigs that something is said of, and what."""
    sql = f"SELECT id, reason FROM merge_requests WHERE {_LIVE} AND reason IS NOT NULL ORDER BY seq"
    return [(MergeRequestId(row["id"]), row["reason"]) for row in reader.rows(sql)]


def list_queue(reader: Reader, rig: str) -> list[MergeRequest]:
    """What the refinery of a rig has to do, in order: first what a killed one left half-way."""
    sql = _SELECT + (f" WHERE m.rig = ? AND m.{_LIVE} ORDER BY m.state = 'queued', p.position")
    return [_merge_request(row) for row in reader.rows(sql, rig)]


def list_rigs_with_work(reader: Reader, now: Time) -> list[RigName]:
    rows = reader.rows(
        f"SELECT DISTINCT rig FROM merge_requests m WHERE ({_RUNNING} AND {_LIVE}"
        f" AND (not_before IS NULL OR not_before <= ?)) OR ({_RUNNING} AND {_READY}) OR ({_UNTOLD})"
        f" OR (state = 'proposed' AND (not_before IS NULL OR not_before <= ?)) OR ({SET_ASIDE})"
        f" OR rig IN ({RIGS_TO_LOOK_AT}) ORDER BY rig",
        *[now] * 4,
    )
    return [RigName(row["rig"]) for row in rows]


def requeue_ready(change: Change, rig: RigName) -> None:
    """What was gathered and is to be looked at is queued again."""
    for row in change.rows(f"SELECT id FROM merge_requests m WHERE rig = ? AND {_READY} ORDER BY seq", rig):
        move_merge_request(change, MergeRequestId(row["id"]), "requeue")


def has_ready(reader: Reader, rig: RigName) -> bool:
    return reader.row(f"SELECT 1 FROM merge_requests m WHERE rig = ? AND {_READY} LIMIT 1", rig) is not None


def list_untold(reader: Reader, rig: str) -> list[MergeRequest]:
    """Those whose end nobody was told of yet."""
    untold = f"SELECT seq FROM merge_requests WHERE rig = ? AND {_UNTOLD}"
    return [_merge_request(row) for row in reader.rows(_SELECT + f" WHERE m.seq IN ({untold})", rig)]


def mark_told(change: Change, id: MergeRequestId, *, told: bool = True) -> None:
    change.execute("UPDATE merge_requests SET told = ? WHERE id = ?", told, id)


def get_merge_request(reader: Reader, id: str) -> MergeRequest:
    row = reader.row(_SELECT_ONE + " WHERE m.id = ?", id)
    if row is None:
        raise NotFoundError(f"no merge request {id}", hint="gt mq list")
    return _merge_request(row)


def list_states_of(
    reader: Reader, beads: Iterable[BeadId]
) -> dict[BeadId, tuple[MergeRequestId, MergeState, str | None]]:
    """Of each of these beads that has a request: which, how far it is, and why no further. Without places in the queue,
    which to count for each of thousands takes minutes.
    """
    sql = (
        "SELECT m.id, m.state, m.reason, b.id AS owner FROM beads b JOIN merge_requests m ON m.id = b.merge_request"
        " WHERE b.id IN (SELECT value FROM json_each(?))"
    )
    return {
        BeadId(row["owner"]): (MergeRequestId(row["id"]), word_of(row["state"], MergeState.HELD), row["reason"])
        for row in reader.rows(sql, json.dumps(list(beads)))
    }


def list_landed(reader: Reader, rig: str, before: MergeRequestId | None = None) -> list[MergeRequest]:
    """What landed in the rig, oldest first, of the requests older than ``before``."""
    sql = _SELECT + (
        " WHERE m.rig = ? AND m.state = 'merged'"
        " AND (? IS NULL OR m.seq < (SELECT seq FROM merge_requests WHERE id = ?)) ORDER BY m.seq"
    )
    return [_merge_request(row) for row in reader.rows(sql, rig, before, before)]


def insert_merge_request(
    change: Change,
    *,
    bead: BeadId,
    rig: RigName,
    author: Address,
    branch: str,
    head: Commit,
    base: Commit,
    target: str,
    approved: bool = False,
) -> MergeRequestId:
    """TakenError where the bead has a live one."""
    id = MergeRequestId(
        change.insert_with_id(
            "mr",
            lambda fresh: change.execute(
                "INSERT INTO merge_requests"
                " (id, bead, rig, author, branch, head, base, target, state, approved, created, updated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                fresh, bead, rig, author, branch, head, base, target, MERGE_REQUEST.initial, approved, change.time,
                change.time,
            ),
        )
    )  # fmt: skip
    change.event(EventType.MERGE_QUEUED, id, bead=bead, head=head)
    return id


def insert_superseded(
    change: Change, *, bead: BeadId, rig: RigName, author: Address, branch: str, head: Commit, base: Commit,
    target: str, reason: str,
) -> MergeRequestId:  # fmt: skip
    """Work that came too late: seen in the queue's history, and landed by nobody."""
    id = MergeRequestId(
        change.insert_with_id(
            "mr",
            lambda fresh: change.execute(
                "INSERT INTO merge_requests (id, bead, rig, author, branch, head, base, target, state, reason, told,"
                " created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
                fresh, bead, rig, author, branch, head, base, target, MergeState.SUPERSEDED, reason, change.time,
                change.time,
            ),
        )
    )  # fmt: skip
    change.event(EventType.MERGE_SUPERSEDED, id, bead=bead, reason=reason)
    return id


def move_merge_request(
    change: Change,
    id: MergeRequestId,
    move: MergeRequestMove,
    *,
    reason: str | None = None,
    candidate: Commit | None = None,
    merged_commit: Commit | None = None,
    not_before: Time | None = None,
    log: str | None = None,
) -> MergeRequest:
    """As it was before. A ``candidate`` or ``log`` of None keeps what is there; the rest is set as given."""
    found = get_merge_request(change, id)
    state = MERGE_REQUEST.next_state(found.state, move)
    change.execute(
        "UPDATE merge_requests SET state = ?, reason = ?, candidate = coalesce(?, candidate), merged_commit = ?,"
        " not_before = ?, log = coalesce(?, log), attempts = attempts + ?, updated = ? WHERE id = ?",
        state, reason, candidate, merged_commit, not_before, log, move == "test", change.time, id,
    )  # fmt: skip
    if move == "publish" and (published := candidate or found.candidate):
        change.execute(
            "INSERT OR REPLACE INTO publications (request, candidate, time) VALUES (?, ?, ?)",
            id, published, change.time,
        )  # fmt: skip
    change.event(_EVENTS[move], id, bead=found.bead, reason=reason, candidate=candidate, commit=merged_commit)
    return found


def list_published(reader: Reader, rig: RigName) -> dict[MergeRequestId, list[Commit]]:
    """Candidates of each request on its way that were ever about to be pushed, the newest first."""
    sql = (
        "SELECT p.request, p.candidate FROM publications p JOIN merge_requests m ON m.id = p.request"
        f" WHERE m.rig = ? AND m.{_LIVE} ORDER BY p.time DESC"
    )
    found: dict[MergeRequestId, list[Commit]] = {}
    for row in reader.rows(sql, rig):
        found.setdefault(MergeRequestId(row["request"]), []).append(Commit(row["candidate"]))
    return found


def list_heads(reader: Reader, rig: RigName) -> dict[BeadId, set[Commit]]:
    """What was ever submitted of each bead."""
    found: dict[BeadId, set[Commit]] = {}
    for row in reader.rows("SELECT bead, head FROM merge_requests WHERE rig = ?", rig):
        found.setdefault(BeadId(row["bead"]), set()).add(Commit(row["head"]))
    return found


def find_merged_commit(reader: Reader, bead: BeadId) -> Commit | None:
    """That of the newest request of the bead that has landed."""
    sql = "SELECT merged_commit FROM merge_requests WHERE bead = ? AND state = 'merged' ORDER BY seq DESC LIMIT 1"
    row = reader.row(sql, bead)
    return Commit(row["merged_commit"]) if row else None


def list_unmet(reader: Reader, rig: RigName) -> dict[BeadId, frozenset[BeadId]]:
    """What beads that are queued need and is not out of their way."""
    sql = (
        "SELECT n.bead, n.needed FROM merge_requests m JOIN needs n ON n.bead = m.bead JOIN beads d ON d.id = n.needed"
        f" WHERE m.rig = ? AND m.{_LIVE} AND d.state <> 'merged' AND NOT (d.state = 'closed' AND d.reason = 'done')"
    )
    found: dict[BeadId, set[BeadId]] = {}
    for row in reader.rows(sql, rig):
        found.setdefault(BeadId(row["bead"]), set()).add(BeadId(row["needed"]))
    return {bead: frozenset(needs) for bead, needs in found.items()}


def list_held(reader: Reader, rig: RigName) -> list[MergeRequest]:
    return list_merge_requests(reader, rig=rig, state=MergeState.HELD)


def set_candidate(change: Change, id: MergeRequestId, candidate: Commit) -> bool:
    """What its verdicts are of from now on. False where it is not in testing any more."""
    sql = "UPDATE merge_requests SET candidate = ? WHERE id = ? AND state = 'testing'"
    return bool(change.execute(sql, candidate, id).rowcount)


def set_approved(change: Change, id: MergeRequestId) -> None:
    """Before it is held: it is not held any more."""
    change.execute("UPDATE merge_requests SET approved = 1, updated = ? WHERE id = ?", change.time, id)


def set_tested(change: Change, id: MergeRequestId, commit: Commit) -> None:
    change.execute("UPDATE merge_requests SET tested_in = ? WHERE id = ?", commit, id)


def count_retry(change: Change, id: MergeRequestId) -> None:
    """A gate that failed on its candidate is run again."""
    change.execute("UPDATE merge_requests SET retries = retries + 1, updated = ? WHERE id = ?", change.time, id)


def count_overtaken(change: Change, id: MergeRequestId) -> None:
    """Somebody else was quicker with the target."""
    change.execute("UPDATE merge_requests SET overtaken = overtaken + 1 WHERE id = ?", id)


def put_off(
    change: Change, id: MergeRequestId, reason: str, not_before: Time | None, *, log: str | None = None
) -> None:
    """It is not tried before that time, and stays in its state. A ``log`` of None keeps what is there."""
    change.execute(
        "UPDATE merge_requests SET reason = ?, not_before = ?, log = coalesce(?, log), attempts = attempts + 1,"
        " updated = ? WHERE id = ?",
        reason, not_before, log, change.time, id,
    )  # fmt: skip
    change.event(EventType.MERGE_DELAYED, id, reason=reason)


def retarget(change: Change, rig: RigName, target: str) -> int:
    """Those that are not being published land there, and are tried at once; how many."""
    return change.execute(
        "UPDATE merge_requests SET target = ?, not_before = NULL, updated = ?"
        " WHERE rig = ? AND target <> ?"
        " AND state IN ('queued', 'testing', 'held', 'gathered', 'proposed')",
        target, change.time, rig, target,
    ).rowcount  # fmt: skip


def set_reason(change: Change, id: MergeRequestId, reason: str) -> None:
    """It stays where it is."""
    change.execute("UPDATE merge_requests SET reason = ?, updated = ? WHERE id = ?", reason, change.time, id)


def set_waiting(change: Change, id: MergeRequestId, reason: str, not_before: Time) -> None:
    """It is queued, and something else comes first: that is no try."""
    sql = "UPDATE merge_requests SET reason = ?, not_before = ? WHERE id = ? AND state = 'queued'"
    change.execute(sql, reason, not_before, id)


def hurry(change: Change, id: MergeRequestId) -> None:
    """One that waits for a better time is tried now."""
    change.execute("UPDATE merge_requests SET not_before = NULL, updated = ? WHERE id = ?", change.time, id)

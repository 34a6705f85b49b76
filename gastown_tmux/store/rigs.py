"""Rig rows."""

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import Commit, RigName, Time
from gastown_tmux.domain.rigs import QueueState, RemoteKind, Rig
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, word_of

_SELECT = (
    "SELECT r.*, (SELECT max(t.since) FROM target_tips t WHERE t.rig = r.name AND t.branch = r.target"
    " HAVING count(*) > 1) AS rewritten FROM rigs r"
)


def _rig(row: Row) -> Rig:
    return Rig(
        name=RigName(row["name"]),
        prefix=row["prefix"],
        source=row["source"],
        remote=row["remote"],
        remote_kind=word_of(row["remote_kind"], RemoteKind.REMOTE),
        target=row["target"],
        target_commit=row["target_commit"] and Commit(row["target_commit"]),
        email=row["email"],
        parked=bool(row["parked"]),
        created=Time(row["created"]),
        rewritten=row["rewritten"] and Time(row["rewritten"]),
        problem=row["problem"],
        remote_default=row["remote_default"],
        queue=word_of(row["queue"], QueueState.PAUSED),
        queue_reason=row["queue_reason"],
    )


def list_rigs(reader: Reader) -> list[Rig]:
    return [_rig(row) for row in reader.rows(_SELECT + " ORDER BY name")]


def find_rig(reader: Reader, name: str) -> Rig | None:
    row = reader.row(_SELECT + " WHERE name = ?", name)
    return _rig(row) if row else None


def insert_rig(change: Change, rig: Rig) -> None:
    change.execute(
        "INSERT INTO rigs (name, prefix, source, remote, remote_kind, target, target_commit, email, parked, created,"
        " remote_default) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rig.name, rig.prefix, rig.source, rig.remote, rig.remote_kind, rig.target, rig.target_commit, rig.email,
        rig.parked, change.time, rig.remote_default,
    )  # fmt: skip
    change.event(EventType.RIG_ADDED, rig.name, remote=rig.remote, target=rig.target)


def park_rig(change: Change, name: RigName, parked: bool) -> bool:
    """Whether this changed anything."""
    changed = change.execute("UPDATE rigs SET parked = ? WHERE name = ? AND parked <> ?", parked, name, parked).rowcount
    if changed:
        change.event(EventType.RIG_PARKED if parked else EventType.RIG_UNPARKED, name)
    return bool(changed)


def set_target_commit(change: Change, name: RigName, commit: Commit) -> None:
    change.execute("UPDATE rigs SET target_commit = ? WHERE name = ?", commit, name)


def set_target(change: Change, rig: Rig, target: str, commit: Commit | None, remote_default: str | None) -> None:
    """Work lands on another branch from now on; what kept the old one from being read is no problem any more."""
    change.execute(
        "UPDATE rigs SET target = ?, target_commit = ?, remote_default = ?, problem = NULL WHERE name = ?",
        target, commit, remote_default, rig.name,
    )  # fmt: skip
    change.event(EventType.RIG_TARGET, rig.name, target=target, was=rig.target)


def set_problem(change: Change, name: RigName, problem: str | None) -> bool:
    """Whether this changed anything."""
    sql = "UPDATE rigs SET problem = ? WHERE name = ? AND problem IS NOT ?"
    changed = bool(change.execute(sql, problem, name, problem).rowcount)
    if changed:
        change.event(EventType.RIG_PROBLEM, name, problem=problem)
    return changed


def set_queue(change: Change, name: RigName, state: QueueState, reason: str | None = None) -> bool:
    """Whether this changed anything."""
    sql = "UPDATE rigs SET queue = ?, queue_reason = ? WHERE name = ? AND queue <> ?"
    changed = bool(change.execute(sql, state, reason, name, state).rowcount)
    if changed:
        paused = state is QueueState.PAUSED
        change.event(EventType.QUEUE_PAUSED if paused else EventType.QUEUE_RESUMED, name, reason=reason)
    return changed


def delete_rig(change: Change, name: RigName) -> None:
    """With the rig go its agents, beads and merge requests; the event rows stay. A convoy that carried nothing else is
    closed, and nobody is asked any more about its beads.
    """
    from gastown_tmux.store.convoys import leave_behind  # with runs 3 ms that each verb would pay
    from gastown_tmux.store.escalations import resolve_about

    beads, agents = "SELECT id FROM beads WHERE rig = ?", "SELECT address FROM agents WHERE rig = ?"
    convoys = [
        row["convoy"] for row in change.rows(f"SELECT DISTINCT convoy FROM convoy_beads WHERE bead IN ({beads})", name)
    ]
    for row in change.rows(f"SELECT DISTINCT bead FROM escalations WHERE bead IN ({beads})", name):
        resolve_about(change, row["bead"])
    change.execute(f"DELETE FROM needs WHERE bead IN ({beads}) OR needed IN ({beads})", name, name)
    change.execute(f"DELETE FROM convoy_beads WHERE bead IN ({beads})", name)
    requests = "SELECT id FROM merge_requests WHERE rig = ?"
    change.execute(f"DELETE FROM publications WHERE request IN ({requests})", name)
    change.execute(f"DELETE FROM gatherings WHERE request IN ({requests})", name)
    change.execute(f"DELETE FROM proposals WHERE bead IN ({beads})", name)
    change.execute(f"DELETE FROM proposed_branches WHERE bead IN ({beads})", name)
    change.execute("DELETE FROM merge_requests WHERE rig = ?", name)
    change.execute("DELETE FROM green_trees WHERE rig = ?", name)
    change.execute("DELETE FROM target_tips WHERE rig = ?", name)
    change.execute("DELETE FROM bead_origins WHERE rig = ?", name)
    leave_behind(change, convoys)
    from gastown_tmux.store.runs import fail_runs_of

    fail_runs_of(change, name, "its rig was removed")
    change.execute(f"DELETE FROM errands WHERE bead IN ({beads})", name)
    change.execute("DELETE FROM rigs_of_homes WHERE rig = ?", name)
    change.execute("DELETE FROM beads WHERE rig = ?", name)
    change.execute(f"DELETE FROM handoffs WHERE agent IN ({agents})", name)
    change.execute(f"DELETE FROM quiet_agents WHERE address IN ({agents})", name)
    change.execute("DELETE FROM agents WHERE rig = ?", name)
    change.execute("DELETE FROM rigs WHERE name = ?", name)
    change.event(EventType.RIG_REMOVED, name)

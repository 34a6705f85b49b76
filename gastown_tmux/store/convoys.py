"""Convoy rows."""

import json
from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, ConvoyId, Time
from gastown_tmux.domain.pages import Page
from gastown_tmux.domain.work import CONVOY, BeadState, Convoy, ConvoyMove, ConvoyState, has_landed
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, word_of

_CONVOY = """
    SELECT c.*,
        (SELECT json_group_array(bead) FROM
            (SELECT bead FROM convoy_beads WHERE convoy = c.id ORDER BY place)) AS beads,
        (SELECT count(*) FROM convoy_beads v JOIN beads b ON b.id = v.bead WHERE v.convoy = c.id
            AND (b.state = 'merged' OR (b.state = 'closed' AND b.reason = 'done'))) AS done
    FROM convoys c
"""
#: Of a need ``n`` of the bead ``d``: that is gathered in a convoy that lands as a whole, and both are in it.
GATHERED = """EXISTS (
    SELECT 1 FROM merge_requests g JOIN convoy_beads x ON x.bead = g.bead JOIN convoy_beads y ON y.convoy = x.convoy
    WHERE g.bead = d.id AND g.state = 'gathered' AND y.bead = n.bead)"""
#: A need ``n`` that is not met.
UNMET = f"""needs n JOIN beads d ON d.id = n.needed
    WHERE d.state <> 'merged' AND NOT (d.state = 'closed' AND d.reason = 'done') AND NOT {GATHERED}"""


_EVENTS = {
    ConvoyState.OPEN: EventType.CONVOY_REOPENED,
    ConvoyState.LANDED: EventType.CONVOY_LANDED,
    ConvoyState.CLOSED: EventType.CONVOY_CLOSED,
}


def _convoy(row: Row) -> Convoy:
    beads = tuple(map(BeadId, json.loads(row["beads"])))
    return Convoy(
        id=ConvoyId(row["id"]),
        name=row["name"],
        state=word_of(row["state"], ConvoyState.OPEN),
        notify=tuple(map(Address, (row["notify"] or "").split())),
        beads=beads,
        done=row["done"],
        total=len(beads),
        created=Time(row["created"]),
        landed=row["landed"] and Time(row["landed"]),
        together=bool(row["together"]),
        owner=row["owner"] and Address(row["owner"]),
        told=bool(row["told"]),
    )


@dataclass(frozen=True, slots=True)
class ConvoyFilter:
    """``rig``: one that a bead of it is of. ``since``: made or landed then or later; ``search``: words of which id and
    name have each.
    """

    rig: str | None = None
    state: str | None = None
    since: str | None = None
    search: str | None = None

    def where(self) -> tuple[str, list[object]]:
        """A condition on ``convoys c``, and its values."""
        terms = list[tuple[str, Sequence[object]]]()
        if self.rig is not None:
            sql = "SELECT v.convoy FROM convoy_beads v JOIN beads b ON b.id = v.bead WHERE b.rig = ?"
            terms.append((f"c.id IN ({sql})", [self.rig]))
        if self.state is not None:
            terms.append(("c.state = ?", [self.state]))
        if self.since is not None:
            terms.append(("max(c.created, coalesce(c.landed, '')) >= ?", [self.since]))
        if self.search:
            terms.append(("has_words(c.id || char(10) || c.name, ?)", [self.search]))
        return " AND ".join(["1", *(sql for sql, _ in terms)]), [value for _, values in terms for value in values]


_ALL = ConvoyFilter()


def list_convoys(reader: Reader, only: ConvoyFilter = _ALL) -> list[Convoy]:
    """Oldest first."""
    where, values = only.where()
    return [_convoy(row) for row in reader.rows(f"{_CONVOY} WHERE {where} ORDER BY c.created, c.id", *values)]


def page_convoys(reader: Reader, only: ConvoyFilter, most: int) -> Page[Convoy]:
    """The open ones first, the newest before the others; -1 for all."""
    where, values = only.where()
    newest = "ORDER BY c.state <> 'open', c.created DESC, c.id LIMIT ?"
    rows = reader.rows(f"{_CONVOY} WHERE {where} {newest}", *values, most)
    total = reader.row(f"SELECT count(*) FROM convoys c WHERE {where}", *values)
    return Page([_convoy(row) for row in rows], total[0] - len(rows) if total else 0)


def get_convoy(reader: Reader, convoy: str) -> Convoy:
    row = reader.row(_CONVOY + " WHERE c.id = ?", convoy)
    if row is None:
        raise NotFoundError(f"no convoy {convoy}", hint="gt convoy list")
    return _convoy(row)


def list_unmet(reader: Reader, bead: BeadId) -> list[BeadId]:
    """What the bead needs and has not."""
    return [BeadId(row["needed"]) for row in reader.rows(f"SELECT n.needed FROM {UNMET} AND n.bead = ?", bead)]


def list_untold(reader: Reader) -> list[ConvoyId]:
    """Those that have landed, of which not everybody was told."""
    return [ConvoyId(row["id"]) for row in reader.rows("SELECT id FROM convoys WHERE state = 'landed' AND told = 0")]


def mark_told(change: Change, convoy: Convoy) -> None:
    """Of this landing; another one is news again."""
    change.execute("UPDATE convoys SET told = 1 WHERE id = ? AND landed IS ?", convoy.id, convoy.landed)


def set_watchers(change: Change, convoy: ConvoyId, notify: Sequence[Address]) -> None:
    change.execute("UPDATE convoys SET notify = ? WHERE id = ?", " ".join(dict.fromkeys(notify)) or None, convoy)


def insert_convoy(change: Change, name: str, notify: Sequence[Address], *, together: bool = False) -> ConvoyId:
    """Its owner is whoever asks."""
    convoy = ConvoyId(
        change.insert_with_id(
            "cv",
            lambda fresh: change.execute(
                "INSERT INTO convoys (id, name, state, notify, owner, created, together) VALUES (?, ?, ?, ?, ?, ?, ?)",
                fresh, name, CONVOY.initial, " ".join(dict.fromkeys(notify)) or None, change.actor, change.time,
                together,
            ),
        )
    )  # fmt: skip
    change.event(EventType.CONVOY_CREATED, convoy, name=name)
    return convoy


def add_to_convoy(change: Change, convoy: ConvoyId, beads: Sequence[BeadId]) -> list[BeadId]:
    """Those that were not in it before; out of a closed convoy they come over. Raises RefusedError for a bead that
    travels in another convoy, and for one of another rig than the others of a convoy that lands as a whole.
    """
    added = []
    place = len(get_convoy(change, convoy).beads)
    for bead in dict.fromkeys(beads):
        row = change.row("SELECT convoy FROM convoy_beads WHERE bead = ?", bead)
        if row is not None and row["convoy"] == convoy:
            continue
        if row is not None:
            if get_convoy(change, row["convoy"]).state is not ConvoyState.CLOSED:
                raise RefusedError(f"{bead} is in convoy {row['convoy']}", hint=f"gt convoy show {row['convoy']}")
            change.execute("DELETE FROM convoy_beads WHERE bead = ?", bead)
        change.execute("INSERT INTO convoy_beads (bead, convoy, place) VALUES (?, ?, ?)", bead, convoy, place)
        change.event(EventType.CONVOY_ADDED, convoy, bead=bead)
        added.append(bead)
        place += 1
    if added and get_convoy(change, convoy).together:
        _require_one_rig(change, convoy)
    if added:
        move_convoy(change, convoy, "reopen")
        land_convoy(change, convoy)
    return added


def _require_one_rig(change: Change, convoy: ConvoyId) -> None:
    sql = "SELECT DISTINCT b.rig FROM convoy_beads v JOIN beads b ON b.id = v.bead WHERE v.convoy = ? ORDER BY b.rig"
    rigs = [row["rig"] for row in change.rows(sql, convoy)]
    if len(rigs) > 1:
        raise RefusedError(f"a convoy that lands as a whole is of one rig, not of {' and '.join(rigs)}")


def move_convoy(change: Change, convoy: ConvoyId, move: ConvoyMove) -> bool:
    """Whether this changed its state."""
    found = get_convoy(change, convoy)
    state = CONVOY.next_state(found.state, move)
    if state is found.state:
        return False
    landed = change.time if state is ConvoyState.LANDED else None
    change.execute("UPDATE convoys SET state = ?, landed = ?, told = 0 WHERE id = ?", state, landed, convoy)
    change.event(_EVENTS[state], convoy)
    return True


def land_convoy(change: Change, convoy: ConvoyId | None) -> bool:
    """Lands an open convoy whose beads are all there; called whenever one of them merges or closes."""
    if convoy is None or get_convoy(change, convoy).state is not ConvoyState.OPEN:
        return False
    rows = change.rows(
        "SELECT b.state, b.reason FROM convoy_beads v JOIN beads b ON b.id = v.bead WHERE v.convoy = ?",
        convoy,
    )
    if not has_landed((word_of(row["state"], BeadState.OPEN), row["reason"]) for row in rows):
        return False
    return move_convoy(change, convoy, "land")


def leave_behind(change: Change, convoys: Sequence[ConvoyId]) -> None:
    """Some of their beads are gone: an open one lands with the rest, or is closed where nothing is left."""
    for convoy in convoys:
        found = get_convoy(change, convoy)
        if found.state is ConvoyState.OPEN and not found.beads:
            move_convoy(change, convoy, "close")
        elif found.state is ConvoyState.OPEN:
            land_convoy(change, convoy)

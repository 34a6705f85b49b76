"""Delivery rows: who was told of which mail. The mail itself is a file; a row that is lost means told again."""

from gastown_tmux.domain.addresses import DEACON, Address
from gastown_tmux.domain.delivery import DELIVERY, Delivery, DeliveryMove, DeliveryState
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import SessionId, Time, parse_time
from gastown_tmux.domain.mail import Priority, message_id, short_id
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, recall, word_of


def _delivery(row: Row) -> Delivery:
    return Delivery(
        mail=row["mail"],
        agent=Address(row["agent"]),
        sender=row["sender"],
        state=word_of(row["state"], DeliveryState.QUEUED),
        priority=word_of(row["priority"], Priority.NORMAL),
        # An earlier gt believed what other programs wrote there.
        expires=row["expires"] and parse_time(row["expires"]),
        words=row["words"],
        session=row["session"] and SessionId(row["session"]),
        attempts=row["attempts"],
        tried=row["tried"] and Time(row["tried"]),
        reason=row["reason"],
        queued=Time(row["queued"]),
        time=Time(row["time"]),
    )


def insert_delivery(
    change: Change,
    mail: str,
    agent: Address,
    sender: str,
    priority: Priority,
    expires: Time | None = None,
    words: str | None = None,
    queued: Time | None = None,
) -> bool:
    """A row in ``queued``, since then or since now; False where there is one for this mail and agent already."""
    done = change.execute(
        "INSERT INTO deliveries (mail, agent, sender, state, priority, expires, words, queued, time)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        mail, agent, sender, DELIVERY.initial, priority, expires, words, queued or change.time,
        change.time,
    )  # fmt: skip
    return done.rowcount == 1


def occasion_id(occasion: str) -> str:
    """What words that ``queue_words`` was given for this occasion are called."""
    return short_id(message_id(occasion.encode(), "words"))


def queue_words(
    change: Change, occasion: str, agent: Address, words: str, priority: Priority = Priority.NORMAL
) -> None:
    """Words of the town's own, typed once the agent's program takes them; of one occasion they are queued once."""
    insert_delivery(change, occasion_id(occasion), agent, DEACON, priority, words=words)


def move_delivery(
    change: Change, mail: str, agent: str, move: DeliveryMove, *, session: str | None = None, reason: str | None = None
) -> bool:
    """False where there is no such row, or the move means nothing in its state: somebody was quicker."""
    found = find_delivery(change, mail, agent)
    if found is None or not DELIVERY.can(found.state, move):
        return False
    state = DELIVERY.next_state(found.state, move)
    change.execute(
        "UPDATE deliveries SET state = ?, session = coalesce(?, session), reason = ?, time = ?"
        " WHERE mail = ? AND agent = ?",
        state, session, reason, change.time, mail, agent,
    )  # fmt: skip
    told = {"session": session or found.session, "reason": reason}
    given = {name: value for name, value in told.items() if value is not None}
    change.event(EventType.DELIVERY_CHANGED, mail, agent=agent, state=state, **given)
    return True


def note_try(change: Change, mail: str, agent: str, reason: str) -> None:
    """A try to tell of it was made, and not taken, for this reason."""
    change.execute(
        "UPDATE deliveries SET attempts = attempts + 1, tried = ?, reason = ? WHERE mail = ? AND agent = ?",
        change.time, reason, mail, agent,
    )  # fmt: skip


def find_delivery(reader: Reader, mail: str, agent: str) -> Delivery | None:
    row = reader.row("SELECT * FROM deliveries WHERE mail = ? AND agent = ?", mail, agent)
    return _delivery(row) if row else None


def list_deliveries(reader: Reader, mail: str) -> list[Delivery]:
    """Of one mail, to all who got it."""
    return [_delivery(row) for row in reader.rows("SELECT * FROM deliveries WHERE mail = ? ORDER BY agent", mail)]


def list_open(reader: Reader) -> list[Delivery]:
    """Those that are still to be told or confirmed, oldest first."""
    sql = "SELECT * FROM deliveries WHERE state IN ('queued', 'offered') ORDER BY agent, queued, mail"
    return recall(reader, sql, lambda: [_delivery(row) for row in reader.rows(sql)])


def list_told(reader: Reader, agent: str, session: str, since: Time) -> list[str]:
    """The mails that this session of the reader was told of, then or later, oldest first."""
    sql = (
        "SELECT mail FROM deliveries WHERE agent = ? AND session = ? AND time >= ? AND state = 'accepted'"
        " AND words IS NULL ORDER BY time, mail"
    )
    return [row["mail"] for row in reader.rows(sql, agent, session, since)]


def known_mails(reader: Reader, agent: str, lost: str) -> set[str]:
    """The mails that this reader has a row for, in any state, but for those given up for the reason ``lost``."""
    sql = "SELECT mail FROM deliveries WHERE agent = ? AND NOT (state = 'dead' AND reason IS ?)"
    return {row["mail"] for row in reader.rows(sql, agent, lost)}


def find_sent(reader: Reader, sender: str) -> list[tuple[str, Address]]:
    """Mails of a sender, each with one who got it."""
    rows = reader.rows("SELECT mail, agent FROM deliveries WHERE sender = ? AND words IS NULL", sender)
    return [(row["mail"], Address(row["agent"])) for row in rows]


def count_pair(reader: Reader, sender: str, agent: str, since: Time) -> int:
    """How much the one sent the other since then, nudges included."""
    sql = "SELECT count(*) FROM deliveries WHERE sender = ? AND agent = ? AND queued >= ?"
    row = reader.row(sql, sender, agent, since)
    assert row is not None
    return int(row[0])


def set_quiet(change: Change, address: Address, quiet: bool) -> bool:
    """Whether an agent is not to be disturbed; False where it was so before."""
    sql = "INSERT INTO quiet_agents (address, since) VALUES (?, ?) ON CONFLICT DO NOTHING"
    if quiet:
        changed = change.execute(sql, address, change.time).rowcount == 1
    else:
        changed = change.execute("DELETE FROM quiet_agents WHERE address = ?", address).rowcount == 1
    if changed:
        change.event(EventType.AGENT_QUIET, address, quiet=quiet)
    return changed


def list_quiet(reader: Reader) -> set[str]:
    return {row["address"] for row in reader.rows("SELECT address FROM quiet_agents")}

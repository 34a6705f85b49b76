"""Rows of hosts."""

import json
from collections.abc import Sequence

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.hosts import Facts, Host
from gastown_tmux.domain.ids import Time
from gastown_tmux.errors import NotFoundError
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader


def _host(row: Row) -> Host:
    return Host(
        name=row["name"],
        prefix=tuple(json.loads(row["prefix"])),
        target=row["target"],
        town=row["town"],
        gt=row["gt"],
        key=row["town_key"],
        limit=row["most"],
        places=row["places"],
        providers=tuple(json.loads(row["providers"])),
        labels=tuple(json.loads(row["labels"])),
        parked=bool(row["parked"]),
        version=row["version"],
        agents=row["agents"],
        last_heard=row["last_heard"] and Time(row["last_heard"]),
        trouble=row["trouble"],
        trouble_since=row["trouble_since"] and Time(row["trouble_since"]),
        is_unfit=bool(row["unfit"]),
        created=Time(row["created"]),
        allowed=tuple(json.loads(row["allowed"])),
    )


def list_hosts(reader: Reader) -> list[Host]:
    return [_host(row) for row in reader.rows("SELECT * FROM hosts ORDER BY name")]


def find_host(reader: Reader, name: str) -> Host | None:
    row = reader.row("SELECT * FROM hosts WHERE name = ?", name)
    return _host(row) if row else None


def get_host(reader: Reader, name: str) -> Host:
    """Raises NotFoundError that names the one that may have been meant."""
    if (found := find_host(reader, name)) is not None:
        return found
    import difflib  # where nothing is found

    near = difflib.get_close_matches(name, [host.name for host in list_hosts(reader)], n=1)
    raise NotFoundError(f"no host {name!r}", hint=f"did you mean {near[0]}?" if near else "gt host list")


def insert_host(
    change: Change, name: str, *, prefix: Sequence[str], target: str | None, gt: str, limit: int | None,
    labels: Sequence[str], facts: Facts,
) -> None:  # fmt: skip
    """TakenError where there is one of that name."""
    change.execute(
        "INSERT INTO hosts (name, prefix, target, town, gt, town_key, most, places, providers, labels, version, agents,"
        " last_heard, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        name, json.dumps(list(prefix)), target, facts.path, gt, facts.key, limit, facts.places,
        json.dumps(facts.providers), json.dumps(list(labels)), facts.version, facts.agents, change.time, change.time,
    )  # fmt: skip
    change.event(EventType.HOST_ADDED, name, town=facts.path)


def set_terms(
    change: Change, name: str, *, limit: int | None, labels: Sequence[str], allowed: Sequence[str],
    prefix: Sequence[str], target: str | None,
) -> bool:  # fmt: skip
    """What a person says of it. Whether this changed anything."""
    values = (limit, *(json.dumps(list(each)) for each in (labels, allowed, prefix)), target)
    columns = ("most", "labels", "allowed", "prefix", "target")
    sql = (
        f"UPDATE hosts SET {', '.join(f'{column} = ?' for column in columns)}"
        f" WHERE name = ? AND ({' OR '.join(f'{column} IS NOT ?' for column in columns)})"
    )
    changed = bool(change.execute(sql, *values, name, *values).rowcount)
    if changed:
        change.event(EventType.HOST_CHANGED, name, capacity=limit, labels=values[1], providers=values[2])
    return changed


def park_host(change: Change, name: str, parked: bool) -> bool:
    """Whether this changed anything."""
    sql = "UPDATE hosts SET parked = ? WHERE name = ? AND parked <> ?"
    changed = bool(change.execute(sql, parked, name, parked).rowcount)
    if changed:
        change.event(EventType.HOST_CHANGED, name, parked=parked)
    return changed


def note_heard(change: Change, name: str, facts: Facts | None = None, *, gt: str | None = None) -> None:
    """It answered: what kept it away is over, unless its gt does not fit, which only ``facts`` can tell."""
    was = find_host(change, name)
    if was is None:
        return
    change.execute("UPDATE hosts SET last_heard = ? WHERE name = ?", change.time, name)
    if facts is not None:
        change.execute(
            "UPDATE hosts SET version = ?, agents = ?, places = ?, providers = ?, town = ?, town_key = ?,"
            " gt = coalesce(?, gt), unfit = 0 WHERE name = ?",
            facts.version, facts.agents, facts.places, json.dumps(facts.providers), facts.path, facts.key, gt, name,
        )  # fmt: skip
    if was.trouble is not None and (facts is not None or not was.is_unfit):
        change.execute("UPDATE hosts SET trouble = NULL, trouble_since = NULL WHERE name = ?", name)
        change.event(EventType.HOST_HEARD, name)


def note_beat(change: Change, name: str) -> None:
    """It is there. Whether it can do what it is asked for, a beat does not say."""
    change.execute("UPDATE hosts SET last_heard = ? WHERE name = ?", change.time, name)


def note_trouble(change: Change, name: str, words: str, *, unfit: bool = False) -> None:
    """Why nothing can be asked of it; since when is kept while that goes on."""
    was = find_host(change, name)
    if was is None or (was.trouble == words and was.is_unfit == unfit):
        return
    change.execute(
        "UPDATE hosts SET trouble = ?, unfit = ?, trouble_since = coalesce(trouble_since, ?) WHERE name = ?",
        words, unfit, change.time, name,
    )  # fmt: skip
    if was.trouble is None or was.is_unfit != unfit:
        change.event(EventType.HOST_AWAY, name, reason=words)


def delete_host(change: Change, name: str) -> None:
    change.execute("DELETE FROM hosts WHERE name = ?", name)
    change.event(EventType.HOST_REMOVED, name)

"""Many towns in one view: this one, and those of its hosts, as each of them answered the same question."""

from collections.abc import Mapping, Sequence
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Time

#: What is asked of all towns at once: it reads, and its answers stand beside each other.
ASKED = ("status", "review", "digest", "agents", "costs")
#: And what is ordered of all at once.
ORDERED = ("estop", "thaw", "down")
#: What this town is called among the others, where people read it.
HERE = "here"


@dataclass(frozen=True, slots=True)
class Told:
    """``document`` is the JSON document of the town of ``host``; None: this one's."""

    host: str | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Away:
    """A host that did not answer, since when, and why."""

    host: str
    since: Time | None
    reason: str


def merge(told: Sequence[Told], away: Sequence[Away]) -> dict[str, Any]:
    """One document: of lists each item with its ``host``, of things each as an item; this town's host is null.

    >>> merge([Told(None, {"items": [{"a": 1}]}), Told("box", {"items": [{"a": 2}]})], [])
    {'items': [{'host': None, 'a': 1}, {'host': 'box', 'a': 2}], 'away': []}
    """
    items = [_placed(each.host, row) for each in told for row in _rows(each.document)]
    return {
        "items": items,
        "away": [{"host": each.host, "since": each.since, "reason": each.reason} for each in away],
    }


def _rows(document: Mapping[str, Any]) -> Sequence[Any]:
    items = document.get("items")
    return items if isinstance(items, list) else [document]


def _placed(host: str | None, row: Any) -> dict[str, Any]:
    """Commands that it says to run next are for its own town."""
    if not isinstance(row, Mapping):
        return {"host": host, "text": row}
    rest = {name: value for name, value in row.items() if name != "host"}
    if host is not None and isinstance(rest.get("next"), list):
        rest["next"] = [lead(host, str(command)) for command in rest["next"]]
    return {"host": host, **rest}


def lead(host: str, command: str) -> str:
    """A command of the town there, as it is typed here.

    >>> lead("box", "gt approve demo/toast"), lead("box", "gt why de-1")
    ('gt --host box approve demo/toast', 'gt --host box why de-1')
    """
    return f"gt --host {host} {command.removeprefix('gt ')}" if command.startswith("gt ") else command


def address_at(host: str | None, address: str) -> str:
    """
    >>> address_at("box", "demo/toast"), address_at(None, "mayor")
    ('demo/toast@box', 'mayor')
    """
    return address if host is None else f"{address}@{host}"


def terminal_words(words: Sequence[str]) -> list[str]:
    """A prefix that connects streams, as it is where it is to connect a terminal: as ssh, Docker and kubectl have it.

    >>> terminal_words(["ssh", "-T", "box"]), terminal_words(["docker", "exec", "-i", "x"])
    (['ssh', '-tt', 'box'], ['docker', 'exec', '-it', 'x'])
    """
    known = [word.rpartition("/")[2] for word in words]
    if "ssh" in known:
        place = known.index("ssh") + 1
        return [*words[:place], "-tt", *(word for word in words[place:] if word != "-T")]
    if "exec" in known and "-i" in known[known.index("exec") :]:
        place = known.index("-i", known.index("exec"))
        return [*words[:place], "-it", *words[place + 1 :]]
    return list(words)

"""How values look: tables that fit, records, colours where a terminal shows them."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from gastown_tmux.edges.clock import seconds_since
from gastown_tmux.operations.town import Answer
from gastown_tmux.verbs.data import to_data
from gastown_tmux.verbs.table import Listing, Record, Special, Verb
from gastown_tmux.verbs.workspace import AGENTS

_TIMES = frozenset(("created", "updated", "since", "landed", "time", "started", "ended", "deadline", "date"))
_COLOURS = {
    "open": "36", "hooked": "33", "working": "32", "submitted": "35", "merged": "32;1", "closed": "2",
    "ready": "36", "idle": "36", "starting": "33", "waiting": "33;1", "dead": "31;1", "failed": "31;1",
    "backoff": "33", "limited": "33", "paused": "2", "off": "2", "on": "32",
    "queued": "36", "testing": "33", "publishing": "33", "held": "33;1", "conflicted": "31", "rejected": "31",
    "superseded": "2", "landed": "32;1", "healthy": "32", "unknown": "33", "up": "32", "down": "2",
    "error": "31;1", "warning": "33",
}  # fmt: skip


_BEADS = ("open", "hooked", "working", "submitted", "merged", "closed")


def version() -> str:
    from importlib.metadata import version as find

    return find("gastown-tmux")


def write(text: str) -> None:
    sys.stdout.write(text + "\n")


def say(line: str) -> None:
    """Progress: beside the output, never in it."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def has_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(word: str, shown: str) -> str:
    colour = _COLOURS.get(word)
    return f"\033[{colour}m{shown}\033[0m" if colour and has_colour() else shown


def render(verb: Verb, value: Any) -> str:
    """The text for a person."""
    match verb.show:
        case Listing():
            return table(verb.show, value)
        case Record():
            return record(verb.show, value)
        case Special.STATUS:
            return status(value)
        case Special.PRIME:
            return prime(value)
        case _:
            if isinstance(value, Answer):
                return value.text
            return str(value) if value is not None else ""


def line(value: Any) -> str:
    """One line of a stream."""
    if isinstance(value, str):
        return value
    data = to_data(value)
    rest = " ".join(f"{key}={inner}" for key, inner in (data.get("data") or {}).items() if inner not in (None, ""))
    return f"{data['time']} {data['type']} {data['subject']} by {data['actor']} {rest}".rstrip()


def _cell(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _TIMES and isinstance(value, str):
        return age(value)
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)) or "-"
    if name == "merged_commit":
        return str(value)[:12]
    return " ".join(str(value).split())


def age(moment: str) -> str:
    """``12s ago``, ``3m ago``, ``2h ago``, ``5d ago``; ``in 3m`` for what is to come."""
    seconds = seconds_since(moment)
    size = abs(seconds)
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    unit, length = next(((unit, length) for unit, length in units if size >= length), units[-1])
    words = f"{int(size // length)}{unit}"
    return f"in {words}" if seconds < -1 else f"{words} ago"


def table(listing: Listing, values: Sequence[Any]) -> str:
    if not values:
        return listing.empty
    rows = [[_cell(name, getattr(value, name)) for name in listing.columns] for value in values]
    kept = [place for place, name in enumerate(listing.columns) if place == 0 or any(row[place] != "-" for row in rows)]
    heads = [listing.columns[place].replace("_", " ").upper() for place in kept]
    rows = [[row[place] for place in kept] for row in rows]
    widths = [max(len(head), *(len(row[place]) for row in rows)) for place, head in enumerate(heads)]
    _fit(widths, heads)
    lines = ["  ".join(_pad(head, width) for head, width in zip(heads, widths, strict=True)).rstrip()]
    for row in rows:
        cells = [paint(cell, _pad(cell, width)) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _fit(widths: list[int], heads: list[str]) -> None:
    """Narrows the widest columns until the table fits the terminal; elsewhere nothing is cut."""
    if not sys.stdout.isatty():
        return
    room = shutil.get_terminal_size().columns - 2 * (len(widths) - 1)
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda place: widths[place] - len(heads[place]))
        if widths[widest] <= max(len(heads[widest]), 8):
            break
        widths[widest] -= 1


def _pad(text: str, width: int) -> str:
    return text[: width - 1] + "…" if len(text) > width else text.ljust(width)


def record(shape: Record, value: Any) -> str:
    width = max(len(name) for name in shape.fields)
    lines = []
    for name in shape.fields:
        cell = _cell(name, getattr(value, name))
        if cell != "-":
            if name in _TIMES:
                cell = f"{getattr(value, name)} ({cell})"
            lines.append(f"{name.replace('_', ' '):<{width}}  {paint(cell, cell)}")
    body = getattr(value, shape.body) if shape.body else None
    return "\n".join(lines) + (f"\n\n{body.rstrip()}" if body else "")


def status(value: Any) -> str:
    counts = value.counts
    beads = "  ".join(f"{counts[name]} {paint(name, name)}" for name in _BEADS if counts[name] or name == "open")
    alive = [daemon.name for daemon in value.daemons if daemon.alive]
    lines = [
        f"town {value.town}  {paint(value.wanted, value.wanted)}  {value.path}",
        f"tmux {'runs' if value.tmux.alive else 'does not run'}  daemons {', '.join(alive) or 'none'}",
        f"beads {beads}",
        f"queue {counts['queue']}  held {counts['held']}  mail {counts['mail']}  escalations {counts['escalations']}",
        "",
    ]  # fmt: skip
    lines.append(table(Listing(AGENTS, "no agents yet: gt sling -m WORDS RIG makes one"), value.agents))
    if not value.rigs:
        lines.append("no rigs yet: gt rig add NAME URL|PATH")
    lines += [f"note: {note}" for note in value.notes]
    return "\n".join(lines)


def prime(value: Any) -> str:
    lines = [value.instructions.rstrip(), "", f"You are {value.agent}."]
    if value.bead is not None:
        lines += ["", f"On your hook: {value.bead.id} {value.bead.title}", f"Branch: {value.branch}"]
        if value.bead.body:
            lines += ["", value.bead.body.rstrip()]
    lines += ["", f"Unread mail: {value.unread}", f"Next: {value.next}"]
    return "\n".join(lines)

"""How values look to a person, the same in every face: tables that fit, records, state words with colour and sign."""

from collections.abc import Mapping, Sequence
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.columns import cut, width
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.pages import Noted, Page
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.edges.files.clock import local_time, seconds_since
from gastown_tmux.operations.town.town import Answer
from gastown_tmux.verbs.data import to_data
from gastown_tmux.verbs.table import AGENT_COLUMNS, Listing, Record, Special, Tables, Verb
from gastown_tmux.verbs.text import harmless, pad

_TIMES = frozenset(
    (
        "created",
        "updated",
        "since",
        "landed",
        "time",
        "started",
        "ended",
        "deadline",
        "date",
        "rewritten",
        "due",
        "last",
        "last_heard",
        "restored",
        "made",
        "shown",
        "sent",
    )
)
#: Columns whose words say how something is.
_STATES = frozenset(("state", "health", "severity", "level"))
_COLOURS = {
    "open": "36", "away": "35", "hooked": "33", "working": "32", "submitted": "35", "merged": "32;1", "closed": "2",
    "ready": "36", "idle": "36", "starting": "33", "waiting": "33;1", "dead": "31;1", "failed": "31;1",
    "stalled": "31", "backoff": "33", "limited": "33", "paused": "2", "off": "2", "on": "32",
    "queued": "36", "testing": "33", "publishing": "33", "held": "33;1", "conflicted": "31", "rejected": "31",
    "gathered": "35", "proposed": "35", "superseded": "2",
    "landed": "32;1", "healthy": "32", "unknown": "33", "up": "32", "down": "2",
    "error": "31;1", "warning": "33", "critical": "31;1", "high": "31", "acknowledged": "33", "resolved": "2",
}  # fmt: skip
_PATCH_COLOURS = {"@@": "36", "+": "32", "-": "31"}
_BEADS = ("open", "away", "hooked", "working", "submitted", "merged", "closed")
#: Columns of words, which say something still when they are cut; others are ids, and half an id is none.
_PROSE = frozenset(
    (
        "text",
        "title",
        "question",
        "reason",
        "subject",
        "summary",
        "cause",
        "hint",
        "what",
        "name",
        "to",
        "meaning",
        "waits",
    )
)
_LEAST_PROSE, _LEAST = 16, 40


@dataclass(frozen=True, slots=True)
class Display:
    """What the reader's screen can do. ``width`` None: nothing is cut; ``signs`` stand before state words."""

    width: int | None = None
    colour: bool = False
    signs: bool = False


PLAIN = Display()


def render(verb: Verb, value: Any, display: Display) -> str:
    """The text for a person."""
    match verb.show:
        case Listing() if isinstance(value, Page):
            shown = table(verb.show, value.items, display)
            return f"{shown}\n{value.more} more: --limit 0 shows all" if value.more else shown
        case Listing() if isinstance(value, Noted):
            shown = table(verb.show, value.items, display)
            return f"{shown}\n{value.note}" if value.note else shown
        case Listing():
            return table(verb.show, value, display)
        case Record():
            return record(verb.show, value, display)
        case Tables():
            return tables(verb.show, value.value if isinstance(value, Answer) else value, display)
        case Special.STATUS if not isinstance(value, Answer):
            return status(value, display)
        case Special.PATCH:
            return patch(str(value), display)
        case Special.PRIME:
            return legible(value.text(), display)
        case Special.SCREEN:
            return str(value)
        case _:
            told = value.text if isinstance(value, Answer) else value
            return legible(str(told), display) if told is not None else ""


def legible(text: str, display: Display) -> str:
    """Exactly, where no terminal could suffer; else each line harmless."""
    if display == PLAIN or (text.isascii() and text.isprintable()):
        return text
    return "\n".join(harmless(line.expandtabs()) for line in text.split("\n"))


def line(value: Any, display: Display) -> str:
    """One line of a stream."""
    if not isinstance(value, Event):
        return legible(str(value), display)
    data = to_data(value)
    hidden = () if display.width is None else ("title",)
    words = [
        f"{key}={inner}"
        for key, inner in (data.get("data") or {}).items()
        if inner not in (None, "", []) and key not in hidden
    ]
    told = harmless(" ".join(words))
    if display.width is None:
        return f"{data['time']} {data['type']} {data['subject']} by {data['actor']} {told}".rstrip()
    # A person at a terminal asks what happened first, and lives by the clock on the wall.
    named = f" ({harmless(str(title))})" if (title := (data.get("data") or {}).get("title")) else ""
    head = f"{local_time(data['time'])} {data['type']} {data['subject']}{named}"
    return cut(" ".join(filter(None, (head, told, f"by {data['actor']}"))), display.width)


def paint(word: str, shown: str, display: Display) -> str:
    colour = _COLOURS.get(word)
    return f"\033[{colour}m{shown}\033[0m" if colour and display.colour else shown


def age(moment: str) -> str:
    """``12s ago``, ``3m ago``, ``2h ago``, ``5d ago``; ``in 3m`` for what is to come."""
    seconds = seconds_since(moment)
    size = abs(seconds)
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    unit, length = next(((unit, length) for unit, length in units if size >= length), units[-1])
    words = f"{int(size // length)}{unit}"
    return f"in {words}" if seconds < -1 else f"{words} ago"


def _cell(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if name == "value" or isinstance(value, dict):
        from gastown_tmux.edges.configuration.settings_files import format_value  # settings alone are shown so

        return harmless(format_value(value))
    if name == "tokens" and isinstance(value, int):
        return f"{value:,}" if value else "-"
    if name == "cost":
        return f"{value:.2f} USD"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _TIMES and isinstance(value, str):
        return age(value)
    if isinstance(value, list | tuple):
        words = [str(each) for each in value]
        return harmless((", " if any(" " in word for word in words) else " ").join(words)) or "-"
    if name == "merged_commit":
        return str(value)[:12]
    return harmless(" ".join(str(value).split()))


def _field(value: Any, name: str) -> Any:
    """That an agent is dead which is off is as it should be, and nothing to alarm anybody."""
    return None if name == "health" and value.state == "off" else getattr(value, name)


def table(listing: Listing, values: Sequence[Any], display: Display) -> str:
    """A head and a line for each value; columns that hold nothing are left out."""
    if not values:
        return listing.empty
    below = listing.below if display.width is not None else None
    columns = [name for name in listing.columns if name != below]
    rows = [[_cell(name, _field(value, name)) for name in columns] for value in values]
    kept = [place for place, name in enumerate(columns) if place == 0 or any(row[place] != "-" for row in rows)]
    names = [columns[place] for place in kept]
    rows = [[_signed(name, row[place], display) for name, place in zip(names, kept, strict=True)] for row in rows]
    heads = [_signed(name, name.replace("_", " ").upper(), display) for name in names]
    widths = [max(width(head), *(width(row[place]) for row in rows)) for place, head in enumerate(heads)]
    widths = _fit(names, widths, display)
    lines = ["  ".join(pad(head, size) for head, size in zip(heads, widths, strict=False)).rstrip()]
    for value, row in zip(values, rows, strict=True):
        cells = [
            paint(_word(name, cell), pad(cell, size), display)
            for name, cell, size in zip(names, row, widths, strict=False)
        ]
        lines.append("  ".join(cells).rstrip())
        lines += _commands(getattr(value, below) or (), display) if below else ()
    return "\n".join(lines)


def _commands(commands: Sequence[str], display: Display) -> list[str]:
    """Side by side as far as there is room; none is cut, for each is there to be typed."""
    lines = list[str]()
    for command in map(harmless, commands):
        if lines and width(lines[-1]) + 3 + width(command) <= (display.width or 0):
            lines[-1] += f"   {command}"
        else:
            lines.append(f"  {command}")
    return [f"\033[2m{line}\033[0m" if display.colour else line for line in lines]


def _signed(name: str, word: str, display: Display) -> str:
    """A state word behind its sign, so that colour is not the only way to tell."""
    return f"{SIGNS.get(word, ' ')} {word}" if display.signs and name in _STATES else word


def _word(name: str, cell: str) -> str:
    return cell.rpartition(" ")[2] if name in _STATES else cell


def _fit(names: Sequence[str], widths: list[int], display: Display) -> list[int]:
    """Widths with which the table fits: texts are narrowed first, then columns are left out from the right.

    What names a thing, how it is, and what to type next stays whole as long as the screen has room for two columns.
    """
    if display.width is None:
        return widths
    soft = [place > 0 and name not in _STATES | _TIMES for place, name in enumerate(names)]
    least = [
        min(size, _LEAST_PROSE if name in _PROSE else _LEAST) if narrows else size
        for name, size, narrows in zip(names, widths, soft, strict=True)
    ]
    count = len(widths)
    while count > 2 and sum(least[:count]) + 2 * (count - 1) > display.width:
        count -= 1
    widths = widths[:count]
    while (over := sum(widths) + 2 * (count - 1) - display.width) > 0:
        among = [place for place in range(count) if soft[place] and widths[place] > least[place]] or list(range(count))
        widest = max(among, key=lambda place: widths[place])
        if widths[widest] <= 1:
            break
        # Down to the next widest at once, or as far as is needed.
        others = [widths[place] for place in among if place != widest]
        widths[widest] -= max(1, min(over, widths[widest] - max([least[widest], *others])))
    return widths


def record(shape: Record, value: Any, display: Display) -> str:
    """A line for each field that holds something, then the long text: exactly, where no terminal could suffer."""
    longest = max(len(name) for name in shape.fields)
    lines = []
    for name in shape.fields:
        cell = _titled(_cell(name, getattr(value, name)), getattr(value, "titles", None) or {})
        if cell != "-":
            if name in _TIMES:
                cell = f"{getattr(value, name)} ({cell})"
            lines.append(f"{name.replace('_', ' '):<{longest}}  {paint(cell, _signed(name, cell, display), display)}")
    body = getattr(value, shape.body) if shape.body else None
    if body:
        lines += ["", body.removesuffix("\n") if display == PLAIN else harmless(body.rstrip().expandtabs())]
    if shape.tail and (told := getattr(value, shape.tail)):
        lines += ["", *map(harmless, told.splitlines())]
    return "\n".join(lines)


def _titled(cell: str, titles: Mapping[str, str]) -> str:
    """Ids with what they are called beside them."""
    words = (f"{word} ({harmless(titles[word])})" if word in titles else word for word in cell.split(" "))
    return " ".join(words) if titles else cell


def patch(text: str, display: Display) -> str:
    """Exactly, unless a terminal is to show it: then in git's colours, with nothing in it that a terminal obeys."""
    if display == PLAIN:
        return text.removesuffix("\n")
    lines, in_head = list[str](), False
    for line in text.removesuffix("\n").split("\n"):
        # Below "@@" a removed line may well begin with "--".
        in_head = line.startswith("diff ") or (in_head and not line.startswith("@@"))
        kind = next((kind for kind in ("@@", "+", "-", "# ") if line.startswith(kind)), "")
        code = "1" if in_head or kind == "# " else _PATCH_COLOURS.get(kind, "")
        shown = harmless(line.expandtabs())
        lines.append(f"\033[{code}m{shown}\033[m" if code and display.colour else shown)
    return "\n".join(lines)


def tables(shape: Tables, value: Any, display: Display) -> str:
    """Its fields, then its lists; ``more`` says how many are left out of the last."""
    shown = [record(shape.head, value, display)] if shape.head else []
    for heading, name, columns in shape.parts:
        if items := getattr(value, name):
            shown.append(f"{heading}\n{table(Listing(columns, ''), items, display)}")
    more = getattr(value, "more", 0)
    if len(shown) == (1 if shape.head else 0):
        shown.append(shape.empty)
    return "\n\n".join(shown) + (f"\n{more} more: --limit 0 shows all" if more else "")


def status(value: Any, display: Display) -> str:
    """The town at a glance: what is up, what is counted, who does what, what to know."""
    counts = value.counts
    beads = "  ".join(
        f"{counts[name]} {paint(name, name, display)}" for name in _BEADS if counts[name] or name == "open"
    )
    alive = [daemon.name for daemon in value.daemons if daemon.alive]
    lines = [
        f"town {value.town}  {paint(value.wanted, value.wanted, display)}  {value.path}",
        f"tmux {'runs' if value.tmux.alive else 'does not run'}  daemons {', '.join(alive) or 'none'}",
        f"beads {beads}",
        f"queue {counts['queue']}  held {counts['held']}  mail {counts['mail']}  escalations {counts['escalations']}",
        "",
    ]
    empty = "no agents yet: gt sling -m WORDS RIG makes one" if value.rigs else "no agents yet"
    lines.append(table(Listing(AGENT_COLUMNS, empty), value.agents, display))
    if not value.rigs:
        lines.append("no rigs yet: gt rig add NAME URL|PATH")
    lines += [f"note: {note}" for note in value.notes]
    return "\n".join(lines)

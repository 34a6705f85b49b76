"""A model as lines of a screen: no terminal is needed to say what stands where."""

from collections import Counter
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.columns import cut, width, wrap
from gastown_tmux.domain.signs import SIGNS, count_groups
from gastown_tmux.edges.files.clock import to_epoch
from gastown_tmux.faces.model import Flow, Mode, Model
from gastown_tmux.faces.palette import choices
from gastown_tmux.faces.patches import read_patch
from gastown_tmux.faces.rows import Panel, Row
from gastown_tmux.faces.waves import sum_up
from gastown_tmux.tui import styles
from gastown_tmux.verbs.text import harmless, pad

Fragment = tuple[str, Style]
_MOST_HEAD, _LEAST_MORE = 26, 10
#: On a screen so wide it is told too that nobody works.
_ROOM_FOR_NONE = 80
#: Where the next letter goes; what is behind it is plain.
_CURSOR: tuple[Fragment, ...] = ((" ", styles.CHOSEN), ("", styles.PLAIN))
#: While something is typed, no key acts.
_TYPING = {
    Mode.FILTER: [("enter", "keep it"), ("esc", "all of them")],
    Mode.WORDS: [("enter", "send"), ("esc", "leave it")],
    Mode.PALETTE: [("tab", "complete"), ("↑ ↓", "choose"), ("enter", "do it"), ("esc", "leave it")],
}
_EMPTY = {
    Panel.TOWN: "nothing to do yet: gt sling -m WORDS RIG",
    Panel.AGENTS: "no agents yet: gt sling BEAD makes one",
    Panel.BEADS: "no beads yet: gt bead create TITLE --rig RIG",
    Panel.CONVOYS: "no convoys and no runs yet: gt convoy create NAME, gt formula run NAME",
    Panel.QUEUE: "no rigs yet: gt rig add NAME URL|PATH",
    Panel.MAIL: "no mail",
    Panel.EVENTS: "nothing happened since this was opened",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """``ids`` are those of the rows in the lines, None for a heading."""

    lines: tuple[Strip, ...]
    ids: tuple[str | None, ...] = ()


def strip(fragments: list[Fragment], columns: int) -> Strip:
    """Exactly that wide."""
    segments, left = [], columns
    for text, style in fragments:
        if left <= 0:
            break
        shown = cut(text, left)
        left -= width(shown)
        segments.append(Segment(shown, style))
    return Strip([*segments, Segment(" " * left, fragments[-1][1] if fragments else styles.PLAIN)], columns)


def draw_head(model: Model, columns: int) -> list[Strip]:
    """The town and what it counts, then the panels."""
    seen = model.seen
    if seen is None:
        first: list[Fragment] = [(model.trouble or "reading the town…", styles.DIM)]
    else:
        first = [(f" {seen.name} ", styles.BOLD)]
        if model.trouble:
            first.append((f" {harmless(model.trouble)} ", styles.BAD))
        elif seen.frozen:
            first.append((" everything stands still: gt thaw ", styles.BAD))
        elif seen.wanted == "down" or not seen.alive:
            first.append(
                (" the town is down: gt up " if seen.wanted == "down" else " tmux does not run ", styles.ALARM)
            )
        # What is cut off on a narrow screen must not be that somebody waits.
        if seen.needs:
            first.append((f" for you {len(seen.needs)} ", styles.ALARM))
        groups = count_groups(Counter(worker.view.state for worker in seen.workers))
        for group, count in groups.items():
            if count or (group in ("working", "idle") and columns >= _ROOM_FOR_NONE):
                first.append((f" {SIGNS[group]} {count} {group} ", styles.STATES.get(group, styles.PLAIN)))
        for word, count in (
            ("queue", sum(request.state != "held" for request in seen.requests)),
            ("mail", sum(not mail.read for mail in seen.mails)),
        ):
            if count:
                first.append((f" {word} {count} ", styles.PLAIN))
    tabs = [
        (text, styles.CHOSEN if panel is model.panel else styles.PLAIN) for panel, text in label_panels(columns).items()
    ]
    return [strip(first, columns), strip(tabs, columns)]


def label_panels(columns: int) -> dict[Panel, str]:
    """What stands in the second line, from left to right."""
    names = sum(len(panel) for panel in Panel)
    wide, named = columns >= names + 4 * len(Panel), columns >= names + 3 * len(Panel)
    return {
        panel: f" {number} {panel} " if wide else f" {number} {panel}" if named else f" {number} "
        for number, panel in enumerate(Panel, start=1)
    }


def _typed(asked: str, typed: str, columns: int) -> list[Fragment]:
    """What is asked, the end of what was typed so far, and where the next letter goes."""
    room = max(8, columns - width(asked) - 1)
    if width(typed) >= room:
        while width(typed) > room - 2:
            typed = typed[max(1, (width(typed) - room) // 2) :]
        typed = f"…{typed}"
    return [(asked, styles.BOLD), (typed, styles.PLAIN), *_CURSOR]


def draw_foot(model: Model, columns: int) -> list[Strip]:
    """What was said or is typed, then the keys."""
    match model.mode:
        case Mode.FILTER:
            line = _typed("/", model.line, columns)
        case Mode.PALETTE:
            line = _typed(":", model.line, columns)
        case Mode.WORDS:
            line = _typed(harmless(model.act.asks) if model.act else "", model.line, columns)
        case Mode.CONFIRM:
            line = [(f"{model.act.confirms if model.act else ''} y, any other key: no", styles.ALARM)]
        case Mode.BROWSE:
            line = [(harmless(" ".join(model.said.split())), styles.BAD if model.failed else styles.PLAIN)]
            if model.busy:
                line = [(f"… {harmless(model.busy[-1])}", styles.DIM)]
            elif not model.said and model.filter:
                line = [(f"filter: {model.filter}  (esc takes it away)", styles.DIM)]
    keys = [(act.key, act.words) for act in model.acts]
    if model.document is not None and model.document.flow is Flow.DIFF:
        keys += [("w", "words on this line"), ("[ ]", "hunk")]
    keys += [("q", "back")] if model.document else []
    keys = _TYPING.get(model.mode, keys)
    room = columns - 8 if columns > 20 and model.mode not in _TYPING else columns
    told, taken = list[Fragment](), 0
    for key, words in keys:
        taken += width(key) + 1 + width(words)
        if taken > room:
            break  # half a word tells of no key
        gap = "  "[: room - taken]
        taken += len(gap)
        told += [(key, styles.BOLD), (f" {words}{gap}", styles.DIM)]
    # Whatever is cut off on a narrow screen, the key that tells of all keys is not.
    last = strip([(" ?", styles.BOLD), (" keys", styles.DIM)], 8)
    return [strip(line, columns), Strip.join([strip(told, room), last]) if room < columns else strip(told, columns)]


def draw_list(model: Model, columns: int, lines: int, top: int) -> tuple[Drawn, int]:
    """So many lines of the list, from ``top`` on where the chosen row is then seen; and where it begins."""
    if model.mode is Mode.PALETTE:
        return _draw_choices(model, columns, lines), 0
    if not model.rows:
        words = "nothing fits the filter" if model.filter else _EMPTY[model.panel]
        told = [strip([(f" {part}", styles.DIM)], columns) for part in wrap(words, columns - 1)] if model.seen else []
        return _fill(told[:lines], [None] * len(told[:lines]), columns, lines), 0
    places = list[tuple[str | None, Row | None]]()
    section, chosen = None, 0
    for number, row in enumerate(model.rows):
        if row.section != section:
            section = row.section
            places.append((section, None))
        if number == model.index:
            chosen = len(places)
        places.append((None, row))
    above = chosen - 1 if places[chosen - 1][1] is None else chosen
    top = max(min(top, above, max(len(places) - lines, 0)), chosen - lines + 1, 0)
    head = min(max((width(row.head) for row in model.rows), default=0), _MOST_HEAD, columns * 2 // 5)
    shown, ids = list[Strip](), list[str | None]()
    for place in range(top, min(top + lines, len(places))):
        name, found = places[place]
        if found is None:
            shown.append(strip([(f"{name}", styles.BOLD)], columns))
            ids.append(None)
        else:
            since = age(found.since, model.now) if found.since else ""
            shown.append(_draw_row(found, columns, head, place == chosen, since))
            ids.append(found.id)
    return _fill(shown, ids, columns, lines), top


def _fill(shown: list[Strip], ids: list[str | None], columns: int, lines: int) -> Drawn:
    missing = lines - len(shown)
    return Drawn((*shown, *[Strip.blank(columns)] * missing), (*ids, *[None] * missing))


@lru_cache(maxsize=2000)
def _draw_row(row: Row, columns: int, head: int, chosen: bool, since: str) -> Strip:
    # The chosen one is one bar: colours in it would be holes.
    base = styles.CHOSEN if chosen else styles.PLAIN
    state, faint = (base, base) if chosen else (styles.STATES.get(row.state, base), styles.DIM)
    left: list[Fragment] = [(f" {row.sign} ", state), (pad(row.head, head) + " ", state)]
    graph = [(text, base if chosen else styles.STATES.get(of, styles.DIM)) for text, of in sum_up(row.waves)]
    taken = sum(width(text) for text, _ in graph) + (4 if graph else 0)
    room = columns - head - 4 - 5
    told = min(width(row.more) + 2, _LEAST_MORE if graph else room // 2)
    left.append(
        (row.title if not row.more else cut(row.title, max(room - taken - told, min(room, 12 if graph else 20))), base)
    )
    left += [("  ", base), *graph] if graph else []
    room -= sum(width(text) for text, _ in left[2:])
    left.append((cut(f"  {row.more}" if row.more else "", max(room, 0)), faint))
    used = sum(width(text) for text, _ in left)
    left.append((" " * max(columns - used - 5, 0), base))
    return strip([*left, (f"{since:>4} ", faint)], columns)


def _draw_choices(model: Model, columns: int, lines: int) -> Drawn:
    """What the line that is being typed may become."""
    shown = []
    for number, (word, meaning) in enumerate(choices(model)[:lines]):
        base = styles.CHOSEN if number == model.choice else styles.PLAIN
        shown.append(strip([(f" {pad(word, 24)} ", base), (harmless(meaning), base + styles.DIM)], columns))
    return _fill(shown, [None] * len(shown), columns, lines)


def draw_document(model: Model, columns: int, lines: int, top: int) -> tuple[Drawn, int]:
    """A title, then the lines about the cursor; and where they begin."""
    shown = model.document
    assert shown is not None
    room = max(lines - 1, 1)
    top = max(min(top, model.cursor, max(len(shown.lines) - room, 0)), model.cursor - room + 1, 0)
    place = f"{model.cursor + 1}/{len(shown.lines)}"
    out = [
        strip(
            [(cut(f" {harmless(shown.title)}  ", columns - len(place) - 1), styles.BOLD), (place, styles.DIM)], columns
        )
    ]
    patch = read_patch(shown.lines) if shown.flow is Flow.DIFF else None
    for number in range(top, min(top + room, len(shown.lines))):
        style = styles.PARTS[patch[number].part] if patch else styles.PLAIN
        mark = ">" if number == model.cursor else " "
        base = styles.BOLD if number == model.cursor else styles.PLAIN
        out.append(strip([(mark, base), (shown.lines[number], style + base)], columns))
    return _fill(out, [None] * len(out), columns, lines), top


def age(moment: str, now: float) -> str:
    """
    >>> age("1970-01-01T00:00:10.000Z", 75.0), age("1970-01-01T00:00:10.000Z", 9.0), age("soon", 1.0)
    ('1m', '0s', '')
    """
    try:
        seconds = max(now - to_epoch(moment), 0.0)
    except (ValueError, OverflowError):
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"

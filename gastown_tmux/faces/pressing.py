"""What a key does, by what is shown: in a list, in a document, in a line that is being typed."""

import shlex
from collections.abc import Callable

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.prefix_keys import PREFIX_KEYS, Opens
from gastown_tmux.errors import GtError
from gastown_tmux.faces.model import Command, Document, Flow, Leave, Look, Mode, Model, Open, Run, Visit, name_line
from gastown_tmux.faces.palette import choices, complete
from gastown_tmux.faces.patches import Part, read_patch
from gastown_tmux.faces.rows import Panel
from gastown_tmux.verbs.acts import Act, acts_on_line
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.keys import DIFF_MOVES, MOVES

#: After rows moved under a person's finger, keys that act are not heard for so long.
DEAF_SECONDS = 0.4
LONGEST_LINE = 4000

Done = tuple[Model, tuple[Command, ...]]


def press(model: Model) -> Callable[[str], Done]:
    """What takes the key now."""
    match model.mode:
        case Mode.BROWSE:
            taken = _press_in_document if model.document is not None else _press_in_list
        case Mode.CONFIRM:
            taken = _press_to_confirm
        case _:
            taken = _press_in_line
    return lambda key: taken(model, key)


def open_row(model: Model) -> tuple[Command, ...]:
    row = model.row
    return (Open(row.opens, row.acts, row.agent, row.bead),) if row and row.opens else ()


def type_text(model: Model, text: str) -> Model:
    """Words at the end of the line that is being typed, where one is."""
    if model.mode in (Mode.BROWSE, Mode.CONFIRM):
        return model
    return _with_line(model, (model.line + text)[:LONGEST_LINE])


def _press_in_list(model: Model, key: str) -> Done:
    count, place = len(model.rows), model.index
    steps = {"j": 1, "down": 1, "k": -1, "up": -1, "space": model.page, "pagedown": model.page}
    steps |= {"b": -model.page, "pageup": -model.page, "g": -count, "home": -count, "G": count, "end": count}
    model = replace(model, said="", failed=False)
    panels = list(Panel)
    if key in steps:
        return _select(model, min(max(place + steps[key], 0), count - 1), to_top=key in ("g", "home")), ()
    if key in ("[", "]"):
        step = 1 if key == "]" else -1
        return replace(model, panel=panels[(panels.index(model.panel) + step) % len(panels)]), ()
    if key.isdecimal() and key.isascii() and len(key) == 1:
        known = 1 <= int(key) <= len(panels)
        return (replace(model, panel=panels[int(key) - 1]) if known else model), ()
    match key:
        case "enter":
            return model, open_row(model)
        case "tab" | "shift+tab":
            return replace(model, aside=not model.aside), ()
        case "/":
            return replace(model, mode=Mode.FILTER, line=model.filter), ()
        case ":":
            return replace(model, mode=Mode.PALETTE, line="", choice=0), ()
        case "R" | "ctrl+l":
            return replace(model, said="looked again"), (Look(),)
        case "?":
            return replace(model, document=_help(model), cursor=0), ()
        case "q" | "ctrl+c" | "ctrl+d":
            return model, (Leave(),)
        case "escape" if model.fleeting and not (model.filter or model.aside):
            return model, (Leave(),)
        case "escape":
            return replace(model, filter="", aside=False), ()
        case _:
            return _act(model, key)


def _select(model: Model, place: int, to_top: bool) -> Model:
    if not model.rows:
        return model
    selected = {**model.selected, model.panel: model.rows[place].id}
    if to_top and model.panel is Panel.EVENTS:
        del selected[model.panel]  # the newest, whichever that is
    return replace(model, selected=selected)


def _act(model: Model, key: str) -> Done:
    act = next((act for act in model.acts if act.key == key), None)
    if act is None:
        return replace(model, said=f"{key} does nothing here; ? tells what does"), ()
    if not act.shows and 0 <= model.now - model.moved < DEAF_SECONDS:
        return replace(model, said="it moved just now: look, and press again", failed=True), ()
    if act.asks:
        return replace(model, mode=Mode.WORDS, act=act, line=""), ()
    if act.confirms:
        return replace(model, mode=Mode.CONFIRM, act=act), ()
    return _carry_out(model, act, "")


def _carry_out(model: Model, act: Act, words: str) -> Done:
    lines = tuple(act.lines(words))
    model = replace(model, mode=Mode.BROWSE, act=None, line="")
    if not lines:
        return replace(model, said="no words, nothing done"), ()
    if act.shows:
        row, shown = model.row, model.document
        others = tuple(one for one in model.acts if not one.shows)
        agent = row.agent if row and shown is None else shown.author if shown else None
        return model, (Open(lines[0], others, agent, row.bead if row else None),)
    if act.goes:
        return model, (Visit(lines[0]),)
    if name_line(lines[0]) in model.busy:
        return replace(model, said="that is being done"), ()
    # What was answered is not there any more; what only got words is read on.
    answered = act in model.acts
    return (replace(model, document=None) if answered else model), (Run(lines),)


def _press_to_confirm(model: Model, key: str) -> Done:
    if key in ("y", "Y") and model.act is not None:
        return _carry_out(model, model.act, "")
    return replace(model, mode=Mode.BROWSE, act=None, said="nothing done"), ()


def _press_in_document(model: Model, key: str) -> Done:
    shown = model.document
    assert shown is not None
    last = len(shown.lines) - 1
    steps = {"j": 1, "down": 1, "k": -1, "up": -1, "space": model.page, "pagedown": model.page}
    steps |= {"b": -model.page, "pageup": -model.page, "g": -last, "home": -last, "G": last, "end": last}
    model = replace(model, said="", failed=False)
    if key in steps:
        return replace(model, cursor=max(0, min(model.cursor + steps[key], last))), ()
    match key:
        case "q" | "escape" | "enter":
            return replace(model, document=None, cursor=0), ()
        case "ctrl+c" | "ctrl+d":
            return model, (Leave(),)
        case "[" | "]" | "{" | "}" if shown.flow is Flow.DIFF:
            return replace(model, cursor=_seek(shown, model.cursor, key)), ()
        case "w" if shown.flow is Flow.DIFF:
            return _comment(model, shown)
        case "?":
            return replace(model, document=_help(model), cursor=0), ()
        case _:
            return _act(model, key)


def _seek(shown: Document, cursor: int, key: str) -> int:
    part = Part.FILE if key in "{}" else Part.HUNK
    places = [place for place, line in enumerate(read_patch(shown.lines)) if line.part is part]
    if key in "]}":
        return next((place for place in places if place > cursor), cursor)
    return next((place for place in reversed(places) if place < cursor), cursor)


def _comment(model: Model, shown: Document) -> Done:
    if shown.author is None:
        return replace(model, said="nobody is known who wrote this", failed=True), ()
    line = read_patch(shown.lines)[model.cursor]
    act = acts_on_line(shown.author, shown.bead, line.place, shown.tree)
    return replace(model, mode=Mode.WORDS, act=act, line=""), ()


def _press_in_line(model: Model, key: str) -> Done:
    match key:
        case "escape" | "ctrl+c":
            filter = "" if model.mode is Mode.FILTER else model.filter
            return replace(model, mode=Mode.BROWSE, act=None, line="", filter=filter), ()
        case "enter":
            return _enter(model)
        case "backspace" | "ctrl+h":
            return _with_line(model, model.line[:-1]), ()
        case "ctrl+u":
            return _with_line(model, ""), ()
        case "ctrl+w":
            return _with_line(model, model.line.rstrip().rpartition(" ")[0]), ()
        case "tab" if model.mode is Mode.PALETTE:
            return _with_line(model, complete(model)), ()
        case "up" | "down" if model.mode is Mode.PALETTE:
            step = 1 if key == "down" else -1
            return replace(model, choice=max(0, min(model.choice + step, len(choices(model)) - 1))), ()
        case "space":
            return type_text(model, " "), ()
        case _:
            return (type_text(model, key) if len(key) == 1 and key.isprintable() else model), ()


def _with_line(model: Model, line: str) -> Model:
    return replace(model, line=line, choice=0, filter=line if model.mode is Mode.FILTER else model.filter)


def _enter(model: Model) -> Done:
    match model.mode:
        case Mode.WORDS if model.act is not None:
            return _carry_out(model, model.act, model.line.strip())
        case Mode.PALETTE:
            return _enter_verb(replace(model, mode=Mode.BROWSE, line=""), model.line)
        case _:
            return replace(model, mode=Mode.BROWSE, line=""), ()


def _enter_verb(model: Model, line: str) -> Done:
    try:
        words = tuple(shlex.split(line))
        words = words[1:] if words[:1] == ("gt",) else words
        if not words:
            return model, ()
        verb, rest = find_verb(words)
    except ValueError:
        return replace(model, said="a quote is open", failed=True), ()
    except GtError as error:
        return replace(model, said=error.message, failed=True), ()
    endless = verb.words == "daemon run" or any(word in ("-f", "--follow") for word in rest)
    if verb.words == "feed":
        return replace(model, said="this is it"), ()
    return model, (Visit(words) if verb.terminal or endless else Run((words,)),)


def _help(model: Model) -> Document:
    acts = [(act.key, act.words) for act in model.acts]
    moves = [*MOVES, *(DIFF_MOVES if model.document and model.document.flow is Flow.DIFF else ())]
    behind = [(f"C-b {key.key}", key.words) for key in PREFIX_KEYS if key.opens is not Opens.HELP]
    told = (*acts, ("", ""), *moves, ("", ""), ("", "in the town's windows, behind the prefix:"), *behind)
    lines = [f"{keys:<8} {words}" for keys, words in told]
    return Document("keys", tuple(lines))

"""Go's text/template, as far as published convoys use it: fields, if with else, range, and trim marks.

Anything else is refused with its place. ``False`` are "", 0, false and an empty list, as in Go.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from gastown_tmux.dataclass import dataclass

#: What a name may hold: None a text, a mapping a record, a list of one the elements of a list.
Shape = Mapping[str, "Shape"] | Sequence["Shape"] | None

_ACTION = re.compile(r"(\s*)\{\{(-(?=\s))?(.*?)((?<=\s)-)?\}\}", re.DOTALL)
_FIELD = re.compile(r"\.(?:[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)?")


class TemplateError(Exception):
    """``words`` stand where it is wrong."""

    def __init__(self, text: str, words: str) -> None:
        super().__init__(text)
        self.text = text
        self.words = words


@dataclass(frozen=True, slots=True)
class Field:
    """An empty ``path`` is what a range is at."""

    path: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class If:
    field: Field
    then: "Nodes"
    other: "Nodes"


@dataclass(frozen=True, slots=True)
class Range:
    field: Field
    body: "Nodes"


Nodes = tuple[str | Field | If | Range, ...]


@dataclass(frozen=True, slots=True)
class _Action:
    said: str
    words: str


def parse_template(text: str) -> Nodes:
    """Raises TemplateError.

    >>> render(parse_template("{{range .a -}} {{.}},{{end}}{{if .b}}b{{else}}-{{end}}"), {"a": ["x", "y"], "b": ""})
    'x,y,-'
    """
    tokens = list(_tokens(text))
    nodes, _, end = _parse(tokens, 0)
    if end:
        raise TemplateError(f"{end.words} without an opening", end.words)
    return nodes


def _tokens(text: str) -> Iterator[str | _Action]:
    place, trim = 0, False
    for match in _ACTION.finditer(text):
        before = text[place : match.start()] + (match[1] if match[2] is None else "")
        yield before.lstrip() if trim else before
        words = match[0][len(match[1]) :]
        yield _Action(" ".join(match[3].split()), words)
        place, trim = match.end(), match[4] is not None
    rest = text[place:]
    if "{{" in rest:
        raise TemplateError("{{ is never closed", "{{")
    yield rest.lstrip() if trim else rest


def _parse(tokens: Sequence[str | _Action], place: int) -> tuple[Nodes, int, _Action | None]:
    """What comes up to the end of the list, or to an else or end of who asked, which is given too."""
    nodes = list[str | Field | If | Range]()
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if isinstance(token, str):
            nodes += [token] if token else []
            continue
        word, _, rest = token.said.partition(" ")
        if token.said in ("else", "end"):
            return tuple(nodes), place, token
        if word in ("if", "range"):
            field = _field(rest, token)
            inner, place, end = _parse(tokens, place)
            other: Nodes = ()
            if end and end.said == "else" and word == "if":
                other, place, end = _parse(tokens, place)
            if end is None or end.said != "end":
                raise TemplateError(f"{token.words} needs an {{{{end}}}}", token.words)
            nodes.append(If(field, inner, other) if word == "if" else Range(field, inner))
        else:
            nodes.append(_field(token.said, token))
    return tuple(nodes), place, None


def _field(said: str, token: _Action) -> Field:
    if not _FIELD.fullmatch(said):
        hint = f"; write {{{{.{said}}}}}" if re.fullmatch(r"[A-Za-z_]\w*", said) else ""
        raise TemplateError(f"{token.words} is not understood in this text{hint}", token.words)
    return Field(tuple(said[1:].split(".")) if said != "." else (), token.words)


def check_names(nodes: Nodes, root: Shape) -> Iterator[TemplateError]:
    """Fields that have no value in a context of this shape."""
    for node in nodes:
        match node:
            case Field():
                yield from _look(node, root)[1]
            case If():
                yield from _look(node.field, root)[1]
                yield from check_names(node.then, root)
                yield from check_names(node.other, root)
            case Range():
                shape, errors = _look(node.field, root)
                yield from errors
                if not errors and not isinstance(shape, list | tuple):
                    yield TemplateError(f"{node.field.words}: it is no list", node.field.words)
                elif not errors and isinstance(shape, list | tuple):
                    yield from check_names(node.body, shape[0])


def _look(field: Field, shape: Shape) -> tuple[Shape, list[TemplateError]]:
    for name in field.path:
        if not isinstance(shape, Mapping) or name not in shape:
            return None, [TemplateError(f".{'.'.join(field.path)} has no value here", field.words)]
        shape = shape[name]
    return shape, []


def render(nodes: Nodes, context: object) -> str:
    """A field without value is empty."""
    return "".join(_render(node, context) for node in nodes)


def _render(node: str | Field | If | Range, context: object) -> str:
    match node:
        case str():
            return node
        case Field():
            value = _value(node, context)
            return " ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
        case If():
            return render(node.then if _value(node.field, context) else node.other, context)
        case Range():
            values = _value(node.field, context)
            return "".join(render(node.body, value) for value in values) if isinstance(values, list | tuple) else ""


def _value(field: Field, context: object) -> object:
    for name in field.path:
        context = context.get(name) if isinstance(context, Mapping) else None
    return context

"""Layouts: which windows there are to look at, and what runs in their panes. The words are tmuxp's.

Ours alone are ``for_each: agent`` or ``for_each: rig`` (of a pane, or of a window), ``session_name`` of a window,
and ``{agent}`` and ``{rig}`` in any text.
"""

import re
from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.errors import UsageError

HEADQUARTERS = "hq"
#: Panes of one window; further ones go to ``<window>-2``.
MOST_PANES = 16
ARRANGEMENTS = ("even-horizontal", "even-vertical", "main-horizontal", "main-vertical", "tiled")
#: As ``#{window_layout}`` has it: a checksum, then cells.
_LAYOUT = re.compile(r"[0-9a-f]{4},\d+x\d+,\d+,\d+[0-9x,{}\[\]]*")
_EACH = ("agent", "rig")
_WINDOW_KEYS = frozenset(("window_name", "session_name", "layout", "options", "panes", "for_each", "start_directory"))
_PANE_KEYS = frozenset(("shell_command", "for_each", "start_directory", "focus"))


@dataclass(frozen=True, slots=True)
class Pane:
    """``command`` is for ``sh``; none is a shell to type at."""

    command: str = ""
    directory: str | None = None
    focus: bool = False
    for_each: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """``arrangement`` is one of ARRANGEMENTS, or a layout string of tmux's own. ``follows``: its panes come and go with
    agents.
    """

    name: str
    session: str = HEADQUARTERS
    arrangement: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    panes: tuple[Pane, ...] = ()
    for_each: str | None = None
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    name: str
    summary: str
    windows: tuple[Window, ...]


def parse_layout(name: str, document: object) -> Layout:
    """Raises UsageError that says which part is not understood."""
    top = _mapping(document, f"layout {name}", frozenset(("summary", "session_name", "windows")))
    session = str(top.get("session_name", HEADQUARTERS))
    windows = [_window(each, session, f"layout {name}") for each in _sequence(top.get("windows"), f"layout {name}")]
    return Layout(name, str(top.get("summary", "")), tuple(windows))


def _window(value: object, session: str, where: str) -> Window:
    given = _mapping(value, f"{where}, a window", _WINDOW_KEYS)
    name = str(given.get("window_name", "view"))
    where = f"{where}, window {name}"
    directory = given.get("start_directory")
    panes = [_pane(each, directory, where) for each in _sequence(given.get("panes", [None]), where)]
    options = _mapping(given.get("options", {}), f"{where}, options", None)
    return Window(
        name=name,
        session=str(given.get("session_name", session)),
        arrangement=_arrangement(given.get("layout"), where),
        options={key: _option(option) for key, option in options.items()},
        panes=tuple(panes),
        for_each=_each(given.get("for_each"), where),
    )


def _pane(value: object, directory: object, where: str) -> Pane:
    """A command, a list of commands, or a mapping with either; ``blank`` and nothing are a shell, as in tmuxp."""
    given = value if isinstance(value, dict) else {"shell_command": value}
    given = _mapping(given, f"{where}, a pane", _PANE_KEYS)
    commands = given.get("shell_command")
    if commands in (None, "blank", "pane"):
        commands = []
    elif isinstance(commands, str):
        commands = [commands]
    directory = given.get("start_directory", directory)
    return Pane(
        command="; ".join(str(command) for command in _sequence(commands, where)),
        directory=None if directory is None else str(directory),
        focus=bool(given.get("focus", False)),
        for_each=_each(given.get("for_each"), where),
    )


def _mapping(value: object, where: str, known: frozenset[str] | None) -> dict[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: must be keys and values")
    unknown = {str(key) for key in value} - known if known is not None else set()
    if unknown:
        raise UsageError(
            f"{where}: unknown {', '.join(sorted(unknown))}", hint=f"known: {', '.join(sorted(known or ()))}"
        )
    return value


def _sequence(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise UsageError(f"{where}: a list is missing")
    return value


def _arrangement(value: object, where: str) -> str | None:
    """tmux 3.3 dies of any other word, and everybody in it."""
    if value is None or value in ARRANGEMENTS or (isinstance(value, str) and _LAYOUT.fullmatch(value)):
        return value
    raise UsageError(f"{where}: layout must be one of {', '.join(ARRANGEMENTS)}, or one that 'gt layout save' wrote")


def _each(value: object, where: str) -> str | None:
    if value is not None and value not in _EACH:
        raise UsageError(f"{where}: for_each is {' or '.join(_EACH)}, not {value!r}")
    return None if value is None else str(value)


def _option(value: object) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def expand(layout: Layout, agents: Sequence[Address], rigs: Sequence[str]) -> list[Window]:
    """The windows of a town with these agents and rigs; those that would have no pane are left out."""
    found = []
    for window in layout.windows:
        for values in _occasions(window.for_each, agents, rigs):
            among = [agent for agent in agents if "rig" not in values or agent.rig == values["rig"]]
            panes = [
                _fill_pane(pane, values | more)
                for pane in window.panes
                for more in _occasions(pane.for_each, among, rigs)
            ]
            filled = replace(
                window,
                name=_fill(window.name, values).replace("/", "-"),
                session=_fill(window.session, values),
                options={key: _fill(option, values) for key, option in window.options.items()},
                for_each=None,
                follows=any(pane.for_each == "agent" for pane in window.panes),
            )
            found += _split(filled, panes)
    return found


def _occasions(each: str | None, agents: Sequence[Address], rigs: Sequence[str]) -> list[dict[str, str]]:
    if each == "agent":
        return [{"agent": agent, "rig": agent.rig or "", "name": agent.name} for agent in agents]
    return [{"rig": rig} for rig in rigs] if each == "rig" else [{}]


def _fill_pane(pane: Pane, values: Mapping[str, str]) -> Pane:
    directory = None if pane.directory is None else _fill(pane.directory, values)
    return replace(pane, command=_fill(pane.command, values), directory=directory, for_each=None)


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _split(window: Window, panes: Sequence[Pane]) -> list[Window]:
    parts = [panes[start : start + MOST_PANES] for start in range(0, len(panes), MOST_PANES)]
    return [
        replace(window, panes=tuple(part), name=window.name if number == 1 else f"{window.name}-{number}")
        for number, part in enumerate(parts, start=1)
    ]

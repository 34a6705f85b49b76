"""gt layout: views of the town, in windows of their own."""

import json
from collections.abc import Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import parse_name
from gastown_tmux.domain.layouts import Layout, Window, expand, parse_layout
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.configuration.documents import parse_yaml
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.tmux import views
from gastown_tmux.errors import NotFoundError, UsageError
from gastown_tmux.operations.sessions.starting import look
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.reading import read_file
from gastown_tmux.store.agents import list_live_sessions
from gastown_tmux.store.meta import get_meta, set_meta
from gastown_tmux.store.rigs import list_rigs

#: The layout that was applied last.
_APPLIED = "layout"
#: Its windows that were made, as a JSON list: one of them that somebody closed stays closed.
_MADE = "layout.windows"


@dataclass(frozen=True, slots=True)
class LayoutView:
    """``origin`` is shipped, or town for a user's own."""

    name: str
    origin: str
    summary: str
    path: str
    text: str


def list_layouts(town: Town) -> list[LayoutView]:
    """One that cannot be read is listed with what is wrong with it."""
    names = [Path(name).stem for name in shipped.list_resources("layouts", town.path) if name.endswith(".yaml")]
    return [show_layout(town, name) for name in names]


def show_layout(town: Town, name: str) -> LayoutView:
    path = shipped.find_resource("layouts", f"{name}.yaml", town.path)
    try:
        summary = _load(town, name).summary
    except UsageError as error:
        summary = error.message
    try:
        text = read_file(path).decode(errors="replace")
    except OSError:  # the summary says it
        text = ""
    return LayoutView(
        name=name,
        origin="town" if path.is_relative_to(town.path) else "shipped",
        summary=summary,
        path=str(path),
        text=text,
    )


def _load(town: Town, name: str) -> Layout:
    path = shipped.find_resource("layouts", f"{name}.yaml", town.path)
    try:
        return parse_layout(name, parse_yaml(read_text(path)))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def check_layout(town: Town, name: str) -> None:
    """Raises NotFoundError where there is no such layout, UsageError that says what is wrong with it."""
    _load(town, name)


def arrange(town: Town, name: str) -> Answer:
    """Its windows are there when this returns, and no other views are, in a town whose tmux runs.

    Agents' windows stay where they are.
    """
    wanted = _expand(town, name)
    there = {pane.session for pane in look(town)}
    windows = [window for window in wanted if window.session in there]
    made, closed = views.arrange(town.tmux, windows, town.path, gt_command())
    with town.change() as change:
        set_meta(change, _APPLIED, name)
        set_meta(change, _MADE, json.dumps(_keys(windows)))
    value = {"layout": name, "windows": [window.name for window in windows], "made": made, "closed": len(closed)}
    if not windows:
        missing = " ".join(dict.fromkeys(window.session for window in wanted))
        return Answer(value, f"layout {name} shows nothing yet: no {f'session {missing}' if missing else 'agent runs'}")
    said = f"made {', '.join(made)}" if made else "is shown already"
    return Answer(value, f"layout {name}: {said}")


def follow(town: Town) -> bool:
    """The views that are there show the agents that run now, and rigs and agents that are new have theirs. False where
    one is left for the next time.

    Raises what is wrong with the layout that was applied last.
    """
    name = get_meta(town.db, _APPLIED)
    if name is None:
        return True
    windows = _expand(town, name)
    complete = _add_new(town, windows)
    return views.follow(town.tmux, windows, town.path, gt_command()) and complete


def _add_new(town: Town, windows: Sequence[Window]) -> bool:
    """Makes the windows of rigs and agents that came after the layout. False where a session is to come yet."""
    made = json.loads(get_meta(town.db, _MADE) or "null")
    if made is None:  # applied by a version that did not note them
        made = _keys(windows)
    there = {pane.session for pane in look(town)}
    fresh = [window for window in windows if _key(window) not in made and window.session in there]
    if fresh:
        views.add(town.tmux, fresh, town.path, gt_command())
        with town.change() as change:
            set_meta(change, _MADE, json.dumps([*made, *_keys(fresh)]))
    coming = {session.agent.rig for session in list_live_sessions(town.db)} - there
    return not any(window.session in coming for window in windows)


def _keys(windows: Sequence[Window]) -> list[str]:
    return [_key(window) for window in windows]


def _key(window: Window) -> str:
    return f"{window.session}/{window.name}"


def list_shown(town: Town) -> tuple[str, ...]:
    """Whom views that follow agents are to show; nobody where no layout was ever applied."""
    if get_meta(town.db, _APPLIED) is None:
        return ()
    return tuple(session.agent for session in list_live_sessions(town.db))


def _expand(town: Town, name: str) -> list[Window]:
    live = [session.agent for session in list_live_sessions(town.db)]
    return expand(_load(town, name), live, [rig.name for rig in list_rigs(town.db)])


def save_layout(town: Town, name: str) -> Answer:
    """The views as they are now, in the town's own layouts; agents' windows are no part of one."""
    import yaml  # 20 ms

    parse_name(name, "layout")
    windows: dict[tuple[str, str], dict[str, object]] = {}
    for session, window, layout, directory, command in views.read_views(town.tmux):
        made = windows.setdefault(
            (session, window),
            {"session_name": session, "window_name": window, "layout": layout, "panes": []},
        )
        panes = made["panes"]
        assert isinstance(panes, list)
        panes.append({"shell_command": command or "blank", "start_directory": directory})
    if not windows:
        raise NotFoundError("there are no views to save", hint="gt layout list")
    path = town.path / "layouts" / f"{name}.yaml"
    known = path.exists()
    document = {"summary": f"saved from {town.path.name}", "windows": list(windows.values())}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    if "\x85" in text:  # PyYAML writes this one, which is a line break to it, so that it reads another
        text = yaml.safe_dump(document, sort_keys=False)
    write_atomic(path.resolve(), text.encode())
    return Answer({"layout": name, "path": str(path)}, f"layout {name} is {'again ' if known else ''}in {path}")

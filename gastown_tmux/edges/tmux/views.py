"""Windows of views on a tmux server, made and split as objects of libtmux.

Every pane made here is marked as a view, and only such a pane is ever closed: agents', daemons' and people's own
panes in the same sessions are never touched.
"""

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gastown_tmux.dataclass import replace
from gastown_tmux.domain import layouts
from gastown_tmux.edges.tmux.objects import opened
from gastown_tmux.edges.tmux.panes import kill_pane, panes
from gastown_tmux.edges.tmux.server import KEEPER, Server
from gastown_tmux.errors import GtError

if TYPE_CHECKING:
    import libtmux

VIEW = "view"


def arrange(server: Server, windows: Sequence[layouts.Window], town: Path, gt: Path) -> tuple[list[str], list[str]]:
    """Makes the windows that are not there as they are asked for, then closes views that nobody asked for.

    The names of those made, and the pane ids of those closed. Raises GtError with tmux's words.
    """
    follow(server, windows, town, gt)
    wanted = {_mark(window): window for window in windows}
    there = [pane for pane in panes(server) if pane.kind == VIEW]
    marks = {pane.gt_session for pane in there}
    broken = {pane.gt_session for pane in there if pane.dead}
    made = []
    for mark, window in wanted.items():
        if mark not in marks or mark in broken:
            _make(server, window, mark, town, gt)
            made.append(window.name)
    old = [pane for pane in there if pane.gt_session not in wanted or pane.gt_session in broken]
    return made, [pane.pane for pane in old if kill_pane(server, pane.pane, pane.gt_session)]


def add(server: Server, windows: Sequence[layouts.Window], town: Path, gt: Path) -> None:
    """Makes those that are not there yet, and closes none."""
    marks = {pane.gt_session for pane in panes(server) if pane.kind == VIEW}
    for window in windows:
        if (mark := _mark(window)) not in marks:
            _make(server, window, mark, town, gt)


def follow(server: Server, windows: Sequence[layouts.Window], town: Path, gt: Path) -> bool:
    """Gives the windows that are there and follow agents the panes that they are to have now, one by one: whoever looks
    at one stays there. No window is made, and none is closed. False where a window is left for later, for somebody
    looks at one of its panes alone.
    """
    there = panes(server)
    done = True
    for window in windows:
        mark = _mark(window)
        own = [pane for pane in there if window.follows and pane.kind == VIEW and pane.gt_session == mark]
        shown = {_ask(server, pane.pane, "#{@gt_command}"): pane.pane for pane in own}
        wanted = {pane.command: pane for pane in window.panes}
        if not shown or shown.keys() == wanted.keys():
            continue
        if _ask(server, own[0].pane, "#{window_zoomed_flag}") == "1":
            done = False
            continue
        _adjust(server, window, mark, shown, town, gt)
    return done


def _adjust(server: Server, window: layouts.Window, mark: str, shown: Mapping[str, str], town: Path, gt: Path) -> None:
    wanted = {pane.command: pane for pane in window.panes}
    with opened(server) as tmux:
        known = {str(view.pane_id): view for view in tmux.panes}
        views = [known[pane] for pane in shown.values() if pane in known]
        for command, pane in wanted.items():
            if command not in shown and views:
                views[-1].window.select_layout("tiled")
                view = views[-1].split(
                    start_directory=pane.directory or town, shell=_command(pane, gt), environment={"GT_TOWN": str(town)}
                )
                _claim(view, mark, pane)
                views.append(view)
        for command, id in shown.items():
            if command not in wanted:
                kill_pane(server, id, mark)
        left = [view for view in views if str(view.pane_id) not in {shown[old] for old in shown.keys() - wanted.keys()}]
        if left and window.arrangement is not None:
            left[0].window.select_layout(window.arrangement)


def read_views(server: Server) -> list[tuple[str, str, str, str, str]]:
    """Session, window, its layout, and directory and command of each pane that belongs to no agent or daemon."""
    found = []
    for pane in panes(server):
        if pane.kind in ("", VIEW) and (pane.session, pane.window_name) != KEEPER:
            names = ("window_layout", "pane_current_path", "@gt_command")
            layout, path, command = (_ask(server, pane.pane, f"#{{{name}}}") for name in names)
            found.append((pane.session, pane.window_name, layout, path, command))
    return found


def _ask(server: Server, pane: str, form: str) -> str:
    """One at a time, for a command and a path hold any character, and so what would stand between two of them."""
    said = server.run("display-message", "-p", "-t", pane, f"#{{pane_id}} {form}").removesuffix("\n")
    found, _, text = said.partition(" ")
    return text if found == pane else ""  # of a missing pane tmux tells another's


def _mark(window: layouts.Window) -> str:
    """The same for the same window, so that what is there already is left as it is; one that follows agents is the same
    whoever they are.
    """
    if window.follows:
        window = replace(window, panes=())
    return f"{VIEW}.{hashlib.sha256(repr(window).encode()).hexdigest()[:12]}"


def _make(server: Server, window: layouts.Window, mark: str, town: Path, gt: Path) -> None:
    environment = {"GT_TOWN": str(town)}
    with opened(server) as tmux:
        session = tmux.sessions.get(session_name=window.session, default=None)
        if session is None:
            raise GtError(f"there is no session {window.session}", hint="gt up")
        first, *rest = window.panes
        made = session.new_window(
            window_name=window.name,
            attach=False,
            start_directory=first.directory or town,
            window_shell=_command(first, gt),
            environment=environment,
        )
        assert made.active_pane is not None
        views = [made.active_pane]
        _claim(views[0], mark, first)
        for key, value in window.options.items():
            made.set_option(key, value)
        for pane in rest:
            # Each split halves the last pane: without this the fifth would find no room.
            made.select_layout("tiled")
            view = views[-1].split(
                start_directory=pane.directory or town, shell=_command(pane, gt), environment=environment
            )
            _claim(view, mark, pane)
            views.append(view)
        if window.arrangement is not None:
            made.select_layout(window.arrangement)
        for pane, view in zip(window.panes, views, strict=True):
            if pane.focus:
                view.select()


def _claim(view: "libtmux.Pane", mark: str, pane: layouts.Pane) -> None:
    for option, value in (("@gt_kind", VIEW), ("@gt_session", mark), ("@gt_command", pane.command)):
        view.cmd("set-option", "-p", option, value)


def _command(pane: layouts.Pane, gt: Path) -> str:
    """For the user's shell, whichever it is: ``sh`` runs what the layout says, with this ``gt`` first on PATH."""
    command = pane.command or 'exec "${SHELL:-sh}"'
    script = f'PATH={shlex.quote(str(gt.parent))}:"$PATH"; {command}'
    return shlex.join(["exec", "/bin/sh", "-c", script])

"""The windows of session hq: the Mayor's REPL, where a person lands, and the daemons' logs."""

from collections.abc import Sequence

from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.tmux.appearance import decoration
from gastown_tmux.edges.tmux.panes import Pane, WindowSpec, open_windows, panes, respawn
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.operations.sessions.daemons import DAEMONS
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import get_meta, set_meta

SESSION = "hq"
#: A REPL that dies is back at once, on a terminal put right; one that fails by itself, after a breath.
_FOR_EVER = """\
trap : INT QUIT
while :; do
    "$0" --town "$1"
    status=$?
    stty sane 2>/dev/null
    [ $status -eq 0 ] || [ $status -gt 128 ] || sleep 2
done
"""


def look_around(town: Town) -> list[Pane] | None:
    """The panes of the town's server, which has its status line and its keys after this; None where it does not run."""
    try:
        return panes(town.tmux, decoration(gt_command(), town.path))
    except ServerGoneError:
        return None


def open_headquarters(town: Town, seen: Sequence[Pane] | None = None) -> None:
    """Opens those windows that are missing, and revives the dead; a mayor who was stopped stays so.

    ``seen``: what was seen just now, where that is known.
    """
    if seen is None:
        seen = look_around(town)
    if seen is None:
        raise ServerGoneError(f"no tmux server on {town.tmux.socket}", "gt up")
    names = DAEMONS if get_meta(town.db, "mayor") == "off" else (MAYOR, *DAEMONS)
    there = {pane.kind for pane in seen}
    agent = next((pane.window for pane in seen if pane.agent == MAYOR), None)
    open_windows(town.tmux, [_spec(town, name, agent) for name in names if name not in there])

    def revive(pane: Pane) -> None:
        respawn(town.tmux, pane.pane, pane.gt_session, _spec(town, pane.kind, None))

    dead = [pane for pane in seen if pane.dead and pane.session == SESSION and pane.kind in names]
    each(town, "reviving of window", dead, revive, lambda pane: pane.kind)


def want_mayor(change: Change, wanted: bool) -> None:
    """Whether the Mayor's window is one of them."""
    set_meta(change, "mayor", "on" if wanted else "off")


def _spec(town: Town, name: str, agent: str | None) -> WindowSpec:
    """``agent``: the window that the Mayor's agent is alone in."""
    if name == MAYOR:
        command = ["/bin/sh", "-c", _FOR_EVER, str(gt_command()), str(town.path)]
    else:
        log = town.logs / f"{name}.log"
        log.touch(mode=0o600)
        command = ["tail", "-n", "200", "-F", str(log)]
    return WindowSpec(
        session=SESSION,
        name=name,
        command=command,
        cwd=town.path,
        environment={"GT_TOWN": str(town.path)},
        options={"@gt_kind": name, "@gt_session": f"{SESSION}.{name}"},
        beside=agent if name == MAYOR else None,
        left=True,
    )

"""Terminals attached to a tmux server: who looks at what, and going there."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.tmux.objects import opened
from gastown_tmux.edges.tmux.server import Server, client_environment, find_tmux
from gastown_tmux.errors import GtError


@dataclass(frozen=True, slots=True)
class Client:
    """A terminal attached to the server. ``activity`` is the epoch second of its last key."""

    name: str
    pid: int
    pane: str
    activity: int
    read_only: bool
    control: bool
    session: str


def attach_command(server: Server, target: str, read_only: bool = False) -> list[str]:
    """The command that shows ``target`` (a pane id, or a session's name) on this terminal.

    For ``os.execve`` with ``tmux.client_environment()``, so that it works inside another tmux too. Inside
    this very server ``client_here`` says so, and ``switch_client`` is the way.
    """
    attach = [find_tmux(), "-N", "-u", "-S", str(server.socket), "attach-session", "-t", _target(target)]
    return [*attach, "-r"] if read_only else attach


def open_outside(command: Sequence[str], name: str) -> None:
    """A new window named ``name`` in the tmux that we run in, not the town's: the command runs in it.

    The user's own server: nothing else of it is touched. Raises GtError with its words where it refuses.
    """
    unset = [f"-u{variable}" for variable in ("TMUX", "TMUX_PANE")]
    words = [find_tmux(), "new-window", "-n", name, "--", "env", *unset, *command]
    environment = client_environment() | {key: os.environ[key] for key in ("TMUX", "TMUX_PANE") if key in os.environ}
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace", timeout=10)
    except subprocess.TimeoutExpired:
        raise GtError("the tmux around this terminal does not answer", shlex.join(command)) from None
    if done.returncode != 0:
        said = cause_of(done.stderr) or f"status {done.returncode}"
        raise GtError(f"the tmux around this terminal refused: {said}", shlex.join(command), whole=done.stderr)


def clients(server: Server) -> list[Client]:
    """Everyone who is attached."""
    with opened(server) as tmux:
        return [
            Client(
                name=each.client_name or "",
                pid=int(each.client_pid or 0),
                pane=each.pane_id or "",
                activity=int(each.client_activity or 0),
                read_only=each.client_readonly == "1",
                control=each.client_control_mode == "1",
                session=each.session_name or "",
            )
            for each in tmux.clients
        ]


def client_here(server: Server, environment: Mapping[str, str] = os.environ) -> Client | None:
    """The client that shows the pane we run in, when that pane is this server's; the last used of several.

    A popup has no pane of its own: it is there for whoever pressed a key last.
    """
    pane = environment.get("TMUX_PANE")
    if not is_inside(server, environment):
        return None
    showing = [client for client in clients(server) if pane in (None, client.pane) and not client.control]
    return max(showing, key=lambda client: client.activity, default=None)


def is_inside(server: Server, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether we run in a pane of this very server."""
    return environment.get("TMUX", "").rsplit(",", 2)[0] == str(server.socket)


def switch_client(server: Server, client: Client, target: str) -> None:
    """Show ``target`` (a pane id, or a session's name) to an attached client. Raises GtError with tmux's words."""
    with opened(server) as tmux:
        said = tmux.cmd("switch-client", "-c", client.name, "-t", _target(target))
    if said.stderr:
        raise GtError(f"tmux: {'; '.join(said.stderr)}", "gt agents")


def show_message(server: Server, client: Client, text: str) -> None:
    """A line over a client's status line, for a moment."""
    with opened(server) as tmux:
        tmux.display_message(text.replace("#", "##"), target_client=client.name)


def detach_client(server: Server, client: Client) -> None:
    """Send a client back to its shell."""
    with opened(server) as tmux:
        tmux.detach_client(target_client=client.name)


def _target(name: str) -> str:
    """An exact target: a bare session name would also match any longer one."""
    return name if name.startswith("%") else f"={name}:"

"""Windows: going to one, leaving, looking at one from outside."""

import contextlib
import difflib
import shlex
import tempfile
import threading
from collections.abc import Iterator

from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.agents import Role, SessionState
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.processes.person import is_terminal
from gastown_tmux.edges.processes.terminal import run_in_terminal, tidy
from gastown_tmux.edges.tmux import clients
from gastown_tmux.edges.tmux.panes import Pane, capture
from gastown_tmux.edges.tmux.server import ServerGoneError, client_environment
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.sessions.headquarters import want_mayor
from gastown_tmux.operations.sessions.starting import look, report_path
from gastown_tmux.operations.supervision.screen_watch import file_screen
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.town import error_log, lookup
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.bead_story import describe_bead
from gastown_tmux.operations.workforce.workers import start_agent
from gastown_tmux.reading import read_file
from gastown_tmux.store.agents import find_agent, find_live_session, list_agents, list_live_sessions
from gastown_tmux.store.events import list_events
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.rows import matching_ids

LOG_LINES = 200
#: Values of TERM with which tmux has nothing to draw with.
_CANNOT_SHOW = ("", "dumb", "unknown")
_MOST_SAID = 2**16
#: How often a followed window is looked at, and how much of it may be new each time.
FOLLOW_SECONDS, FOLLOW_LINES = 0.2, 200


def find_pane(town: Town, address: Address) -> Pane:
    """The window of an agent, a daemon or a refinery. Raises NotFoundError where it has none now."""
    seen = look(town)
    # The Mayor's window holds two panes: the agent program's is the one that is meant.
    for pane in sorted(seen, key=lambda pane: pane.agent != address):
        if pane.agent == address or (not pane.agent and pane.kind == address):
            return pane
        if address.name == "refinery" and pane.kind == "refinery" and pane.session == address.rig:
            return pane
    known = find_agent(town.db, address)
    ways = {Role.CREW: f"gt crew start {address}", Role.MAYOR: "gt mayor start", Role.POLECAT: f"gt respawn {address}"}
    hint = ways.get(known.role, "gt agents") if known else "gt agents"
    raise NotFoundError(f"{address} has no window now", hint=hint)


def attach(town: Town, agent: Address = MAYOR, read_only: bool = False) -> str:
    """Gives this terminal to tmux; inside the town's own server the client that typed last switches.

    The town is started where it is down, and a crew member that does not run.

    Inside another tmux it gets a window of its own there. Raises UsageError outside a terminal.
    """
    if agent == MAYOR:
        with town.change() as change:
            want_mayor(change, True)
    ensure_up(town)
    known = find_agent(town.db, agent)
    if known is not None and known.role is Role.CREW and find_live_session(town.db, agent) is None:
        town.say(start_agent(town, agent).text)
    # A person comes to the REPL.
    repl = agent == MAYOR and next((pane for pane in look(town) if pane.kind == MAYOR), None)
    pane = repl or find_pane(town, agent)
    here = clients.client_here(town.tmux)
    if here is not None and read_only:
        raise RefusedError("this terminal is attached already", hint="in another one: gt attach --read-only")
    if here is not None:
        clients.switch_client(town.tmux, here, pane.pane)
        return f"switched to {agent}"
    if clients.is_inside(town.tmux):
        raise RefusedError("nobody looks at this window now", hint=f"gt attach {agent}, in a terminal")
    command = clients.attach_command(town.tmux, pane.pane, read_only=read_only)
    if town.environment.get("TMUX"):
        clients.open_outside(command, town.path.name)
        return f"{agent} is in a new window of the tmux around this one; keys for it go there with the prefix twice"
    if not is_terminal():
        raise UsageError("this is not a terminal", hint=shlex.join(command))
    if town.environment.get("TERM", "dumb") in _CANNOT_SHOW:
        raise UsageError("this terminal cannot show a window", hint=f"gt peek {agent}, or TERM=xterm if it can")
    with tempfile.TemporaryFile() as errors:
        status = run_in_terminal(command, client_environment(), errors=errors)
        errors.seek(0)
        said = errors.read(_MOST_SAID).decode(errors="replace")
    if status:
        tidy()
        if not town.tmux.is_alive():
            raise GtError("the town's tmux server has ended", hint="gt up")
        words = cause_of(said) or f"it ended with status {status}"
        raise GtError(f"tmux: {words}", hint=f"gt peek {agent}, or TERM=xterm if the terminal can", whole=said)
    return f"back from {agent}"


def jump(town: Town, where: str, client: str) -> Answer:
    """Shows a client ``home`` (the mayor), or the ``next`` or ``previous`` agent that waits for a person."""
    here = next((each for each in clients.clients(town.tmux) if each.name == client), None)
    if here is None:
        raise NotFoundError(f"no client {client}", hint="gt attach")
    seen = look(town)
    if where == "home":
        panes = [pane.pane for pane in seen if pane.kind == MAYOR]
    else:
        waiting = {session.pane for session in list_live_sessions(town.db) if session.state is SessionState.WAITING}
        panes = [pane.pane for pane in seen if pane.pane in waiting and pane.agent]
        order = [pane.pane for pane in seen]
        order = order[order.index(here.pane) + 1 :] + order[: order.index(here.pane) + 1]
        panes.sort(key=order.index, reverse=where == "previous")
    if not panes:
        clients.show_message(town.tmux, here, "nobody waits")
        return Answer({"pane": None}, "nobody waits")
    clients.switch_client(town.tmux, here, panes[0])
    return Answer({"pane": panes[0]}, f"switched to {panes[0]}")


def detach(town: Town) -> Answer:
    """The client whose window this is called in; the town goes on."""
    here = clients.client_here(town.tmux)
    if here is None:
        raise UsageError("this terminal is not attached to the town", hint="gt attach")
    clients.detach_client(town.tmux, here)
    return Answer({"detached": here.name}, "detached")


def peek(
    town: Town,
    agent: Address,
    lines: int | None = None,
    ansi: bool = False,
    follow: bool = False,
    save_sample: str | None = None,
) -> str | Iterator[str]:
    """What its window shows now, with ``lines`` of history above it; with ``follow`` then each line that comes.

    With ``save_sample``, the state it is in by a person's word, that goes into a file instead, for a test.
    """
    if save_sample is not None:
        return file_screen(town, agent, save_sample)
    shown = _screen(town, agent, lines, ansi)
    return _follow(town, find_pane(town, agent).pane, shown, ansi) if follow else shown


def _screen(town: Town, address: Address, lines: int | None, ansi: bool = False) -> str:
    return capture(town.tmux, find_pane(town, address).pane, lines=lines, ansi=ansi).rstrip("\n")


def _follow(town: Town, pane: str, shown: str, ansi: bool) -> Iterator[str]:
    """Until the window is gone."""
    yield shown
    pause, before = threading.Event(), shown.splitlines()
    with contextlib.suppress(NotFoundError, ServerGoneError):
        while not pause.wait(FOLLOW_SECONDS):
            now = capture(town.tmux, pane, lines=FOLLOW_LINES, ansi=ansi).splitlines()
            for kind, _, _, start, end in difflib.SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
                if kind in ("insert", "replace"):
                    yield "\n".join(now[start:end])
            before = now


def log(town: Town, who: str, lines: int = LOG_LINES) -> str:
    """A daemon's log; all that failing programs said (``errors``); what a refinery (``refinery``: any) did; what
    happened to an agent, and its last screen; what became of a bead.
    """
    if who in (*daemons.DAEMONS, error_log.NAME):
        path = town.logs / f"{who}.log"
        text = read_file(path, cut=True).decode(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
    if (bead := _find_bead(town, who)) is not None:
        return "\n".join(describe_bead(town, bead)[-lines:])
    address = None if who == "refinery" else lookup.resolve_address(town, who)
    if address is None or address.name == "refinery":
        events = list_events(town.db, type="merge")
        return "\n".join([_describe(event) for event in events if address in (None, event.actor)][-lines:])
    told = [_describe(event) for event in list_events(town.db, subject=address)]
    session = find_live_session(town.db, address)
    if session is not None and report_path(town, session.id).exists():
        told += read_file(report_path(town, session.id), cut=True).decode(errors="replace").splitlines()
    with contextlib.suppress(NotFoundError):
        told += ["", *_screen(town, address, lines).splitlines()]
    return "\n".join(told[-lines:])


def _find_bead(town: Town, who: str) -> Bead | None:
    """None where it is no bead's id. Raises NotFoundError, RefusedError where it can be nothing else."""
    prefix, dash, _ = who.partition("-")
    if not dash or "/" in who:
        return None
    if not matching_ids(town.db, "beads", who):
        is_id = any(rig.prefix == prefix for rig in list_rigs(town.db))
        if not is_id or any(agent.name == who for agent in list_agents(town.db)):
            return None
    return lookup.resolve_bead(town, who)


def _describe(event: Event) -> str:
    words = [f"{name}={value}" for name, value in event.data.items() if value is not None]
    return " ".join([event.time, event.type, event.subject, *words])

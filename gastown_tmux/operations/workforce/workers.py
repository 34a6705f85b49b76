"""Crew and polecats: made, started, stopped, removed."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, HookState, Role
from gastown_tmux.domain.ids import Commit, parse_name
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.files.waiting import looks
from gastown_tmux.edges.files.wake import poke
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import archive_agent, clear_hook, find_base, is_prepared, prepare_hook
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.starting import START_SECONDS, resolve_provider, start_sessions
from gastown_tmux.operations.supervision.pausing import release, resume
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.supervision.views import AgentView, show_agent
from gastown_tmux.operations.supervision.views import list_agents as list_views
from gastown_tmux.operations.town.lookup import guess_rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.mailbox import Mailbox


def add_crew(
    town: Town, name: str, rig: Rig | None = None, branch: str | None = None, provider: str | None = None
) -> Answer:
    """The workspace, on ``crew/<name>`` cut from ``branch`` or the target; nothing is started."""
    return _add(town, Role.CREW, name, rig, branch, provider)


def add_polecat(town: Town, name: str, rig: Rig | None = None, provider: str | None = None) -> Answer:
    """A worker to sling at by name; its worktree is made when work comes."""
    return _add(town, Role.POLECAT, name, rig, None, provider)


def _add(town: Town, role: Role, name: str, rig: Rig | None, branch: str | None, provider: str | None) -> Answer:
    rig, address = _place(town, name, rig)
    known = rows.find_agent(town.db, address)
    if known is not None and known.role is not role:
        raise RefusedError(f"{address} is of role {known.role} already", hint="choose another name")
    if provider is not None:
        resolve_provider(town, rig.name, provider)
    done = known is not None and known.hook is HookState.READY and town.worktree(address).exists()
    fresh = role is Role.CREW and not done
    if fresh:
        base = find_base(town, rig) if branch is None else _find_start(town, rig, branch)
    if known is None:
        with town.change() as change:
            # Another may have been quicker since we looked.
            if rows.find_agent(change, address) is None:
                rows.insert_agent(change, address, role, provider)
    Mailbox(town.mail / address.folder).create()
    if fresh:
        prepare_hook(town, rig, address, base)
    write_state(town, address)
    text = f"{address} is there" + (" already" if known and not fresh else "")
    if role is Role.CREW:
        text += f", in {town.worktree(address)}" + ("" if known else f"\nnext: gt crew start {address}")
    return Answer(show_agent(town, address), text)


def _place(town: Town, name: str, rig: Rig | None) -> tuple[Rig, Address]:
    """``name`` is a name, with the rig given too, or a whole address."""
    if "/" in name:
        address = Address.parse(name)
        if rig is not None and rig.name != address.rig:
            raise UsageError(f"{address} is not in rig {rig.name}")
        rig, name = town.rig(str(address.rig)), address.name
    rig = rig or guess_rig(town)
    return rig, Address.of(rig.name, parse_name(name, "agent"))


def _find_start(town: Town, rig: Rig, branch: str) -> Commit:
    if branch == rig.target:
        return find_base(town, rig)
    repository = town.repository(rig.name)
    repository.fetch(None, NETWORK_TIMEOUT)
    commit = repository.resolve(f"refs/remotes/origin/{branch}")
    if commit is None:
        raise NotFoundError(f"{rig.remote} has no branch {branch}", hint=f"gt rig show {rig.name}")
    return Commit(commit)


def list_crew(town: Town, rig: Rig | None = None) -> list[AgentView]:
    return [view for view in list_views(town, rig) if view.role == Role.CREW]


def list_polecats(town: Town, rig: Rig | None = None) -> list[AgentView]:
    return [view for view in list_views(town, rig) if view.role == Role.POLECAT]


def start_agent(town: Town, agent: Address) -> Answer:
    """Raises GtError where its program does not come up."""
    ensure_up(town)
    if rows.get_agent(town.db, agent).state is AgentState.PAUSED:
        return resume(town, agent)
    if _await_start(town, agent):
        return Answer(show_agent(town, agent), f"{agent} runs already")
    _start(town, agent)
    return Answer(show_agent(town, agent), f"{agent} runs")


def _await_start(town: Town, agent: Address) -> bool:
    """Whether its program runs; a start that somebody else has under way is waited for."""
    for _ in looks(START_SECONDS, 0.01):
        session = rows.find_live_session(town.db, agent)
        if session is None or session.pid is not None:
            return session is not None
    return False


def _start(town: Town, agent: Address) -> None:
    known = rows.get_agent(town.db, agent)
    resolve_provider(town, known.rig, known.provider)
    with town.change() as change:
        rows.move_agent(change, agent, "start")
        rows.set_restarts(change, agent, 0)
    if known.rig is not None:
        rig = town.rig(known.rig)
        if not is_prepared(town, rig, agent):
            prepare_hook(town, rig, agent, find_base(town, rig))
    for session in start_sessions(town, [agent]):
        if session.ended:
            raise GtError(f"{agent} was {session.reason}", hint=f"gt log {agent}")
    if not _await_start(town, agent):
        raise GtError(f"{agent} does not run", hint=f"gt log {agent}")


def respawn_agent(town: Town, agent: Address, fresh: bool = False) -> Answer:
    """Ends what runs, keeps the hook as it is, starts anew: the conversation goes on unless ``fresh``.

    An agent that respawns itself hears of no end: the witness does it.
    """
    why = "respawned fresh" if fresh else "respawned"
    if town.actor == agent:
        return _hand_over(town, agent, why)
    stop_sessions(town, [agent], why=why)
    release(town, agent)
    with town.change() as change:
        rows.move_agent(change, agent, "start")
        rows.set_restarts(change, agent, 0)
    ensure_up(town)
    # The witness may be first.
    if not _await_start(town, agent):
        _start(town, agent)
    return Answer(show_agent(town, agent), f"{agent} runs again")


def handoff(town: Town, message: str | None = None) -> Answer:
    """Ends the caller's own session and starts it fresh; ``gt prime`` then has the note.

    The caller is a child of that session, so the end is only asked for here; the witness does it at once.
    """
    if town.is_person:
        raise RefusedError("this is for agents in their windows", hint="gt respawn AGENT --fresh")
    return _hand_over(town, town.actor, "handoff", message or "")


def _hand_over(town: Town, agent: Address, why: str, note: str | None = None) -> Answer:
    with town.change() as change:
        session = rows.find_live_session(change, agent)
        if session is None:
            raise RefusedError(f"{agent} does not run", hint=f"gt respawn {agent}")
        if note is not None:
            rows.leave_handoff(change, session, note)
        rows.ask_to_end(change, session.id, why)
    poke(town.death_fifo)
    fate = "is ended and started again" if town.is_wanted() else "ends when the town is up again"
    return Answer({"agent": agent, "session": session.id}, f"session {session.id} {fate}")


def remove_agent(town: Town, agent: Address) -> Answer:
    """Saves the work, archives the mailbox, trashes the worktree. Raises RefusedError while a bead is on its hook."""
    bead = find_held_bead(town.db, agent)
    if bead is not None:
        raise RefusedError(f"{agent} has {bead.id} on its hook", hint=f"gt unsling {bead.id}")
    known = rows.get_agent(town.db, agent)
    stop_sessions(town, [agent], why="removed", move="stop")
    if known.rig is not None and town.hook(agent).exists():
        clear_hook(town, town.rig(known.rig), agent)
    with town.change() as change:
        rows.delete_agent(change, agent)
    archive_agent(town, agent)
    return Answer({"address": agent}, f"{agent} is removed; its work and mail are kept")

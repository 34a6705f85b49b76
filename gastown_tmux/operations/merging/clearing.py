"""What has landed is cleared away after a time of grace: branches, what kept their commits, worktrees nobody uses."""

from pathlib import Path

from gastown_tmux.domain.agents import Agent, HookState, Role
from gastown_tmux.domain.ids import Commit, RigName
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import OVER, Bead, BeadState, Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.hooks.upkeep import GRACE_SECONDS
from gastown_tmux.operations.hooks.worktrees import clear_hook
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.worker import MERGE_REFS
from gastown_tmux.store.agents import get_agent, list_agents, list_live_sessions
from gastown_tmux.store.beads import BeadFilter, find_held_bead, find_last_bead, list_beads
from gastown_tmux.store.merging import list_heads
from gastown_tmux.store.rigs import list_rigs

#: How long the logs of gates and set-ups are kept.
LOG_SECONDS = 30 * 24 * 3600.0


def clear_landed(town: Town) -> None:
    """Whatever is under way is left alone, and so is a branch with commits that never were submitted."""
    each(
        town, "clearing of what landed in", list_rigs(town.db), lambda rig: _clear_rig(town, rig), lambda rig: rig.name
    )
    old = [log for pattern in ("merge/*.log", "setup.*.log") for log in town.logs.glob(pattern) if _is_old(log)]
    each(town, "removal of a log,", old, lambda log: log.unlink(missing_ok=True))


def _is_old(log: Path) -> bool:
    return clock.epoch() - log.lstat().st_mtime > LOG_SECONDS


def _clear_rig(town: Town, rig: Rig) -> None:
    repository, before = town.repository(rig.name), clock.after(-GRACE_SECONDS)
    agents = [agent for agent in list_agents(town.db, rig.name) if agent.role is Role.POLECAT]
    each(town, "clearing of the worktree of", agents, lambda agent: _clear_worktree(town, rig, agent, before))
    branches, kept = repository.list_refs("refs/heads"), repository.list_refs(MERGE_REFS)
    if not branches and not kept:
        return
    used, heads = _list_used(repository), list_heads(town.db, rig.name)
    for bead in _list_landed(town, rig.name, before):
        ref = f"refs/heads/{bead.branch}"
        head = branches.get(ref)
        if head is not None and ref not in used and Commit(head) in heads.get(bead.id, ()):
            repository.delete_ref(ref, head)
        for name, commit in kept.items():
            if name.startswith(f"{MERGE_REFS}/{bead.id}."):
                repository.delete_ref(name, commit)


def _list_landed(town: Town, rig: RigName, before: str) -> list[Bead]:
    found = [bead for state in sorted(OVER) for bead in list_beads(town.db, BeadFilter(rig=rig, state=state))]
    return [bead for bead in found if bead.branch and bead.updated < before and _is_over(bead)]


def _is_over(bead: Bead) -> bool:
    return bead.state is BeadState.MERGED or (bead.state is BeadState.CLOSED and bead.reason == Reason.DONE)


def _list_used(repository: Repository) -> set[str]:
    """The branches that some worktree is on."""
    heads = [path.read_text(errors="replace") for path in repository.path.glob("worktrees/*/HEAD") if path.is_file()]
    return {text.removeprefix("ref: ").strip() for text in heads}


def _clear_worktree(town: Town, rig: Rig, agent: Agent, before: str) -> None:
    """Of a polecat that has had nothing to do for long, and does not run; the next bead gets a fresh one."""
    if agent.hook is not HookState.READY:
        return
    lock = Lock(town.run / f"hook.{agent.address.folder}.lock", 0.0)
    try:
        with lock:
            last = find_last_bead(town.db, agent.address)
            runs = agent.address in {session.agent for session in list_live_sessions(town.db)}
            if runs or find_held_bead(town.db, agent.address) is not None or last is None:
                return
            if _is_over(last) and last.updated < before and get_agent(town.db, agent.address).hook is HookState.READY:
                clear_hook(town, rig, agent.address)
                town.say(
                    f"{agent.address}: its worktree is in the trash, after {last.id} landed; the next is made anew"
                )
    except RefusedError as error:  # somebody prepares it at this moment
        town.say(f"{agent.address}: {error.message}")

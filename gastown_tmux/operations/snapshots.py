"""The saved moments of a hook."""

from gastown_tmux.domain.ids import Address
from gastown_tmux.edges import snapshot
from gastown_tmux.edges.snapshot import Snapshot
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.hooks import save_hook
from gastown_tmux.operations.town import Answer, Town


def list_snapshots(town: Town, agent: Address) -> list[Snapshot]:
    if agent.rig is None:
        return []
    return snapshot.history(town.repository(agent.rig), agent.folder)


def take(town: Town, agent: Address) -> Answer:
    """Raises NotFoundError where the worktree is missing or broken, which is never saved."""
    saved = save_hook(town, town.rig(str(agent.rig)), agent, "asked") if agent.rig else None
    if saved is None:
        raise NotFoundError(f"{agent} has no whole worktree", hint="gt doctor")
    left = f"; left out: {', '.join(map(str, saved.left_out))}" if saved.left_out else ""
    return Answer(saved, f"{agent} is saved as {saved.seq}, {saved.files} files{left}")

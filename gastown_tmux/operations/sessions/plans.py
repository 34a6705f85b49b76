"""What is run in a session: the program's own plan for it, with what belongs to the work, and the files it wants."""

import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.agents import Agent, Role, branch_of
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.git import worktree
from gastown_tmux.operations.hooks.shared_files import log_commands
from gastown_tmux.operations.town.inheriting import inherited
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers.base import LaunchContext, LaunchPlan, Provider
from gastown_tmux.store import agents as rows
from gastown_tmux.store.rows import Reader

FIRST_PROMPT = "Run `gt prime`, then do what is on your hook."
RESUME_PROMPT = "Your session ended and was started again. Run `gt prime`, then go on with what is on your hook."
#: A resumed conversation that ends sooner than this many seconds after its start is not tried again.
RESUME_SECONDS = 10.0
#: Reasons of an end after which the next session begins a new conversation.
FRESH = frozenset(("handoff", "respawned fresh"))


def find_conversation(reader: Reader, agent: Agent, provider: Provider, bead: Bead | None) -> str | None:
    """What the provider calls the conversation that this agent broke off, where it is to go on."""
    last = rows.find_last_run(reader, agent.address)
    if last is None or last.provider != provider.name or not provider.can_resume or last.reason in FRESH:
        return None
    if agent.role is Role.POLECAT and last.bead != (bead.id if bead else None):
        return None
    if last.resumed and clock.to_epoch(last.since) - clock.to_epoch(last.started) < RESUME_SECONDS:
        return None
    return last.provider_session


def plan_launch(
    town: Town, agent: Agent, session: SessionId, provider: Provider, bead: Bead | None, resume: str | None, gt: Path
) -> LaunchPlan:
    """``gt`` is the command that the program calls by that name."""
    rig = agent.rig and town.rig(agent.rig)
    branch = bead.branch if bead else branch_of(agent, None) if rig else None
    role = shipped.load_role(agent.role, town.path)
    plan = provider.launch(
        LaunchContext(
            address=agent.address,
            role=agent.role,
            role_text=role.text_for(agent.address),
            session=session,
            town=PurePosixPath(town.path),
            worktree=PurePosixPath(town.worktree(agent.address) if rig else town.path),
            repository=PurePosixPath(town.repository(rig.name).path if rig else town.path),
            folder=PurePosixPath(town.hook(agent.address)),
            first_prompt=FIRST_PROMPT if resume is None else RESUME_PROMPT,
            resume=resume,
            gt=str(gt),
            python=sys.executable,
            environment=_environment(town, provider),
        )
    )
    own = {
        "GT_TOWN": str(town.path),
        "GT_AGENT": agent.address,
        "GT_ROLE": agent.role,
        "GT_RIG": agent.rig or "",
        "GT_BEAD": bead.id if bead else "",
        "GT_SESSION": session,
        "GT_SOCKET": str(town.socket(session)),
        "GT_BRANCH": branch or "",
        "PATH": f"{gt.parent}:{plan.environment.get('PATH', '/usr/bin:/bin')}",
    }
    email = rig.email if rig else "gt@localhost"
    for who in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{who}_NAME": agent.address, f"GIT_{who}_EMAIL": email}
    if rig:
        own |= log_commands(town, rig, town.worktree(agent.address))
    return replace(plan, environment=plan.environment | own)


def _environment(town: Town, provider: Provider) -> Mapping[str, str]:
    """One that is not on PATH finds there what lies beside it, such as the interpreter that it was installed with."""
    found = inherited(town)
    program = PurePosixPath(provider.command[0]) if provider.command else PurePosixPath()
    if not program.is_absolute() or str(program.parent) in found.get("PATH", "").split(":"):
        return found
    return {**found, "PATH": ":".join(filter(None, (found.get("PATH", "/usr/bin:/bin"), str(program.parent))))}


def write_files(town: Town, agent: Agent, provider: Provider, plan: LaunchPlan) -> None:
    """Those of a program that reads them only in its worktree are kept out of git; a file of the project's own stays
    as it is, and what the program does is then known by its screen alone.
    """
    if agent.rig:
        tree, repository = town.worktree(agent.address), town.repository(agent.rig)
        for pattern in provider.leaves:
            worktree.ignore(repository, tree, Path(pattern))
    for file in plan.files:
        place = Path(file.path)
        if agent.rig and place.is_relative_to(town.worktree(agent.address)):
            tree, repository = town.worktree(agent.address), town.repository(agent.rig)
            if not worktree.ignore(repository, tree, place.relative_to(tree)):
                continue
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, file.content.encode(), file.mode, durable=False)

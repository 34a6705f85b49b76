"""gt rig set: a rig's work lands on another branch of its remote, as when that was renamed upstream."""

import shlex

from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import sources
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT
from gastown_tmux.edges.processes import locks
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.hooks.target import note_problem, note_target
from gastown_tmux.operations.supervision.rig_views import view_rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import rigs as rows
from gastown_tmux.store.merging import retarget


def set_rig(town: Town, rig: Rig, branch: str | None = None) -> Answer:
    """What is queued or held goes along; worktrees stay as they are, and are compared with the new target.

    Raises NotFoundError for a branch that the remote does not have, GitError where that cannot be asked, and
    RefusedError where what has landed in repo.git only would be left behind.
    """
    if branch is None:
        raise UsageError("there is nothing to set", hint=f"gt rig set {rig.name} --branch BRANCH")
    with locks.Lock(town.run / "rigs.lock", NETWORK_TIMEOUT):
        return _set_branch(town, town.rig(rig.name), branch)


def _set_branch(town: Town, rig: Rig, branch: str) -> Answer:
    remote = sources.probe_remote(rig.remote)
    if branch not in remote.branches:
        raise NotFoundError(f"{rig.remote} has no branch {branch}", hint="--branch " + "|".join(remote.branches[:5]))
    if branch.partition("/")[0] == "HEAD":
        raise RefusedError(f"git itself means something else by {branch}", hint="give the branch another name")
    if branch == rig.target:
        note_problem(town, rig, None)
        return Answer(view_rig(town, rig), f"work of {rig.name} lands on {branch} already")
    repository = town.repository(rig.name)
    repository.fetch(branch)
    tip = repository.resolve(f"refs/remotes/origin/{branch}")
    if tip is None:
        raise RefusedError(f"{rig.remote} has no branch {branch} any more", hint="try again")
    commit = _carry_over(town, rig, branch, tip)
    note_problem(town, rig, None)
    with town.change() as change:
        rows.set_target(change, rig, branch, commit, remote.default_branch)
        along = retarget(change, rig.name, branch)
    note_target(town, town.rig(rig.name), Commit(tip))
    text = f"work of {rig.name} lands on {branch} of {rig.remote} from now on"
    return Answer(view_rig(town, rig), text + (f"; {along} that wait go along" if along else ""))


def _carry_over(town: Town, rig: Rig, branch: str, tip: str) -> Commit | None:
    """With ``merge.publish: local``, where the new target begins in repo.git: nothing that landed is left behind."""
    landed = rig.target_commit
    if town.settings(rig.name).get("merge.publish") != "local" or landed is None:
        return None
    repository = town.repository(rig.name)
    place = shlex.quote(str(repository.path))
    if not repository.is_ancestor(tip, landed) and not repository.is_ancestor(landed, tip):
        raise RefusedError(
            f"{branch} lacks what has landed on {rig.target} here, which lacks what is on {branch}",
            hint=f"git -C {place} push {shlex.quote(rig.remote)} {landed}:refs/heads/BRANCH, and merge there",
        )
    start = landed if repository.is_ancestor(tip, landed) else Commit(tip)
    there = repository.resolve(f"refs/heads/{branch}")
    if there is not None and not repository.is_ancestor(there, start):
        raise RefusedError(f"an agent has a branch {branch} of its own", hint=f"git -C {place} log {branch}")
    if not repository.update_ref(f"refs/heads/{branch}", start, there):
        raise RefusedError(f"{branch} moved meanwhile", hint="try again")
    return start

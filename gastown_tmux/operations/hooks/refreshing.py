"""A branch that came back from the queue is brought to where the target is by now, where that merges cleanly."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import merge, worktree
from gastown_tmux.edges.git.command import Person
from gastown_tmux.edges.git.workbench import workbench
from gastown_tmux.operations.hooks import submodules
from gastown_tmux.operations.hooks.fork_points import find_fork
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.merging import get_merge_request


def refresh_branch(town: Town, rig: Rig, address: Address, base: Commit) -> bool:
    """Whether the branch that a polecat is on was merged with the target, which is at ``base``.

    Not where its author has anything loose in the worktree, or is in the middle of something; and not where the two
    conflict, which is the author's to mend.
    """
    bead, repository, place = find_held_bead(town.db, address), town.repository(rig.name), town.worktree(address)
    if bead is None or bead.branch is None or get_agent(town.db, address).role is not Role.POLECAT:
        return False
    head = repository.resolve(f"refs/heads/{bead.branch}")
    if head is None or repository.is_ancestor(base, head) or repository.is_ancestor(head, base):
        return False
    status = worktree.status(repository, place)
    if not status.clean or status.operation is not None or status.inside:
        return False
    worktree.assert_place(repository, place, bead.branch)
    began = get_merge_request(town.db, bead.merge_request).base if bead.merge_request else base
    fork = find_fork(town, rig, base, head, began)
    if fork is None or fork.dropped:
        return False
    with workbench(repository) as bench:
        merged = merge.merge_tree(bench, base, head, fork.known)
    if isinstance(merged, merge.Conflict):
        return False
    by = Person(address, rig.email)
    message = f"Merge {rig.target} into {bead.branch}\n"
    commit = merge.commit_tree(repository, merged.id, [head, base], message, by, by)
    worktree.move(repository, place, commit)
    submodules.fill(town, rig, place)
    town.say(f"{address}: {bead.branch} has {rig.target} as it is now")
    return True

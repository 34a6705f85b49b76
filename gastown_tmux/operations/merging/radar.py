"""The radar: works that conflict with one another are seen while they are done, and both authors are told once.

It looks at heads in the queue, and at each worker's newest snapshot; no worktree is scanned for it.
"""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import Commit, RigName
from gastown_tmux.domain.merging import LIVE, MergeState
from gastown_tmux.domain.radar import Clash, Pair, WorkUnderWay, describe, list_clashes, list_unknown
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import snapshot
from gastown_tmux.edges.git.clashes import changed_names, find_conflicts
from gastown_tmux.edges.git.command import Person
from gastown_tmux.edges.git.merge import commit_tree
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.workbench import workbench
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import clashes as rows
from gastown_tmux.store.beads import find_bead, list_held_beads
from gastown_tmux.store.merging import list_merge_requests
from gastown_tmux.store.rigs import list_rigs

_SELF = Person("gt", "gt@localhost")


@dataclass
class Seen:
    """What is known of a rig's works from earlier looks: git is asked for nothing twice."""

    works: Sequence[WorkUnderWay] = ()
    #: The commits made of snapshots, each of the files that were in the worktree.
    made: dict[str, Commit] = field(default_factory=dict)
    names: dict[Commit, set[str]] = field(default_factory=dict)
    conflicts: dict[Pair, tuple[str, ...]] = field(default_factory=dict)


def look_around(town: Town, seen: dict[RigName, Seen]) -> None:
    """Compares what is under way in each rig; ``seen`` is the caller's memory."""

    def look(rig: Rig) -> None:
        if not town.settings(rig.name).get("merge.radar"):
            seen.pop(rig.name, None)
            _keep(town, rig, [])
            return
        # What fails may have left the memory half true.
        known = seen.pop(rig.name, None) or Seen()
        look_at_rig(town, rig, known)
        seen[rig.name] = known

    each(town, "radar of", [rig for rig in list_rigs(town.db) if not rig.parked], look, lambda rig: rig.name)


def look_at_rig(town: Town, rig: Rig, seen: Seen) -> None:
    """One look; where nothing has changed since the last, it costs a listing of two folders of refs."""
    repository = town.repository(rig.name)
    works = _list_works(town, rig, repository, seen)
    if works != list(seen.works):
        _compare(town, rig, repository, works, seen)
        _keep(town, rig, list_clashes(works, seen.names, seen.conflicts))
    for clash in rows.list_clashes(town.db, rig.name, untold=True):
        _tell(town, clash)


def _list_works(town: Town, rig: Rig, repository: Repository, seen: Seen) -> list[WorkUnderWay]:
    """Ordered by bead, so that a pair is always the same way round."""
    found = {
        request.bead: WorkUnderWay(request.bead, request.author, request.head, request.base)
        for state in LIVE
        if state is not MergeState.PUBLISHING
        for request in list_merge_requests(town.db, rig=rig.name, state=state)
    }
    held = {
        agent: bead
        for agent, bead in list_held_beads(town.db).items()
        if bead.rig == rig.name and bead.base is not None and bead.branch is not None
    }
    if held:
        heads = repository.list_refs("refs/heads")
        newest = _list_newest(repository, held)
        for agent, bead in held.items():
            head = heads.get(f"refs/heads/{bead.branch}")
            if head is not None and bead.base is not None:
                commit = newest.get((agent, head))
                found[bead.id] = WorkUnderWay(
                    bead.id, agent, _make(repository, commit, head, seen) if commit else Commit(head), bead.base
                )
    return [found[id] for id in sorted(found)]


def _list_newest(repository: Repository, agents: dict[Address, Bead]) -> dict[tuple[Address, str], str]:
    """The newest snapshot of each agent, by what it was made on."""
    last: dict[Address, tuple[int, str]] = {}
    by_folder = {agent.folder: agent for agent in agents}
    for ref, commit in repository.list_refs(snapshot.PREFIX).items():
        folder, _, number = ref.removeprefix(f"{snapshot.PREFIX}/").partition("/")
        agent = by_folder.get(folder)
        if agent is not None and number.isdecimal():
            last[agent] = max(last.get(agent, (0, "")), (int(number), commit))
    parents = repository.parents([commit for _, commit in last.values()])
    return {(agent, parents[commit]): commit for agent, (_, commit) in last.items() if commit in parents}


def _make(repository: Repository, saved: str, head: str, seen: Seen) -> Commit:
    """A commit of the files in a snapshot, on what they were changed from."""
    if saved not in seen.made:
        tree = repository.folder(saved, "work")
        if tree is None or tree == repository.tree(head):
            seen.made[saved] = Commit(head)
        else:
            seen.made[saved] = Commit(commit_tree(repository, tree, [head], "", _SELF, _SELF))
    return seen.made[saved]


def _compare(town: Town, rig: Rig, repository: Repository, works: list[WorkUnderWay], seen: Seen) -> None:
    fresh = {work.commit: work.base for work in works if work.commit not in seen.names}
    if fresh:
        seen.names |= changed_names(repository, list(fresh.items()))
    asked = list_unknown(works, seen.names, seen.conflicts)
    if asked:
        with workbench(repository) as bench:
            seen.conflicts |= find_conflicts(bench, find_base(town, rig, fetch=False), asked)
    # Of what is over nothing need be remembered.
    now = {work.commit for work in works}
    seen.works = works
    seen.names = {commit: names for commit, names in seen.names.items() if commit in now}
    seen.conflicts = {pair: files for pair, files in seen.conflicts.items() if now.issuperset(pair)}
    seen.made = {saved: commit for saved, commit in seen.made.items() if commit in now}


def _keep(town: Town, rig: Rig, clashes: Sequence[Clash]) -> None:
    if list(clashes) != rows.list_clashes(town.db, rig.name):
        with town.change() as change:
            rows.replace_clashes(change, rig.name, clashes)


def _tell(town: Town, clash: Clash) -> None:
    """Each author, and one who is both once. A mail of the same seed is the same mail: nobody hears of it twice."""
    one, other = (find_bead(town.db, id) for id in (clash.one, clash.other))
    if one is not None and other is not None:
        for own, its in ((one, other), (other, one)):
            if own.assignee is None or (own is other and one.assignee == other.assignee):
                continue
            subject = f"{own.id} and {its.id} change the same: {describe(clash, 2)}"
            files = "".join(f"  {name}\n" for name in clash.files)
            body = (
                f"{its.id} ({its.title}) of {its.assignee or 'nobody'} and your {own.id} cannot be merged with one"
                f" another as they are, in\n\n{files}\nNothing is wrong yet: whoever lands"
                f" second has to mend it. What the other one does: gt diff {its.id}\n"
            )
            sending.notify(town, own.assignee, subject, body, seed=f"radar {clash.one} {clash.other}")
    fault_point("radar.told")
    with town.change() as change:
        rows.mark_told(change, clash)

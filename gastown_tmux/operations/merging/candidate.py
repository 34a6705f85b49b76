"""The commit that the target would be at: what its author did, on the target as it is now."""

from collections.abc import Mapping, Sequence

from gastown_tmux.domain.history import Own
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.git import merge
from gastown_tmux.edges.git.command import Person
from gastown_tmux.edges.git.submodule_list import find_touched
from gastown_tmux.edges.git.workbench import keep_rules, workbench
from gastown_tmux.operations.hooks.fork_points import find_fork
from gastown_tmux.operations.hooks.submodules import bring_both, find_objection
from gastown_tmux.operations.merging.inspection import inspect
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, Rejection
from gastown_tmux.store import beads


def build(
    queue: RigQueue,
    request: MergeRequest,
    tip: Commit,
    ahead: Mapping[Commit, Commit],
    own: Own | None = None,
) -> Built | Rejection | Delay:
    """Made without a checkout on ``tip``; no ref moves. ``ahead``: heads that the branch contains and ``tip`` has under
    another name, each with that. ``own``: what the branch has that the target lacks, which ``tip`` is or is built on.
    """
    town, rig, repository = queue.town, queue.rig, queue.repository
    squash = queue.settings.get("merge.strategy") == "squash"
    if own is not None and not _holds_on(own, tip, squash, ahead):
        own = None
    fork = find_fork(town, rig, tip, request.head, request.base, ahead=ahead, own=own)
    if fork is None:
        return Rejection(Reason.CONFLICTED, f"the branch shares no history with {request.target}")
    if fork.dropped and not squash:
        return _brought_back(request, fork.dropped)
    objection = find_objection(town, rig, request.branch, request.head, fork.base, request.base)
    if objection is not None:
        return Rejection(Reason.REJECTED, f"{objection.words} ({objection.hint})")
    bring_both(town, rig, fork.base, tip, request.head)
    with workbench(repository) as bench:
        merged = merge.merge_tree(bench, tip, request.head, fork.known)
        if isinstance(merged, merge.Conflict):
            log = queue.log_path(request)
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{merged.words}\n{_sides(queue, request, fork.base, tip, merged)}", encoding="utf-8")
            return Rejection(Reason.CONFLICTED, "conflicts with the target in " + ", ".join(merged.files), log)
        # Its author may have merged the target since, and kept what had been dropped, perhaps without a look at it.
        unseen = [commit for commit in fork.dropped if commit not in fork.known]
        if unseen and merge.merge_tree(bench, tip, request.head, [*fork.known, *unseen]) != merged:
            return _brought_back(request, unseen)
        if repository.tree(tip) == merged.id:
            return Rejection(Reason.DONE, f"{request.target} has these changes already")
        candidate = _commit(queue, request, merged.id, [tip] if squash else [tip, request.head])
        if fork.plain and not find_touched(repository.path, fork.base, request.head).rules:
            keep_rules(repository.path, candidate, tip)
        refusal = inspect(bench, rig, request, tip, candidate, history=not squash)
        return refusal or Built(request, candidate, merged.id, queue.log_path(request))


def _holds_on(own: Own, tip: Commit, squash: bool, ahead: Mapping[Commit, Commit]) -> bool:
    """Whether what is known of the target is true of ``tip`` too, which has candidates on it: in squashed ones there is
    nothing of any branch, unless the branch was cut from one.
    """
    return tip == own.tip or (squash and tip not in own.commits and own.commits.isdisjoint(ahead.values()))


def _sides(queue: RigQueue, request: MergeRequest, base: str, tip: Commit, conflict: merge.Conflict) -> str:
    """Whose commits meet in the files, for an author who was not there."""
    names = [name for name in conflict.files if not name.startswith('"')]
    told = []
    for whose, end in ((request.target, tip), ("the branch", request.head)):
        commits = queue.repository.commits_at(base, end, names) if names else []
        told += [f"\non {whose}, in these files:", *commits] if commits else []
    return "\n".join([*told, ""])


def _brought_back(request: MergeRequest, dropped: Sequence[str]) -> Rejection:
    commits = ", ".join(commit[:12] for commit in dropped)
    hint = (
        f"git rebase --onto origin/{request.target} {commits}"
        if len(dropped) == 1
        else f"take your own commits, and no others, to origin/{request.target}"
    )
    words = f"{request.target} was rewritten and lacks {commits} now, which a merge of the branch would bring back"
    return Rejection(Reason.CONFLICTED, f"{words}: {hint}")


def _commit(queue: RigQueue, request: MergeRequest, tree: str, parents: Sequence[str]) -> Commit:
    author = Person(request.author, queue.rig.email)
    bead = beads.get_bead(queue.town.db, request.bead)
    trailers = [f"Gastown-Bead: {bead.id}", f"Gastown-Agent: {request.author}"]
    if bead.convoy:
        trailers.insert(1, f"Gastown-Convoy: {bead.convoy}")
    title = bead.title if len(parents) == 1 else f"Merge {request.branch}: {bead.title}"
    message = f"{title}\n\n" + "\n".join(trailers) + "\n"
    return Commit(merge.commit_tree(queue.repository, tree, parents, message, author, author))

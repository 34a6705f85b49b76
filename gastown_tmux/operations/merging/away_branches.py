"""Branches between a town and its hosts: fetched, queued, kept, offered to whoever goes on; and pushed there."""

import re

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.delegations import Delegation, Stage
from gastown_tmux.domain.ids import Commit, is_name
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError, git
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.hosts.prefix import Prefix
from gastown_tmux.edges.hosts.tunnel import git_environment
from gastown_tmux.errors import GtError
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.worker import merge_ref
from gastown_tmux.store import beads
from gastown_tmux.store import delegations as rows
from gastown_tmux.store.merging import (
    get_merge_request,
    insert_merge_request,
    insert_superseded,
    mark_told,
    move_merge_request,
)

_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
#: What a machine elsewhere can be asked to fetch by itself.
_URL = re.compile(r"(?:https?|ssh|git|git\+ssh|ssh\+git)://|[^/:]+@[^/:]+:|[A-Za-z0-9.-]{2,}:(?!//)")
_HERE = re.compile(r"(?:^|//|@)(?:localhost|127\.[0-9.]+|\[::1\])(?=[:/])")
_REPLACEABLE = (
    MergeState.QUEUED, MergeState.TESTING, MergeState.HELD, MergeState.GATHERED, MergeState.PROPOSED
)  # fmt: skip


def commit_of(value: object) -> Commit | None:
    """A full object name, from what a host said."""
    return Commit(value) if isinstance(value, str) and _COMMIT.match(value) else None


def find_remote(town: Town, rig: Rig) -> str | None:
    """What a host may fetch the rig's target from; None where only this machine has it."""
    local = town.settings(rig.name).get("merge.publish") == "local"
    return None if local or not _URL.match(rig.remote) or _HERE.search(rig.remote) else rig.remote


def push_target(town: Town, rig: Rig, way: Prefix, path: str) -> None:
    """The target as it is now into the repository that the host's rig is made of."""
    tip = find_base(town, rig)
    _git(town, rig.name, way, "push", "--quiet", f"ssh://host{path}", f"+{tip}:refs/heads/{rig.target}")


def push_work(town: Town, rig: Rig, way: Prefix, item: dict[str, object], head: Commit) -> None:
    """What was done of a bead before, as the branch that its worker there goes on with. One that is there stays."""
    branch, place = item.get("branch"), item.get("repository")
    try:
        _git(town, rig.name, way, "push", "--quiet", f"ssh://host{place}", f"{head}:refs/heads/{branch}")
    except GitError as error:
        town.say(f"{way.name} begins anew: {error.message}")


def fetch(town: Town, way: Prefix, one: Delegation, path: str, head: Commit) -> None:
    """The commit is here afterwards, under a ref that keeps it, and as a branch that people see."""
    if not path.startswith("/"):
        raise GtError(f"{way.name} does not say where its repository is")
    repository = town.repository(one.rig)
    kept = merge_ref(one.bead, head)
    if repository.resolve(kept) != head:
        _git(town, one.rig, way, "fetch", "--quiet", "--no-tags", f"ssh://host{path}", f"+{head}:{kept}")
    fault_point("delegation.fetched")


def _git(town: Town, rig: str, way: Prefix, *words: str) -> None:
    repository = town.repository(town.rig(rig).name)
    git(*words, git_dir=repository.path, env=git_environment(way), timeout=NETWORK_TIMEOUT)


def name_author(one: Delegation, worker: str | None) -> Address:
    """Who did it there, from what a host said: it becomes the author of a commit."""
    rig, _, name = (worker or "").partition("/")
    return Address(f"{one.rig}/{name if rig == one.rig and is_name(name) else one.host}@{one.host}")


def queue(town: Town, one: Delegation, host: str, worker: str, head: Commit, base: Commit) -> bool:
    """Into the merge queue, in one with the bead's row, and only while that names the delegation. False: it does not,
    or what is there is being published.
    """
    repository, branch = town.repository(one.rig), f"away/{host}/{one.bead}"
    with town.change() as change:
        bead = beads.find_bead(change, one.bead)
        if bead is None or bead.delegation != one.id:
            return True
        author = name_author(one, worker)
        again = bead.state is BeadState.SUBMITTED
        if again and bead.merge_request:
            request = get_merge_request(change, bead.merge_request)
            if request.state not in _REPLACEABLE:
                return False
            move_merge_request(change, request.id, "supersede", reason="a newer head was submitted")
            mark_told(change, request.id)
        elif bead.state is not BeadState.AWAY:
            return False
        target = town.rig(one.rig).target
        id = insert_merge_request(
            change, bead=bead.id, rig=one.rig, author=author, branch=branch, head=head, base=base, target=target
        )
        if again:
            beads.resubmit_bead(change, bead.id, id)
        else:
            beads.arrive_bead(change, bead.id, id, branch, base)
        rows.set_head(change, one.id, head)
        rows.note_word(change, one.id, there=one.there, worker=worker, word="submitted")
        rows.move_delegation(change, one.id, Stage.HERE)
    fault_point("delegation.queued")
    _point(repository, branch, head)
    return False


def keep(town: Town, one: Delegation, head: Commit, base: Commit) -> None:
    """What came after the bead was taken back, or beyond what landed: a branch that is superseded, and a person is
    told once.
    """
    repository, branch = town.repository(one.rig), f"superseded/{one.bead}.{one.id}"
    _point(repository, branch, head)
    why = "it came after this was decided here"
    with town.change() as change:
        if beads.find_bead(change, one.bead) is not None and rows.find_request(change, one.bead, head) is None:
            insert_superseded(
                change, bead=one.bead, rig=one.rig, author=name_author(one, one.worker), branch=branch, head=head,
                base=base, target=town.rig(one.rig).target, reason=why,
            )  # fmt: skip
        rows.set_head(change, one.id, head)
    words = f"{one.host} did more of {one.bead}: {branch} in {one.rig}"
    body = f"{why}; nothing lands it.\n\ngit -C {repository.path} log {branch}\n"
    sending.notify(town, OVERSEER, words, body, seed=f"{one.id} {head}")


def offer(town: Town, one: Delegation, head: Commit) -> str:
    """The branch of the bead, where whoever gets it next goes on. One that is there already stays; then what the host
    did is beside it.
    """
    branch, repository = f"bead/{one.bead}", town.repository(one.rig)
    _point(repository, f"away/{one.host}/{one.bead}", head)
    repository.update_ref(f"refs/heads/{branch}", head, None)
    return branch


def _point(repository: Repository, branch: str, head: Commit) -> None:
    was = repository.resolve(f"refs/heads/{branch}")
    if was != head:
        repository.update_ref(f"refs/heads/{branch}", head, was)

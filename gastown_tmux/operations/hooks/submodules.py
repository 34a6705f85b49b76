"""Submodules of a rig's worktrees: had from where the project has them, and landed only where others find them."""

from collections.abc import Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.escalation import Severity
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import submodules
from gastown_tmux.edges.git.submodule_list import list_moved, list_submodules
from gastown_tmux.edges.git.submodules import Missing, Origin
from gastown_tmux.edges.git.worktree import git_dir
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.escalations import insert_escalation
from gastown_tmux.store.meta import once


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a branch cannot land for its submodules, and the way out."""

    words: str
    hint: str


def fill(town: Town, rig: Rig, place: Path) -> Sequence[Missing]:
    """Gives a worktree its submodules. Of those that cannot be had somebody hears, once; work goes on without them."""
    repository = town.repository(rig.name)
    missing = submodules.fill(repository, place, git_dir(repository, place), _origin(rig))
    for one in missing:
        words = f"agents of {rig.name} work without the submodule {one.path}: {one.words}"
        town.say(words)
        with town.change() as change:
            once(
                change,
                "submodule missing",
                f"{rig.name} {one.path}",
                lambda words=words: insert_escalation(  # type: ignore[misc]
                    change, severity=Severity.LOW, text=words, bead=None, about=None
                ),
            )
    return missing


def find_objection(
    town: Town, rig: Rig, branch: str, head: str, base: str, began: str, place: Path | None = None
) -> Objection | None:
    """What speaks against landing what ``head`` has done to submodules since ``base``, which is on the target.

    ``began``: where the work began; ``place``: the worktree it was done in. Raises GitError where a submodule's remote
    cannot be asked.
    """
    repository = town.repository(rig.name)
    moved = list_moved(repository.path, base, head, rig.remote)
    if not moved:
        return None
    admin = git_dir(repository, place) if place is not None else None
    at_first = {found.path: found.commit for found in list_submodules(repository.path, began, rig.remote)}
    for pair in moved:
        now, path = pair.now, pair.now.path
        given = admin is not None and submodules.is_as_given(admin, now)
        if pair.was is not None and pair.was.commit != now.commit and (given or at_first.get(path) == now.commit):
            return Objection(
                f"the submodule {path} is where it was when the work began, and {rig.target} has it newer",
                f"git submodule update -- {path} && git add {path} && git commit, then gt done"
                "; to go back to it on purpose takes a bead of its own, which begins with the newer one",
            )
    for found in submodules.list_unpublished(repository, moved, _origin(rig)):
        if found.url is None:
            return Objection(
                f"{found.path} is a repository of its own, and would land without its content",
                f"git rm --cached {found.path}, then git submodule add URL {found.path}, or take its .git away",
            )
        return Objection(
            f"the submodule {found.path} is at {found.commit[:12]}, which {found.url} does not have: push it there",
            f"git -C {found.path} push origin HEAD:refs/heads/{branch}, then gt done",
        )
    return None


def bring_both(town: Town, rig: Rig, base: str, tip: str, head: str) -> None:
    """Where both sides moved a submodule, git is to see which of its commits is the newer."""
    repository = town.repository(rig.name)
    moved = {pair.now.path for pair in list_moved(repository.path, base, head, rig.remote)}
    if moved:
        theirs = [pair.now for pair in list_moved(repository.path, base, tip, rig.remote)]
        submodules.bring(repository, [now for now in theirs if now.path in moved], _origin(rig))


def _origin(rig: Rig) -> Origin:
    source = Path(rig.source)
    return Origin(rig.remote, source if source.is_dir() else None)

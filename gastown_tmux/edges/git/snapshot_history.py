"""What becomes of snapshots: shown, compared, put back, pushed, archived, thinned out."""

import contextlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.edges.git.browse import compare
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.snapshot import (
    DEFAULT_CAPS,
    PREFIX,
    Budget,
    Caps,
    LeftOut,
    Scene,
    Snapshot,
    capture,
    feed,
    history,
    list_nested,
)
from gastown_tmux.edges.git.worktree import SUBMODULE, git_dir
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.reading import json_object

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_STATE = {"hook", "branch", "head", "operation", "nested"}
_PARALLEL = ("checkout.workers=0",)


class NotOursError(GtError):
    """A ref among the snapshots, which anybody may make in a repository that all agents share."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long snapshots are kept, in seconds of age: all of them, one an hour, one a day."""

    all_for: float = 86400
    hourly_for: float = 7 * 86400
    daily_for: float = 90 * 86400


KEEP = Keep()


def find_work(repository: Repository, branch: str) -> Snapshot | None:
    """The newest snapshot, whoever's, of what was not committed yet on top of the branch as it is now.

    None where the branch has moved since, or nothing was saved on it: older files must not undo newer commits.
    """
    tip = repository.resolve(f"refs/heads/{branch}")
    if tip is None:
        return None
    parents = repository.run("for-each-ref", "--format=%(refname) %(parent)", f"{PREFIX}/").lines
    on_tip = {line.split(" ")[0] for line in parents if line.endswith(f" {tip}")}
    agents = {ref.removeprefix(f"{PREFIX}/").rpartition("/")[0] for ref in on_tip}
    saved = [found for agent in agents for found in history(repository, agent) if found.ref in on_tip]
    for snapshot in sorted(saved, key=lambda found: (found.time, found.seq), reverse=True):
        with contextlib.suppress(NotOursError):
            if read_state(repository, snapshot)["branch"] == branch:
                return snapshot
    return None


def read_state(repository: Repository, snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot's `state.json`: hook, branch, head, operation and nested repositories.

    Raises `NotOursError` where somebody else made the snapshot.
    """
    found = repository.run("cat-file", "blob", f"{snapshot.commit}:state.json", ok=(0, 128))
    state = json_object(found.stdout)
    if not state.keys() >= _STATE:
        raise NotOursError(f"snapshot {snapshot.seq} of {snapshot.agent} is not one that gt made")
    return state


def diff(
    repository: Repository, snapshot: Snapshot, against: Snapshot | str | None = None, *, stat: bool = False
) -> str:
    """The patch that leads to a snapshot's files: from another snapshot, a commit, or by default its HEAD.

    Between two snapshots, repositories inside the worktree are compared too.
    """
    if isinstance(against, Snapshot):
        nested = [_nested_tree(repository, one) for one in (against, snapshot)]
        parts = [(f"{against.commit}:work", f"{snapshot.commit}:work"), (nested[0], nested[1])]
        return "\n".join(filter(None, (compare(repository, *part, stat=stat) for part in parts if part[0] != part[1])))
    head = against if against is not None else repository.resolve(f"{snapshot.commit}^")
    return compare(repository, f"{head}^{{tree}}" if head else _EMPTY_TREE, f"{snapshot.commit}:work", stat=stat)


def _nested_tree(repository: Repository, snapshot: Snapshot) -> str:
    return repository.run("rev-parse", "--verify", "--quiet", f"{snapshot.commit}:nested", ok=(0, 1, 128)).text or (
        _EMPTY_TREE
    )


def restore(
    repository: Repository,
    snapshot: Snapshot,
    path: Path,
    caps: Caps = DEFAULT_CAPS,
) -> tuple[LeftOut, ...]:
    """Make the files of the worktree at `path` those of the snapshot.

    Tracked and unignored files that the snapshot lacks are deleted. The agent's index, branch and HEAD stay,
    and so do files that a snapshot of the present, with the same `caps`, leaves out: these are returned. The
    caller has ended or paused whoever works there and taken that snapshot. Safe to run again after a kill.
    """
    admin = git_dir(repository, path)
    budget = Budget(caps, 0, [])
    with repository.scratch_directory() as scratch:
        captured = capture(admin, path, scratch / "index", budget)
        left = [entry.path for entry in budget.left_out]
        scene = captured.scene
        target = replace(scene, index=scratch / "target")
        target.git("read-tree", f"{snapshot.commit}:work")
        feed(target, (), left)
        listed = (record.partition("\t") for record in target.git("ls-files", "-s", "-z").records)
        # Where a submodule was, whatever is there now may stay.
        names = [name for facts, _, name in listed if not facts.startswith(SUBMODULE)]
        _refuse_in_the_way(names, [*left, *captured.nested])
        feed(scene, (), left)
        scene.git("read-tree", "--reset", "-u", target.write_tree(), config=_PARALLEL)
        for number, name in enumerate(_topmost(read_state(repository, snapshot)["nested"])):
            tree = repository.run(
                "rev-parse", "--verify", "--quiet", f"{snapshot.commit}:nested/{name}", ok=(0, 1, 128)
            )
            if tree.code == 0:
                _restore_nested(
                    replace(scene, root=path / name, index=scratch / f"nested-{number}"), path, tree.text, budget
                )
    return tuple(budget.left_out)


def thin(repository: Repository, agent: str, now: str, keep: Keep = KEEP) -> list[Snapshot]:
    """Delete the refs of snapshots past their time; returns these. The newest always stays."""
    dropped = droppable(history(repository, agent), now, keep)
    return [snapshot for snapshot in dropped if repository.delete_ref(snapshot.ref, snapshot.commit)]


def push(repository: Repository, url: str) -> None:
    """Brings every snapshot to a backup repository, under the same refs; none there is ever overwritten.

    Raises `GitError` with the remote's words.
    """
    refs = f"{PREFIX}/*:{PREFIX}/*"
    repository.run("push", "--quiet", "--no-verify", "--", url, refs, timeout=NETWORK_TIMEOUT)


def archive(repository: Repository, agent: str, name: str) -> None:
    """Gives an agent's snapshots to another name, all or none: a successor starts with none."""
    moves = [
        f"create {PREFIX}/{name}/{ref.removeprefix(f'{PREFIX}/{agent}/')} {commit}\ndelete {ref} {commit}\n"
        for ref, commit in repository.list_refs(f"{PREFIX}/{agent}").items()
    ]
    repository.run("update-ref", "--stdin", data="".join(moves).encode())


def list_agents(repository: Repository) -> list[str]:
    """Those that have snapshots here, archived ones included."""
    return sorted({ref.removeprefix(f"{PREFIX}/").partition("/")[0] for ref in repository.list_refs(PREFIX)})


def droppable(snapshots: Iterable[Snapshot], now: str, keep: Keep) -> list[Snapshot]:
    """Which of an agent's snapshots (oldest first) are past their time at `now`."""
    present = datetime.fromisoformat(now)
    seen: set[str] = set()
    dropped = []
    for position, snapshot in enumerate(reversed(list(snapshots))):
        age = (present - datetime.fromisoformat(snapshot.time)).total_seconds()
        # The newest of each hour, and of each day, stands for it: snapshots come newest first here.
        slot = snapshot.time[:13] if age < keep.hourly_for else snapshot.time[:10]
        if position and age >= keep.all_for and (age >= keep.daily_for or slot in seen):
            dropped.append(snapshot)
        seen |= {snapshot.time[:13], snapshot.time[:10]}
    return dropped[::-1]


def _refuse_in_the_way(wanted: Iterable[str], kept: Iterable[str]) -> None:
    """Nothing that no snapshot holds may be replaced by a file of the snapshot."""
    names = set(wanted)
    above = {name[:end] for name in names for end in _slashes(name)}
    for path in kept:
        if path in names or path in above or any(path[:end] in names for end in _slashes(path)):
            raise RefusedError(f"{path} is in the way: it is in no snapshot and would be replaced")


def _slashes(name: str) -> list[int]:
    return [place for place, letter in enumerate(name) if letter == "/"]


def _topmost(nested: Iterable[dict[str, str]]) -> list[str]:
    names = sorted(entry["path"] for entry in nested)
    return [name for name in names if not any(name.startswith(other + "/") for other in names)]


def _restore_nested(scene: Scene, top: Path, tree: str, budget: Budget) -> None:
    """Put the files of a repository inside the worktree back; its own `.git`, if it still has one, stays."""
    if scene.root.resolve() != top.resolve() / scene.root.relative_to(top):
        raise RefusedError(f"{scene.root} leads through a symbolic link")
    scene.root.mkdir(parents=True, exist_ok=True)
    if (scene.root / ".git").exists():
        listed, _ = list_nested(scene.root)
        feed(scene, budget.admit(scene.root, listed))
    scene.git("read-tree", "--reset", "-u", tree, config=_PARALLEL)

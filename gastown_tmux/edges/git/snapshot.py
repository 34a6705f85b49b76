"""A moment of a hook, saved as a commit under a ref of its own, without a trace in the agent's worktree."""

import json
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import asdict, dataclass, replace
from gastown_tmux.domain.ids import parse_time
from gastown_tmux.domain.odd_bytes import quoted_name
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, GitError, Output, Person, git
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.merge import commit_tree
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.worktree import BrokenWorktree, git_dir, is_unfilled, operation_in, symbolic_branch
from gastown_tmux.errors import GtError
from gastown_tmux.reading import json_object

#: Why a snapshot was taken that serves to show a diff alone.
LOOK = "diff"
PREFIX = "refs/gastown/hooks"
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Caps:
    """How much a snapshot may hold, in bytes: one file, and all files that are not in a commit yet."""

    file: int = 10 * 2**20
    total: int = 200 * 2**20


DEFAULT_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file a snapshot does not hold in its present state, its size in bytes, and why."""

    path: str
    size: int
    why: str

    def __str__(self) -> str:
        return f"{quoted_name(self.path)} ({self.size} bytes, {self.why})"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A saved moment. `files` counts those whose content was not in the worktree's HEAD."""

    agent: str
    seq: int
    ref: str
    commit: str
    time: str
    why: str
    files: int
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True)
class Budget:
    """What may still be hashed, and what was turned away."""

    caps: Caps
    used: int
    left_out: list[LeftOut]

    def admit(self, root: Path, names: Iterable[str], prefix: str = "") -> list[str]:
        """The names to hash, smallest files first so that a huge one costs no other its place."""
        admitted, sized = [], []
        for name in names:
            try:
                facts = (root / name).lstat()
            except OSError:
                admitted.append(name)
                continue
            sized.append((facts.st_size, name, facts.st_mode))
        for size, name, mode in sorted(sized):
            if why := self._objection(root, name, size, mode):
                self.left_out.append(LeftOut(prefix + name, size, why))
            else:
                self.used += size
                admitted.append(name)
        return admitted

    def _objection(self, root: Path, name: str, size: int, mode: int) -> str | None:
        if stat.S_ISLNK(mode):
            return None
        if not stat.S_ISREG(mode):
            return "not a file"
        if size > self.caps.file:
            return f"larger than {self.caps.file} bytes"
        if self.used + size > self.caps.total:
            return f"more than {self.caps.total} bytes in all"
        if not os.access(root / name, os.R_OK):
            return "not readable"
        return None


@dataclass(frozen=True, slots=True)
class Scene:
    """A worktree seen through a private index: the repository's objects, nothing of the agent's written."""

    admin: Path
    root: Path
    index: Path
    filters: tuple[str, ...]

    def git(self, *args: str, data: bytes = b"", config: tuple[str, ...] = ()) -> Output:
        return git(
            *args,
            git_dir=self.admin,
            work_tree=self.root,
            env=environment({"GIT_INDEX_FILE": str(self.index)}, config=(*self.filters, *config)),
            data=data,
            timeout=CHECKOUT_TIMEOUT,
        )

    def write_tree(self) -> str:
        return self.git("write-tree").text


@dataclass(frozen=True, slots=True)
class Captured:
    """A private index that equals a worktree's files, and what was seen on the way."""

    scene: Scene
    head: str | None
    files: int
    nested: tuple[str, ...]


def take(
    repository: Repository,
    agent: str,
    path: Path,
    *,
    time: str,
    why: str,
    hook: Any,
    by: Person,
    caps: Caps = DEFAULT_CAPS,
) -> Snapshot:
    """Save the worktree at `path` and return its snapshot; the last one, if nothing changed since, except that a
    `LOOK` never stands for what is to be kept.

    The commit's tree is `state.json` (`hook`, any JSON value, with branch, head and what git was in the
    middle of), `work/` (tracked files, and untracked ones that are not ignored) and `nested/` (the files of
    repositories inside it, without their history); its parent is the worktree's HEAD. Raises
    `BrokenWorktree` for a worktree that is missing, broken or not filled yet.
    """
    admin = git_dir(repository, path)
    budget = Budget(caps, 0, [])
    with repository.scratch_directory() as scratch:
        captured = capture(admin, path, scratch / "index", budget)
        work = captured.scene.write_tree()
        nested, inside, files = _nested(captured, scratch, budget)
    head = captured.head
    state = {
        "hook": hook,
        "branch": symbolic_branch(admin),
        "head": head,
        "operation": operation_in(admin),
        "nested": inside,
    }
    blob = repository.run("hash-object", "-w", "--stdin", data=json.dumps(state, indent=1).encode()).text
    entries = [f"100644 blob {blob}\tstate.json", f"040000 tree {work}\twork"]
    if nested:
        entries.append(f"040000 tree {nested}\tnested")
    tree = repository.run("mktree", data="\n".join(entries).encode()).text
    facts = {"time": time, "why": why, "files": captured.files + files}
    left_out = tuple(sorted(budget.left_out, key=lambda left: left.path))
    return _record(repository, agent, tree, head, facts, left_out, by)


def capture(admin: Path, root: Path, index: Path, budget: Budget) -> Captured:
    """Make a private index, seeded from the agent's own so that unchanged files are not read again."""
    if is_unfilled(admin, root):
        raise BrokenWorktree(f"the files of {root} are not all there yet")
    # A filter whose program fails (git-lfs not on our PATH) must not cost the work: it is saved unfiltered.
    names = git("config", "--name-only", "--get-regexp", r"^filter\..*\.required$", git_dir=admin, ok=(0, 1)).lines
    scene = Scene(admin, root, index, tuple(f"{name}=false" for name in names))
    try:
        # With its time stamp: git trusts an entry only if it is older than the index.
        shutil.copy2(admin / "index", index)
        _look_at_all(scene)
    except FileNotFoundError:
        scene.git("read-tree", "HEAD")
    except GitError:
        index.unlink()
        scene.git("read-tree", "HEAD")
    except OSError as error:
        raise GtError(f"cannot copy the index of {root}: {error.strerror}") from error
    found = scene.git(
        *("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "-uall", "--no-renames"),
        "--ignore-submodules=none",
        config=("diff.ignoreSubmodules=none",),  # for the submodules of submodules, which get our settings alone
    )
    head: str | None = None
    staged, changed, gone, nested = 0, [], [], []
    for record in found.records:
        match record[0]:
            case "#" if record.startswith("# branch.oid "):
                oid = record.removeprefix("# branch.oid ")
                head = None if oid == "(initial)" else oid
            case "1" | "u":
                *fields, name = record.split(" ", 8 if record[0] == "1" else 10)
                if fields[2][0] == "S" and (root / name).is_dir():
                    nested.append(name)
                elif fields[1][1] == ".":
                    staged += 1
                elif _is_gone(root, name):
                    gone.append(name)
                else:
                    changed.append(name)
            case "?" if record.endswith("/"):
                nested.append(record[2:-1])
            case "?":
                changed.append(record[2:])
    admitted = budget.admit(root, changed)
    feed(scene, admitted, gone)
    return Captured(scene, head, staged + len(admitted) + len(gone), tuple(nested))


def _look_at_all(scene: Scene) -> None:
    """Has git see what an agent told it not to look at, or the user's `core.ignoreStat` did: it is work all the same.

    What a sparse checkout leaves out is not there, and stays what it is.
    """
    marked = [(record[0], record[2:]) for record in scene.git("ls-files", "-v", "-z").records if record[0] != "H"]
    assumed = [name for tag, name in marked if tag.islower()]
    skipped = [name for tag, name in marked if tag in "sS" and os.path.lexists(scene.root / name)]
    for flag, names in (("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)):
        if names:
            scene.git("update-index", flag, "-z", "--stdin", data=os.fsencode("".join(f"{name}\0" for name in names)))


def feed(scene: Scene, present: Iterable[str], gone: Iterable[str] = ()) -> None:
    """Hash files into the private index and drop those that are gone from it."""
    if names := "".join(f"{name}\0" for name in gone):
        scene.git("update-index", "--force-remove", "-z", "--stdin", data=os.fsencode(names))
    if names := "".join(f"{name}\0" for name in present):
        scene.git("update-index", "--add", "--remove", "--replace", "-z", "--stdin", data=os.fsencode(names))


def list_nested(place: Path) -> tuple[list[str], list[str]]:
    """What a repository inside a worktree holds, ignored files aside: its files, and repositories in it."""
    found = git("ls-files", "-z", "-c", "-o", "--exclude-standard", "--deduplicate", cwd=place)
    names = [name.rstrip("/") for name in found.records]
    deeper = [name for name in names if (place / name / ".git").exists()]
    return [name for name in names if not _is_gone(place, name)], deeper


def history(repository: Repository, agent: str) -> list[Snapshot]:
    """An agent's snapshots, oldest first. A ref there that is no snapshot is passed over."""
    form = "--format=%(refname) %(objectname) %(contents:body)"
    found = repository.run("for-each-ref", form, f"{PREFIX}/{agent}/")
    # Not by git's version:refname, which a user's versionsort.suffix sorts otherwise.
    return sorted((s for line in found.lines if (s := _parse(agent, line)) is not None), key=lambda one: one.seq)


def _nested(captured: Captured, scratch: Path, budget: Budget) -> tuple[str | None, list[dict[str, str | None]], int]:
    """The tree of all repositories inside a worktree, what is known of each, and how many files it has."""
    waiting = sorted(captured.nested)
    inside: list[dict[str, str | None]] = []
    files = 0
    whole = replace(captured.scene, index=scratch / "nested")
    for number, name in enumerate(waiting):
        place = whole.root / name
        if not (place / ".git").exists():
            continue
        try:
            listed, deeper = list_nested(place)
            head = git("rev-parse", "--verify", "--quiet", "HEAD", cwd=place, ok=(0, 1)).text or None
        except GitError as error:
            budget.left_out.append(LeftOut(f"{name}/", 0, error.message))
            continue
        waiting += [f"{name}/{entry}" for entry in deeper]
        admitted = budget.admit(place, listed, f"{name}/")
        scene = replace(whole, root=place, index=scratch / f"nested-{number}")
        feed(scene, admitted)
        files += len(admitted)
        inside.append({"path": name, "head": head})
        if admitted:
            whole.git("read-tree", f"--prefix={name}/", scene.write_tree())
    return (whole.write_tree() if files else None), inside, files


def _record(
    repository: Repository,
    agent: str,
    tree: str,
    head: str | None,
    facts: dict[str, Any],
    left_out: tuple[LeftOut, ...],
    by: Person,
) -> Snapshot:
    """Commit under the next free number; another writer's number is never taken."""
    form = "%(refname:lstrip=4) %(tree) %(parent)"
    for _ in range(_ATTEMPTS):
        found = repository.run("for-each-ref", f"--format={form}", f"{PREFIX}/{agent}")
        known = [words for line in found.lines if (words := line.split(" "))[0].isdecimal()]
        number, *shape = max(known, key=lambda words: int(words[0]), default=["0"])
        if shape == [tree, head or ""]:
            last = history(repository, agent)[-1:]
            only_seen = last and last[0].why == LOOK != facts["why"]
            if last and last[0].seq == int(number) and last[0].left_out == left_out and not only_seen:
                return last[0]
        seq = int(number) + 1
        body = json.dumps({**facts, "left_out": [asdict(left) for left in left_out]})
        message = f"snapshot {seq} of {agent}\n\n{body}\n"
        commit = commit_tree(repository, tree, [head] if head else [], message, by, by)
        ref = f"{PREFIX}/{agent}/{seq}"
        if repository.update_ref(ref, commit, None):
            return Snapshot(agent, seq, ref, commit, facts["time"], facts["why"], facts["files"], left_out)
    raise GtError(f"too many snapshots of {agent} at once")


def _parse(agent: str, line: str) -> Snapshot | None:
    try:
        ref, commit, body = line.split(" ", 2)
        facts = json_object(body)
        left: Any = facts["left_out"]
        time = parse_time(str(facts["time"]))
        if time is None:
            return None
        return Snapshot(
            agent,
            int(ref.rpartition("/")[2]),
            ref,
            commit,
            time,
            str(facts["why"]),
            int(str(facts["files"])),
            tuple(LeftOut(**entry) for entry in left),
        )
    except (ValueError, KeyError, TypeError):
        return None  # not one of ours: in a repository that all agents share anybody may make a ref


def _is_gone(root: Path, name: str) -> bool:
    """Whether a tracked file is no longer there itself: not there, a directory, or behind a symbolic link."""
    place = root / name
    if not place.is_symlink() and (place.is_dir() or not place.exists()):
        return True
    return any((root / above).is_symlink() for above in list(Path(name).parents)[:-1])

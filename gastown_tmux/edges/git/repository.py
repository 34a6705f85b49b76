"""A rig's bare `repo.git`: its making, its remote, its refs and what lies between two commits."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError, Output, git
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import RefusedError

NOTHING = "0" * 40
LOCK_TIMEOUT = 60.0
MAINTENANCE_TIMEOUT = 900.0

_CONFIG = {
    "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
    # Agents share this repository: a push of theirs fails, and the path it names says why.
    "remote.origin.pushurl": "/nowhere/only-the-refinery-pushes",
    # Background gc of thirty worktrees would race; the deacon packs what lies loose.
    "gc.auto": "0",
    "maintenance.auto": "false",
    "receive.denyDeletes": "true",
    "receive.denyNonFastForwards": "true",
    "core.logAllRefUpdates": "true",
    # Git's default leaves loose objects to the page cache: a power cut would empty the newest commits.
    "core.fsync": "committed,reference",
    "core.fsyncMethod": "batch",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: full id, author, committer time (Unix seconds) and first line."""

    id: str
    author: str
    email: str
    time: int
    subject: str


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs, and how: A(dded), M(odified), D(eleted) or T(ype changed)."""

    status: str
    path: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository and the file whose lock orders changes of its worktrees and its gc."""

    path: Path
    lock_path: Path

    @staticmethod
    def create(path: Path, lock_path: Path, remote_url: str) -> "Repository":
        """Make the bare repository of a rig and fetch all its remote's branches.

        It has no local heads, no hooks and no templates. A kill leaves nothing at `path`. An existing
        repository of the same remote is taken as it is; one of another remote raises `RefusedError`.
        """
        repository = Repository(path, lock_path)
        with repository.lock():
            if path.exists():
                if (found := repository.remote_url()) != remote_url:
                    raise RefusedError(f"{path} is already a repository of {found}")
                return repository
            with plain_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                for left in path.parent.glob(f".{path.name}.*.new"):
                    shutil.rmtree(left)
            aside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.new")
            try:
                git("init", "--quiet", "--bare", "--template=", "--", str(aside))
                for key, value in {"remote.origin.url": remote_url, **_CONFIG}.items():
                    git("config", key, value, git_dir=aside)
                Repository(aside, lock_path).fetch()
                with plain_errors(path):
                    aside.rename(path)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        return repository

    def run(self, *args: str, data: bytes = b"", ok: tuple[int, ...] = (0,), timeout: float = 60.0) -> Output:
        """Git in the bare repository itself."""
        return git(*args, git_dir=self.path, data=data, ok=ok, timeout=timeout)

    def lock(self, timeout: float = LOCK_TIMEOUT) -> Lock:
        """The one lock for adding, moving and removing worktrees and for gc."""
        return Lock(self.lock_path, timeout)

    def remote_url(self) -> str:
        return self.run("config", "--get", "remote.origin.url").text

    def fetch(self, branch: str | None = None, timeout: float = NETWORK_TIMEOUT) -> None:
        """Bring `refs/remotes/origin/*` (or one branch of it) up to date.

        Runs under a lock of its own, so that a slow network holds up no one who adds a worktree.
        """
        refs = f"+refs/heads/{branch or '*'}:refs/remotes/origin/{branch or '*'}"
        command = ("fetch", "--quiet", "--prune", "--no-write-fetch-head", "--", self.remote_url(), refs)
        with Lock(self.lock_path.with_name(f"{self.lock_path.name}.fetch"), timeout) as held:
            try:
                git(*command, git_dir=self.path, timeout=timeout, keep_open=[held])
            except GitError as error:
                # A worktree that is just being added has, for a moment, a HEAD that names nothing.
                if "bad object worktrees/" not in error.whole:
                    raise
                with self.lock(timeout):
                    git(*command, git_dir=self.path, timeout=timeout, keep_open=[held])

    def resolve(self, ref: str) -> str | None:
        """The full id of the commit `ref` names, or None."""
        found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}", ok=(0, 1))
        return found.text or None

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether `commit` is `ancestor` or has it in its history. `GitError` if either is unknown."""
        return self.run("merge-base", "--is-ancestor", ancestor, commit, ok=(0, 1)).code == 0

    def update_ref(self, ref: str, new: str, old: str | None) -> bool:
        """Move `ref` from `old` (None: it must not exist yet) to `new`. False: it was not at `old`."""
        return self._change_ref(ref, old, "update-ref", "--create-reflog", ref, new, old or NOTHING)

    def delete_ref(self, ref: str, old: str) -> bool:
        """Delete `ref` if it is at `old`. False: it was not."""
        return self._change_ref(ref, old, "update-ref", "-d", ref, old)

    def _change_ref(self, ref: str, old: str | None, *args: str) -> bool:
        try:
            self.run(*args)
        except GitError:
            if self.list_refs(ref).get(ref) != old:
                return False
            raise
        return True

    def list_refs(self, prefix: str) -> dict[str, str]:
        """Refs at or below `prefix` (a full name without trailing slash) and the object each names."""
        found = self.run("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return {name: value for name, _, value in (line.partition(" ") for line in found.lines)}

    def commits(self, base: str, head: str) -> list[Commit]:
        """Commits in `head` and not in `base`, oldest first."""
        found = self.run(
            "log",
            "-z",
            "--reverse",
            "--topo-order",
            "--format=%H%x01%an%x01%ae%x01%ct%x01%s",
            f"{base}..{head}",
        )
        fields = (record.decode("utf-8", "replace").split("\x01", 4) for record in found.stdout.split(b"\0") if record)
        return [Commit(i, author, email, int(when), subject) for i, author, email, when, subject in fields]

    def trailers(self, name: str, head: str) -> list[tuple[str, str, str]]:
        """Commits in the history of `head` that have the trailer: id, first line, the trailer's value; oldest first."""
        found = self.run("log", "-z", "--reverse", "--format=%H%x01%s%x01%b", f"--grep=^{name}:", head, "--")
        fields = [record.split("\x01", 2) for record in os.fsdecode(found.stdout).split("\0") if record]
        # Not by git's %(trailers), for which a user may have given it another name.
        pattern = re.compile(rf"^{name}:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
        return [(commit, subject, value[1]) for commit, subject, body in fields if (value := pattern.search(body))]

    def changed_files(self, old: str, new: str) -> list[Change]:
        """Paths in which two commits or trees differ."""
        records = self.run("diff-tree", "-r", "-z", "--no-renames", "--name-status", old, new).records
        return [Change(status, name) for status, name in zip(records[::2], records[1::2], strict=True)]

    def diff(self, old: str, new: str, *, stat: bool = False) -> str:
        """The patch from one commit or tree to another (`stat`: files and counts only).

        No program configured by the repository is run.
        """
        shape = ["--stat"] if stat else []
        return self.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", "-M", *shape, old, new, "--").text

    def maintain(self, loose: int = 2000) -> None:
        """Packs what lies loose, where it is more objects than `loose`; nothing is deleted, and nobody has to wait."""
        if int(self.run("count-objects").text.split(" ")[0]) > loose:
            self.run("maintenance", "run", "--quiet", "--task=loose-objects", timeout=MAINTENANCE_TIMEOUT)

    def tree(self, commit: str) -> str:
        """The id of a commit's tree."""
        return self.run("rev-parse", "--verify", "--end-of-options", commit + "^{tree}").text

    def fork_point(self, base: str, head: str) -> str | None:
        """The commit at which `head` left the history of `base`; None where they share nothing."""
        return self.run("merge-base", base, head, ok=(0, 1)).text or None

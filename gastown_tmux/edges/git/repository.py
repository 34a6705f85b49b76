"""A rig's bare `repo.git`: its making, its remote, its refs and what lies between two commits."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.git import layout
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError, Output, git
from gastown_tmux.edges.git.project import NOTHING_MORE, Project
from gastown_tmux.edges.git.remembered import Remembered
from gastown_tmux.edges.git.settings_file import format_settings, read_settings
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import RefusedError

#: The old value of a ref that must not exist yet. Forty zeros would not do for every object format.
ABSENT = ""
LOCK_TIMEOUT = 60.0
MAINTENANCE_TIMEOUT = 900.0

#: All branches of the remote, but for one named HEAD: git has that name for something else, and would write through it.
_BRANCHES = ("+refs/heads/*:refs/remotes/origin/*", "^refs/heads/HEAD", "^refs/heads/HEAD/*")

#: A line of a branch's log: where it was, where it is, and why.
_LOGGED = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) .*\t(.*)")
_FETCHED = re.compile(rb"(?:fetch|pull)\b(?!.* \.[ :])")


#: How scratch folders begin, beside the lock; one that is left was a killed command's.
SCRATCH = "scratch."

#: Of the commits that were asked about or made last.
trees = Remembered[str](256)


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository, the file whose lock orders changes of its worktrees and its gc, its project's settings."""

    path: Path
    lock_path: Path
    project: Project = NOTHING_MORE

    @contextmanager
    def scratch_directory(self) -> Iterator[Path]:
        """A folder for what a command needs besides the repository, gone afterwards."""
        folder = self.lock_path.parent
        with plain_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            scratch = tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder)
        with scratch as name:
            yield Path(name)

    @staticmethod
    def create(path: Path, lock_path: Path, remote_url: str, project: Project = NOTHING_MORE) -> "Repository":
        """Make the bare repository of a rig and fetch all its remote's branches.

        It has no local heads, no hooks and no templates. A kill leaves nothing at `path`. An existing
        repository of the same remote is taken as it is; one of another remote raises `RefusedError`.
        """
        repository = Repository(path, lock_path, project)
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
                settings = layout.lay_out(aside, remote_url)
                write_atomic(aside / layout.COMMON, format_settings(settings))
                for folder in ("hooks", "info"):
                    (aside / folder).mkdir(exist_ok=True)
                _fetch(aside, remote_url, _BRANCHES, NETWORK_TIMEOUT)
                with plain_errors(path):
                    aside.rename(path)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
                with suppress(OSError):  # where it was made for this, and nothing is in it
                    path.parent.rmdir()
        return repository

    def run(self, *args: str, data: bytes = b"", ok: tuple[int, ...] = (0,), timeout: float = 60.0) -> Output:
        """Git in the bare repository itself."""
        return git(*args, git_dir=self.path, data=data, ok=ok, timeout=timeout)

    def lock(self, timeout: float = LOCK_TIMEOUT) -> Lock:
        """The one lock for adding, moving and removing worktrees and for gc."""
        return Lock(self.lock_path, timeout)

    def remote_url(self) -> str:
        """Where its work is fetched from, whatever an agent has written into the common settings."""
        settings = layout.read_master(self.path) or read_settings(self.path / layout.COMMON) or []
        urls = [value for key, value in settings if key == "remote.origin.url" and value is not None]
        if not urls:
            raise GitError(f"{self.path} names no remote", "gt doctor --fix")
        return urls[0]

    def fetch(self, branch: str | None = None, timeout: float = NETWORK_TIMEOUT) -> None:
        """Bring `refs/remotes/origin/*` (or one branch of it) up to date.

        Runs under a lock of its own, so that a slow network holds up no one who adds a worktree.
        """
        refs = (f"+refs/heads/{branch}:refs/remotes/origin/{branch}",) if branch else _BRANCHES
        url = self.remote_url()
        with Lock(self.lock_path.with_name(f"{self.lock_path.name}.fetch"), timeout) as held:
            try:
                _fetch(self.path, url, refs, timeout, held)
            except GitError as error:
                # A worktree that is just being added has, for a moment, a HEAD that names nothing.
                if "bad object worktrees/" not in error.whole:
                    raise
                with self.lock(timeout):
                    _fetch(self.path, url, refs, timeout, held)

    def resolve(self, ref: str) -> str | None:
        """The full id of the commit `ref` names, or None."""
        found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}", ok=(0, 1))
        return found.text or None

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether `commit` is `ancestor` or has it in its history. `GitError` if either is unknown."""
        return self.run("merge-base", "--is-ancestor", ancestor, commit, ok=(0, 1)).code == 0

    def update_ref(self, ref: str, new: str, old: str | None) -> bool:
        """Move `ref` from `old` (None: it must not exist yet) to `new`. False: it was not at `old`."""
        return self._change_ref(ref, old, "update-ref", "--create-reflog", ref, new, old or ABSENT)

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

    def trailers(self, name: str, head: str) -> list[tuple[str, str, str]]:
        """Commits that a branch went through, to `head`, that have the trailer: id, first line, the trailer's value;
        oldest first. What came in by a merge, with its author's own words, is not among them.
        """
        line = ("log", "-z", "--reverse", "--first-parent", "--format=%H%x01%s%x01%b", f"--grep=^{name}:")
        found = self.run(*line, head, "--")
        fields = [record.split("\x01", 2) for record in os.fsdecode(found.stdout).split("\0") if record]
        # Not by git's %(trailers), for which a user may have given it another name.
        pattern = re.compile(rf"^{name}:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
        return [(commit, subject, value[1]) for commit, subject, body in fields if (value := pattern.search(body))]

    def diff(self, old: str, new: str) -> str:
        """The patch from one commit or tree to another. No program configured by the repository is run."""
        return self.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", "-M", old, new, "--").text

    def maintain(self, loose: int = 2000) -> None:
        """Packs what lies loose, where it is more objects than `loose`; nothing is deleted, and nobody has to wait."""
        if int(self.run("count-objects").text.split(" ")[0]) > loose:
            self.run("maintenance", "run", "--quiet", "--task=loose-objects", timeout=MAINTENANCE_TIMEOUT)

    def tree(self, commit: str) -> str:
        """The id of a commit's tree."""
        if (known := trees.find(commit)) is not None:
            return known
        return trees.keep(commit, self.run("rev-parse", "--verify", "--end-of-options", commit + "^{tree}").text)

    def folder(self, commit: str, path: str) -> str | None:
        """The id of the tree that a commit has there."""
        found = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{path}", ok=(0, 1, 128))
        return found.text or None

    def parents(self, commits: Sequence[str]) -> dict[str, str]:
        """The first parent of each of these that has one."""
        if not commits:
            return {}
        found = self.run(
            "rev-list", "--no-walk", "--parents", "--stdin", data="".join(f"{c}\n" for c in commits).encode()
        )
        return {words[0]: words[1] for line in found.lines if len(words := line.split()) > 1}

    def merge_bases(self, one: str, other: str) -> list[str]:
        """The newest commits that two have in common; none where they share nothing."""
        return self.run("merge-base", "--all", one, other, ok=(0, 1)).lines

    def independent(self, commits: Sequence[str]) -> set[str]:
        """Those of `commits` that are in the history of none of the others."""
        if len(set(commits)) < 2:
            return set(commits)
        return set(self.run("merge-base", "--independent", *commits).lines)

    def new_commits(self, base: str, head: str) -> set[str]:
        """The ids of what is in the history of `head` and not in that of `base`."""
        return set(self.run("rev-list", head, f"^{base}", "--").lines)

    def away_from(self, tip: str, commits: Sequence[str]) -> set[str]:
        """What of these commits is here and not in the history of `tip`."""
        asked = "".join(f"{commit}\n" for commit in [*commits, f"^{tip}"]).encode()
        return set(self.run("rev-list", "--ignore-missing", "--stdin", data=asked).lines) & set(commits)

    def parents_beyond(self, tip: str, heads: Sequence[str]) -> dict[Commit, list[Commit]]:
        """The commits in the histories of `heads` that `tip` lacks, each with its parents; of those not here, none."""
        asked = "".join(f"{commit}\n" for commit in [*heads, f"^{tip}"]).encode()
        found = self.run("rev-list", "--ignore-missing", "--parents", "--stdin", data=asked).lines
        return {commit: parents for commit, *parents in (list(map(Commit, line.split(" "))) for line in found)}

    def commits_at(self, old: str, new: str, names: Sequence[str], most: int = 10) -> list[str]:
        """The newest commits from `old` to `new` that touch one of these files: id, author and first line of each."""
        files = [f":(top,literal){name}" for name in names]
        found = self.run("log", f"-n{most}", "--no-merges", "--format=%h %an: %s", f"{old}..{new}", "--", *files)
        return [printable(line) for line in found.lines]

    def own_commits(self, base: str, head: str) -> list[str]:
        """Of those, the ones that are no merges, and not the first of all."""
        return self.run("rev-list", "--min-parents=1", "--max-parents=1", head, f"^{base}", "--").lines

    def forced_updates(self, remote_branch: str) -> list[str]:
        """Where a remote's branch was before fetches, ours and agents', found it rewritten; newest first.

        As far as the log of `remote_branch` (`origin/main`) goes back, which is lost when the branch is. Where it was
        put by anything but a fetch from elsewhere, its remote never was.
        """
        log = self.path / "logs" / "refs" / "remotes" / remote_branch
        forced: list[str] = []
        fetched: str | None = None  # where the last fetch left it; not known where the log begins
        for line in log.read_bytes().splitlines() if log.is_file() else []:
            if (entry := _LOGGED.match(line)) is None:
                continue
            old, new, why = entry[1].decode(), entry[2].decode(), entry[3]
            if why.endswith(b"forced-update") and fetched in (None, old):
                forced.insert(0, old)
            fetched = new if _FETCHED.match(why) else ""
        return list(dict.fromkeys(forced))


def _fetch(path: Path, url: str, refs: Sequence[str], timeout: float, *held: int) -> None:
    """By the URL, for what an agent adds to `remote.origin` in the common settings would count too.

    History or objects that an agent's own fetch of a part took away come back.
    """
    # Of a shallow remote too: then its history begins where the remote's does.
    depth = ["--unshallow"] if (path / "shallow").exists() else []
    partial = list((path / "objects" / "pack").glob("*.promisor"))
    if partial:
        depth.append("--refetch")
        refs = _BRANCHES
    command = ("fetch", "--quiet", "--prune", "--no-write-fetch-head", "--update-shallow", *depth, "--", url, *refs)
    git(*command, git_dir=path, timeout=timeout, keep_open=held)
    for mark in partial:
        mark.unlink(missing_ok=True)

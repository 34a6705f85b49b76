"""The commits of a rig's submodules, kept in `repo.git/modules/NAME`, where git itself looks for them.

A place gets its submodules from here, so that the network is asked for what is new and for nothing else. Only we write
here: what is here has been at the submodule's own remote, or in the local repository that the rig was made of.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError, git
from gastown_tmux.edges.git.environment import Environment, environment
from gastown_tmux.edges.processes.locks import Lock

MODULES = "modules"
#: What the submodule's remote has, what the local source has, and what that saw of the remote.
_REMOTE = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_LOCAL = tuple(f"+refs/{kind}/*:refs/source/{kind}/*" for kind in ("heads", "remotes", "tags"))
_SEEN = ("+refs/remotes/origin/*:refs/heads/*", "^refs/remotes/origin/HEAD")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a submodule's commits are: `local` is the git directory that a local source has of it, if it has one.

    `files`: its address may be a path of this machine, as the rig's own is.
    """

    local: Path | None
    url: str
    files: bool


@dataclass(frozen=True, slots=True)
class Store:
    """The commits of one submodule. `lock_path` is the one lock for all of a rig's."""

    path: Path
    lock_path: Path

    def inner(self, name: str) -> "Store":
        """That of a submodule of this one."""
        return Store(self.path / MODULES / name, self.lock_path)

    def has(self, commit: str) -> bool:
        if not self.path.is_dir():
            return False
        return git("cat-file", "-e", f"{commit}^{{commit}}", git_dir=self.path, ok=(0, 1, 128)).code == 0

    def bring(self, commit: str, sources: Sources) -> None:
        """See that it has the commit. Raises `GitError` in the words of whoever does not give it."""
        if self.has(commit):
            return
        with self._locked(sources) as held:
            error = self._take(commit, sources, held)
            if not self.has(commit):
                raise error or GitError(f"{sources.url} has no commit {commit[:12]}")

    def is_published(self, commit: str, sources: Sources, *, moved: bool) -> bool:
        """Whether others find the commit: at the submodule's own remote, or in the local source.

        `moved`: the remote is another one than before, so nothing is known of it. Raises `GitError` where it cannot be
        asked.
        """
        with self._locked(sources) as held:
            if sources.local is not None and not moved:
                self._fetch_local(sources.local, held)
                if self._is_reachable(commit, "refs/source"):
                    return True
            try:
                self._fetch(sources, _REMOTE, held)
            except GitError:
                if not moved and self._is_reachable(commit, "refs/heads", "refs/tags"):
                    return True
                raise
            if self._is_reachable(commit, "refs/heads", "refs/tags"):
                return True
            return self._gives(sources, commit, held)

    @contextmanager
    def _locked(self, sources: Sources) -> Iterator[int]:
        with Lock(self.lock_path, NETWORK_TIMEOUT) as held:
            if not self.path.is_dir():
                self._create(sources.local)
            yield held

    def _create(self, local: Path | None) -> None:
        """A copy of the local source's costs next to nothing on one file system. A kill leaves nothing at `path`."""
        with plain_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for left in self.path.parent.glob(".*.new"):
                shutil.rmtree(left)
        aside = self.path.with_name(f".{os.urandom(4).hex()}.new")
        try:
            if local is None:
                git("init", "--quiet", "--bare", "--template=", "--", str(aside))
            else:
                git("clone", "--quiet", "--bare", "--template=", "--", str(local), str(aside), timeout=NETWORK_TIMEOUT)
                # Where a place cloned from here believes the remote to be.
                git("fetch", "--quiet", "--prune", "--", str(local), *_SEEN, git_dir=aside, timeout=NETWORK_TIMEOUT)
            with plain_errors(self.path):
                aside.rename(self.path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _take(self, commit: str, sources: Sources, held: int) -> GitError | None:
        """From nearby first; what went wrong last."""
        if sources.local is not None:
            self._fetch_local(sources.local, held)
            if self.has(commit) or self._fetch_one(str(sources.local), commit, sources, held) is None:
                return None
        try:
            self._fetch(sources, _REMOTE, held)
        except GitError as error:
            return error
        return None if self.has(commit) else self._fetch_one(sources.url, commit, sources, held)

    def _fetch_local(self, local: Path, held: int) -> None:
        self._git("fetch", "--quiet", "--update-shallow", "--", str(local), *_LOCAL, held=held)

    def _fetch(self, sources: Sources, refs: tuple[str, ...], held: int, *how: str) -> None:
        """Under git's own rules for submodules, whose addresses are not the user's choice."""
        rule = "always" if sources.files else "user"
        self._git(
            *("fetch", "--quiet", "--prune", "--update-shallow", *how, "--", sources.url, *refs),
            held=held,
            env=environment({"GIT_PROTOCOL_FROM_USER": "0"}, config=[f"protocol.file.allow={rule}"]),
        )

    def _fetch_one(self, url: str, commit: str, sources: Sources, held: int, *how: str) -> GitError | None:
        """A commit that no branch has, for a remote that gives such; why it does not."""
        try:
            if url == sources.url:
                self._fetch(sources, (f"{commit}:refs/commits/{commit}",), held, *how)
            else:
                refs = f"{commit}:refs/commits/{commit}"
                self._git("fetch", "--quiet", "--update-shallow", "--", url, refs, held=held)
        except GitError as error:
            return error
        return None

    def _gives(self, sources: Sources, commit: str, held: int) -> bool:
        """Whether the remote gives a commit that none of its branches has. Git does not ask for what it has."""
        with tempfile.TemporaryDirectory(prefix="asked.", dir=self.lock_path.parent) as folder:
            git("init", "--quiet", "--bare", "--template=", "--", folder)
            asked = Store(Path(folder), self.lock_path)
            return asked._fetch_one(sources.url, commit, sources, held, "--depth=1") is None

    def _is_reachable(self, commit: str, *refs: str) -> bool:
        command = ("for-each-ref", "--count=1", f"--contains={commit}", *refs)
        return self.has(commit) and bool(git(*command, git_dir=self.path).text)

    def _git(self, *args: str, held: int, env: Environment | None = None) -> None:
        git(*args, git_dir=self.path, timeout=NETWORK_TIMEOUT, keep_open=[held], env=env)

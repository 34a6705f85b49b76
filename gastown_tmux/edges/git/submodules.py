"""Submodules of a worktree: those that the rig's source has, at the commits that the project names."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, GitError, git
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.layout import WORKTREE
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.submodule_list import EMPTY_TREE, Moved, Submodule, list_moved, list_submodules
from gastown_tmux.edges.git.submodule_store import MODULES, Sources, Store
from gastown_tmux.errors import GtError

#: In a submodule's git directory until its files are all there.
_UNFILLED = "gt-unfilled"
#: There too: the commit that it was given.
_FILLED = "gt-filled"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a rig's submodules are counted from: `remote` is the rig's, `source` the local checkout that it was made of.

    Of a source, those that are active in it are taken, and those that it has not seen yet; without one all.
    """

    remote: str
    source: Path | None


@dataclass(frozen=True, slots=True)
class Missing:
    """One that could not be had, and why."""

    path: str
    words: str


def list_unpublished(repository: Repository, moved: Iterable[Moved], origin: Origin) -> list[Submodule]:
    """Those of the project's, and in them, that nobody else could get.

    Raises `GitError` where a submodule's remote cannot be asked.
    """
    return list(_Level.top(origin, repository).unpublished(moved))


def bring(repository: Repository, wanted: Iterable[Submodule], origin: Origin) -> None:
    """See that the commits of submodules of the project are here, as far as they can be had."""
    top = _Level.top(origin, repository)
    for submodule in wanted:
        if submodule.name is not None:
            with suppress(GtError):
                top.bring(submodule)


def fill(repository: Repository, path: Path, admin: Path, origin: Origin) -> tuple[Missing, ...]:
    """Give a worktree, whose git directory is `admin`, the submodules of its HEAD, in depth; those that are missing.

    One that is there already, in whatever state, is left as it is. Safe to kill and to run again.
    """
    if not os.path.lexists(path / ".gitmodules"):
        return ()
    wanted = list_submodules(admin, "HEAD", origin.remote)
    return tuple(_Level.top(origin, repository).fill(wanted, path, admin, admin / WORKTREE)) if wanted else ()


def is_as_given(admin: Path, submodule: Submodule) -> bool:
    """Whether a submodule of the project is, in a worktree, at the commit that it was given there."""
    given = admin / MODULES / str(submodule.name) / _FILLED
    return given.is_file() and given.read_text() == submodule.commit


def has_own_commits(admin: Path) -> bool:
    """Whether in the submodules of a worktree are commits that are nowhere else, as far as they know themselves.

    Also such as no branch has any more: whoever takes a submodule back leaves its work in the log of HEAD alone.
    """
    for head in (admin / MODULES).rglob("HEAD"):
        if not (head.parent / "objects").is_dir():
            continue
        command = ("rev-list", "--max-count=1", "--all", "--reflog", "HEAD", "--not", "--remotes")
        found = git(*command, git_dir=head.parent, ok=(0, 1, 128, 129))
        if found.code != 0 or found.stdout:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Level:
    """A project, or a submodule that has submodules: `local` is the git directory that the source has of it."""

    repository: Repository
    remote: str
    files: bool
    local: Path | None
    tree: Path | None
    store: Store | None = None
    prefix: str = ""

    @staticmethod
    def top(origin: Origin, repository: Repository) -> "_Level":
        local = None
        if origin.source is not None:
            found = git("rev-parse", "--is-bare-repository", "--absolute-git-dir", cwd=origin.source, ok=(0, 128))
            local = Path(found.lines[1]) if found.code == 0 and found.lines[0] == "false" else None
        files = "://" not in origin.remote and ":" not in origin.remote.partition("/")[0]
        files = files or origin.remote.startswith("file://")
        return _Level(repository, origin.remote, files, local, origin.source)

    def _inner(self, submodule: Submodule, url: str) -> "_Level":
        """What is to be known of the submodules of one, which is at `url`."""
        assert submodule.name is not None
        lock = self.repository.lock_path.with_name(f"{self.repository.lock_path.name}.modules")
        own = Store(self.repository.path / MODULES / submodule.name, lock)
        return replace(
            self,
            remote=url,
            local=self._local_of(submodule),
            tree=self.tree and self.tree / submodule.path,
            store=self.store.inner(submodule.name) if self.store else own,
            prefix=f"{self.prefix}{submodule.path}/",
        )

    def bring(self, submodule: Submodule) -> tuple["_Level", str]:
        """The level below, and the address it is taken from."""
        url = self._settings().get(f"submodule.{submodule.name}.url", [submodule.url or ""])[-1]
        if not url:
            raise GitError("its URL is not recorded", "git submodule add")
        inner = self._inner(submodule, url)
        assert inner.store is not None
        inner.store.bring(submodule.commit, Sources(inner.local, url, self.files))
        return inner, url

    def unpublished(self, moved: Iterable[Moved]) -> Iterator[Submodule]:
        for pair in moved:
            submodule, url = pair.now, pair.now.url
            here = replace(submodule, path=self.prefix + submodule.path)
            if submodule.name is None or url is None:
                yield here
                continue
            changed = pair.was is None or pair.was.url != url
            if not changed:
                # Under this address its owner reaches what is written down; of a new one nobody has decided yet.
                url = self._settings().get(f"submodule.{submodule.name}.url", [url])[-1]
            inner = self._inner(submodule, url)
            assert inner.store is not None
            if not inner.store.is_published(submodule.commit, Sources(inner.local, url, self.files), moved=changed):
                yield here
                continue
            was = pair.was.commit if pair.was is not None and inner.store.has(pair.was.commit) else EMPTY_TREE
            yield from inner.unpublished(list_moved(inner.store.path, was, submodule.commit, url))

    def fill(self, wanted: Iterable[Submodule], path: Path, git_dir: Path, settings: Path) -> Iterator[Missing]:
        for submodule in wanted:
            if not self._is_wanted(submodule, path):
                continue
            try:
                inner, own = self._fill_one(submodule, path, git_dir, settings)
            except GtError as error:
                yield Missing(self.prefix + submodule.path, error.message)
            else:
                if own.is_dir():  # else it is a repository of the agent's
                    within = list_submodules(own, "HEAD", inner.remote)
                    yield from inner.fill(within, path / submodule.path, own, own / "config")

    def _fill_one(self, submodule: Submodule, path: Path, git_dir: Path, settings: Path) -> tuple["_Level", Path]:
        """The level below, and the submodule's git directory."""
        assert submodule.name is not None
        own = git_dir / MODULES / submodule.name
        if (path / submodule.path / ".git").exists() and not (own / _UNFILLED).exists():
            return self._inner(submodule, submodule.url or ""), own
        inner, url = self.bring(submodule)
        assert inner.store is not None
        if not own.exists():
            _clone(inner.store, own, submodule.commit, url)
        for key, value in (("url", url), ("active", "true")):
            git("config", "--file", str(settings), f"submodule.{submodule.name}.{key}", value, cwd=path)
        (own / "index.lock").unlink(missing_ok=True)
        git(
            *("submodule", "--quiet", "update", "--checkout", "--force", "--no-fetch", "--", submodule.path),
            cwd=path,
            env=environment(
                include=self.repository.project.include,
                config=[f"submodule.{submodule.name}.active=true", "checkout.workers=0"],
            ),
            timeout=CHECKOUT_TIMEOUT,
        )
        (own / _FILLED).write_text(submodule.commit)
        (own / _UNFILLED).unlink(missing_ok=True)
        return inner, own

    def _is_wanted(self, submodule: Submodule, path: Path) -> bool:
        """As git has it, from the settings of the source; of a remote alone, what a clone with all of them takes."""
        settings = self._settings()
        update = settings.get(f"submodule.{submodule.name}.update", [submodule.update or ""])[-1]
        if self.local is None:
            return update != "none"
        if update == "none" and self._local_of(submodule) is None:
            return False
        if active := settings.get(f"submodule.{submodule.name}.active"):
            return active[-1].lower() in ("", "true", "yes", "on", "1")
        if (store := self._inner(submodule, "").store) and store.path.is_dir():
            return True  # it was once, or it came by way of the town
        if specs := settings.get("submodule.active"):
            return submodule.path in git("ls-files", "-z", "--", *specs, cwd=path).records
        if f"submodule.{submodule.name}.url" in settings:
            return True
        # One that is newer than the source's own files was never decided on there.
        return submodule.name not in {found.name for found in list_submodules(self.local, "HEAD", self.remote)}

    def _settings(self) -> dict[str, list[str]]:
        """What the source's own settings say of submodules."""
        if self.local is None:
            return {}
        found = git("config", "-z", "--get-regexp", r"^submodule\.", git_dir=self.local, ok=(0, 1))
        settings: dict[str, list[str]] = {}
        for record in found.records:
            key, _, value = record.partition("\n")
            settings.setdefault(key, []).append(value)
        return settings

    def _local_of(self, submodule: Submodule) -> Path | None:
        if self.local is None:
            return None
        # One that was there before it became a submodule has its git directory among its files.
        inside = self.tree / submodule.path / ".git" if self.tree else None
        for place in (self.local / MODULES / str(submodule.name), inside):
            if place is not None and (place / "objects").is_dir():
                return place
        return None


def _clone(store: Store, own: Path, commit: str, url: str) -> None:
    """The submodule's git directory, as if cloned from `url`. A kill leaves nothing at its place."""
    aside = own.with_name(f".{os.urandom(4).hex()}.new")
    with plain_errors(own):
        own.parent.mkdir(parents=True, exist_ok=True)
        for left in own.parent.glob(".*.new"):
            shutil.rmtree(left)
    try:
        git("clone", "--quiet", "--no-checkout", "--template=", "--", str(store.path), str(aside), cwd=own.parent)
        git_dir = aside / ".git"
        if git("cat-file", "-e", f"{commit}^{{commit}}", git_dir=git_dir, ok=(0, 1, 128)).code != 0:
            # A store of a part of the history is not copied as it is.
            command = ("fetch", "--quiet", "--update-shallow", "--no-write-fetch-head", "--", str(store.path), commit)
            git(*command, git_dir=git_dir)
        git("config", "remote.origin.url", url, git_dir=git_dir)
        with plain_errors(own):
            (git_dir / _UNFILLED).touch()
            git_dir.rename(own)
    finally:
        shutil.rmtree(aside, ignore_errors=True)

"""A worktree as it is given to somebody: made, or made as new after somebody else.

Both end in the same way: what the repository keeps of a worktree is emptied down to the few names that tie it to its
place, and written again; git writes every file that is not as git itself last wrote it; what is neither the project's
nor ignored goes. So nothing that an earlier user left has to be known by name.
"""

import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, GitError, Output, git
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.layout import OWN, WORKTREE, pin
from gastown_tmux.edges.git.removal import Trash, delete
from gastown_tmux.edges.git.repository import LOCK_TIMEOUT, Repository
from gastown_tmux.edges.git.submodule_store import MODULES
from gastown_tmux.edges.git.submodules import has_own_commits
from gastown_tmux.edges.git.sweep import Found, sweep
from gastown_tmux.edges.git.worktree import (
    UNFILLED,
    BrokenWorktree,
    admin_of,
    assert_place,
    git_dir,
    is_unfilled,
)
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, RefusedError

_LOCK = "gt-populate.lock"
_INDEX = "gt-index"
_FINGERPRINT = "gt-index.for"
#: What the mark of an unfilled worktree says once all that an earlier user left in the entry is gone.
_FILLING = "filling"
#: All that stays of what a repository keeps of a worktree; what is in them is written again, but for our own.
_TIES = frozenset({"HEAD", "commondir", "gitdir", "locked", WORKTREE, _LOCK, _INDEX, _FINGERPRINT, UNFILLED})
#: Beside the pins. A new place has no history.
_PLAIN = ("checkout.workers=0", "core.fileMode=true", "core.sparseCheckout=false", "core.logAllRefUpdates=false")
#: What decides, with the attributes, how a file is written.
_WRITING = r"^filter\."

#: What was taken away may have had a say in what git did before; the second time it has none.
_ATTEMPTS = 4


def add(repository: Repository, path: Path, branch: str | None, base: str, reason: str) -> None:
    """Make a worktree at `path` on `branch` (None: detached at `base`), locked with `reason`.

    A missing branch starts at `base`; one with nothing that `base` lacks is moved there; any other is kept and checked
    out as it is, wherever else it may be checked out. Safe to kill at any moment and to run again; on a worktree that
    is whole it changes nothing. Raises `RefusedError` when something else is at `path`.
    """
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with repository.lock() as held:
        try:
            git_dir(repository, path)
        except BrokenWorktree:
            _register(repository, path, branch, base, reason, held)
        pin(git_dir(repository, path))
    admin = assert_place(repository, path, branch)
    with _populating(admin) as held:
        if is_unfilled(admin, path):
            # There is nothing of anybody's here, unless a renewal was killed: what is ignored is for it to keep.
            has_files = any(entry.name != ".git" for entry in path.iterdir())
            _Renewal(repository, path, admin, delete, delete, has_files, held).run(branch, base, reason)
        elif not (admin / "index").exists():
            git("read-tree", "HEAD", cwd=path)


def reuse(
    repository: Repository,
    path: Path,
    branch: str | None,
    base: str,
    reason: str,
    *,
    trash: Path,
    keep_ignored: bool = True,
    keep: Sequence[str] = (),
) -> str | None:
    """Bring an existing worktree to another branch (None: detached at `base`), as `add` would make it.

    The caller has ended every process that works there, and has taken a snapshot. Ignored files stay where
    `keep_ignored`, else what `keep` names; the rest of the earlier user's goes to the `trash`, and without
    `keep_ignored` for good. Safe to kill
    and run again. A place that cannot be made as new (somebody else's files in it) goes there whole, and a new one is
    made: the return value is the reason.
    """
    admin = git_dir(repository, path)
    away = Trash(trash, path)
    with repository.lock():
        if branch is not None:
            _place_branch(repository, branch, base)
    with _populating(admin) as held:
        try:
            discard = away.take if keep_ignored else delete
            # What of submodules a snapshot does not have is their commits; their files are many.
            forget = discard if has_own_commits(admin) else delete
            _Renewal(repository, path, admin, discard, forget, keep_ignored, held, keep).run(branch, base, reason)
            return None
        except (GtError, OSError) as error:
            why = error.message if isinstance(error, GtError) else str(error)
            with plain_errors(path):
                away.take(path, "whole")
                away.take(admin, "entry")
    add(repository, path, branch, base, reason)
    return why


def make_gate(
    repository: Repository, path: Path, commit: str, reason: str, trash: Path, keep: Sequence[str] = ()
) -> None:
    """Bring the detached worktree at `path` to exactly the tree of `commit`, made where it is missing or broken.

    Every other file in it goes, ignored ones and repositories too, for only the refinery works there; but for what
    `keep` names, in patterns as in a `.gitignore`, of which none has what the project tracks.
    """
    try:
        git_dir(repository, path)
    except BrokenWorktree:
        if path.is_symlink() or path.exists():
            with plain_errors(path):
                Trash(trash, path).take(path, "whole")
        add(repository, path, None, commit, reason)
    else:
        reuse(repository, path, None, commit, reason, trash=trash, keep_ignored=False, keep=keep)


@dataclass(frozen=True, slots=True)
class _Renewal:
    """What makes a registered worktree a place that is as new. `held` is the descriptor of its lock.

    `forget` gets what belongs to submodules, `discard` all else that is to go.
    """

    repository: Repository
    path: Path
    admin: Path
    discard: Callable[[Path, str], None]
    forget: Callable[[Path, str], None]
    keep_ignored: bool
    held: int
    keep: Sequence[str] = ()

    def run(self, branch: str | None, base: str, reason: str) -> None:
        self._renew_entry(f"ref: refs/heads/{branch}" if branch is not None else base, reason)
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", "HEAD").records
        tracked = {name: facts for facts, _, name in (record.partition("\t") for record in listed)}
        fingerprint = self._fingerprint(tracked)
        self._seed(fingerprint)
        for _ in range(_ATTEMPTS):
            self._git("reset", "--quiet", "--hard")
            found = self._sweep({name: facts[:6] for name, facts in tracked.items()})
            if found.is_clean:
                break
            if ".gitattributes" in found.taken:
                # It had a say in how files were written just now.
                (self.admin / "index").unlink()
        else:
            raise GitError(f"{self.path} could not be made as new: {', '.join([*found.taken, *found.missing][:3])}")
        if found.changed_modes:
            self._git("update-index", "-q", "--refresh")
        shutil.copy2(self.admin / "index", self.admin / _INDEX)
        _write(self.admin / _FINGERPRINT, fingerprint)
        (self.admin / UNFILLED).unlink()

    def _git(self, *args: str) -> Output:
        return git(
            *args,
            cwd=self.path,
            env=environment(include=self.repository.project.include, config=_PLAIN),
            timeout=CHECKOUT_TIMEOUT,
            keep_open=[self.held],
        )

    def _renew_entry(self, head: str, reason: str) -> None:
        mark = self.admin / UNFILLED
        # A run that was killed left an index of git's own: with what is listed in it, it was done.
        ours = {"index"} if mark.exists() and mark.read_text() == _FILLING else set()
        mark.touch()
        for entry in list(self.admin.iterdir()):
            if entry.name not in _TIES | ours:
                (self.forget if entry.name == MODULES else self.discard)(entry, f"admin/{entry.name}")
        for name, text in {
            "commondir": "../..",
            "gitdir": str(self.path / ".git"),
            "locked": reason,
            "HEAD": head,
        }.items():
            _write(self.admin / name, f"{text}\n")
        _write(self.path / ".git", f"gitdir: {self.admin}\n")
        _write(self.admin / WORKTREE, os.fsdecode(OWN))
        self.repository.project.equip(self.admin)
        _write(mark, _FILLING)

    def _seed(self, fingerprint: str) -> None:
        """Starts from the index as git wrote it here last, so that files nobody touched since need not be written."""
        with suppress(FileNotFoundError):
            if (
                not (self.admin / "index").exists()
                and os.fsdecode((self.admin / _FINGERPRINT).read_bytes()) == fingerprint
            ):
                # With its time stamp: git trusts an entry only if it is older than the index.
                shutil.copy2(self.admin / _INDEX, self.admin / "index")

    def _fingerprint(self, tracked: Mapping[str, str]) -> str:
        """What decides how files are written: where it changed, none is as git would write it now."""
        rules = [f"{facts} {name}" for name, facts in tracked.items() if name.rpartition("/")[2] == ".gitattributes"]
        env = environment(include=self.repository.project.include)
        settings = git("config", "-z", "--get-regexp", _WRITING, cwd=self.path, env=env, ok=(0, 1)).text
        shared = self.repository.path / "info" / "attributes"
        return "\0".join([*rules, settings, os.fsdecode(shared.read_bytes()) if shared.exists() else ""])

    def _sweep(self, modes: Mapping[str, str]) -> Found:
        ignored: list[str] = []
        which = ["--exclude-standard"] if self.keep_ignored else [f"--exclude={pattern}" for pattern in self.keep]
        if which:
            ignored = self._git("ls-files", "-z", "-o", "-i", *which, "--directory").records
        # An index is a file that git has just written.
        plain = stat.S_IMODE((self.admin / "index").stat().st_mode)
        return sweep(self.path, modes, ignored, plain, self.discard, self.forget)


def _place_branch(repository: Repository, branch: str, base: str) -> None:
    """A branch that is not there starts at `base`, and one with nothing that `base` lacks is moved there."""
    ref = f"refs/heads/{branch}"
    if repository.update_ref(ref, base, None):  # most are new: that need not be asked first
        return
    current = repository.resolve(ref)
    # Not by git's -B, which refuses a branch that another worktree has.
    if current is None or repository.is_ancestor(current, base):
        repository.update_ref(ref, base, current)


def _register(repository: Repository, path: Path, branch: str | None, base: str, reason: str, held: int) -> None:
    """`worktree add`, once more if it fails. `held` is the repository lock's descriptor."""
    for attempt in (1, 2):
        _clear_half_made(path)
        if admin_of(repository, path) is not None:
            # Its directory is gone. Git takes such an entry's place, but would not move the branch it names.
            git("worktree", "remove", "-f", "-f", "--", str(path), git_dir=repository.path, keep_open=[held])
        if branch is not None:
            _place_branch(repository, branch, base)
        place = [str(path), branch] if branch is not None else ["--detach", str(path), base]
        try:
            # Forced, for the branch may be checked out elsewhere.
            git(
                *("worktree", "add", "--quiet", "--no-checkout", "-f", "--lock", "--reason", reason, *place),
                git_dir=repository.path,
                keep_open=[held],
            )
            return
        except GitError:
            # An agent's own `git worktree add`, outside our lock, makes git 2.39 fail at random.
            if attempt == 2:
                raise


def _write(path: Path, text: str) -> None:
    """As git writes it. After a power cut the place is put away and made anew."""
    write_atomic(path, os.fsencode(text), 0o644, durable=False)


def _clear_half_made(path: Path) -> None:
    """Take away what a killed `worktree add --no-checkout` leaves: a directory with at most a `.git` file."""
    if not path.is_symlink() and not path.exists():
        return
    if path.is_symlink() or not path.is_dir():
        raise RefusedError(f"{path} is in the way of a worktree")
    found = list(path.iterdir())
    if [entry for entry in found if entry.name != ".git" or entry.is_symlink() or not entry.is_file()]:
        raise BrokenWorktree(f"{path} holds files but is not a worktree", "gt doctor --fix")
    with plain_errors(path):
        for entry in found:
            entry.unlink()
        path.rmdir()


def _populating(admin: Path) -> Lock:
    """The lock of whoever writes a worktree's files, held by its git child too."""
    return Lock(admin / _LOCK, LOCK_TIMEOUT + CHECKOUT_TIMEOUT)

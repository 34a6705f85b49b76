"""The files of `repo.git` that all its worktrees share, kept as they are to be whatever is written there.

`git config KEY VALUE` in any worktree writes into the common settings; so do `git remote` and `git init`. Hooks that a
tool installs, `info/exclude`, the border of a shallow history and replacements are common too. What stands there holds
for everybody, so nothing but ours stays: what one worktree's programs wrote becomes that worktree's own, the rest goes.
No lock of git's is taken, for then an agent's next `git config` would fail.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.git import command_log, layout, shared_hooks
from gastown_tmux.edges.git.repository import MAINTENANCE_TIMEOUT, Repository
from gastown_tmux.edges.git.settings_file import Setting, format_settings, read_settings
from gastown_tmux.edges.processes.locks import Lock

#: Files that must not be there.
_NEVER = ("info/grafts", layout.WORKTREE)
#: Files that are to be just what the project has in its own.
_ATTRIBUTES, _EXCLUDE = "info/attributes", "info/exclude"
_WATCHED = (layout.COMMON, "shallow", _EXCLUDE, _ATTRIBUTES, *_NEVER, "hooks", "info", "refs/replace")
#: Where what was taken out of shared files lies, for a person who misses it.
_REMOVED = "gt-removed"
#: A border of the history that is there to stay, for what lies behind it is not here.
_SHALLOW = "gt-shallow"
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Stray:
    """A key of the common settings, or a file, that somebody changed for all.

    `owners`: the worktrees for which alone it holds now, by their git directories; none where nobody knows whose it is.
    """

    what: str
    owners: tuple[Path, ...] = ()


def settle(repository: Repository, url: str) -> list[Stray]:
    """Puts back what all worktrees share, and says what was found there. Cheap where nothing was.

    A repository that an older gt made is brought to the layout. Safe to kill and to run again.
    """
    path = repository.path
    with Lock(repository.lock_path.with_name(f"{repository.lock_path.name}.shared")):
        settings = layout.lay_out(path, url)
        with plain_errors(path):
            return [
                *_settle_settings(path, settings),
                *_settle_files(repository),
                *_settle_hooks(path),
                *_settle_history(repository),
            ]


def find_strays(repository: Repository) -> list[str]:
    """What `settle` would put back, found without a change."""
    path = repository.path
    wanted = layout.read_master(path)
    if wanted is None:
        return ["the layout of an older gt"]
    found = [what for what, _ in _find_settings(read_settings(path / layout.COMMON), wanted)]
    found += [name for name in _NEVER if (path / name).exists()]
    found += [name for name, wanted in _rules(repository).items() if _is_other(path / name, wanted)]
    found += [f"hooks/{name}" for name in shared_hooks.list_foreign(path / "hooks")]
    found += ["shallow"] if _is_cut_off(repository) else []
    return found + (["refs/replace"] if _list(path / "refs/replace") else [])


def signature(path: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """Something else after every change of a shared file."""
    facts: list[tuple[int, int, int] | None] = []
    for name in _WATCHED:
        try:
            status = (path / name).lstat()
            facts.append((status.st_ino, status.st_size, status.st_mtime_ns))
        except OSError:
            facts.append(None)
    return tuple(facts)


def folders(path: Path) -> list[Path]:
    """Where a change of a shared file is seen by who watches."""
    return [folder for folder in (path, path / "hooks", path / "info") if folder.is_dir()]


def trim_logs(path: Path) -> None:
    for admin in (path / "worktrees").glob("*"):
        command_log.trim(admin)


def share_project(repository: Repository) -> None:
    """Gives agents what the project has besides its commits. They may write there; we read another copy."""
    copy, settings = repository.path / layout.PROJECT, repository.project.settings
    wanted = _read(settings)
    if wanted != _read(copy):
        write_atomic(copy, wanted, 0o600)
    with Lock(repository.lock_path.with_name(f"{repository.lock_path.name}.shared")), plain_errors(repository.path):
        _settle_rules(repository)


def ignore(repository: Repository, line: str) -> None:
    """Adds a line to what is kept out of `git status` in all worktrees."""
    master = repository.path / layout.EXCLUDE
    with Lock(repository.lock_path.with_name(f"{repository.lock_path.name}.shared")):
        known = _read(master)
        if os.fsencode(line) not in known.split(b"\n"):
            write_atomic(master, known + os.fsencode(f"{line}\n"))
        _settle_rules(repository)


def _settle_settings(path: Path, wanted: list[Setting]) -> list[Stray]:
    strays: dict[str, Stray] = {}
    for _ in range(_ATTEMPTS):
        before = _read(path / layout.COMMON)
        if before == format_settings(wanted):
            break
        found = read_settings(path / layout.COMMON)
        changes = list(_find_settings(found, wanted))
        if not changes:
            break
        for what, setting in changes:
            owners = _give_away(path, wanted, setting) if setting is not None else ()
            strays[what] = Stray(what, owners)
        # Of a branch, whoever is on it: git itself writes down what it follows.
        branches = [setting for setting in found or [] if _is_of_branch(setting[0])]
        fresh = path / f".{layout.COMMON}.gt"
        fresh.write_bytes(format_settings([*wanted, *branches]))
        if _read(path / layout.COMMON) == before:
            fresh.rename(path / layout.COMMON)
            break
    return list(strays.values())


def _find_settings(found: list[Setting] | None, wanted: list[Setting]) -> Iterator[tuple[str, Setting | None]]:
    """What is not as it should be, and the setting that was added, where one was."""
    if found is None:
        yield "all settings", None
        return
    for setting in dict.fromkeys(found):
        if setting not in wanted and not _is_of_branch(setting[0]):
            yield setting[0], setting
    for setting in wanted:
        if setting not in found:
            yield setting[0], None


def _is_of_branch(key: str) -> bool:
    return key.startswith("branch.") and key.count(".") > 1


def _give_away(path: Path, wanted: list[Setting], setting: Setting) -> tuple[Path, ...]:
    """Makes a setting the own one of those worktrees whose programs wrote it, and returns them."""
    key, value = setting
    if key in dict(wanted) or key.startswith("extensions.") or key in ("core.worktree", "core.sharedrepository"):
        return ()
    if key.startswith("remote.") and key.endswith((".promisor", ".partialclonefilter")):
        return ()  # what it left out is missing for all
    owners = tuple(
        admin for admin in _worktrees(path) if command_log.has_set(command_log.read_commands(admin), key, value)
    )
    for admin in owners:
        layout.add_own(admin, [setting])
    return owners


def _settle_files(repository: Repository) -> list[Stray]:
    path = repository.path
    present = [name for name in _NEVER if (path / name).exists()]
    for name in present:
        _remove(path, name)
    return [*map(Stray, present), *_settle_rules(repository)]


def _settle_rules(repository: Repository) -> list[Stray]:
    path, others = repository.path, []
    for name, wanted in _rules(repository).items():
        if _is_other(path / name, wanted):
            others.append(Stray(name))
            if not wanted or (path / name).is_symlink() or not (path / name).is_file():
                _remove(path, name)
            if wanted:
                (path / "info").mkdir(exist_ok=True)
                write_atomic(path / name, wanted, durable=False)
    return others


def _rules(repository: Repository) -> dict[str, bytes]:
    """What attributes and excluded files are to be."""
    project = repository.project
    return {_ATTRIBUTES: project.attributes, _EXCLUDE: _read(repository.path / layout.EXCLUDE) + project.exclude}


def _is_other(file: Path, wanted: bytes) -> bool:
    """Than it is to be, which is a file; of nothing none need be there."""
    if file.is_symlink() or not file.is_file():
        return bool(wanted) or os.path.lexists(file)
    return _read(file) != wanted


def _settle_hooks(path: Path) -> Iterator[Stray]:
    hooks = path / "hooks"
    if hooks.is_symlink() or not hooks.is_dir():
        if hooks.is_symlink() or hooks.exists():
            hooks.unlink()
            yield Stray("hooks")
        hooks.mkdir()
    for name, owners in shared_hooks.give_away(hooks, _worktrees(path)):
        if not owners:
            _remove(path, f"hooks/{name}")
        yield Stray(f"hooks/{name}", owners)


def _settle_history(repository: Repository) -> Iterator[Stray]:
    path = repository.path
    if _is_cut_off(repository):
        (path / "shallow").unlink(missing_ok=True)
        yield Stray("shallow")
    elif (found := _read(path / "shallow")) != _read(path / _SHALLOW):
        write_atomic(path / _SHALLOW, found, durable=False)
    if _list(path / "refs/replace"):
        for ref, value in repository.list_refs("refs/replace").items():
            repository.update_ref(f"refs/gastown/replaced/{ref.rpartition('/')[2]}/{value}", value, None)
            repository.delete_ref(ref, value)
        yield Stray("refs/replace")


def _is_cut_off(repository: Repository) -> bool:
    """Whether history that is here is hidden, as it is for everybody after an agent's `git fetch --depth`."""
    found = _read(repository.path / "shallow")
    if not found or found == _read(repository.path / _SHALLOW):
        return False
    command = ("--shallow-file", "", "rev-list", "--quiet", "--all")
    return repository.run(*command, ok=(0, 128), timeout=MAINTENANCE_TIMEOUT).code == 0


def _worktrees(path: Path) -> list[Path]:
    """The git directories of all worktrees."""
    return [admin for admin in sorted((path / "worktrees").glob("*")) if (admin / "HEAD").is_file()]


def _remove(path: Path, name: str) -> None:
    kept = path / _REMOVED / name
    kept.parent.mkdir(parents=True, exist_ok=True)
    if kept.is_dir() and not kept.is_symlink():
        shutil.rmtree(kept)
    else:
        kept.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        (path / name).rename(kept)


def _read(path: Path) -> bytes:
    """The content of a file; nothing where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _list(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []

"""How a rig's repository is laid out: bare itself, with settings that each of its worktrees has for its own.

`extensions.worktreeConfig` is on from birth. The common `config`, into which any `git config` in any worktree writes,
says bare; each worktree's `config.worktree`, which outranks it, says not. Git 2.39, later ones and GitPython all read
that rightly, and no later change of the common file can turn a worktree into something else.
"""

import json
from contextlib import suppress
from pathlib import Path

from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.git.settings_file import Setting, format_settings, read_settings

COMMON = "config"
#: A worktree's own settings, in its git directory.
WORKTREE = "config.worktree"
#: The common settings as they are to be, beside the file that others write too: pairs in JSON, read without git.
MASTER = "gt-settings.json"
#: What `info/exclude` is to be.
EXCLUDE = "gt-exclude"
#: A copy for agents of what the project needs besides its commits; the common settings include it where it is there.
PROJECT = "gt-project"

#: Of no branch that there is: seen from a worktree, the repository itself has that one checked out, and would keep all
#: others from it.
_HEAD = b"ref: refs/heads/no-branch\n"
#: What git found out about the file system when it made the repository.
_PROBED = ("core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode")

#: What a worktree is to go by, whatever anybody writes into the common settings.
_PINNED: tuple[Setting, ...] = (
    # Background gc of thirty worktrees would race; the deacon packs what lies loose.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("core.logallrefupdates", "true"),
    # Git's default leaves loose objects to the page cache: a power cut would empty the newest commits.
    ("core.fsync", "committed,reference"),
    ("core.fsyncmethod", "batch"),
    # An older git refuses a repository with them.
    ("worktree.userelativepaths", "false"),
)


def common_settings(probed: list[Setting], url: str) -> list[Setting]:
    """What stands in the common file of a repository whose remote is `url`."""
    return [
        # Git takes this extension at version 0 too, and the other programs that read repositories take 0 best.
        ("core.repositoryformatversion", "0"),
        ("core.bare", "true"),
        *(setting for setting in probed if setting[0] in _PROBED),
        *_PINNED,
        ("extensions.worktreeconfig", "true"),
        ("remote.origin.url", url),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        # Agents share this repository: a push of theirs fails, and the path it names says why.
        ("remote.origin.pushurl", "/nowhere/only-the-refinery-pushes"),
        ("receive.denydeletes", "true"),
        ("receive.denynonfastforwards", "true"),
        ("include.path", PROJECT),
        # What git-lfs writes wherever it is run; with it, it leaves the file alone.
        ("lfs.repositoryformatversion", "0"),
    ]


def lay_out(path: Path, url: str) -> list[Setting]:
    """Brings a bare repository to the layout, from whatever state, and returns its common settings as they are to be.

    Each step leaves a repository that works: the worktrees' own files count only once the extension is on.
    """
    known = read_master(path)
    if known is None and (path / "info" / "exclude").is_file():
        write_atomic(path / EXCLUDE, (path / "info" / "exclude").read_bytes())
    probed = known or read_settings(path / COMMON) or [("core.filemode", "true")]
    settings = common_settings(probed, url)
    if known != settings:
        write_atomic(path / MASTER, json.dumps(settings).encode())
    if not (path / "HEAD").is_file() or (path / "HEAD").read_bytes() != _HEAD:
        write_atomic(path / "HEAD", _HEAD)
    for admin in (path / "worktrees").glob("*"):
        if (admin / "HEAD").is_file():
            pin(admin)
    return settings


def read_master(path: Path) -> list[Setting] | None:
    """The common settings as they are to be; None where nothing says so yet."""
    with suppress(OSError, ValueError):
        return [(key, value) for key, value in json.loads((path / MASTER).read_bytes())]
    return None


#: All that stands in the settings of a worktree which nobody has used yet.
OWN = format_settings([("core.bare", "false"), *_PINNED])


def pin(admin: Path) -> None:
    """Writes a worktree's own settings into its git directory; those that it has besides stay."""
    found: list[Setting] | None = []
    with suppress(FileNotFoundError):
        if (admin / WORKTREE).read_bytes().startswith(OWN):
            return
        found = read_settings(admin / WORKTREE)
    _write_own(admin, found or [])


def add_own(admin: Path, settings: list[Setting]) -> None:
    """Gives a worktree settings of its own, in place of those with the same key."""
    keys = {key for key, _ in settings}
    others = [setting for setting in read_settings(admin / WORKTREE) or [] if setting[0] not in keys]
    _write_own(admin, others + settings)


def _write_own(admin: Path, settings: list[Setting]) -> None:
    keys = {"core.bare", *(key for key, _ in _PINNED)}
    others = format_settings(setting for setting in settings if setting[0] not in keys)
    write_atomic(admin / WORKTREE, OWN + others)

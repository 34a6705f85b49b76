"""What a rig's project has besides its commits: filters, drivers and keys that stand in no clone of it.

They are read from the repository that a person named, and kept in a folder of the town where no agent writes. Our own
calls have them from there; `repo.git` gets a copy for agents, which we do not trust: see `shared_files`.
"""

import codecs
import os
import re
import shutil
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.git.command import git
from gastown_tmux.edges.git.settings_file import Setting, format_settings

#: Settings that say how the project's files are read, merged and stored; all others are the person's own affair.
_TAKEN = re.compile(
    r"filter\..+\.(clean|smudge|process|required)"
    r"|merge\..+\.(name|driver|recursive)"
    r"|diff\..+\.(command|textconv|cachetextconv|binary|x?funcname|wordregex|algorithm|trustexitcode)"
    r"|lfs\.(?!repositoryformatversion$|storage$|locksverify$).+|remote\.origin\.lfs(url|pushurl)",
    re.DOTALL,
)
_OWN_SCOPES = ("local", "worktree")
_KEYS = "git-crypt"
_MODULES = "modules"
#: Rules that a repository has besides those in its commits; tools that install a filter often put its own there.
_RULES = ("attributes", "exclude")


@dataclass(frozen=True, slots=True)
class Project:
    """`folder` is the town's own; it need not exist, for most projects bring nothing."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "git-settings"

    @property
    def include(self) -> tuple[Path, ...]:
        """For every call of git that reads, writes or merges the project's files."""
        return (self.settings,) if self.settings.is_file() else ()

    @property
    def attributes(self) -> bytes:
        """Those of the source's `info/attributes`, which outrank all that are committed."""
        return _read(self.folder / "attributes")

    @property
    def exclude(self) -> bytes:
        """What the source's `info/exclude` keeps out of git."""
        return _read(self.folder / "exclude")

    def take_over(self, source: Path) -> bool:
        """Brings the folder up to date with a local repository; whether that changed anything. Raises `GitError`."""
        # Where no repository is any more, this fails, and what was taken stays.
        folders = git("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", cwd=source).lines
        git_dir, common = map(Path, folders)
        changed = [self._keep(self.settings, format_settings(read_own(source)))]
        changed += [self._keep(self.folder / name, _read_rules(common / "info" / name)) for name in _RULES]
        self._find_submodules(git_dir / _MODULES)
        return any([self._keep_keys(git_dir / _KEYS), *changed])

    def submodule_objects(self, name: str) -> list[Path]:
        """Where the local repository has the commits of a submodule."""
        objects = self.folder / _MODULES / name / "objects"
        return [objects] if objects.is_dir() else []

    def _find_submodules(self, modules: Path) -> None:
        link = self.folder / _MODULES
        with plain_errors(link):
            if modules.is_dir() and not (link.is_symlink() and link.readlink() == modules):
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(modules)

    def _keep(self, file: Path, text: bytes) -> bool:
        with plain_errors(file):
            if text == _read(file):
                return False
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(file, text, 0o600)
        return True

    def _keep_keys(self, keys: Path) -> bool:
        kept = self.folder / _KEYS
        if not keys.is_dir() or _contents(keys) == _contents(kept):
            return False
        with plain_errors(kept):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy_keys(keys, kept)
        return True

    def equip(self, git_dir: Path) -> None:
        """Puts the keys where filters look for them, which is in each worktree's own git directory."""
        kept = self.folder / _KEYS
        if kept.is_dir() and _contents(kept) != _contents(git_dir / _KEYS):
            with plain_errors(git_dir):
                _copy_keys(kept, git_dir / _KEYS)


#: A project of commits alone.
NOTHING_MORE = Project(Path(os.devnull))


def read_own(source: Path) -> list[Setting]:
    """What a repository's own settings say of its files, in order, those in files that it includes too."""
    found = git("config", "--list", "--includes", "--show-scope", "-z", cwd=source).records
    settings = []
    for scope, entry in zip(found[::2], found[1::2], strict=True):
        key, has_value, value = entry.partition("\n")
        if scope in _OWN_SCOPES and _TAKEN.fullmatch(key):
            settings.append((key, value if has_value else None))
    return settings


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _read_rules(file: Path) -> bytes:
    """Its lines as they are, without the comments that git itself puts there."""
    lines = _read(file).removeprefix(codecs.BOM_UTF8).split(b"\n")
    return b"".join(line + b"\n" for line in lines if line.strip() and not line.startswith(b"#"))


def _contents(folder: Path) -> dict[Path, bytes]:
    """The files under it, by their path in it; none where it is not there."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _copy_keys(keys: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    for path, content in _contents(keys).items():
        (to / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(to / path, content, 0o600)

"""Where the town itself merges and looks at files: the objects of a rig's repository, and nothing else of it.

Settings, attributes, references and grafts of `repo.git` are open to every agent. Here stand none of them: only what
was taken over from the project's own repository, which no agent writes, and the user's own settings.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.git.command import CHECKOUT_TIMEOUT, Output, git
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.remembered import Remembered
from gastown_tmux.edges.git.repository import Repository

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfilemode = true\n"
ATTRIBUTES = ".gitattributes"
#: What decides how files are read, merged and checked out lies in files called ATTRIBUTES, and in these.
_RULES = (".gitmodules", ".lfsconfig")
#: Those of the project's own repository, which outrank what is committed.
_OWN = "info/attributes"
_rules = Remembered[tuple[str, ...]](64)


@dataclass(frozen=True, slots=True)
class Workbench:
    """A git directory with a work tree, both of them ours and gone afterwards.

    Git takes attributes from files in a work tree, as in a checkout of the target by a person, and from nowhere else.
    """

    repository: Repository
    git_dir: Path
    files: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of whatever runs here besides git. LFS files are left as the pointers they are."""
        return {
            "GIT_DIR": str(self.git_dir),
            "GIT_WORK_TREE": str(self.files),
            "GIT_OBJECT_DIRECTORY": str(self.repository.path / "objects"),
            "GIT_LFS_SKIP_SMUDGE": "1",
        }

    def run(
        self,
        *args: str,
        data: bytes = b"",
        ok: Sequence[int] = (0,),
        config: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        timeout: float = CHECKOUT_TIMEOUT,
    ) -> Output:
        """Git with these objects, in these files."""
        return git(
            *args,
            git_dir=self.git_dir,
            work_tree=self.files,
            env=environment(
                {**self.environment, **(env or {})}, include=self.repository.project.include, config=config
            ),
            data=data,
            ok=ok,
            timeout=timeout,
        )

    def lay_out(self, commit: str, *, every: bool = False) -> None:
        """Brings the index to a commit, and the files to those that hold rules (`every`: to all of its files).

        Where no rules are, as in most projects, there is no index either: of 20,000 files it would take most of the
        time of a merge.
        """
        (self.git_dir / "HEAD").write_text(f"{commit}\n")
        shutil.rmtree(self.files)
        self.files.mkdir()
        rules = list_rules(self.repository.path, commit)
        if not every and not rules and not self.repository.project.attributes:
            (self.git_dir / "index").unlink(missing_ok=True)
            return
        self.run("read-tree", "--reset", commit)
        self.check_out(self.run("ls-files", "-z", "--cached").records if every else rules)

    def add_objects(self, submodule: str, stores: Sequence[Path]) -> None:
        """Gives it the commits of a submodule, from folders of objects."""
        if stores:
            folder = self.git_dir / "modules" / submodule
            _make_git_dir(folder)
            (folder / "objects" / "info").mkdir(exist_ok=True)
            (folder / "objects" / "info" / "alternates").write_text("".join(f"{store}\n" for store in stores))

    def check_out(self, names: Sequence[str], **more: Any) -> None:
        """Brings these files to what the index has. Raises `GitError` where a filter of theirs fails that must not."""
        if names:
            data = os.fsencode("".join(f"{name}\0" for name in names))
            self.run("checkout-index", "--quiet", "--force", "-z", "--stdin", data=data, **more)

    def rules(self) -> dict[str, bytes]:
        """The attributes that hold, by file: the `.gitattributes` laid out, and the project's own."""
        laid_out = {str(path.relative_to(self.files)): path for path in self.files.rglob(ATTRIBUTES)}
        paths = laid_out | {_OWN: self.git_dir / _OWN}
        return {name: path.read_bytes() for name, path in paths.items() if path.is_file() and not path.is_symlink()}


def list_rules(git_dir: Path, commit: str) -> tuple[str, ...]:
    """The files of a commit that hold rules. Of one named by its full id that is remembered: it never changes."""
    if (known := _rules.find(commit)) is not None:
        return known
    names = git("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit, git_dir=git_dir).records
    return _rules.keep(commit, tuple(filter(is_rule, names)))


def keep_rules(git_dir: Path, made: str, like: str) -> None:
    """A commit that was just made holds its rules in the same files as another."""
    _rules.keep(made, list_rules(git_dir, like))


def is_rule(name: str) -> bool:
    """Whether a file of that name holds rules."""
    return name.rpartition("/")[2] == ATTRIBUTES or name in _RULES


@contextmanager
def workbench(repository: Repository) -> Iterator[Workbench]:
    """A fresh one, in the town's folder of disposable things."""
    with repository.scratch_directory() as folder:
        bench = Workbench(repository, folder / "git", folder / "files")
        bench.files.mkdir()
        _make_git_dir(bench.git_dir)
        with suppress(FileNotFoundError):  # where the history begins, of a project of which more is not here
            shutil.copyfile(repository.path / "shallow", bench.git_dir / "shallow")
        repository.project.equip(bench.git_dir)
        if attributes := repository.project.attributes:
            (bench.git_dir / _OWN).parent.mkdir()
            (bench.git_dir / _OWN).write_bytes(attributes)
        yield bench


def _make_git_dir(folder: Path) -> None:
    for made in (folder / "objects", folder / "refs"):
        made.mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(_CONFIG)
    (folder / "HEAD").write_text("ref: refs/heads/none\n")

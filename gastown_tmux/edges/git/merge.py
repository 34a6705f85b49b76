"""How a branch becomes a candidate: merged without a checkout, and checked out for its gates."""

import glob
import os
from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.odd_bytes import printable, quoted_name
from gastown_tmux.edges.git.command import Person, author_environment, git
from gastown_tmux.edges.git.repository import Repository, trees
from gastown_tmux.edges.git.submodule_store import MODULES
from gastown_tmux.edges.git.workbench import Workbench

_NOBODY = Person("gt", "gt@localhost")


@dataclass(frozen=True, slots=True)
class Tree:
    """The merge came out clean: its tree."""

    id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The merge did not: the files in conflict and what git says of them, a line each, as they can be shown."""

    files: tuple[str, ...]
    words: str


def merge_tree(bench: Workbench, target: str, head: str, known: Sequence[str] = ()) -> Tree | Conflict:
    """Merge `head` into `target` as git does in a checkout of the target: by its attributes and the project's drivers.

    Nothing is checked out for it but what holds rules, except where a driver may want to see the project's files.
    `known`: commits of whose changes the target is taken to have all that it wants, whatever its history says.
    Raises `GitError` when the two share no history.
    """
    bench.lay_out(target)
    if _drivers_apply(bench):
        bench.lay_out(target, every=True)
    _find_submodules(bench)
    onto = _with_history(bench.repository, target, known) if known else target
    command = ("merge-tree", "--write-tree", "--name-only", "--messages", "-z", onto, head)
    found = bench.run(*command, ok=(0, 1))
    fields = found.records
    if found.code == 0:
        return Tree(fields[0])
    end = fields.index("", 1)
    files = tuple(map(quoted_name, dict.fromkeys(fields[1:end])))
    # A driver that cannot run leaves a conflict too, and says why here.
    return Conflict(files, printable("\n".join([*_messages(fields[end + 1 :]), found.stderr.strip()]).strip()))


def _drivers_apply(bench: Workbench) -> bool:
    """Whether the rules name a merge driver that is a program."""
    named = b"\n".join(bench.rules().values())
    if b"merge=" not in named:
        return False
    found = bench.run("config", "--null", "--name-only", "--get-regexp", r"^merge\..+\.driver$", ok=(0, 1))
    names = [name.removeprefix("merge.").removesuffix(".driver") for name in found.records]
    return any(b"merge=" + os.fsencode(name) in named for name in names)


def _find_submodules(bench: Workbench) -> None:
    """Lends the bench the commits of submodules, so that git can see which of two is the newer."""
    if not (bench.files / ".gitmodules").is_file():
        return
    pattern = r"^submodule\..+\.path$"
    found = bench.run("config", "--file", ".gitmodules", "--null", "--name-only", "--get-regexp", pattern, ok=(0, 1))
    for name in (key.removeprefix("submodule.").removesuffix(".path") for key in found.records):
        if ".." not in name:
            kept = bench.repository.path / MODULES / name / "objects"
            agents = bench.repository.path.glob(f"worktrees/*/modules/{glob.escape(name)}/objects")
            bench.add_objects(name, [kept, *bench.repository.project.submodule_objects(name), *agents])


def _with_history(repository: Repository, target: str, known: Sequence[str]) -> str:
    """The target's tree in a commit that has more in its history: what git finds the common ancestors by.

    `--merge-base`, for which git must be newer than 2.39, would do for one of them.
    """
    return commit_tree(repository, repository.tree(target), [target, *known], "", _NOBODY, _NOBODY)


def commit_tree(
    repository: Repository,
    tree: str,
    parents: Sequence[str],
    message: str,
    author: Person,
    committer: Person,
) -> str:
    """Make a commit object (no ref moves) and return its id."""
    options = [word for parent in parents for word in ("-p", parent)]
    made = git(
        *("commit-tree", tree, *options, "-F", "-"),
        git_dir=repository.path,
        data=message.encode("utf-8", "surrogateescape"),
        env=author_environment(author, committer),
    ).text
    trees.keep(made, tree)
    return made


def _messages(fields: Sequence[str]) -> list[str]:
    """The messages of `merge-tree -z`: each is a count of paths, these paths, a type and the message."""
    messages = []
    position = 0
    while position < len(fields):
        paths = int(fields[position])
        kind, message = fields[position + paths + 1 : position + paths + 3]
        if kind != "Auto-merging":
            messages.append(message.strip())
        position += paths + 3
    return messages

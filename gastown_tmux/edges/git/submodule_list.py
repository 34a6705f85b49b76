"""What commits of a project say of its submodules."""

from functools import lru_cache
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.git.command import git
from gastown_tmux.edges.git.workbench import is_rule
from gastown_tmux.edges.git.worktree import SUBMODULE

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True, slots=True)
class Submodule:
    """What a commit says of one. `url` is not relative any more; None where nobody wrote one down."""

    path: str
    name: str | None
    url: str | None
    commit: str
    update: str | None = None


def list_submodules(git_dir: Path, commit: str, remote: str) -> list[Submodule]:
    """Those that the project of a commit has written down, by path."""
    blob = f"{commit}:.gitmodules"
    pattern = r"^submodule\..+\.(path|url|update)$"
    found = git("config", f"--blob={blob}", "-z", "--get-regexp", pattern, git_dir=git_dir, ok=(0, 1, 128))
    told: dict[str, dict[str, str]] = {}
    for record in found.records if found.code == 0 else []:
        key, _, value = record.partition("\n")
        name, _, what = key.removeprefix("submodule.").rpartition(".")
        # A name becomes a path.
        if not {"", ".", ".."} & set(name.split("/")):
            told.setdefault(name, {})[what] = value
    named = {facts["path"].rstrip("/"): name for name, facts in told.items() if "path" in facts}
    if not named:
        return []
    listed = git("ls-tree", "-z", "--full-tree", commit, "--", *named, git_dir=git_dir).records
    links = {path: facts.split(" ") for facts, _, path in (record.partition("\t") for record in listed)}
    return [
        Submodule(
            path,
            named[path],
            absolute_url(remote, told[named[path]]["url"]) if "url" in told[named[path]] else None,
            oid,
            told[named[path]].get("update"),
        )
        for path, (mode, _, oid) in sorted(links.items())
        if mode == SUBMODULE
    ]


@dataclass(frozen=True, slots=True)
class Moved:
    """One that is at another commit than it was, or from elsewhere."""

    now: Submodule
    was: Submodule | None


@dataclass(frozen=True, slots=True)
class Touched:
    """What of a project's own order differs between two commits: ``submodules``, files that hold ``rules``."""

    submodules: bool
    rules: bool


@lru_cache(maxsize=256)
def find_touched(git_dir: Path, old: str, new: str) -> Touched:
    """What is said of two commits is remembered: it never changes."""
    records = _differences(git_dir, old, new)
    names = records[1::2]
    submodules = any(SUBMODULE in facts for facts in records[::2]) or ".gitmodules" in names
    return Touched(submodules, any(map(is_rule, names)))


def _differences(git_dir: Path, old: str, new: str) -> list[str]:
    """Facts and name of each file that differs, in turn."""
    return git("diff-tree", "-r", "-z", "--no-renames", "--raw", old, new, git_dir=git_dir).records


@lru_cache(maxsize=256)
def list_moved(git_dir: Path, old: str, new: str, remote: str) -> list[Moved]:
    """Those that `new` has at another commit than `old` has them, from elsewhere, or anew.

    What is said of two commits is remembered: it never changes.
    """
    if not find_touched(git_dir, old, new).submodules:
        return []
    records = _differences(git_dir, old, new)
    before = {found.path: found for found in list_submodules(git_dir, old, remote)}
    by_name = {found.name: found for found in before.values()}
    now = {found.path: found for found in list_submodules(git_dir, new, remote)}
    for facts, path in zip(records[::2], records[1::2], strict=True):
        old_mode, new_mode, old_id, new_id, _ = facts.split(" ")
        if new_mode == SUBMODULE:  # also one that nobody wrote down
            now.setdefault(path, Submodule(path, None, None, new_id))
            if old_mode == f":{SUBMODULE}":
                before.setdefault(path, Submodule(path, None, None, old_id))
    pairs = [Moved(found, before.get(path) or by_name.get(found.name)) for path, found in now.items()]
    return [
        pair for pair in pairs if pair.was is None or (pair.now.commit, pair.now.url) != (pair.was.commit, pair.was.url)
    ]


def absolute_url(remote: str, url: str) -> str:
    """What git makes of a submodule's address that counts from the remote's.

    >>> absolute_url("https://host/a/b.git", "../c.git")
    'https://host/a/c.git'
    >>> absolute_url("host:b.git", "../c.git"), absolute_url("/srv/a/b/", "./c")
    ('host:c.git', '/srv/a/b/c')
    >>> absolute_url("host:b.git", "https://elsewhere/c")
    'https://elsewhere/c'
    """
    if not url.startswith(("./", "../")):
        return url
    base, separator = remote.rstrip("/"), "/"
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            above, found, _ = base.rpartition("/")
            if not found:
                above, separator = base.rpartition(":")[0], ":"
            base = above
        url = url.partition("/")[2]
    return f"{base}{separator}{url}".rstrip("/")

"""What stands behind a rig: where its work is fetched from and lands."""

import getpass
import os
import re
import shlex
import socket
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.git.command import GitError, git, version
from gastown_tmux.edges.git.settings_file import read_settings
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError

PROBE_TIMEOUT = 60.0
#: Letters of an object's name.
_SHA256 = 64
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/]+:")


class Kind(StrEnum):
    URL = "url"
    BARE = "bare"
    ORIGIN = "origin"
    CHECKOUT = "checkout"


@dataclass(frozen=True, slots=True)
class Source:
    """What a person named for a rig.

    `url` is where work is fetched from and lands. `path` is the local repository that was named, if one was.
    `into_checkout`: `url` is a local repository with files checked out, which follow a push.
    """

    kind: Kind
    url: str
    path: Path | None
    into_checkout: bool


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote's branches and the one its HEAD names (None where HEAD names none of them)."""

    default_branch: str | None
    branches: tuple[str, ...]


def describe_source(given: str) -> Source:
    """Tell what `given`, a URL or a path, stands for.

    A path without `origin` lands in itself, one with `origin` in that. Asks no network. Raises
    `NotFoundError` for a missing path and `RefusedError` for one that is not the top of a repository.
    """
    if not given or given.startswith("-"):
        raise UsageError(f"not a URL or a path: {given!r}")
    source = _describe(given)
    for text in (source.url, str(source.path or "")):
        if not is_text(text):
            raise RefusedError(f"gt cannot store this path or URL: {text!r}", "a name of letters, on one line")
    return source


def is_text(text: str) -> bool:
    """Whether it can be stored and shown: on one line, and of no bytes that are no UTF-8.

    >>> is_text("naïve"), is_text("two\\nlines"), is_text("\\udcff")
    (True, False, False)
    """
    return not re.search("[\x00-\x1f\x7f\ud800-\udfff]", text)


def _describe(given: str) -> Source:
    path = _local_path(given)
    if path is None:
        return Source(Kind.URL, given, None, False)
    path, bare = _inspect(path)
    if given.startswith("file:"):
        return Source(Kind.URL, str(path), path, not bare)
    if bare:
        return Source(Kind.BARE, str(path), path, False)
    origin = git("remote", "get-url", "origin", cwd=path, ok=(0, 2, 128))
    if origin.code != 0:
        _refuse_cut_off(path)
        return Source(Kind.CHECKOUT, str(path), path, True)
    _refuse_pushed_elsewhere(path, origin.text)
    # Git reads a relative origin from the top of the repository that has it.
    target = _local_path(origin.text, path)
    if target is None:
        return Source(Kind.ORIGIN, origin.text, path, False)
    target, bare = _inspect(target)
    if not bare:
        _refuse_cut_off(target)
    return Source(Kind.ORIGIN, str(target), path, not bare)


def probe_remote(url: str, seconds: float = PROBE_TIMEOUT) -> Remote:
    """Ask a remote for its branches.

    Raises `GitError` with its own words when it cannot be reached, `RefusedError` when it has no branch, and when its
    objects have names that we cannot read.
    """
    try:
        # Where no repository is, so that none whose folder somebody stands in has a say.
        command = ("ls-remote", "--symref", "--", url, "HEAD", "refs/heads/*")
        found = git(*command, cwd=Path("/"), timeout=seconds)
    except GitError as error:
        raise GitError(
            f"{url} cannot be read: {error.message.removeprefix('git ls-remote: ')}", error.hint, whole=error.whole
        ) from error
    default: str | None = None
    branches: list[str] = []
    for line in found.lines:
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith("ref: refs/heads/"):
            default = value.removeprefix("ref: refs/heads/")
        elif name.startswith("refs/heads/") and is_text(name):
            branches.append(name.removeprefix("refs/heads/"))
        if len(value) == _SHA256:
            raise RefusedError(f"{url} is a SHA-256 repository, and gt reads only SHA-1 ones")
    if not branches:
        raise RefusedError(f"{url} has no branch with a commit yet", "make a first commit there, then try again")
    return Remote(default if default in branches else None, tuple(branches))


def user_email(path: Path | None) -> str | None:
    """The user's e-mail: `GIT_AUTHOR_EMAIL`, else `user.email` of the repository at `path` or global."""
    if given := os.environ.get("GIT_AUTHOR_EMAIL"):
        return given
    return git("config", "--get", "user.email", cwd=path or Path("/"), ok=(0, 1)).text or None


def guess_email() -> str:
    """What a mail program would take for the address of whoever runs us; a user without a name has a number."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _local_path(given: str, base: Path | None = None) -> Path | None:
    """The path in `given` as git would read it; None for a URL or `host:path`."""
    if given.startswith("file://"):
        return Path(unquote(urlsplit(given).path))
    path = Path(base or Path.cwd(), given)
    return None if _URL.match(given) and not path.exists() else path


def _inspect(path: Path) -> tuple[Path, bool]:
    """The resolved top of the repository at `path`, and whether it is bare."""
    if not path.exists():
        raise NotFoundError(f"no such path: {path}")
    top = path.resolve()
    if top.name == ".git" and top.is_dir():
        top = top.parent
    if not top.is_dir():
        raise RefusedError(f"{path} is not a directory")
    try:
        bare, inside = git("rev-parse", "--is-bare-repository", "--is-inside-git-dir", cwd=top).lines
    except GitError as error:
        if "not a git repository" in error.whole:
            raise RefusedError(f"{path} is not the top of a git repository") from error
        if "unknown repository extension" in error.message:
            needs, ours = _extensions(top), "{}.{}".format(*version())
            raise RefusedError(f"{path} needs a git that knows {needs}; this one is {ours}", "a newer git") from error
        raise
    if bare == "false" and inside == "true":
        hint = f"name the checkout it belongs to, or: git -C {shlex.quote(str(path))} config core.bare true"
        raise RefusedError(f"{path} is a git folder, and its core.bare says that its files are elsewhere", hint)
    return top, bare == "true"


def _refuse_pushed_elsewhere(path: Path, origin: str) -> None:
    """A person's pushes go elsewhere than their fetches come from (to a fork; nowhere, on purpose): who is to know
    where work is to land?
    """
    urls = git("config", "--get-all", "remote.origin.url", cwd=path, ok=(0, 1)).lines
    pushed = git("config", "--get-all", "remote.origin.pushurl", cwd=path, ok=(0, 1)).lines
    if pushed and not {origin, *urls} & set(pushed):
        words = f"the origin of {path} is fetched from {origin} and pushed to {pushed[0]}"
        raise RefusedError(words, "gt rig add NAME URL, with the one of the two that work is to land in")


def _refuse_cut_off(top: Path) -> None:
    """Of a checkout whose `.git` is a file git knows not where the files are, when something is pushed to it.

    But for linked worktrees, which it has a list of.
    """
    folders = git("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", cwd=top).lines
    if (top / ".git").is_file() and folders[0] == folders[1]:
        hint = f"give it an origin, or: git clone --bare {shlex.quote(str(top))} ELSEWHERE.git, and name that"
        raise RefusedError(f"nothing can land in {top}: its .git is a file, and its files could not follow", hint)


def _extensions(top: Path) -> str:
    """What a git must know to read the repository."""
    folder = top / ".git" if (top / ".git").is_dir() else top
    found = read_settings(folder / "config") or []
    return ", ".join(f"{key}={value}" for key, value in found if key.startswith("extensions."))

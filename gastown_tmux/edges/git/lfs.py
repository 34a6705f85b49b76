"""Git LFS: pointers in commits, the objects they stand for, and how these come to the server before the commit does."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError
from gastown_tmux.edges.git.filters import Blob
from gastown_tmux.edges.git.workbench import Workbench

#: No pointer is longer.
_LONGEST = 1024
_POINTER = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v\d\n"
    rb"(?:ext-.+\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?",
)
#: Objects that a push cannot do without, as git-lfs lists them.
_MISSING = re.compile(r"\((?:missing|corrupt)\) (.+) \([0-9a-f]{64}\)")
_LOCKED = re.compile(r"^\* (.+?) - (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What is committed instead of a file."""

    oid: str
    size: int


def read_pointers(bench: Workbench, files: Mapping[str, Blob]) -> dict[str, Pointer | None]:
    """What each of these files is a pointer to; None for one that is none, but the file itself."""
    sizes = _sizes(bench, {blob.id for blob in files.values()})
    texts = _contents(bench, {id for id, size in sizes.items() if 0 < size <= _LONGEST})
    found: dict[str, Pointer | None] = {}
    for name, blob in files.items():
        match = _POINTER.fullmatch(texts.get(blob.id, b""))
        # Of an empty file git-lfs makes no pointer.
        empty = None if sizes[blob.id] else Pointer("", 0)
        found[name] = Pointer(match[1].decode(), int(match[2])) if match else empty
    return found


def _sizes(bench: Workbench, ids: Iterable[str]) -> dict[str, int]:
    lines = bench.run("cat-file", "--batch-check", data="".join(f"{id}\n" for id in ids).encode()).lines
    return {id: int(size) for id, _, size in (line.split(" ") for line in lines)}


def _contents(bench: Workbench, ids: Iterable[str]) -> dict[str, bytes]:
    rest = bench.run("cat-file", "--batch", data="".join(f"{id}\n" for id in ids).encode()).stdout
    found = {}
    while rest:
        head, _, rest = rest.partition(b"\n")
        id, _, size = head.decode().split(" ")
        found[id], rest = rest[: int(size)], rest[int(size) + 1 :]
    return found


def find_absent(bench: Workbench, pointers: Mapping[str, Pointer]) -> list[str]:
    """Those whose object is not here whole."""
    return [name for name, pointer in pointers.items() if pointer.size and not _is_here(bench, pointer)]


def _is_here(bench: Workbench, pointer: Pointer) -> bool:
    path = _store(bench) / "objects" / pointer.oid[:2] / pointer.oid[2:4] / pointer.oid
    if not path.is_file() or path.stat().st_size != pointer.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == pointer.oid


def _store(bench: Workbench) -> Path:
    """Where agents' git-lfs keeps objects, which is where ours finds them too.

    Not by `lfs.storage`: git-lfs would take that for the place of a local remote's as well, and send nothing.
    """
    store, own = bench.repository.path / "lfs", bench.git_dir / "lfs"
    store.mkdir(exist_ok=True)
    if not own.is_symlink():
        own.symlink_to(store)
    return store


#: What is said of an object that a server lacks, in one way or another; of one that does not answer, other things.
_ABSENT = re.compile(r"does not exist|not found|missing|no such|\b404\b|\b410\b", re.IGNORECASE)


def fetch(bench: Workbench, url: str, names: list[str]) -> None:
    """Asks the server for the objects of these files, which are in the index: it may have some of them and not others.

    Raises `GitError` where it cannot be asked.
    """
    _store(bench)
    try:
        bench.check_out(names, config=_remote(url), env={"GIT_LFS_SKIP_SMUDGE": "0"}, timeout=NETWORK_TIMEOUT)
    except GitError as error:
        if not _ABSENT.search(error.whole):
            raise


@dataclass(frozen=True, slots=True)
class Locked:
    """Somebody else has files of it for their own, as the words say."""

    words: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """Objects of these files are neither here nor on the server."""

    files: tuple[str, ...]


def upload(bench: Workbench, url: str, branch: str, old: str, new: str) -> Locked | Lacking | None:
    """Brings what lies between two commits to the server, as a push of `new` to `branch` would; else why it may not.

    The rules of `new` are laid out, for they may name the server. Raises `GitError` where that cannot be reached.
    """
    _store(bench)
    ref = f"refs/heads/{branch}"
    found = bench.run(
        *("lfs", "pre-push", "origin", url),
        data=f"{ref} {new} {ref} {old}\n".encode(),
        # A user's own may say to send nothing, or to leave out what is missing.
        config=[*_remote(url), "lfs.allowincompletepush=false"],
        env={"GIT_LFS_SKIP_PUSH": "0"},
        ok=(0, 1, 2),
        timeout=NETWORK_TIMEOUT,
    )
    if found.code == 0:
        return None
    said = f"{found.stdout.decode(errors='replace')}\n{found.stderr}"
    if locked := _LOCKED.findall(said):
        return Locked(", ".join(f"{path} by {owner}" for path, owner in locked))
    if missing := _MISSING.findall(said):
        return Lacking(tuple(dict.fromkeys(missing)))
    raise GitError(f"git lfs pre-push: {cause_of(said) or f'exit status {found.code}'}", whole=said)


def _remote(url: str) -> list[str]:
    return [f"remote.origin.url={url}", f"remote.origin.pushurl={url}"]

"""The package with an interpreter of its own that this very ``gt`` runs from, and its tarball for another machine."""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.errors import MissingError

#: Lies at the top of a bundle, beside ``bin`` and ``runtime``.
MARK = "bundle.json"
#: The main package on npm; one for each kind of machine, named after it, is this bundle.
NPM_NAME = "gastown-tmux"
_PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Bundle:
    """``platform`` is ``linux-x86_64``; ``glibc`` the oldest that it runs with, as ``2.35``."""

    folder: Path
    version: str
    platform: str
    glibc: str

    @property
    def name(self) -> str:
        """Of the tarball, without its ending."""
        return f"gt-{self.version}-{self.platform}-glibc{self.glibc}"

    @property
    def command(self) -> Path:
        """Its ``gt``; beside it lies nothing else, since agents have this folder first on their PATH."""
        return self.folder / "bin" / "gt"

    @property
    def npm_commands(self) -> tuple[Path, ...]:
        """Where npm has put the ``gt`` of the main package, which leads here: beside, or around."""
        beside = self.folder.parent
        if beside.name != "node_modules":
            return ()
        return beside / NPM_NAME / "bin" / "gt", beside.parent / "bin" / "gt"


def find_bundle() -> Bundle | None:
    """The one that this process runs from; None in an environment."""
    return read_bundle(Path(sys.prefix).parent)


def read_bundle(folder: Path) -> Bundle | None:
    """What lies in the folder; None where that is no bundle."""
    try:
        told = json.loads((folder / MARK).read_text())
        return Bundle(folder, str(told["version"]), str(told["platform"]), str(told["glibc"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_archive(cache: Path, version: str) -> Path:
    """The tarball to unpack on another machine of the same kind: ``bin/gt`` is then in its one folder.

    A bundle packs itself, once, into ``cache``; a checkout has what ``just bundle`` left in ``dist`` for that version.
    Raises MissingError where there is neither.
    """
    bundle = find_bundle()
    if bundle is not None:
        made = cache / f"{bundle.name}.tar.gz"
        if not made.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            pack(bundle.folder, made, bundle.name)
        return made
    built = sorted(
        (_PACKAGE.parent / "dist").glob(f"gt-{version}-linux-*.tar.gz"), key=lambda path: path.stat().st_mtime
    )
    if built:
        return built[-1]
    raise MissingError("this gt was not installed from a package that could be copied", hint="just bundle")


def pack(folder: Path, archive: Path, top: str) -> None:
    """The folder as ``archive``, under the name ``top``: the same bytes whoever packs it, and whole or not at all.

    Leaves out what a machine's administrator may have put beside: links, sockets.
    """
    write_archive(archive, ((f"{top}/{path.relative_to(folder)}", path) for path in _walk(folder)))


def write_archive(archive: Path, files: Iterable[tuple[str, Path | bytes]]) -> None:
    """Names with the files of that content, executable where they are, in the order given."""
    import gzip  # with tarfile 10 ms, for the one verb that copies us to another machine
    import io
    import tarfile

    aside = archive.with_name(f".{archive.name}.{os.getpid()}")
    try:
        with (
            aside.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, content in files:
                entry = tarfile.TarInfo(name)
                entry.mode = 0o644
                if isinstance(content, bytes):
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
                    continue
                status = content.stat()
                entry.size, entry.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
                with content.open("rb") as file:
                    tar.addfile(entry, file)
        aside.replace(archive)
    finally:
        aside.unlink(missing_ok=True)


def _walk(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())

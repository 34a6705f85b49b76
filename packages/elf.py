"""What machine code asks of a machine: which libraries it loads, and how new its C library must be."""

import os
from collections.abc import Iterator
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from packages.project import PackagingError, run

#: The C library's own, which no program may bring along: they belong to the kernel's loader of the machine.
OF_THE_MACHINE = {
    *("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libresolv.so.2"),
    *("libanl.so.1", "libnss_files.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
}
_FOLDERS = ("/lib/{}", "/usr/lib/{}", "/lib64", "/usr/lib64", "/usr/local/lib")


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def list_elf(folder: Path) -> list[Path]:
    """Every file of machine code in the folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and is_elf(path))


def needs(path: Path) -> list[str]:
    """The names of the libraries that the kernel's loader looks for."""
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dynamic")
        if not isinstance(section, DynamicSection):
            return []
        return [tag.needed for tag in section.iter_tags("DT_NEEDED")]


def find_library(name: str, root: Path, folders: list[Path]) -> Path:
    """Where the loader would find it. Raises PackagingError."""
    triplet = f"{os.uname().machine}-linux-gnu"
    for folder in (*folders, *(root / place.format(triplet).lstrip("/") for place in _FOLDERS)):
        if (folder / name).exists():
            return (folder / name).resolve()
    raise PackagingError(f"no {name} in {root}, which the interpreter needs")


def glibc(folder: Path) -> int:
    """N of the newest ``GLIBC_2.N`` that anything in the folder asks for."""
    return max((minor for path in list_elf(folder) for minor in _glibc_versions(path)), default=0)


def _glibc_versions(path: Path) -> Iterator[int]:
    try:
        with path.open("rb") as file:
            for section in ELFFile(file).iter_sections():
                if isinstance(section, GNUVerNeedSection):
                    for _, versions in section.iter_versions():
                        for version in versions:
                            name = version.name
                            if name.startswith("GLIBC_2."):
                                yield int(name.split(".")[1])
    except ELFError as error:
        raise PackagingError(f"{path}: {error}") from error


def set_rpath(path: Path, libraries: Path) -> None:
    """Its libraries are looked for in that folder first, by the way from the file to it."""
    way = os.path.relpath(libraries, path.parent)
    run("patchelf", "--set-rpath", "$ORIGIN" if way == "." else f"$ORIGIN/{way}", path)

"""``python -m tests.versions.build tmux|git VERSION``: another tmux or git, built once from Debian's source package.

Prints the folder with its programs, which lies in ``$GT_TOOLS_CACHE`` (``~/.cache/gastown-tmux/tools``). Uses a list
of sources of its own, so the machine's stays as it is; what the build needs is installed where root runs this.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SUITES = ("bookworm", "trixie", "trixie-backports", "forky", "sid")
_MIRROR = "http://deb.debian.org/debian"
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SECONDS = 1200


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a program is made from its unpacked source: ``{prefix}`` is where it will be."""

    packages: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]


_GIT_WITHOUT = ("NO_GETTEXT", "NO_TCLTK", "NO_PERL", "NO_PYTHON", "NO_EXPAT", "NO_RUST", "NO_INSTALL_HARDLINKS")
_GIT = ("make", "-s", "-j2", "CFLAGS=-O1", "prefix={prefix}", *(f"{name}=1" for name in _GIT_WITHOUT))
_COMMON = ("dpkg-dev", "gcc", "make", "libc6-dev")
RECIPES = {
    "git": Recipe(
        (*_COMMON, "zlib1g-dev", "libcurl4-gnutls-dev"),
        ((*_GIT, "all"), (*_GIT, "DESTDIR={stage}", "install")),
    ),
    "tmux": Recipe(
        (*_COMMON, "bison", "pkgconf", "libevent-dev", "libncurses-dev"),
        (
            ("./configure", "--quiet", "--prefix={prefix}", "CFLAGS=-O1"),
            ("make", "-s", "-j2"),
            ("make", "-s", "DESTDIR={stage}", "install"),
        ),
    ),
}


class NotBuiltError(Exception):
    """Why there is no such program, for a person."""


def default_cache() -> Path:
    """Where built programs are kept."""
    given = os.environ.get("GT_TOOLS_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "gastown-tmux" / "tools"


def build(name: str, version: str, cache: Path) -> Path:
    """The folder with the program's commands, made now unless it is there.

    ``version`` may be the beginning of one (2.55); raises NotBuiltError where Debian's archive has none such.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        kept = [folder for folder in cache.glob(f"{name}-*") if _fits(folder.name.removeprefix(f"{name}-"), version)]
        if kept:
            return max(kept, key=lambda folder: folder.stat().st_mtime) / "bin"
        _install_packages(RECIPES[name].packages)
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as folder:
            return _build(name, version, cache, Path(folder))


def _build(name: str, version: str, cache: Path, folder: Path) -> Path:
    apt = _private_apt(folder)
    subprocess.run(["apt-get", *apt, "-qq", "update"], check=True, timeout=_SECONDS)
    package = _newest_package(name, version, apt)
    source, stage = folder / "source", folder / "stage"
    subprocess.run(
        ["apt-get", *apt, "-qq", "--download-only", "source", f"{name}={package}"],
        cwd=folder,
        check=True,
        timeout=_SECONDS,
    )
    description = next(folder.glob("*.dsc"))
    subprocess.run(["dpkg-source", "-x", description, source], check=True, stdout=sys.stderr, timeout=_SECONDS)
    made = cache / f"{name}-{_upstream(package)}"
    for step in RECIPES[name].steps:
        words = [word.format(prefix=made, stage=stage) for word in step]
        subprocess.run(["nice", "-n5", *words], cwd=source, check=True, stdout=sys.stderr, timeout=_SECONDS)
    # Put in its place whole, so that a build that was killed leaves nothing that looks finished.
    (stage / made.relative_to("/")).rename(made)
    return made / "bin"


def _private_apt(folder: Path) -> list[str]:
    """Options that give apt lists of source packages in ``folder``, and leave the machine's alone."""
    for made in ("lists/partial", "cache/archives/partial"):
        (folder / made).mkdir(parents=True)
    lines = [f"deb-src [signed-by={_KEYS}] {_MIRROR} {suite} main" for suite in _SUITES]
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        # The folder of a private cache is closed to apt's own user.
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in options.items() for word in ("-o", f"{key}={value}")]


def _newest_package(name: str, version: str, apt: list[str]) -> str:
    shown = subprocess.run(
        ["apt-cache", *apt, "showsrc", "--only-source", name], capture_output=True, text=True, timeout=_SECONDS
    ).stdout
    there = [line.split(": ")[1] for line in shown.splitlines() if line.startswith("Version: ")]
    fitting = [package for package in there if _fits(_upstream(package), version)]
    if not fitting:
        raise NotBuiltError(f"no {name} {version} among Debian's sources: {', '.join(map(_upstream, there)) or 'none'}")
    return fitting[-1]


def _upstream(package: str) -> str:
    """1:2.55.0-1 is Debian's package of 2.55.0."""
    return package.split(":")[-1].rsplit("-", 1)[0]


def _fits(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(f"{wanted}.")


def _install_packages(packages: tuple[str, ...]) -> None:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    have = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    missing = [package for package in packages if package not in have]
    if not missing:
        return
    command = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise NotBuiltError(f"missing for the build: sudo {' '.join(command)}")
    subprocess.run(["apt-get", "-qq", "update"], check=True, stdout=sys.stderr, timeout=_SECONDS)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=quiet, check=True, stdout=sys.stderr, timeout=_SECONDS)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One build at a time; the kernel lets go of it when its holder dies."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    match sys.argv[1:]:
        case [name, version] if name in RECIPES:
            pass
        case _:
            print(f"usage: python -m tests.versions.build {'|'.join(RECIPES)} VERSION", file=sys.stderr)
            return 2
    missing = [program for program in ("apt-get", "dpkg-query") if shutil.which(program) is None]
    if missing:
        print(f"build: needs Debian's {', '.join(missing)}", file=sys.stderr)
        return 5
    try:
        print(build(name, version, default_cache()))
    except (NotBuiltError, subprocess.SubprocessError) as fault:
        print(f"build: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m packages.wheels``: our wheel and sdist in dist/, the locked wheels that they need in dist/wheels."""

import shutil
import sys
from pathlib import Path

from packages.project import DIST, LOCK, ROOT, PackagingError, fail, run, say, version


def main() -> int:
    try:
        build_wheel(DIST)
        build_sdist(DIST)
        fetch_wheels(DIST / "wheels", Path(sys.executable))
    except PackagingError as error:
        return fail(error)
    say(f"pip install --no-index --find-links dist/wheels dist/{wheel_name()}")
    return 0


def wheel_name() -> str:
    return f"gastown_tmux-{version()}-py3-none-any.whl"


def build_wheel(target: Path) -> Path:
    """Without network: the builder is one of the tools for packages."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target, cwd=ROOT)
    return target / wheel_name()


def build_sdist(target: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", target, cwd=ROOT)
    return target / f"gastown_tmux-{version()}.tar.gz"


def fetch_wheels(target: Path, python: Path) -> Path:
    """Exactly those of the lock, proved by its hashes, for the Python that is to run them."""
    kept = target.with_name(f".{target.name}")
    shutil.rmtree(kept, ignore_errors=True)
    version = python.name.removeprefix("python") if python.name.startswith("python3.") else "3.11"
    run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--require-hashes",
        "-r", LOCK, "--only-binary", ":all:", "--python-version", version, "-d", kept,
    )  # fmt: skip
    shutil.rmtree(target, ignore_errors=True)
    kept.rename(target)
    return target


if __name__ == "__main__":
    sys.exit(main())

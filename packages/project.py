"""What the packages are made of: the project's own files, its version and its locked needs."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
LOCK = ROOT / "packages" / "requirements.txt"
#: The folders of packages here are named for the machine as npm names it.
PLATFORM = "linux-x64-gnu"
SECONDS = 600


class PackagingError(Exception):
    """Why no package was made, for a person."""


def read_project() -> dict[str, Any]:
    """The table ``[project]`` of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def version() -> str:
    return str(read_project()["version"])


def run(*command: object, cwd: Path = ROOT) -> None:
    """Raises PackagingError with what the command said last."""
    words = [str(word) for word in command]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise PackagingError(f"{words[0]} {' '.join(words[1:4])} … failed:\n" + "\n".join(said))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fail(error: PackagingError) -> int:
    say(f"packages: {error}")
    return 1

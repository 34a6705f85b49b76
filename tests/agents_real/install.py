"""Puts the pinned programs into a cache, in one folder for each: made by npm, under the node of ``CACHE/node``, or a
virtual environment.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.agents_real.programs import NODE, Program

_SECONDS = 600
#: Milliseconds for one file: a connection that stands still is given up and made anew. npm's own are five minutes.
_FETCH = 60_000


class NoNpmError(Exception):
    """There is no npm on PATH."""


def default_cache() -> Path:
    given = os.environ.get("GT_AGENT_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(home) / "gastown-tmux" / "agents"


def machine() -> str:
    """As npm's platform packages are called."""
    system = {"linux": "linux", "darwin": "darwin"}[sys.platform]
    return f"{system}-{'arm64' if platform.machine() in ('arm64', 'aarch64') else 'x64'}"


def install(cache: Path, program: Program) -> None:
    """Does nothing where it is there already. Raises NoNpmError, or CalledProcessError with the words of npm or pip
    on stderr.
    """
    if program.from_pypi:
        _install(cache / program.name, program.packages, _pip)
        return
    _install(cache / "node", (f"node-{machine()}@{NODE}",), _npm)
    path = f"{node_folder(cache)}:{os.environ['PATH']}"
    _install(cache / program.name, program.packages, lambda *given: _npm(*given, path=path))


def node_folder(cache: Path) -> Path:
    return cache / "node" / "node_modules" / f"node-{machine()}" / "bin"


def search_path(cache: Path, program: Program) -> list[Path]:
    """The folders in which the program and its node are found."""
    if program.from_pypi:
        return [cache / program.name / "bin"]
    modules = cache / program.name / "node_modules"
    native = [modules / folder.format(machine=machine()) for folder in program.folders]
    return [*native, modules / ".bin", node_folder(cache)]


def _install(folder: Path, packages: tuple[str, ...], fill: Callable[[Path, tuple[str, ...]], None]) -> None:
    mark = folder / "installed.json"
    if mark.exists() and json.loads(mark.read_text()) == list(packages):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"installing {' '.join(packages)}", flush=True)
    fill(folder, packages)
    mark.write_text(json.dumps(packages))


def _npm(folder: Path, packages: tuple[str, ...], path: str | None = None) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoNpmError
    (folder / "package.json").write_text("{}\n")
    _run(npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
         f"--fetch-timeout={_FETCH}", "--fetch-retry-mintimeout=1000", *packages,
         cwd=folder, env={**os.environ, "PATH": path or os.environ["PATH"]})  # fmt: skip


def _pip(folder: Path, packages: tuple[str, ...]) -> None:
    venv.create(folder, with_pip=True)
    _run(str(folder / "bin" / "pip"), "install", "--quiet", *packages, cwd=folder, env=os.environ)


def _run(*command: str, cwd: Path, env: Mapping[str, str]) -> None:
    subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=True)

"""Puts the pinned programs into a cache: ``CACHE/node`` and one folder for each, made by npm under that node."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tests.agents_real.programs import NODE, Program

_SECONDS = 600


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
    """Does nothing where it is there already. Raises NoNpmError, or CalledProcessError with npm's words on stderr."""
    _install(cache / "node", (f"node-{machine()}@{NODE}",), os.environ["PATH"])
    path = f"{node_folder(cache)}:{os.environ['PATH']}"
    _install(cache / program.name, tuple(package.format(machine=machine()) for package in program.packages), path)


def node_folder(cache: Path) -> Path:
    return cache / "node" / "node_modules" / f"node-{machine()}" / "bin"


def search_path(cache: Path, program: Program) -> list[Path]:
    """The folders in which the program and its node are found."""
    modules = cache / program.name / "node_modules"
    native = [modules / folder.format(machine=machine()) for folder in program.folders]
    return [*native, modules / ".bin", node_folder(cache)]


def _install(folder: Path, packages: tuple[str, ...], path: str) -> None:
    mark = folder / "installed.json"
    if mark.exists() and json.loads(mark.read_text()) == list(packages):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NoNpmError
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text("{}\n")
    print(f"installing {' '.join(packages)}", flush=True)
    subprocess.run(
        [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *packages],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=True,
    )
    mark.write_text(json.dumps(packages))

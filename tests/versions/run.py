"""``just test-with tmux|git|python VERSION [PYTEST ARGUMENTS]``: the tests with another tmux, git or Python.

Where nothing is said about which tests, all of them. A tmux or git is built once (``tests.versions.build``); a Python
comes from PATH, pyenv or uv, and gets an environment of its own in this checkout.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.versions.build import RECIPES, NotBuiltError, build, default_cache

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 600


def main() -> int:
    match sys.argv[1:]:
        case ["python", version, *more]:
            pass
        case [kind, version, *more] if kind in RECIPES:
            pass
        case _:
            print("usage: just test-with tmux|git|python VERSION [PYTEST ARGUMENTS]", file=sys.stderr)
            return 2
    kind = sys.argv[1]
    try:
        if kind == "python":
            python, path = make_environment(version), os.environ["PATH"]
        else:
            python, path = Path(sys.executable), f"{build(kind, version, default_cache())}:{os.environ['PATH']}"
    except (NotBuiltError, OSError, subprocess.SubprocessError) as fault:
        print(f"test-with: {fault}", file=sys.stderr)
        return 1
    command = [python, "-m", "pytest", "-n", "auto", *more]
    return subprocess.run(command, cwd=_ROOT, env={**os.environ, "PATH": path}).returncode


def make_environment(version: str) -> Path:
    """The Python of an environment with this checkout and the tools, brought up to date where it is there already."""
    place = _ROOT / f".venv-{version}"
    python = place / "bin" / "python"
    if not python.exists():
        if shutil.which("uv"):
            make = ["uv", "venv", "--quiet", "--seed", "--python", version]
        else:
            make = [str(find_python(version)), "-m", "venv"]
        subprocess.run([*make, place], check=True, timeout=_SECONDS)
    tools = tomllib.loads((_ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    install = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*install, "-e", _ROOT, *tools], check=True, timeout=_SECONDS)
    return python


def find_python(version: str) -> Path:
    """On PATH, where shims count only if they start, or among pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    named = shutil.which(f"python{version}")
    for python in [*([Path(named)] if named else []), *sorted(root.glob(f"versions/{version}*/bin/python3"))]:
        asked = subprocess.run([python, "-I", "-c", ""], capture_output=True, timeout=_SECONDS)
        if asked.returncode == 0:
            return python
    raise NotBuiltError(f"no Python {version} on PATH, in {root}, or by uv")


if __name__ == "__main__":
    sys.exit(main())

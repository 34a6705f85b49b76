"""``python -m packages.bundle [--python PATH]``: dist/gt-VERSION-linux-ARCH-glibcX.Y.tar.gz, made to run from anywhere.

``--python`` names the interpreter to copy, which may lie in an older root, so that the
bundle runs on older machines; else it is that of the environment.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gastown_tmux.edges.hosts.bundle import MARK, pack, read_bundle
from packages import elf
from packages.entry import write_entry
from packages.interpreter import compile_all, copy_interpreter, packages_folder
from packages.project import DIST, PLATFORM, ROOT, PackagingError, fail, run, say, version
from packages.wheels import build_wheel, fetch_wheels

#: What a bundle that lacks one of its libraries cannot import.
_IMPORTS = (
    *("ssl", "sqlite3", "lzma", "bz2", "ctypes", "uuid", "curses", "zlib", "decimal"),
    *(
        "apprise",
        "git",
        "libtmux",
        "prompt_toolkit",
        "psutil",
        "starlette",
        "textual",
        "uvicorn",
        "watchdog.observers",
        "yaml",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="just bundle")
    parser.add_argument("--python", type=Path, default=own_python())
    given = parser.parse_args()
    try:
        print(build(given.python.absolute()))
    except PackagingError as error:
        return fail(error)
    return 0


def own_python() -> Path:
    """The interpreter that the environment was made of."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


def build(python: Path) -> Path:
    """The tarball; the same bundle lies unpacked beside it, in dist/bundle."""
    folder = DIST / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    say(f"copying {python}")
    made = copy_interpreter(python, folder / "runtime")
    packages = packages_folder(made)
    say("installing the locked packages")
    wheel = build_wheel(DIST)
    install(made, packages, [wheel], fetch_wheels(DIST / "wheels", made))
    shutil.copy(ROOT / "bin" / "gt", folder / "runtime" / "gt.py")
    shutil.copy(ROOT / "LICENSE", folder)
    shutil.copy(ROOT / "README.md", folder)
    shutil.copytree(ROOT / "docs" / "man", folder / "share" / "man" / "man1")
    copy_licenses(folder)
    say("compiling")
    compile_all(made, folder / "runtime" / "lib")
    oldest = elf.glibc(folder)
    told = {"version": version(), "platform": f"linux-{os.uname().machine}", "glibc": f"2.{oldest}"}
    (folder / MARK).write_text(json.dumps({**told, "npm": PLATFORM}, indent=2) + "\n")
    write_entry(folder / "bin" / "gt", made.name, oldest, [])
    prove(folder)
    bundle = read_bundle(folder)
    assert bundle is not None
    archive = DIST / f"{bundle.name}.tar.gz"
    pack(folder, archive, bundle.name)
    return archive


def install(python: Path, packages: Path, own: list[Path], wheels: Path) -> None:
    """What the lock names, and our own wheel, without their scripts: only ours is for people."""
    packages.mkdir(parents=True, exist_ok=True)
    command = ["uv", "pip", "install", "--quiet", "--python", python, "--target", packages, "--link-mode", "copy"]
    run(
        *command, "--no-index", "--find-links", wheels, "--require-hashes", "-r", ROOT / "packages" / "requirements.txt"
    )
    run(*command, "--no-index", "--no-deps", *own)
    for left in ("bin", "share", ".lock"):
        path = packages / left
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for left in packages.rglob("direct_url.json"):  # names the folder of whoever built this
        left.unlink()


def copy_licenses(folder: Path) -> None:
    """Of what was copied from this machine: Debian keeps each package's in one place."""
    target = folder / "licenses"
    target.mkdir()
    names = [path.name for path in (folder / "runtime" / "lib").glob("*.so*")]
    for name in [*names, *(path.name for path in (folder / "runtime" / "bin").iterdir())]:
        shown = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True, timeout=30).stdout
        for package in {line.split(":")[0] for line in shown.splitlines()}:
            copyright = Path("/usr/share/doc") / package / "copyright"
            if copyright.is_file():
                shutil.copy(copyright, target / f"{package}.txt")


def prove(folder: Path) -> None:
    """That it answers from another place, where nothing of the environment is to be found."""
    with tempfile.TemporaryDirectory(prefix="gt-bundle-") as place:
        moved = Path(place) / "moved here"
        shutil.copytree(folder, moved)
        bare = {"PATH": "/usr/bin:/bin", "HOME": place, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        script = f"import {', '.join(_IMPORTS)}"
        python = next((moved / "runtime" / "bin").iterdir())
        for command in ([moved / "bin" / "gt", "--version"], [python, "-I", "-c", script]):
            done = subprocess.run(command, env=bare, cwd="/", capture_output=True, text=True, timeout=60)
            if done.returncode:
                raise PackagingError(f"the bundle does not run: {done.stderr.strip()}")
        if done_with := sorted(str(path.relative_to(moved)) for path in moved.rglob("*") if path.is_symlink()):
            raise PackagingError(f"links in the bundle, which npm does not know: {', '.join(done_with[:3])}")


if __name__ == "__main__":
    sys.exit(main())

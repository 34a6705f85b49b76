"""A Python that may lie anywhere: this machine's own, with the libraries that it loads, copied."""

import os
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

from packages import elf
from packages.project import PackagingError, say

#: Of the standard library, what no program of ours runs: tests, other people's tools, what asks for a display, and
#: what would bring along libraries under the GPL (readline, gdbm).
LEFT_OUT = (
    "test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "__pycache__",
    "site-packages", "dist-packages", "config-*", "EXTERNALLY-MANAGED", "sitecustomize.py", "turtle.py",
    "_test*", "_xx*", "xx*", "_ctypes_test*", "_crypt*", "crypt.py", "distutils", "nis*", "readline*", "_gdbm*",
    "_dbm*", "_tkinter*", "ossaudiodev*", "*.a", "*.pickle",
)  # fmt: skip

_ASK = """
import os, sys, sysconfig
print(os.path.realpath(sys.executable), sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED"), sep="\\n")
"""


def copy_interpreter(source: Path, target: Path) -> Path:
    """Makes ``target/bin/python3.X`` with its library under ``target/lib``; the new interpreter.

    ``source`` may lie in another root: what it is linked with is taken from there. Nothing in ``target`` is a link:
    npm knows none.
    """
    root = _root_of(source)
    asked = subprocess.run(
        [*(["chroot", str(root)] if root != Path("/") else []), f"/{source.relative_to(root)}", "-I", "-c", _ASK],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if asked.returncode:
        raise PackagingError(f"{source} does not run: {asked.stderr.strip()}")
    executable, library, modules = (root / line.lstrip("/") for line in asked.stdout.splitlines())
    made = target / "bin" / executable.name
    made.parent.mkdir(parents=True)
    shutil.copy(executable, made)
    stdlib = target / "lib" / library.name
    # Links of a Debian go to the root of the machine: each is followed, and one that leads nowhere is left out.
    shutil.copytree(library, stdlib, ignore=shutil.ignore_patterns(*LEFT_OUT), ignore_dangling_symlinks=True)
    if not (stdlib / "lib-dynload").is_dir():
        shutil.copytree(modules, stdlib / "lib-dynload", ignore=shutil.ignore_patterns(*LEFT_OUT))
    # No `home`: this is no environment of another Python. All that the file does is to keep ~/.local out.
    (target / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    _bring_libraries(target, root, library.parent)
    return made


def packages_folder(python: Path) -> Path:
    """Where the new interpreter looks for packages: Debian's has a name of its own for it."""
    ask = "import site; print(*site.getsitepackages(), sep='\\n')"
    shown = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, timeout=60, check=True).stdout
    inside = [Path(line) for line in shown.splitlines() if Path(line).parent.name == python.name]
    if not inside:
        raise PackagingError(f"{python} looks for packages in {shown.split()} only")
    return inside[-1]


def _root_of(source: Path) -> Path:
    """The folder over ``usr/bin/python3``, where that is not the machine's own root."""
    for folder in source.parents:
        if (folder / "usr").is_dir() and (folder / "lib").exists() and (folder / "proc").is_dir():
            return folder
    return Path("/")


def _bring_libraries(target: Path, root: Path, beside: Path) -> None:
    """Copies what is linked, and what that is linked with, to ``target/lib``; each file finds it from where it is."""
    libraries = target / "lib"
    waiting = deque(elf.list_elf(target))
    while waiting:
        path = waiting.popleft()
        wanted = [name for name in elf.needs(path) if name not in elf.OF_THE_MACHINE]
        for name in wanted:
            if not (libraries / name).exists():
                shutil.copy(elf.find_library(name, root, [beside]), libraries / name)
                (libraries / name).chmod(0o644)
                waiting.append(libraries / name)
        if wanted:
            elf.set_rpath(path, libraries)


def compile_all(python: Path, *folders: Path) -> None:
    """Bytecode that is never compared with its source: nobody writes here after this."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [python, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    # As paths from the top, so that a traceback does not name the folder of whoever made this.
    for folder in folders:
        words = [*command, "-s", str(folder), "-p", folder.name, str(folder)]
        if subprocess.run(words, env=environment, timeout=300, stdout=sys.stderr).returncode:
            say(f"not everything in {folder} compiles; what does not is left as it is")

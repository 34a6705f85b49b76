"""Installations of several versions beside each other, laid out as an installer would."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packages.project import ROOT

MIGRATION = '\nMIGRATIONS += ("CREATE TABLE made_by_a_newer_gt (value TEXT) STRICT;\\n",)\n'


@dataclass(frozen=True, slots=True)
class Tree:
    """An installed gt, and the town that it is asked about."""

    folder: Path
    town: Path

    @property
    def gt(self) -> Path:
        return self.folder / "bin" / "gt"

    def run(self, *words: str | Path, code: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
        command = [self.gt, "--town", self.town, *words]
        environment = {**os.environ, **more}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert code is None or done.returncode == code, (words, done.stdout, done.stderr)
        return done

    def json(self, *words: str | Path) -> Any:
        return json.loads(self.run(*words, "--json").stdout)

    def runs(self, pid: int | None) -> bool:
        """Whether the process is one of this installation's."""
        try:
            return os.fsencode(self.folder) + b"/" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def set_version(self, version: str) -> None:
        """As an installer does in the place of another version: the package's files are the same here."""
        there = next(self._packages.glob("gastown_tmux-*.dist-info"))
        there.rename(there.with_name(f"gastown_tmux-{version}.dist-info"))

    def migrate_more(self) -> None:
        """Its schema has one more step."""
        with (self._packages / "gastown_tmux" / "store" / "migrations.py").open("a") as file:
            file.write(MIGRATION)

    @property
    def _packages(self) -> Path:
        return next((self.folder / "lib").glob("python3*")) / "site-packages"


def make_tree(folder: Path, version: str, town: Path) -> Tree:
    """What it needs beside itself is that of the environment."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    tree = Tree(folder, town)
    packages = tree._packages
    shutil.copytree(ROOT / "gastown_tmux", packages / "gastown_tmux")
    for data in ("formulas", "layouts", "roles", "skills"):
        shutil.copytree(ROOT / data, packages / "gastown_tmux" / data)
    (packages / f"gastown_tmux-{version}.dist-info").mkdir()
    (packages / f"gastown_tmux-{version}.dist-info" / "METADATA").write_text(
        f"Name: gastown-tmux\nVersion: {version}\n"
    )
    needed = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (packages / "needed.pth").write_text(f"{needed}\n")
    script = (ROOT / "bin" / "gt").read_text().partition("\n")[2]
    tree.gt.write_text(f"#!{folder}/bin/python\n{script}")
    tree.gt.chmod(0o755)
    subprocess.run([tree.folder / "bin" / "python", "-m", "compileall", "-q", packages / "gastown_tmux"], timeout=60)
    return tree

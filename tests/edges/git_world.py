"""A real remote, a rig's repository of it and worktrees, under a home of their own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from gastown_tmux.edges.git import places
from gastown_tmux.edges.git.command import Person
from gastown_tmux.edges.git.project import Project
from gastown_tmux.edges.git.repository import Repository

ANN = Person("rig/ann", "user@example.org")


def run_git(cwd: Path, *args: str) -> str:
    """Git as a person would run it, identity included; fails the test when git fails."""
    found = subprocess.run(
        ["git", "-c", "user.name=Pat", "-c", "user.email=pat@example.org", *args],
        cwd=cwd,
        capture_output=True,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr.decode()
    return found.stdout.decode().strip()


def commit(cwd: Path, name: str, content: str = "x\n", message: str = "change") -> str:
    """Write one file, commit everything, return the commit."""
    path = cwd / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    run_git(cwd, "add", "-A")
    run_git(cwd, "commit", "-qm", message)
    return run_git(cwd, "rev-parse", "HEAD")


@contextmanager
def own_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    home.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    settings = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    (home / ".gitconfig").write_text("[init]\n\tdefaultBranch = main\n")
    with mock.patch.dict(os.environ, kept | settings, clear=True):
        yield home


@dataclass
class World:
    """`remote` is bare, `person` a clone of it, `repository` the rig's, in a town with an awkward name."""

    remote: Path
    person: Path
    town: Path
    repository: Repository

    def base(self) -> str:
        found = self.repository.resolve("refs/remotes/origin/main")
        assert found
        return found

    def place(self, name: str) -> Path:
        return self.town / ".gt" / "hooks" / f"rig.{name}" / "work"

    def reuse(self, path: Path, branch: str) -> str | None:
        return places.reuse(self.repository, path, branch, self.base(), "gt: test", trash=self.town / ".gt" / "trash")

    def add(self, name: str, branch: str | None = None) -> Path:
        path = self.place(name)
        places.add(self.repository, path, branch or f"work/{name}", self.base(), "gt: test")
        return path


def make_world(tmp_path: Path) -> World:
    remote, person = tmp_path / "remote.git", tmp_path / "person"
    run_git(tmp_path, "init", "-q", "--bare", str(remote))
    run_git(tmp_path, "clone", "-q", str(remote), str(person))
    (person / ".gitignore").write_text("*.log\nbuild/\n")
    (person / "src").mkdir()
    (person / "src" / "main.py").write_text("print(1)\n")
    commit(person, "README", "hello\n", "first")
    run_git(person, "push", "-q", "origin", "HEAD:main")
    town = tmp_path / "tówn of gás"
    # The town is a git repository itself: what loses its .git must not be taken for it.
    town.mkdir()
    run_git(town, "init", "-q")
    commit(town, "town.yaml", "name: t\n", "town")
    project = Project(town / ".gt" / "projects" / "r")
    place, lock = town / "rigs" / "r" / "repo.git", town / ".gt" / "run" / "r.lock"
    repository = Repository.create(place, lock, str(remote), project)
    return World(remote, person, town, repository)

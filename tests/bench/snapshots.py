"""What saving a hook costs, beside what git needs to look at it."""

import itertools
from pathlib import Path

from harness import Action, Goal, Scratch, benchmark, command

from gastown_tmux.edges.files import clock
from gastown_tmux.edges.git import places, snapshot
from gastown_tmux.edges.git.command import Person
from gastown_tmux.edges.git.repository import Repository

FILES, FOLDERS, CHANGES = 20_000, 200, 10


def big_worktree(scratch: Scratch) -> tuple[Repository, Path]:
    project = scratch.path / "project"
    git = ("git", "-C", project)
    command("git", "init", "--quiet", "--initial-branch=main", project)()
    for number in range(FILES):
        folder = project / f"folder-{number % FOLDERS}"
        folder.mkdir(exist_ok=True)
        (folder / f"file-{number}.txt").write_text(f"line {number}\n" * 10)
    command(*git, "add", ".")()
    command(*git, "commit", "--quiet", "-m", "files")()
    repository = Repository.create(scratch.path / "repo.git", scratch.path / "repo.lock", str(project))
    base = repository.resolve("refs/remotes/origin/main")
    assert base is not None
    place = scratch.path / "work"
    places.add(repository, place, "crew/ann", base, "a benchmark")
    return repository, place


@benchmark("snapshot of 20,000 files", Goal(3))
def snapshot_of_many(scratch: Scratch) -> tuple[Action, Action]:
    """With ten changes each time; against git status of the same."""
    repository, place = big_worktree(scratch)
    numbers, by = itertools.count(), Person("demo/ann", "ann@localhost")

    def take() -> None:
        for changed in range(CHANGES):
            (place / f"folder-{changed}" / f"file-{changed}.txt").write_text(f"{next(numbers)}\n")
        snapshot.take(repository, "demo.ann", place, time=clock.now(), why="timer", hook=None, by=by)

    return command("git", "-C", place, "status", "--porcelain"), take

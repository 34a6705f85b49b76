"""What must hold of a town and its boxes: read from the target, the rows and the mailboxes, whatever happened."""

import contextlib
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from tests.journeys.town_world import git


def ask(town: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(town / ".gt" / "town.db", timeout=30)) as database:
        return database.execute(sql, values).fetchall()


def landed(target: Path) -> Counter[str]:
    """How often each bead is on the target."""
    lines = git(target, "log", "main", "--format=%(trailers:key=Gastown-Bead,valueonly,separator=%x20)").split()
    return Counter(lines)


def broken_landings(target: Path, wanted: Collection[str], unwanted: Collection[str]) -> Iterator[str]:
    """``wanted`` are to be there once, ``unwanted`` never."""
    found = landed(target)
    for bead in sorted(wanted):
        if found[bead] != 1:
            yield f"{bead} landed {found[bead]} times"
    for bead in sorted(unwanted):
        if found[bead]:
            yield f"{bead} landed, although it was taken back"
    for bead in sorted(found.keys() - set(wanted) - set(unwanted)):
        yield f"{bead} landed, and nobody knows it"


def mails(town: Path, reader: str) -> Counter[str]:
    """The subjects in a box, archived ones too."""
    found = Counter[str]()
    for path in (town / ".gt" / "mail" / reader.replace("/", ".")).rglob("*"):
        if path.is_file() and path.parent.name in ("new", "cur"):
            head = path.read_bytes().partition(b"\n\n")[0].decode(errors="replace")
            found += Counter(line.partition(": ")[2] for line in head.splitlines() if line.startswith("Subject: "))
    return found


def broken_mail(boxes: Mapping[tuple[Path, str], Sequence[str]]) -> Iterator[str]:
    """By town and reader, the subjects that were sent there: each is there once."""
    for (town, reader), subjects in boxes.items():
        found = mails(town, reader)
        for subject in subjects:
            if found[subject] != 1:
                yield f"mail {subject!r} to {reader} came {found[subject]} times"


def broken_branches(home: Path, rig: str, box: Path) -> Iterator[str]:
    """Each branch of a box is known at home, or its bead has landed, or it has no work of its own."""
    there, here = box / "rigs" / rig / "repo.git", home / "rigs" / rig / "repo.git"
    if not there.exists():
        return
    beads = {str(bead): str(theirs) for bead, theirs in ask(box, "SELECT bead, theirs FROM errands")}
    merged = {str(row[0]) for row in ask(home, "SELECT id FROM beads WHERE state = 'merged'")}
    for line in git(there, "for-each-ref", "--format=%(objectname) %(refname:short)", "refs/heads").splitlines():
        head, _, branch = line.partition(" ")
        bead = branch.removeprefix("bead/")
        own = git(there, "rev-list", "--count", head, "--not", "--remotes=origin")
        if own == "0" or beads.get(bead) in merged or _has(here, head):
            continue
        yield f"{branch} at {box} is accounted for nowhere"


def _has(repository: Path, commit: str) -> bool:
    found = subprocess.run(
        ["git", "-C", repository, "for-each-ref", f"--contains={commit}"], capture_output=True, text=True
    )
    return found.returncode == 0 and bool(found.stdout.strip())

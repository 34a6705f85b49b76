"""A few seconds of what ``just soak-hosts`` does for half an hour, and that its checker sees what is wrong."""

from pathlib import Path

import pytest

from tests.boxes import checker
from tests.journeys.town_world import git, make_repository
from tests.soak.hosts_soak import Soak


@pytest.mark.parametrize("seed", [5])
def test_hosts_under_fire(short_tmp: Path, seed: int) -> None:
    soak = Soak(short_tmp / "soak", ["docker"], beads=2, cuts=3, agents=2, longest=1.0, seconds=90, seed=seed)
    assert soak.run() == []
    assert len(soak.wanted) == 2 and sum(soak.counts.values()) >= 3


def test_the_checker_sees_what_is_wrong(short_tmp: Path) -> None:
    project = make_repository(short_tmp / "project")
    for bead in ("de-1", "de-2", "de-2", "de-3", "de-4"):
        git(project, "commit", "-q", "--allow-empty", "-m", f"x\n\nGastown-Bead: {bead}")
    assert list(checker.broken_landings(project, ["de-1", "de-2", "de-5"], ["de-3"])) == [
        "de-2 landed 2 times",
        "de-5 landed 0 times",
        "de-3 landed, although it was taken back",
        "de-4 landed, and nobody knows it",
    ]
    box = short_tmp / "town" / ".gt" / "mail" / "mayor"
    for number, subject in enumerate(("once", "twice", "twice")):
        place = box / ("new", ".Archive/cur")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / str(number)).write_text(f"Subject: {subject}\n\nSubject: body\n")
    assert list(checker.broken_mail({(short_tmp / "town", "mayor"): ["once", "twice", "never"]})) == [
        "mail 'twice' to mayor came 2 times",
        "mail 'never' to mayor came 0 times",
    ]

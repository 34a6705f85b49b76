"""A seeded short form of ``just prove-server``."""

from pathlib import Path

from tests.journeys.town_world import make_repository
from tests.served.calls import compare


def test_a_served_town_is_like_one_without(short_tmp: Path) -> None:
    compare(short_tmp, make_repository(short_tmp / "project"), calls=25, seed=13)

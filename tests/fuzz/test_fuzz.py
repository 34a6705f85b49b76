"""Ten seconds of the fuzz; more of it is ``just fuzz``."""

import shutil
import time
from collections.abc import Iterator

import pytest

from tests.conftest import make_short_folder
from tests.fuzz.run import RIMS, feed
from tests.fuzz.world import Rim, World, make_world

SECONDS = 10.0


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    folder = make_short_folder()
    made = make_world(folder)
    yield made
    shutil.rmtree(folder)


@pytest.mark.parametrize("rim", RIMS, ids=lambda rim: rim.name)
def test_nothing_that_comes_over_a_rim_stops_the_town(rim: Rim, world: World) -> None:
    end, seed = time.monotonic() + SECONDS / len(RIMS), 0
    try:
        while time.monotonic() < end:
            feed(world, rim, seed, examples=8)
            seed += 1
    finally:
        world.close()

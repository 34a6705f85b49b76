"""A program that was installed after the town came up is found, once its person has called from a terminal."""

import os
from pathlib import Path

import pytest

from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld

pytestmark = pytest.mark.with_mayor


def test_daemons_see_what_the_person_sees(bare_town: TownWorld, terminal: Terminal, short_tmp: Path) -> None:
    bare_town.gt("up")
    log = bare_town.path / ".gt" / "logs" / "witness.log"
    folder = short_tmp / "later"
    folder.mkdir()
    path = f"PATH={folder}:{os.environ['PATH']}"
    # Neither a call without a terminal nor an agent's tells them anything.
    bare_town.gt("agents", env={"PATH": path.removeprefix("PATH=")})
    terminal.run("env", path, "GT_AGENT=mayor", GT, "--town", bare_town.path, "agents")
    terminal.wait_for(
        lambda: "agents" in terminal.screen() and terminal.screen().rstrip().endswith("$"), 10, "a prompt"
    )
    assert not (bare_town.path / ".gt" / "environment.json").exists()
    terminal.run("env", path, GT, "--town", bare_town.path, "agents")
    bare_town.wait_for(lambda: "the overseer's last call" in log.read_text(), 20, "the witness to follow")

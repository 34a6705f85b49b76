"""gt demo, as a newcomer runs it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.journeys.town_world import git, make_repository


def test_demo_lands_every_bead_and_leaves_nothing(run_gt: Callable[..., Any], short_tmp: Path) -> None:
    project = make_repository(short_tmp / "a project")
    before = git(project, "for-each-ref") + git(project, "status", "--porcelain")
    done = run_gt("demo", project, seconds=60)
    assert done.code == 0, done
    lines = done.out.splitlines()
    assert len(lines) >= 3
    assert all(re.fullmatch(r"de-[a-z0-9]{5} merged [0-9a-f]{40}", line) for line in lines)
    assert "kill -9" in done.err
    assert "writes to demo/nux" in done.err
    assert git(project, "for-each-ref") + git(project, "status", "--porcelain") == before
    assert list((short_tmp / "tmp").iterdir()) == []

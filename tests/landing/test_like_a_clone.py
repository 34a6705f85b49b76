"""What lands is what a person gets who does the same in a plain clone: ``just prove-landing`` tries it for long."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, note, reject, settings

from tests.landing.projects import Project, projects
from tests.landing.worlds import (
    Library,
    NoSuchProjectError,
    land_in_a_town,
    make_library,
    tell_in_a_clone,
    tell_in_a_rig,
)

EXAMPLES = int(os.environ.get("PYTEST_LANDING_EXAMPLES", "25"))
SHORT = "PYTEST_LANDING_EXAMPLES" not in os.environ


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return make_library(tmp_path_factory.mktemp("library") / "library")


def _some(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=SHORT,
        database=None,
        phases=[Phase.generate] if SHORT else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@_some(EXAMPLES)
@given(projects)
def test_what_lands_is_what_a_clone_merges(library: Library, project: Project) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            story = tell_in_a_clone(Path(folder) / "person", project, library)
        except NoSuchProjectError as error:
            note(str(error))
            reject()
        event("a conflict" if story.landed is None else "a clean merge")
        event(f"dropped: {project.dropped}, catches up: {project.catches_up}, submodule: {project.bumps is not None}")
        trees, landed = tell_in_a_rig(Path(folder) / "rig", project, library, story)
        assert trees == story.trees
        assert landed == story.landed


@_some(max(5, EXAMPLES // 10))
@given(projects)
def test_the_whole_town_lands_that_too(library: Library, project: Project) -> None:
    """Or says why it does not: it conflicts, or a file came to have a filter that it never went through."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            story = tell_in_a_clone(Path(folder) / "person", project, library)
        except NoSuchProjectError as error:
            note(str(error))
            reject()
        if story.landed == story.source.tree(story.tips[2]):
            reject()  # there is nothing to land
        end, tree = land_in_a_town(Path(folder) / "town", project, library, story)
        event(end.partition(":")[0])
        if end.startswith("merged"):
            assert tree == story.landed
        elif end.startswith("conflicted"):
            assert story.landed is None, end
        else:
            assert "filter" in end or "cannot be checked out" in end, end

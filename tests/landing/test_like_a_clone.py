"""What lands is what a person gets who does the same in a plain clone: ``just prove-landing`` tries it for long."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, reject, settings

from tests.landing.projects import Project, projects
from tests.landing.worlds import Library, NoSuchProjectError, make_library, tell_in_a_clone, tell_in_a_rig

EXAMPLES = int(os.environ.get("PYTEST_LANDING_EXAMPLES", "25"))
SHORT = "PYTEST_LANDING_EXAMPLES" not in os.environ


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return make_library(tmp_path_factory.mktemp("library") / "library")


@settings(
    max_examples=EXAMPLES,
    derandomize=SHORT,
    database=None,
    phases=[Phase.explicit, Phase.generate] if SHORT else [Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(projects)
def test_what_lands_is_what_a_clone_merges(library: Library, project: Project) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            story = tell_in_a_clone(Path(folder) / "person", project, library)
        except NoSuchProjectError as error:
            note(str(error))
            reject()
        trees, landed = tell_in_a_rig(Path(folder) / "rig", project, library, story)
        assert trees == story.trees
        assert landed == story.landed

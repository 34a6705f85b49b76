from pathlib import Path

import pytest

from packages.project import PackagingError, version
from packages.release import find_section, prepare, require_section

CHANGES = """# Changelog

## [Unreleased]

### Added

- Much.

## [0.1.0] - 2026-01-01

- The first.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0.1.0"\n[tool.x]\nversion = "9"\n')
    return tmp_path


def test_what_is_unreleased_becomes_the_versions_section(root: Path) -> None:
    prepare(root, "0.2.0", "2026-11-28")
    changes = (root / "CHANGELOG.md").read_text()
    assert find_section(changes, "0.2.0") == "### Added\n\n- Much."
    assert find_section(changes, "Unreleased") == ""
    assert "## [0.2.0] - 2026-11-28\n" in changes
    assert (root / "pyproject.toml").read_text().split()[:6] == ["[project]", "name", "=", '"x"', "version", "="]
    assert 'version = "0.2.0"\n[tool.x]\nversion = "9"' in (root / "pyproject.toml").read_text()
    require_section(changes, "0.2.0")


def test_run_twice_it_changes_nothing_more(root: Path) -> None:
    prepare(root, "0.2.0", "2026-11-28")
    before = (root / "CHANGELOG.md").read_text(), (root / "pyproject.toml").read_text()
    prepare(root, "0.2.0", "2026-11-29")
    assert ((root / "CHANGELOG.md").read_text(), (root / "pyproject.toml").read_text()) == before


@pytest.mark.parametrize("wanted", ["", "1", "1.2", "v1.2.3", "1.2.3-rc1", "1.2.3\n", "$(reboot)"])
def test_what_is_no_version_changes_nothing(root: Path, wanted: str) -> None:
    with pytest.raises(PackagingError, match="no version"):
        prepare(root, wanted, "2026-11-28")
    assert (root / "CHANGELOG.md").read_text() == CHANGES


def test_nothing_to_release_is_said(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n")
    with pytest.raises(PackagingError, match="nothing that is unreleased"):
        prepare(root, "0.2.0", "2026-11-28")
    assert 'version = "0.1.0"' in (root / "pyproject.toml").read_text()


def test_a_version_without_a_section_or_a_date_is_not_built() -> None:
    with pytest.raises(PackagingError, match=r"says nothing of 0\.3\.0: just release 0\.3\.0"):
        require_section(CHANGES, "0.3.0")
    with pytest.raises(PackagingError, match="no date"):
        require_section(CHANGES.replace(" - 2026-01-01", ""), "0.1.0")
    require_section(CHANGES, "0.1.0")


def test_the_version_is_one_that_can_be_released(root: Path) -> None:
    prepare(root, version(), "2026-11-28")

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git.project import Project, read_own
from tests.edges.git_world import commit, own_home, run_git


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    with own_home(tmp_path):
        run_git(tmp_path, "init", "-q", "source")
        yield tmp_path / "source"


def test_what_says_how_files_are_read_is_taken_and_nothing_else(source: Path, tmp_path: Path) -> None:
    run_git(source, "config", "--global", "filter.user.clean", "cat")
    for key, value in {
        "filter.r.clean": "a",
        "merge.m.driver": "b %A",
        "diff.d.textconv": "c",
        "lfs.url": "http://x",
    }.items():
        run_git(source, "config", key, value)
    for key in (
        "core.hooksPath",
        "alias.x",
        "merge.conflictStyle",
        "diff.external",
        "lfs.storage",
        "remote.origin.url",
    ):
        run_git(source, "config", key, "y")
    run_git(source, "config", "--file", str(tmp_path / "more"), "filter.more.smudge", "m")
    run_git(source, "config", "include.path", str(tmp_path / "more"))
    assert read_own(source) == [
        ("filter.r.clean", "a"), ("merge.m.driver", "b %A"), ("diff.d.textconv", "c"), ("lfs.url", "http://x"),
        ("filter.more.smudge", "m"),
    ]  # fmt: skip


def test_a_project_follows_its_source(source: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "own" / "r")
    assert not project.take_over(source) and project.include == () and not project.folder.exists()
    run_git(source, "config", "filter.r.clean", "cat")
    assert project.take_over(source) and not project.take_over(source)
    assert project.settings.stat().st_mode & 0o777 == 0o600 and project.folder.stat().st_mode & 0o777 == 0o700
    included = f"include.path={project.include[0]}"
    assert run_git(source, "-c", included, "config", "--get-all", "filter.r.clean").split() == ["cat", "cat"]
    run_git(source, "config", "--unset", "filter.r.clean")
    assert project.take_over(source) and project.settings.read_bytes() == b""


def test_keys_go_where_filters_look_for_them(source: Path, tmp_path: Path) -> None:
    keys = source / ".git" / "git-crypt" / "keys"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(b"key")
    project, place = Project(tmp_path / "own" / "r"), tmp_path / "place"
    place.mkdir()
    assert project.take_over(source) and not project.take_over(source)
    project.equip(place)
    project.equip(place)
    copied = place / "git-crypt" / "keys" / "default"
    assert copied.read_bytes() == b"key" and copied.stat().st_mode & 0o777 == 0o600
    (keys / "default").write_bytes(b"another")
    assert project.take_over(source)
    project.equip(place)
    assert copied.read_bytes() == b"another"


def test_rules_of_the_source_that_are_in_no_commit(source: Path, tmp_path: Path) -> None:
    """Of a linked worktree of it they are the same ones; what git itself writes there is nothing."""
    project = Project(tmp_path / "own" / "r")
    assert not project.take_over(source) and (project.attributes, project.exclude) == (b"", b"")
    commit(source, "a")
    run_git(source, "worktree", "add", "-q", "../linked")
    (source / ".git/info/attributes").write_bytes(b"# ours\r\n*.ipynb filter=strip\r\n\n")
    (source / ".git/info/exclude").write_text("# others\n/notes\n\\#literal\n/trailing\\ \n")
    assert project.take_over(tmp_path / "linked") and not project.take_over(source)
    assert project.attributes == b"*.ipynb filter=strip\r\n"
    assert project.exclude == b"/notes\n\\#literal\n/trailing\\ \n"
    (source / ".git/info/attributes").unlink()
    assert project.take_over(source) and project.attributes == b""

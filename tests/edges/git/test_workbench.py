"""The place of the town's own merges: what it lays out, and what is remembered of a commit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import workbench as module
from gastown_tmux.edges.git.workbench import list_rules, workbench
from tests.edges.git_world import World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def test_without_rules_nothing_is_laid_out_and_no_older_index_stays(world: World) -> None:
    path = world.add("ann")
    plain = run_git(path, "rev-parse", "HEAD")
    ruled = commit(path, "deep/er/.gitattributes", "*.txt -text\n")
    with workbench(world.repository) as bench:
        for commit_, names in ((plain, []), (ruled, ["deep/er/.gitattributes"]), (plain, [])):
            bench.lay_out(commit_)
            assert list(bench.rules()) == names
            assert (bench.git_dir / "index").exists() is bool(names)
        bench.lay_out(plain, every=True)
        assert (bench.files / "README").is_file()


def test_only_what_is_named_by_its_id_is_remembered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.add("ann")
    repository, head = world.repository.path, commit(path, ".gitmodules", "")
    branch = run_git(path, "symbolic-ref", "HEAD")
    assert list_rules(repository, head) == list_rules(repository, branch) == (".gitmodules",)
    commit(path, ".lfsconfig", "")
    assert list_rules(repository, branch) == (".gitmodules", ".lfsconfig")
    monkeypatch.setattr(module, "git", None)
    assert list_rules(repository, head) == (".gitmodules",)

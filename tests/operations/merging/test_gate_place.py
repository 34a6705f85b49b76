"""What the gates find beside the tree that they test: no more than was set up for it, and what is to be kept."""

import os
import shlex

import pytest

from gastown_tmux.operations.merging import landing, queue, verdicts
from gastown_tmux.operations.town.configuration import set_key
from tests.operations.merging.test_batches import Authors
from tests.operations.quiet_town import QuietTown


@pytest.fixture
def authors(quiet: QuietTown) -> Authors:
    return Authors(quiet)


def test_what_is_to_be_kept_survives_and_nothing_else(authors: Authors) -> None:
    set_key(authors.quiet.town, "merge.keep", ["node_modules", "/build/cache"])
    set_key(authors.quiet.town, "merge.batch", 1)
    seen = authors.quiet.project.with_name("seen")
    things = "node_modules/a sub/node_modules/b build/cache/c junk build/d"
    make = f"for f in {things}; do mkdir -p $(dirname $f); echo x >> $f; done"
    authors.gate(f"for f in {things}; do test -e $f && echo $f >> {shlex.quote(str(seen))}; done; {make}")
    ids = [authors.submit("one"), authors.submit("two")]
    landing.run_refinery(authors.quiet.town)
    assert [authors.show(id).state for id in ids] == ["merged", "merged"]
    assert seen.read_text().split() == ["node_modules/a", "sub/node_modules/b", "build/cache/c"]


def test_a_kept_folder_that_the_project_tracks_by_now_is_the_projects(authors: Authors) -> None:
    set_key(authors.quiet.town, "merge.keep", ["vendor"])
    set_key(authors.quiet.town, "merge.batch", 1)
    authors.gate('mkdir -p vendor && echo gate > vendor/mine && test "$(cat vendor/mod 2>/dev/null)" != wrong')
    (authors.place / "vendor").mkdir()
    ids = [authors.submit("one"), authors.submit("two", {"vendor/mod": "right\n"}), authors.submit("three")]
    landing.run_refinery(authors.quiet.town)
    assert [authors.show(id).state for id in ids] == ["merged", "merged", "merged"], authors.show(ids[1])


def test_set_up_runs_once_a_tree_and_what_gates_leave_goes(authors: Authors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "DELAYS", (0.0,))
    set_ups, town = authors.quiet.project.with_name("set-ups"), authors.quiet.town
    set_key(town, "worktree.setup", [f"echo x >> {set_ups}; mkdir 'de ps[1]'; touch 'de ps[1]/a' loose"])
    found = "test -e 'de ps[1]/a' -a -e loose -a ! -e junk"
    authors.gate(f"{found} || exit 1; touch junk; test $(wc -l < {authors.runs}) -ge 3 || exit 75")
    first = authors.submit("one")
    landing.run_refinery(town)
    assert (authors.show(first).state, authors.count_runs()) == ("merged", 3), authors.show(first)
    assert len(set_ups.read_text().split()) == 1
    second = authors.submit("two")
    landing.run_refinery(town)
    assert authors.show(second).state == "merged" and len(set_ups.read_text().split()) == 2


def test_a_set_up_that_failed_is_run_again(authors: Authors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "DELAYS", (0.0,))
    once = authors.quiet.project.with_name("once")
    set_up = f"test -e {once} || {{ touch {once} half; exit 1; }}; test ! -e half && touch whole"
    set_key(authors.quiet.town, "worktree.setup", [set_up])
    authors.gate("test -e whole")
    id = authors.submit("one")
    landing.run_refinery(authors.quiet.town)
    assert authors.show(id).state == "merged", authors.show(id)


def test_a_tree_is_tested_anew_where_programs_or_copied_files_are_others(authors: Authors) -> None:
    town = authors.quiet.town
    set_key(town, "worktree.copy", [".env"])
    (authors.quiet.project / ".env").write_text("A=1\n")
    (authors.quiet.project / ".git/info/exclude").write_text(".env\n")
    authors.gate("true")
    hook = authors.quiet.project / ".git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    id = authors.submit("one")

    def count() -> int:
        landing.run_refinery(town)
        queue.retry(town, authors.show(id))
        return authors.count_runs()

    assert [count(), count()] == [1, 1]
    (authors.quiet.project / ".env").write_text("A=2\n")
    assert [count(), count()] == [2, 2]
    # The PATH is what decides which programs a gate runs.
    town.environment["PATH"] = f"{os.environ['PATH']}:/nowhere"
    assert [count(), count()] == [3, 3]

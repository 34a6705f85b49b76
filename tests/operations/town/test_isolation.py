"""One of many that fails is told of once, shown by doctor, and keeps no other; until it goes well, or is gone."""

import logging
import os

import pytest

from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.maintenance.doctor import examine
from gastown_tmux.operations.town.isolation import FORGOTTEN_SECONDS, each, isolated, list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.db import LockedError


@pytest.fixture
def said(town: Town) -> list[str]:
    lines: list[str] = []
    town.say = lines.append
    return lines


def fail(item: str) -> str:
    if item.startswith("bad"):
        raise RefusedError(f"{item} is bad", hint="mend it")
    if item.startswith("odd"):
        raise KeyError(item)
    return item.upper()


def told(town: Town) -> list[tuple[str, str]]:
    return [(trouble.item, trouble.reason) for _, trouble in list_troubles(town)]


def test_the_others_go_on_and_it_is_said_once(town: Town, said: list[str]) -> None:
    for _ in range(3):
        assert each(town, "use of", ["a", "bad 1", "b"], fail) == ["A", "B"]
    assert said == ["use of bad 1: bad 1 is bad"]
    assert told(town) == [("bad 1", "bad 1 is bad")]
    found = [finding for finding in examine(town) if "bad 1" in finding.what]
    assert [(finding.what, finding.hint) for finding in found] == [("use of bad 1 is set aside", "mend it")]


def test_a_name_forges_no_line_of_the_log(town: Town, said: list[str]) -> None:
    each(town, "use of", ["bad\n2026-11-28 all is well \033]0;x\a"], fail)
    assert said == ["use of bad?2026-11-28 all is well ?]0;x?: bad 2026-11-28 all is well ?]0;x? is bad"]


def test_it_is_shown_until_it_goes_well_or_is_gone(town: Town, said: list[str]) -> None:
    each(town, "use of", ["bad 1", "bad 2"], fail)
    each(town, "other use of", ["bad 3"], fail)
    assert {item for item, _ in told(town)} == {"bad 1", "bad 2", "bad 3"}
    each(town, "use of", ["bad 2"], fail)
    assert {item for item, _ in told(town)} == {"bad 2", "bad 3"}
    with isolated(town, "use of", "bad 2"):
        pass
    with isolated(town, "other use of", "bad 3"):
        pass
    assert told(town) == []
    each(town, "use of", ["bad 2"], fail)
    assert said.count("use of bad 2: bad 2 is bad") == 2, "it came again, and that is said again"


def test_what_nobody_tries_again_is_forgotten(town: Town, said: list[str]) -> None:
    each(town, "use of", ["bad"], fail)
    [(path, _)] = list_troubles(town)
    old = path.stat().st_mtime - FORGOTTEN_SECONDS - 60
    os.utime(path, (old, old))
    assert told(town) == [] and not path.exists()


def test_what_nobody_foresaw_keeps_a_traceback_where_people_do_not_see_it(
    town: Town, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("gt").handlers.clear()
    with caplog.at_level(logging.ERROR, "gt"):
        assert each(town, "use of", ["odd", "a"], fail) == ["A"]
    assert "KeyError" in caplog.text and "Traceback" in caplog.text
    [(path, trouble)] = list_troubles(town)
    assert trouble.trace is not None and "raise KeyError(item)" in trouble.trace
    finding = next(finding for finding in examine(town) if "odd" in finding.what)
    assert finding.hint == f"{path} shows where; please report it"
    assert "Traceback" not in f"{said} {finding}"


def test_what_would_meet_every_other_too_goes_through(town: Town) -> None:
    tried = []

    def ask(item: str) -> None:
        tried.append(item)
        raise LockedError("the database is locked")

    with pytest.raises(GtError, match="locked"):
        each(town, "use of", ["a", "b"], ask)
    assert tried == ["a"] and told(town) == []


def test_garbage_among_the_notes_is_no_trouble(town: Town, said: list[str]) -> None:
    each(town, "use of", ["bad"], fail)
    folder = list_troubles(town)[0][0].parent
    (folder / "x.json").write_text("[" * 100_000)
    (folder / "y.json").write_text('{"task": 1}')
    os.mkfifo(folder / "z.json")
    assert told(town) == [("bad", "bad is bad")]


def test_a_full_disk_costs_only_the_note(town: Town, said: list[str]) -> None:
    (town.run / "troubles").write_text("in the way")
    assert each(town, "use of", ["a", "bad"], fail) == ["A"]
    assert said == ["use of bad: bad is bad"]

"""What is made of the table is as it would be made now, whole, and the same whoever makes it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.make import manual, words
from docs.make.reference import MACHINES
from docs.make.run import ROOT, find_stale, make
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.settings import KEYS
from gastown_tmux.verbs.index import VERBS

_PRINT = "import docs.make.run as r; print(repr(sorted(r.make().items())))"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return make()


def test_the_files_are_as_they_would_be_made_now(made: dict[str, str]) -> None:
    differ = [
        name for name, text in made.items() if not (ROOT / name).is_file() or (ROOT / name).read_text("utf-8") != text
    ]
    assert differ + find_stale(made) == [], "run: just docs"


def test_whoever_makes_them_makes_the_same(made: dict[str, str], tmp_path: Path) -> None:
    odd = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    odd |= {"PYTHONPATH": str(ROOT), "GT_MERGE_BATCH": "3", "COLUMNS": "40", "PYTHONIOENCODING": "utf-8"}
    other = subprocess.run(
        [sys.executable, "-c", _PRINT], env=odd, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert other.stdout.strip() == repr(sorted(made.items())), other.stderr


def test_nothing_is_left_out(made: dict[str, str]) -> None:
    verbs = made["docs/reference/verbs.md"]
    pages = "".join(text for name, text in made.items() if name.startswith("docs/man/"))
    for verb in VERBS:
        if not verb.hidden:
            assert f"\n### gt {verb.words}\n" in verbs
            assert re.search(rf"^\.SS gt {re.escape(manual.escape(verb.words))}$", pages, re.MULTILINE), verb.words
            for parameter in verb.parameters:
                assert all(flag in verbs for flag in parameter.flags)
    assert [key.name for key in KEYS if f"`{key.name}`" not in made["docs/reference/settings.md"]] == []
    assert set(words.EVENTS) == set(EventType), "docs/make/words.py says what events are"
    assert {machine.thing for machine in MACHINES} == set(words.MACHINES)
    states = made["docs/reference/states.md"]
    assert all(f"| `{state}` |" in states for machine in MACHINES for state in type(machine.initial))


def test_every_variable_of_ours_is_told_of() -> None:
    used = set[str]()
    for source in (ROOT / "gastown_tmux").rglob("*"):
        if source.suffix in (".py", ".sh", ".ts", ".js"):
            used |= set(re.findall(r"\bGT_[A-Z]+(?:_[A-Z]+)*", source.read_text("utf-8")))
    known = " ".join((*words.FOR_PEOPLE, *words.FOR_AGENTS, *words.FOR_COMMANDS, *words.INTERNAL))
    keys = {"GT_" + key.name.upper().replace(".", "_") for key in KEYS} | {"GT_PROVIDERS", "GT_KEY"}
    assert sorted(name for name in used - keys if not re.search(rf"\b{name}\b", known)) == []


def test_roff_shows_every_letter() -> None:
    assert manual.escape(".x -y 'z' \\ …") == r"\&.x \-y \(aqz\(aq \e \[u2026]"
    assert manual.escape("'a|b") == r"\(aqa|\:b"


@pytest.mark.needs("groff")
def test_manual_pages_are_shown_without_a_complaint(made: dict[str, str]) -> None:
    pages = sorted(str(ROOT / name) for name in made if name.startswith("docs/man/"))
    for page in pages:
        assert Path(page).read_bytes().isascii()
    said = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", *pages], capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stderr == ""
    assert "gt bead create" in said.stdout and "…" in said.stdout

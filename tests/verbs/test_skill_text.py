"""The skill file that ships is the one that the table makes, and roles have their part of it."""

import re
from pathlib import Path

import yaml

from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.layers import Settings
from gastown_tmux.edges.configuration.shipped import load_role, load_skill
from gastown_tmux.providers import registry
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.skill import WORK, skill_text


def test_what_ships_is_what_the_table_makes() -> None:
    assert load_skill() == skill_text(), "run: just docs"


def test_it_is_a_skill_file() -> None:
    _, front, text = load_skill().split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["name"] == "gt" and 50 < len(head["description"]) < 1024
    assert len(WORK) == 10 and len(text) < 6000
    for call in re.findall(r"`gt ([^`]+)`", text):
        if not call.startswith("help"):
            find_verb([word for word in call.split() if word.islower()])


def test_roles_tell_of_the_verbs_by_the_skill(tmp_path: Path) -> None:
    for name, address in (("polecat", "demo/toast"), ("crew", "demo/ann"), ("mayor", MAYOR)):
        text = load_role(name, tmp_path).text_for(Address(address))
        assert re.search(r"^- `gt (done|sling)", text, re.MULTILINE), name
        assert not re.search(r"\{[a-z_]+\}", text)
    worker = load_role("polecat", tmp_path).text_for(Address("demo/toast"))
    assert all(f"`gt {words}" in worker for words, _, _ in WORK)
    assert "gt sling" not in worker


def test_a_role_of_ones_own_may_do_without(tmp_path: Path) -> None:
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/polecat.md").write_text("You are {address}; {verbs_of_mine} { }\n")
    assert load_role("polecat", tmp_path).text_for(Address("demo/x")) == "You are demo/x; {verbs_of_mine} { }\n"


def test_programs_that_read_no_skills() -> None:
    without = {provider.name for provider in registry.list_all(Settings([])) if provider.skills is None}
    assert without == {"aider", "command", "runbook"}

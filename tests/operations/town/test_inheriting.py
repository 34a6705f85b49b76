"""What daemons and agents inherit follows the overseer at a terminal, and nobody else."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER, WITNESS, Address
from gastown_tmux.domain.inheritance import overlay, take
from gastown_tmux.errors import MissingError
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.supervision.patrol import find_due
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.supervision.up import start_agents
from gastown_tmux.operations.town.configuration import set_provider
from gastown_tmux.operations.town.inheriting import find_program, follow, inherited, note_environment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.meta import set_wanted
from tests.operations.quiet_town import make_quiet_town

TOAST = Address("demo/toast")


def put_program(folder: Path, name: str = "helper") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def as_(town: Town, actor: str, environment: Mapping[str, str]) -> Town:
    return Town(town.path, Address(actor), dict(environment))


@pytest.fixture
def town(short_tmp: Path) -> Town:
    return make_quiet_town(short_tmp).town


def test_of_a_path_only_what_is_whole_and_safe_is_taken_once() -> None:
    path = "/usr/bin:.:bin::/usr/bin/:/open:/opt/x"
    given = {"PATH": path, "LC_ALL": "C", "HOME": "/home/me", "SSH_AUTH_SOCK": "/s"}
    kept = take(given, lambda entry: entry != "/open")
    assert kept == {"PATH": "/usr/bin:/opt/x", "LC_ALL": "C", "SSH_AUTH_SOCK": "/s"}
    own = {"PATH": "/bin", "DISPLAY": ":9", "HOME": "/root"}
    assert overlay(own, {}, os.path.exists) == own
    now = overlay(own, kept, lambda path: False)
    assert now == {"PATH": "/usr/bin:/opt/x", "LC_ALL": "C", "HOME": "/root"}
    assert overlay(own, {"LANG": "C"}, os.path.exists)["PATH"] == "/bin"


def test_daemons_follow_the_overseer_and_no_agent(town: Town, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    later = put_program(short_tmp / "later").parent
    daemon = as_(town, "witness", {"PATH": "/usr/bin", "DISPLAY": ":1"})
    assert not follow(daemon) and find_program(daemon, "helper") is None
    agent = as_(town, TOAST, {"PATH": f"{later}:/usr/bin"})
    assert not note_environment(agent) and inherited(agent) is not town.environment
    person = as_(town, OVERSEER, {"PATH": f"{later}:/usr/bin", "LANG": "C.UTF-8"})
    assert note_environment(person) and not note_environment(person)
    assert follow(daemon) and not follow(daemon)
    assert daemon.environment == {"PATH": f"{later}:/usr/bin", "LANG": "C.UTF-8"}
    assert os.environ["PATH"] == f"{later}:/usr/bin" and "DISPLAY" not in os.environ
    assert find_program(daemon, "helper") == str(later / "helper")
    # What runs in an agent's name is found where a person has it, whatever the agent says.
    planted = put_program(short_tmp / "planted")
    agent = as_(town, TOAST, {"PATH": f"{planted.parent}:/usr/bin"})
    assert find_program(agent, "helper") == str(later / "helper")


def test_no_folder_that_others_or_agents_write_to_is_inherited(town: Town, short_tmp: Path) -> None:
    work = put_program(town.worktree(TOAST) / "bin").parent
    open_ = put_program(short_tmp / "open").parent
    open_.chmod(0o777)
    below = put_program(open_ / "below").parent
    linked = short_tmp / "linked"
    linked.symlink_to(work)
    fine = put_program(short_tmp / "fine").parent
    path = ":".join(map(str, (work, open_, below, linked, fine)))
    assert note_environment(as_(town, OVERSEER, {"PATH": path}))
    assert inherited(as_(town, WITNESS, {}))["PATH"] == str(fine)


def test_a_window_of_the_town_tells_nothing_new(town: Town) -> None:
    inside = {"PATH": "/old", "TMUX": f"{town.tmux.socket},1,0"}
    assert not note_environment(as_(town, OVERSEER, inside))


def test_a_program_is_found_again_where_it_was_found_first(town: Town, short_tmp: Path) -> None:
    path = put_program(short_tmp / "nvm")
    set_provider(town, "helper", ["helper"])
    assert find_program(as_(town, OVERSEER, {"PATH": str(path.parent)}), "helper") == str(path)
    witness = as_(town, WITNESS, {"PATH": "/usr/bin"})
    assert resolve_provider(witness, None, "helper").command == (str(path),)
    path.unlink()
    with pytest.raises(MissingError, match="no program 'helper' on PATH"):
        resolve_provider(witness, None, "helper")
    put_program(short_tmp / "elsewhere")
    assert find_program(as_(town, TOAST, {"PATH": str(short_tmp / "elsewhere")}), "helper")
    assert find_program(witness, "helper") is None


def test_a_missing_program_is_one_state_with_its_cause_until_it_is_there(short_tmp: Path) -> None:
    quiet = make_quiet_town(short_tmp)
    town = quiet.town
    set_provider(town, "helper", ["helper"])
    toast, _ = quiet.hook(quiet.bead("greet"))
    with town.change() as change:
        set_wanted(change, True)
        change.execute("UPDATE beads SET updated = '2026-01-01T00:00:00Z'")
        change.execute("UPDATE agents SET provider = 'helper', state = 'on' WHERE address = ?", toast)
    assert start_agents(town, [toast]) == []
    for _ in range(2):
        with town.change() as change:
            change.execute("UPDATE agents SET not_before = '2026-01-01T00:00:00Z' WHERE address = ?", toast)
        assert find_due(town) == []
        (need,) = [need for need in review(town) if need.id == toast]
        assert need.kind == "start" and "no program 'helper'" in need.reason
        assert "no program 'helper'" in str(get_agent(town.db, toast).reason)
    path = put_program(short_tmp / "later").parent
    with town.change() as change:
        change.execute("UPDATE agents SET not_before = '2026-01-01T00:00:00Z' WHERE address = ?", toast)
    assert find_due(as_(town, OVERSEER, {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"})) == [toast]

"""Gates of runs that the real gh asks of a forge on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from gastown_tmux.errors import MissingError, RefusedError, UsageError
from gastown_tmux.operations.explaining.why import why
from gastown_tmux.operations.town.configuration import set_key, unset_key
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import run_gates, runs
from gastown_tmux.operations.work.run_gates import Resting, open_gates
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.runs import get_run
from tests.forge.server import Reply, Server, serving

pytestmark = pytest.mark.needs("gh")


@pytest.fixture
def forge(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(runs, "ensure_up", lambda town: None)
    monkeypatch.setattr(run_gates, "FORGE_SECONDS", 0.0)
    server = Server()
    with serving(server):
        town.environment = {**os.environ, **server.environment(tmp_path), "GT_PROVIDER_DEFAULT": "runbook"}
        set_key(town, "merge.request.repository", f"{server.host}/o/n", town_layer=True)
        town.reload_settings()
        yield server


def pour(town: Town, type: str, condition: str, head: str = "") -> str:
    gate = f'[steps.gate]\ntype = "{type}"\ncondition = "{condition}"\n'
    text = f'formula = "it"\n{head}[[steps]]\nid = "a"\ntitle = "A"\n{gate}'
    (town.path / "formulas" / "it.formula.toml").write_text(text)
    return str(runs.run_formula(town, "it").value.id)


def state(town: Town, run: str) -> str:
    return str(get_run(town.db, run).steps[0].state)


def test_a_pull_request_is_closed_then_merged(town: Town, forge: Server) -> None:
    pull: dict[str, Any] = {"merged": False, "state": "open"}
    forge.route("GET", "repos/o/n/pulls/7", lambda **_: Reply(pull))
    run = pour(town, "gh:pr", "7")
    resting = Resting()
    open_gates(town, resting)
    assert (state(town, run), list_escalations(town.db)) == ("blocked", [])
    pull["state"] = "closed"
    for _ in range(2):
        open_gates(town, resting)
    (asked,) = list_escalations(town.db)
    assert "does not open: pull request 7 was closed without being merged" in asked.text
    assert "was closed without being merged" in why(town, f"{run}/a").waits_for[0].reason
    pull |= {"merged": True}
    open_gates(town, resting)
    assert (state(town, run), get_run(town.db, run).steps[0].reason) == ("ready", None)
    assert [each.state for each in list_escalations(town.db)] == ["resolved"]


def test_the_workflows_of_a_branch(town: Town, forge: Server) -> None:
    found: list[Any] = []
    branches: list[str] = []

    def answer(parameters: dict[str, str], **_: Any) -> Reply:
        branches.append(unquote(parameters["branch"]))
        return Reply({"workflow_runs": found})

    forge.route("GET", "repos/o/n/actions/workflows/ci.yml/runs", answer)
    run = pour(town, "gh:run", "ci.yml@release/1")
    open_gates(town, Resting())
    assert (state(town, run), branches) == ("blocked", ["release/1"])
    found.append({"id": 1, "created_at": "2999-01-01T00:00:00Z", "status": "completed", "conclusion": "success"})
    open_gates(town, Resting())
    assert state(town, run) == "ready"


def test_a_forge_that_wants_rest_is_let_rest_and_other_gates_are_asked(town: Town, forge: Server) -> None:
    forge.route("GET", "repos/o/n/actions/runs/5", lambda **_: Reply({"id": 5, "status": "completed"}))
    slow = pour(town, "gh:run", "5")
    quick = pour(town, "command", "true")
    forge.faults.append(Reply({"message": "slow down"}, 429, {"Retry-After": "99"}))
    resting = Resting()
    for _ in range(2):
        open_gates(town, resting)
    assert (state(town, slow), state(town, quick), len(forge.calls)) == ("blocked", "ready", 1)
    open_gates(town, Resting())
    assert len(forge.calls) == 2
    assert list_escalations(town.db)[0].text.split("; ")[0].endswith("workflow run 5 ended with None")


def test_what_goes_wrong_is_a_trouble_that_doctor_shows(town: Town, forge: Server) -> None:
    run = pour(town, "gh:pr", "7")
    open_gates(town, Resting())
    ((_, trouble),) = list_troubles(town)
    assert (trouble.item, "has no repos/o/n/pulls/7" in trouble.reason) == (run, True)


def test_one_that_cannot_be_asked_keeps_no_other_gate_of_its_run(town: Town, forge: Server) -> None:
    steps = [
        f'[[steps]]\nid = "{id}"\ntitle = "A"\n[steps.gate]\ntype = "{type}"\ncondition = "{condition}"\n'
        for id, type, condition in (("a", "gh:pr", "7"), ("b", "command", "true"))
    ]
    (town.path / "formulas" / "two.formula.toml").write_text('formula = "two"\n' + "".join(steps))
    run = runs.run_formula(town, "two", spread=True).value.id
    open_gates(town, Resting())
    assert [str(step.state) for step in get_run(town.db, run).steps] == ["blocked", "working"]


def test_what_nobody_could_ask_is_refused_before_anything_is_written(town: Town, forge: Server, tmp_path: Path) -> None:
    for type, condition in (("gh:pr", "soon"), ("gh:run", "a b")):
        with pytest.raises(UsageError, match=f"'{condition}' is not the "):
            pour(town, type, condition)
        with pytest.raises(UsageError, match=f"a gate of type {type} must be the .*, not '{condition}'"):
            pour(town, type, "{{x}}", f'[vars]\nx = "{condition}"\n')
    environment = dict(town.environment)
    town.environment = {**environment, "PATH": str(tmp_path)}
    with pytest.raises(MissingError, match="needs gh"):
        pour(town, "gh:pr", "7")
    town.environment = environment
    unset_key(town, "merge.request.repository", town_layer=True)
    town.reload_settings()
    with pytest.raises(RefusedError, match="/p is no repository of GitHub"):
        pour(town, "gh:pr", "7")
    assert runs.list_runs(town) == []

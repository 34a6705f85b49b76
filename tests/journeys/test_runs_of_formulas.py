"""A formula run by runbook agents: killed at each step it goes on where it was, and each step is done once."""

from pathlib import Path
from typing import Any

from tests.journeys.town_world import TownWorld, git

STEP = """
[[steps]]
id = "{id}"
title = "Step {id}"
needs = [{needs}]
check = "grep -qx {id} log"
description = '''
```sh
mkdir -p "{marks}"
[ -e "{marks}/$GT_STEP" ] || {{ touch "{marks}/$GT_STEP"; kill -9 $PPID; sleep 60; }}
echo {id} >> log; echo did {id}
```
'''
"""


def write(town: TownWorld, marks: Path, *steps: str) -> None:
    text = 'formula = "it"\n'
    for before, id in zip((None, *steps), steps, strict=False):
        text += STEP.format(id=id, needs=f'"{before}"' if before else "", marks=marks)
    (town.path / "formulas" / "it.formula.toml").write_text(text)


def wait_run(town: TownWorld, run: str, state: str) -> Any:
    town.wait_for(lambda: town.ask("SELECT state FROM runs WHERE id = ?", run) == state, 40, f"{run} to be {state}")
    return town.json("run", "show", run)


def test_killed_at_each_step_it_goes_on_where_it_was(town: TownWorld, short_tmp: Path) -> None:
    write(town, short_tmp / "marks", "one", "two")
    run = town.json("formula", "run", "it", "--key", "k")
    assert town.json("formula", "run", "it", "--key", "k")["id"] == run["id"]
    shown = wait_run(town, run["id"], "done")
    assert [(step["state"], step["tries"], step["result"]) for step in shown["steps"]] == [
        ("done", 1, "did one\n"), ("done", 1, "did two\n"),
    ]  # fmt: skip
    assert (town.project / "log").read_text() == "one\ntwo\n"
    assert len({step["commit"] for step in shown["steps"]}) == 2
    bead = town.json("bead", "show", shown["bead"])
    assert (bead["state"], bead["merged_commit"]) == ("merged", git(town.project, "rev-parse", "HEAD"))
    assert {"id", "formula", "rig", "state", "vars", "hash", "spread", "steps", "created", "updated"} <= set(shown)
    assert set(shown["steps"][0]) >= {"id", "title", "state", "needs", "bead", "tries", "result"}


def test_a_shipped_convoy_is_read_side_by_side_and_joined(town: TownWorld, short_tmp: Path) -> None:
    words = short_tmp / "what"
    words.write_text("the code\n\n```sh\necho seen by $GT_BEAD\n```\n")
    run = town.json("formula", "run", "code-review", "--preset", "quick", "--var", f"what=@{words}")
    assert [step["id"] for step in run["steps"]] == ["correctness", "security", "synthesis"]
    shown = wait_run(town, run["id"], "done")
    beads = [step["bead"] for step in shown["steps"]]
    assert [step["result"] for step in shown["steps"]] == [f"seen by {bead}\n" for bead in beads]
    body = town.json("bead", "show", beads[-1])["body"]
    assert f"## Result of correctness\n\nseen by {beads[0]}\n" in body
    assert f"## Result of security\n\nseen by {beads[1]}\n" in body


def test_each_shipped_workflow_comes_to_its_end(town: TownWorld, short_tmp: Path) -> None:
    """By runbook agents, side by side; with the shipped aspect woven into one."""
    chore, files = short_tmp / "chore", short_tmp / "files"
    chore.write_text('it\n\n```sh\necho "$GT_RUN $GT_STEP" >> did.$GT_RUN\n```\n')
    files.write_text("file-0.txt\nfile-1.txt\n")
    (town.path / "formulas" / "woven.formula.toml").write_text(
        'formula = "woven"\nextends = ["feature"]\n[compose]\naspects = ["security-audit"]\n'
    )
    town.gt("config", "set", "limits.agents", "7", "--rig", "demo")
    asked = {
        "release": ["version=1.0", "bump=echo 1.0 > version"], "refactor": [f"files=@{files}"],
        "dependency-update": ["dependency=it", "update=echo it-2 > needs"],
    }  # fmt: skip
    runs = {}
    for name in ("bugfix", "dependency-update", "docs", "refactor", "release", "woven"):
        values = asked.get(name, []) + ([f"what=@{chore}"] if name not in ("release", "dependency-update") else [])
        words = [word for value in values for word in ("--var", value)]
        runs[name] = town.json("formula", "run", name, "--rig", "demo", *words)["id"]
    for name, run in runs.items():
        shown = wait_run(town, run, "done")
        assert {step["state"] for step in shown["steps"]} == {"done"}, name

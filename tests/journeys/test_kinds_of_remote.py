"""Where a rig's work lands, by what the rig was made of; and what cannot be a rig."""

import json
import subprocess
from pathlib import Path

from tests.journeys.town_world import TownWorld, chore, git, make_repository


def clone(source: Path, target: Path, *options: str) -> Path:
    subprocess.run(["git", "clone", "-q", *options, source, target], check=True)
    return target


def sling(world: TownWorld, rig: str, script: str, **env: str) -> str:
    """A fresh bead of that rig, on a hook."""
    made = world.gt("bead", "create", f"change {rig}", "--rig", rig, "--body", chore(script), "--json", env=env)
    world.gt("sling", made.json["id"], env=env)
    return str(made.json["id"])


def test_every_kind_of_remote(bare_town: TownWorld) -> None:
    world, base = bare_town, bare_town.project
    bare, shut, far = (clone(make_repository(base / f"seed-{n}"), base / n, "--bare") for n in ("bare", "shut", "far"))
    hook = shut / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no pushes on sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    origin, local, dirty = clone(far, base / "origin"), make_repository(base / "local"), make_repository(base / "dirty")
    spaced = make_repository(base / "mit Leerzeichen und ümläut")
    sources = {"bare": f"file://{bare}", "shut": shut, "origin": origin, "local": local, "dirty": dirty}
    for name, source in sources.items():
        said = world.gt("rig", "add", name, source).err
        assert (str(far) in said) is (name == "origin")
    plain = {"LC_ALL": "C"}
    world.gt("rig", "add", "spaced", spaced, env=plain)
    world.gt("config", "set", "merge.publish", "local", "--rig", "local")
    (dirty / "file-0.txt").write_text("not committed\n")
    work = "echo new > new.txt; echo more >> file-0.txt"
    beads = {name: sling(world, name, work) for name in sources} | {"spaced": sling(world, "spaced", work, **plain)}
    landed = {name: world.wait_state(beads[name], "merged") for name in ("bare", "origin", "local", "spaced")}

    def tip(repository: Path) -> str:
        return git(repository, "rev-parse", "main")

    assert tip(bare) == landed["bare"]["merged_commit"]
    assert tip(far) == landed["origin"]["merged_commit"]
    assert git(origin, "log", "--oneline", "main").count("\n") == 0
    assert tip(world.path / "rigs/local/repo.git") == landed["local"]["merged_commit"]
    assert git(local, "log", "--oneline", "main").count("\n") == 0
    assert tip(spaced) == landed["spaced"]["merged_commit"]
    assert git(spaced, "status", "--short") == ""
    assert (spaced / "new.txt").exists()

    for name, words in (("shut", "no pushes on sundays"), ("dirty", "unstaged changes")):
        assert words in world.wait_reason(beads[name])
        assert world.state(beads[name]) == "submitted"
    assert git(shut, "log", "--oneline", "main").count("\n") == 0
    assert (dirty / "file-0.txt").read_text() == "not committed\n"
    hook.unlink()
    git(dirty, "checkout", "file-0.txt")
    for name in ("shut", "dirty"):
        world.gt("mq", "retry", beads[name])
        assert world.wait_state(beads[name], "merged")["merged_commit"] == tip(sources[name])

    # Somebody moved a target that only the town is to move: the queue stands still, and a person is asked.
    kept = world.path / "rigs/local/repo.git"
    git(kept, "update-ref", "refs/heads/main", git(local, "rev-parse", "main"))
    stuck = sling(world, "local", "echo stuck > stuck.txt")
    world.wait_for(lambda: world.json("escalate", "list")["items"], 20, "the escalation")
    assert "the town put it at" in world.json("mq", "show", stuck)["reason"]
    git(kept, "update-ref", "refs/heads/main", landed["local"]["merged_commit"])
    world.gt("mq", "retry", stuck)
    assert world.wait_state(stuck, "merged")["merged_commit"] == tip(kept)

    # Somebody rewrote the target: work goes on from what it is now.
    git(origin, "commit", "--amend", "-qm", "rewritten")
    git(origin, "push", "-qf", "origin", "main")
    again = world.wait_state(sling(world, "origin", "echo again > again.txt"), "merged")
    assert git(far, "log", "--format=%s", "main").splitlines() == ["change origin", "rewritten"]
    assert tip(far) == again["merged_commit"]


def test_what_is_no_rig(bare_town: TownWorld) -> None:
    """Refused in one line, and nothing of it stays."""
    world, base = bare_town, bare_town.project
    good = make_repository(base / "good")
    (base / "folder").mkdir()
    git(base, "init", "-q", "--bare", "empty")
    refused = {
        ("a", base / "missing"): 3,
        ("a", base / "folder"): 4,
        ("a", base / "empty"): 4,
        ("a", good / "file-0.txt"): 4,
        ("a", "http://127.0.0.1:9/x.git"): 1,
        ("a", good, "--branch", "nope"): 3,
        ("a", good, "--prefix", "cv"): 2,
        ("lock", good): 2,
        ("A", good): 2,
    }
    for words, code in refused.items():
        said = world.gt("rig", "add", *words, code=code).err.splitlines()
        assert said[0].startswith("gt: ") and all(line.startswith("hint: ") for line in said[1:]), said
    assert world.json("rig", "list") == {"items": []}
    assert list((world.path / "rigs").iterdir()) == []
    made = world.json("rig", "add", "a", good)
    assert made == world.json("rig", "show", "a") == json.loads(world.gt("rig", "add", "a", good, "--json").out)
    world.gt("rig", "add", "a", base / "empty", code=4)

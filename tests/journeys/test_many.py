"""Many at once, on a real project with a remote."""

import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.journeys.town_world import TownWorld, chore, git, make_repository

FILES = 500
BEADS = 12


def make_project(folder: Path) -> Path:
    """A bare remote with files of Python's own library."""
    work, remote = folder / "work", folder / "remote.git"
    library = Path(sysconfig.get_paths()["stdlib"])
    found = (path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts)
    for _, path in zip(range(FILES + 20), found, strict=False):
        target = work / path.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    git(work, "init", "-q")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "first")
    subprocess.run(["git", "clone", "-q", "--bare", work, remote], check=True)
    return remote


def most_at_once(world: TownWorld) -> int:
    """Sessions that ran at the same time, of all that the town tells of."""
    running, most = set[str](), 0
    for event in world.json("events", "--type", "session")["items"]:
        match event["type"]:
            case "session.started":
                running.add(event["data"]["session"])
            case "session.ended":
                running.discard(event["data"]["session"])
        most = max(most, len(running))
    return most


def test_thirty_slings_of_one_bead(town: TownWorld) -> None:
    bead = town.bead("contested", "sleep 600")
    command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), "sling", bead]

    def sling(number: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    with ThreadPoolExecutor(30) as pool:
        results = list(pool.map(sling, range(30)))
    holder = town.json("bead", "show", bead)["assignee"]
    assert sorted(result.returncode for result in results) == [0, *[4] * 29], results
    lost = {result.stderr for result in results if result.returncode}
    assert lost == {f"gt: {bead} is held by {holder}\nhint: gt unsling {bead}\n"}
    assert len(town.json("agents")["items"]) == 1


def test_twelve_beads_on_a_real_project(bare_town: TownWorld) -> None:
    """With a limit of six agents all land; the remote has their changes and nothing else."""
    world = bare_town
    remote = make_project(world.project)
    first = git(remote, "rev-parse", "main")
    assert len(git(remote, "ls-tree", "-r", "--name-only", "main").splitlines()) > FILES
    world.gt("config", "set", "limits.agents", "6")
    world.gt("rig", "add", "demo", f"file://{remote}")
    beads = []
    for number in range(BEADS):
        change = f"sed -i '1s/^/# {number}\\n/' $(git ls-files '*.py' | sed -n {number * 7 + 1}p)"
        body = chore(f"echo {number} > new-{number}.txt\n{change}")
        beads.append(world.json("bead", "create", f"change {number}", "--rig", "demo", "--body", body)["id"])
    world.gt("sling", *beads, seconds=60)
    commits = [world.wait_state(bead, "merged", 120)["merged_commit"] for bead in beads]
    assert most_at_once(world) == 6
    assert sorted(git(remote, "rev-list", f"{first}..main").splitlines()) == sorted(commits)
    changed = git(remote, "diff", "--name-status", first, "main").splitlines()
    assert sorted(line[0] for line in changed) == ["A"] * BEADS + ["M"] * BEADS
    for repository in (remote, world.path / "rigs/demo/repo.git"):
        assert "error" not in git(repository, "fsck", "--strict")
    world.gt("down", "--agents", seconds=60)


def test_the_same_at_once(bare_town: TownWorld, short_tmp: Path) -> None:
    """Many run the same command at once: one does it, and all end well."""
    world, project = bare_town, make_repository(bare_town.project)

    def at_once(*words: str | Path) -> list[str]:
        with ThreadPoolExecutor(4) as pool:
            return [result.out for result in pool.map(lambda _: world.gt(*words), range(4))]

    said = at_once("rig", "add", "demo", project)
    assert sum("already" in text for text in said) == 3
    assert sum("already" in text for text in at_once("install", short_tmp / "another")) == 3
    at_once("crew", "add", "joe", "--rig", "demo")
    at_once("up")
    assert len(set(at_once("bead", "create", "one", "--rig", "demo", "--key", "k", "--json"))) == 1
    at_once("sling", "-m", "words", "demo", "--key", "k")
    assert len(world.json("bead", "list")["items"]) == 2
    assert [rig["name"] for rig in world.json("rig", "list")["items"]] == ["demo"]
    assert [agent["address"] for agent in world.json("crew", "list")["items"]] == ["demo/joe"]

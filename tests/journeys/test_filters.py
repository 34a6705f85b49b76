"""Filters and drivers that stand in the settings of the project's own repository, and those that stand nowhere."""

import subprocess
from pathlib import Path

import pytest

from tests.journeys.test_kinds_of_remote import clone, sling
from tests.journeys.town_world import TownWorld, git, meet

ROT = "tr a-zA-Z n-za-mN-ZA-M"


def make_project(path: Path, attributes: str, **settings: str) -> Path:
    """A project with these attributes and one commit, and these settings of its own (``filter__r__clean`` …)."""
    path.mkdir(parents=True)
    git(path, "init", "-q")
    for key, value in settings.items():
        git(path, "config", key.replace("__", "."), value)
    (path / ".gitattributes").write_text(attributes)
    (path / "first.sec").write_text("first secret\n")
    (path / "plain.txt").write_text("plain\n")
    git(path, "add", "-A")
    git(path, "commit", "-qm", "first")
    return path


def blob(path: Path, name: str, branch: str = "main") -> bytes:
    """What the repository itself holds."""
    return subprocess.run(
        ["git", "-C", path, "cat-file", "blob", f"{branch}:{name}"], check=True, capture_output=True
    ).stdout


def test_filters_of_the_source_hold_for_agents_gates_and_landing(bare_town: TownWorld) -> None:
    """By its own file, by a file that it includes, and with an origin elsewhere: the secret never lands plain.

    Attributes that stand in the source's `info/attributes`, where tools put theirs, count as those in commits do.
    """
    world, base = bare_town, bare_town.project
    rot = {"filter__r__clean": ROT, "filter__r__smudge": ROT, "filter__r__required": "true"}
    own = make_project(base / "own", "*.sec filter=r\n", **rot)
    included = make_project(base / "included", "*.sec filter=r\n", **rot)
    for key in rot:
        git(included, "config", "--file", str(base / "more.cfg"), key.replace("__", "."), rot[key])
    git(included, "config", "--remove-section", "filter.r")
    git(included, "config", "include.path", str(base / "more.cfg"))
    (included / ".gitattributes").rename(included / ".git/info/attributes")
    git(included, "commit", "-aqm", "attributes of its own")
    far = clone(own, base / "far", "--bare")
    origin = base / "origin"
    subprocess.run(["git", "clone", "-q", "--no-checkout", far, origin], check=True)
    for key in rot:
        git(origin, "config", key.replace("__", "."), rot[key])
    sources = {"own": own, "included": included, "origin": origin}
    script = "grep -q 'first secret' first.sec && echo 'my secret' > second.sec && echo 'more secret' >> first.sec"
    for name, source in sources.items():
        world.gt("rig", "add", name, source)
        world.gt(
            "config",
            "set",
            "merge.gates",
            "[{name: g, run: 'grep -q more first.sec && cat second.sec'}]",
            "--rig",
            name,
        )
    beads = {name: sling(world, name, script) for name in sources}
    for name, bead in beads.items():
        world.wait_state(bead, "merged")
        target = far if name == "origin" else sources[name]
        assert blob(target, "second.sec") == b"zl frperg\n", name
        assert blob(target, "first.sec") == b"svefg frperg\nzber frperg\n", name
    assert (own / "second.sec").read_text() == "my secret\n" and git(own, "status", "--short") == ""


def test_a_filter_that_nobody_defines_or_that_cannot_run(bare_town: TownWorld) -> None:
    """Refused where the rig is added, and nothing of it stays; known where the user has it."""
    world, base = bare_town, bare_town.project
    project = make_project(base / "project", "# none\n*.txt text\n[attr]secret filter=r\n*.sec secret\n")
    said = world.gt("rig", "add", "demo", project, code=4).err.splitlines()[-2:]
    assert said[0].startswith("gt: .gitattributes names the filter r, and no settings define it"), said
    assert said[1].startswith("hint: ") and "filter.r.clean" in said[1], said
    git(project, "config", "filter.r.clean", "no-such-program")
    said = world.gt("rig", "add", "demo", project, code=5).err.splitlines()[-2:]
    assert said[0].startswith("gt: the filter r cannot run: ") and "no-such-program" in said[0], said
    assert world.json("rig", "list") == {"items": []}
    assert not (world.path / "rigs/demo").exists() and not (world.path / ".gt/projects/demo").exists()
    git(project, "config", "--unset", "filter.r.clean")
    for key in ("clean", "smudge"):
        git(project, "config", "--global", f"filter.r.{key}", ROT)
    git(project, "add", "--renormalize", ".")
    git(project, "commit", "-qm", "as it was meant")
    world.gt("rig", "add", "demo", project)
    world.wait_state(sling(world, "demo", "echo words > a.sec"), "merged")
    assert blob(project, "a.sec") == b"jbeqf\n"


@pytest.mark.needs("git-crypt")
def test_git_crypt(bare_town: TownWorld) -> None:
    world, base = bare_town, bare_town.project
    project = make_project(base / "project", "*.key filter=git-crypt diff=git-crypt\n")
    subprocess.run(["git", "crypt", "init"], cwd=project, check=True, capture_output=True)
    (project / "a.key").write_text("the key\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "a key")
    world.gt("rig", "add", "demo", project)
    world.gt("config", "set", "merge.gates", "[{name: g, run: 'grep -q other b.key && grep -q the a.key'}]")
    bead = sling(world, "demo", "grep -q 'the key' a.key && echo 'the other key' > b.key")
    world.wait_state(bead, "merged")
    assert blob(project, "b.key").startswith(b"\0GITCRYPT\0")
    assert (project / "b.key").read_text() == "the other key\n" and git(project, "status", "--short") == ""
    keys = [path for path in world.path.rglob("keys/default") if path.is_file()]
    assert keys and all(path.stat().st_mode & 0o077 == 0 for path in keys)
    # A clone that nobody has unlocked is no place to begin from.
    locked = clone(project, base / "locked", "--bare")
    assert "git-crypt" in world.gt("rig", "add", "locked", locked, code=4).err.splitlines()[-1]


def test_drivers_of_the_source(bare_town: TownWorld) -> None:
    """A merge driver that reads other files of the project, and one for nothing but merging."""
    world, base = bare_town, bare_town.project
    driver = "cat plain.txt %A > %A.new && cat %B >> %A.new && mv %A.new %A"
    project = make_project(base / "project", "*.sec merge=mine\nLOG merge=union\n", merge__mine__driver=driver)
    (project / "LOG").write_text("log\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "a log")
    world.gt("rig", "add", "demo", project)
    work = meet(base / "meet") + "; echo {0} >> LOG; echo {0} > first.sec"
    beads = [sling(world, "demo", work.format(name)) for name in ("one", "two")]
    for bead in beads:
        assert world.wait_state(bead, "merged")["attempts"] == 1
    assert sorted(blob(project, "LOG").split()) == [b"log", b"one", b"two"]
    assert sorted(blob(project, "first.sec").split()) == [b"one", b"plain", b"two"]


def test_attributes_of_the_target_decide(bare_town: TownWorld) -> None:
    """Nested ones too, with or without gates; what agents write into the shared repository decides nothing."""
    world, base = bare_town, bare_town.project
    project = make_project(base / "project", "LOG merge=union\nkept -merge\n")
    (project / "deep/er").mkdir(parents=True)
    (project / "deep/.gitattributes").write_text("NEWS merge=union\n")
    for name in ("LOG", "deep/er/NEWS", "kept", "text"):
        (project / name).write_text("start\nmiddle\nend\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "more")
    world.gt("rig", "add", "demo", project)
    both = meet(base / "first") + "; echo {0} >> LOG; echo {0} >> deep/er/NEWS"
    for bead in [sling(world, "demo", both.format(name)) for name in ("one", "two")]:
        assert world.wait_state(bead, "merged")["attempts"] == 1
    for name in ("LOG", "deep/er/NEWS"):
        assert sorted(blob(project, name).split()) == sorted(b"start middle end one two".split())
    evil = "info=$(git rev-parse --git-common-dir)/info; mkdir -p $info; echo '* merge=union' > $info/attributes"
    script = f"{evil}; {meet(base / 'second')}; echo {{0}} >> text; echo {{0}} >> kept"
    beads = [sling(world, "demo", script.format(name)) for name in ("one", "two")]
    for bead in beads:
        world.wait_state(bead, "merged", 60)
    assert sum(world.json("bead", "show", bead)["attempts"] for bead in beads) == 3

"""What agents write into the files that all worktrees of a rig share, by ordinary commands: nobody else is touched."""

import contextlib
import subprocess
from pathlib import Path

import pytest

from tests.journeys.town_world import TownWorld, git, make_repository

HUSKY = """mkdir -p .husky/_
printf '*\\n' > .husky/_/.gitignore
printf '#!/bin/sh\\necho hooked >> hooked.txt; git add hooked.txt\\n' > .husky/_/pre-commit
chmod +x .husky/_/pre-commit
git config core.hooksPath .husky/_"""


def repo(world: TownWorld) -> Path:
    return world.path / "rigs/demo/repo.git"


def work(world: TownWorld, name: str) -> Path:
    return world.path / f".gt/hooks/demo.{name}/work"


def shared(world: TownWorld) -> tuple[str, dict[str, bytes]]:
    """The common settings, and the other files that all worktrees share and that are no objects, refs or logs."""
    common = repo(world)
    names = ("shallow", "config.worktree", "info/exclude", "info/attributes", "info/grafts")
    files = {}
    for path in [*(common / name for name in names), *common.glob("hooks/*")]:
        with contextlib.suppress(FileNotFoundError):  # put back meanwhile
            files[str(path.relative_to(common))] = path.read_bytes()
    said = subprocess.run(["git", "config", "--file", common / "config", "--list"], capture_output=True, text=True)
    return said.stdout + said.stderr, {name: content for name, content in files.items() if content}


def own(path: Path, key: str) -> str:
    found = subprocess.run(["git", "-C", path, "config", "--get-all", key], capture_output=True, text=True)
    return found.stdout.strip()


#: What people and agents say in a worktree, each of which changes what all worktrees share.
COMMANDS = (
    "git config core.hooksPath .husky/_",
    "git config extensions.worktreeConfig true; git config core.bare true",
    "git config --unset extensions.worktreeConfig",
    "git config core.worktree /tmp",
    "git config user.name Mallory",
    "git config core.autocrlf true; git config core.fileMode false",
    "git config alias.ci 'commit -v'; git config filter.x.clean 'tr a-z A-Z'; git config include.path ../../evil",
    "git remote set-url origin /nowhere/else; git remote set-url --push origin /nowhere/else",
    "git remote add fork /nowhere/else",
    "git remote rename origin upstream",
    "git remote remove origin",
    "git remote set-branches origin other",
    "git init -q",
    "git config core.repositoryFormatVersion 1; git config extensions.refStorage reftable",
    "printf '[broken\\n' >> $(git rev-parse --git-common-dir)/config",
    ": > $(git rev-parse --git-common-dir)/config",
    "rm $(git rev-parse --git-common-dir)/config",
    "git -C $(git rev-parse --git-common-dir) config --worktree core.hooksPath x",
    "hook=$(git rev-parse --git-common-dir)/hooks/pre-commit; printf '#!/bin/sh\\nexit 1\\n' > $hook; chmod +x $hook",
    "echo '*.txt' >> $(git rev-parse --git-path info/exclude)",
    "echo '* -text filter=x' >> $(git rev-parse --git-path info/attributes)",
    "git fetch -q --depth=1 file://{project} main",
)


@pytest.mark.parametrize("alive", [True, False], ids=["at once", "before a start"])
def test_what_is_shared_is_put_back(town: TownWorld, alive: bool) -> None:
    """By the watch while the town is up; else before an agent starts or work lands, and by doctor."""
    world = town
    for number in range(2):
        (world.project / f"more-{number}").write_text("more\n")
        git(world.project, "add", "-A")
        git(world.project, "commit", "-qm", "more")
    for name in ("ann", "bob"):
        world.gt("crew", "add", name, "--rig", "demo")
    if alive:
        world.gt("up")
    settings, files = shared(world)
    head = git(work(world, "bob"), "rev-parse", "HEAD")
    for command in COMMANDS:
        said = command.format(project=world.project)
        subprocess.run(["sh", "-c", said], cwd=work(world, "ann"), capture_output=True)
        if not alive and shared(world) != (settings, files):
            found = world.json("doctor", "--fix")["items"]
            assert any("demo" in finding["what"] and finding["fixed"] for finding in found), (command, found)
        world.wait_for(lambda: shared(world) == (settings, files), 3, f"{command} to be undone: {shared(world)}")
        assert git(work(world, "bob"), "rev-parse", "HEAD") == head
        assert git(work(world, "bob"), "status", "--short") == "", command
        assert git(repo(world), "rev-parse", "--is-bare-repository") == "true"
    assert not world.json("doctor")["items"] or all(f["level"] != "error" for f in world.json("doctor")["items"])
    bead = world.bead("lands", "git log --oneline | wc -l > count.txt")
    world.gt("sling", bead)
    world.wait_state(bead, "merged")
    assert (world.project / "count.txt").read_text().strip() == "3"


def test_what_a_set_up_writes_holds_there_alone(town: TownWorld) -> None:
    """As `npm ci` does with husky."""
    world = town
    script = world.path / "setup.sh"
    script.write_text(HUSKY)
    world.gt("crew", "add", "ann", "--rig", "demo")
    settings = shared(world)
    world.gt("config", "set", "worktree.setup", f"['sh {script}']", "--rig", "demo")
    world.gt("config", "set", "merge.gates", "[{name: look, run: 'test \"$(git config core.hooksPath)\" = .husky/_'}]")
    beads = [world.bead(f"bead {number}", f"echo {number} > new-{number}.txt") for number in range(2)]
    world.gt("sling", *beads)
    for bead in beads:
        landed = world.wait_state(bead, "merged")
        place = work(world, landed["assignee"].partition("/")[2])
        assert own(place, "core.hooksPath") == ".husky/_"
        assert (place / "hooked.txt").exists()
    assert own(work(world, "ann"), "core.hooksPath") == own(repo(world), "core.hooksPath") == ""
    assert shared(world) == settings
    assert "hooked.txt" in git(world.project, "ls-tree", "--name-only", "main")


def test_what_an_agent_writes_holds_there_alone(town: TownWorld) -> None:
    """Its own commands find it, at once and later."""
    world = town
    inner = make_repository(world.project.parent / "inner")
    world.gt("crew", "add", "ann", "--rig", "demo")
    settings = shared(world)
    script = f"""{HUSKY}
git remote add fork {inner}
git fetch -q fork
git -c protocol.file.allow=always submodule --quiet add {inner} sub
git config user.nickname Zoë
sleep 1
test "$(git config user.nickname)" = Zoë
test "$(git config core.hooksPath)" = .husky/_
git submodule --quiet update --init
git fetch -q fork
git log -1 --format=%s > last.txt
test -f sub/file-0.txt"""
    bead = world.bead("settings", script)
    world.gt("sling", bead)
    landed = world.wait_state(bead, "merged")
    assert (world.project / "last.txt").read_text() == "first\n"
    assert (world.project / "hooked.txt").exists()
    place = work(world, landed["assignee"].partition("/")[2])
    assert own(place, "user.nickname") == "Zoë" and own(place, "remote.fork.url") == str(inner)
    assert own(work(world, "ann"), "user.nickname") == own(work(world, "ann"), "remote.fork.url") == ""
    world.wait_for(lambda: shared(world) == settings, 3, "all to be as it was")


def test_work_lands_where_the_town_says(town: TownWorld) -> None:
    """Whatever the shared settings said meanwhile, and while nobody looked."""
    world = town
    evil = make_repository(world.project.parent / "evil")
    (evil / "evil.txt").write_text("evil\n")
    git(evil, "add", "-A")
    git(evil, "commit", "-qm", "evil")
    tip = git(evil, "rev-parse", "HEAD")
    common = repo(world)
    for key, value in (
        ("remote.origin.url", str(evil)),
        (f"url.{evil}.insteadOf", str(world.project)),
        ("core.hooksPath", "/nowhere"),
        ("core.bare", "false"),
    ):
        git(common, "config", key, value)
    bead = world.bead("lands", "echo new > new.txt")
    world.gt("sling", bead)
    world.wait_state(bead, "merged")
    assert (world.project / "new.txt").exists() and not (world.project / "evil.txt").exists()
    assert git(evil, "rev-parse", "HEAD") == tip


def test_a_town_of_before(town: TownWorld) -> None:
    """Its repository and worktrees are brought to the layout by themselves."""
    world = town
    world.gt("crew", "add", "ann", "--rig", "demo")
    common = repo(world)
    subprocess.run(["git", "-C", common, "config", "--unset", "extensions.worktreeConfig"], capture_output=True)
    for file in [*common.glob("worktrees/*/config.worktree"), *common.glob("gt-*")]:
        file.unlink()
    assert git(work(world, "ann"), "status", "--short") == ""
    world.gt("up")
    world.wait_for(lambda: own(common, "extensions.worktreeConfig") == "true", 5, "the layout")
    assert git(work(world, "ann"), "config", "--worktree", "core.bare") == "false"
    assert git(work(world, "ann"), "rev-parse", "--is-bare-repository") == "false"
    assert git(work(world, "ann"), "status", "--short") == ""
    assert git(common, "rev-parse", "--is-bare-repository") == "true"

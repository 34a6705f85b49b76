"""Submodules: there for agents and gates as for whoever owns the project, and never moved by who did not touch them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.journeys.town_world import TownWorld, git, make_repository

LOCAL = ("-c", "protocol.file.allow=always")


def commit(path: Path, name: str, text: str) -> str:
    """One more commit there, of one file."""
    (path / name).write_text(text)
    git(path, "add", "-A")
    git(path, "commit", "-qm", f"{name} says {text.strip()}")
    return git(path, "rev-parse", "HEAD")


def add_submodule(path: Path, url: Path | str, name: str) -> None:
    git(path, *LOCAL, "submodule", "--quiet", "add", str(url), name)
    git(path, "commit", "-qm", f"{name} as a submodule")


def bump(project: Path, name: str) -> str:
    """The project takes what is new in its submodule."""
    git(project / name, "pull", "-q", "origin", "main")
    git(project, "commit", "-qam", f"newer {name}")
    return git(project / name, "rev-parse", "HEAD")


def recorded(repository: Path, name: str, commit: str = "main") -> str:
    """The submodule's commit that the project names."""
    return git(repository, "rev-parse", f"{commit}:{name}")


def make_project(world: TownWorld) -> Path:
    """A project with the submodule ``lib``, which has the submodule ``inner``; returns where they come from."""
    shelf = world.project.with_name("shelf")
    make_repository(shelf / "inner", 1)
    make_repository(shelf / "lib", 2)
    add_submodule(shelf / "lib", shelf / "inner", "inner")
    make_repository(world.project)
    add_submodule(world.project, shelf / "lib", "lib")
    git(world.project, *LOCAL, "submodule", "--quiet", "update", "--init", "--recursive")
    return shelf


def place_of(world: TownWorld, address: str) -> Path:
    return world.path / ".gt" / "hooks" / address.replace("/", ".") / "work"


def set_gate(world: TownWorld, script: str) -> None:
    world.gt("config", "set", "merge.gates", json.dumps([{"name": "gate", "run": script}]))


def why(world: TownWorld, bead: str) -> str:
    """What the agent's escalation of the bead says, once there is one."""

    def find() -> str | None:
        texts = [asked["text"] for asked in world.json("escalate", "list")["items"] if asked["bead"] == bead]
        return texts[0] if texts else None

    return str(world.wait_for(find, 30, f"{bead} to be escalated"))


def test_what_is_active_in_the_source_is_there_without_the_network(bare_town: TownWorld) -> None:
    world = bare_town
    shelf = make_project(world)
    make_repository(shelf / "unused", 1)
    add_submodule(world.project, shelf / "unused", "unused")
    git(world.project, "submodule", "--quiet", "deinit", "unused")
    shelf.rename(shelf.with_name("out of reach"))
    world.gt("rig", "add", "demo", world.project)
    gate = "git submodule status --recursive | grep -v '^-' | cut -c1 | uniq -c | tr -s ' '"
    look = 'cat lib/file-1.txt lib/inner/file-0.txt && test -z "$(ls unused)"'
    set_gate(world, f"{look}; {gate}")
    bead = world.bead("look", f"{look}; cp lib/inner/file-0.txt seen.txt")
    world.gt("sling", bead)
    landed = world.wait_state(bead, "merged")
    changed = git(world.project, "show", "--format=", "--name-only", landed["merged_commit"])
    assert changed == "seen.txt"
    place = place_of(world, landed["assignee"])
    assert git(place, "status", "--porcelain", "--ignore-submodules=none") == ""
    # As in the project itself: the agent's own git finds where a submodule comes from.
    assert git(place / "lib", "config", "remote.origin.url") == git(
        world.project / "lib", "config", "remote.origin.url"
    )
    world.gt("polecat", "remove", landed["assignee"])
    assert not place.exists()


def test_an_unrelated_bead_moves_no_submodule(bare_town: TownWorld) -> None:
    """The worker of the bead before has it at an older commit."""
    world = bare_town
    shelf = make_project(world)
    world.gt("rig", "add", "demo", world.project)
    world.gt("config", "set", "limits.agents", "1", "--rig", "demo")
    gate = 'test "$(git -C lib rev-parse HEAD)" = "$(git rev-parse HEAD:lib)"'
    set_gate(world, gate)
    first = world.bead("first", f"git {' '.join(LOCAL)} submodule update --init --recursive; echo 1 > one.txt")
    world.gt("sling", first)
    worker = world.wait_state(first, "merged")["assignee"]
    commit(shelf / "lib", "new.txt", "new\n")
    new = bump(world.project, "lib")
    second = world.bead("second", "echo 2 > two.txt; cat lib/new.txt > seen.txt")
    world.gt("sling", second)
    landed = world.wait_state(second, "merged")
    assert landed["assignee"] == worker
    assert recorded(world.project, "lib") == new
    assert (world.project / "seen.txt").read_text() == "new\n"


def test_a_submodule_goes_forward_by_who_works_on_it(bare_town: TownWorld) -> None:
    """A commit that is nowhere but in the worktree does not land; once it is where others find it, it does."""
    world = bare_town
    shelf = make_project(world)
    before = recorded(world.project, "lib")
    world.gt("rig", "add", "demo", world.project)
    work = "git -C lib checkout -qb {0}; echo {0} > lib/{0}.txt; git -C lib add -A; git -C lib commit -qm {0}"
    kept = world.bead("kept", work.format("kept"))
    pushed = world.bead("pushed", f"{work.format('pushed')}; git -C lib push -q origin pushed")
    world.gt("sling", kept, pushed)
    said = why(world, kept)
    assert "lib" in said and "push" in said, said
    landed = world.wait_state(pushed, "merged")
    assert recorded(world.project, "lib") == git(shelf / "lib", "rev-parse", "pushed") != before
    assert git(world.project, "show", "--format=", "--name-only", landed["merged_commit"]) == "lib"
    assert world.state(kept) == "open"


def test_a_repository_recorded_without_its_content_does_not_land(bare_town: TownWorld) -> None:
    world = bare_town
    make_repository(world.project)
    world.gt("rig", "add", "demo", world.project)
    bead = world.bead("vendored", "git init -q vendor/x; cd vendor/x; echo x > x; git add x; git commit -qm x")
    world.gt("sling", bead)
    assert "vendor/x" in why(world, bead)
    assert "vendor" not in git(world.project, "ls-tree", "--name-only", "main")


def test_one_that_stayed_behind_while_the_target_went_on_is_no_change(bare_town: TownWorld, short_tmp: Path) -> None:
    """An agent brings its branch up to date and commits everything: its submodule is still where it was before."""
    world = bare_town
    shelf = make_project(world)
    before = recorded(world.project, "lib")
    world.gt("rig", "add", "demo", world.project)
    go = short_tmp / "go"
    script = f"""echo mine > mine.txt; git add mine.txt; git commit -qm mine
while [ ! -e {go} ]; do sleep 0.1; done
git fetch -q; git merge -q -m merged origin/main; echo more >> mine.txt"""
    bead = world.bead("merges", script)
    world.gt("sling", bead)
    world.wait_state(bead, "working")
    commit(shelf / "lib", "new.txt", "new\n")
    new = bump(world.project, "lib")
    go.touch()
    said = why(world, bead)
    assert "lib" in said, said
    assert recorded(world.project, "lib") == new
    # Who begins with the newer one and goes back means it.
    world.gt("sling", back := world.bead("back", "git -C lib checkout -q HEAD^"))
    world.wait_state(back, "merged")
    assert recorded(world.project, "lib") == before


def test_of_a_url_all_and_in_depth(bare_town: TownWorld) -> None:
    """Relative addresses count from the rig's remote; one that is out of reach costs nobody the rest."""
    world = bare_town
    shelf = world.project.with_name("shelf")
    for name in ("inner", "lib", "dead", "left"):
        make_repository(shelf / f"{name}", 1)
    git(shelf / "lib", "config", "remote.origin.url", str(shelf / "lib"))
    add_submodule(shelf / "lib", "../inner", "inner")
    seed = make_repository(shelf / "seed")
    git(seed, "remote", "add", "origin", str(shelf / "seed"))
    for name in ("lib", "dead", "left"):
        add_submodule(seed, f"../{name}", name)
    git(seed, "config", "-f", ".gitmodules", "submodule.left.update", "none")
    git(seed, "commit", "-qam", "left as it is")
    subprocess.run(["git", "clone", "-q", "--bare", seed, shelf / "project"], check=True)
    (shelf / "dead").rename(shelf / "gone")
    said = world.gt("rig", "add", "demo", f"file://{shelf}/project").err
    bead = world.bead("look", "cat lib/file-0.txt lib/inner/file-0.txt > seen.txt; ls dead left >> seen.txt")
    said += world.gt("sling", bead).err
    landed = world.wait_state(bead, "merged")
    seen = git(shelf / "project", "show", f"{landed['merged_commit']}:seen.txt")
    assert seen.split() == ["line", "0", "line", "0", "dead:", "left:"]
    # Whoever looks after the town hears of it, once.
    asked = [found["text"] for found in world.json("escalate", "list")["items"]]
    assert len([text for text in asked if "dead" in text]) == 1, asked
    for name in ("lib", "dead", "left"):
        assert recorded(shelf / "project", name) == recorded(seed, name)


def test_both_sides_move_a_submodule(bare_town: TownWorld) -> None:
    """What git makes of it in a clone: the newer of the two, where one has the other in its history."""
    world = bare_town
    shelf = make_project(world)
    world.gt("rig", "add", "demo", world.project)
    first, second = commit(shelf / "lib", "a.txt", "a\n"), commit(shelf / "lib", "b.txt", "b\n")
    go = world.path / "go"
    script = f"git -C lib fetch -q; git -C lib checkout -q {second}; while [ ! -e {go} ]; do sleep 0.1; done"
    bead = world.bead("moves", script)
    world.gt("sling", bead)
    world.wait_state(bead, "working")
    git(world.project / "lib", "fetch", "-q")
    git(world.project / "lib", "checkout", "-q", first)
    git(world.project, "commit", "-qam", "a")
    go.touch()
    world.wait_state(bead, "merged")
    assert recorded(world.project, "lib") == second


def test_added_moved_and_removed_by_an_agent(bare_town: TownWorld) -> None:
    world = bare_town
    shelf = make_project(world)
    make_repository(shelf / "more", 1)
    world.gt("rig", "add", "demo", world.project)
    world.gt("config", "set", "limits.agents", "1", "--rig", "demo")
    gate = 'cat $(git config -f .gitmodules --get-regexp path | cut -d" " -f2 | sed s,$,/file-0.txt,)'
    steps = {
        "add": f"git {' '.join(LOCAL)} submodule --quiet add {shelf / 'more'} more",
        "move": "git mv lib library",
        "plain": "cat library/file-1.txt more/file-0.txt > seen.txt",
        "remove": "git rm -q more",
        "after": "test ! -e more; cat library/inner/file-0.txt > last.txt",
    }
    set_gate(world, gate)
    for title, script in steps.items():
        bead = world.bead(title, script)
        world.gt("sling", bead)
        world.wait_state(bead, "merged")
    assert recorded(world.project, "library") and "more" not in git(world.project, "ls-tree", "--name-only", "main")
    assert (world.project / "seen.txt").read_text() == "line 1\nline 0\n"


def test_work_inside_a_submodule_is_kept(bare_town: TownWorld, wait_for: Callable[..., Any]) -> None:
    world = bare_town
    make_project(world)
    world.gt("rig", "add", "demo", world.project)
    world.gt("config", "agent", "set", "quiet", "sleep", "600")
    bead = world.bead("inside")
    worker = world.json("sling", bead, "--agent", "quiet")["items"][0]["assignee"]
    place = place_of(world, worker)
    (place / "lib" / "file-0.txt").write_text("changed\n")
    (place / "lib" / "inner" / "new.txt").write_text("new\n")
    refused = world.gt("done", env={"GT_AGENT": worker}, code=4).err
    assert "lib" in refused and "submodule" in refused, refused
    world.gt("pause", worker)
    world.gt("snapshot", "now", worker)
    git(place, "submodule", "--quiet", "foreach", "--recursive", "git reset -q --hard; git clean -qfd")
    (place / "lib" / "file-1.txt").write_text("other\n")
    world.gt("snapshot", "restore", worker)
    assert (place / "lib" / "file-0.txt").read_text() == "changed\n"
    assert (place / "lib" / "inner" / "new.txt").read_text() == "new\n"
    assert (place / "lib" / "file-1.txt").read_text() == "line 1\n"

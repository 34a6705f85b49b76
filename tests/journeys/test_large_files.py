"""Git LFS: the object is where a clone looks for it before the commit that names it is."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.lfs_server import LfsServer, serve_lfs
from tests.journeys.test_kinds_of_remote import clone, sling
from tests.journeys.town_world import TownWorld, git

pytestmark = pytest.mark.needs("git-lfs")


def make_project(path: Path, *, config: str = "") -> Path:
    """A project whose ``*.bin`` are in LFS, with one of them."""
    path.mkdir(parents=True)
    git(path, "init", "-q")
    git(path, "lfs", "install", "--local")
    (path / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    if config:
        (path / ".lfsconfig").write_text(config)
    (path / "one.bin").write_bytes(os.urandom(2000))
    git(path, "add", "-A")
    git(path, "commit", "-qm", "first")
    return path


def make_far(path: Path, **more: str) -> Path:
    """A bare repository that has such a project, objects and all."""
    seed = make_project(path.with_name(f"{path.name}-seed"), **more)
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    git(seed, "push", "-q", f"file://{path}", "main")
    return path


def install_lfs() -> None:
    subprocess.run(["git", "lfs", "install", "--skip-repo"], check=True, capture_output=True)


def look_of_a_clone(source: Path, target: Path, name: str) -> bytes:
    """The file as somebody gets it who clones now."""
    clone(source, target, "--branch", "main")
    return (target / name).read_bytes()


def test_objects_are_there_before_the_commit(bare_town: TownWorld) -> None:
    world, base = bare_town, bare_town.project
    install_lfs()
    bare, by_url, far = (make_far(base / name) for name in ("bare", "byurl", "far"))
    origin, checkout, kept = clone(far, base / "origin"), make_project(base / "checkout"), make_project(base / "kept")
    sources = {"bare": bare, "byurl": f"file://{by_url}", "origin": origin, "checkout": checkout, "kept": kept}
    for name, source in sources.items():
        world.gt("rig", "add", name, source)
    world.gt("config", "set", "merge.publish", "local", "--rig", "kept")
    beads = {name: sling(world, name, "head -c 3000 /dev/zero | tr '\\0' x > two.bin") for name in sources}
    landed = {name: world.wait_state(bead, "merged", 60)["merged_commit"] for name, bead in beads.items()}
    content = b"x" * 3000
    for name, where in {"bare": bare, "byurl": by_url, "origin": far}.items():
        assert git(where, "rev-parse", "main") == landed[name]
        assert look_of_a_clone(where, base / f"look-{name}", "two.bin") == content
    assert (checkout / "two.bin").read_bytes() == content and git(checkout, "status", "--short") == ""
    assert look_of_a_clone(checkout, base / "look-checkout", "two.bin") == content
    here = world.path / "rigs/kept/repo.git"
    assert git(here, "rev-parse", "main") == landed["kept"]
    assert look_of_a_clone(here, base / "look-kept", "two.bin") == content


def test_a_server_of_its_own_and_other_peoples_locks(bare_town: TownWorld) -> None:
    world, base = bare_town, bare_town.project
    install_lfs()
    with serve_lfs() as server:
        far = make_far(base / "far", config=f"[lfs]\n\turl = {server.url}\n")
        assert len(server.objects) == 1
        world.gt("rig", "add", "demo", far)
        bead = sling(world, "demo", "head -c 3000 /dev/zero > two.bin")
        world.wait_state(bead, "merged")
        assert len(server.objects) == 2
        assert look_of_a_clone(far, base / "look", "two.bin") == bytes(3000)
        _held_by_a_lock(world, server, far)


def _held_by_a_lock(world: TownWorld, server: LfsServer, far: Path) -> None:
    server.locked.append("one.bin")
    git(far, "config", "--global", f"lfs.{server.url}.locksverify", "true")
    before = git(far, "rev-parse", "main")
    bead = sling(world, "demo", "head -c 500 /dev/zero > one.bin")
    reason = world.wait_reason(bead)
    assert "one.bin" in reason and "Ann" in reason, reason
    assert world.state(bead) == "submitted" and git(far, "rev-parse", "main") == before
    server.locked.clear()
    world.gt("mq", "retry", bead)
    world.wait_state(bead, "merged")


def test_without_the_program(bare_town: TownWorld, short_tmp: Path) -> None:
    """It is said what is missing, before anything is made and when it is lost later."""
    world, base = bare_town, bare_town.project
    install_lfs()
    far = make_far(base / "far")
    programs = short_tmp / "programs"
    programs.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if program.name != "git-lfs" and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)
    bare = {"PATH": str(programs)}
    assert shutil.which("git-lfs", path=bare["PATH"]) is None
    said = world.gt("rig", "add", "demo", far, env=bare, code=5).err.splitlines()[-2:]
    assert said[0].startswith("gt: ") and "git-lfs is not installed" in said[0], said
    assert said[1].startswith("hint: ") and "git-lfs" in said[1], said
    assert world.json("rig", "list") == {"items": []}
    world.gt("rig", "add", "demo", far)
    made = world.gt("bead", "create", "a", "--rig", "demo", "--body", "```sh\necho a > a\n```", "--json").json["id"]
    said = world.gt("sling", made, env=bare, code=5).err
    assert "git-lfs is not installed" in said, said
    assert world.state(made) == "open"

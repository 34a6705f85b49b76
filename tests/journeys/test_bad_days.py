"""Bad input and bad days: one clear line, a way out, nothing lost."""

import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.town_world import TownWorld, git

pytestmark = pytest.mark.with_mayor

FULL = 200_000
"""A file may grow to this size: a full disk, without needing one of our own."""


def line(result: object) -> str:
    """The complaint; one line, and perhaps a hint."""
    err = str(getattr(result, "err", ""))
    lines = err.splitlines()
    assert "Traceback" not in err and lines[0].startswith("gt: "), err
    assert all(rest.startswith("hint: ") for rest in lines[1:]), err
    return err


def fake(folder: Path, name: str, says: str) -> dict[str, str]:
    """A PATH with a program in front that only tells its version."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_programs_missing_or_too_old(bare_town: TownWorld, short_tmp: Path) -> None:
    world, new = bare_town, short_tmp / "new"
    only = short_tmp / "only"
    only.mkdir()
    for program in ("sh", "env", "python3"):
        (only / program).symlink_to(shutil.which(program) or "")
    none = {"PATH": str(only)}
    for env, words in (
        (none, "git is not installed"),
        (fake(short_tmp / "oldgit", "git", "git version 2.30.2"), "git 2.30 is too old"),
        (fake(short_tmp / "oldtmux", "tmux", "tmux 3.0a"), "tmux 3.0"),
    ):
        said = line(world.run("install", new, env=env))
        assert words in said and "hint: " in said, said
        assert world.run("install", new, env=env).code == 5
        assert not new.exists()
    (only / "git").symlink_to(shutil.which("git") or "")
    assert world.run("install", new, env=none).code == 5
    result = world.gt("up", env=none, code=5)
    assert "tmux" in line(result)
    assert world.json("status")["wanted"] == "down"


def test_state_that_cannot_be_used(town: TownWorld) -> None:
    bead = town.bead("kept")
    config = town.path / "town.yaml"
    good = config.read_text()
    for bad in ("a: [", "nope: 1\n", "\x00", "- list\n"):
        config.write_text(bad)
        said = line(town.gt("config", "show", code=None))
        assert "town.yaml" in said, said
        assert town.gt("bead", "show", bead).out
    config.write_text(good)
    if Path("/proc/self").stat().st_uid != 0:
        config.chmod(0)
        assert "town.yaml" in line(town.gt("config", "show", code=1))
        config.chmod(0o644)
    database = town.path / ".gt" / "town.db"
    with sqlite3.connect(database) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute("PRAGMA user_version = 999")
    said = line(town.gt("bead", "list", code=4))
    assert "newer gt" in said and "upgrade" in said
    with sqlite3.connect(database) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    assert town.state(bead) == "open"
    database.rename(database.with_name("elsewhere"))
    assert "gt doctor --fix" in line(town.gt("bead", "list", code=3))
    database.write_bytes(b"no database at all" * 1000)
    assert "gt doctor --fix" in line(town.gt("bead", "list", code=1))
    database.with_name("elsewhere").rename(database)
    assert town.json("bead", "show", bead)["title"] == "kept"


def test_full_disk(town: TownWorld) -> None:
    """Whatever cannot be written is refused whole; with room again, it is done."""
    (town.path / "big.md").write_text("x" * FULL)

    def squeeze() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))

    def gt(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), *words]
        return subprocess.run(command, preexec_fn=squeeze, capture_output=True, text=True, timeout=30)

    before = town.json("bead", "list")
    words = ("bead", "create", "big", "--rig", "demo", "--body-file", str(town.path / "big.md"), "--key", "k")
    result = gt(*words)
    assert result.returncode == 1, result
    assert "Traceback" not in result.stderr and result.stderr.startswith("gt: "), result
    assert town.json("bead", "list") == before
    made = town.json(*words)
    assert len(made["body"]) == FULL
    subprocess.run(["dd", "if=/dev/urandom", f"of={town.project}/blob", "bs=1M", "count=1"], check=True, stderr=-3)
    git(town.project, "add", "-A")
    git(town.project, "commit", "-qm", "blob")
    result = gt("rig", "add", "again", str(town.project))
    assert result.returncode == 1 and result.stderr.splitlines()[-1].startswith(("gt: ", "hint: ")), result
    assert [rig["name"] for rig in town.json("rig", "list")["items"]] == ["demo"]
    town.gt("rig", "add", "again", town.project)
    git(town.path / "rigs/again/repo.git", "fsck", "--strict")


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "TERM": "dumb"}], ids=["C", "POSIX"])
def test_plain_locale(bare_town: TownWorld, variables: dict[str, str]) -> None:
    made = bare_town.run("install", bare_town.project / "tÖwn ☃", "--json", env=variables)
    assert made.code == 0 and made.json["path"].endswith("tÖwn ☃"), made
    assert bare_town.run("--town", made.json["path"], "status", env=variables).code == 0

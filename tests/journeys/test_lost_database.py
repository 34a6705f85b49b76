"""town.db is lost while agents work: each command says so in one line, and doctor brings the town back."""

from tests.journeys.town_world import TownWorld


def test_doctor_brings_back_a_town_at_work(town: TownWorld) -> None:
    town.gt("config", "set", "limits.agents", "2")
    first = town.bead("first", "echo 1 > first.txt")
    town.gt("sling", first)
    town.wait_state(first, "merged")
    backups = town.path / ".gt" / "backups"
    town.wait_for(lambda: list(backups.glob("town.db.*")), 20, "a backup")
    second = town.bead("second", "echo started > started.txt; while [ ! -e ../go ]; do sleep 0.1; done")
    town.gt("sling", second)
    town.wait_state(second, "working")
    holder = town.json("bead", "show", second)["assignee"]
    pid = town.agent(holder)["pid"]
    hook = town.path / ".gt" / "hooks" / holder.replace("/", ".")
    town.wait_for(lambda: (hook / "work" / "started.txt").exists(), 20, "the agent at work")
    database = town.path / ".gt" / "town.db"
    for name in ("town.db-wal", "town.db-shm"):
        (database.parent / name).unlink(missing_ok=True)
    database.write_bytes(b"no database at all\n" * 1000)
    for words in (("status",), ("bead", "list"), ("sling", second)):
        failed = town.gt(*words, code=1)
        assert failed.out == "" and failed.err.count("\n") == 2
        assert "is damaged" in failed.err and "hint: gt doctor --fix" in failed.err
    assert town.gt("doctor", code=1).out.count("restores town.db") == 1
    [found] = [item for item in town.json("doctor", "--fix")["items"] if item["level"] == "error"]
    assert set(found) == {"level", "what", "cause", "hint", "fixed"} and found["fixed"], found
    assert f"{second} on the hook of {holder}" in found["hint"]
    # The agent was left alone, and is known again.
    assert town.agent(holder)["pid"] == pid
    (hook / "go").touch()
    town.wait_state(second, "merged")
    town.gt("doctor")

"""How work lands, or comes back: gates, review, conflicts, needs, convoys, reports."""

from tests.journeys.town_world import TownWorld, git, meet


def mails(world: TownWorld, address: str) -> list[str]:
    """The subjects in somebody's mailbox."""
    return [mail["subject"] for mail in world.json("mail", "inbox", address, "--all")["items"]]


def test_work_that_comes_back(town: TownWorld) -> None:
    """Two that change the same line both land, one after it was done again; one that never passes is escalated."""
    town.gt("config", "set", "merge.gates", "[{name: tests, run: 'test ! -f broken && echo looked'}]")
    change = meet(town.project.parent / "meet") + "; echo {} >> file-0.txt"
    one, two = (town.bead(name, change.format(name)) for name in ("one", "two"))
    broken = town.bead("broken", "touch broken")
    asks = town.bead("asks", "echo no such luck >&2; exit 3")
    says = town.bead("says", "echo the answer is 42")
    last = town.bead("last", "echo last > last.txt", "--needs", one, two)
    convoy = town.json("convoy", "create", "both", one, two, says)["id"]
    town.gt("sling", one, two, broken, asks, says, last)
    assert town.state(last) == "open" and last not in [b["id"] for b in town.json("bead", "ready")["items"]]
    landed = [town.wait_state(bead, "merged") for bead in (one, two, last)]
    assert sorted(bead["attempts"] for bead in landed[:2]) == [1, 2]
    assert sorted((town.project / "file-0.txt").read_text().split()) == sorted(["line", "0", "one", "two"])
    conflicted = town.json("mq", "list", "--state", "conflicted")["items"]
    assert [request["reason"] for request in conflicted] == ["conflicts with the target in file-0.txt"]

    assert town.wait_state(says, "closed")["reason"] == "done"
    assert "the answer is 42" in town.json("bead", "show", says)["report"]
    town.wait_for(lambda: town.json("convoy", "show", convoy)["state"] == "landed", 10, "the convoy to land")
    assert town.json("convoy", "show", convoy)["done"] == 3
    assert "convoy both has landed" in mails(town, "overseer")

    assert town.json("convoy", "create", "late", last)["state"] == "landed"
    assert "convoy late has landed" in mails(town, "overseer")

    reason = town.wait_for(lambda: town.json("bead", "show", asks)["reason"], 10, "it to ask")
    assert (reason, town.state(asks)) == ("escalated", "open")
    assert "takes the right 'sling'" in town.gt("sling", asks, env={"GT_AGENT": landed[0]["assignee"]}, code=4).err
    gone = town.wait_for(lambda: town.json("bead", "show", broken)["reason"] == "escalated", 30, "three attempts")
    assert gone and town.json("bead", "show", broken)["attempts"] == 3
    requests = [request for request in town.json("mq", "list")["items"] if request["bead"] == broken]
    assert [request["state"] for request in requests] == ["rejected"] * 3
    assert "gate tests failed" in requests[0]["reason"]
    assert f"{broken} came back: rejected" in mails(town, requests[0]["author"])
    texts = [escalation["text"] for escalation in town.json("escalate", "list")["items"]]
    assert any("no such luck" in text for text in texts) and any("came back 3 times" in text for text in texts)
    assert not (town.project / "broken").exists()


def test_held_for_review_and_set_up(town: TownWorld) -> None:
    (town.project / ".env").write_text("secret\n")
    (town.project / ".git/info/exclude").write_text(".env\n")
    for key, value in (
        ("merge.review", "true"),
        ("merge.strategy", "merge"),
        ("worktree.copy", "[.env]"),
        ("worktree.setup", "['cp .env copied', 'sleep 1']"),
        ("merge.gates", "[{name: a, run: no-such-program, parallel: true}, {name: b, run: 'true', parallel: true}]"),
    ):
        town.gt("config", "set", key, value)
    town.gt("config", "agent", "set", "quiet", "sleep", "600")
    bead = town.bead("reviewed", "true")
    started = town.json("sling", bead, "--agent", "quiet")["items"][0]
    address = started["assignee"]
    work = town.path / ".gt/hooks" / address.replace("/", ".") / "work"
    assert (work / "copied").read_text() == "secret\n"
    assert town.agent(address)["provider"] == "quiet" and town.agent(address)["branch"] == f"bead/{bead}"
    as_agent = {"GT_AGENT": address}
    assert "uncommitted" in town.gt("done", env=as_agent, code=4).err
    git(work, "add", "-A")
    git(work, "commit", "-qm", "copied it")
    assert "copied" in town.gt("diff", bead).out
    town.gt("done", env=as_agent)
    assert "already" in town.gt("done", env=as_agent).out
    # A gate that cannot run is not a failing gate.
    town.wait_for(lambda: town.json("mq", "show", bead)["reason"], 10, "the gate to be tried")
    request = town.json("mq", "show", bead)
    assert "cannot run" in request["reason"] and request["state"] in ("queued", "testing")
    town.gt("config", "set", "merge.gates", "[{name: a, run: 'true'}]")
    town.gt("mq", "retry", bead)
    town.wait_for(lambda: town.json("mq", "show", bead)["state"] == "held", 20, "it to be tested")
    assert [request["bead"] for request in town.json("review")["items"]] == [bead]
    town.gt("config", "set", "merge.gates", "[{name: a, run: 'sleep 60', timeout: 100ms}]")
    town.gt("mq", "approve", bead)
    town.wait_for(lambda: town.json("mq", "show", bead)["state"] == "rejected", 20, "the gate to run out of time")
    assert "ran out of time" in town.json("mq", "show", bead)["reason"]
    # Given out again by itself, to the same agent, with its branch.
    town.gt("config", "unset", "merge.gates")
    assert town.wait_state(bead, "working")["assignee"] == address
    town.gt("done", env=as_agent)
    town.gt("mq", "approve", bead)
    commit = town.wait_state(bead, "merged")["merged_commit"]
    assert git(town.project, "rev-parse", "main") == commit
    assert len(git(town.project, "rev-list", "--parents", "-1", commit).split()) == 3
    assert (town.project / "copied").read_text() == "secret\n"

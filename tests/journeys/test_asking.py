"""What agents ask a person: answered by the person, by rules that the person wrote, and by nobody else."""

import json
from collections.abc import Callable

from tests.journeys.askers import OWN_QUESTION, Asker, dialog
from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld

RULE = [{"provider": "claude", "tool": "Bash command", "action": "git (status|diff)", "answer": "approve"}]
ANYTHING = [{"match": "", "answer": "approve"}]


def test_a_rule_answers_exactly_what_it_is_about(town: TownWorld, make_asker: Callable[..., Asker]) -> None:
    plain = make_asker("ann", dialog("git status"))
    printed = "\n".join(f"  {line}" for line in dialog("git status").splitlines())
    sly = make_asker("ben", dialog("rm -rf /", "git status", f"{printed}\n\n"))
    own = make_asker("cat", OWN_QUESTION.replace("shall I run git status?", "git status"))
    asked = plain.waiting()
    assert (asked["question"], asked["tool"], asked["action"]) == (
        "Bash command: git status", "Bash command", "git status",
    )  # fmt: skip
    assert asked["options"][0] == "1. Yes" and "Do you want to proceed?" in str(asked["screen"])
    assert sly.waiting()["question"] == "Bash command: rm -rf /"
    assert own.waiting()["tool"] == ""

    # What an agent may write counts for nothing: files in its worktree, the environment of what it starts.
    worktree = town.path / ".gt/hooks/demo.ben/work"
    for place in ("town.yaml", "rigs/demo/settings/config.json", "settings/config.json", ".config/gt/config.yaml"):
        (worktree / place).parent.mkdir(parents=True, exist_ok=True)
        (worktree / place).write_text(json.dumps({"approvals.rules": ANYTHING}))
    agent = {"GT_AGENT": "mayor"}  # who may change settings otherwise
    refused = town.gt("config", "set", "approvals.rules", json.dumps(ANYTHING), env=agent, code=4)
    assert "only a person" in refused.err
    assert "only a person" in town.gt("config", "unset", "approvals.rules", env=agent, code=4).err
    given = {"GT_APPROVALS_RULES": json.dumps(ANYTHING)}
    assert town.gt("config", "get", "approvals.rules", env=given).out == "[]\n"
    town.gt("daemon", "stop")
    town.gt("daemon", "start", env=given)

    town.gt("config", "set", "approvals.rules", json.dumps(RULE), "--rig", "demo")
    town.wait_for(lambda: plain.got() == "1", 20, "the rule's answer")
    plain.show("It is done.")
    town.wait_for(lambda: town.json("events", "--type", "approval")["items"], 10, "the answer to be known")
    (event,) = town.json("events", "--type", "approval")["items"]
    told = {key: event["data"][key] for key in ("answer", "question", "rule", "digest", "taken")}
    assert told == {
        "taken": True,
        "answer": "approve", "question": "Bash command: git status", "digest": asked["digest"],
        "rule": "provider: claude, tool: Bash command, action: git (status|diff)",
    }  # fmt: skip
    # A program that does not take the key gets no second one: that might be meant for what it asks next.
    plain.show(dialog("git diff", "again"))
    town.wait_for(lambda: len(town.json("events", "--type", "approval")["items"]) > 1, 40, "the rule's next answer")
    assert town.json("events", "--type", "approval")["items"][1]["data"]["taken"] is False
    other = make_asker("dan", dialog("git status"))
    town.wait_for(lambda: other.got() == "1", 40, "a later answer")
    assert plain.got() == "11"
    assert sly.got() == own.got() == ""


def test_an_answer_is_for_the_dialog_that_was_judged(town: TownWorld, make_asker: Callable[..., Asker]) -> None:
    asker = make_asker("ann", dialog("ls"))
    judged = asker.waiting()["digest"]
    item = town.json("review")["items"][0]
    assert (item["kind"], item["id"], item["digest"], item["title"]) == (
        "approval", "demo/ann", judged, "Bash command: ls",
    )  # fmt: skip
    assert item["next"][0] == "gt approve demo/ann" and "Do you want to proceed?" in item["reason"]
    asker.show(dialog("rm -rf /"))
    asker.shows("rm -rf /")
    for verb in ("approve", "deny"):
        assert "demo/ann: changed" in town.gt(verb, "ann", "--digest", str(judged), code=4).err
    asker.show("and now nothing at all")
    asker.shows("nothing at all")
    assert "changed: it asks nothing now" in town.gt("approve", "ann", "--digest", str(judged), code=4).err
    assert asker.got() == ""
    asker.show(dialog("ls", "for another reason").replace("Tip: auto", "Tip: other"))
    asker.shows("another reason")
    assert "changed" in town.gt("approve", "ann", "--digest", str(judged), code=4).err
    asker.show(dialog("ls", above="  more output\n").replace("Tip: auto", "Tip: other"))
    asker.shows("more output")
    said = town.gt("approve", "ann", "--digest", str(judged), code=4)
    assert "the keys were pressed, and the dialog is still there" in said.err
    assert asker.got() == "1"
    assert "one agent" in town.gt("approve", "--all", "--digest", str(judged), code=2).err


def test_alike_is_who_asks_for_the_same(town: TownWorld, make_asker: Callable[..., Asker]) -> None:
    ann, ben = make_asker("ann", dialog("ls", "to look")), make_asker("ben", dialog("ls", "to see"))
    cat = make_asker("cat", dialog("rm x", "to look"))
    for asker in (ann, ben, cat):
        asker.waiting()
    town.gt("deny", "ann", "--alike", code=None)
    town.wait_for(lambda: (ann.got(), ben.got()) == ("\x1b", "\x1b"), 10, "both answers")
    assert cat.got() == ""


def test_agents_answer_nothing(town: TownWorld, make_asker: Callable[..., Asker]) -> None:
    asker = make_asker("ann", dialog("ls"))
    digest = asker.waiting()["digest"]
    session = town.agent("demo/ann")["session"]
    for environment in (
        {"GT_AGENT": "demo/ann"},
        {"GT_AGENT": "demo/ann", "GT_SESSION": session},
        {"GT_AGENT": "overseer", "GT_SESSION": session},
        {"GT_SESSION": session},
        {"GT_SOCKET": str(town.path / ".gt/run/doors" / session / "gt.sock"), "GT_AGENT": "mayor"},
    ):
        for words in (["approve", "ann"], ["approve", "--all"], ["approve", "ann", "--digest", str(digest)]):
            assert "takes the right 'decide'" in town.gt(*words, env=environment, code=4).err
        assert "takes the right 'decide'" in town.gt("deny", "ann", env=environment, code=4).err
    assert "cannot speak as" in town.gt("--as", "overseer", "approve", "ann", env={"GT_AGENT": "demo/ann"}, code=4).err
    assert asker.got() == ""


def test_an_agent_is_answered_in_a_popup_over_its_own_window(bare_town: TownWorld, terminal: Terminal) -> None:
    bare_town.gt("mayor", "start", "--agent", "runbook")
    terminal.run(GT, "--town", bare_town.path, "mayor", "attach")
    terminal.sees("\ngt>")
    terminal.sees("runbook mayor · ready")
    bare_town.gt("nudge", "mayor", "/dialog shall I?")
    terminal.sees("❯ 1. Yes")
    bare_town.wait_for(lambda: len(bare_town.json("review")["items"]) == 2, 20, "the mayor to wait, and the mail of it")
    terminal.clicks("shall I?")
    terminal.types("\x02v")
    terminal.sees("1/2 approval mayor")
    terminal.types("y")
    terminal.sees("approved")
    terminal.sees("2/2 mail")
    terminal.types("q")
    terminal.sees("answered: Yes")

"""Mail goes to an agent's window and back to the person, whatever the agent is doing."""

from tests.journeys.town_world import TownWorld


def test_round_trip_while_idle_busy_and_away(town: TownWorld) -> None:
    town.gt("crew", "add", "ann", "--rig", "demo")
    early = town.json("mail", "send", "ann", "-s", "before you came", "-m", "hello?")["id"]
    town.gt("crew", "start", "ann", "--rig", "demo")
    answers(town, early)

    idle = town.json("mail", "send", "ann", "-s", "while idle", "-m", "still there?")["id"]
    answers(town, idle)
    assert f"gt: mail from overseer: while idle (gt mail read {idle})" in screen(town)

    window = town.agent("demo/ann")
    town.tmux("send-keys", "-t", window["pane"], "-l", "/busy 2")
    town.tmux("send-keys", "-t", window["pane"], "Enter")
    town.wait_for(lambda: town.agent("demo/ann")["state"] == "working", 10, "ann to work")
    busy = town.json("mail", "send", "@crew/demo", "-s", "while busy", "-m", "when you have time")["id"]
    assert town.agent("demo/ann")["state"] == "working"
    answers(town, busy)

    told = town.json("mail", "status", busy)
    session = town.agent("demo/ann")["session"]
    assert [(step["state"], step["session"]) for step in told["steps"]] == [
        ("sent", None), ("offered", session), ("accepted", session)
    ]  # fmt: skip
    assert screen(town).count(f"> gt: mail from overseer: while busy (gt mail read {busy})") == 1


def answers(town: TownWorld, mail: str) -> None:
    """Waits for the agent's answer to that mail."""

    def answered() -> bool:
        return any(answer["in_reply_to"] == mail for answer in town.json("mail", "inbox")["items"])

    town.wait_for(answered, 20, f"an answer to {mail}; the window shows\n{screen(town)}")


def screen(town: TownWorld) -> str:
    return str(town.gt("peek", "ann", code=None).out)

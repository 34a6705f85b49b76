"""A person runs the town from the mayor's window, in a real terminal."""

import signal
import sys

import psutil
import pytest

from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld

pytestmark = pytest.mark.with_mayor


def find_repl(town: TownWorld) -> psutil.Process:
    """The REPL's own process: the child of the mayor's window that is Python."""
    pane = town.json("mayor", "status")["pane"]
    socket = town.json("status")["tmux"]["socket"]
    words = ["tmux", "-S", socket, "display-message", "-p", "-t", pane, "#{pane_pid}"]
    shell = psutil.Process(int(psutil.subprocess.check_output(words)))
    return shell.children()[0]


def test_a_day_at_the_mayors_window(town: TownWorld, terminal: Terminal) -> None:
    terminal.run(GT, "--town", town.path, "mayor", "attach")
    terminal.sees("\ngt>")
    terminal.sees("0 working")

    bead = town.bead("add a greeting", "echo in its window; sleep 60")
    terminal.types(f"sling {bead}\r")
    terminal.sees("is on the hook of demo/toast")
    terminal.types("attach toa")
    terminal.sees("demo/toast")  # the completion
    terminal.types("st\r")
    terminal.sees("in its window")
    terminal.sees(f"1:toast ● {bead} polecat")  # the status line, without anybody asking
    terminal.types("\x02h")
    terminal.sees("next agent that waits")
    terminal.types("\x1b")
    terminal.gone("next agent that waits")
    terminal.types("\x02d")
    terminal.sees("[detached")
    terminal.types("clear\r")
    terminal.gone("[detached")
    terminal.run(GT, "--town", town.path, "mayor", "attach")
    terminal.sees("switched to demo/toast")

    terminal.types("\x02a")
    terminal.sees("go to:")
    terminal.types("tst\r")
    terminal.sees("in its window")
    terminal.types("\x02W")
    terminal.sees("nobody waits")
    terminal.types("\x02H")
    terminal.sees("switched to demo/toast")

    terminal.types("peek toa\t\r")  # faster than any menu opens
    terminal.sees("runbook demo/toast")

    find_repl(town).send_signal(signal.SIGKILL)
    terminal.sees("help tells more", 20)
    terminal.types("\x1b[A")
    terminal.sees("gt> peek toast")  # what was typed before it died
    terminal.types("\x03")

    terminal.resize(132, 40)
    terminal.types("bead list\r")
    terminal.sees("UPDATED")
    terminal.types("exit\r")
    terminal.sees("[detached")
    assert town.json("mayor", "status")["state"] == "on"
    terminal.types("stty -a | grep -o ' icanon '\r")
    terminal.sees("\n icanon")


def test_a_long_mail_is_read_to_its_end_and_back_in_its_popup(bare_town: TownWorld, terminal: Terminal) -> None:
    lines = "\n".join(f"line {number}" for number in range(200))
    bare_town.gt("mail", "send", "overseer", "-s", "a long story", "-m", lines)
    terminal.run(GT, "--town", bare_town.path, "mayor", "attach")
    terminal.sees("\ngt>")
    terminal.types("\x02u")
    terminal.sees("read:")
    terminal.types("long\r")
    terminal.sees("q goes back")
    terminal.types("G")
    terminal.sees("line 199")
    terminal.types("g")
    terminal.sees("subject      a long story")
    terminal.types("q")
    terminal.sees("read: long")
    terminal.types("\x1b")
    terminal.gone("read: long")


def test_the_mouse_chooses_windows_and_panes_and_scrolls(bare_town: TownWorld, terminal: Terminal) -> None:
    bare_town.gt("mayor", "start", "--agent", "runbook")
    terminal.run(GT, "--town", bare_town.path, "mayor", "attach")
    terminal.sees("\ngt>")
    terminal.sees("runbook mayor · ready")

    def is_at(window: str, agent: str) -> bool:
        return bare_town.tmux("display-message", "-p", "-t", "=hq:", "#W #{@gt_agent}") == f"{window} {agent}\n"

    assert is_at("mayor", "")
    terminal.clicks("runbook mayor")
    bare_town.wait_for(lambda: is_at("mayor", "mayor"), 10, "the agent's pane")
    terminal.clicks("gt>")
    bare_town.wait_for(lambda: is_at("mayor", ""), 10, "the REPL's pane")

    def is_at_deacon() -> bool:
        # Signs come late, and move what is right of them: also between a look at the screen and the click.
        if not is_at("deacon", ""):
            terminal.clicks("2:deacon")
        return is_at("deacon", "")

    bare_town.wait_for(is_at_deacon, 10, "the deacon's window")
    terminal.types("\x02H")
    bare_town.wait_for(lambda: is_at("mayor", ""), 10, "the mayor's window")

    bare_town.gt("nudge", "mayor", "/print 2")
    terminal.sees("line 15")
    terminal.gone("• working")
    terminal.wheels_up("line 15")
    terminal.sees("[0/")
    terminal.wheels_up("line 15")
    terminal.sees("[5/")  # so many lines further up, of how many
    terminal.types("q")
    terminal.gone("[5/")


def test_a_flood_of_events_leaves_a_prompt_to_type_at(bare_town: TownWorld, terminal: Terminal) -> None:
    terminal.run(GT, "--town", bare_town.path)
    terminal.sees("\ngt>")
    terminal.types("sta")
    flood = (
        "import os\nfrom pathlib import Path\n"
        "from gastown_tmux.domain.events import EventType\nfrom gastown_tmux.domain.addresses import DEACON\n"
        "from gastown_tmux.operations.town.town import Town\n"
        f"town = Town(Path({str(bare_town.path)!r}), DEACON, os.environ)\n"
        "for batch in range(10):\n"
        "    with town.change() as change:\n"
        "        for number in range(1000):\n"
        "            change.event(EventType.BEAD_MERGED, f'de-{number:05}', commit='a' * 40)\n"
    )
    psutil.subprocess.run([sys.executable, "-c", flood], check=True, timeout=30)
    terminal.types("tus")
    screen = terminal.sees("more: events")
    terminal.sees("gt> status")
    for line in screen.splitlines():
        assert line.count("merged as") <= 1, screen
    terminal.types("\r")
    terminal.sees("tmux does not run")
    terminal.types("\x04")
    terminal.sees("\n$")
    terminal.types("echo left\r")
    terminal.sees("\nleft")


def test_the_mayors_agent_is_beside_the_repl_and_comes_back(bare_town: TownWorld) -> None:
    assert "without an agent program" in bare_town.gt("mayor", "start").out
    bare_town.gt("mayor", "start", "--agent", "runbook")
    started = bare_town.json("mayor", "status")
    assert (started["state"], started["agent"]["window"]) == ("on", started["window"])
    assert started["agent"]["pane"] != started["pane"]
    psutil.Process(started["agent"]["pid"]).kill()

    def is_back() -> bool:
        agent = bare_town.agent("mayor")
        return agent["pid"] not in (None, started["agent"]["pid"]) and agent["health"] == "healthy"

    bare_town.wait_for(is_back, 20, "the mayor's agent to be back")
    assert bare_town.agent("mayor")["pane"] == started["agent"]["pane"]

    bare_town.gt("nudge", "mayor", "/dialog may I?")
    asking = bare_town.wait_for(lambda: bare_town.json("waiting")["items"], 20, "the mayor to ask")
    assert (asking[0]["agent"], asking[0]["question"]) == ("mayor", "may I?")
    assert bare_town.json("review")["items"][0]["kind"] == "approval"
    told = bare_town.wait_for(lambda: bare_town.json("mail", "inbox")["items"], 20, "the overseer's mail")
    assert [mail["subject"] for mail in told] == ["mayor waits for a person"]
    assert bare_town.json("mail", "inbox", "mayor")["items"] == []
    bare_town.gt("estop")
    assert "gt thaw" in bare_town.gt("approve", "--all", code=4).err
    bare_town.gt("thaw")
    assert "approved" in bare_town.gt("approve", "--all").out
    assert "answered: Yes" in bare_town.gt("peek", "mayor", "-n", "50").out
    bare_town.gt("config", "set", "approvals.rules", "[{match: '^really', answer: deny}]")
    bare_town.gt("nudge", "mayor", "/dialog really?")
    bare_town.wait_for(lambda: "answered: No" in bare_town.gt("peek", "mayor", "-n", "50").out, 20, "the rule")
    assert "asks nothing" in bare_town.gt("deny", "mayor", code=4).err
    answers = [event["data"] for event in bare_town.json("events", "--type", "approval")["items"]]
    assert [(each["answer"], each["rule"]) for each in answers] == [("approve", None), ("deny", "^really")]

    for words in (["stop"], ["restart"], ["start", "--agent", "claude"]):
        refused = bare_town.gt("mayor", *words, env={"GT_AGENT": "mayor"}, code=4)
        assert "takes the right 'decide'" in refused.err
    assert bare_town.agent("mayor")["health"] == "healthy"
    bare_town.gt("mayor", "stop")
    assert "already" in bare_town.gt("mayor", "stop").out
    assert bare_town.json("mayor", "status")["state"] == "off"

"""Whatever is put in the way of a town from outside is set aside, told by doctor, and everything else goes on."""

import json
import os
from typing import Any

from tests.journeys.town_world import TownWorld


def put_mail(town: TownWorld, box: str, name: str, head: str) -> None:
    """As another mail program does."""
    folder = town.path / ".gt" / "mail" / box
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "new" / name).write_text(f"From: me@example.com\nMessage-ID: <{name}@x>\nSubject: {name}\n{head}\n\nhi\n")


def signal(town: TownWorld, session: str, payload: str, event: str = "idle") -> Any:
    """As a provider's hook does."""
    door = town.path / ".gt/run/doors" / session / "gt.sock"
    env = {"GT_TOWN": str(town.path), "GT_SESSION": session, "GT_AGENT": "demo/ann", "GT_SOCKET": str(door)}
    return town.run("signal", event, stdin=payload, env=env)


def warnings(town: TownWorld) -> str:
    return json.dumps(town.gt("doctor", "--json", code=None).json["items"])


def start(town: TownWorld, name: str) -> str:
    town.gt("crew", "add", name, "--rig", "demo")
    town.gt("crew", "start", name, "--rig", "demo")
    town.wait_for(lambda: town.agent(f"demo/{name}")["state"] in ("ready", "idle"), 15, f"{name} to be idle")
    return str(town.agent(f"demo/{name}")["session"])


def no_traceback(town: TownWorld) -> None:
    for log in (town.path / ".gt" / "logs").glob("*.log"):
        assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")[-3000:]


def test_mail_with_impossible_times_keeps_nobody_elses(town: TownWorld) -> None:
    start(town, "ann")
    for box in ("demo.aaa", "demo.ann", "overseer"):
        put_mail(town, box, "never", "X-Gastown-Type: task\nX-Gastown-Expires: tomorrow")
        put_mail(town, box, "early", "X-Gastown-Type: task\nX-Gastown-Date: yesterday")
        put_mail(town, box, "endless", "X-Gastown-Date: " + "9" * 400)
        put_mail(
            town, box, "encoded", "Cc: x\nSender: =?utf-7?q?+2AA-?= <a@b>\nFrom: =?unicode_escape?q?=5Cud800?= <a@b>"
        )
        future = town.path / ".gt" / "mail" / box / "new" / "early"
        os.utime(future, (1e15, 1e15))
        os.mkfifo(future.with_name("pipe"))
        future.with_name("zero").symlink_to("/dev/zero")
        future.with_name("folder").mkdir()
        future.with_name("nowhere").symlink_to("/nowhere")
    mail = town.json("mail", "send", "ann", "-s", "a good one", "-m", "hello?")["id"]
    answered = "SELECT count(*) FROM deliveries WHERE mail = ? AND state = 'accepted'"
    town.wait_for(lambda: town.ask(answered, mail), 20, "the good mail to be told")
    for words in (("mail", "inbox"), ("mail", "inbox", "demo/ann"), ("mail", "search", "hi"), ("mail", "check")):
        said = town.gt(*words, "--json")
        assert {"never", "early", "endless"} <= {mail["subject"] for mail in said.json["items"]}, said
        assert town.gt(*words).code == 0
    no_traceback(town)


def test_payloads_that_are_no_json_end_the_turn_all_the_same(town: TownWorld) -> None:
    ann, ben = start(town, "ann"), start(town, "ben")
    state = "SELECT state FROM sessions WHERE id = ?"
    payloads = [r'{"session_id":"\ud800"}', "[" * 100_000, r'{"transcript_path":"\ud800"}', "\0", '{"session_id":1}']
    for payload in payloads:
        assert signal(town, ann, "{}", "working").code == 0
        town.wait_for(lambda: town.ask(state, ann) == "working", 10, "ann to work")
        said = signal(town, ann, payload)
        assert (said.code, said.err) == (0, "")
        town.wait_for(lambda: town.ask(state, ann) == "idle", 10, f"the turn to end with {payload[:30]}")
    signal(town, ben, "{}", "waiting")
    town.wait_for(lambda: town.ask(state, ben) == "waiting", 10, "ben's signal to be taken")
    no_traceback(town)


def test_what_is_no_signal_in_the_spool_keeps_no_signal(town: TownWorld) -> None:
    ann = start(town, "ann")
    spool = town.path / ".gt" / "run" / "spool"
    (spool / f"1.{ann}.idle").symlink_to("/nowhere")
    (spool / f"2.{ann}.idle").mkdir()
    os.mkfifo(spool / f"3.{ann}.offered")
    (spool / f"4.{ann}.waiting").symlink_to("/dev/zero")
    (spool / "nonsense").write_text("x")
    signal(town, ann, "{}", "waiting")
    town.wait_for(lambda: town.ask("SELECT state FROM sessions WHERE id = ?", ann) == "waiting", 10, "the signal")
    town.wait_for(lambda: not list(spool.glob("[!.]*")), 10, "the spool to be empty")
    assert "2." + ann in warnings(town)
    no_traceback(town)


def test_files_that_cannot_be_copied_keep_no_worker(town: TownWorld) -> None:
    """Root may read everything, so for it a pipe stands in for the closed file."""
    closed = town.project / ".env"
    closed.write_text("SECRET=1\n")
    closed.chmod(0)
    (town.project / "good.env").write_text("A=1\n")
    os.mkfifo(town.project / "pipe.env")
    (town.project / "zero.env").symlink_to("/dev/zero")
    (town.project / ".git/info/exclude").write_text("*.env\n.env\n")
    town.gt("config", "set", "worktree.copy", '[".env", "*.env", "/etc/passwd", "", "../*"]', "--rig", "demo")
    town.gt("up")
    bead = town.bead("hello", "cat good.env > copied.txt")
    town.gt("sling", bead, "demo")
    town.wait_state(bead, "merged", 60)
    assert "pipe.env" in warnings(town)


def test_a_layout_is_saved_whatever_a_window_is_called(town: TownWorld) -> None:
    town.gt("up")
    command = "printf 'a\\nb'\nsleep 1000\t# x"
    pane = town.tmux("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "hq:", "-n", "odd", "sleep 1000").strip()
    town.tmux("set-option", "-p", "-t", pane, "@gt_kind", "view")
    town.tmux("set-option", "-p", "-t", pane, "@gt_session", "view.x")
    town.tmux("set-option", "-p", "-t", pane, "@gt_command", command)
    town.tmux("rename-window", "-t", pane, "o\td\nd")
    town.gt("layout", "save", "mine")
    shown = town.json("layout", "show", "mine")
    import yaml

    saved = yaml.safe_load(shown["text"])
    assert saved["windows"][0]["panes"][0]["shell_command"] == command


def test_an_agent_called_as_a_window_of_ours_is_seen(town: TownWorld) -> None:
    start(town, "keeper")
    shown = town.tmux("list-windows", "-a", "-F", "#{session_name} #{E:window-status-format}").splitlines()
    assert any(line.startswith("demo ") and "keeper" in line for line in shown)
    assert not any(line.startswith("hq ") and "keeper" in line for line in shown)


def test_a_broken_configuration_stops_no_daemon(town: TownWorld) -> None:
    ann = start(town, "ann")
    (town.path / "town.yaml").write_text("provider: [")
    (town.path / "rigs/demo/settings").mkdir(exist_ok=True)
    os.mkfifo(town.path / "rigs/demo/settings/config.json")
    signal(town, ann, "{}", "waiting")
    town.wait_for(lambda: town.ask("SELECT state FROM sessions WHERE id = ?", ann) == "waiting", 10, "the signal")
    assert "town.yaml is not YAML" in town.gt("status").out
    assert "town.yaml is not YAML" in town.gt("config", "show", code=1).err
    # An agent can neither wait for it to be mended, nor mend it.
    agent = {"GT_TOWN": str(town.path), "GT_AGENT": "demo/ann"}
    assert town.run("config", "get", "provider.default", env=agent).out == "runbook\n"
    assert warnings(town).count("is not YAML") == 1 and "a named pipe" in warnings(town)
    pid = town.ask("SELECT pid FROM sessions WHERE id = ?", ann)
    os.kill(int(pid), 9)
    again = (
        "SELECT count(*) FROM sessions WHERE agent = 'demo/ann' AND state <> 'ended' AND pid IS NOT NULL AND id <> ?"
    )
    town.wait_for(lambda: town.ask(again, ann), 20, "ann to run again")


def test_state_json_of_any_kind_is_no_traceback(town: TownWorld) -> None:
    start(town, "ann")
    state = town.path / ".gt/hooks/demo.ann/state.json"
    env = {"GT_TOWN": str(town.path), "GT_AGENT": "demo/ann", "GT_SESSION": "x"}
    for garbage in (b"[" * 100_000, b"\xff\xfe", b'{"bead": {"id": 1}}', b"", b"\0" * 10):
        state.write_bytes(garbage)
        said = town.run("hook", env=env)
        assert said.code == 0 and "Traceback" not in said.err, said
    state.unlink()
    os.mkfifo(state)
    said = town.run("hook", env=env, seconds=20)
    assert said.code == 0, said
    assert town.gt("doctor", code=None).code in (0, 1)

"""Files whose names are no UTF-8: whoever looks sees them as git writes them, and nothing stops."""

import json
import os
import subprocess
import sys

from tests.journeys.town_world import TownWorld, meet

ODD = r"caf\351 \377.txt"
"""As git writes it, and as printf reads it."""
NAME = b"caf\xe9 \xff.txt"
MAKE = f"f=\"$(printf '{ODD}')\""


def read(town: TownWorld, *words: str) -> bytes:
    """What another program gets that reads our output."""
    command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), *words]
    done = subprocess.run(command, capture_output=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 0 and b"Traceback" not in done.stderr, (words, done)
    return done.stdout


def test_a_conflict(town: TownWorld) -> None:
    """It comes back as any conflict does, and the queue goes on."""
    script = f'{MAKE}; {meet(town.project.parent / "meet")}; echo $GT_BEAD > "$f"'
    one, two = town.bead("one", script), town.bead("two", script)
    town.gt("sling", one, two)
    for bead in (one, two):
        assert town.wait_state(bead, "merged", 60)
    [request] = town.json("mq", "list", "--state", "conflicted")["items"]
    assert request["reason"] == f'conflicts with the target in "{ODD}"'
    for words in (
        ("mq", "show", request["id"]),
        ("mq", "list"),
        ("bead", "show", one),
        ("events",),
        ("log", "refinery"),
    ):
        assert read(town, *words).decode()
        json.loads(read(town, *words, "--json").decode())
    assert ODD in town.gt("mq", "show", request["id"]).out
    returned = [e for e in town.json("events", "--type", "merge")["items"] if e["type"] == "merge.conflicted"]
    assert f'"{ODD}"' in returned[0]["data"]["reason"]
    [mail] = [m for m in town.json("mail", "inbox", request["author"], "--all")["items"] if "came back" in m["subject"]]
    body = town.json("mail", "read", mail["id"])["body"]
    assert f'in "{ODD}"' in body and body.count(ODD) > 1, body
    assert ODD.encode() in (town.path / f".gt/logs/merge/{request['id']}.log").read_bytes()


def test_what_is_shown_of_work(town: TownWorld) -> None:
    """Diff, review, snapshots and what they leave out: for people, as JSON, and as bytes for another program."""
    town.gt("config", "set", "snapshot.file", "1K")
    town.gt("config", "set", "merge.review", "true")
    bead = town.bead("odd", f'{MAKE}; printf "na\\357ve\\n" > "$f"; mkdir -p "d$f/e"; cp "$f" "d$f/e/$f"')
    town.gt("sling", bead)
    request = town.wait_for(lambda: town.ask("SELECT id FROM merge_requests WHERE state = 'held'"), 30, "it to be held")
    busy = town.bead("busy", f'{MAKE}; seq 9999 > "big-$f"; echo 2 > "new-$f"; touch ready; while :; do sleep 1; done')
    town.gt("sling", busy)
    town.wait_state(busy, "working")
    agent = town.json("bead", "show", busy)["assignee"]
    work = town.path / ".gt/hooks" / agent.replace("/", ".") / "work"
    town.wait_for((work / "ready").exists, 20, "its files")
    town.gt("snapshot", "now", agent)
    commands = (
        ("diff", bead), ("diff", agent), ("diff", bead, "--stat"), ("review",), ("waiting",), ("mq", "show", request),
        ("snapshot", "list", agent), ("snapshot", "show", agent), ("snapshot", "diff", agent), ("events",), ("agents",),
        ("status",), ("status", "--explain", agent), ("peek", agent), ("log", agent), ("mq", "list"),
    )  # fmt: skip
    for words in commands:
        read(town, *words)
        text = read(town, *words, "--json").decode()
        assert r"\udc" not in text and json.loads(text), words
        text.encode()
    assert NAME in read(town, "diff", bead) and b"+na\xefve" in read(town, "diff", bead)
    assert ODD in json.loads(read(town, "diff", bead, "--json"))["text"]
    saved = town.json("snapshot", "list", agent)["items"][-1]
    left_out = saved["left_out"]
    assert [each["path"] for each in left_out] == [f"big-{ODD}"], left_out
    assert f'"big-{ODD}" (' in town.gt("snapshot", "list", agent).out
    said = town.gt("snapshot", "now", agent)
    assert f'"big-{ODD}"' in said.out + said.err
    town.gt("mq", "approve", request)
    town.wait_state(bead, "merged", 40)
    assert (town.project / os.fsdecode(NAME)).exists()
    # A saved moment is put back with its names.
    town.gt("stop", agent)
    (work / "ready").unlink()
    (work / os.fsdecode(b"new-" + NAME)).unlink()
    town.gt("snapshot", "restore", agent, str(saved["seq"]))
    assert (work / os.fsdecode(b"new-" + NAME)).read_text() == "2\n"

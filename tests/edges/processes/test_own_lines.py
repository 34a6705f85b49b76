import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from gastown_tmux.edges.processes.own_lines import Said, run_line


def test_a_line_is_carried_out_as_the_person_who_runs_the_face(run_gt: Callable[..., Any], short_tmp: Path) -> None:
    town = short_tmp / "home" / "gt"
    assert run_gt("install", town).code == 0
    environment = {**os.environ, "GT_AGENT": "demo/toast", "GT_SOCKET": "/nowhere", "TMUX": "x,1,1", "GT_TOWN": "/none"}
    sent = run_line([f"--town={town}", "mail", "send", "overseer", "-s", "hé -- 'x'", "-m", "-\n<b>"], environment, 60)
    assert (sent.status, sent.err) == (0, ""), sent
    (mail,) = run_gt("--town", town, "mail", "inbox", "--json").json["items"]
    assert (mail["subject"], mail["body"].strip(), mail["from"]) == ("hé -- 'x'", "-\n<b>", "overseer")
    wrong = run_line([f"--town={town}", "mail", "read", "none"], environment, 60)
    assert wrong.status == 3 and wrong.err.startswith("gt: ")
    # What reads its standard input has nothing to read there.
    nothing = run_line([f"--town={town}", "mail", "send", "overseer", "-s", "x", "-m", "-"], environment, 60)
    assert nothing.status is not None


def test_nobody_reads_its_words_and_one_that_does_not_end_is_ended(
    run_gt: Callable[..., Any], short_tmp: Path, wait_for: Callable[..., Any]
) -> None:
    town = short_tmp / "home" / "gt"
    assert run_gt("install", town).code == 0
    known = psutil.Process().children(recursive=True)
    said: list[Said] = []
    words = [f"--town={town}", "events", "--follow", "--search", "private-words"]
    thread = threading.Thread(target=lambda: said.append(run_line(words, os.environ, 3.0)))
    thread.start()
    me, before = psutil.Process(), {child.pid for child in known}
    children = wait_for(
        lambda: [child for child in me.children(recursive=True) if child.pid not in before], 10, "the process"
    )
    told = [" ".join(child.cmdline()) for child in children]
    assert told and all("private" not in each for each in told)
    thread.join(60)
    assert said[0].status is None
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)

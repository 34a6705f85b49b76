"""Whoever sits at a terminal writes in an editor; elsewhere nobody is waited for, and nothing empty is sent."""

import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AtTerminal = Callable[..., tuple[int, str]]


@pytest.fixture
def at_terminal(short_tmp: Path) -> AtTerminal:
    """``gt`` with a terminal of its own, and an editor that is a line of shell with the file in ``$1``."""

    def run(*words: str, editor: str = "false", typed: str = "", **environment: str) -> tuple[int, str]:
        script = short_tmp / "editor"
        script.write_text(f"#!/bin/sh\n{editor}\n")
        script.chmod(0o755)
        child, terminal = pty.fork()
        if not child:
            os.chdir(short_tmp / "home")
            os.environ.update({"EDITOR": str(script), "TERM": "xterm", "PAGER": "cat"} | environment)
            os.environ.pop("VISUAL", None)
            os.execv(sys.executable, [sys.executable, "-m", "gastown_tmux", *words])
        os.write(terminal, typed.encode())
        shown = b""
        try:
            while part := os.read(terminal, 65536):
                shown += part
        except OSError:  # nobody has the other end any more
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode().replace("\r\n", "\n")

    return run


def test_a_configuration_is_edited_without_a_town_and_what_is_wrong_is_not_saved(
    at_terminal: AtTerminal, run_gt: Any, short_tmp: Path
) -> None:
    path = short_tmp / "home" / ".config" / "gt" / "config.yaml"
    status, shown = at_terminal("config", "edit", "--user", editor='echo "merge.review: true # mine" >>"$1"')
    assert status == 0 and "config.yaml is saved" in shown
    assert path.read_text().endswith("merge.review: true # mine\n")

    wrong = 'echo "merge.strateg: squash" >>"$1"'
    status, shown = at_terminal("config", "edit", "--user", editor=wrong, typed="n\n")
    assert (
        status == 4 and "unknown configuration key 'merge.strateg'" in shown and "did you mean merge.strategy" in shown
    )
    assert "strateg:" not in path.read_text()
    kept = Path(shown.split("what you wrote is in ")[1].split()[0])
    assert "merge.strateg: squash" in kept.read_text()
    kept.unlink()
    assert "is as it was" in at_terminal("config", "edit", "--user", editor="true")[1]
    assert run_gt("config", "edit", "--user").code == 2, "nobody is waited for without a terminal"

    setting = run_gt("config", "show", "merge.review", "--json").json["items"][0]
    assert (setting["value"], setting["layer"]) == (True, "user")
    assert "hold merge requests" in setting["meaning"]
    assert run_gt("config", "set", "mail.rescan", "2s", "--user").code == 0
    assert run_gt("config", "get", "mail.rescan").out == "2s\n"
    assert run_gt("config", "path", "--json").json["items"][0]["layer"] == "user"
    for words in (("config", "set", "mail.rescan", "2s"), ("config", "show", "--rig", "demo")):
        refused = run_gt(*words)
        assert refused.code == 3 and "there is no town here" in refused.err

"""Whoever sits at a terminal writes in an editor; elsewhere nobody is waited for, and nothing empty is sent."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.town.writing import kept

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
    # An editor that leaves what is wrong as it is would be called for ever.
    status, shown = at_terminal("config", "edit", "--user", editor='echo "x: [" >"$1"', typed="\n\n\n")
    assert status == 4 and shown.count("edit it again?") == 1
    Path(shown.split("what you wrote is in ")[1].split()[0]).unlink()
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


def test_a_person_writes_mails_and_beads_in_an_editor(at_terminal: AtTerminal, run_gt: Any, short_tmp: Path) -> None:
    town = short_tmp / "town"
    assert run_gt("install", town).code == 0
    (short_tmp / "project").mkdir()
    for words in (["init", "-qb", "main"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *words], cwd=short_tmp / "project", check=True)
    assert run_gt("--town", town, "rig", "add", "demo", short_tmp / "project").code == 0
    here = {"GT_TOWN": str(town)}
    text = r"""printf 'A title\n\n# a heading\nits text\n' >"$1.new"; cat "$1" >>"$1.new"; mv "$1.new" $1"""

    status, shown = at_terminal("bead", "create", "--rig", "demo", editor=text, **here)
    bead = run_gt("bead", "show", shown.split()[-1], env=here)
    assert status == 0 and "A title" in bead.out and "\n# a heading\nits text\n" in bead.out
    change = "sed -i 's/A title/Another/' \"$1\""
    assert at_terminal("bead", "update", shown.split()[-1], editor=change, **here)[0] == 0
    told = run_gt("bead", "show", shown.split()[-1], "--json", env=here).json
    assert (told["title"], told["body"]) == ("Another", "# a heading\nits text")

    status, _ = at_terminal("mail", "send", "mayor", editor=text, **here)
    mail = run_gt("mail", "inbox", "mayor", "--json", env=here).json["items"][0]
    assert status == 0 and mail["subject"] == "A title"
    words = run_gt("mail", "send", "overseer", "-s", "a question", "-m", "so?", env={**here, "GT_AGENT": "mayor"})
    assert words.code == 0
    own = run_gt("mail", "inbox", "--json", env=here).json["items"][0]
    assert at_terminal("mail", "reply", own["id"], editor="sed -i '1s/^/Yes./' \"$1\"", **here)[0] == 0
    answers = run_gt("mail", "search", "Yes", "--json", env={**here, "GT_AGENT": "mayor"}).json["items"]
    assert [each["body"].strip() for each in answers] == ["Yes."]

    count = len(run_gt("mail", "inbox", "mayor", "--json", env=here).json["items"])
    for words in (("mail", "send", "mayor"), ("mail", "send", "mayor", "-s", "x"), ("mail", "reply", own["id"])):
        status, shown = at_terminal(*words, editor="true", **here)
        assert status == 2 and "nothing was written" in shown
    assert run_gt("mail", "reply", own["id"], "-m", " ", env=here).code == 2
    assert run_gt("mail", "send", "mayor", "-m", "x", env=here).code == 2
    assert run_gt("bead", "create", "--rig", "demo", env=here).code == 2
    assert "editor" in at_terminal("mail", "send", "mayor", editor="exit 3", **here)[1]
    assert len(run_gt("mail", "inbox", "mayor", "--json", env=here).json["items"]) == count


def test_what_was_written_and_cannot_be_sent_is_kept(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as raised, kept(("A title", "its text")):
        raise RefusedError("no", hint="gt thaw")
    name = str(raised.value.hint).removeprefix("what you wrote is in ").split(";")[0]
    assert Path(name).read_text() == "A title\n\nits text\n"
    Path(name).unlink()

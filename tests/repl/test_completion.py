"""What may be typed next."""

from pathlib import Path

import pytest

from gastown_tmux.faces.values import Values
from gastown_tmux.repl.completion import complete
from gastown_tmux.verbs.index import VERBS
from gastown_tmux.verbs.table import Kind

VALUES = Values(
    words={
        Kind.AGENT: [("demo/toast", "working de-1a2b3"), ("toast", "demo/toast"), ("demo/nux", "idle")],
        Kind.ADDRESS: [("demo/toast", "working de-1a2b3"), ("toast", "demo/toast"), ("mayor", "")],
        Kind.RIG: [("demo", "main")],
        Kind.BEAD: [("de-1a2b3", "working say hello"), ("de-zzzzz", "open part")],
        Kind.SETTING: [("ui.keys", "how lines are edited")],
        Kind.MAIL: [("ftc3uyggvejw", "deacon: look here")],
        Kind.EVENT: [("merge", "all of them"), ("merge.held", "")],
        Kind.PROVIDER: [("claude", "Claude Code"), ("runbook", "the built-in agent")],
    }
)


def words(text: str) -> list[str]:
    return [word for word, _ in complete(text, VALUES)[1]]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("sta", "status"),
        ("gt sta", "status"),
        ("bead s", "show"),
        ("bead show ", "de-1a2b3"),
        ("bead show zz", "de-zzzzz"),
        ("bead show hello", "de-1a2b3"),
        ("attach to", "toast"),
        ("@to", "@toast"),
        ("sling ", "de-zzzzz"),
        ("sling de-zzzzz --agent ru", "runbook"),
        ("bead list --state w", "working"),
        ("bead list --r", "--rig"),
        ("config set keys", "ui.keys"),
        ("mail read ", "ftc3uyggvejw"),
        ("events --type merge", "merge"),
        ("mail send @ri", "@rig/demo"),
        ("help sn", "snapshot"),
        ("--js", "--json"),
        ("bead show --qui", "--quiet"),
    ],
)
def test_first_choice(text: str, first: str) -> None:
    assert words(text)[0] == first


def test_the_word_to_replace_is_the_last_one() -> None:
    assert complete("bead show de-1", VALUES)[0] == "de-1"
    assert complete("bead show ", VALUES)[0] == ""


def test_paths_are_offered_as_they_were_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "plan.md").touch()
    monkeypatch.chdir(tmp_path)
    assert words("rig add demo p") == ["plan.md", "project/"]
    assert words(f"bead create x --body-file {tmp_path}/pl") == [f"{tmp_path}/plan.md"]
    assert words("rig add demo /nowhere/at/all") == []


def test_hidden_verbs_and_shell_commands_are_not_offered() -> None:
    assert "signal" in {verb.words for verb in VERBS}
    assert "signal" not in words("si")
    assert words("!ls ") == []


def test_every_verb_can_be_completed_without_error() -> None:
    for verb in VERBS:
        for end in ("", " ", " x", " --", " x --", " 'open"):
            complete(verb.words + end, VALUES)

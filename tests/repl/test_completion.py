"""What may be typed next."""

from pathlib import Path

import pytest

from gastown_tmux.faces.values import Values
from gastown_tmux.repl.completion import complete
from gastown_tmux.verbs.index import VERBS
from gastown_tmux.verbs.suggest import GLOBALS
from gastown_tmux.verbs.table import Kind, Parameter, Verb

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


VISIBLE = [verb for verb in VERBS if not verb.hidden]
each_verb = pytest.mark.parametrize("verb", VISIBLE, ids=lambda verb: verb.words)


def expected(parameter: Parameter) -> list[str]:
    """Words for a parameter's value, of the table and of what there is."""
    return list(parameter.choices) or [word for word, _ in VALUES.words.get(parameter.kind, ())]


@each_verb
def test_a_verb_is_offered_word_by_word(verb: Verb) -> None:
    path = verb.words.split()
    for place, word in enumerate(path):
        before = " ".join(path[:place])
        assert word in words(f"{before} {word[:1]}".lstrip())
        assert word == words(f"{before} {word}".lstrip())[0]


@each_verb
def test_behind_a_verb_its_own_flags_are_offered_and_those_of_every_line(verb: Verb) -> None:
    own = {name for parameter in verb.parameters for name in parameter.flags}
    assert set(words(f"{verb.words} -")) == own | {name for name, _ in GLOBALS}
    for name in own:
        assert name in words(f"{verb.words} {name}")


@each_verb
def test_behind_a_flag_its_values_are_offered(verb: Verb) -> None:
    for parameter in verb.parameters:
        for name in parameter.flags if parameter.kind not in (Kind.FLAG, Kind.PATH, Kind.FILE) else ():
            offered = words(f"{verb.words} {name} ")
            if expected(parameter):
                assert offered[: len(expected(parameter))] == expected(parameter)
            else:
                assert not [word for word in offered if word.startswith("-")]


@each_verb
def test_in_the_place_of_an_argument_what_there_is_of_its_kind_is_offered(verb: Verb) -> None:
    places = [parameter for parameter in verb.parameters if not parameter.flags]
    for taken, parameter in enumerate(places):
        offered = words(f"{verb.words} {'x ' * taken}")
        special = parameter.name == "words"  # a sling's, whose beads are the open ones
        if parameter.kind in VALUES.words and not special:
            assert offered[: len(expected(parameter))] == expected(parameter)
    if places and not places[-1].many:
        beyond = set(words(f"{verb.words} {'x ' * len(places)}"))
        assert beyond <= {parameter.flags[-1] for parameter in verb.parameters if parameter.flags}

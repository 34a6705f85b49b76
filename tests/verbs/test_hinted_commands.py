"""Every command that a hint of ours names is one: its verb is in the table, and has the flags that stand behind it."""

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

import gastown_tmux
from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import list_files

SOURCES = Path(gastown_tmux.__file__).parent


def hints_of(source: str) -> Iterator[tuple[int, str]]:
    """The line of each text that is given as a hint, and the text with ``x`` for what is filled in."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "hint"]
        parts = [part for whole in given for part in ast.walk(whole)]
        inner = {id(piece) for part in parts if isinstance(part, ast.JoinedStr) for piece in part.values}
        for value in (part for part in parts if id(part) not in inner):
            if isinstance(value, ast.JoinedStr):
                yield (
                    value.lineno,
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in value.values),
                )
            elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, value.value


def is_command(text: str) -> bool:
    """Whether it begins with one, before words that say what that does, and after ``--town`` and the like."""
    words = shlex.split(text.replace(" --json", "").replace("'", "").replace('"', "").replace(",", ""))[1:]
    while words and words[0] in ("--town", "--host", "--as"):
        words = words[2:]
    words = words[words[:1] == ["--all"] :]
    if words[:1] == ["help"] or words[:1] in (["VERB"], ["…"]):
        return True
    flags = [word for word in words if word.startswith("--")]
    for end in range(len(words), 0, -1):
        try:
            verb, rest = find_verb(words[:end])
            list_files(verb, rest)
        except (UsageError, ValueError):
            continue
        return all(flag in words[:end] or " then gt" in text or ", " in text for flag in flags)
    return False


def test_every_hinted_command_can_be_typed() -> None:
    asked, wrong = 0, list[str]()
    for path in sorted(SOURCES.rglob("*.py")):
        source = path.read_text()
        if "hint=" not in source:
            continue
        for line, text in hints_of(source):
            if text.startswith("gt ") and not text.startswith("gt x"):
                asked += 1
                wrong += [] if is_command(text) else [f"{path.name}:{line}: {text}"]
    assert wrong == [] and asked > 150
    assert not is_command("gt bead frobnicate x") and not is_command("gt bead show x --nothing")

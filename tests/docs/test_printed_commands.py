"""Whatever is written of ``gt`` for people to type names verbs and flags that are there, and links lead somewhere."""

import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from docs.make.run import ROOT
from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.flags import take_globals, take_host
from gastown_tmux.verbs.index import find_path, find_verb
from tests.docs.console import read_fences, read_steps

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]


def find_commands(text: str) -> Iterator[str]:
    for _, kind, body in read_fences(text):
        if kind == "sh":
            yield from (line for line in body.splitlines() if line.startswith("gt "))
    yield from (step.command for step in read_steps(text) if step.command.startswith("gt "))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (" ".join(found[1].split()) for found in re.finditer(r"`(gt [^`]+)`", prose))


def split(line: str) -> Iterator[list[str]]:
    """The words of each command of a shell's line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&")
    lexer.whitespace_split = True
    for _, words in groupby(lexer, lambda word: set(word) <= set(";&")):
        yield list(words)


def check(command: str) -> str | None:
    """What is wrong with a line that somebody might type."""
    plain = re.sub(r"(?<=\s)\[|\](?=\s|$)", "", command.replace("…", "X").replace("<", "").replace(">", ""))
    for words in split(plain):
        if words[:1] != ["gt"] or len(words) == 1:
            continue
        try:
            _, rest = take_host(words[1:])
            _, rest = take_globals([word for word in rest if word != "--all" or rest[0] != "--all"])
            alternatives = [word.split("|")[0] if re.fullmatch(r"[a-z-]+(\|[a-z-]+)+", word) else word for word in rest]
            if not alternatives or alternatives[0] in ("help", "VERB"):
                continue
            path, behind = find_path(alternatives)
            if not behind:
                continue  # a group of verbs, or one without more
            verb, behind = find_verb(alternatives)
        except UsageError as error:
            return f"{command}: {error.message}"
        flags = {flag for parameter in verb.parameters for flag in parameter.flags}
        for word in behind[: behind.index("--")] if "--" in behind else behind:
            if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word) and word.partition("=")[0] not in flags:
                return f"{command}: gt {' '.join(path)} has no {word}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert [wrong for command in find_commands(text) if (wrong := check(command))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    places = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [place for place in places if not (page.parent / place).exists()] == []


def test_what_is_wrong_is_seen() -> None:
    assert check("gt slign X") and check("gt mail send --subjct x") and check("gt run retry|skp X --foo") is not None
    assert check("gt mail send toast -s 'a; b' && gt nope") and check("gt run retry|skip|cancel") is None

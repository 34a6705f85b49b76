"""Every row of the table of verbs can be called: its operation is there and takes what the row may hand it."""

import inspect
import re
from pathlib import Path

import pytest

from gastown_tmux.verbs import chapters
from gastown_tmux.verbs.call import find_operation
from gastown_tmux.verbs.help import help_text
from gastown_tmux.verbs.index import FIRST_WORDS, VERBS, read_chapter
from gastown_tmux.verbs.table import AGENT_KINDS, Kind, Verb


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.words)
def test_operation_takes_what_the_row_hands_it(verb: Verb) -> None:
    taken = list(inspect.signature(find_operation(verb)).parameters.values())[1:]
    needed = {parameter.name for parameter in taken if parameter.default is inspect.Parameter.empty}
    of_agent = any(parameter.kind in AGENT_KINDS for parameter in verb.parameters)
    handed = {p.name for p in verb.parameters if not p.becomes and not (of_agent and p.kind is Kind.RIG)}
    assert handed <= {parameter.name for parameter in taken}
    assert needed <= {parameter.name for parameter in verb.parameters if parameter.required}


def test_every_verb_that_is_shown_stands_in_a_chapter_of_the_help() -> None:
    overview = help_text(())
    for verb in VERBS:
        if not verb.hidden:
            assert re.search(rf"^  {verb.words.split()[0]} ", overview, re.MULTILINE), verb.words


def test_each_chapter_is_known_by_the_first_words_of_its_verbs() -> None:
    """A word that the map lacks would be an unknown verb; one too many would be offered, and be none."""
    for chapter, words in FIRST_WORDS.items():
        assert words == tuple(dict.fromkeys(verb.words.split()[0] for verb in read_chapter(chapter)))
    folder = Path(chapters.__path__[0])
    assert {path.stem for path in folder.glob("[a-z]*.py")} == FIRST_WORDS.keys()


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if any(p.rest for p in verb.parameters)], ids=lambda verb: verb.words
)
def test_flags_of_ours_are_shown_before_a_command_of_ones_own(verb: Verb) -> None:
    """Behind it they would be words of that command."""
    assert "[--" not in verb.usage.partition("COMMAND")[2]

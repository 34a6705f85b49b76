"""Completion while typing: from memory, so that no key waits."""

import shlex
from collections.abc import Callable, Iterator, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from gastown_tmux.domain.columns import cut
from gastown_tmux.edges.files.atomic import list_paths
from gastown_tmux.faces.values import Values
from gastown_tmux.repl.lines import is_open
from gastown_tmux.verbs.suggest import Choice, fuzzy, suggest
from gastown_tmux.verbs.table import Kind

_MEANING_WIDTH = 60


def complete(text: str, values: Values) -> tuple[str, list[Choice]]:
    """The word that is being typed at the end of ``text``, and what it may become."""
    if text.lstrip().startswith("!"):
        return "", []
    place = max(text.rfind(" "), text.rfind("\n")) + 1
    try:
        before = shlex.split(text[:place])
    except ValueError:
        before = text[:place].split()
    if before[:1] == ["gt"]:
        before = before[1:]

    def names(kind: Kind) -> Sequence[Choice]:
        return list_paths(text[place:]) if kind in (Kind.PATH, Kind.FILE) else values.words.get(kind, ())

    return text[place:], suggest(before, text[place:], names)


class TableCompleter(Completer):
    """Completions of the line before the cursor; ``values`` gives the newest snapshot, and never waits."""

    def __init__(self, values: Callable[[], Values]) -> None:
        self._values = values

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        before = document.text_before_cursor
        if "\n" in before and is_open(before):
            return  # the middle of a quoted text
        word, choices = complete(before.rpartition("\n")[2], self._values())
        for text, meaning in choices:
            yield Completion(text, start_position=-len(word), display_meta=cut(meaning, _MEANING_WIDTH))


class ChoiceCompleter(Completer):
    """Completions of a whole line among ``choices``."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self._choices = choices

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        for text, meaning in fuzzy(document.text, self._choices):
            yield Completion(text, start_position=-len(document.text), display_meta=cut(meaning, _MEANING_WIDTH))

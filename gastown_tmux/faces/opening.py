"""What a line shows, made into a document that a face can show alone."""

from gastown_tmux.dataclass import replace
from gastown_tmux.faces.model import Document, Flow, Open
from gastown_tmux.operations.hooks.diff import find_diff
from gastown_tmux.operations.town.town import Town
from gastown_tmux.verbs.acts import for_head
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.show import Display
from gastown_tmux.verbs.text import harmless

#: A log or a diff without end is of no use on a screen.
MOST_LINES = 20_000
_DISPLAY = Display(signs=True)


def open_document(town: Town, asked: Open) -> Document:
    """Raises GtError of any kind. An answer to what a diff shows is for the head of just that diff."""
    title = " ".join(asked.line)
    if asked.line[0] == "diff":
        found = find_diff(town, asked.line[1])
        acts = tuple(for_head(act, found.head) for act in asked.acts)
        author = found.author or asked.agent
        return Document(title, _lines(found.text), Flow.DIFF, acts, author, found.bead or asked.bead, found.head)
    return Document(title, _lines(run_line(town, asked.line)), acts=asked.acts, author=asked.agent, bead=asked.bead)


def run_line(town: Town, line: tuple[str, ...]) -> str:
    """What a verb says, as a person reads it. Raises GtError of any kind."""
    verb, rest = find_verb(line)
    return "\n".join(answer(verb, rest, town, replace(_DISPLAY, width=None), as_json=False))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(harmless(line.expandtabs()) for line in text.split("\n")[:MOST_LINES]) or ("",)

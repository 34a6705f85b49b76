"""The line below the prompt: who does what, and what waits."""

from collections.abc import Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples

from gastown_tmux.domain.columns import cut
from gastown_tmux.domain.signs import SIGNS, count_groups
from gastown_tmux.faces.values import Values
from gastown_tmux.repl.jobs import Job

_STYLES = {"working": "class:good", "waiting": "class:alarm", "dead": "class:bad"}


def toolbar(town: str, values: Values, jobs: Sequence[Job], columns: int, hint: str = "") -> StyleAndTextTuples:
    """Fragments of one line that is never wider than the screen; what is zero and not asked for is left out."""
    parts: list[tuple[str, str]] = [("class:town", town)]
    if values.frozen:
        parts.append(("class:alarm", values.frozen))
    for word, count in count_groups(values.agents).items():
        if count or word in ("working", "idle"):
            parts.append((_STYLES.get(word, "") if count else "", f"{SIGNS[word]} {count} {word}"))
    waiting = (("mail", values.mail), ("queue", values.queue), ("held", values.held), ("escalated", values.escalations))
    for word, count in waiting:
        if count:
            parts.append(("class:alarm" if word in ("held", "escalated") else "", f"{word} {count}"))
    parts += [("class:job", f"[{job.number}] {job.title} {job.seconds:.0f}s") for job in jobs]
    if hint:
        parts.append(("class:alarm", hint))
    fragments: StyleAndTextTuples = []
    room = columns - 1
    for style, text in parts:
        if room < 4:
            break
        shown = cut(f" {text} ", room)
        fragments.append((style, shown))
        room -= len(shown)
    return fragments

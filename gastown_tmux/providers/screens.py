"""What a captured screen says about the program in it. Rather ``unknown`` than wrong.

A screen is what ``tmux capture-pane -p`` prints, with or without escape sequences; a title is ``#{pane_title}``.
Agents print anything, recorded screens of agents included, so a composer counts only at the bottom of the screen
with everything around it as the program draws it, and rules look at named places rather than at all the text.
"""

import re

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.observation import ScreenState, Trouble

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78])")
_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufe0e\ufe0f\ufeff]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ComposerRule:
    """How the composer is drawn. Each pattern is searched in one line.

    ``prompt`` matches the first line of the composer, group 1 what stands in it; further lines of it match
    ``continuation``, whose group 1, where it has one, is what stands in them. Framed: between a line that matches
    ``above`` and one that matches ``below``. Open: ends at a blank line or the end. Below it stand
    ``footer_min`` to ``footer_max`` lines that are not blank, in one block where the composer is open, the first of
    which matches ``footer``.
    """

    prompt: re.Pattern[str]
    continuation: re.Pattern[str]
    above: re.Pattern[str] | None = None
    below: re.Pattern[str] | None = None
    footer: re.Pattern[str] | None = None
    footer_min: int = 0
    footer_max: int = 4
    placeholders: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True, slots=True)
class StateRule:
    """``state`` holds when every pattern given is found; patterns are multi-line.

    ``title`` is searched in the title, ``footer`` below the composer, ``above`` in the last ``lines`` lines above it,
    ``bottom`` in the last ``lines`` lines of the screen (blank lines not counted), ``lacks`` must not be found
    anywhere above the composer. ``composer`` says whether there must or must not be one. Group ``reset`` of a
    ``limited`` rule is the words that say when the limit ends; without a composer it is a dialog, in which the
    program's own yes means to go on. ``cause`` of a ``waiting`` rule says what a person has to put right before the
    program can work at all: it is no dialog that a yes would answer. With ``again`` that may end by itself, so
    words typed now and then are not in vain.
    """

    state: ScreenState
    title: re.Pattern[str] | None = None
    footer: re.Pattern[str] | None = None
    above: re.Pattern[str] | None = None
    bottom: re.Pattern[str] | None = None
    lacks: re.Pattern[str] | None = None
    composer: bool | None = None
    lines: int = 8
    cause: Trouble | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class ScreenRules:
    """The first rule that holds decides; none: unknown. ``inline``: there is no composer while the program works."""

    composer: ComposerRule | None = None
    states: tuple[StateRule, ...] = ()
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """A judgement. ``evidence`` is what was found, for a person; ``draft`` what stands in the composer.

    ``draft`` is None where no composer is on the screen, and empty for an empty one; its line breaks are the
    terminal's as well as the writer's, so compare it with ``holds``.
    """

    state: ScreenState
    evidence: str
    draft: str | None = None
    reset_at_text: str | None = None
    cause: Trouble | None = None
    again: bool = False

    @property
    def takes_words(self) -> bool:
        """No turn runs and the composer is empty: words may be typed. A limit stays on the screen after its end."""
        at_rest = (ScreenState.READY, ScreenState.IDLE, ScreenState.ERROR, ScreenState.LIMITED)
        return (self.state in at_rest or self.again) and self.draft == ""

    @property
    def asks(self) -> bool:
        """A dialog waits for an answer."""
        waits = self.state is ScreenState.WAITING and self.cause is None
        return waits or (self.state is ScreenState.LIMITED and self.draft is None)


@dataclass(frozen=True, slots=True)
class _Parts:
    above: tuple[str, ...]
    footer: tuple[str, ...]
    draft: str


def judge(rules: ScreenRules, screen: str, title: str) -> Screen:
    """What ``screen`` and ``title`` together say; pure, and cheap enough for every look at a pane."""
    lines = clean(screen)
    parts = _find_composer(rules.composer, lines)
    for number, rule in enumerate(rules.states):
        found = _matches(rule, lines, parts, title)
        if found is not None:
            reset = next((match["reset"] for match in found if "reset" in match.re.groupindex), None)
            evidence = " + ".join(match[0].strip() for match in found) or "composer"
            evidence, draft = f"rule {number + 1}: {evidence}", parts.draft if parts else None
            return Screen(rule.state, evidence, draft, reset, rule.cause, rule.again)
    return Screen(ScreenState.UNKNOWN, "no rule holds", parts.draft if parts else None)


def find_above(rules: ScreenRules, screen: str) -> tuple[str, ...]:
    """The lines above the composer; all of them where the screen shows none."""
    lines = clean(screen)
    parts = _find_composer(rules.composer, lines)
    return parts.above if parts else lines


def holds(draft: str | None, line: str) -> bool:
    """Whether a composer holds exactly ``line``: white space and joiners aside, for a program wraps where it likes
    and terminals drop what cannot be seen.

    >>> holds("gt: mail from mayor: a long\\nsubject", "gt: mail from mayor: a long subject"), holds(None, "")
    (True, False)
    """
    return draft is not None and solid(draft) == solid(line)


def solid(text: str) -> str:
    """Without white space and what cannot be seen: a program wraps where it likes."""
    return _SPACE.sub("", _INVISIBLE.sub("", text))


def clean(screen: str) -> tuple[str, ...]:
    lines = [line.rstrip() for line in _INVISIBLE.sub("", _ESCAPES.sub("", screen)).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _find_composer(rule: ComposerRule | None, lines: tuple[str, ...]) -> _Parts | None:
    if rule is None:
        return None
    span = _framed(rule, lines) if rule.below is not None else _open(rule, lines)
    if span is None:
        return None
    start, end, below = span
    footer = tuple(line for line in lines[below:] if line)
    if not rule.footer_min <= len(footer) <= rule.footer_max:
        return None
    if footer and rule.footer is not None and not rule.footer.search(footer[0]):
        return None
    first = rule.prompt.search(lines[start])
    rest = lines[start + 1 : end]
    if first is None or any(line and not rule.continuation.search(line) for line in rest):
        return None
    draft = "\n".join([(first[1] or "").strip(), *(_continued(rule, line) for line in rest)]).strip()
    if any(placeholder.fullmatch(draft) for placeholder in rule.placeholders):
        draft = ""
    above = start - 1 if rule.above is not None else start
    return _Parts(above=lines[:above], footer=footer, draft=draft)


def _continued(rule: ComposerRule, line: str) -> str:
    match = rule.continuation.search(line)
    return (match[1] or "").strip() if match is not None and match.re.groups else line.strip()


def _framed(rule: ComposerRule, lines: tuple[str, ...]) -> tuple[int, int, int] | None:
    """First line of the composer, the line below its last, first line of the footer."""
    assert rule.below is not None and rule.above is not None
    end = next((n for n in range(len(lines) - 1, -1, -1) if rule.below.search(lines[n])), None)
    if end is None:
        return None
    top = next((n for n in range(end - 1, -1, -1) if rule.above.search(lines[n])), None)
    return (top + 1, end, end + 1) if top is not None and top + 1 < end else None


def _open(rule: ComposerRule, lines: tuple[str, ...]) -> tuple[int, int, int] | None:
    blocks = [n for n in range(len(lines)) if lines[n] and (n == 0 or not lines[n - 1])]
    if not blocks:
        return None
    if rule.footer_min == 0 and (span := _open_block(rule, lines, blocks[-1], len(lines))) is not None:
        return span
    return _open_block(rule, lines, blocks[-2], blocks[-1]) if len(blocks) > 1 and rule.footer_max else None


def _open_block(rule: ComposerRule, lines: tuple[str, ...], start: int, stop: int) -> tuple[int, int, int] | None:
    """The composer is the last line of a block that matches, with what follows it there."""
    end = next((n for n in range(start, stop) if not lines[n]), stop)
    top = next((n for n in range(end - 1, start - 1, -1) if rule.prompt.search(lines[n])), None)
    return (top, end, stop) if top is not None else None


def _matches(rule: StateRule, lines: tuple[str, ...], parts: _Parts | None, title: str) -> list[re.Match[str]] | None:
    """The matches of every pattern of ``rule``; None where it does not hold."""
    above = parts.above if parts else lines
    if rule.composer is not None and rule.composer != (parts is not None):
        return None
    if rule.lacks is not None and rule.lacks.search("\n".join(above)):
        return None
    places = (
        (rule.title, title),
        (rule.footer, "\n".join(parts.footer) if parts else None),
        (rule.above, _last(above, rule.lines) if parts else None),
        (rule.bottom, _last(lines, rule.lines)),
    )
    found = []
    for pattern, text in places:
        if pattern is not None:
            match = pattern.search(text) if text is not None else None
            if match is None:
                return None
            found.append(match)
    return found


def _last(lines: tuple[str, ...], count: int) -> str:
    return "\n".join([line for line in lines if line][-count:])

"""Programs that nobody has described: what their user says of the screen, or, of less worth, that it stands still."""

import re

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.observation import ScreenState
from gastown_tmux.providers.screens import ComposerRule, Screen, ScreenRules, StateRule, clean

#: A screen that has shown nothing new for so many seconds is still.
STILL_SECONDS = 5.0
#: As many lines as an echo may have scrolled away.
_SCROLLED = 4
_SPACE = re.compile(r"\s+")


def make_rules(prompt: str, busy: str | None) -> ScreenRules:
    """``prompt`` matches the line in which words are typed, up to where they stand; they are its first group, or what
    follows. ``busy`` is found in the last lines while it works, or right above the prompt.
    """
    pattern = re.compile(prompt)
    if not pattern.groups:
        # Of a line that ends in spaces a screen does not have them.
        pattern = re.compile(f"(?:{prompt.rstrip(' ')})(.*)$")
    composer = ComposerRule(pattern, re.compile(f"^(?!.*(?:{busy}))" if busy else ""), footer_max=0)
    idle = StateRule(ScreenState.IDLE, composer=True)
    if busy is None:
        return ScreenRules(composer, (idle,), inline=True)
    sign = re.compile(busy, re.MULTILINE)
    # Above a prompt that came back stand signs of turns that are over.
    beside = StateRule(ScreenState.WORKING, composer=True, above=sign, lines=1)
    alone = StateRule(ScreenState.WORKING, composer=False, bottom=sign, lines=3)
    return ScreenRules(composer, (beside, alone, idle), inline=True)


@dataclass(frozen=True, slots=True)
class StillJudge:
    """Judges by what was added to a ``still`` screen. The words that were typed are its draft; anything else that
    changes is work.
    """

    still: str
    line: str

    def __call__(self, screen: str, title: str) -> Screen:
        added = self._added(screen)
        if added == "" or added == _solid(self.line):
            return Screen(ScreenState.IDLE, "its screen stands still", self.line if added else "")
        if added is not None and not added.startswith(_solid(self.line)):
            return Screen(ScreenState.UNKNOWN, "something else was added", added)
        return Screen(ScreenState.WORKING, "its screen goes on", "")

    def _added(self, screen: str) -> str | None:
        """Without white space; None where the still screen is not what it begins with."""
        before, now = clean(self.still), _solid("".join(clean(screen)))
        for gone in range(max(1, min(_SCROLLED + 1, len(before)))):
            known = _solid("".join(before[gone:]))
            if now.startswith(known):
                return now[len(known) :]
        return None


def _solid(text: str) -> str:
    return _SPACE.sub("", text)

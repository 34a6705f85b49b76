"""The keys behind the prefix of a town's tmux: one table for its bindings, their help, the feed's help and the docs."""

from collections.abc import Sequence
from enum import StrEnum

from gastown_tmux.dataclass import dataclass


class Opens(StrEnum):
    """A popup that asks, another window, a whole screen, the help; or it is tmux's own."""

    POPUP = "popup"
    WINDOW = "window"
    SCREEN = "screen"
    HELP = "help"
    TMUX = "tmux"


@dataclass(frozen=True, slots=True)
class PrefixKey:
    """``what`` is opened."""

    key: str
    words: str
    opens: Opens
    what: str = ""


PREFIX_KEYS = (
    PrefixKey("a", "go to an agent, by name", Opens.POPUP, "go"),
    PrefixKey("W", "next agent that waits for you", Opens.WINDOW, "next"),
    PrefixKey("H", "home: the mayor's window", Opens.WINDOW, "home"),
    PrefixKey("B", "the one before", Opens.WINDOW, "previous"),
    PrefixKey("u", "mail", Opens.POPUP, "mail"),
    PrefixKey("v", "decide what waits for you", Opens.POPUP, "decide"),
    PrefixKey("S", "sling: words at a rig", Opens.POPUP, "sling"),
    PrefixKey("e", "the town on a whole screen", Opens.SCREEN, "feed"),
    PrefixKey("d", "leave; the town goes on", Opens.TMUX),
    PrefixKey("h", "this help", Opens.HELP),
    PrefixKey("[", "scroll back (q: out)", Opens.TMUX),
    PrefixKey("z", "this pane alone, and back", Opens.TMUX),
)


def help_text(keys: Sequence[PrefixKey] = PREFIX_KEYS) -> str:
    """One a line: no line is broken in a popup over a window of sixty columns, none is lost at 24 lines."""
    return "\n".join(
        (
            "Keys behind the prefix (Ctrl-b), beside tmux's own:", "", *(f"  {key.key}   {key.words}" for key in keys),
            "", "Esc closes what opens; the mouse chooses, scrolls.",
        )
    )  # fmt: skip

"""The keys of a list, the same in every face that has one; what acts on a thing is in ``acts``."""

#: What each does, in the order of the help. A key that acts is never among them.
MOVES: tuple[tuple[str, str], ...] = (
    ("j k", "down, up; the arrows too"),
    ("g G", "to the first, to the last"),
    ("space b", "a page down, up"),
    ("1-7 [ ]", "a panel, the one before, the next"),
    ("enter", "all of it"),
    ("tab", "between list and side"),
    ("/", "filter; esc takes it away"),
    (":", "any verb, as it is typed behind gt"),
    ("R", "look again now"),
    ("?", "this help"),
    ("q esc", "back, and out"),
)
#: In a diff, beside those.
DIFF_MOVES: tuple[tuple[str, str], ...] = (("[ ]", "the hunk before, the next"), ("{ }", "the file before, the next"))

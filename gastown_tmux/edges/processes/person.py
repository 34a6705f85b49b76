"""Who is at the other end of our standard files: asked by every verb, so nothing is imported that costs."""

import sys

from gastown_tmux.reading import LARGEST


def ask(question: str) -> str | None:
    """What a person answers; None where nobody is there to be asked, or nothing is answered."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip() or None


def hear() -> bytes:
    """What another program writes to us; nothing where a person types."""
    return b"" if sys.stdin.isatty() else sys.stdin.buffer.read(LARGEST)


def is_terminal() -> bool:
    """Whether a person types to us and reads us."""
    return sys.stdin.isatty() and sys.stdout.isatty()

"""What is said beside the output: progress, and what is wrong."""

import sys


def say(line: str) -> None:
    """Nothing in it is obeyed by a terminal, whoever's words it has: agents' titles are among them."""
    if not (line.isascii() and line.isprintable()):
        from gastown_tmux.verbs.text import harmless  # few lines are anything but plain

        line = "\n".join(map(harmless, line.split("\n")))
    sys.stderr.write(line + "\n")
    sys.stderr.flush()

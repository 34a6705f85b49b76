"""A line of gt for a face that runs it apart: its words come on standard input, for those of a process are everybody's
to read.

Run as ``python -m gastown_tmux.cli.line``, with a JSON list of words.
"""

import json
import os
import sys

from gastown_tmux.__main__ import main

#: No person writes more at once.
LARGEST = 2**20


def take_words() -> list[str]:
    """The words, after which there is nothing more to read. Raises ValueError for anything else."""
    with open(0, "rb", closefd=False) as given:
        text = given.read(LARGEST + 1)
    words = json.loads(text) if len(text) <= LARGEST else None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("not a list of words")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return words


if __name__ == "__main__":
    sys.argv[1:] = take_words()
    sys.exit(main())

"""Text files that people write."""

from pathlib import Path

from gastown_tmux.domain.encodings import decode
from gastown_tmux.reading import read_file


def read_text(path: Path) -> str:
    """The whole text with ``\\n`` at line ends, whatever mark and line ends an editor has left.

    Raises OSError, and ValueError that says what it is not.
    """
    return decode(read_file(path)).replace("\r\n", "\n")

"""All that other programs said when they failed: a message has the lines that tell why, this log has the rest."""

import contextlib
from pathlib import Path

from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town

#: What ``gt log`` calls it.
NAME = "errors"


def log_path(town: Town) -> Path:
    return town.logs / f"{NAME}.log"


def keep_whole(town: Town, what: str, error: GtError) -> None:
    """Writes down what the message leaves out, if anything; an error that knows no way out then names this log."""
    if not error.left_out or not town.logs.is_dir():
        return
    from gastown_tmux.edges.files.bounded_log import append  # where something went wrong

    with contextlib.suppress(GtError):
        text = f"{clock.now()} {what}: {error.in_full}\n"
        append(log_path(town), printable(text).encode(), town.log_size())
        error.hint = error.hint or f"gt log {NAME}"

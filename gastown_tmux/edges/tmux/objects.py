"""A tmux server as an object of libtmux: for the windows and clients that a person lists, makes, arranges or switches.

What daemons ask many times a minute, and whatever must prove in the same step whose pane it is, are commands of the
neighbouring modules.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gastown_tmux.edges.tmux.server import Server, find_tmux
from gastown_tmux.errors import GtError

if TYPE_CHECKING:
    import libtmux

_SEPARATOR = "LIBTMUX_TMUX_FORMAT_SEPARATOR"


@contextlib.contextmanager
def opened(server: Server) -> "Iterator[libtmux.Server]":
    """Raises what ``Server.run`` does, and ``GtError`` with tmux's words for what it refuses within.

    libtmux waits without end for a server that does not answer: it is asked before, with a time limit.
    """
    server.pid()
    # Its own is a letter that a client without UTF-8 mangles; one that could be foreseen may stand in a pane's title.
    os.environ.setdefault(_SEPARATOR, f"<|{secrets.token_hex(8)}|>")
    import libtmux  # 80 ms that only who asks for it pays
    from libtmux.exc import LibTmuxException

    try:
        yield libtmux.Server(socket_path=str(server.socket), tmux_bin=find_tmux())
    except LibTmuxException as error:
        raise GtError(f"tmux: {' '.join(str(error).split())}", "gt doctor") from error

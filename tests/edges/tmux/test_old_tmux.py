"""A tmux that is too old says so in words, whatever is asked of it."""

import os
from pathlib import Path

import pytest

from gastown_tmux.edges.tmux.server import Server
from gastown_tmux.errors import MissingError

OLD = """\
#!/bin/sh
[ "$4" = -V ] && { echo tmux 2.9; exit 0; }
echo "tmux: unknown option -- N
usage: tmux [-2CluvV] [-c shell-command]" >&2
exit 1
"""


def test_an_old_tmux_is_named_with_what_is_needed(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (short_tmp / "bin").mkdir()
    (short_tmp / "bin" / "tmux").write_text(OLD)
    (short_tmp / "bin" / "tmux").chmod(0o755)
    monkeypatch.setenv("PATH", f"{short_tmp / 'bin'}:{os.environ['PATH']}")
    server = Server(short_tmp / "tmux.sock", short_tmp / "tmux.conf")
    assert not server.is_alive()
    with pytest.raises(MissingError, match=r"tmux 2\.9 is too old: gt needs tmux 3\.2 or newer"):
        server.start()

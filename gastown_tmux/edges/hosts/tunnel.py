"""What git starts instead of ssh to reach a repository through a prefix: ``tunnel HOST 'git-upload-pack PATH'``.

Git ends it with its own process group, and the prefix with it.
"""

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO

from gastown_tmux.edges.files.waiting import is_readable
from gastown_tmux.edges.git.environment import Environment, environment
from gastown_tmux.edges.hosts import prefix
from gastown_tmux.edges.hosts.prefix import Prefix, Script, away
from gastown_tmux.errors import GtError

#: The words of the prefix, as JSON.
WORDS = "GT_TUNNEL"
#: Until it has begun: a person may have to type a password.
BEGIN_SECONDS = 90.0
_SIZE = 1 << 16


def git_environment(prefix: Prefix) -> Environment:
    """With this, ``ssh://host/PATH`` is that path on the machine of the prefix."""
    command = f"{shlex.quote(sys.executable)} -P -m gastown_tmux.edges.hosts.tunnel"
    extras = {"GIT_SSH_COMMAND": command, "GIT_SSH_VARIANT": "simple", WORDS: json.dumps(prefix.words)}
    return environment(extras, config=["protocol.ssh.allow=always"])


def carry(way: Prefix, command: str) -> int:
    """Connects our streams with those of the command there; the prefix's exit status. A terminal of ours is not read:
    whoever shows what comes may want to hear what is typed. Raises AwayError where it has not begun.
    """
    script = Script(command, fed=True, ends=False)
    process = subprocess.Popen([*way.words, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    with suppress(BrokenPipeError):
        process.stdin.write(script.text)
        process.stdin.flush()
    limit = BEGIN_SECONDS if any(map(os.isatty, (0, 1, 2))) else prefix.BEGIN_SECONDS
    seen, until = b"", time.monotonic() + limit
    while script.begin not in seen:
        if not is_readable(process.stdout, until - time.monotonic()):
            process.kill()
            raise away(way, seen, f"no answer within {limit:g}s")
        if not (part := os.read(process.stdout.fileno(), _SIZE)):
            raise away(way, seen, f"it ended with status {process.wait()}")
        seen += part
    _write(1, seen.partition(script.begin)[2])
    if os.isatty(0):
        process.stdin.close()
    else:
        threading.Thread(target=_feed, args=(process.stdin,), daemon=True).start()
    _copy(process.stdout.fileno(), 1)
    return process.wait()


def _feed(sink: IO[bytes]) -> None:
    with suppress(OSError):
        _copy(0, sink.fileno())
    with suppress(OSError):
        sink.close()


def _copy(source: int, sink: int) -> None:
    while part := os.read(source, _SIZE):
        _write(sink, part)


def _write(sink: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(sink, view) :]


if __name__ == "__main__":
    try:
        sys.exit(carry(Prefix("the host", json.loads(os.environ[WORDS]), os.environ), sys.argv[-1]))
    except GtError as error:
        sys.exit(error.message)

"""Services that call a person (ntfy, Slack, e-mail, the desktop, …), by apprise: an optional part, and never in our
own process. Run as a module it is the child: a JSON document on stdin, one on stdout.
"""

import importlib
import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.processes.interpreter import own_python
from gastown_tmux.errors import MissingError

SECONDS = 60.0
_NOT_INSTALLED = 5
_WORDS = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a call at one service; ``service`` tells no secret. ``trouble`` None: it took it."""

    service: str
    trouble: str | None


def send(urls: Sequence[str], title: str, body: str, environment: Mapping[str, str]) -> list[Sent]:
    """One result for each URL, in order. Raises MissingError where apprise is not installed."""
    asked = json.dumps({"urls": list(urls), "title": title, "body": body})
    command = [*own_python(), "-m", "gastown_tmux.edges.hosts.services"]
    try:
        done = subprocess.run(
            command, input=asked, env=dict(environment), capture_output=True, text=True, errors="replace",
            timeout=SECONDS, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Sent(name_of(url), f"no answer within {SECONDS:.0f}s") for url in urls]
    if done.returncode == _NOT_INSTALLED:
        raise MissingError("notify.services needs apprise", hint="pip install 'gastown-tmux[notify]'")
    try:
        troubles = json.loads(done.stdout)
        return [Sent(name_of(url), trouble) for url, trouble in zip(urls, troubles, strict=True)]
    except (ValueError, TypeError):
        return [Sent(name_of(url), "its sender broke off") for url in urls]


def name_of(url: str) -> str:
    """The kind of service alone: the rest of such a URL is often a password."""
    kind, found, _ = url.partition("://")
    return f"{kind}://…" if found and re.fullmatch(r"[a-z0-9+]+", kind) else "…"


def _be_child() -> int:
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        return _NOT_INSTALLED
    asked = json.load(sys.stdin)
    troubles = []
    for url in asked["urls"]:
        said: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record, said=said: said.append(record.getMessage())  # type: ignore[method-assign, misc]
        log = logging.getLogger("apprise")
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.WARNING)
        service = apprise.Apprise()
        taken = service.add(url) and service.notify(title=asked["title"], body=asked["body"])
        troubles.append(None if taken else _redact(said, url))
    sys.stdout.write(json.dumps(troubles))
    return 0


def _redact(said: Sequence[str], url: str) -> str:
    """Why it was not taken, without anything that the URL holds besides its kind."""
    words = " ".join((said[0] if said else "it was not taken").split())
    for part in sorted(set(re.split(r"[:/@?&=]+", url.partition("://")[2])), key=len, reverse=True):
        words = words.replace(part, "…") if len(part) > 2 else words
    return words[:_WORDS]


if __name__ == "__main__":
    sys.exit(_be_child())

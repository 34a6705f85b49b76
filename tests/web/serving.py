"""The real dashboard of a town, as its page and strangers see it."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 30.0


@dataclass
class Answered:
    """What came back for a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def run_gt(*words: str | Path) -> str:
    """What the command prints; it must not fail."""
    command = [sys.executable, "-m", "gastown_tmux", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS * 3)
    assert done.returncode == 0, done
    return done.stdout


@dataclass
class Served:
    """A dashboard that runs: ``url`` is its origin, ``link`` the first one, good once."""

    url: str
    link: str
    town: Path
    process: subprocess.Popen[str]
    _token: str = field(default="", repr=False)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def token(self) -> str:
        """Had for the first link, and then the same again."""
        if not self._token:
            secret = self.link.partition("#secret=")[2]
            self._token = self.ask("/api/token", {"secret": secret}, token=None).json["token"]
        return self._token

    def new_link(self) -> str:
        return run_gt("--town", self.town, "dashboard", "--link").strip()

    def get(self, path: str) -> Any:
        answered = self.ask(path)
        assert answered.status == 200, answered
        return answered.json

    def post(self, path: str, data: Mapping[str, Any]) -> Any:
        answered = self.ask(path, data)
        assert answered.status == 200, answered
        return answered.json

    def ask(
        self, path: str, data: Any = None, token: str | None = "", headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answered:  # fmt: skip
        """Whatever comes back. ``token`` None: without one."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token or self.token()}")
        body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as got:
                return Answered(got.status, dict(got.headers), got.read())
        except urllib.error.HTTPError as error:
            return Answered(error.code, dict(error.headers), error.read())

    @contextlib.contextmanager
    def stream(self, query: str = "") -> Iterator[Iterator[tuple[str, Any, str]]]:
        """Its events as they come: name, data, id."""
        request = urllib.request.Request(
            f"{self.url}/api/stream?{query}", headers={"Authorization": f"Bearer {self.token()}"}
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as got:
            yield _read_events(got)

    def model(self) -> dict[str, Any]:
        """The parts as a page has them: ``head``, and of each list its items in order."""
        (message,) = self.get("/api/poll")["messages"][:1]
        return put_together({}, message["data"])


def put_together(model: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """As the page's script does it."""
    known = {} if told["whole"] else dict(model)
    if "head" in told:
        known["head"] = told["head"]
    for name, part in told["parts"].items():
        items = {item["id"]: item for item in known.get(name, [])} | part["items"]
        known[name] = [items[id] for id in part["order"]]
    return known


@contextlib.contextmanager
def serve(town: Path, environment: Mapping[str, str] | None = None, *flags: str) -> Iterator[Served]:
    """``gt dashboard --port 0`` with these flags, until the end of the block; it must end by itself then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gastown_tmux", "--town", town, "dashboard", "--port", "0", "--json", *flags],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    watchdog = threading.Timer(SECONDS * 3, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.stderr.read())
        told = json.loads(line)
        yield Served(told["url"], told["link"], town, process)
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.terminate()
        try:
            _, said = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in said, said


def _read_events(lines: Iterator[bytes]) -> Iterator[tuple[str, Any, str]]:
    event: dict[str, str] = {}
    for line in lines:
        text = line.decode().rstrip("\n")
        if text:
            name, _, value = text.partition(": ")
            if name:
                event[name] = value
        elif "event" in event:
            yield event["event"], json.loads(event["data"]), event.get("id", "")
            event = {}
        else:
            event = {}

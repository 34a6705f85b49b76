"""The overseer called: in terminals, by a command, by services; kept while nothing takes it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.hosts import services
from gastown_tmux.errors import MissingError, UsageError
from gastown_tmux.operations.escalation.escalations import escalate, resolve
from gastown_tmux.operations.supervision import calls
from gastown_tmux.operations.town.configuration import set_key, unset_key
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.calls import list_calls

ANN = Address("demo/ann")


def look(town: Town) -> None:
    """As the deacon does, after everybody's patience."""
    calls.Caller().call(town)
    with town.change() as change:
        change.execute("UPDATE calls SET made = '2026-01-01T00:00:00Z', not_before = NULL")
        change.execute("UPDATE calls SET gone = '2026-01-01T00:00:00Z' WHERE gone IS NOT NULL")
    calls.Caller().call(town)


class Hook(HTTPServer):
    """A webhook that takes what it is given, unless it is ``out``."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.out = False
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self.server.out:
            self.server.got.append(json.loads(body))
        self.send_response(500 if self.server.out else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hook(town: Town) -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def test_a_service_is_called_once_for_all_and_told_when_it_was_answered(town: Town, hook: Hook) -> None:
    town.environment = {**town.environment, "HOOK": f"json://me:secret@127.0.0.1:{hook.server_port}/path"}
    set_key(town, "notify.services", ["env:HOOK"])
    hook.out = True
    asked = [escalate(town.acting_as(ANN), words).value for words in ("which greeting?", "how loud?")]
    look(town)
    (kept, _) = [one for one in list_calls(town.db) if one.kind == "escalation"]
    assert kept.sent is None and kept.tries == 1 and kept.trouble and "json://…" in kept.trouble
    assert "secret" not in kept.trouble and "path" not in kept.trouble
    hook.out = False
    for _ in range(2):
        look(town)
    (got,) = hook.got
    assert got["title"].startswith("gt: 2 wait for you: ") and "; " in got["title"]
    assert "which greeting?" in got["message"] and "how loud?" in got["message"]
    assert f"gt escalate show {asked[1].id}" in got["message"] and "medium escalation" in got["message"]
    for one in asked:
        resolve(town, one)
    look(town)
    look(town)
    assert [one["title"] for one in hook.got[1:]] == ["gt: answered, nothing is to be done"]
    assert {one.kind for one in list_calls(town.db)} == {"mail"}


def test_in_quiet_hours_nobody_is_called_and_afterwards_it_is_done(town: Town, short_tmp: Path) -> None:
    log = short_tmp / "told"
    set_key(town, "ui.notify", f'printf "%s\\n" "$GT_MAIL_LINE" >> {log}')
    set_key(town, "notify.quiet", "00:00-23:59")
    with town.change() as change:
        change.execute("UPDATE agents SET state = 'failed', reason = '3 deaths' WHERE address = ?", ANN)
    look(town)
    assert not log.exists() and len(list_calls(town.db)) == 1
    unset_key(town, "notify.quiet")
    look(town)
    look(town)
    assert log.read_text() == "gt: demo/ann was given up: gt log demo/ann\n"


def test_what_is_less_urgent_than_the_threshold_calls_nobody(town: Town, short_tmp: Path) -> None:
    log = short_tmp / "told"
    set_key(town, "ui.notify", f"echo >> {log}")
    set_key(town, "notify.threshold", "high")
    with town.change() as change:
        change.execute("UPDATE agents SET state = 'limited', reason = 'until 9:00' WHERE address = ?", ANN)
    look(town)
    assert not log.exists()


def test_secrets_are_of_a_file_that_nobody_else_can_read(town: Town, short_tmp: Path) -> None:
    path = short_tmp / "urls"
    path.write_text("# mine\njson://127.0.0.1:9/x\n")
    path.chmod(0o644)
    set_key(town, "notify.services", [f"file:{path}"])
    with pytest.raises(UsageError, match="can be read by others"):
        calls.test(town)
    with town.change() as change:
        change.execute("UPDATE agents SET state = 'failed', reason = '3 deaths' WHERE address = ?", ANN)
    look(town)
    (kept,) = list_calls(town.db)
    assert kept.trouble and "can be read by others" in kept.trouble
    assert "can be read by others" in str(calls.find_trouble(town))
    path.chmod(0o600)
    ways = {way.way: way for way in calls.test(town)}
    assert not ways["json://…"].ok and not ways["terminals"].ok
    assert "127.0.0.1" not in ways["json://…"].detail


def test_without_the_optional_part_a_call_says_so(town: Town) -> None:
    environment = {**town.environment, "PYTHONPATH": str(town.path)}
    (town.path / "apprise.py").write_text("raise ImportError\n")
    with pytest.raises(MissingError, match="needs apprise"):
        services.send(["json://127.0.0.1:9"], "t", "b", environment)


def test_what_nothing_took_is_tried_again_now_and_then(town: Town, short_tmp: Path) -> None:
    log = short_tmp / "told"
    set_key(town, "ui.notify", f"echo >> {log}; exit 1")
    with town.change() as change:
        change.execute("UPDATE agents SET state = 'failed', reason = '3 deaths' WHERE address = ?", ANN)
    caller = calls.Caller()
    caller.call(town)
    with town.change() as change:
        change.execute("UPDATE calls SET made = '2026-01-01T00:00:00Z'")
    for _ in range(3):
        caller.call(town)
    assert log.read_text() == "\n" and list_calls(town.db)[0].shown is None
    caller._again = 0.0
    caller.call(town)
    assert log.read_text() == "\n\n"

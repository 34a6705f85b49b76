"""What strangers may try at the server of pages: other programs of this machine, and other pages of the browser."""

import contextlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gastown_tmux.store.events import last_seq
from gastown_tmux.web import connections, gate, requests
from gastown_tmux.web.connections import MOST
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.web.posed import Posed, pose
from tests.web.serving import Served, serve

#: 10,000 of them by hand: PYTEST_CONNECTIONS=10000.
MANY = int(os.environ.get("PYTEST_CONNECTIONS", "600"))
ANSWER_SECONDS = 0.5
READINGS = (
    "/", "/static/app.js", "/api/poll", "/api/queue", "/api/digest", "/api/night", "/api/convoys", "/api/mail",
    "/api/events", "/api/costs",
)  # fmt: skip


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    made = make_quiet_town(short_tmp)
    yield made
    made.town.close()


@pytest.fixture
def posed() -> Iterator[Posed]:
    with pose() as made:
        yield made


def connect(posed: Posed) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(posed.url.rsplit(":", 1)[1])), timeout=20)


def send(posed: Posed, text: str) -> str:
    """What comes back for these very bytes."""
    with connect(posed) as asked:
        asked.sendall(text.replace("\n", "\r\n").encode())
        return _read_all(asked)


def _read_all(asked: socket.socket) -> str:
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while part := asked.recv(65_536):
            said += part
    return said.decode()


def token_of(posed: Posed) -> str:
    token = posed.keys.redeem(posed.keys.make_secret())
    assert token is not None
    return token


def test_names_pages_and_frames_of_others(posed: Posed) -> None:
    host = posed.url.removeprefix("http://")
    token = token_of(posed)
    good = f"Host: {host}\nAuthorization: Bearer {token}\nConnection: close\n"
    assert send(posed, f"GET /api/poll HTTP/1.1\n{good}\n").startswith("HTTP/1.1 200")
    rebound = good.replace(host, f"evil.example:{host.rpartition(':')[2]}")
    assert send(posed, f"GET /api/poll HTTP/1.1\n{rebound}\n").startswith("HTTP/1.1 421")
    neighbour = f"{good}Origin: http://127.0.0.1:3000\nSec-Fetch-Site: same-site\n"
    assert send(posed, f"GET /api/poll HTTP/1.1\n{neighbour}\n").startswith("HTTP/1.1 403")
    framed = f"{good}Sec-Fetch-Dest: iframe\nSec-Fetch-Mode: navigate\nSec-Fetch-Site: same-site\n"
    assert send(posed, f"GET / HTTP/1.1\n{framed}\n").startswith("HTTP/1.1 403")
    for path in ("/", "/static/app.js", "/api/poll", "/nothing", "/static/../app.py", "/static/%2e%2e/app.py"):
        said = send(posed, f"GET {path} HTTP/1.1\n{good}\n").lower()
        assert "set-cookie" not in said and "access-control" not in said, path
        assert "x-frame-options: deny" in said and "frame-ancestors 'none'" in said, path
        assert "x-content-type-options: nosniff" in said and "referrer-policy: no-referrer" in said, path
    assert send(posed, f"GET /static/../app.py HTTP/1.1\n{good}\n").startswith("HTTP/1.1 404")
    cookie = f"Host: {host}\nCookie: token={token}\nConnection: close\n"
    assert send(posed, f"GET /api/poll HTTP/1.1\n{cookie}\n").startswith("HTTP/1.1 401")
    asked = f"GET /api/poll?token={token} HTTP/1.1\nHost: {host}\nConnection: close\n\n"
    assert send(posed, asked).startswith("HTTP/1.1 401")


def test_bodies_and_heads_without_end(posed: Posed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REST_SECONDS", 0.1)
    host = posed.url.removeprefix("http://")
    head = f"POST /api/token HTTP/1.1\nHost: {host}\nContent-Type: application/json\n"
    assert send(posed, f"{head}Content-Length: 10000000000\n\n{{").startswith("HTTP/1.1 413")
    chunk = f"{requests.LARGEST:x}\n" + "x" * requests.LARGEST + "\n"
    assert send(posed, f"{head}Transfer-Encoding: chunked\n\n{chunk}{chunk}").startswith("HTTP/1.1 413")
    assert send(posed, f"{head}Transfer-Encoding: chunked\nContent-Length: 2\n\n0\n\n").startswith("HTTP/1.1 400")
    assert send(posed, f"{head}Content-Length: 2\nContent-Length: 3\n\n{{}}").startswith("HTTP/1.1 400")
    for body in ("[]", "{", "null", "[" * 5000, '"x"'):
        said = send(posed, f"{head}Connection: close\nContent-Length: {len(body)}\n\n{body}")
        assert said.startswith("HTTP/1.1 400"), body
    for size, refused in ((gate.LARGEST_HEAD, "431"), (300_000, "400")):
        said = send(posed, f"GET / HTTP/1.1\nHost: {host}\nConnection: close\nX-Long: {'x' * size}\n\n")
        assert said.startswith(f"HTTP/1.1 {refused}") or not said
    assert send(posed, "nonsense\n\n").startswith("HTTP/1.1 400")
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.2)
    assert send(posed, f"{head}Content-Length: 10\n\n{{").startswith("HTTP/1.1 408")


def test_who_is_slow_is_not_waited_for(posed: Posed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "KEPT_SECONDS", 1)
    host = posed.url.removeprefix("http://")
    for begun in ("", "GET / HT", f"GET / HTTP/1.1\r\nHost: {host}\r\nX-A: "):
        with connect(posed) as slow:
            slow.sendall(begun.encode())
            assert _is_ended(slow, b"x" if begun else b""), begun
    # The second request of a connection has the same time.
    with connect(posed) as slow:
        slow.sendall(f"GET /nothing HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"404" in slow.recv(65_536)
        assert _is_ended(slow, b"G")


def _is_ended(slow: socket.socket, drop: bytes) -> bool:
    """Whether the other side ends it, though a byte comes now and then."""
    deadline = time.monotonic() + 10
    slow.settimeout(0.05)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                if not slow.recv(1000):
                    break
            slow.sendall(drop)
    return time.monotonic() < deadline


def test_under_many_connections_an_open_page_is_answered(posed: Posed) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MANY + 500
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    token = token_of(posed)
    port = int(posed.url.rsplit(":", 1)[1])
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(connection: http.client.HTTPConnection) -> float:
        start = time.monotonic()
        connection.request("GET", "/api/poll", headers={"Authorization": f"Bearer {token}"})
        answered = connection.getresponse()
        answered.read()
        assert answered.status == 200
        return time.monotonic() - start

    with contextlib.ExitStack() as strangers:
        strangers.callback(page.close)
        ask(page)
        slowest = 0.0
        for number in range(MANY):
            stranger = strangers.enter_context(socket.socket())
            stranger.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                stranger.connect(("127.0.0.1", port))
            if number % 20 == 0:
                slowest = max(slowest, ask(page))
        slowest = max(slowest, *(ask(page) for _ in range(10)))
        assert slowest < ANSWER_SECONDS * (3 if MANY < 1000 else 1), slowest
        # A page that comes now finds a place too: strangers that say nothing make room.
        fresh = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        strangers.callback(fresh.close)
        deadline = time.monotonic() + 20
        while True:
            try:
                ask(fresh)
                break
            except (ConnectionError, http.client.HTTPException):
                assert time.monotonic() < deadline
                fresh.close()
        open_ones = [each for each in psutil.Process().net_connections() if each.laddr[1:2] == (port,) and each.raddr]
        assert len(open_ones) <= MOST + 70  # some wait to be accepted


def test_no_get_changes_anything(quiet: QuietTown, wait_for: Callable[..., Any]) -> None:
    first = quiet.bead("first")
    toast, work = quiet.hook(first)
    (work / "new.txt").write_text("new\n")
    refs = ["git", "-C", str(quiet.town.rig_folder(quiet.rig.name) / "repo.git"), "for-each-ref"]

    def state() -> tuple[Any, ...]:
        return last_seq(quiet.town.db), subprocess.check_output(refs), sorted((quiet.town.path / ".gt/mail").rglob("*"))

    with serve(quiet.town.path) as page:
        wait_for(lambda: page.model().get("beads"), 10, "the model")
        before = state()
        for path in (*READINGS, f"/api/bead?id={first}", f"/api/agent?address={toast}", f"/api/screen?agent={toast}"):
            page.ask(path)
            page.ask(path.replace("?", "?x=1&"), method="GET")
        assert state() == before
        # What is secret is in nobody's words, nor in a file of the town.
        token, secret = page.token(), page.link.partition("=")[2]
        run_words = "words that are nobody's to read"
        mail = next(act for act in page.model()["workers"][0]["acts"] if act["words"] == "mail")
        assert page.post("/api/act", {"act": mail["act"], "words": run_words})["failed"] is False
        words = Path(f"/proc/{page.process.pid}/cmdline").read_bytes() + _environment(page)
        assert token.encode() not in words and secret.encode() not in words
        logs = b"".join(path.read_bytes() for path in (quiet.town.path / ".gt").rglob("*") if path.is_file())
        assert token.encode() not in logs and secret.encode() not in logs


def _environment(page: Served) -> bytes:
    return Path(f"/proc/{page.process.pid}/environ").read_bytes()


def test_a_port_that_is_anothers_and_a_kill(
    quiet: QuietTown, run_gt: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    town = quiet.town.path
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        refused = run_gt("--town", town, "dashboard", "--port", str(port))
        assert (refused.code, refused.out) == (4, "")
        assert refused.err.splitlines()[0] == f"gt: port {port} is taken by another program"
        assert refused.err.splitlines()[1].startswith("hint: gt dashboard --port 0")
    assert run_gt("--town", town, "dashboard", "--port", "70000").code == 2
    quiet.town.tmux.start()
    try:
        with serve(town, None) as page:
            held = page.port
            with page.stream("visible=demo/toast") as events:
                next(events)
                page.process.send_signal(signal.SIGKILL)
                page.process.wait(10)
            assert run_gt("--town", town, "dashboard", "--link").code == 3
        with socket.create_server(("127.0.0.1", held)):
            pass
        wait_for(lambda: not quiet.town.tmux.run("list-clients").strip(), 10, "its client to be gone")
        with serve(town) as page:  # the lock and the socket that it left keep nobody out
            assert page.get("/api/poll")
            assert page.new_link().startswith(page.url)
    finally:
        quiet.town.tmux.stop()

"""A loopback HTTPS server that the real ``gh`` takes for a forge: its routes are functions, its faults are planted.

cert.pem is its own authority, good from 2020 to 2120: ``SSL_CERT_FILE`` has gh believe it.
"""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CERTIFICATE = HERE / "cert.pem"
TOKEN = "stand-in-token"


@dataclass
class Reply:
    """``body`` is JSON unless it is bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Route = Callable[..., Reply]


@dataclass
class Server:
    """``calls``: each request as method, path with its query, and body. ``faults`` answer the next requests instead."""

    port: int = 0
    token: str = TOKEN
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    faults: list[Reply] = field(default_factory=list)
    routes: list[tuple[str, re.Pattern[str], Route]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def environment(self, home: Path) -> dict[str, str]:
        """What makes a ``gh`` speak to it and be logged in."""
        return {
            "GH_ENTERPRISE_TOKEN": self.token,
            "SSL_CERT_FILE": str(CERTIFICATE),
            "GH_CONFIG_DIR": str(home / "gh"),
        }

    def route(self, method: str, pattern: str, answer: Route) -> None:
        """``answer`` gets the groups of the path, the parameters and the body."""
        self.routes.append((method, re.compile(pattern + r"\Z"), answer))

    def reply(self, method: str, path: str, parameters: dict[str, str], body: Any, token: str) -> Reply:
        self.calls.append((method, path, body))
        if self.faults:
            return self.faults.pop(0)
        if token != self.token:
            return Reply({"message": "Bad credentials"}, 401)
        for wanted, pattern, answer in self.routes:
            if wanted == method and (found := pattern.match(path)):
                return answer(*found.groups(), parameters=parameters, body=body)
        return Reply({"message": "Not Found"}, 404)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def read_body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length") or 0))
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data

        def handle_any(self) -> None:
            data = self.read_body()
            path, _, query = self.path.partition("?")
            parameters = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
            token = self.headers.get("authorization", "").removeprefix("token ")
            try:
                found = server.reply(
                    self.command, path.removeprefix("/api/v3/"), parameters, json.loads(data or b"null"), token
                )
            except Exception as error:  # noqa: BLE001 - whoever asks sees it, and so does the test
                found = Reply({"message": f"stand-in: {error!r}"}, 500)
            body = found.body if isinstance(found.body, bytes) else json.dumps(found.body).encode()
            if found.status == 204:
                body = b""
            self.send_response(found.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **found.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, HERE / "key.pem")
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.socket = context.wrap_socket(http.socket, server_side=True)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()

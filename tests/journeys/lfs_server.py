"""A Git LFS server on this machine: the batch interface with basic transfers, and locks of other people."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class LfsServer:
    """``objects`` are what was uploaded, by id; ``locked`` are paths that somebody else has locked."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve_lfs() -> Iterator[LfsServer]:
    server = LfsServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *words: object) -> None:
            server.asked.append(f"{self.command} {self.path}")

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                parts = b""
                while size := int(self.rfile.readline(), 16):
                    parts += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return parts
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _answer(self, value: Any, status: int = 200) -> None:
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.git-lfs+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            found = server.objects.get(self.path.rpartition("/")[2])
            self._answer(found if found is not None else {"message": "no such object"}, 200 if found else 404)

        def do_PUT(self) -> None:
            server.objects[self.path.rpartition("/")[2]] = self._body()
            self._answer({})

        def do_POST(self) -> None:
            asked = json.loads(self._body())
            if self.path.endswith("/locks/verify"):
                theirs = [
                    {"id": path, "path": path, "locked_at": "2026-11-27T00:00:00Z", "owner": {"name": "Ann"}}
                    for path in server.locked
                ]
                self._answer({"ours": [], "theirs": theirs})
                return
            wanted = asked["operation"]
            answer = []
            for thing in asked["objects"]:
                there = thing["oid"] in server.objects
                entry = {"oid": thing["oid"], "size": thing["size"]}
                if wanted == "download" and not there:
                    entry["error"] = {"code": 404, "message": "Object does not exist on the server"}
                elif wanted == "download" or not there:
                    entry["actions"] = {wanted: {"href": f"{server.url}/objects/{thing['oid']}"}}
                answer.append(entry)
            self._answer({"transfer": "basic", "objects": answer})

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(5)

"""A scripted model on a port of 127.0.0.1, for agent programs that think they talk to a real one.

``python -m tests.agents_real.model_server LOG`` prints its port and serves until it is ended. Each request becomes a
JSON line of LOG: ``time``, ``path``, ``model``, ``items`` (what the model was told, where: see ``script.Kind``),
``tools`` and ``reply``.
"""

import hashlib
import http.server
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.agents_real import protocols
from tests.agents_real.protocols import Event, Reply, Request
from tests.agents_real.script import next_step

_GEMINI = re.compile(r"/models/([^/:]+):(streamGenerateContent|generateContent|countTokens)")

#: No status of HTTP: the provider's own refusal of an account whose limit is used up.
LIMIT = -1

Whole = Callable[[Request, Reply], Any]
Events = Callable[[Request, Reply], Iterator[Event]]


class ModelServer(http.server.ThreadingHTTPServer):
    """``log`` is where requests are written down; ``port`` where it listens."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, log: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.log = log
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def note(self, entry: dict[str, Any]) -> None:
        with self.lock, self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A program that is killed leaves its connection half-way: nothing to say."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ModelServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(200, {"object": "list", "data": [], "models": []})

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        try:
            body = json.loads(data)
        except ValueError:
            self._answer(400, {"error": {"message": "no JSON"}})
            return
        gemini = _GEMINI.search(path)
        if path.endswith("/messages"):
            self._reply(protocols.read_anthropic(body), protocols.anthropic_message, protocols.anthropic_events)
        elif path.endswith("/messages/count_tokens"):
            self._answer(200, {"input_tokens": protocols.read_anthropic({"model": "", **body}).tokens})
        elif path.endswith("/responses"):
            self._reply(protocols.read_responses(body), protocols.response, protocols.response_events)
        elif path.endswith("/chat/completions"):
            self._reply(protocols.read_chat(body), protocols.chat_completion, protocols.chat_events)
        elif gemini is not None:
            request = protocols.read_gemini(body, gemini[1], gemini[2] == "streamGenerateContent")
            if gemini[2] == "countTokens":
                self._answer(200, {"totalTokens": request.tokens})
            else:
                self._reply(request, protocols.gemini_response, protocols.gemini_events)
        else:
            self.server.note({"time": time.time(), "path": path, "unknown": True})
            self._answer(404, {"error": {"message": f"no such path: {path}"}})

    def _reply(self, request: Request, whole: Whole, events: Events) -> None:
        now = time.time()
        reply, seconds, status = _decide(request, now)
        self.server.note(
            {
                "time": now, "path": self.path, "model": request.model, "tools": list(request.tools),
                "items": [[item.kind, item.text] for item in request.items],
                "reply": {"text": reply.text, "tool": reply.tool, "arguments": reply.arguments, "status": status},
            }
        )  # fmt: skip
        time.sleep(seconds)
        if status == LIMIT:
            document, headers = protocols.used_up(self.path.partition("?")[0], float(reply.text), now)
            self._answer(429, document, headers)
        elif status != 200:
            error = {"type": "rate_limit_error" if status == 429 else "api_error", "message": reply.text}
            self._answer(status, {"type": "error", "error": {**error, "code": status}})
        elif request.streams:
            self._stream(events(request, reply))
        else:
            self._answer(200, whole(request, reply))

    def _stream(self, events: Iterator[Event]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for name, data in events:
            head = f"event: {name}\n" if name else ""
            text = data if isinstance(data, str) else json.dumps(data)
            self.wfile.write(f"{head}data: {text}\n\n".encode())
        self.wfile.flush()
        self.close_connection = True

    def _answer(self, status: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _decide(request: Request, now: float) -> tuple[Reply, float, int]:
    """The reply, after how many seconds, with which status; ``LIMIT``: its text is when the limit ends.

    Ids follow from the conversation: nothing is random.
    """
    id = hashlib.sha256(repr(request.items).encode()).hexdigest()[:24]
    shell = request.shell
    if shell is None:
        # An editor, or a side request: for a title, a topic, a summary.
        step = next_step(request.items, shell=False)
        text = _edit(step.words) if step.kind == "edit" else '{"title": "work", "isNewTopic": false}'
        return Reply(text=text, id=id), 0.0, 200
    step = next_step(request.items, now=now)
    match step.kind:
        case "run":
            arguments = protocols.shell_arguments(request.tools[shell], step.words)
            return Reply(tool=shell, arguments=arguments, id="toolu_" + id), step.seconds, 200
        case "fail":
            return Reply(text="scripted refusal", id=id), step.seconds, int(step.words)
        case "outage":
            return Reply(text="scripted outage", id=id), step.seconds, 400
        case "limit":
            return Reply(text=step.words, id=id), step.seconds, LIMIT
        case _:
            return Reply(text=step.words, id=id), step.seconds, 200


def _edit(words: str) -> str:
    """A new file, as aider has its model write one."""
    path, _, text = words.partition(" ")
    return f"{path}\n<<<<<<< SEARCH\n=======\n{text}\n>>>>>>> REPLACE\n"


def main() -> None:
    with ModelServer(Path(sys.argv[1])) as server:
        print(server.port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

"""The scripted model itself: what it does next, and that it says so in each protocol."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents_real.model_server import ModelServer
from tests.agents_real.script import NOTHING, Item, Kind, Step, next_step

WORK = "script work\n| run make\n| say half\n| run gt done\nend script\n"


@pytest.mark.parametrize(
    ("items", "step"),
    [
        ([], Step("say", NOTHING)),
        ([(Kind.USER, "Run `gt prime`, then work.")], Step("run", "gt prime")),
        ([(Kind.SYSTEM, WORK), (Kind.USER, "Run `gt prime`.")], Step("run", "gt prime")),
        ([(Kind.USER, "Run `gt prime`."), (Kind.CALL, '["gt prime"]'), (Kind.RESULT, WORK)], Step("run", "make")),
        ([(Kind.RESULT, WORK), (Kind.CALL, '["make"]'), (Kind.RESULT, WORK)], Step("say", "half")),
        (
            [(Kind.USER, WORK), (Kind.CALL, '{"command": "make"}'), (Kind.SAID, "half"), (Kind.USER, "go on")],
            Step("run", "gt done"),
        ),
        (
            [(Kind.USER, WORK), (Kind.USER, "gt: mail from a: b (gt mail read abcdefgh2345)")],
            Step("run", "gt mail read abcdefgh2345"),
        ),
        ([(Kind.USER, "script a\n| slowly 2 say x &gt; y\nend script")], Step("say", "x > y", 2.0)),
        ([(Kind.USER, "script a\n| fail 429\n| say x\nend script")], Step("fail", "429")),
        ([(Kind.USER, "script a\n| fail 429\n| say x\nend script"), (Kind.USER, "again")], Step("say", "x")),
        ([(Kind.USER, "script a\n| limit 1000\n| say x\nend script")], Step("say", "x")),
        ([(Kind.USER, "script a\n| limit 1001\n| say x\nend script")], Step("limit", "1001")),
    ],
)
def test_next_step_follows_the_conversation(items: list[tuple[Kind, str]], step: Step) -> None:
    assert next_step((Item(kind, text) for kind, text in items), now=1000.0) == step


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ModelServer]:
    with ModelServer(tmp_path / "log.jsonl") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def post(server: ModelServer, path: str, body: Any) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}, "why": {"type": "string"}}}
FUNCTION = {"name": "bash", "parameters": {**SCHEMA, "required": ["command", "why"]}}
ASKED = [{"role": "user", "content": WORK}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", {"messages": ASKED, "tools": [{"name": "bash", "input_schema": FUNCTION["parameters"]}]}),
        ("/v1/responses", {"input": ASKED, "tools": [{"type": "function", **FUNCTION}]}),
        ("/v1/chat/completions", {"messages": ASKED, "tools": [{"type": "function", "function": FUNCTION}]}),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_model_calls_the_shell_tool_it_is_offered(server: ModelServer, path: str, body: Any, streams: bool) -> None:
    answer = post(server, path, {"model": "m", "stream": streams, **body})
    assert "make" in answer and "the next step" in answer
    assert answer.startswith(("event: ", "data: ")) == streams
    (entry,) = (json.loads(line) for line in server.log.read_text().splitlines())
    assert entry["items"] == [["user", WORK]]
    assert entry["reply"]["arguments"] == {"command": "make", "why": "the next step"}


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_model_speaks_gemini(server: ModelServer, verb: str) -> None:
    tool = {"functionDeclarations": [{"name": "run_shell_command", "parametersJsonSchema": SCHEMA}]}
    body = {"contents": [{"role": "user", "parts": [{"text": WORK}]}], "tools": [tool]}
    answer = post(server, f"/v1beta/models/m:{verb}?alt=sse", body)
    assert '"functionCall": {"name": "run_shell_command", "args": {"command": "make"}' in answer
    assert answer.startswith("data: ") == (verb == "streamGenerateContent")


def test_model_that_is_offered_no_shell_answers_a_side_request(server: ModelServer) -> None:
    answer = json.loads(post(server, "/v1/messages", {"model": "m", "messages": ASKED}))
    assert json.loads(answer["content"][0]["text"])["title"]

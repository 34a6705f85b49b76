"""What is answered to a page: its files, a token for a secret, and with that token the model, streams and acts."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, assert_never

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gastown_tmux.errors import GtError, MissingError, NotFoundError, RefusedError, UsageError, explain
from gastown_tmux.faces.pressing import LONGEST_LINE
from gastown_tmux.verbs.acts import Act
from gastown_tmux.web import gate
from gastown_tmux.web.connections import Crowd
from gastown_tmux.web.data import Data
from gastown_tmux.web.desk import Desk
from gastown_tmux.web.lines import Reach, read_line
from gastown_tmux.web.listening import Listening
from gastown_tmux.web.requests import BadRequestError, read_object
from gastown_tmux.web.static_files import read_files
from gastown_tmux.web.tokens import SECRET_SECONDS, Keys

_PASSED = "/api/token"


class Pages:
    """The routes of one desk."""

    def __init__(self, desk: Desk, keys: Keys) -> None:
        self._desk, self._keys = desk, keys
        self._files = read_files()
        self._listening, self._data = Listening(desk), Data(desk)

    def routes(self) -> list[Route]:
        def get(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
            return Route(path, _plain(answer), methods=["GET"])

        def post(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
            return Route(path, _plain(answer), methods=["POST"])

        return [
            post("/api/token", self.give_token),
            post("/api/link", self.give_link),
            get("/api/stream", self._listening.stream),
            get("/api/poll", self._listening.poll),
            post("/api/watch", self._listening.watch),
            post("/api/act", self.act),
            post("/api/comment", self.comment),
            post("/api/palette", self._data.suggest),
            post("/api/line", self.line),
            post("/api/open", self._data.open),
            post("/api/diff", self._data.diff),
            *(get(f"/api/{name}", self._data.reading(name)) for name in self._data.readings),
            Route("/{path:path}", _plain(self.show_file), methods=["GET", "HEAD"]),
        ]

    async def give_token(self, request: Request) -> Response:
        given = await read_object(request)
        token = self._keys.redeem(str(given.get("secret") or ""))
        if token is None:
            return refuse(401, "this link was used, or is too old", "gt dashboard --link", "token")
        return answer({"token": token})

    async def give_link(self, request: Request) -> Response:
        await read_object(request)
        return answer({"link": f"/#secret={self._keys.make_secret()}", "seconds": int(SECRET_SECONDS)})

    async def act(self, request: Request) -> Response:
        given = await read_object(request)
        act = self._desk.offers.find(str(given.get("act") or ""))
        if act is None and not self._desk.read_only:
            return refuse(409, "it changed: look again", None, "changed")
        return await self._carry_out(act, given)

    async def comment(self, request: Request) -> Response:
        given = await read_object(request)
        return await self._carry_out(None if self._desk.read_only else self._data.comment_act(given), given)

    async def line(self, request: Request) -> Response:
        """A line of words, as behind gt: shown, done, or told as what is to be typed elsewhere."""
        given = await read_object(request)
        line = read_line(str(given.get("line") or "")[:LONGEST_LINE], self._desk.read_only)
        match line.reach:
            case Reach.ELSEWHERE:
                return answer({"reach": line.reach, "command": line.command})
            case Reach.SHOWN if line.words[0] == "diff" and len(line.words) == 2:
                return answer({"reach": line.reach, "diff": line.words[1]})
            case Reach.SHOWN:
                return await self._data.show_line(line.words)
            case Reach.DONE if line.confirms and given.get("sure") is not True:
                return answer({"reach": line.reach, "confirms": line.confirms})
            case Reach.DONE:
                return await self._carry_out(Act("", line.words[0], (line.words,)), {})
            case _:
                assert_never(line.reach)

    async def _carry_out(self, act: Act | None, given: Mapping[str, Any]) -> Response:
        if self._desk.read_only or act is None:
            return refuse(403, "this dashboard only shows", "gt dashboard, without --read-only", "read-only")
        if act.shows or act.goes:
            raise BadRequestError("that shows something: POST /api/open")
        done = await self._desk.act(act, str(given.get("words") or "").strip())
        return answer({"said": done.said, "failed": done.failed, "code": done.code, "hint": done.hint})

    async def show_file(self, request: Request) -> Response:
        found = self._files.get(request.url.path)
        if found is None:
            return refuse(404, "there is no such page")
        headers = {"etag": found.tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        return Response(found.body, media_type=None, headers={**headers, "content-type": found.type})


class Gate:
    """In front of all routes: what is not to be heard goes no further, and each answer has the headers."""

    def __init__(self, app: ASGIApp, keys: Keys, crowd: Crowd, hosts: Collection[str]) -> None:
        self._app, self._keys, self._crowd, self._hosts = app, keys, crowd, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers, path = scope["headers"], scope["path"]
        answered: ASGIApp = self._app
        refusal = gate.judge(scope["method"], path, headers, self._hosts)
        if refusal is not None:
            answered = refuse(refusal.status, refusal.message)
        elif path.startswith(gate.API) and path != _PASSED:
            token = gate.bearer(headers)
            if token is not None and self._keys.knows(token):
                self._crowd.trust(scope["client"])
            else:
                answered = refuse(401, "this page has no token", "gt dashboard --link", "token")
        await answered(scope, receive, _with_headers(send, path))


def _with_headers(send: Send, path: str) -> Send:
    async def put(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *gate.HEADERS]}
            if path.startswith(gate.API):
                message["headers"].append((b"cache-control", b"no-store"))
        await send(message)

    return put


def make_app(desk: Desk, keys: Keys, crowd: Crowd, hosts: Collection[str]) -> ASGIApp:
    return Gate(Starlette(routes=Pages(desk, keys).routes()), keys, crowd, hosts)


def _plain(call: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Whatever goes wrong is one line for a person, and never a traceback."""

    async def called(request: Request) -> Response:
        try:
            return await call(request)
        except BadRequestError as error:
            return refuse(error.status, str(error))
        except TimeoutError:
            return refuse(503, "the town does not answer now", None, "trouble")
        except Exception as error:  # noqa: BLE001 - it is told, and the server goes on
            message, hint, _ = explain(error)
            status, kind = _status_of(error)
            return refuse(status, message, hint, kind)

    return called


def _status_of(error: Exception) -> tuple[int, str]:
    match error:
        case NotFoundError():
            return 404, "not-found"
        case UsageError():
            return 400, "usage"
        case RefusedError():
            return 409, "refused"
        case MissingError() | GtError() | OSError():
            return 503, "trouble"
        case _:
            return 500, "fault"


def answer(data: Mapping[str, Any]) -> Response:
    return Response(json.dumps(data, ensure_ascii=False).encode(errors="replace"), media_type="application/json")


def refuse(status: int, message: str, hint: str | None = None, kind: str = "request") -> Response:
    return JSONResponse({"error": {"message": message, "hint": hint, "kind": kind}}, status)

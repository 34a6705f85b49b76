"""GitHub's own program, before a server of ours."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.edges.hosts import forge
from gastown_tmux.edges.hosts.forge import Forge, LimitedError, UnreachableError
from gastown_tmux.errors import GtError, MissingError, NotFoundError, RefusedError
from tests.forge.server import Reply, Server, serving

pytestmark = pytest.mark.needs("gh")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.route("GET", "user", lambda **_: Reply({"login": "octo"}))
    made.route("GET", "repos/o/n/issues", _issues)
    made.route("POST", "repos/o/n/pulls", lambda body, **_: Reply({"number": 7, "title": body["title"]}, 201))
    made.route("DELETE", "repos/o/n/git/refs/heads/x", lambda **_: Reply(None, 204))
    with serving(made):
        yield made


def _issues(parameters: dict[str, str], **_: Any) -> Reply:
    first = (int(parameters["page"]) - 1) * 100
    return Reply([{"number": number} for number in range(first, min(first + 100, 230))])


@pytest.fixture
def speak(server: Server, tmp_path: Path) -> Forge:
    return Forge(server.host, {**os.environ, **server.environment(tmp_path)})


def test_what_is_asked_is_answered(speak: Forge, server: Server) -> None:
    assert speak.login() == "octo"
    made = speak.ask("repos/o/n/pulls", method="POST", body={"title": "é\nü"})
    assert made == {"number": 7, "title": "é\nü"}
    assert speak.ask("repos/o/n/git/refs/heads/x", method="DELETE") is None
    assert [method for method, *_ in server.calls] == ["GET", "POST", "DELETE"]


def test_a_list_is_read_page_by_page(speak: Forge, server: Server) -> None:
    assert len(speak.list_all("repos/o/n/issues", {"state": "open"})) == 230
    assert len(server.calls) == 3
    assert len(speak.list_all("repos/o/n/issues", most=150)) == 150


FAULTS: list[tuple[str, Reply, type[GtError], str]] = [
    ("no such", Reply({"message": "Not Found"}, 404), NotFoundError, "may see"),
    ("gone", Reply({"message": "Issues are disabled"}, 410), NotFoundError, "may see"),
    ("not logged in", Reply({"message": "Bad credentials"}, 401), MissingError, "Bad credentials"),
    ("forbidden", Reply({"message": "Resource not accessible"}, 403), RefusedError, "not accessible"),
    ("secondary limit", Reply({"message": "secondary rate limit"}, 403), LimitedError, "too often"),
    ("limit", Reply({"message": "slow down"}, 429, {"Retry-After": "17"}), LimitedError, "slow down"),
    ("invalid", Reply({"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]}, 422),
     RefusedError, "Validation Failed: A pull request already exists"),
    ("fault", Reply({"message": "Server Error"}, 502), UnreachableError, "502"),
    ("a page instead", Reply(b"<html><h1>Unicorn!</h1>", 503, {"Content-Type": "text/html"}), UnreachableError, "503"),
    ("a page for an answer", Reply(b"<html>", 200, {"Content-Type": "text/html"}), UnreachableError, "text/html"),
    ("half an answer", Reply(b'{"login": "oc', 200), UnreachableError, "JSON"),
    ("nested without end", Reply(b"[" * 200_000, 200), UnreachableError, "JSON"),
    ("no name", Reply(["octo"], 200), UnreachableError, "whose login"),
    ("nothing", Reply(b"", 200), UnreachableError, "whose login"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "kind", "words"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_is_one_clear_line(speak: Forge, server: Server, reply: Reply, kind: type[GtError], words: str) -> None:
    server.faults.append(reply)
    with pytest.raises(kind) as raised:
        speak.login()
    assert words in raised.value.message
    assert "\n" not in raised.value.message
    assert len(raised.value.message) < 500
    if isinstance(raised.value, LimitedError):
        assert raised.value.seconds == (17 if "Retry-After" in reply.headers else 60)


QUERIES: list[tuple[str, Any, type[GtError] | None]] = [
    ("data", {"data": {"repository": {"a": 1}}}, None),
    ("one of several is gone", {"data": {"repository": {"a": 1, "b": None}}, "errors": [{"type": "NOT_FOUND"}]}, None),
    ("limited", {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, LimitedError),
    ("no scope", {"data": {"repository": None}, "errors": [{"type": "FORBIDDEN", "message": "no"}]}, RefusedError),
    ("a fault of ours", {"errors": [{"message": "Parse error on ..."}]}, RefusedError),
    ("a list", [], UnreachableError),
    ("nothing", {}, RefusedError),
]


@pytest.mark.parametrize(("answer", "kind"), [case[1:] for case in QUERIES], ids=[case[0] for case in QUERIES])
def test_queries(speak: Forge, server: Server, answer: Any, kind: type[GtError] | None) -> None:
    server.faults.append(Reply(answer))
    if kind is None:
        assert speak.query("query { a }") == answer["data"]
        assert server.calls == [("POST", "/api/graphql", {"query": "query { a }", "variables": {}})]
    else:
        with pytest.raises(kind):
            speak.query("query { a }")


def test_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        Forge("localhost:1", {**os.environ, "GH_ENTERPRISE_TOKEN": "x", "GH_CONFIG_DIR": str(tmp_path)}).login()


def test_nobody_is_logged_in(server: Server, tmp_path: Path) -> None:
    environment = {**os.environ, **server.environment(tmp_path)}
    del environment["GH_ENTERPRISE_TOKEN"]
    with pytest.raises(MissingError, match="log") as raised:
        Forge(server.host, environment).login()
    assert "gh auth login --hostname localhost" in str(raised.value.hint)
    assert Forge(server.host, environment, token=server.token).login() == "octo"


@pytest.fixture
def pretend(tmp_path: Path) -> Callable[[str], Forge]:
    """A ``gh`` that is this script."""

    def make(script: str) -> Forge:
        program = tmp_path / "bin" / "gh"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return Forge("github.com", {"PATH": f"{program.parent}:{os.environ['PATH']}"})

    return make


def test_one_that_is_too_old(pretend: Callable[[str], Forge]) -> None:
    with pytest.raises(MissingError, match=r"gh is too old: unknown flag: --include$"):
        pretend("echo 'unknown flag: --include' >&2; echo; echo 'Usage:  gh api' >&2; exit 1").login()


def test_one_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not installed") as raised:
        Forge("github.com", {"PATH": str(tmp_path)}).login()
    assert raised.value.exit_code == 5


def test_one_that_hangs_is_ended(pretend: Callable[[str], Forge], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forge, "SECONDS", 0.2)
    with pytest.raises(UnreachableError, match="within"):
        pretend("sleep 60 & sleep 60").login()


def test_one_that_never_stops_talking(pretend: Callable[[str], Forge], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forge, "ANSWER_LIMIT", 10_000)
    with pytest.raises(UnreachableError, match="more than"):
        pretend("yes").login()


def test_what_the_environment_says_of_another_host_does_not_count(server: Server, tmp_path: Path) -> None:
    strange = {
        "GH_HOST": "example.com",
        "GH_REPO": "a/b",
        "GH_DEBUG": "api",
        "CLICOLOR_FORCE": "1",
        "GH_FORCE_TTY": "80",
    }
    assert Forge(server.host, {**os.environ, **server.environment(tmp_path), **strange}).login() == "octo"

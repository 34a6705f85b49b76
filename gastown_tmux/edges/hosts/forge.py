"""GitHub by its own program, ``gh``: one call of ``gh api`` at a time, with limits on time and size.

Nothing but ``gh api`` and ``gh auth`` is asked of it, which every version since 2.0 has.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, urlencode

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.domain.forges import GITHUB, Trouble, complaint, judge, limit_seconds
from gastown_tmux.errors import GtError, MissingError, NotFoundError, RefusedError
from gastown_tmux.reading import json_value

SECONDS = 60.0
#: Bytes of one answer.
ANSWER_LIMIT = 32 * 2**20
PAGE = 100
#: gh's own, where nobody is logged in.
_NO_LOGIN = 4
#: What would have gh speak of another repository or host, ask, print in colour, or say all that it sends.
_OWN = (
    "GH_HOST", "GH_REPO", "GH_DEBUG", "DEBUG", "GH_FORCE_TTY", "GH_PAGER", "PAGER", "CLICOLOR_FORCE", "GH_BROWSER",
    "GH_NO_UPDATE_NOTIFIER", "GH_PROMPT_DISABLED", "NO_COLOR",
)  # fmt: skip
_GITHUB_TOKENS, _ENTERPRISE_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN"), ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_STATUS = re.compile(rb"HTTP/[\d.]+ (\d{3})[^\n]*\n")


class LimitedError(GtError):
    """The forge does not want to be asked for ``seconds``."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class UnreachableError(GtError):
    """No answer, or none of use: a fault of the forge or of the way to it, that may be over soon."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Forge:
    """The API of ``host``, as the user's ``gh`` is logged in there, or with ``token``.

    Every call raises MissingError (exit status 5, with what to do) where there is no ``gh``, one that is too old, or no
    login that is accepted; LimitedError; NotFoundError, also for what the login may not see; RefusedError in the
    forge's words; UnreachableError.
    """

    def __init__(self, host: str, environment: Mapping[str, str], token: str | None = None) -> None:
        self.host = host
        kept = {name: value for name, value in environment.items() if name not in _OWN}
        own = {"GH_HOST": host, "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}
        if token is not None:
            names = _GITHUB_TOKENS if host == GITHUB else _ENTERPRISE_TOKENS
            own |= dict.fromkeys(names, token)
        self._environment = kept | own

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> object:
        """The JSON that the REST API answers to ``path``, which has no slash before it; None for an empty answer."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        answer = self._call(["-X", method, quote(path, safe="/-._~:%") + query], body)
        if not answer.body.strip():
            return None
        return self._parse(answer)

    def ask_text(self, path: str) -> str:
        """The same for an answer that is text, such as a log."""
        return self._call(["-X", "GET", quote(path, safe="/-._~:%")], None).body.decode(errors="replace")

    def list_all(self, path: str, parameters: Mapping[str, str] | None = None, most: int = 1000) -> list[object]:
        """The items of a list, page by page, at most so many."""
        found: list[object] = []
        while len(found) < most:
            number = str(len(found) // PAGE + 1)
            page = self.ask(path, parameters={**(parameters or {}), "per_page": str(PAGE), "page": number})
            if not isinstance(page, list):
                raise UnreachableError(f"{self.host} answers {path} with no list")
            found += page
            if len(page) < PAGE:
                break
        return found[:most]

    def query(self, text: str, variables: Mapping[str, object] | None = None) -> dict[str, object]:
        """The data that GraphQL answers; what is not there, or may not be seen, is null in it."""
        answer = self._call(["graphql"], {"query": text, "variables": dict(variables or {})})
        found = self._parse(answer)
        if not isinstance(found, dict):
            raise UnreachableError(f"{self.host} answers a query with no object")
        errors = found.get("errors") or []
        kinds = {str(error.get("type")) for error in errors if isinstance(error, dict)}
        words = complaint({"errors": errors}) or "it does not say why"
        if "RATE_LIMITED" in kinds:
            raise LimitedError(f"{self.host}: {words}", limit_seconds(answer.headers, time.time()))
        data = found.get("data")
        if not isinstance(data, dict):
            raise RefusedError(f"{self.host} refuses: {words}")
        if errors and kinds != {"NOT_FOUND"} and any(value is None for value in data.values()):
            raise RefusedError(f"{self.host} refuses: {words}")
        return data

    def login(self) -> str:
        """Whose login it is that speaks."""
        found = self.ask("user")
        name = found.get("login") if isinstance(found, dict) else None
        if not isinstance(name, str):
            raise UnreachableError(f"{self.host} does not tell whose login this is")
        return name

    def _parse(self, answer: _Answer) -> object:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            kind = answer.headers.get("content-type", "something else").split(";")[0]
            raise UnreachableError(f"{self.host} answers with {kind}, not with JSON") from None

    def _call(self, words: list[str], body: Mapping[str, object] | None) -> _Answer:
        data = None if body is None else json.dumps(body).encode()
        status, out, said = self._run(["gh", "api", "--include", *(["--input", "-"] if body else []), *words], data)
        answer = _read_answer(out)
        if answer is None:
            raise self._explain(status, said)
        value = json_value(answer.body)
        words_of_it = complaint(value)
        match judge(answer.status, answer.headers, words_of_it):
            case None:
                return answer
            case Trouble.LOGIN:
                raise self._no_login(f"{self.host} does not accept the login: {words_of_it or answer.status}")
            case Trouble.LIMITED:
                seconds = limit_seconds(answer.headers, time.time())
                raise LimitedError(f"{self.host} is asked too often: {words_of_it or answer.status}", seconds)
            case Trouble.GONE:
                raise NotFoundError(f"{self.host} has no {words[-1]} that this login may see")
            case Trouble.REFUSED:
                raise RefusedError(f"{self.host} refuses: {words_of_it or f'status {answer.status}'}")
            case Trouble.BROKEN:
                said_so = f": {words_of_it}" if words_of_it else ""
                raise UnreachableError(f"{self.host} has a fault (status {answer.status}){said_so}")

    def _explain(self, status: int | None, said: str) -> GtError:
        """Why gh gave no answer at all."""
        if status is None:
            return UnreachableError(f"{self.host} did not answer within {SECONDS:g}s")
        if status == _NO_LOGIN or "gh auth login" in said:
            return self._no_login(f"gh is not logged in to {self.host}")
        words = cause_of(said.split("\nUsage:")[0]) or f"exit status {status}"
        if "unknown flag" in said or "unknown command" in said:
            return MissingError(f"gh is too old: {words}", "install gh 2.0 or newer: https://cli.github.com")
        return UnreachableError(f"{self.host} cannot be reached: {words}")

    def _no_login(self, words: str) -> MissingError:
        return MissingError(words, f"gh auth login --hostname {self.host}, or gt config set merge.request.token")

    def _run(self, command: list[str], data: bytes | None) -> tuple[int | None, bytes, str]:
        """Exit status (None: it took too long), output, errors."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:
            given.write(data or b"")
            given.seek(0)
            try:
                process = subprocess.Popen(
                    command, env=self._environment, cwd="/", stdin=given, stdout=subprocess.PIPE, stderr=errors,
                    start_new_session=True,
                )  # fmt: skip
            except FileNotFoundError:
                hint = "install gh (https://cli.github.com), then gh auth login"
                raise MissingError("gh, GitHub's program, is not installed", hint) from None
            except OSError as error:
                raise MissingError(f"gh cannot be run: {error.strerror}", "https://cli.github.com") from None
            late = threading.Event()

            def end() -> None:
                late.set()
                _kill(process)

            timer = threading.Timer(SECONDS, end)
            timer.daemon = True
            timer.start()
            try:
                assert process.stdout is not None
                with process:
                    out = process.stdout.read(ANSWER_LIMIT + 1)
                    if len(out) > ANSWER_LIMIT:
                        _kill(process)
                        raise UnreachableError(f"{self.host} answers with more than {ANSWER_LIMIT // 2**20} MiB")
            finally:
                timer.cancel()
                _kill(process)
            errors.seek(0)
            said = errors.read(2**16).decode(errors="replace")
        return (None if late.is_set() else process.returncode), out, said


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _read_answer(out: bytes) -> _Answer | None:
    """What ``gh api --include`` prints: a status line, header lines, an empty one, the body."""
    found = _STATUS.match(out)
    if found is None:
        return None
    head, _, body = out[found.end() :].replace(b"\r\n", b"\n", out.count(b"\r\n")).partition(b"\n\n")
    lines = (line.decode("latin-1").partition(":") for line in head.split(b"\n"))
    headers = {name.strip().lower(): value.strip() for name, separator, value in lines if separator}
    return _Answer(int(found[1]), headers, body)

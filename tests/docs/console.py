"""Blocks of a tutorial as they are typed, and what came of them held against what is printed there.

In a fence of the kind ``console`` a line that begins with ``$`` is a command, with lines behind it that begin with
``>``; what follows is what it says. ``…`` stands for anything, alone in a line for any lines. Ids and commits are what
they turn out to be: the first time one is seen it is learnt. ``console wait``: asked again until it is so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FENCE = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
#: Of what is another each time: ids (of the rigs named in tutorials), commits, lengths of time, times.
_NAME = r"\b(?:sh|mr|cv|run|esc|ses)-[a-z0-9]{5,10}\b"
_COMMIT = r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b"
_AGE = r"\b\d+(?:\.\d+)?(?:ms|s|m|h|d)\b"
_TIME = r"\b\d\d:\d\d(?::\d\d)?\b"
_DATE = r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"
_TOKEN = re.compile(
    f"(?P<name>{_NAME})|(?P<date>{_DATE})|(?P<commit>{_COMMIT})|(?P<age>{_AGE})|(?P<time>{_TIME})|(?P<any>…)"
)


@dataclass(frozen=True)
class Step:
    """``line`` is that of the command in its file."""

    line: int
    command: str
    expected: tuple[str, ...]
    waits: bool


def read_fences(text: str) -> Iterator[tuple[int, str, str]]:
    """The line, the kind and the body of each fence."""
    for fence in _FENCE.finditer(text):
        yield text.count("\n", 0, fence.start()) + 2, fence["kind"].strip(), fence["body"]


def read_steps(text: str) -> list[Step]:
    steps: list[Step] = []
    for start, kind, body in read_fences(text):
        if kind.split()[:1] != ["console"]:
            continue
        command: list[str] = []
        for number, line in enumerate(body.splitlines()):
            if line.startswith("$ "):
                command = [line[2:]]
                steps.append(Step(start + number, "", (), "wait" in kind.split()))
            elif line.startswith("> ") and not steps[-1].expected:
                command.append(line[2:])
            else:
                last = steps[-1]
                steps[-1] = Step(last.line, last.command, (*last.expected, line), last.waits)
                continue
            steps[-1] = Step(steps[-1].line, "\n".join(command), (), steps[-1].waits)
    return steps


@dataclass
class Names:
    """What the names of a tutorial are called here."""

    known: dict[str, str] = field(default_factory=dict)

    def fill(self, command: str) -> str:
        return re.sub(f"{_NAME}|{_COMMIT}", lambda found: self.known.get(found[0], found[0]), command)

    def fits(self, expected: tuple[str, ...], said: str) -> bool:
        """Whether that was said; what it tells of new names is learnt then."""
        fresh: list[str] = []
        lines = [self._pattern(line, fresh) for line in expected]
        pattern = "".join(r"(?:.*\n)*?" if line is None else f"{line}\n" for line in lines)
        found = re.fullmatch(pattern, "".join(f"{_squeeze(line)}\n" for line in said.splitlines()))
        if found is None:
            return False
        self.known |= dict(zip(fresh, found.groups(), strict=True))
        return True

    def _pattern(self, line: str, fresh: list[str]) -> str | None:
        if line.strip() == "…":
            return None
        pattern, place, line = "", 0, _squeeze(line)
        for token in _TOKEN.finditer(line):
            pattern += re.escape(line[place : token.start()]) + self._token(token, fresh)
            place = token.end()
        return pattern + re.escape(line[place:])

    def _token(self, token: re.Match[str], fresh: list[str]) -> str:
        word = token[0]
        if token["any"]:
            return ".*?"
        if token["age"] or token["time"] or token["date"]:
            return {"age": _AGE, "time": _TIME, "date": _DATE}[str(token.lastgroup)]
        if word in self.known:
            return re.escape(self.known[word])
        if word in fresh:
            return f"(?:\\{fresh.index(word) + 1})"
        # A commit that is printed shorter elsewhere is the same.
        longer = next((known for known in self.known if token["commit"] and known.startswith(word)), None)
        if longer is not None:
            return re.escape(self.known[longer][: len(word)])
        fresh.append(word)
        return f"({_COMMIT if token['commit'] else _NAME})"


def _squeeze(line: str) -> str:
    """Columns are as wide as what is in them."""
    return re.sub(r"(?<=\S) {2,}(?=\S)", "  ", line.rstrip())

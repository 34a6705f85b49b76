"""What other programs say when they fail: the few lines of it that tell why.

The last line is seldom the cause: git's is "the remote end hung up unexpectedly", whatever happened.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

MOST_LINES = 3
MOST_LETTERS = 500
_LINE_LETTERS = 220

_CONTROLS = r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1f\x7f]"
_PREFIX = r"(?i)^((fatal|error|remote):\s+|npm (error|ERR!)\s+|! \[[^\]]*\]\s+)+"
_VERDICT = r"^! ?\["


def _any(*patterns: str) -> Callable[[], re.Pattern[str]]:
    """Compiled (2 ms) when something has failed, which in most commands nothing has."""
    return cache(lambda: re.compile("|".join(patterns), re.I))


# What a program says whatever happened: where it was, how far, what to read, how to call it.
_NOISE = _any(
    "hint:",
    r"to \S+$",
    r"from \S+$",
    r"done\.$",
    "cloning into",
    "preparing worktree",
    "note: switching",
    r"(enumerating|counting|compressing|receiving|resolving|writing|unpacking|updating|filtering|downloading) .*\d",
    r"total \d",
    "delta compression",
    "please make sure you",
    "and the repository exists",
    "another git process seems",
    "see (also|'|git-|https?:)",
    "a complete log of this run",
    "npm notice",
    r"pane is dead \(",
    r"npm (error|ERR!)\s*$",
    "traceback \\(most",
    "the above exception",
    "during handling of",
    "stack backtrace",
    r"\d+: <?\w+",
    "require stack",
    r"(at|file) .*[:\"(]",
    "node:internal",
    r"node\.js v",
    "throw ",
    r"\^",
    "~+$",
    "code: '",
    "it is also possible",
    "add correct host key",
    r"[-@={}\[\]\s]*$",
)
# True, and never why.
_CONSEQUENCE = _any(
    "remote end hung up",
    "could not read from remote",
    "failed to push some refs",
    "early eof",
    "^aborting",
    "(index-pack|fetch-pack|unpack-objects|pack-objects|upload-pack|receive-pack).*(failed|died|invalid|aborting)",
    "external filter ",
    "(clean|smudge) filter",
    r"^make.*\*\*\*.*\berror \d",
    "failed to write commit",
    "clone of '",
    "remote unpack failed",
    "a second time, aborting",
    "retry scheduled",
    "clone succeeded, but",
    "hook declined to",
    "possible repository corruption",
    "compilation terminated",
    "errors logged to",
    "^warning:(?! remote host)",
)
_CAUSE = _any(
    r"\bnot found$",
    "no such file or directory",
    "permission denied",
    "permission to .* denied",
    "bad permissions",
    "are too open",
    "read-only file",
    "no space left",
    "quota exceeded",
    "cannot allocate memory",
    "too many open files",
    "host key",
    "^offending ",
    "host identification has changed",
    "could not resolve",
    "connection (refused|reset|timed out|closed)",
    "unreachable",
    "operation timed out",
    "failed to connect",
    "unsuitable terminal",
    "terminal does not support",
    "exec format error",
    "bad interpreter",
    "shared object",
    "prompts disabled",
    "shallow update",
    "missing object",
    r"^\w*(error|exception): ",
    "does not appear to be a git",
    r"returned error: \d",
)
_LOUD = r"(?i)^(fatal|error|npm error|npm err!|panic|failed|conflict|curl|\w+:)\b|^! ?\[|^\*\*\* "
_REMOTE_LOUD = (
    r"(?i)error|fail|denied|declin|reject|refus|requir|must|cannot|can't|could not|unable|invalid|forbid|protected"
    r"|missing|lacks?\b|not (allowed|permitted|found)|too (large|big)|exceed"
)


def cause_of(text: str) -> str:
    """Why a program failed, in one line: at most a few of its own lines, the causes before their consequences.

    Empty where it said nothing. The whole belongs into a log: this is for who has one line to read.

    >>> cause_of("sh: 1: git-lfs: not found\\nfatal: the remote end hung up unexpectedly\\n")
    'sh: 1: git-lfs: not found'
    """
    lines = list(dict.fromkeys(_lines(text)))
    ranks = {line: _rank(line) for line in lines}
    best = max(ranks.values(), default=0)
    chosen = [line for line in lines if ranks[line] == best]
    # Where nothing stands out, the end is likelier to tell than the beginning.
    chosen = chosen[:MOST_LINES] if best > 1 else chosen[-MOST_LINES:]
    # What git calls the refusal names the remote's reason, which is often all there is.
    chosen += [line for line in lines if re.match(_VERDICT, line) and line not in chosen]
    parts = dict.fromkeys(_short(re.sub(_PREFIX, "", line)) for line in chosen)
    return "; ".join(part for part in parts if part)[:MOST_LETTERS]


def _lines(text: str) -> Iterator[str]:
    """What is no noise; a line that announces a list with the list's beginning."""
    lines = [re.sub(_CONTROLS, "", line).rstrip() for line in re.split(r"[\r\n]+", text)]
    for number, line in enumerate(lines):
        plain = line.strip("@ \t")
        if plain.lower().startswith("usage:"):
            return
        if not plain or _NOISE().match(plain) or re.fullmatch(r"remote:\s*", plain) or _is_listed(lines, number):
            continue
        if plain.endswith(":") and re.search(_LOUD, plain):
            listed = [entry.strip() for entry in lines[number + 1 : number + 1 + MOST_LINES] if entry.startswith("\t")]
            plain = f"{plain} {', '.join(listed)}".strip()
        yield plain


def _is_listed(lines: list[str], number: int) -> bool:
    return number > 0 and lines[number].startswith("\t") and lines[number - 1].endswith(":")


def _rank(line: str) -> int:
    bare = re.sub(_PREFIX, "", line)
    if _CONSEQUENCE().search(bare):
        return 0
    if _CAUSE().search(bare):
        return 3
    if line.startswith(("remote: error:", "remote: fatal:")):
        return 3
    if line.startswith("remote:"):
        return 2 if re.search(_REMOTE_LOUD, bare) else 1
    return 2 if re.search(_LOUD, line) else 1


def _short(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _LINE_LETTERS else f"{line[: _LINE_LETTERS - 80]} … {line[-75:]}"

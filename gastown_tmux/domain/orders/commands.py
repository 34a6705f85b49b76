"""Which files a command of an order may call, by its words alone; nobody can say it of a shell for sure."""

import re
import shlex
from collections.abc import Mapping
from functools import lru_cache

from gastown_tmux.dataclass import dataclass

#: What runs the file that it is given, whatever that file's mode says.
_INTERPRETER = re.compile(r"(?:.*/)?(?:(?:ba|da|z|k)?sh|source|\.|(?:python|perl|ruby|node|deno|bun|php)[0-9.]*)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Word:
    """``is_called``: it follows an interpreter; another one is called where it may be executed."""

    text: str
    is_called: bool


@lru_cache(maxsize=256)
def list_words(command: str) -> tuple[Word, ...]:
    """Each that may be the path of a file, also within quotes, without options and assignments.

    >>> [word.text for word in list_words("A=1 nice ./a.sh -x && sh -c 'cd b; python3 c.py' >> log")]
    ['nice', './a.sh', 'sh', 'cd b; python3 c.py', 'cd', 'b', 'python3', 'c.py', 'log']
    >>> [word.text for word in list_words("sh -u a.sh b.sh | . ./c") if word.is_called]
    ['a.sh', './c']
    """
    found, after = list[Word](), False
    for text in _split(command):
        if text.startswith("-") or _ASSIGNMENT.match(text):
            continue
        if any(map(str.isalnum, text)):
            found.append(Word(text, after))
        if len(text.split()) > 1 and text.strip() != command.strip():
            found += list_words(text)
        after = _INTERPRETER.fullmatch(text) is not None
    return tuple(found)


def fill(text: str, values: Mapping[str, str]) -> str:
    """With variables and a leading ``~`` as a shell fills them in; unknown ones stay.

    >>> fill("$GT_TOWN/a/${B}", {"GT_TOWN": "/t"}), fill("~/x", {"HOME": "/h"})
    ('/t/a/${B}', '/h/x')
    """
    if text.startswith("~/"):
        text = values.get("HOME", "~") + text[1:]
    return _VARIABLE.sub(lambda match: values.get(match[1] or match[2], match[0]), text)


def _split(command: str) -> list[str]:
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.commenters = ""
    try:
        return list(words)
    except ValueError:  # a quote without its end
        return command.split()

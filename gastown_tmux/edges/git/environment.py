"""The environment that a git of ours runs in: the user's ways to their remotes, and the pins over everything else.

The runbook agent starts with this: nothing is imported that costs.
"""

import os
from collections.abc import Collection, Iterable, Mapping

from gastown_tmux.edges.git.pins import EVENTS, KEPT, PINS, VARIABLES

_PINNED = tuple((key, value) for key, value, _ in PINS)
_NO_HOOKS = (("core.hooksPath", "/dev/null"), *((f"hook.{event}.enabled", "false") for event in EVENTS))
#: What a person's own git is to have, where we start it for them.
_PERSONAL = (
    *KEPT, "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER", "GIT_ASKPASS",
)  # fmt: skip
_VARIABLES = {name: value for name, value, _ in VARIABLES}


class Environment(dict[str, str]):
    """What git is started with: the pins are in it, for only ``environment`` makes one."""


def environment(
    extras: Mapping[str, str] | None = None,
    *,
    include: Iterable[str | os.PathLike[str]] = (),
    config: Iterable[str] = (),
    hooks: bool = False,
    but: Collection[str] = (),
) -> Environment:
    """The whole environment for git, whoever starts it: GitPython's calls get it too.

    Of our own it keeps all but the `GIT_*` that would lead git elsewhere; the settings that the user gave by
    environment come first, then the files to `include`, then the pins (without the keys in `but`), then `config`, each
    `key=value`, then `extras`. With `hooks` git runs the hooks it finds, as for a person.
    """
    kept = {name: value for name, value in os.environ.items() if name[:4] != "GIT_" or name.startswith(KEPT)}
    kept.pop("LANGUAGE", None)
    pairs = [
        *_given(),
        *(("include.path", os.fspath(path)) for path in include),
        *((key, value) for key, value in _PINNED if key not in but),
        *(() if hooks else _NO_HOOKS),
        *((key, value) for key, _, value in (setting.partition("=") for setting in config)),
    ]
    return Environment({**kept, **_VARIABLES, **_numbered(pairs), **(extras or {})})


def shed_foreign() -> None:
    """Takes from our own environment what would lead git elsewhere or change its answers, as it stands where a hook of
    git's calls us: all that we start, and GitPython, which adds to ours, are without it.
    """
    for name in [name for name in os.environ if name[:4] == "GIT_" and not name.startswith(_PERSONAL)]:
        del os.environ[name]


def _given() -> list[tuple[str, str]]:
    """The settings that the user has handed over by environment: tokens and rewritten URLs often come that way."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    names = [(f"GIT_CONFIG_KEY_{n}", f"GIT_CONFIG_VALUE_{n}") for n in range(int(count) if count.isdecimal() else 0)]
    return [(os.environ[key], os.environ[value]) for key, value in names if key in os.environ and value in os.environ]


def _numbered(pairs: list[tuple[str, str]]) -> dict[str, str]:
    named = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return named

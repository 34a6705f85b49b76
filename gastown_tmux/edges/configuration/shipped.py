"""Roles and layouts: the shipped ones, in a wheel or a checkout, and the user's own over them."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.rights import Right, parse_rights
from gastown_tmux.edges.configuration.documents import parse_plain, parse_yaml
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.errors import NotFoundError, UsageError

_PACKAGE = Path(__file__).parents[2]
_Choice = TypeVar("_Choice", bound=StrEnum)


class Restart(StrEnum):
    """When an agent whose program ended is started again: always, or while it has work on its hook."""

    ALWAYS = "always"
    WHILE_WORK = "while-work"


class AfterDone(StrEnum):
    """What becomes of the session when its bead is done."""

    END = "end"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class RoleFile:
    """``text`` is what the agent is told, with ``{address}`` and ``{rig}`` still in it; ``may`` None: not said.
    ``provider`` is what it runs where nobody says otherwise, ``fallback`` what while that cannot be had.
    """

    name: str
    path: Path
    text: str
    restart: Restart
    done: AfterDone
    provider: str | None
    fallback: tuple[str, ...]
    may: frozenset[Right] | None

    def text_for(self, address: Address) -> str:
        """``{verbs}`` and ``{leading_verbs}`` are what the skill file says of them. Other braces stay as they are: the
        text is Markdown, and may show code.
        """
        text = self.text.replace("{address}", address).replace("{rig}", address.rig or "")
        for mark, part in (("{verbs}", 1), ("{leading_verbs}", 2)):
            if mark in text:
                text = text.replace(mark, load_skill().split("\n## ")[part].partition("\n\n")[2].strip())
        return text


def find_resource(kind: str, name: str, town: Path) -> Path:
    """The file ``name`` among ``roles`` or ``layouts``: ``<town>/<kind>/`` first, then what is shipped.

    Raises NotFoundError that names the nearest one.
    """
    for folder in (town / kind, shipped(kind)):
        if (folder / name).is_file():
            return folder / name
    asked = Path(name)
    known = [Path(other).stem for other in list_resources(kind, town) if other.endswith(asked.suffix)]
    import difflib  # where nothing is found

    near = difflib.get_close_matches(asked.stem, known, n=1)
    raise NotFoundError(
        f"no {name} among the {kind} of the town, nor among those shipped",
        hint=f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
    )


def list_resources(kind: str, town: Path) -> list[str]:
    """Names of files, the user's own and the shipped, sorted."""
    folders = (town / kind, shipped(kind))
    return sorted({path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()})


def shipped(kind: str) -> Path:
    """``gastown_tmux/<kind>`` where installed, ``<checkout>/<kind>`` otherwise."""
    installed = _PACKAGE / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def load_skill() -> str:
    """What agent programs are told of gt, as ``verbs/skill.py`` made it of the table."""
    return read_text(shipped("skills") / "gt" / "SKILL.md")


def load_role(name: str, town: Path) -> RoleFile:
    """The role of that name. Raises NotFoundError, and UsageError where its front matter is not understood."""
    path = find_resource("roles", f"{name}.md", town)
    try:
        return _parse(name, path, path.stat().st_mtime_ns)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def load_rights(name: str, town: Path) -> frozenset[Right]:
    """What a role may beside what everybody may: a file of the town's own that does not say it leaves that as it is
    shipped. Raises as ``load_role`` does.
    """
    role = load_role(name, town)
    if role.may is None and (path := shipped("roles") / f"{name}.md").is_file():
        role = _parse(name, path, path.stat().st_mtime_ns)
    return role.may or frozenset()


@lru_cache(maxsize=16)
def _parse(name: str, path: Path, mtime: int) -> RoleFile:
    """Daemons ask at every look; a file is read again only when it has changed."""
    front, text = _split(path)
    known = ("restart", "done", "provider", "fallback", "may")
    unknown = set(front) - set(known)
    if unknown:
        raise UsageError(f"{path}: unknown keys " + ", ".join(sorted(unknown)), hint=", ".join(known))
    provider = front.get("provider")
    return RoleFile(
        name=name,
        path=path,
        text=text,
        restart=_choice(Restart, front.get("restart", Restart.WHILE_WORK), path, "restart"),
        done=_choice(AfterDone, front.get("done", AfterDone.END), path, "done"),
        provider=None if provider is None else str(provider),
        fallback=_names(front.get("fallback", ()), path),
        may=_rights(front["may"], path) if "may" in front else None,
    )


def _names(value: object, path: Path) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"{path}: fallback must be one agent program or a list of them, not {value!r}")
    return tuple(names)


def _rights(value: object, path: Path) -> frozenset[Right]:
    try:
        return parse_rights(value)
    except ValueError as error:
        raise UsageError(f"{path}: may must be {error}, not {value!r}") from None


def _split(path: Path) -> tuple[Mapping[str, object], str]:
    """Front matter between two lines of ``---``, and the Markdown below it."""
    try:
        content = read_text(path)
        if not content.startswith("---\n"):
            return {}, content
        front, end, text = content[4:].partition("\n---\n")
        # YAML's library costs 12 ms, which whoever asks what an agent may would pay.
        document = (parse_plain(front) or parse_yaml(front)) if end else None
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: {words}") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path}: front matter must be keys and values between two lines of ---")
    return document, text.lstrip("\n")


def _choice(kind: type[_Choice], value: object, path: Path, key: str) -> _Choice:
    try:
        return kind(str(value))
    except ValueError:
        raise UsageError(f"{path}: {key} must be one of {', '.join(kind)}, not {value!r}") from None

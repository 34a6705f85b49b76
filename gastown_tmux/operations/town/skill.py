"""gt skill: the file that tells agent programs of gt, put where they look for such, and taken back.

What was put is written down before it is there, with its digest and the folders that were made for it: so nothing of a
person's is ever taken away, and nothing of ours is left.
"""

import contextlib
import hashlib
import json
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from gastown_tmux.dataclass import dataclass, values_of
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.files.atomic import make_folder, plain_errors, write_atomic
from gastown_tmux.edges.files.base_folders import base_folder
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.providers import registry
from gastown_tmux.reading import json_object, read_file

_NAME, _FILE = "gt", "SKILL.md"


class Fate(StrEnum):
    INSTALLED = "installed"
    UPDATED = "updated"
    ALREADY = "already installed"
    REMOVED = "removed"
    EDITED = "left"
    GONE = "gone already"


@dataclass(frozen=True, slots=True)
class SkillFile:
    provider: str
    path: str
    state: Fate


@dataclass(frozen=True, slots=True)
class _Put:
    """The digests of every text of ours that was put there, and the folders that were made for it, upper ones first."""

    provider: str
    digests: tuple[str, ...]
    folders: tuple[str, ...]


def show(town: Town) -> str:
    """The text as it would be installed."""
    return shipped.load_skill()


def install(town: Town, provider: str, project: Path | None = None) -> Answer:
    """Into the person's own folder of that program, or into ``project``. A file of ours that nobody has edited is
    brought up to date. Raises NotFoundError for a program that reads no skills, RefusedError where another file is.
    """
    folder = _folder(town, provider, project)
    path, text = folder / _NAME / _FILE, shipped.load_skill().encode()
    book_path = _book_path(town.environment)
    make_folder(book_path.parent)
    with Lock(book_path.parent):
        book = _read(book_path)
        known, now = book.get(str(path)), _look(path)
        if now is not None and (known is None or _digest(now) not in known.digests):
            if known is not None or now != text:
                why = "was edited since gt put it there" if known else "is not of gt"
                raise RefusedError(f"{path} {why}", hint=f"gt skill show > {shlex.quote(str(path))} writes over it")
            return Answer(SkillFile(provider, str(path), Fate.ALREADY), f"{path} says so already")
        made = [str(each) for each in reversed((path.parent, *path.parent.parents)) if not each.exists()]
        before = known or _Put(provider, (), ())
        book[str(path)] = _Put(
            provider,
            tuple(dict.fromkeys((*before.digests, _digest(text)))),
            tuple(dict.fromkeys((*before.folders, *made))),
        )
        fate = Fate.INSTALLED if now is None else Fate.ALREADY if now == text else Fate.UPDATED
        if fate is not Fate.ALREADY:
            _write(book_path, book)
            with plain_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text, 0o644)
    words = f"{path} is {fate}: new sessions of {provider} know gt"
    if fate is Fate.ALREADY:
        words = f"{path} is there already"
    elif project is not None:
        words += "; commit it, or have git ignore it"
    return Answer(SkillFile(provider, str(path), fate), words)


def remove(town: Town, provider: str | None = None) -> Answer:
    """All that was installed, or what was for one program. A file that was edited is left, and is its person's."""
    found, book_path = list[SkillFile](), _book_path(town.environment)
    if book_path.exists():
        with Lock(book_path.parent):
            book = _read(book_path)
            for path, put in list(book.items()):
                if provider in (None, put.provider):
                    found.append(SkillFile(put.provider, path, _take_back(Path(path), put)))
                    del book[path]
                    _write(book_path, book)
    lines = [
        f"{one.path}: {one.state}" + (", for it was edited since; it is yours now" if one.state is Fate.EDITED else "")
        for one in found
    ]
    return Answer(
        found, "\n".join(lines) or "no skill file of gt is installed" + (f" for {provider}" if provider else "")
    )


def list_installed(environment: Mapping[str, str]) -> list[str]:
    """The paths of all skill files that were put and not taken back."""
    return list(_read(_book_path(environment)))


def _folder(town: Town, name: str, project: Path | None) -> Path:
    places = registry.find(name, town.settings()).skills
    if places is None:
        raise NotFoundError(f"{name} has no folder for skills that gt knows", hint="gt skill show prints the text")
    if project is None:
        return Path(places.in_home(town.environment))
    if not project.is_dir():
        raise NotFoundError(f"there is no folder {project}", hint="--project names a project's own folder")
    return project.absolute() / places.project


def _take_back(path: Path, put: _Put) -> Fate:
    now = _look(path)
    if now is not None and _digest(now) not in put.digests:
        return Fate.EDITED
    with plain_errors(path):
        if now is not None:
            path.unlink()
        for folder in reversed(put.folders):
            try:
                Path(folder).rmdir()
            except OSError:  # something else is in it, or it is gone
                break
    return Fate.REMOVED if now is not None else Fate.GONE


def _look(path: Path) -> bytes | None:
    """What is there; a link or anything but a file is nobody's text of ours."""
    if not path.is_symlink() and not path.exists():
        return None
    try:
        return read_file(path, follow=False)
    except OSError:
        return b""


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _book_path(environment: Mapping[str, str]) -> Path:
    base = base_folder(environment, "XDG_STATE_HOME", ".local/state")
    return base / "gt" / "skills.json"


def _read(path: Path) -> dict[str, _Put]:
    try:
        entries = json_object(read_file(path))
    except OSError:
        return {}
    found = {}
    for file, entry in entries.items():
        match entry:
            case {"provider": str(provider), "digests": [*digests], "folders": [*folders]}:
                found[file] = _Put(provider, tuple(map(str, digests)), tuple(map(str, folders)))
    return found


def _write(path: Path, book: Mapping[str, _Put]) -> None:
    """An empty book goes, and its folder where nothing else is in it."""
    if book:
        data = {file: {**values_of(put)} for file, put in book.items()}
        write_atomic(path, json.dumps(data, indent=1).encode())
        return
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()

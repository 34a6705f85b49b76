"""Configuration files: read, compiled into one file that is cheap to read, and edited without losing comments."""

import contextlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import asdict, dataclass
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.layers import Settings, environment_layer, flatten, spread
from gastown_tmux.domain.settings import check_value
from gastown_tmux.edges.configuration.documents import parse_yaml
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.files.base_folders import base_folder
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.reading import json_object, read_file

#: What YAML takes some words for. Most values are words and numbers, and the library takes 10 ms to import.
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None}
PROJECT_NAMES = ("config.json", "config.yaml")


def user_path(environment: Mapping[str, str]) -> Path:
    return base_folder(environment, "XDG_CONFIG_HOME", ".config") / "gt" / "config.yaml"


def town_path(town: Path) -> Path:
    return town / "town.yaml"


def project_path(town: Path, rig: RigName) -> Path:
    """The one of the two names that exists, else the first."""
    folder = town / "rigs" / rig / "settings"
    return next((folder / name for name in PROJECT_NAMES if (folder / name).exists()), folder / PROJECT_NAMES[0])


class Configuration:
    """The files' layers of a town as last read; ``town`` None reads the user's own file only. Where it ``heeds`` the
    environment, the variables there are a layer too.
    """

    def __init__(self, town: Path | None, environment: Mapping[str, str], *, heeds: bool = True) -> None:
        self._town = town
        self._environment, self._heeds = environment, heeds
        #: What each file says, one that cannot be read what it said before; and what is wrong with those.
        self._files: dict[str, dict[str, object]] = {}
        self.broken: dict[str, GtError] = {}
        self._load()

    def settings(
        self, rig: RigName | None = None, flags: Mapping[str, object] | None = None, *, last: bool = False
    ) -> Settings:
        """Raises GtError that names the file, the key and the rule it breaks; of the files that are asked here only.

        With ``last``, what a file said before it was broken still holds, where that is known.
        """
        layers: list[tuple[str, Mapping[str, object]]] = [
            ("flag", flags or {}),
            ("environment", self._environment_layer),
        ]
        if self._town is not None:
            if rig is not None:
                layers.append(("project", self._layer(project_path(self._town, rig), last)))
            layers.append(("town", self._layer(town_path(self._town), last)))
        layers.append(("user", self._layer(user_path(self._environment), last)))
        return Settings(layers)

    @cached_property
    def _environment_layer(self) -> Mapping[str, object]:
        return environment_layer(self._environment, parse_value) if self._heeds else {}

    def _layer(self, path: Path, last: bool) -> Mapping[str, object]:
        if str(path) in self.broken and not (last and str(path) in self._files):
            raise self.broken[str(path)]
        return self._files.get(str(path), {})

    def _load(self) -> None:
        paths = [user_path(self._environment)]
        if self._town is not None:
            rigs = self._town / "rigs"
            folders = sorted(rigs.iterdir()) if rigs.is_dir() else []
            paths += [town_path(self._town), *(project_path(self._town, RigName(rig.name)) for rig in folders)]
        sources = {str(path): _stamp(path) for path in paths}
        compiled = None if self._town is None else self._town / ".gt" / "run" / "config.json"
        known = _read_compiled(compiled)
        self._files = {path: values for path, values in known.files.items() if path in sources}
        if known.sources == sources and not known.broken:
            return
        for path in paths:
            same = str(path) in self._files and known.sources.get(str(path)) == sources[str(path)]
            if same and str(path) not in known.broken:
                continue
            try:
                self._files[str(path)] = flatten(_read(path), str(path))
            except GtError as error:
                self.broken[str(path)] = error
        fresh = _Compiled(sources, self._files, sorted(self.broken))
        if compiled is not None and compiled.parent.is_dir() and fresh != known:
            with contextlib.suppress(GtError):  # it only saves the next one time
                write_atomic(compiled, json.dumps(asdict(fresh)).encode(), durable=False)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What was read when the files were as ``sources`` tells; of those that are ``broken`` since, the last that was
    understood."""

    sources: dict[str, list[int] | None]
    files: dict[str, dict[str, object]]
    broken: list[str]


def _read_compiled(path: Path | None) -> _Compiled:
    """Nothing where it cannot be believed: it lies among what may be lost."""
    try:
        found = _Compiled(**json_object(read_file(path)) if path is not None else {})  # type: ignore[arg-type]
        if all(map(_is_layer, found.files.values())) and isinstance(found.broken, list):
            return found
    except (OSError, TypeError, AttributeError):
        pass
    return _Compiled({}, {}, [])


def _is_layer(values: object) -> bool:
    try:
        return isinstance(values, dict) and flatten(values, "compiled") == values
    except UsageError:
        return False


def _stamp(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ino]


def check_text(text: str, path: Path) -> None:
    """Raises GtError that names what would be wrong with it as the text of this file."""
    flatten(_parse(text, path), str(path))


def _read(path: Path) -> object:
    try:
        text = read_text(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GtError(f"{path} cannot be read: {error.strerror}", hint="mend or remove that file") from None
    except ValueError as error:
        raise GtError(f"{path} is {error}", hint="mend or remove that file") from None
    return _parse(text, path)


def _parse(text: str, path: Path) -> object:
    if path.suffix == ".json":
        try:
            return json.loads(text) if text.strip() else None
        except (ValueError, RecursionError) as error:
            raise GtError(f"{path} is not JSON: {error}", hint="mend or remove that file") from None
    return _yaml(text, path)


def _yaml(text: str, path: Path | str) -> object:
    try:
        return parse_yaml(text)
    except ValueError as error:
        raise GtError(f"{path} is not YAML: {error}", hint="mend or remove that file") from None


def parse_value(text: str) -> object:
    """A value given on the command line or in the environment: YAML, and where that fails, the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text.isalnum() and not text[0].isdigit() and text.lower() not in _WORDS:
        return text
    if text.isascii() and text.isdigit() and not text.startswith("0"):
        return int(text)
    try:
        return _yaml(text, "the value")
    except GtError as error:
        raise UsageError(error.message, hint="quote it, as YAML wants it") from None


def set_value(path: Path, name: str, value: object) -> bool:
    """Writes one key, leaving every other line of the file alone, right or wrong. Whether anything changed."""
    check_value(name, value, "the value")
    path.parent.mkdir(parents=True, exist_ok=True)
    with Lock(path.parent):
        known = spread(_read(path), str(path))
        if name in known and known[name] == value:
            return False
        _edit(path, name, value, present=True)
        return True


def unset_value(path: Path, name: str) -> bool:
    """Whether the key was there; it may be one that nobody knows."""
    if not path.parent.is_dir():
        return False
    with Lock(path.parent):
        if name not in spread(_read(path), str(path)):
            return False
        _edit(path, name, None, present=False)
        return True


def _edit(path: Path, name: str, value: object, *, present: bool) -> None:
    if path.suffix == ".json":
        document = _read(path)
        tree = document if isinstance(document, dict) else {}
        _remove(tree, name)
        if present:
            tree[name] = value
        write_atomic(path.resolve(), (json.dumps(tree, indent=2, ensure_ascii=False) + "\n").encode())
        return
    text = read_text(path) if path.exists() else ""
    wanted = spread(_yaml(text, path), str(path))
    if present and (made := _replaced(text, name, value)) is not None:
        try:
            if spread(_yaml(made, path), str(path)) == wanted | {name: value}:
                write_atomic(path.resolve(), made.encode())
                return
        except GtError:
            pass  # what stands there is more than it seems: an anchor, a text in block form
    wanted.pop(name, None)
    text = _without_lines(text, name)
    # A line may have held other keys too: {a: 1, b: 2}.
    left = spread(_yaml(text, path), str(path))
    added = {key: other for key, other in wanted.items() if key not in left} | ({name: value} if present else {})
    if added and text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{key}: {json.dumps(other, ensure_ascii=False)}\n" for key, other in added.items())
    if spread(_yaml(text, path), str(path)) != wanted | added:
        raise RefusedError(f"{path} is laid out in a way gt does not edit", hint=f"edit {name} in {path} by hand")
    # Many keep their settings elsewhere, behind a link.
    write_atomic(path.resolve(), text.encode())


def _remove(tree: dict[str, Any], name: str) -> None:
    tree.pop(name, None)
    head, _, rest = name.partition(".")
    while rest:
        if isinstance(tree.get(head), dict):
            _remove(tree[head], rest)
            if not tree[head]:
                del tree[head]
        step, _, rest = rest.partition(".")
        head = f"{head}.{step}"


def _replaced(text: str, name: str, value: object) -> str | None:
    """The text with another value in the place of the one that a key has, every other character as it was, comments
    beside it among them; None where the key does not stand there exactly once.
    """
    import yaml

    root = yaml.compose(text)
    nodes = _values(root, name) if isinstance(root, yaml.MappingNode) else []
    if len(nodes) != 1 or getattr(nodes[0], "style", None) in ("|", ">"):
        return None
    start, end = nodes[0].start_mark.index, _end(nodes[0])
    return text[:start] + json.dumps(value, ensure_ascii=False) + text[end:]


def _values(node: Any, name: str) -> list[Any]:
    """The nodes that are the value of a key, dotted or nested."""
    import yaml

    found = []
    for key, value in node.value:
        if key.value == name:
            found.append(value)
        elif name.startswith(f"{key.value}.") and isinstance(value, yaml.MappingNode):
            found += _values(value, name.removeprefix(f"{key.value}."))
    return found


def _end(node: Any) -> int:
    """Where it ends: of one in block form with its last word, for what follows that belongs to the next."""
    import yaml

    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _without_lines(text: str, name: str) -> str:
    """The text without the lines of one key, whether it stands dotted or nested."""
    import yaml

    root = yaml.compose(text)
    spans = _spans(root, name) if isinstance(root, yaml.MappingNode) else []
    lines = text.splitlines(keepends=True)
    for first, last in sorted(spans, reverse=True):
        del lines[first:last]
    return "".join(lines)


def _spans(node: Any, name: str) -> list[tuple[int, int]]:
    import yaml

    spans = []
    for key, value in node.value:
        last = value.end_mark.line + (1 if value.end_mark.column else 0)
        if key.value == name:
            spans.append((key.start_mark.line, max(last, key.start_mark.line + 1)))
        elif name.startswith(f"{key.value}.") and isinstance(value, yaml.MappingNode):
            inner = _spans(value, name.removeprefix(f"{key.value}."))
            if inner and len(value.value) == 1:
                inner = [(key.start_mark.line, max(last, key.start_mark.line + 1))]
            spans += inner
    return spans


def format_value(value: object) -> str:
    """A value as a person would type it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

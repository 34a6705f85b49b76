"""Files of orders: where they are looked for, and each as an order. Never in a worktree, which an agent writes."""

import os
from collections.abc import Iterator
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.orders import parsing
from gastown_tmux.domain.orders.model import Order, order_id
from gastown_tmux.edges.configuration.documents import UnreadableError, parse_texts
from gastown_tmux.edges.files.text import read_text

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, on which line of the file, and the way out."""

    line: int
    text: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class OrderFile:
    """``order`` is None where there are ``faults``."""

    name: str
    home: RigName | None
    path: Path
    order: Order | None
    faults: tuple[Fault, ...] = ()

    @property
    def id(self) -> str:
        return order_id(self.name, self.home)

    @property
    def problem(self) -> str | None:
        """The first thing that is wrong, with file and line."""
        return next((f"{self.path}:{fault.line}: {fault.text}" for fault in self.faults), None)


class OrderFolder:
    """All orders of a town; a file is read again when it has changed."""

    def __init__(self, town: Path) -> None:
        self._town = town
        self._known: dict[Path, tuple[tuple[int, ...], OrderFile]] = {}

    def list(self) -> list[OrderFile]:
        """By id; the town's own and those of each rig's folder."""
        found = dict[str, OrderFile]()
        known, self._known = self._known, {}
        for home, path in self._paths():
            stamp = _stamp(path)
            before = known.get(path)
            file = before[1] if before and before[0] == stamp else _read(path, home, self._town)
            if file.id in found:
                other = found[file.id].path.name
                file = OrderFile(file.name, home, path, None, (Fault(1, f"{other} is of the same name", "remove one"),))
            self._known[path] = (stamp, file)
            found[file.id] = file
        return sorted(found.values(), key=lambda file: file.id)

    def _paths(self) -> Iterator[tuple[RigName | None, Path]]:
        yield from ((None, path) for path in _files(self._town / "orders"))
        for rig in _entries(self._town / "rigs"):
            yield from ((RigName(rig), path) for path in _files(self._town / "rigs" / rig / "orders"))


def _files(folder: Path) -> list[Path]:
    return [folder / name for name in _entries(folder) if name.endswith(ENDINGS) and not name.startswith(".")]


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - asked for again and again
    except OSError:
        return []


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _read(path: Path, home: RigName | None, town: Path) -> OrderFile:
    name = path.name.rpartition(".")[0]

    def broken(line: int, text: str, hint: str | None) -> OrderFile:
        return OrderFile(name, home, path, None, (Fault(line, text, hint),))

    # What leads round in a circle has no other place than its own.
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(town / ".gt")):
        return broken(1, "it leads into what agents write", "an order stands among the town's files or a rig's")
    try:
        document, lines = parse_texts(read_text(path))
    except OSError as error:
        return broken(1, error.strerror or str(error), "mend or remove that file")
    except UnreadableError as error:
        return broken(error.line, f"it is not YAML: {error}", "mend or remove that file")
    except ValueError as error:
        return broken(1, str(error), "mend or remove that file")
    order, faults = parsing.parse_order(name, home, document)
    found = tuple(Fault(lines.get(fault.path, 1), fault.text, fault.hint) for fault in faults)
    return OrderFile(name, home, path, order, tuple(sorted(found, key=lambda fault: fault.line)))

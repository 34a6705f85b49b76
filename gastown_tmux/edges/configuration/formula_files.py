"""Files of formulas: where they are looked for, and each as a formula. Never in a worktree, which an agent writes."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.formulas.composition import Library
from gastown_tmux.domain.formulas.examination import make_whole
from gastown_tmux.domain.formulas.key_lines import find_line
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Finding, Formula, FormulaType, Place
from gastown_tmux.domain.formulas.parsing import parse_formula
from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.configuration.settings_files import user_path
from gastown_tmux.edges.configuration.shipped import shipped
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.errors import NotFoundError

ENDING = ".formula.toml"
_AT = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FormulaFile:
    """``origin`` is rig, town, user or shipped."""

    name: str
    origin: str
    path: Path


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding with the line of its file."""

    name: str
    path: Path
    line: int
    text: str
    hint: str | None
    error: bool

    @property
    def message(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Sheet:
    file: FormulaFile
    text: str
    formula: Formula
    findings: tuple[Finding, ...]


def folders(town: Path, rig: RigName | None, environment: Mapping[str, str]) -> dict[str, Path]:
    """Where formulas are, by origin, the nearest first."""
    found = {"rig": town / "rigs" / rig / "formulas"} if rig else {}
    user = user_path(environment).parent / "formulas"
    return found | {"town": town / "formulas", "user": user, "shipped": shipped("formulas")}


def list_files(places: Mapping[str, Path]) -> list[FormulaFile]:
    """Every file, by name, the nearest of a name first."""
    found = [
        FormulaFile(path.name.removesuffix(ENDING), origin, path)
        for origin, folder in places.items()
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.endswith(ENDING) and path.name != ENDING
    ]
    order = list(places)
    return sorted(found, key=lambda file: (file.name, order.index(file.origin)))


class Shelf:
    """The formulas that one who asks can reach. Each file is read once."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self.files = list_files(places)
        self._nearest = {file.name: file for file in reversed(self.files)}
        self._sheets: dict[Path, _Sheet] = {}
        self._library = Library(self._find, lambda: self._nearest)

    def names(self) -> list[str]:
        return sorted(self._nearest)

    def file(self, name: str) -> FormulaFile:
        """The nearest of that name. Raises NotFoundError that names one like it."""
        if name not in self._nearest:
            raise NotFoundError(f"no formula {name!r}", hint=nearest(name, self.names()) or "gt formula new NAME")
        return self._nearest[name]

    def load(self, file: FormulaFile) -> tuple[Formula, list[Fault]]:
        """The formula as a whole, and all that is wrong with its file, or with one that it is made of."""
        sheet = self._sheet(file)
        whole, later = make_whole(sheet.formula, self._library)
        broken = any(finding.error for finding in sheet.findings)
        findings = [*sheet.findings, *self._of_others(whole, sheet.formula, broken)]
        # What is wrong with keys makes other things look wrong.
        findings += [finding for finding in later if not (broken and finding.error)]
        return whole, [self._locate(finding, file) for finding in findings]

    def text(self, file: FormulaFile) -> str:
        return self._sheet(file).text

    def _of_others(self, whole: Formula, own: Formula, broken: bool) -> Iterator[Finding]:
        """What is wrong with the files of those it extends or takes in."""
        names = [*own.extends, *(expand.by for expand in own.expand), *own.aspects]
        seen = {own.name}
        while names and not broken:
            name = names.pop(0)
            if name in seen or name not in self._nearest:
                continue
            seen.add(name)
            sheet = self._sheet(self._nearest[name])
            yield from (finding for finding in sheet.findings if finding.error)
            names += sheet.formula.extends

    def _find(self, name: str) -> Formula | None:
        return self._sheet(self._nearest[name]).formula if name in self._nearest else None

    def _sheet(self, file: FormulaFile) -> _Sheet:
        if file.path not in self._sheets:
            self._sheets[file.path] = _read(file)
        return self._sheets[file.path]

    def _locate(self, finding: Finding, asked: FormulaFile) -> Fault:
        place = finding.place
        file = asked if place.formula == asked.name else self._nearest[place.formula]
        text = finding.text
        if finding.other is not None:
            there = asked if finding.other.formula == asked.name else self._nearest[finding.other.formula]
            line = find_line(self.text(there), finding.other.path)
            text += f", the other on line {line}" + (f" of {there.path}" if there != file else "")
        match place.path:
            case ("line", int(line)):
                pass
            case path:
                line = find_line(self.text(file), path, finding.words)
        return Fault(file.name, file.path, line, text, finding.hint, finding.error)


def _read(file: FormulaFile) -> _Sheet:
    text = ""
    try:
        text = read_text(file.path)
        formula, findings = parse_formula(file.name, tomllib.loads(text))
        return _Sheet(file, text, formula, tuple(findings))
    except OSError as error:
        wrong, line = error.strerror or str(error), 1
    except RecursionError:
        wrong, line = "it is nested too deep", 1
    except ValueError as error:
        match = _AT.fullmatch(str(error))
        wrong = match[1] if match else str(error)
        line = int(match[2]) if match and match[2] else max(text.rstrip().count("\n") + 1, 1)
    finding = Finding(Place(file.name, ("line", line)), wrong[:1].lower() + wrong[1:], "a formula is TOML: toml.io")
    return _Sheet(file, text, Formula(file.name, FormulaType.WORKFLOW), (finding,))

"""What a formula says, as frozen values: four types of one thing, and what is found to be wrong with it."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass

#: The way from a document's top to a key, as ``("steps", 3, "title")``.
Path = tuple[str | int, ...]


class FormulaType(StrEnum):
    """Only workflows and convoys run; expansions and aspects become part of workflows."""

    WORKFLOW = "workflow"
    CONVOY = "convoy"
    EXPANSION = "expansion"
    ASPECT = "aspect"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: in which formula, and at which key."""

    formula: str
    path: Path = ()

    def at(self, *path: str | int) -> "Place":
        return Place(self.formula, self.path + path)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, or where it is no ``error``, something known that has no effect here.

    ``words`` stand in the value at ``place``, on the line that is meant. Of ``other`` the line is told too.
    """

    place: Place
    text: str
    hint: str | None = None
    error: bool = True
    words: str = ""
    other: Place | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """What holds a step back. ``condition`` is how long, a command, a run, a pull request, a subject, a question."""

    type: str
    condition: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step, a leg, a template, an aspect, or what an advice puts beside a step.

    ``acceptance`` is prose, and ``check`` the command that is run. ``timeout`` is in seconds. ``children`` are ids of
    what its description has taken in.
    """

    id: str
    title: str
    place: Place
    description: str = ""
    needs: tuple[str, ...] = ()
    acceptance: str = ""
    focus: str = ""
    gate: Gate | None = None
    check: str = ""
    retries: int = 0
    timeout: float | None = None
    agent: str | None = None
    foreach: str | None = None
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """``default`` None: there is none. ``required_unless``: required where none of these is given."""

    name: str
    place: Place
    description: str = ""
    default: str | None = None
    required: bool = False
    number: bool = False
    required_unless: tuple[str, ...] = ()

    @property
    def must_be_given(self) -> bool:
        """A default counts, whatever else is said."""
        return self.required and self.default is None


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of a convoy's legs."""

    name: str
    place: Place
    description: str
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """Where a convoy's legs write. The first two are templates."""

    directory: str
    leg_pattern: str
    synthesis: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What stands around each step whose id ``target`` fits."""

    target: str
    place: Place
    before: tuple[Step, ...]
    after: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Expand:
    """The step ``target`` becomes the templates of the expansion ``by``."""

    target: str
    by: str
    place: Place


@dataclass(frozen=True, slots=True)
class Formula:
    """``steps`` are a workflow's steps, a convoy's legs, an expansion's templates, or an aspect's aspects."""

    name: str
    type: FormulaType
    version: int = 1
    description: str = ""
    extends: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    steps: tuple[Step, ...] = ()
    synthesis: Step | None = None
    prompt: str = ""
    output: Output | None = None
    presets: tuple[Preset, ...] = ()
    advice: tuple[Advice, ...] = ()
    pointcuts: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    aspects: tuple[str, ...] = ()
    agent: str | None = None
    review_only: bool = False
    spread: bool = False

    @property
    def place(self) -> Place:
        return Place(self.name)

    @property
    def whole_steps(self) -> tuple[Step, ...]:
        """The synthesis too, which comes last."""
        return (*self.steps, self.synthesis) if self.synthesis else self.steps

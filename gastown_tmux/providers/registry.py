"""Names of agent programs, the user's own included, made into providers."""

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import cast

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.layers import Settings
from gastown_tmux.errors import MissingError, NotFoundError, UsageError
from gastown_tmux.providers.base import PromptPassing, Provider
from gastown_tmux.providers.documents import parse, texts, words
from gastown_tmux.providers.plain import make_rules

#: What a town uses where nobody chose: the first of these that is installed.
DEFAULT_ORDER = ("claude", "codex", "gemini", "copilot", "opencode")
_PRESETS = Path(__file__).parent / "presets"
_PREFIX = "providers."

Which = Callable[[str], str | None]


def presets() -> tuple[str, ...]:
    """Names of the shipped ones, sorted."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.yaml")))


def preset_of(program: str) -> str | None:
    """The preset that describes this program, by the preset's own name or by that of its command."""
    if program in presets():
        return program
    return next((name for name in presets() if _program(_load(name)) == program), None)


def find(name: str, settings: Settings) -> Provider:
    """The provider ``name``: the user's own over what it is ``from``, or a preset.

    Raises NotFoundError that names the nearest one, UsageError where ``from`` goes in a circle.
    """
    return _find(name, settings, ())


def list_all(settings: Settings) -> list[Provider]:
    """Presets and the user's own, by name. Raises what ``find`` raises."""
    return [find(name, settings) for name in sorted({*presets(), *_user_names(settings)})]


def default(settings: Settings, which: Which) -> str:
    """The name of the provider for new agents. Raises MissingError where none is chosen and none installed."""
    chosen = settings.get("provider.default")
    if chosen is not None:
        return find(str(chosen), settings).name
    for name in DEFAULT_ORDER:
        if which(_program(find(name, settings))) is not None:
            return name
    raise MissingError(
        "no agent program was found on PATH: " + ", ".join(DEFAULT_ORDER),
        hint="install one, or use the built-in one: gt config default-agent runbook",
    )


def require_program(provider: Provider, which: Which) -> None:
    """Raises MissingError that names the program, with the command that installs it where it is known."""
    program = _program(provider)
    if program.startswith("{"):
        return
    if not program:
        raise UsageError(
            f"provider {provider.name} has no command", hint=f"gt config agent set {provider.name} COMMAND"
        )
    if which(program) is None:
        raise MissingError(f"provider {provider.name}: no program {program!r} on PATH", hint=provider.install)


def user_providers(settings: Settings) -> dict[str, object]:
    """The user's own descriptions, by name, as they stand in the configuration."""
    return {name: settings.get(_PREFIX + name) for name in sorted(_user_names(settings))}


def _program(provider: Provider) -> str:
    return provider.command[0] if provider.command else ""


def _user_names(settings: Settings) -> set[str]:
    keys = {key for _, values in settings.layers for key in values}
    return {key.removeprefix(_PREFIX) for key in keys if key.startswith(_PREFIX)}


def _find(name: str, settings: Settings, below: tuple[str, ...]) -> Provider:
    if name in below:
        raise UsageError("providers in a circle: " + " from ".join((*below, name)))
    known = _user_names(settings)
    if name not in known:
        return _preset(name, known)
    overlay = cast(Mapping[str, object], settings.get(_PREFIX + name))
    parent = str(overlay.get("from", name))  # without one it stands over the preset of its own name
    if parent == name:
        base = _preset(name if name in presets() else "command", known)
    else:
        try:
            base = _find(parent, settings, (*below, name))
        except NotFoundError as error:
            raise NotFoundError(f"{_PREFIX}{name} is from {parent!r}: {error.message}", error.hint) from None
    return _overlay(name, base, overlay)


def _overlay(name: str, base: Provider, overlay: Mapping[str, object]) -> Provider:
    command = overlay.get("command")
    prompt, busy = overlay.get("prompt"), overlay.get("busy")
    screen = make_rules(str(prompt), None if busy is None else str(busy)) if prompt is not None else base.screen
    quiet = overlay.get("typing") == "quiet" and not screen.states
    first = base.prompt
    if first is PromptPassing.NONE and (quiet or prompt is not None):
        first = PromptPassing.TYPED
    return replace(
        base,
        name=name,
        parent=base.name if base.name != name else base.parent,
        command=base.command if command is None else words(command),
        args=words(overlay["args"]) if "args" in overlay else base.args,
        environment={**base.environment, **texts(overlay.get("env"))},
        screen=screen,
        typing=replace(base.typing, quiet=True) if quiet else base.typing,
        prompt=first,
    )


def _preset(name: str, known: set[str]) -> Provider:
    if name not in presets():
        near = difflib.get_close_matches(name, (*presets(), *known), n=1)
        raise NotFoundError(
            f"no agent program is called {name!r}",
            hint=f"did you mean {near[0]}?" if near else "gt config agent list shows them all",
        )
    return _load(name)


@cache
def _load(name: str) -> Provider:
    import yaml  # 20 ms; verbs that start no agent never come here

    document = yaml.load((_PRESETS / f"{name}.yaml").read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return parse(name, document)

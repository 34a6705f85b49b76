"""gt config: values with the layer they came from, and the agent programs."""

import difflib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.budgets import Budget
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import parse_name
from gastown_tmux.domain.layers import Setting, Settings
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.setting_values import Gate
from gastown_tmux.domain.settings import KEYS, check_value, find_key
from gastown_tmux.edges.configuration import settings_files
from gastown_tmux.errors import GtError, MissingError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.inheriting import find_program
from gastown_tmux.operations.town.town import NOWHERE, Answer, Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.hooks import Mechanism

#: What the shell has itself, or may have from a file that it reads.
_SHELL_WORDS = frozenset(
    ("cd", "exec", "set", "export", "if", "for", "while", "until", "case", "test", "true", "false", "eval", "umask",
     "ulimit", "source", "trap", "command", "type", "exit", "echo", "printf", "time", "read", "unset", "wait")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerFile:
    layer: str
    path: str
    exists: bool


@dataclass(frozen=True, slots=True)
class ProviderView:
    """``found`` is the program's path, None where it is not on PATH. ``not_proved``: what may keep it from working, and
    would not be known for what it is.
    """

    name: str
    preset: str | None
    command: str
    args: list[str]
    env: dict[str, str]
    found: str | None
    verified: str
    not_proved: list[str]


def show(town: Town, key: str | None = None, rig: Rig | None = None) -> list[Setting]:
    settings = town.settings(rig.name if rig else None)
    if key is None:
        return settings.show()
    section = [setting.key for setting in settings.show() if setting.key.startswith(key + ".")]
    if key == "prices":
        shipped = {f"prices.{model}" for table in settings.prices() for model in table}
        section += sorted(shipped.difference(section))
    if section:
        return [settings.find(name) for name in section]
    if any(known.name.startswith(f"{key}.") for known in KEYS):
        return []  # a family of which nobody has set any
    find_key(key)
    return [settings.find(key)]


def get(town: Town, key: str, rig: Rig | None = None) -> Answer:
    """Raises NotFoundError where it has neither value nor default."""
    setting = town.settings(rig.name if rig else None).find(key)
    if setting.value is None:
        raise NotFoundError(f"{key} is not set", hint=f"gt config set {key} VALUE")
    return Answer(setting, settings_files.format_value(setting.value))


def find_layer(town: Town, user: bool, town_layer: bool, rig: Rig | None) -> tuple[str, Path]:
    if user + town_layer + (rig is not None) > 1:
        raise UsageError("--user, --town and --rig exclude one another", hint="choose one of them")
    if user:
        return "user", settings_files.user_path(town.environment)
    if rig is not None:
        return "project", settings_files.project_path(town.path, rig.name)
    if town.path == NOWHERE:
        raise NotFoundError("there is no town here", hint="--user is for you, in every town; gt install makes one")
    return "town", settings_files.town_path(town.path)


def _require_overseer(town: Town, key: str) -> None:
    """Of what counts in the overseer's files only. A key that nobody knows may be taken out by anybody."""
    if not town.is_person and any(known.name == key and known.in_files for known in KEYS):
        raise RefusedError(f"only a person sets {key}", hint="gt escalate TEXT")


def _find(town: Town, key: str, rig: Rig | None) -> Setting | None:
    """What holds now, of files just written; None where something else in them is wrong, as the next verb will say."""
    town.reload_settings()
    try:
        return town.settings(rig.name if rig else None).find(key)
    except GtError:
        return None


def _check_provider(town: Town, key: str, value: object) -> None:
    """Raises NotFoundError, UsageError where it is from one that is not there, or in a circle."""
    _, is_provider, name = key.partition("providers.")
    if is_provider:
        check_value(key, value, "the value")
        registry.find(name, Settings([("flag", {key: value}), *town.settings().layers]))


def _check_reference(town: Town, key: str, value: object) -> None:
    """Raises NotFoundError, UsageError where the value names something that is not there."""
    value = check_value(key, value, "the value")
    if key == "provider.default":
        registry.find(str(value), town.settings())
    elif key == "ssh.config" and not Path(str(value)).expanduser().is_file():
        raise NotFoundError(f"there is no file {value}", hint="the path of a file as ssh -F takes it")
    elif key == "ui.events" and isinstance(value, tuple):
        types = [str(type) for type in EventType]
        for type in value:
            if type not in types and not any(known.startswith(f"{type}.") for known in types):
                near = difflib.get_close_matches(type, types, n=1)
                raise UsageError(f"no event is of type {type!r}", hint=f"did you mean {near[0]}?" if near else None)


def _warn(town: Town, key: str, value: object) -> list[str]:
    """What a person will wonder about later; it may be meant all the same."""
    value = check_value(key, value, "the value")
    if key == "provider.default":
        try:
            registry.require_program(registry.find(str(value), town.settings()), lambda program: _which(town, program))
        except MissingError as error:
            return [error.message]
    if key == "merge.gates" and isinstance(value, tuple):
        return [f"gate {gate.name}: {missing}" for gate in value if (missing := _missing_program(town, gate))]
    if isinstance(value, Budget) and value.usd is not None and not any(town.settings().prices()):
        return ["no model has a price yet, so nothing counts: gt help prices.<model>"]
    return []


def _missing_program(town: Town, gate: Gate) -> str | None:
    """Only where the first word is plainly a program's name: what a shell makes of the rest, a shell knows."""
    word = gate.run.split()[0] if gate.run.split() else ""
    known = not word.isidentifier() or word in _SHELL_WORDS or _which(town, word) or "PATH" in gate.environment
    return None if known else f"no program {word} on PATH"


def set_key(
    town: Town, key: str, value: object, user: bool = False, town_layer: bool = False, rig: Rig | None = None
) -> Answer:
    _require_overseer(town, key)
    layer, path = find_layer(town, user, town_layer, rig)
    _check_provider(town, key, value)
    _check_reference(town, key, value)
    changed = settings_files.set_value(path, key, value)
    setting = _find(town, key, rig) or Setting(key, value, layer)
    text = f"{key} is {settings_files.format_value(value)} in {path}" + ("" if changed else " already")
    if setting.value != value and setting.layer != layer:
        text += f"; the {setting.layer} layer says {settings_files.format_value(setting.value)} and is stronger"
    return Answer(setting, "\n".join([text, *(f"note: {words}" for words in _warn(town, key, value))]))


def unset_key(town: Town, key: str, user: bool = False, town_layer: bool = False, rig: Rig | None = None) -> Answer:
    _require_overseer(town, key)
    _, path = find_layer(town, user, town_layer, rig)
    changed = settings_files.unset_value(path, key)
    if not changed:
        find_key(key)
    setting = _find(town, key, rig) or Setting(key, None, "default")
    return Answer(setting, f"{key} is out of {path}" if changed else f"{key} is not set in {path}")


def paths(town: Town, rig: Rig | None = None) -> list[LayerFile]:
    files = [("user", settings_files.user_path(town.environment))]
    if town.path != NOWHERE:
        files.insert(0, ("town", settings_files.town_path(town.path)))
    if rig is not None:
        files.insert(0, ("project", settings_files.project_path(town.path, rig.name)))
    return [LayerFile(layer, str(path), path.exists()) for layer, path in files]


def _which(town: Town, program: str) -> str | None:
    return find_program(town, program)


def list_providers(town: Town) -> list[ProviderView]:
    return [show_provider(town, provider.name) for provider in registry.list_all(town.settings())]


def show_provider(town: Town, name: str) -> ProviderView:
    provider = registry.find(name, town.settings())
    return ProviderView(
        name=provider.name,
        preset=provider.parent,
        command=" ".join(provider.command),
        args=list(provider.args),
        env=dict(provider.environment),
        found=_which(town, provider.command[0]) if provider.command else None,
        verified=f"{provider.verified.version} {provider.verified.date}" if provider.verified else "never",
        not_proved=list(provider.not_proved),
    )


def set_provider(
    town: Town,
    name: str,
    command: Sequence[str],
    prompt: str | None = None,
    busy: str | None = None,
    typing: str | None = None,
) -> Answer:
    """A user's own agent program: NAME is started as COMMAND, which may be one word for a shell to split.

    It is known to be what a preset describes where NAME or COMMAND is a preset's; else by the patterns ``prompt`` and
    ``busy``, which are kept until they are given anew. A program that is named by a path is that one, from wherever
    it is started.
    """
    parse_name(name, "agent program")
    words = list(command) if len(command) > 1 or _which(town, command[0]) else shlex.split(command[0])
    if not words:
        raise UsageError("no command", hint=f"gt config agent set {name} COMMAND")
    if "/" in words[0]:
        words[0] = str(Path(words[0]).expanduser().absolute())
    parent = registry.preset_of(name) or registry.preset_of(Path(words[0]).name) or "command"
    before = registry.user_providers(town.settings()).get(name)
    kept = before if isinstance(before, Mapping) else {}
    value: dict[str, object] = {"from": parent, "command": words[:1], "args": words[1:]}
    for key, given in (("prompt", prompt), ("busy", busy), ("typing", typing)):
        if (look := given or kept.get(key)) is not None:
            value[key] = look
    check_value(f"providers.{name}", value, "config agent set")
    changed = settings_files.set_value(settings_files.town_path(town.path), f"providers.{name}", value)
    town.reload_settings()
    text = f"{name} (from {parent}) runs {shlex.join(words)}" + ("" if changed else " already")
    return Answer(show_provider(town, name), "\n".join([text, *_say_how_known(town, name, words)]))


def _say_how_known(town: Town, name: str, words: Sequence[str]) -> list[str]:
    """What a program without a description cannot have done for it, and what to write."""
    provider = registry.find(name, town.settings())
    if provider.screen.states or provider.mechanism is Mechanism.OWN:
        return []
    command = shlex.join(words)
    if provider.typing.quiet:
        return [
            "words are typed to it while its screen stands still and its own program is in the foreground: that is a"
            " weaker promise than a pattern of its prompt"
        ]
    return [
        "its screen is not known, so nothing is ever typed to it: mail stays unread. Say what its prompt looks like:",
        f"  gt config agent set --prompt '^> ' --busy 'Thinking' {name} {command}",
        f"or have words typed while its screen stands still: gt config agent set --typing quiet {name} {command}",
        f"then see what they match: gt config agent check {name}",
    ]


def remove_provider(town: Town, name: str) -> Answer:
    changed = settings_files.unset_value(settings_files.town_path(town.path), f"providers.{name}")
    town.reload_settings()
    return Answer({"name": name}, f"{name} is removed" if changed else f"{name} is not of this town")


def default_provider(town: Town, name: str | None = None) -> Answer:
    """Raises MissingError where none is set and none of the known programs is there."""
    if name is not None:
        registry.find(name, town.settings())
        return Answer({"name": name}, set_key(town, "provider.default", name).text)
    found = registry.default(town.settings(), lambda program: _which(town, program))
    return Answer({"name": found}, found)

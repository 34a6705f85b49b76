"""What is known about one kind of agent program, and how a run of it is put together.

Nothing here starts, reads or writes anything: a provider is data, and a launch plan is a pure function of it.
"""

import fnmatch
import re
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.observation import Trouble
from gastown_tmux.providers.hooks import LaunchFile, Mechanism, guard_text, install, toml_string
from gastown_tmux.providers.questions import QuestionRule
from gastown_tmux.providers.screens import ScreenRules
from gastown_tmux.providers.skill_places import SkillPlaces
from gastown_tmux.providers.transcripts import Transcript

#: Variables (or patterns) of the starter's environment that every program gets, where they are set.
# fmt: off
COMMON_VARIABLES = (
    "PATH", "HOME", "LANG", "LANGUAGE", "LC_*", "COLORTERM", "SHELL", "USER", "LOGNAME", "TMPDIR", "TZ", "XDG_*",
    "SSH_AUTH_SOCK", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
    # How a person's git reaches their remotes, and where its settings are.
    "GIT_SSH*", "GIT_SSL_*", "GIT_PROXY_*", "GIT_LFS_*", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
)
# fmt: on

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class PromptPassing(StrEnum):
    """How the first words get in: on the command line, typed once it is ready, or not at all."""

    ARGUMENT = "argument"
    TYPED = "typed"
    NONE = "none"


class Instructions(StrEnum):
    """How the role's text gets in: by a flag, by a file of ours that it is pointed to, ahead of the first prompt."""

    FLAG = "flag"
    FILE = "file"
    PROMPT = "prompt"
    NONE = "none"


class WhenBusy(StrEnum):
    """What the program does with words submitted while it works."""

    QUEUES = "queues"
    STEERS = "steers"
    REFUSES = "refuses"


@dataclass(frozen=True, slots=True)
class Typing:
    """``settle``: seconds between pasting and looking. ``quiet``: into a screen that stands still. Keys are tmux key
    names, pressed one after another.
    """

    settle: float = 0.2
    quiet: bool = False
    when_busy: WhenBusy = WhenBusy.REFUSES
    interrupt: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exit:
    """A line to submit in the composer, or keys to press; nothing of either: end it by signal."""

    line: str | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """The version of the real program this description was last seen to be right for."""

    version: str
    date: str


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """``folder`` is the agent's own, outside the worktree; ``environment`` the starter's, of which little is taken."""

    address: Address
    role: Role
    role_text: str
    session: SessionId
    town: PurePosixPath
    worktree: PurePosixPath
    repository: PurePosixPath
    folder: PurePosixPath
    first_prompt: str | None
    resume: str | None
    gt: str
    python: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A program's run, complete but for TERM, TMUX and TMUX_PANE, which only the pane knows, and what belongs to the
    work (bead, branch, git author).

    ``typed_prompt`` is to be typed once the program is ready. ``provider_session`` is the program's own id of
    this conversation where it is known before the start; None: the program's first hook tells it.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    files: tuple[LaunchFile, ...]
    typed_prompt: str | None
    provider_session: str | None


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of agent program. Lists of words may hold the placeholders that ``_Placeholders`` fills in.

    The command line is: command, resume or session, unattended, arguments, args (the user's own), prompt.
    ``leaves``: patterns of what it puts into its working directory for itself. ``without``: what cannot keep it from
    working, as it is started here. ``skills`` None: it reads none that we know of.
    """

    name: str
    parent: str | None
    summary: str
    command: tuple[str, ...]
    verified: Verified | None = None
    install: str | None = None
    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    pass_environment: tuple[str, ...] = ()
    unattended: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    prompt: PromptPassing = PromptPassing.NONE
    prompt_on_resume: PromptPassing | None = None
    prompt_arguments: tuple[str, ...] = ()
    instructions: Instructions = Instructions.NONE
    files: Mapping[str, str] = field(default_factory=dict)
    leaves: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    mechanism: Mechanism = Mechanism.NONE
    events: Mapping[str, str] = field(default_factory=dict)
    typing: Typing = Typing()
    exit: Exit = Exit()
    screen: ScreenRules = field(default_factory=ScreenRules)
    questions: tuple[QuestionRule, ...] = ()
    transcript: Transcript = Transcript.NONE
    skills: SkillPlaces | None = None
    without: tuple[Trouble, ...] = ()

    @property
    def not_proved(self) -> tuple[Trouble, ...]:
        """What may keep it from working, and no screen of the real program that shows it was ever recorded."""
        if self.mechanism is Mechanism.OWN:
            return ()
        known = {*self.without, *(rule.cause for rule in self.screen.states)}
        return tuple(trouble for trouble in Trouble if trouble not in known)

    @property
    def has_hooks(self) -> bool:
        """Whether it tells us by itself when a turn begins and ends."""
        return self.mechanism not in (Mechanism.NOTIFY_ONLY, Mechanism.NONE)

    @property
    def can_resume(self) -> bool:
        return bool(self.resume)

    def launch(self, context: LaunchContext) -> LaunchPlan:
        """The run of this program for ``context``. A resume that the program cannot do is a fresh start."""
        resumes = context.resume is not None and self.can_resume
        prompt = self._first_prompt(context)
        words = _Placeholders(self, context, prompt or "")
        settings, guard = words.fill_in(self.settings), guard_file(context.town, context.gt)
        hooks = install(self.mechanism, self.events, settings, words.folder, context.worktree, guard.path)
        command = words.fill(self.command)
        command += words.fill(self.resume if resumes else self.session)
        command += words.fill(self.unattended) + hooks.arguments + words.fill(self.arguments) + self.args
        passing = self.prompt_on_resume if resumes and self.prompt_on_resume is not None else self.prompt
        if prompt is not None and passing is PromptPassing.ARGUMENT:
            command += words.fill(self.prompt_arguments)
        own = tuple(LaunchFile(words.folder / path, words.fill_text(text)) for path, text in self.files.items())
        return LaunchPlan(
            command=command,
            environment=self._environment(context, words),
            files=own if self.mechanism in (Mechanism.OWN, Mechanism.NONE) else (guard, *hooks.files, *own),
            typed_prompt=prompt if passing is PromptPassing.TYPED else None,
            provider_session=context.resume if resumes else words.session if self.session else None,
        )

    def _first_prompt(self, context: LaunchContext) -> str | None:
        if self.prompt is PromptPassing.NONE:
            return None
        if self.instructions is Instructions.PROMPT and context.resume is None:
            return "\n\n".join(text for text in (context.role_text, context.first_prompt) if text) or None
        return context.first_prompt

    def _environment(self, context: LaunchContext, words: "_Placeholders") -> dict[str, str]:
        patterns = (*COMMON_VARIABLES, *self.pass_environment)
        environment = {
            name: value
            for name, value in context.environment.items()
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        }
        environment |= {name: words.fill_text(value) for name, value in self.environment.items()}
        folder = str(PurePosixPath(context.gt).parent)
        path = [
            entry for entry in environment.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(":") if entry != folder
        ]
        environment |= {
            "PATH": ":".join([folder, *path]),
            "GT_TOWN": str(context.town),
            "GT_AGENT": context.address,
            "GT_ROLE": context.role.value,
            "GT_SESSION": context.session,
        }
        if context.address.rig is not None:
            environment["GT_RIG"] = context.address.rig
        return environment


def guard_path(town: PurePosixPath) -> PurePosixPath:
    """The script that programs' hooks run."""
    return town / ".gt" / "run" / "guard"


def guard_file(town: PurePosixPath, gt: str) -> LaunchFile:
    return LaunchFile(guard_path(town), guard_text(gt), 0o755)


class _Placeholders:
    """``{name}`` in a preset's words. ``_toml`` names are quoted for that language, ``guard`` for ``sh``."""

    def __init__(self, provider: Provider, context: LaunchContext, prompt: str) -> None:
        self.folder = context.folder / "provider"
        import uuid  # 5 ms, that only who starts a program pays

        self.session = str(uuid.uuid5(uuid.NAMESPACE_URL, f"gastown:{context.town}:{context.session}"))
        self._values = {
            "python": context.python,
            "gt": context.gt,
            "guard": shlex.quote(str(guard_path(context.town))),
            "files": str(self.folder),
            "worktree": str(context.worktree),
            "worktree_toml": toml_string(str(context.worktree)),
            "repository": str(context.repository),
            "repository_toml": toml_string(str(context.repository)),
            "role": context.role_text,
            "role_toml": toml_string(context.role_text),
            "session": self.session,
            "resume": context.resume or "",
            "prompt": prompt,
        }

    def fill_text(self, text: str) -> str:
        """Braces around anything but a known name stay as they are."""
        return _PLACEHOLDER.sub(lambda match: self._values.get(match[1], match[0]), text)

    def fill(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.fill_text(word) for word in words)

    def fill_in(self, document: Mapping[str, object]) -> dict[str, object]:
        """Every text inside a JSON-like document."""
        return {name: self._fill_value(value) for name, value in document.items()}

    def _fill_value(self, value: object) -> object:
        match value:
            case str():
                return self.fill_text(value)
            case list():
                return [self._fill_value(item) for item in value]
            case dict():
                return self.fill_in(value)
            case _:
                return value

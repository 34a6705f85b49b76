"""An opened town: who is asking, what is set, and the one way its rows are changed."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.ids import RigName, SessionId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.memory import Memory
from gastown_tmux.edges.files.wake import poke
from gastown_tmux.edges.processes.flags import TOWN, raised, rig_flag
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.town.places import Places
from gastown_tmux.operations.town.upgrading import settle
from gastown_tmux.store.db import BUSY_SECONDS, Change, Database
from gastown_tmux.store.meta import is_wanted
from gastown_tmux.store.rigs import find_rig, list_rigs
from gastown_tmux.store.rows import Reader
from gastown_tmux.town_path import is_town, nearest_town

if TYPE_CHECKING:
    from gastown_tmux.domain.layers import Settings
    from gastown_tmux.edges.configuration.settings_files import Configuration
    from gastown_tmux.edges.git.repository import Repository
    from gastown_tmux.edges.tmux.server import Server

#: Names of orders that stand outside the database because no row took them; the last two before an agent's folder.
DOWN, OFF, PAUSED = "=down", "=off.", "=pause."
#: The path of a town that is none, for verbs that need none.
NOWHERE = Path("/")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb that does something gives back: the thing, and one sentence that says what happened.

    ``after`` is called when it has been shown to its end.
    """

    value: Any
    text: str
    after: Callable[[], None] | None = None


@dataclass
class Town(Places):
    """``say`` takes one line of progress; ``ask`` gives a person's answer, or None; ``hear`` what is on the caller's
    standard input; ``edit`` what a person makes of a text, in a file with that ending, or None; ``environment`` is the
    caller's, ``session`` the one in which it asks.

    ``is_bound``: an agent asks, and no variable of its environment is a setting.
    ``goes_on``: settings that cannot be read now are those that were read last. For daemons, which nobody sees stop,
    and for agents, who cannot mend them.
    """

    actor: Address
    environment: Mapping[str, str]
    flags: Mapping[str, object] = field(default_factory=dict)
    say: Callable[[str], None] = lambda line: None
    ask: Callable[[str], str | None] = lambda question: None
    edit: Callable[[str, str], str | None] = lambda text, ending: None
    hear: Callable[[], bytes] = lambda: b""
    patience: float = BUSY_SECONDS
    is_bound: bool = False
    goes_on: bool = False
    session: SessionId | None = None

    @cached_property
    def db(self) -> Database:
        """Opened, and brought to what this gt knows. Raises NewerError where a newer one runs the town."""
        database = Database(self.db_path, self.patience)
        try:
            settle(database, self.actor, clock.now())
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Closes the database; the next use opens it again."""
        if "db" in self.__dict__:
            self.__dict__.pop("db").close()

    @cached_property
    def memory(self) -> Memory:
        """What must be said although the disk takes nothing."""
        return Memory(self.path)

    def is_wanted(self, reader: Reader | None = None) -> bool:
        """Whether the town should be up, by its rows and by what could not be written there yet."""
        return DOWN not in self.memory.names() and is_wanted(reader or self.db)

    def is_frozen(self, address: Address) -> bool:
        """Whether the agent is to stand still: by an emergency stop of town or rig, or paused."""
        up = raised(self.flags_folder, self.memory)
        if OFF + address.folder in self.memory.names():
            return True
        return bool(up) and not up.isdisjoint((TOWN, rig_flag(address.rig or ""), address.folder))

    def stands_still(self, rig: str) -> bool:
        """Whether an emergency stop holds the rig, or all of the town."""
        return not raised(self.flags_folder, self.memory).isdisjoint((TOWN, rig_flag(rig)))

    def repository(self, rig: RigName) -> "Repository":
        from gastown_tmux.edges.git.project import Project  # with what it needs 15 ms, and few verbs ask git
        from gastown_tmux.edges.git.repository import Repository

        project = Project(self.path / ".gt" / "projects" / rig)
        return Repository(self.rig_folder(rig) / "repo.git", self.run / f"repo.{rig}.lock", project)

    @cached_property
    def tmux(self) -> "Server":
        from gastown_tmux.edges.tmux import server  # 2 ms, for who asks tmux

        return server.Server(server.socket_path(self.run), self.run / "tmux.conf", self.tmux_memory, self._tmux_unit())

    def _tmux_unit(self) -> str | None:
        try:
            return f"{self.service_mark.read_text().strip()}-tmux.service"
        except FileNotFoundError:
            return None

    @cached_property
    def _configuration(self) -> "Configuration":
        # 4 ms, and many verbs ask for no setting.
        from gastown_tmux.edges.configuration.settings_files import Configuration

        # An agent may write into its own environment what its role may not set.
        return Configuration(None if self.path == NOWHERE else self.path, self.environment, heeds=not self.is_bound)

    def settings(self, rig: RigName | None = None) -> "Settings":
        return self._configuration.settings(rig, self.flags, last=self.goes_on)

    @property
    def broken_settings(self) -> Mapping[str, GtError]:
        """The files that could not be read, each with what is wrong with it."""
        return self._configuration.broken

    def log_size(self, rig: RigName | None = None) -> int:
        """How long a log may get, also while the settings cannot be read."""
        try:
            return self.settings(rig).size("logs.size")
        except GtError:
            from gastown_tmux.domain.layers import Settings

            return Settings([]).size("logs.size")

    def reload_settings(self) -> None:
        """For those who live long: files may have changed."""
        self.__dict__.pop("_configuration", None)

    @property
    def is_person(self) -> bool:
        """Whether a person asks, not an agent or a daemon."""
        return self.actor == OVERSEER

    @property
    def may_decide(self) -> bool:
        """Whether a person asks, or the mayor, who speaks for one."""
        return self.actor in (OVERSEER, MAYOR)

    @contextlib.contextmanager
    def change(self) -> Iterator[Change]:
        """An immediate transaction in the actor's name; the deacon hears of its commit."""
        with self.db.change(self.actor, clock.now()) as change:
            yield change
        poke(self.wake_fifo)

    def rig(self, name: str) -> Rig:
        rig = find_rig(self.db, name)
        if rig is None:
            import difflib  # where nothing is found

            near = difflib.get_close_matches(name, [known.name for known in list_rigs(self.db)], n=1)
            raise NotFoundError(f"no rig {name!r}", hint=f"did you mean {near[0]}?" if near else "gt rig list")
        return rig

    def acting_as(self, actor: Address) -> "Town":
        """The same town, asked by another: a daemon writes in its own name."""
        return Town(
            self.path, actor, self.environment, self.flags, self.say, goes_on=self.goes_on, is_bound=self.is_bound
        )

    def with_own_connection(self) -> "Town":
        """The same town for another thread: it goes on, and has nobody to ask and nothing to print on."""
        return Town(
            self.path,
            self.actor,
            self.environment,
            self.flags,
            goes_on=True,
            is_bound=self.is_bound,
            session=self.session,
        )


def find_town(named: str | None, environment: Mapping[str, str], here: Path) -> Path:
    """``named``, else ``$GT_TOWN``, else the nearest parent of ``here``, else ``~/gt``. Raises NotFoundError."""
    for given in (named, environment.get("GT_TOWN")):
        if given:
            path = Path(given).expanduser().absolute()
            if is_town(path):
                return path
            import shlex  # where nothing is found

            raise NotFoundError(f"{path} is not a town", hint=f"gt install {shlex.quote(str(path))}")
    found = nearest_town(str(here), environment)
    if found is None:
        raise NotFoundError("there is no town here", hint="gt install")
    return Path(found)

"""Where the things of a town are, and how processes that work for it are marked."""

import contextlib
import os
import time
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import DEACON, Address
from gastown_tmux.domain.doors import AGENT, DOORS, SOCKET, SPOOL
from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.files.atomic import write_atomic


@dataclass
class Places:
    """Nothing here asks rows, settings or programs."""

    path: Path

    @property
    def db_path(self) -> Path:
        return self.path / ".gt" / "town.db"

    @property
    def run(self) -> Path:
        return self.path / ".gt" / "run"

    @property
    def logs(self) -> Path:
        return self.path / ".gt" / "logs"

    @property
    def mail(self) -> Path:
        return self.path / ".gt" / "mail"

    @property
    def trash(self) -> Path:
        return self.path / ".gt" / "trash"

    @property
    def archive(self) -> Path:
        """What nobody uses any more and nothing else holds: it is never deleted by us."""
        return self.path / ".gt" / "archive"

    @property
    def wake_fifo(self) -> Path:
        """What the deacon listens to."""
        return self.run / "wake"

    @property
    def death_fifo(self) -> Path:
        """What the witness listens to."""
        return self.run / "wake.witness"

    @property
    def doors(self) -> Path:
        """A folder a session, which speaks through it."""
        return self.path / DOORS

    @property
    def tmux_memory(self) -> Path:
        """Which process the tmux server is, for those who find no socket."""
        return self.path / ".gt" / "tmux.pid"

    @property
    def service_mark(self) -> Path:
        """The beginning of the names of this town's systemd units, where there are any."""
        return self.path / ".gt" / "service"

    @property
    def flags_folder(self) -> Path:
        """Orders to stand still; kept over a reboot."""
        return self.path / ".gt" / "stopped"

    def socket(self, session: str) -> Path:
        """Where the server of verbs listens for this session: its ``GT_SOCKET``."""
        return self.doors / session / SOCKET

    def quiet_mark(self, address: Address) -> Path:
        """There while an agent may not be disturbed: rows say so, and a hook that asks no row sees it here."""
        return self.path / ".gt" / "quiet" / address.folder

    def sling_lock(self, address: Address) -> Path:
        """Held by whoever has put work on the agent's hook and starts it now."""
        return self.run / f"sling.{address.folder}.lock"

    def hook(self, address: Address) -> Path:
        """An agent's persistent place: ``state.json`` and ``work/``."""
        return self.path / ".gt" / "hooks" / address.folder

    def worktree(self, address: Address) -> Path:
        return self.hook(address) / "work"

    def rig_folder(self, rig: RigName) -> Path:
        return self.path / "rigs" / rig

    def rig_folder_exists(self, rig: str) -> bool:
        """Whether there is such a rig, as far as files tell."""
        return "/" not in rig and (self.path / "rigs" / rig / "repo.git").is_dir()

    def mark(self, what: str) -> str:
        """The ``GT_SESSION`` of a process that works for the town and not for an agent."""
        return f"{what}@{self.path}"

    def gate_mark(self, rig: str) -> str:
        """What tells a rig's gates from all other processes."""
        return self.mark(f"gate.{rig}")

    def whose_mark(self, session: str) -> Address | None:
        """For whom a process works that bears one of these: a rig's refinery, the agent whose worktree is set up, or
        else the deacon.
        """
        kind, _, who = session.removesuffix(f"@{self.path}").partition(".")
        if session != self.mark(f"{kind}.{who}"):
            return None
        if kind == "gate" and self.rig_folder_exists(who):
            return Address(f"{who}/refinery")
        return Address.parse(who) if kind == "setup" else DEACON

    def prepare_run(self) -> None:
        """The disposable folders, which may have been wiped; a town that was moved away is not made again."""
        with contextlib.suppress(OSError):
            (self.path / ".gt").chmod(0o700)  # an older gt left it open to others
        for folder in (self.run, self.logs, *(self.run / name for name in ("launch", "sessions", "spool", "doors"))):
            self._make_folder(folder)

    def open_door(self, session: str, agent: Address) -> None:
        """Made whole or found; the file tells whose it is to those who ask no row."""
        door = self.doors / session
        for folder in (self.doors, door, door / SPOOL):
            self._make_folder(folder, may_link=folder == self.doors)
        write_atomic(door / AGENT, f"{agent}\n".encode(), durable=False)

    def _make_folder(self, folder: Path, may_link: bool = True) -> None:
        if os.path.lexists(folder) and not (folder.is_dir() and (may_link or not folder.is_symlink())):
            folder.rename(self.path / ".gt" / f"{folder.name}.{time.time_ns()}")  # somebody's, in its place
        folder.mkdir(mode=0o700, exist_ok=True)

"""A town with a real repository for operations that are called directly: nothing is started in it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.operations.workforce.workers import add_crew, add_polecat
from gastown_tmux.store.beads import insert_bead, sling_bead
from tests.journeys.town_world import make_repository
from tests.prepared import copy_prepared


@dataclass
class QuietTown:
    """``town`` with the rig ``demo``; ``said`` are its lines of progress."""

    town: Town
    project: Path
    said: list[str] = field(default_factory=list)

    @property
    def rig(self) -> Rig:
        return self.town.rig("demo")

    def crew(self, name: str = "ann") -> tuple[Address, Path]:
        """A crew member with a worktree, and where that is."""
        add_crew(self.town, name, self.rig)
        address = Address(f"demo/{name}")
        return address, self.town.worktree(address)

    def bead(self, title: str) -> BeadId:
        with self.town.change() as change:
            return insert_bead(
                change, self.rig.name, self.rig.prefix, title=title, body="", priority=2, labels=(), needs=()
            )

    def hook(self, bead: BeadId, name: str = "toast") -> tuple[Address, Path]:
        """Puts the bead on the hook of a polecat, whose worktree is then on its branch."""
        address = Address(f"demo/{name}")
        add_polecat(self.town, name, self.rig)
        with self.town.change() as change:
            sling_bead(change, bead, address)
        return address, prepare_hook(self.town, self.rig, address, find_base(self.town, self.rig))

    def hook_again(self, bead: BeadId, address: Address) -> Path:
        """A bead that came back, on the hook of its author."""
        with self.town.change() as change:
            sling_bead(change, bead, address)
        return prepare_hook(self.town, self.rig, address, find_base(self.town, self.rig))


def make_quiet_town(folder: Path) -> QuietTown:
    said: list[str] = []
    copy_prepared("quiet", _make, folder)
    town = Town(folder / "town", OVERSEER, dict(os.environ), say=said.append)
    return QuietTown(town, folder / "project", said)


def _make(folder: Path) -> None:
    project = make_repository(folder / "project")
    town = Town(folder / "town", OVERSEER, dict(os.environ))
    install(town, town.path)
    add_rig(town, "demo", str(project))
    town.close()

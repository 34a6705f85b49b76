"""A rig's merge queue as one value, which all that lands its work is handed."""

from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.operations.town.town import Town


@dataclass(frozen=True, slots=True)
class RigQueue:
    """``town`` acts in the refinery's name; ``rig`` is as its row was when the round began."""

    town: Town
    rig: Rig
    repository: Repository

    @classmethod
    def of(cls, town: Town, rig: Rig) -> "RigQueue":
        return cls(town, rig, town.repository(rig.name))

    @property
    def settings(self) -> Settings:
        return self.town.settings(self.rig.name)

    @property
    def is_local(self) -> bool:
        """Whether the target is in repo.git only."""
        return self.settings.get("merge.publish") == "local"

    @property
    def is_proposed(self) -> bool:
        """Whether work is proposed to people, who merge it on their forge."""
        return self.settings.get("merge.publish") == "request"

    @property
    def gate_mark(self) -> str:
        return self.town.gate_mark(self.rig.name)

    @property
    def log_size(self) -> int:
        return self.town.log_size(self.rig.name)

    def log_path(self, request: MergeRequest) -> Path:
        return self.town.logs / "merge" / f"{request.id}.log"

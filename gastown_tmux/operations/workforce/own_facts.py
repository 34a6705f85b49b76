"""What this town says of itself to another that gives it beads."""

from gastown_tmux.domain.hosts import PROTOCOL, Facts
from gastown_tmux.errors import GtError
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.town.inheriting import find_program
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.store.agents import list_busy
from gastown_tmux.store.meta import get_meta


def describe_self(town: Town, up: bool = False) -> Facts:
    """``up``: it is brought up first, where it is to have work."""
    if up:
        ensure_up(town)
    from importlib.metadata import version  # 40 ms

    settings = town.settings()
    found = list[str]()
    for provider in registry.list_all(settings):
        try:
            registry.require_program(provider, lambda program: find_program(town, program))
            found.append(provider.name)
        except GtError:
            continue
    return Facts(
        protocol=PROTOCOL,
        version=version("gastown-tmux"),
        key=get_meta(town.db, "id") or "",
        path=str(town.path),
        agents=len(list_busy(town.db)),
        places=settings.count("limits.agents"),
        providers=tuple(found),
    )

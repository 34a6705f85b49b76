"""A bead's pull request, as far as closing the bead is about it; the queue opens and follows it."""

from gastown_tmux.domain.proposals import Proposal
from gastown_tmux.domain.work import Bead
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.town.forge import forge_of
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.proposals import find_proposal


def get_pull_request(town: Town, bead: Bead) -> Proposal:
    """Raises RefusedError where it has none."""
    found = find_proposal(town.db, bead.id)
    if found is None:
        raise RefusedError(f"{bead.id} has no pull request", hint=f"gt bead close {bead.id}")
    return found


def close_pull_request(town: Town, bead: Bead) -> str:
    """Its address, once the forge has it closed, perhaps since before. Raises RefusedError where it is merged there."""
    known = get_pull_request(town, bead)
    forge, repository = forge_of(town, town.rig(bead.rig))
    path = f"{repository.path}/pulls/{known.number}"
    now = forge.ask(path)
    if not isinstance(now, dict) or now.get("merged"):
        raise RefusedError(f"{known.url} is merged there", hint=f"gt mq retry {bead.merge_request}")
    if now.get("state") != "closed":
        forge.ask(path, method="PATCH", body={"state": "closed"})
    return known.url

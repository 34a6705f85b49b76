"""gt daemon run NAME."""

from gastown_tmux.daemons import deacon, witness
from gastown_tmux.domain.ids import Address
from gastown_tmux.operations.town import Answer, Town


def run(town: Town, name: str) -> Answer:
    """Is the daemon until SIGTERM."""
    {"deacon": deacon, "witness": witness}[name].run(town.acting_as(Address(name)))
    return Answer({"name": name}, f"the {name} is down")

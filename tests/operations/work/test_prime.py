"""What a session is told of the one before it."""

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.mail import Priority
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.work.prime import Prime, prime
from gastown_tmux.store.agents import ask_to_end, end_session, insert_session
from gastown_tmux.store.deliveries import insert_delivery, move_delivery
from tests.operations.quiet_town import QuietTown


@pytest.mark.parametrize("asked", [False, True])
def test_mails_of_its_last_seconds_are_named_to_the_next_session(quiet: QuietTown, asked: bool) -> None:
    address, _ = quiet.hook(quiet.bead("work"))
    town = quiet.town.acting_as(address)
    with town.change() as change:
        last = insert_session(change, address, "claude", (1, "then"))
        for mail in ("longagoaaaaa", "justnowaaaaa", "waitingaaaaa"):
            insert_delivery(change, mail, address, OVERSEER, Priority.NORMAL)
            if mail != "waitingaaaaa":
                move_delivery(change, mail, address, "accept", session=last)
        change.execute("UPDATE deliveries SET time = ? WHERE mail = 'longagoaaaaa'", clock.after(-60))
        if asked:
            ask_to_end(change, last, "stopped by overseer")
        end_session(change, last, status=None, signal=9, reason="died")
        insert_session(change, address, "claude", (1, "then"))
    primed = prime(town)
    town.close()
    assert isinstance(primed, Prime)
    assert primed.again == (() if asked else ("justnowaaaaa",))
    assert ("gt mail read justnowaaaaa" in primed.text()) is not asked

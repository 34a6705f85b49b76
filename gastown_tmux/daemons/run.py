"""gt daemon run NAME."""

import os
import threading
from types import ModuleType

from gastown_tmux.daemons.background import log
from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.processes import processes
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.sessions import daemon_deaths, daemons, doors, service
from gastown_tmux.operations.sessions.daemon_control import REFINERY
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.db import NewerError
from gastown_tmux.town_path import is_town

_STANDBY_SECONDS = 2.0


def run(town: Town, name: str, standby: bool = False, take_over: bool = False) -> Answer:
    """Is the daemon until SIGTERM, or a refinery until nothing is due. With ``standby`` deacon or witness first waits
    until the town is wanted up and has none, with ``take_over`` it ends the one of an older gt.
    """
    if name == REFINERY:
        from gastown_tmux.operations.merging.landing import run_refinery  # each imports what it is itself

        return run_refinery(town)
    daemon = _import(name)
    own = town.acting_as(Address(name))
    own.goes_on = True
    if take_over and own.is_wanted():
        # All is imported by now, and the rows are as we know them: there is next to no time without one.
        daemons.take_over(own, name)
        doors.renew_guard(own)
        try:
            service.renew(own)
        except (GtError, OSError) as error:
            log.warning("the systemd units are of an older gt: %s", error)
    while standby and is_town(town.path):
        _await_turn(own, name)
        try:
            _be(own, name, daemon)
            break
        except RefusedError as error:
            log.info("%s", error.message)
    if not standby:
        _be(own, name, daemon)
    return Answer({"name": name}, f"the {name} is down")


def _import(name: str) -> ModuleType:
    if name == "deacon":
        from gastown_tmux.daemons import deacon

        return deacon
    from gastown_tmux.daemons import witness

    return witness


def _be(town: Town, name: str, daemon: ModuleType) -> None:
    try:
        daemon.run(town)
    except RefusedError:
        raise
    except Exception as error:
        log.exception("the %s ends", name)
        daemon_deaths.record(town, name, error)
        raise


def _await_turn(town: Town, name: str) -> None:
    """The kernel tells of the death of the one that runs; a town that is wanted again is noticed by and by."""
    while is_town(town.path):
        holder = daemons.find_holder(town, name)
        try:
            if holder is None and town.is_wanted():
                return
        except GtError as error:
            log.warning("%s", error.in_full)
            if isinstance(error, NewerError) and error.successor is not None:
                # Whoever started us, systemd say, goes on with it under our number.
                words = [str(error.successor), "--town", str(town.path), "daemon", "run", name, "--standby"]
                os.execv(words[0], words)
        finally:
            town.close()
        if holder is None:
            threading.Event().wait(_STANDBY_SECONDS)
        else:
            processes.wait_for_death([holder], _STANDBY_SECONDS)

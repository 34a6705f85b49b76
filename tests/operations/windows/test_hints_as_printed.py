"""Hints are run as they are printed, in a town whose path has spaces and umlauts too."""

import shlex
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town, find_town
from gastown_tmux.operations.windows.attach import log
from gastown_tmux.store.meta import get_meta
from tests.operations.quiet_town import QuietTown


def test_a_path_is_one_word_of_the_command(short_tmp: Path) -> None:
    place = short_tmp / "Müllers Städtchen"
    with pytest.raises(NotFoundError) as caught:
        find_town(str(place), {}, short_tmp)
    assert shlex.split(str(caught.value.hint)) == ["gt", "install", str(place)]
    install(Town(place, OVERSEER, {}), place)
    town = Town(place, OVERSEER, {})
    assert get_meta(town.db, "name") == "mullers-stadtchen"
    town.close()


def test_what_can_only_be_a_bead_is_told_as_one(quiet: QuietTown) -> None:
    prefix = quiet.rig.prefix
    with pytest.raises(NotFoundError, match=f"no bead '{prefix}-zzzzz'"):
        log(quiet.town, f"{prefix}-zzzzz")
    with pytest.raises(NotFoundError, match="no address 'other-zzzzz'"):
        log(quiet.town, "other-zzzzz")

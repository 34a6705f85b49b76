"""A rig that an agent removes, and may add again."""

import pytest

from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.workforce.rigs import remove_rig
from gastown_tmux.store.rigs import find_rig
from tests.operations.quiet_town import QuietTown


@pytest.mark.parametrize(("key", "value"), [("merge.review", True), ("merge.batch", 2)])
def test_what_a_person_has_to_say_stays_a_persons(quiet: QuietTown, key: str, value: object) -> None:
    town, rig = quiet.town, quiet.rig
    set_key(town, key, value, rig=rig)
    mayor = town.acting_as(MAYOR)
    if key == "merge.review":
        with pytest.raises(RefusedError, match=r"only a person removes demo, for it has merge\.review"):
            remove_rig(mayor, rig, force=True)
        assert find_rig(town.db, "demo") == rig
        remove_rig(town, rig)
    else:
        remove_rig(mayor, rig)
    assert find_rig(town.db, "demo") is None
    mayor.close()

from pathlib import Path

import pytest

from gastown_tmux.domain.events import EventType
from gastown_tmux.errors import UsageError
from gastown_tmux.web.night import read_night
from tests.operations.quiet_town import make_quiet_town


def test_a_night_is_read_from_rows(tmp_path: Path) -> None:
    quiet = make_quiet_town(tmp_path)
    address, _ = quiet.crew()
    landed = quiet.bead("Fix the <login>")
    with quiet.town.change() as change:
        change.event(EventType.AGENT_CHANGED, address, state="on", was="off")
        change.event(EventType.SESSION_STARTED, address, session="ses-1")
        change.event(EventType.SESSION_CHANGED, address, session="ses-1", state="working")
        change.event(EventType.SESSION_ENDED, address, session="ses-1", reason="died")
        change.event(EventType.BEAD_MERGED, landed, commit="c" * 40)
    night = read_night(quiet.town, "1h")
    assert [row["deaths"] for row in night["rows"] if row["agent"] == address] == [1]
    assert [merge["title"] for merge in night["merges"]] == ["Fix the <login>"]
    assert night["svg"].startswith("<svg ") and "Fix the &lt;login&gt;" in night["svg"]


def test_what_began_before_is_drawn_from_the_beginning(tmp_path: Path) -> None:
    quiet = make_quiet_town(tmp_path)
    address, _ = quiet.crew()
    with quiet.town.change() as change:
        change.event(EventType.AGENT_CHANGED, address, state="paused", was="on")
        change.execute("UPDATE agents SET state = 'paused' WHERE address = ?", address)
        change.execute("UPDATE events SET time = '2020-01-01T00:00:00.000Z'")
    (row,) = [row for row in read_night(quiet.town, "1h")["rows"] if row["agent"] == address]
    assert row["states"] == "paused 1 h 0 min"


@pytest.mark.parametrize("since", ["soon", "2999-01-01T00:00:00Z"])
def test_a_beginning_that_is_none_is_said(tmp_path: Path, since: str) -> None:
    with pytest.raises(UsageError):
        read_night(make_quiet_town(tmp_path).town, since)

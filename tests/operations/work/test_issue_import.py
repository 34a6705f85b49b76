"""Issues of a forge become beads: once, the newer over the older, whatever others wrote into them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.forge_issues import parse_issues
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.bead_files import import_issues
from gastown_tmux.operations.work.bead_story import list_beads
from gastown_tmux.operations.work.beads import update_bead
from gastown_tmux.store.beads import get_bead
from tests.forge.server import Reply, Server, serving


def issue(number: int, **more: object) -> dict[str, Any]:
    made: dict[str, Any] = {
        "number": number, "title": f"issue {number}", "body": "words\r\nmore", "state": "open",
        "html_url": f"https://github.com/o/n/issues/{number}", "labels": [{"name": "bug"}],
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z",
    }  # fmt: skip
    return made | more


def test_whatever_is_no_issue_is_left_out_and_nothing_long_is_believed() -> None:
    odd: list[object] = [
        None, [], "x", {"number": True, "title": "x"}, issue(1, title=" "), issue(2, title=None),
        issue(3, pull_request={}), {**issue(4), "number": "4"},
        issue(5, title="a\nb" + "x" * 999, body=None, labels=[{"name": 3}, None, "plain"], html_url="javascript:x"),
        issue(6, body="y" * (1 << 20), created_at="yesterday", labels="bug"),
    ]  # fmt: skip
    five, six = parse_issues(odd, "github.com/o/n")
    assert (five.title[:4], len(five.title), five.labels) == ("a bx", 200, ("github", "plain"))
    assert five.body == "From github.com/o/n#5\n"
    assert (len(six.body) < 1 << 19, six.created, six.labels) == (True, None, ("github",))


@pytest.fixture
def forge(town: Town, tmp_path: Path) -> Iterator[Server]:
    server = Server()
    with serving(server):
        town.environment = {**os.environ, **server.environment(tmp_path)}
        set_key(town, "merge.request.repository", f"{server.host}/o/n", town_layer=True)
        town.reload_settings()
        yield server


@pytest.mark.needs("gh")
def test_once_and_the_newer_over_the_older(town: Town, forge: Server) -> None:
    issues = [issue(2), issue(1), issue(3, state="closed")]
    forge.route("GET", "repos/o/n/issues", lambda **_: Reply(issues))
    first = import_issues(town)
    assert first.text.endswith("/o/n: 2 made, 0 changed, 0 as they were")
    one, two = (bead for bead in list_beads(town))  # type: ignore[union-attr]
    assert {bead.title for bead in (one, two)} == {"issue 1", "issue 2"}
    assert "From https://github.com/o/n/issues/" in one.body and one.labels == ("github", "bug")
    assert import_issues(town).text.endswith("0 made, 0 changed, 2 as they were")
    ours = next(bead for bead in (one, two) if bead.title == "issue 1")
    update_bead(town, ours, title="ours")
    issues[:] = [issue(1, title="older"), issue(2, state="closed", updated_at="2126-01-01T00:00:00Z")]
    import_issues(town)
    assert get_bead(town.db, ours.id).title == "ours", "an older row never overwrites a newer"
    other = next(bead for bead in (one, two) if bead.id != ours.id)
    assert get_bead(town.db, other.id).state == "closed"
    import_issues(town)
    assert len(list_beads(town)) == 2  # type: ignore[arg-type]


@pytest.mark.needs("gh")
def test_a_forge_that_fails_makes_nothing(town: Town, forge: Server) -> None:
    forge.route("GET", "repos/o/n/issues", lambda **_: Reply({"message": "no list"}))
    with pytest.raises(GtError):
        import_issues(town)
    forge.faults += [Reply({"message": "Not Found"}, 404)]
    with pytest.raises(GtError):
        import_issues(town)
    assert list_beads(town) == []


def test_a_rig_that_is_on_no_forge(town: Town) -> None:
    with pytest.raises(RefusedError, match="is no repository of GitHub"):
        import_issues(town)

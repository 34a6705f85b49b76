"""gt dashboard as its page has it: link, token, model, streams, acts, and its end."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.ids import BeadId
from gastown_tmux.store.beads import get_bead
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.web.serving import put_together, serve


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    made = make_quiet_town(short_tmp)
    yield made
    made.town.close()


def test_a_page_from_its_link_to_an_answer(
    quiet: QuietTown, run_gt: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    """One process for all of it: each start costs as much as all that is asked here."""
    town = quiet.town.path
    first = quiet.bead("first <b>\u202e")
    with serve(town) as page:
        secret = page.link.partition("#secret=")[2]
        assert page.ask("/api/poll", token=None).status == 401
        assert page.ask("/api/token", {"secret": "x" * 43}, token=None).status == 401
        token = page.token()
        assert page.ask("/api/token", {"secret": secret}, token=None).json["error"]["kind"] == "token"
        assert page.ask("/api/poll", token=token + "x").status == 401

        model = wait_for(lambda: (m := page.model()).get("beads") and m, 10, "the model")
        assert [row["title"] for row in model["beads"]] == ["first <b><U+202E>"]
        assert model["head"]["read_only"] is False and model["head"]["trouble"] is None

        with page.stream("browser=one&after=") as events:
            assert next(events)[0] == "hello"
            name, told, at = next(events)
            assert (name, told["whole"]) == ("model", True)
            shown = put_together({}, told)
            second = quiet.bead("second")
            while second not in {row["bead"] for row in shown["beads"]}:
                name, told, at = next(events)
                assert (name, told["whole"]) == ("model", False)
                shown = put_together(shown, told)
        quiet.bead("third")
        with page.stream(f"browser=one&after={at}") as events:  # as a page that was hidden meanwhile
            next(events)
            while len(shown["beads"]) < 3:
                _, told, at = next(events)
                assert told["whole"] is False
                shown = put_together(shown, told)
        assert {row["id"] for row in shown["beads"]} == {row["id"] for row in page.model()["beads"]}

        # An act is a verb.
        result = run_gt("--town", town, "mail", "send", "overseer", "-s", "hello", "-m", "words")
        assert result.code == 0, result
        mail = wait_for(lambda: page.model()["mail"], 10, "the mail")[0]
        archive = next(act for act in mail["acts"] if act["words"] == "archive")
        done = page.post("/api/act", {"act": archive["act"]})
        assert (done["failed"], done["code"]) == (False, 0), done
        wait_for(lambda: not page.model()["mail"], 10, "the mail to be gone")
        again = page.ask("/api/act", {"act": archive["act"]})
        assert (again.status, again.json["error"]["kind"]) == (409, "changed")

        # A second start leads to the first; a fresh link is good once.
        second_start = run_gt("--town", town, "dashboard", "--port", "0")
        assert second_start.code == 0 and f"runs already at {page.url} (process {page.process.pid})" in second_start.out
        # What lies in .gt/run may be cleared away.
        for name in ("dashboard.sock", "dashboard.lock"):
            (town / ".gt" / "run" / name).unlink()
        wait_for((town / ".gt" / "run" / "dashboard.sock").exists, 10, "the socket to be there again")
        assert "runs already at" in run_gt("--town", town, "dashboard", "--port", "0").out
        link = page.new_link()
        assert link.startswith(f"{page.url}/#secret=")
        assert page.ask("/api/token", {"secret": link.partition("=")[2]}, token=None).status == 200
        refused = run_gt("--town", town, "dashboard", "--link", env={"GT_AGENT": "demo/toast"})
        assert (refused.code, refused.out) == (4, "")
        inside = {"TMUX": f"{quiet.town.tmux.socket},1,0"}
        assert run_gt("--town", town, "dashboard", "--link", env=inside).code == 4
        assert (town / ".gt" / "run" / "dashboard.sock").stat().st_mode & 0o777 == 0o600
        assert get_bead(quiet.town.db, BeadId(first)).state == "open"
        with page.stream("browser=two") as events:
            next(events)
            page.process.send_signal(signal.SIGINT)
            assert [name for name, _, _ in events][-1] == "bye"
        assert page.process.wait(10) == 0
    assert not (town / ".gt" / "run" / "dashboard.sock").exists()
    assert run_gt("--town", town, "dashboard", "--link").code == 3

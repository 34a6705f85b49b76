"""A person answers from a page while agents work, and the town goes and comes back under it."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.journeys.askers import IDLE, Asker, dialog
from tests.journeys.town_world import TownWorld
from tests.web.serving import Served, serve


def find_need(page: Served, kind: str, thing: str) -> dict[str, Any] | None:
    return next((n for n in page.model().get("needs", []) if (n["kind"], n["thing"]) == (kind, thing)), None)


def find_act(thing: dict[str, Any], words: str) -> str:
    return str(next(act["act"] for act in thing["acts"] if act["words"] == words))


def text_of(told: dict[str, Any]) -> str:
    return "\n".join("".join(str(run[0]) for run in line) for line in told["lines"])


def test_a_dialog_is_answered_as_it_was_drawn(town: TownWorld, make_asker: Callable[..., Asker]) -> None:
    asker = make_asker("ann", dialog("git status"))
    with serve(town.path) as page:
        need = town.wait_for(lambda: find_need(page, "approval", "demo/ann"), 40, "the question")
        assert need["title"] == "Bash command: git status" and "Do you want to proceed?" in need["reason"]
        shown = page.get("/api/screen?agent=demo/ann")
        assert "Do you want to proceed?" in text_of(shown)
        # It asks for something else by now: what was drawn is not what would be answered.
        asker.show(dialog("rm -rf /"))
        asker.shows("rm -rf /")
        stale = page.ask("/api/act", {"act": find_act(need, "yes")})
        if stale.status == 200:  # the page's own model was not read again yet: the verb looks
            assert stale.json["failed"] and "changed" in stale.json["said"], stale.json
        else:
            assert (stale.status, stale.json["error"]["kind"]) == (409, "changed")
        assert asker.got() == ""

        def find_fresh() -> dict[str, Any] | None:
            now = find_need(page, "approval", "demo/ann")
            return now if now and "rm -rf" in now["title"] else None

        fresh = town.wait_for(find_fresh, 40, "the new question")
        with ThreadPoolExecutor(1) as pool:
            answering = pool.submit(page.post, "/api/act", {"act": find_act(fresh, "no")})
            town.wait_for(lambda: asker.got() != "", 20, "the answer in the window")
            asker.show(IDLE)
            answered = answering.result()
        assert answered["failed"] is False, answered
        # Words go through the one typing function, to a composer that is idle.
        with page.stream("selected=demo/ann&browser=b") as events:
            worker = town.wait_for(lambda: next(iter(page.model()["workers"]), None), 10, "the worker")
            assert worker["address"] == "demo/ann" and worker["live"] is True
            for name, told, _ in events:
                if name == "screen" and any("❯" in str(run[0]) for line in told["lines"].values() for run in line):
                    break
            typed = page.post("/api/act", {"act": find_act(worker, "type words"), "words": "hello there"})
            assert (typed["failed"], typed["code"]) == (False, 0), typed


def test_a_town_that_goes_and_comes_back_under_its_page(town: TownWorld) -> None:
    town.gt("up")
    with serve(town.path) as page:
        town.wait_for(lambda: page.model()["head"]["alive"], 20, "the town to be up")
        # The deacon is of no concern to it.
        deacon = next(d for d in town.json("status")["daemons"] if d["name"] == "deacon")
        os.kill(deacon["pid"], signal.SIGKILL)
        bead = town.bead("after the deacon")
        town.wait_for(lambda: bead in {row["bead"] for row in page.model()["beads"]}, 20, "the bead")
        town.gt("down", "--agents")
        town.wait_for(lambda: page.model()["head"]["wanted"] == "down", 20, "the town to be down")
        town.wait_for(lambda: not page.model()["head"]["alive"], 20, "tmux to be gone")
        away = town.path.with_name("away")
        town.path.rename(away)
        town.wait_for(lambda: "gone" in (page.model()["head"]["trouble"] or ""), 20, "its folder to be missed")
        assert page.ask(f"/api/bead?id={bead}").status == 503
        assert page.model()["beads"]  # what was, is shown
        away.rename(town.path)
        town.wait_for(lambda: page.model()["head"]["trouble"] is None, 20, "the folder to be back")
        assert page.get(f"/api/bead?id={bead}")["bead"]["title"] == "after the deacon"
        made = page.post("/api/open", {"row": f"bead {bead}"})
        assert made["title"].endswith(bead)

"""What a page asks for beside the model: of a real town, by the routes' own functions and through one dashboard."""

import email
import email.policy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.operations.escalation.escalations import escalate
from gastown_tmux.operations.hooks.diff import Diff
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.store.beads import get_bead, set_needs
from gastown_tmux.web.data import tame
from gastown_tmux.web.diffs import Diffs, split
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.web.serving import serve

PATCH = """\
diff --git a/x.txt b/x.txt
index 1..2 100644
--- a/x.txt
+++ b/x.txt
@@ -1,2 +1,3 @@ def f
 same
-old
+new \u202e
+<b>
diff --git a/bin b/bin
Binary files differ"""


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    made = make_quiet_town(short_tmp)
    yield made
    made.town.close()


def test_a_diff_by_file_and_hunk() -> None:
    head, files, cut = split("some head\n" + PATCH)
    assert (head, cut) == (["some head"], False)
    first, second = files
    assert (first["name"], first["added"], first["removed"]) == ("x.txt", 2, 1)
    assert first["hunks"] == [
        {
            "head": "@@ -1,2 +1,3 @@ def f",
            "lines": [[" ", 1, "same"], ["-", 2, "old"], ["+", 2, "new <U+202E>"], ["+", 3, "<b>"]],
        }
    ]
    assert (second["name"], second["hunks"], second["notes"]) == ("bin", [], ["Binary files differ"])
    assert split("") == ([], [], False)
    assert split("+\n" * 30_000)[2] is True


def test_words_go_to_lines_that_were_shown_and_no_others() -> None:
    from gastown_tmux.domain.addresses import Address
    from gastown_tmux.domain.ids import BeadId
    from gastown_tmux.errors import GtError

    diffs, files = Diffs(), split(PATCH)[1]
    id = diffs.add(Diff(PATCH, "a" * 40, Address("demo/toast"), BeadId("de-00001")), files)
    act = diffs.comment({"diff": id, "file": "x.txt", "line": 3})
    (line,) = act.lines("why?")
    assert line[:3] == ("mail", "send", "demo/toast") and "--bead=de-00001" in line
    assert f"--body=x.txt:3\nin {'a' * 40}\n\nwhy?" in line
    nobody = diffs.add(Diff(PATCH, "a" * 40), files)
    for wrong in (
        {"diff": id, "file": "/etc/passwd", "line": 3}, {"diff": id, "file": "x.txt", "line": "3"}, {"diff": "none"},
        {"diff": nobody, "file": "x.txt", "line": 3}, {},
    ):  # fmt: skip
        with pytest.raises(GtError):
            diffs.comment(wrong)


def test_texts_are_harmless_in_any_depth() -> None:
    assert tame({"a\x1b": ["x\u202ey\nz\t", 1, None, {"b": "ok"}]}) == {
        "a?": ["x<U+202E>y\nz ", 1, None, {"b": "ok"}],
    }  # fmt: skip


def test_everything_that_pages_ask_for(quiet: QuietTown, wait_for: Callable[..., Any]) -> None:
    town = quiet.town
    first, second = quiet.bead("first \x1b[31m"), quiet.bead("second")
    with town.change() as change:
        set_needs(change, second, [first])
    create_convoy(town, "night", [get_bead(town.db, id) for id in (first, second)])
    toast, work = quiet.hook(first)
    (work / "new.txt").write_text("new\n")
    escalate(town, "which <greeting>?")
    with serve(town.path) as page:
        wait_for(lambda: page.model().get("needs"), 10, "the model")
        stopped, need = page.model()["needs"][:2]
        assert (stopped["kind"], need["kind"], need["title"]) == ("stopped", "escalation", "which <greeting>?")
        assert page.model()["workers"][0]["title"] == "first ?[31m"

        bead = page.get(f"/api/bead?id={first}")
        assert bead["bead"]["title"] == "first ?[31m" and bead["bead"]["timeline"][0]["what"].startswith("created")
        assert page.ask("/api/bead?id=de-zzzzz").status == 404
        assert page.ask("/api/bead").status == 400
        agent = page.get(f"/api/agent?address={toast}")
        assert (agent["agent"]["bead"], agent["attach"]) == (first, f"gt attach {toast}")
        assert agent["worker"]["address"] == toast and agent["health"][0].startswith(f"{toast} is ")
        diff = page.post("/api/diff", {"of": first})
        assert diff["files"][0]["hunks"][0]["lines"] == [["+", 1, "new"]] and diff["author"] == toast
        assert page.ask("/api/diff", {"of": "nothing"}).status == 404
        assert [rig["rig"] for rig in page.get("/api/queue")["rigs"]] == ["demo"]
        assert page.get("/api/digest?since=1h")["stuck"][1]["kind"] == "escalation"
        assert page.get("/api/night?since=1h&zone=60")["svg"].startswith("<svg")
        assert page.ask("/api/night?since=nonsense").status == 400
        waves = page.model()["convoys"][0]["waves"]
        assert [[bead["id"] for bead in wave] for wave in waves] == [[first], [second]]
        line = page.post("/api/line", {"line": "bead li --rig demo"})
        assert line["title"] == "bead list --rig demo" and any(first in told for told in line["lines"])
        assert page.post("/api/line", {"line": f"diff {first}"}) == {"reach": "shown", "diff": first}
        assert page.post("/api/line", {"line": "config set merge.batch 3"})["command"] == "gt config set merge.batch 3"
        assert page.ask("/api/line", {"line": "bead list --nonsense"}).status == 400
        said = page.post("/api/line", {"line": f"mail send {toast} -s 'by a line' -m words"})
        assert said["failed"] is False, said
        choices = page.post("/api/palette", {"line": "bead show de-"})["choices"]
        assert first in [choice["word"] for choice in choices]
        assert "which <greeting>?" in page.get("/api/mail")["items"][0]["subject"]
        assert page.get("/api/costs")["items"] == []
        newest = page.get("/api/events?limit=2")["items"]
        assert len(newest) == 2 and newest[0]["seq"] > newest[1]["seq"]

        shown = page.post("/api/open", {"row": f"bead {first}"})
        assert shown["title"] == f"bead show {first}" and any("first ?[31m" in line for line in shown["lines"])
        said = page.post("/api/comment", {"diff": diff["diff"], "file": "new.txt", "line": 1, "words": "why\n- <new>?"})
        assert said["failed"] is False, said
        texts = [file.read_bytes() for file in (town.mail / toast.folder / "new").iterdir()]
        (text,) = [text for text in texts if b"by a line" not in text]
        assert len(texts) == 2
        mail = email.message_from_bytes(text, policy=email.policy.default)
        assert mail["Subject"] == "about new.txt:1"
        assert mail.get_content() == f"new.txt:1\nin {diff['tree']}\n\nwhy\n- <new>?"  # type: ignore[attr-defined]
        resolve = next(act for act in need["acts"] if act["words"] == "resolved")
        assert page.post("/api/act", {"act": resolve["act"]})["failed"] is False
        wait_for(lambda: need["id"] not in {one["id"] for one in page.model()["needs"]}, 10, "it to be gone")


def test_who_just_looks_on_changes_nothing(quiet: QuietTown, wait_for: Callable[..., Any], run_gt: Any) -> None:
    run_gt("--town", quiet.town.path, "mail", "send", "overseer", "-s", "hello", "-m", "words")
    first = quiet.bead("first")
    _, work = quiet.hook(first)
    (work / "new.txt").write_text("new\n")
    with serve(quiet.town.path, None, "--read-only") as page:
        mail = wait_for(lambda: page.model().get("mail"), 10, "the mail")[0]
        assert page.model()["head"]["read_only"] is True
        diff = page.post("/api/diff", {"of": first})
        for path, given in (
            ("/api/act", {"act": mail["acts"][-1]["act"]}),
            ("/api/open", {"row": mail["id"]}),
            ("/api/comment", {"diff": diff["diff"], "file": "new.txt", "line": 1, "words": "x"}),
        ):
            assert page.ask(path, given).status == 403, path
        assert page.post("/api/open", {"row": f"bead {first}"})["lines"]
    assert len(list((quiet.town.mail / "overseer" / "new").iterdir())) == 1

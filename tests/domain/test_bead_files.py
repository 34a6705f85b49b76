"""Beads as files have them."""

import json

import pytest

from gastown_tmux.domain.bead_files import Record, format_bead, parse_beads
from gastown_tmux.domain.ids import BeadId, RigName, time_at
from gastown_tmux.domain.work import Bead, BeadState
from gastown_tmux.errors import UsageError

BEAD = Bead(
    id=BeadId("de-11111"), rig=RigName("demo"), title="Mend “it”", body="a\n\nb", state=BeadState.CLOSED, reason="done",
    priority=1, labels=("x",), needs=(BeadId("de-22222"),), assignee=None, target=None, provider=None, attempts=0,
    convoy=None, branch=None, base=None, merge_request=None, merged_commit=None, report=None, created=time_at(1),
    updated=time_at(2), parent=BeadId("de-33333"),
)  # fmt: skip


def test_what_is_written_is_read() -> None:
    line = format_bead(BEAD)
    assert "\n" not in line
    assert parse_beads(f"{line}\n\n") == [
        Record(
            source="gt:de-11111", own_id="de-11111", line=1, title="Mend “it”", body="a\n\nb", priority=1,
            labels=("x",), needs=("gt:de-22222",), parent="gt:de-33333", done=True,
            created=time_at(1), updated=time_at(2),
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "reason", "done"),
    [("merged", None, True), ("closed", "wontdo", False), ("open", None, False), ("odd", "done", False)],
)
def test_what_is_done(state: str, reason: str | None, done: bool) -> None:
    line = json.dumps({"id": "de-1", "title": "t", "state": state, "reason": reason})
    assert parse_beads(line)[0].done is done


def test_an_issue_of_beads() -> None:
    issue = {
        "id": "bd-a1", "title": " Two\nlines ", "description": "what", "design": "how", "acceptance_criteria": "good",
        "status": "closed", "priority": 0, "issue_type": "bug", "labels": ["l", 7],
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T04:04:05+01:00",
        "dependencies": [
            {"issue_id": "bd-a1", "depends_on_id": "bd-b", "type": "blocks"},
            {"issue_id": "bd-a1", "depends_on_id": "bd-c", "type": "parent-child"},
            {"issue_id": "bd-a1", "depends_on_id": "bd-d", "type": "related"},
            "odd",
        ],
    }  # fmt: skip
    others = [
        {"_type": "memory", "key": "k", "value": "v"}, {"id": "bd-x", "status": "tombstone"},
        {"id": "bd-t", "title": "t", "status": "open", "is_template": True},
    ]  # fmt: skip
    [record] = parse_beads("\n".join(map(json.dumps, [*others, {"_type": "issue", **issue}])))
    assert (record.source, record.own_id, record.line, record.title) == ("beads:bd-a1", None, 4, "Two lines")
    assert record.body == "what\n\n## Design\n\nhow\n\n## Acceptance criteria\n\ngood"
    assert (record.needs, record.parent, record.labels) == (("beads:bd-b",), "beads:bd-c", ("l",))
    assert (record.priority, record.done, record.created, record.updated) == (
        0, True, "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000Z",
    )  # fmt: skip


def test_a_checklist() -> None:
    text = """\
# Plan

- [ ] first
  more of it

      code
  - [x] inner
    1. no item
  * [ ] other  inner
- plain item
- [X] second

And prose.

+ [ ] third
"""
    found = parse_beads(text)
    assert [(record.line, record.title, record.parent, record.done) for record in found] == [
        (3, "first", None, False),
        (7, "inner", "md:first", True),
        (9, "other inner", "md:first", False),
        (11, "second", None, True),
        (15, "third", None, False),
    ]
    assert found[0].body == "more of it\n\ncode"
    assert found[1].source == "md:first / inner"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no beads in it"),
        ("only prose", "there are no beads in it"),
        ('{"id": "a", "title": "t"}\n[1]', "line 2: it is not a JSON object"),
        ('{"id": "a"}', "line 1: a bead needs an id and a title"),
        ('{"id": "a", "title": " "}', "line 1: a bead needs an id and a title"),
        ('{"id": "a", "title": "t"}\n{"id": "a", "title": "u"}', "line 2: beads:a is there twice"),
        ("- [ ] a\n- [ ] a", "line 2: md:a is there twice"),
        ('{"id": "\\ud800", "title": "t"}', "line 1: a bead needs an id"),
    ],
)
def test_what_is_none(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_beads(text)


def test_odd_values_count_as_none() -> None:
    line = json.dumps({"id": "a", "title": "t", "priority": 9, "labels": "x", "dependencies": 3, "updated_at": "soon"})
    assert parse_beads(line) == [Record(source="beads:a", title="t", line=1)]

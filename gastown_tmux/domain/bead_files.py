"""Beads in files: our own JSON Lines, the issues.jsonl of Beads, and checklists in Markdown."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.ids import Time, parse_time
from gastown_tmux.domain.work import Bead, BeadState, is_met
from gastown_tmux.errors import UsageError
from gastown_tmux.reading import json_value, text_of

_ITEM = re.compile(r"(\s*)(?:[-*+]|\d{1,9}[.)]) \[([ xX])\] +(.+)")
_FIELDS = (
    "id",
    "rig",
    "title",
    "body",
    "state",
    "reason",
    "priority",
    "labels",
    "needs",
    "parent",
    "created",
    "updated",
)
_LONGEST = 1 << 20
#: What a bead of a YAML file may say.
_PLAN = ("title", "id", "body", "priority", "labels", "needs", "parent", "rig")
#: What of an issue of Beads stands in the body, under which heading.
_PARTS = (("description", ""), ("design", "Design"), ("acceptance_criteria", "Acceptance criteria"), ("notes", "Notes"))


@dataclass(frozen=True, slots=True)
class Record:
    """A bead as a file has it. ``source`` is what it is known by, here and in ``needs`` and ``parent``; ``own_id``
    the id that it has among ours. ``updated`` None: nobody knows, and it changes nothing that is there already.
    """

    source: str
    title: str
    line: int
    own_id: str | None = None
    body: str = ""
    priority: int = 2
    labels: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    parent: str | None = None
    done: bool = False
    created: Time | None = None
    updated: Time | None = None
    rig: str | None = None


def format_bead(bead: Bead) -> str:
    """A line that ``parse_beads`` reads."""
    return json.dumps({name: getattr(bead, name) for name in _FIELDS}, ensure_ascii=False)


def parse_beads(text: str) -> list[Record]:
    """By the look of it. Raises UsageError with the line."""
    found = list(_objects(text) if text.lstrip().startswith("{") else _items(text))
    if not found:
        raise UsageError("there are no beads in it", hint="JSON Lines, or a Markdown list with - [ ] items")
    sources = set[str]()
    for record in found:
        if record.source in sources:
            raise UsageError(f"line {record.line}: {record.source} is there twice")
        sources.add(record.source)
    return found


def is_list(text: str) -> bool:
    """Whether it is for ``parse_beads``: lines of JSON, or a checklist."""
    return text.lstrip().startswith("{") or any(_ITEM.fullmatch(line.rstrip()) for line in text.split("\n"))


def parse_plan(document: object) -> list[Record]:
    """A list, or one under ``beads``, of titles or of ``{title, id, body, priority, labels, needs, parent, rig}``, as
    YAML has it; ``needs`` and ``parent`` are ids or titles of the file, or ids of beads that are there. Raises
    UsageError that names the bead.

    >>> [(record.source, record.needs) for record in parse_plan(["one", {"title": "two", "needs": "one"}])]
    [('yaml:one', ()), ('yaml:two', ('yaml:one',))]
    """
    items = document.get("beads") if isinstance(document, dict) else document
    if not isinstance(items, list) or not items:
        raise UsageError("there are no beads in it", hint="a list of titles, or of {title: …, needs: […]}")
    found = dict[str, Record]()
    named = dict[str, str]()
    for number, item in enumerate(items, 1):
        value = {"title": item} if isinstance(item, str | int | float) else item
        if isinstance(value, dict) and (unknown := sorted(str(key) for key in value if key not in _PLAN)):
            raise UsageError(f"bead {number}: unknown {', '.join(unknown)}", hint=", ".join(_PLAN))
        title = text_of(str(value.get("title") or ""), _LONGEST) if isinstance(value, dict) else None
        if not isinstance(value, dict) or title is None or not title.strip():
            raise UsageError(f"bead {number}: it needs a title")
        priority = value.get("priority", 2)
        if _priority(priority) != priority:
            raise UsageError(f"bead {number} ({title}): a priority is 0 (first) to 4 (last)")
        title = " ".join(title.split())
        name = str(value.get("id") or title)
        if name in found:
            raise UsageError(f"bead {number}: {name} is there twice")
        named |= {title: name, name: name}
        found[name] = Record(
            source=f"yaml:{name}", title=title, line=number, body=str(value.get("body") or ""), priority=priority,
            labels=_words(value.get("labels")), needs=_words(value.get("needs")),
            parent=str(value["parent"]) if value.get("parent") else None,
            rig=str(value["rig"]) if value.get("rig") else None,
        )  # fmt: skip
    return [
        replace(
            record,
            needs=tuple(f"yaml:{named.get(need, need)}" for need in record.needs),
            parent=f"yaml:{named.get(record.parent, record.parent)}" if record.parent else None,
        )
        for record in found.values()
    ]


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),) if value else ()


def _objects(text: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        value = json_value(line)
        if not isinstance(value, dict):
            raise UsageError(f"line {number}: it is not a JSON object", hint="one bead a line")
        id, title = text_of(value.get("id"), 200), text_of(value.get("title"), _LONGEST)
        # Memories, headers, what was deleted, and what beads are made of.
        if value.get("_type", "issue") != "issue" or value.get("status") == "tombstone" or value.get("is_template"):
            continue
        if id is None or title is None or not title.strip():
            raise UsageError(f"line {number}: a bead needs an id and a title")
        yield _issue(value, id, title, number) if "state" not in value else _own(value, id, title, number)


def _own(value: Mapping[str, Any], id: str, title: str, line: int) -> Record:
    state, reason = value.get("state"), text_of(value.get("reason"))
    known = state in list(BeadState)
    parent = text_of(value.get("parent"), 200)
    return Record(
        source=f"gt:{id}",
        title=" ".join(title.split()),
        line=line,
        own_id=id,
        body=text_of(value.get("body"), _LONGEST) or "",
        priority=_priority(value.get("priority")),
        labels=_texts(value.get("labels")),
        needs=tuple(f"gt:{other}" for other in _texts(value.get("needs"))),
        parent=f"gt:{parent}" if parent else None,
        done=known and is_met(BeadState(str(state)), reason),
        created=_time(value.get("created")),
        updated=_time(value.get("updated")),
    )


def _issue(value: Mapping[str, Any], id: str, title: str, line: int) -> Record:
    parts = [(heading, text_of(value.get(name), _LONGEST)) for name, heading in _PARTS]
    links = value.get("dependencies")
    needs, parent = list[str](), None
    for link in links if isinstance(links, list) else []:
        if not isinstance(link, dict):
            continue
        other = text_of(link.get("depends_on_id") or link.get("id"), 200)
        kind = link.get("type") or link.get("dependency_type")
        if other and kind == "blocks":
            needs.append(f"beads:{other}")
        elif other and kind == "parent-child":
            parent = f"beads:{other}"
    return Record(
        source=f"beads:{id}",
        title=" ".join(title.split()),
        line=line,
        body="\n\n".join(f"## {heading}\n\n{part}" if heading else part for heading, part in parts if part),
        priority=_priority(value.get("priority")),
        labels=_texts(value.get("labels")),
        needs=tuple(needs),
        parent=parent,
        done=value.get("status") == "closed",
        created=_time(value.get("created_at")),
        updated=_time(value.get("updated_at")),
    )


def _items(text: str) -> Iterator[Record]:
    """Items that stand below one another are parents and children; what is indented below an item is its body."""
    above: list[tuple[int, str]] = []
    item: tuple[int, int, str, bool] | None = None
    body: list[str] = []

    def finish() -> Iterator[Record]:
        if item is not None:
            indent, line, title, done = item
            source = "md:" + " / ".join([*(name for _, name in above), title])
            parent = "md:" + " / ".join(name for _, name in above) if above else None
            words = "\n".join(part[indent:].strip() if part.strip() else "" for part in body).strip("\n")
            yield Record(source, title, line, body=words, parent=parent, done=done)

    for number, line in enumerate(text.expandtabs(4).split("\n"), 1):
        match = _ITEM.fullmatch(line.rstrip())
        if match is None:
            inside = item is not None and (not line.strip() or len(line) - len(line.lstrip()) > item[0])
            if inside:
                body.append(line)
            elif item is not None and line.strip():
                yield from finish()
                item, above, body = None, [], []
            continue
        yield from finish()
        indent = len(match[1])
        if item is not None and indent > item[0]:
            above.append((item[0], item[2]))
        while above and above[-1][0] >= indent:
            above.pop()
        item, body = (indent, number, " ".join(match[3].split()), match[2] != " "), []
    yield from finish()


def _priority(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4 else 2


def _texts(value: object) -> tuple[str, ...]:
    found = (text_of(item, 200) for item in value) if isinstance(value, list) else ()
    return tuple(text for text in found if text is not None)


def _time(value: object) -> Time | None:
    return parse_time(value) if isinstance(value, str) else None

"""Issues of a forge as beads. Others wrote them: whatever has no form is left out, nothing is believed that is long."""

from collections.abc import Iterable

from gastown_tmux.domain.bead_files import Record
from gastown_tmux.domain.ids import Time, parse_time
from gastown_tmux.reading import text_of

_TITLE, _BODY, _LABEL, _LABELS = 200, 1 << 18, 60, 20


def parse_issues(items: Iterable[object], repository: str) -> list[Record]:
    """As GitHub's REST API lists them; pull requests, which it lists too, are left out.

    >>> [record.source for record in parse_issues([{"number": 7, "title": "It breaks"}, {}, 3], "github.com/o/n")]
    ['github:github.com/o/n#7']
    """
    found = dict[int, Record]()
    for item in items:
        if not isinstance(item, dict) or "pull_request" in item:
            continue
        number, title = item.get("number"), text_of(item.get("title"), 1 << 16)
        if not isinstance(number, int) or isinstance(number, bool) or title is None or not title.strip():
            continue
        labels = item.get("labels")
        listed = labels[:_LABELS] if isinstance(labels, list) else []
        names = (text_of(each.get("name") if isinstance(each, dict) else each, _LABEL) for each in listed)
        url, body = text_of(item.get("html_url"), 2000), text_of(item.get("body"), _BODY) or ""
        link = url if url is not None and url.startswith("https://") else f"{repository}#{number}"
        found[number] = Record(
            source=f"github:{repository}#{number}",
            title=" ".join(title.split())[:_TITLE],
            line=len(found) + 1,
            body=f"{body.rstrip()}\n\nFrom {link}\n".lstrip("\n"),
            labels=tuple(dict.fromkeys(("github", *filter(None, names)))),
            done=item.get("state") == "closed",
            created=_moment(item.get("created_at")),
            updated=_moment(item.get("updated_at")),
        )
    return [found[number] for number in sorted(found)]


def _moment(value: object) -> Time | None:
    return parse_time(value) if isinstance(value, str) else None

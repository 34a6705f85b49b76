"""Verbs for views of the town."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Listing, Record, Verb, argument

_NAME = argument("name", Kind.LAYOUT)

VERBS = (
    Verb(
        "layout list",
        "views of the town that there are",
        "operations.sessions.layouts:list_layouts",
        (),
        Listing(("name", "origin", "summary"), "no layouts"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "layout show",
        "one layout, as its file has it",
        "operations.sessions.layouts:show_layout",
        (_NAME,),
        Record(("name", "origin", "path"), body="text"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "layout apply",
        "open its windows, and close other views",
        "operations.supervision.up:apply_layout",
        (_NAME,),
        right=Right.CONFIGURE,
    ),
    Verb(
        "layout save",
        "keep the views as they are now",
        "operations.sessions.layouts:save_layout",
        (argument("name"),),
        right=Right.CONFIGURE,
    ),
)

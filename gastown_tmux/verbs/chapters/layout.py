"""Verbs for views of the town."""

from gastown_tmux.verbs.table import Kind, Listing, Record, Verb, argument

_NAME = argument("name", Kind.LAYOUT)

VERBS = (
    Verb(
        "layout list",
        "views of the town that there are",
        "operations.sessions.layouts:list_layouts",
        (),
        Listing(("name", "origin", "summary"), "no layouts"),
    ),
    Verb(
        "layout show",
        "one layout, as its file has it",
        "operations.sessions.layouts:show_layout",
        (_NAME,),
        Record(("name", "origin", "path"), body="text"),
    ),
    Verb("layout apply", "open its windows, and close other views", "operations.supervision.up:apply_layout", (_NAME,)),
    Verb(
        "layout save", "keep the views as they are now", "operations.sessions.layouts:save_layout", (argument("name"),)
    ),
)

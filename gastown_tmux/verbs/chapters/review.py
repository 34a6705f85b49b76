"""Verbs for what waits for a person."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Listing, Record, Verb, argument, flag, option, optional

_WHOSE = (
    optional("agents", Kind.AGENT, "whose question", many=True),
    flag("--alike", "alike", "also everybody else who asks for the same"),
    flag("--all", "all", "everybody who waits"),
    option("--digest", "digest", help="the digest of the dialog you judged; any other is refused as changed"),
)

VERBS = (
    Verb(
        "review",
        "what waits for you, and the commands that take it further",
        "operations.supervision.review:review",
        (),
        Listing(("kind", "id", "title", "reason", "next", "bead", "agent", "since"), "nothing waits for you", "next"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "why",
        "what a thing waits for, since when, on what evidence, and the commands that change it",
        "operations.explaining.why:why",
        (
            argument(
                "thing",
                Kind.THING,
                "a bead, agent, convoy, run, RUN/STEP, request, escalation, mail, order, rig or host",
            ),
        ),
        Record(("subject", "kind", "title", "state", "since"), body="story"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "digest",
        "what landed, came back, died and cost since you looked last, and what needs you now",
        "operations.supervision.digest:digest",
        (
            option("--since", "since", help="a time, an age such as 8h, or last, as unless given: your last digest"),
            flag("--markdown", "markdown", "as Markdown"),
            flag("--mail", "mail", "as a mail to the overseer"),
        ),
        right=Right.READ,
    ),
    Verb(
        "waiting",
        "agents that wait for a person, and what they ask",
        "operations.supervision.dialogs:list_waiting",
        (),
        Listing(("agent", "bead", "question", "since"), "nobody waits"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "approve",
        "say yes to what an agent asks",
        "operations.supervision.approvals:approve",
        _WHOSE,
        right=Right.DECIDE,
    ),
    Verb("deny", "say no to what an agent asks", "operations.supervision.approvals:deny", _WHOSE, right=Right.DECIDE),
    Verb(
        "notify test",
        "try every way in which you are called when something needs you",
        "operations.supervision.calls:test",
        (),
        Listing(("way", "ok", "detail"), "there is no way to call you"),
        right=Right.CONFIGURE,
    ),
    Verb(
        "notify list",
        "what you were called for and have not answered, and whether that reached you",
        "operations.supervision.calls:list_open",
        (),
        Listing(
            ("made", "kind", "id", "title", "next", "shown", "sent", "trouble"), "you were called for nothing", "next"
        ),
        right=Right.READ,
        served=True,
    ),
)

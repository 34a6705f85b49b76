"""Verbs for talking: mail and nudges."""

from gastown_tmux.domain.mail import MessageType
from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import (
    KEY,
    LIMIT,
    SEARCH,
    SINCE,
    Kind,
    Listing,
    Record,
    Verb,
    argument,
    flag,
    option,
    optional,
)

_MAILS = ("id", "from_", "subject", "date", "read", "type", "priority", "to", "archived")
_MAIL = Record(
    ("id", "from_", "to", "subject", "date", "type", "priority", "bead", "in_reply_to", "thread", "expires", "asks"),
    body="body",
)
_BODY = (
    option("-m --body", "body", Kind.BODY, "its words, or - for standard input; your editor unless given"),
    option("--body-file", "body", Kind.FILE, "its words from a file"),
)
_TYPES = tuple(kind.value for kind in MessageType)
_PRIORITY = option("--priority", "priority", Kind.CHOICE, choices=("low", "normal", "high", "urgent"))
_ID = argument("mail", Kind.MAIL, "its id, or a leading part of it")

VERBS: tuple[Verb, ...] = (
    Verb(
        "mail send",
        "write to somebody; it is in the box when this returns",
        "operations.mail.sending:send",
        (
            argument("to", help="addresses, and groups such as @town @rig/RIG @crew/RIG @polecats/RIG", many=True),
            option("-s --subject", "subject", help="one line"),
            *_BODY,
            option(
                "--type",
                "type",
                Kind.CHOICE,
                "task, or reply with --reply-to",
                choices=_TYPES,
            ),
            _PRIORITY,
            option("--reply-to", "reply_to", Kind.MAIL, "the mail this answers"),
            option("--bead", "bead", Kind.BEAD, "what it is about"),
            option("--expires", "expires", Kind.DURATION, "nobody is told of it after so long, such as 2h"),
            option("--attach", "attach", help="is refused: commit the file, or name its path", many=True),
            KEY,
        ),
        right=Right.TALK,
        served=True,
        written=("body",),
    ),
    Verb(
        "mail inbox",
        "what is in a mailbox",
        "operations.mail.inbox:inbox",
        (
            optional("address", Kind.ADDRESS, "your own unless given"),
            flag("--all", "all", "the archived ones too"),
            SINCE,
            SEARCH,
            LIMIT,
        ),
        Listing(_MAILS, "no mail"),
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail read",
        "one mail; marks it as read",
        "operations.mail.inbox:read",
        (_ID,),
        _MAIL,
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail reply",
        "answer a mail",
        "operations.mail.sending:reply",
        (_ID, *_BODY, _PRIORITY, KEY),
        right=Right.TALK,
        served=True,
        written=("body",),
    ),
    Verb(
        "mail archive",
        "move mails out of the inbox",
        "operations.mail.inbox:archive",
        (argument("mails", Kind.MAIL, "their ids", many=True),),
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail thread",
        "the conversation of a mail",
        "operations.mail.inbox:thread",
        (_ID,),
        Listing(_MAILS, "no mail"),
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail search",
        "mails that have all these words",
        "operations.mail.inbox:search",
        (argument("words", many=True),),
        Listing(_MAILS, "no mail has all these words"),
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail status",
        "what became of a mail",
        "operations.mail.inbox:status",
        (_ID,),
        Record(("id", "from_", "to", "subject", "date", "read", "archived"), body="story"),
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail check",
        "what is new",
        "operations.mail.injection:check",
        (flag("--inject", "inject", "as text for an agent's turn: what it was not told of yet"),),
        Listing(_MAILS, ""),
        right=Right.TALK,
        served=True,
    ),
    Verb(
        "mail exchange",
        "what home calls: it brings mail, and takes along what lies here for it",
        "operations.mail.post:exchange",
        (argument("bag", Kind.FILE),),
        hidden=True,
        right=Right.CONFIGURE,
        served=True,
    ),
    Verb(
        "nudge",
        "type words into an agent's window",
        "operations.mail.nudge:nudge",
        (
            argument("agent", help="an agent, or a group such as @rig/RIG"),
            argument("text", many=True),
            option(
                "--mode",
                "mode",
                Kind.CHOICE,
                "idle: now or at its next pause; queue; now",
                choices=("idle", "queue", "now"),
            ),
        ),
        right=Right.TALK,
    ),
    Verb(
        "prompt",
        "say something to an agent; with --wait, what it answers",
        "operations.mail.prompting:prompt",
        (
            argument("agent", help="an agent"),
            optional(
                "text",
                Kind.BODY,
                "words, or '-'; of several lines, or over 800 letters, they come as a mail",
                many=True,
            ),
            option("--body-file", "body", Kind.FILE, "its words from a file"),
            flag(
                "--wait", "wait", "until the turn is over: its last words, or that it stalled, with its screen (exit 1)"
            ),
            option("--timeout", "timeout", Kind.DURATION, "how long it is waited for; 10m unless given"),
        ),
        right=Right.TALK,
    ),
    Verb(
        "dnd",
        "whether an agent hears only what is urgent",
        "operations.mail.nudge:do_not_disturb",
        (
            argument("agent", Kind.ADDRESS),
            optional("switch", Kind.CHOICE, choices=("on", "off", "status"), right=Right.STOP, free="status"),
        ),
        right=Right.READ,
        served=True,
        own="agent",
    ),
)

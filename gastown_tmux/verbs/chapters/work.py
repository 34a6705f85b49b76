"""Verbs for work: beads, sling, convoys."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import KEY, Kind, Listing, Record, Special, Verb, argument, flag, option, optional

_RIG = option("--rig", "rig", Kind.RIG, "only this rig")
_BEADS = ("id", "state", "priority", "title", "assignee", "reason", "updated")
_BEAD = Record(
    (
        "id", "title", "rig", "state", "reason", "priority", "labels", "needs", "assignee", "target", "convoy",
        "branch", "merge_request", "merged_commit", "attempts", "report", "created", "updated",
    ),
    body="body",
)  # fmt: skip
_NO_BEADS = "no beads: gt bead create TITLE --rig RIG"
_BEAD_STATES = ("open", "hooked", "working", "submitted", "merged", "closed")
_CONVOY = Record(("id", "name", "state", "beads", "done", "total", "notify", "created", "landed"))

VERBS = (
    Verb(
        "bead create",
        "make a bead",
        "operations.work.beads:create_bead",
        (
            argument("title"),
            option("--rig", "rig", Kind.RIG, "the rig it belongs to", required=True),
            option("-b --body", "body", Kind.BODY, "what is to be done; - reads standard input"),
            option("--body-file", "body", Kind.FILE, "the same, from a file"),
            option("-p --priority", "priority", Kind.INTEGER, "0 (first) to 4 (last); 2 unless given"),
            option("--needs", "needs", Kind.BEAD, "beads that must be done before", many=True),
            option("-l --label", "labels", help="words of your own", many=True),
            KEY,
        ),
        right=Right.CREATE,
        served=True,
    ),
    Verb(
        "bead list",
        "all beads",
        "operations.work.beads:list_beads",
        (_RIG, option("--state", "state", Kind.CHOICE, "only these", choices=(*_BEAD_STATES, "blocked"))),
        Listing(_BEADS, _NO_BEADS),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "bead show",
        "one bead, whole",
        "operations.work.beads:show_bead",
        (argument("bead", Kind.BEAD),),
        _BEAD,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "bead update",
        "change a bead",
        "operations.work.beads:update_bead",
        (
            argument("bead", Kind.BEAD),
            option("--title", "title"),
            option("-b --body", "body", Kind.BODY),
            option("--body-file", "body", Kind.FILE),
            option("-p --priority", "priority", Kind.INTEGER),
            option("--needs", "needs", Kind.BEAD, "replaces what it needs", many=True),
            option("-l --label", "labels", help="replaces its labels", many=True),
        ),
        right=Right.SLING,
        served=True,
        own="bead",
    ),
    Verb(
        "bead close",
        "close an open bead by hand",
        "operations.work.beads:close_bead",
        (
            argument("bead", Kind.BEAD),
            option("--reason", "reason", Kind.CHOICE, "done unless given", choices=("done", "wontdo")),
        ),
        right=Right.SLING,
        served=True,
        own="bead",
    ),
    Verb(
        "bead reopen",
        "open a closed bead",
        "operations.work.beads:reopen_bead",
        (argument("bead", Kind.BEAD),),
        right=Right.SLING,
        served=True,
        own="bead",
    ),
    Verb(
        "bead ready",
        "open beads that need nothing more, most urgent first",
        "operations.work.beads:list_ready",
        (_RIG,),
        Listing(_BEADS, "nothing is ready: gt bead list"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "sling",
        "put work on a hook and start the worker",
        "operations.work.sling:sling",
        (
            optional("words", help="beads, then perhaps a rig or an agent", many=True, placeholder="[BEAD…] [TARGET]"),
            option("-m --message", "message", help="make the bead too, of these words", placeholder="WORDS"),
            option("--rig", "rig", Kind.RIG, "the target, as a rig"),
            option("--agent", "provider", Kind.PROVIDER, "agent program of the worker"),
            KEY,
        ),
        right=Right.SLING,
    ),
    Verb(
        "unsling",
        "take a bead off its hook",
        "operations.work.sling:unsling",
        (argument("bead", Kind.BEAD),),
        right=Right.SLING,
    ),
    Verb(
        "diff",
        "what an agent or a bead changed so far",
        "operations.hooks.diff:diff",
        (argument("what", help="an agent or a bead"), flag("--stat", "stat", "files and counts only")),
        Special.TEXT,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "convoy create",
        "make a convoy: beads that land together",
        "operations.work.convoys:create_convoy",
        (
            argument("name"),
            optional("beads", Kind.BEAD, many=True),
            option("--notify", "notify", Kind.ADDRESS, "who is told when it lands; you unless given"),
            KEY,
        ),
        right=Right.SLING,
        served=True,
    ),
    Verb(
        "convoy list",
        "all convoys",
        "operations.work.convoys:list_convoys",
        (),
        Listing(("id", "name", "state", "done", "total", "created"), "no convoys: gt convoy create NAME BEAD…"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "convoy show",
        "one convoy",
        "operations.work.convoys:show_convoy",
        (argument("convoy", Kind.CONVOY),),
        _CONVOY,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "convoy status",
        "one convoy",
        "operations.work.convoys:show_convoy",
        (argument("convoy", Kind.CONVOY),),
        _CONVOY,
        hidden=True,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "convoy add",
        "more beads for a convoy",
        "operations.work.convoys:add_beads",
        (argument("convoy", Kind.CONVOY), argument("beads", Kind.BEAD, many=True)),
        right=Right.SLING,
        served=True,
    ),
    Verb(
        "convoy close",
        "close a convoy by hand",
        "operations.work.convoys:close_convoy",
        (argument("convoy", Kind.CONVOY),),
        right=Right.SLING,
        served=True,
    ),
)

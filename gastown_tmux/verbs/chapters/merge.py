"""Verbs for the merge queue and the daemons."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import LIMIT, SEARCH, SINCE, Kind, Listing, Record, Verb, argument, flag, option, optional

_DAEMONS = ("deacon", "witness", "refinery")
_STATES = ("queued", "testing", "publishing", "merged", "held", "gathered", "conflicted", "rejected", "superseded")
_REQUEST = argument("request", Kind.MERGE_REQUEST)
_RIG = option("--rig", "rig", Kind.RIG, "only this rig")
_HEAD = option("--head", "head", placeholder="COMMIT", help="the head that you judged; any other is refused as changed")

VERBS = (
    Verb(
        "mq list",
        "the merge queue, and what became of the rest",
        "operations.merging.views:list_merge_requests",
        (
            _RIG,
            option("--state", "state", Kind.CHOICE, "only these", choices=_STATES),
            option("--assignee", "assignee", Kind.ADDRESS, "only this agent's work"),
            SINCE,
            SEARCH,
            LIMIT,
        ),
        Listing(
            ("id", "state", "position", "bead", "title", "author", "merged_commit", "reason", "updated"),
            "nothing was submitted yet",
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "mq show",
        "one merge request, its commits and the files it changes",
        "operations.merging.queue:show_merge_request",
        (_REQUEST,),
        Record(
            (
                "id",
                "title",
                "bead",
                "rig",
                "author",
                "branch",
                "head",
                "base",
                "target",
                "state",
                "position",
                "priority",
                "attempts",
                "retries",
                "overtaken",
                "reason",
                "candidate",
                "tested_in",
                "merged_commit",
                "log",
                "created",
                "updated",
            ),
            "changes",
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "mq submit",
        "submit a bead's branch for its worker",
        "operations.merging.queue:submit",
        (optional("bead", Kind.BEAD, "your own unless given"),),
        right=Right.SLING,
        own="bead",
    ),
    Verb(
        "mq approve",
        "let a held merge request land",
        "operations.merging.queue:approve",
        (_REQUEST, _HEAD),
        right=Right.DECIDE,
        served=True,
    ),
    Verb(
        "mq retry",
        "try a merge request again now",
        "operations.merging.queue:retry",
        (_REQUEST,),
        right=Right.SLING,
        served=True,
        own="request",
    ),
    Verb(
        "mq reject",
        "send a merge request back to its author",
        "operations.merging.queue:reject",
        (_REQUEST, option("-m --message", "message", help="why"), _HEAD),
        right=Right.DECIDE,
        served=True,
    ),
    Verb(
        "mq pause",
        "land nothing for a while; submitting goes on",
        "operations.merging.queue_state:pause_queue",
        (_RIG, option("-m --message", "message", help="why")),
        right=Right.CONFIGURE,
        served=True,
    ),
    Verb(
        "mq resume",
        "land again what is queued",
        "operations.merging.queue_state:resume_queue",
        (_RIG,),
        right=Right.CONFIGURE,
        served=True,
    ),
    Verb(
        "refinery run",
        "land what is queued for a rig",
        "operations.merging.landing:run_refinery",
        (
            option("--rig", "rig", Kind.RIG, "the rig; each unless given"),
            flag("--once", "once", "one merge request only"),
        ),
        right=Right.DECIDE,
    ),
    Verb(
        "refinery status",
        "what the refineries do",
        "operations.merging.views:refineries",
        (),
        Listing(
            ("rig", "running", "queue", "queued", "held", "target", "reason"), "no rigs yet: gt rig add NAME URL|PATH"
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "daemon run",
        "be a daemon, in the foreground",
        "daemons.run:run",
        (
            argument("name", Kind.CHOICE, choices=_DAEMONS),
            flag("--standby", "standby", "once the town is meant to be up and has none"),
        ),
        hidden=True,
        right=Right.DECIDE,
    ),
    Verb(
        "daemon revive",
        "start the daemons if the town is meant to be up",
        "operations.sessions.daemons:revive",
        hidden=True,
        right=Right.DECIDE,
    ),
    Verb(
        "daemon start",
        "start the daemons",
        "operations.sessions.daemon_control:start",
        (optional("names", Kind.CHOICE, many=True, choices=_DAEMONS),),
        right=Right.CONFIGURE,
    ),
    Verb(
        "daemon stop",
        "stop the daemons",
        "operations.sessions.daemon_control:stop",
        (optional("names", Kind.CHOICE, many=True, choices=_DAEMONS),),
        right=Right.CONFIGURE,
    ),
    Verb(
        "daemon status",
        "which daemons run",
        "operations.sessions.daemon_control:status",
        (optional("names", Kind.CHOICE, many=True, choices=_DAEMONS),),
        Listing(("name", "alive", "pid", "since"), "none"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "service install",
        "have systemd bring the town back after logout and boot",
        "operations.sessions.service:install",
        right=Right.CONFIGURE,
    ),
    Verb("service remove", "remove the systemd units", "operations.sessions.service:remove", right=Right.CONFIGURE),
    Verb(
        "service status",
        "the town's systemd units",
        "operations.sessions.service:status",
        (),
        Listing(("name", "exists", "enabled", "active", "path"), "no units"),
        right=Right.READ,
    ),
)

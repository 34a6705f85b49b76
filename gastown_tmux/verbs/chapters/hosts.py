"""Verbs for other machines."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Listing, Record, Verb, argument, flag, option, optional

_HOST = argument("host", Kind.HOST)
_SHOWN = Record(
    (
        "name", "state", "trouble", "since", "last_heard", "version", "town", "gt", "prefix", "agents", "beads",
        "capacity", "providers", "allowed", "labels", "clock", "restored",
    )
)  # fmt: skip

_RIG_OF_HOME = Record(("rig", "ready", "pushed_to", "repository", "target"))
_ERRAND = Record(("delegation", "theirs", "bead", "state", "reason", "worker", "branch", "head"))

VERBS = (
    Verb(
        "host add",
        "a machine that beads are given to: what ssh takes, or -- and words that run a command there",
        "operations.workforce.hosts:add_host",
        (
            argument("name", help="what you call it"),
            argument(
                "prefix", many=True, help="user@box, or -- docker exec -i box", placeholder="SSH-TARGET|-- PREFIX…"
            ),
            flag("--yes", "yes", "put this gt there where there is none, without asking"),
            option(
                "--capacity", "capacity", Kind.INTEGER, "beads it may have at once; as many as it takes, unless given"
            ),
            option("-l --label", "labels", help="what a rig's hosts.allowed may name it by", many=True),
            option("--path", "path", help="the town there, or where one is made; ~/gt unless given"),
        ),
        right=Right.DECIDE,
    ),
    Verb(
        "host list",
        "all hosts, as they were heard last",
        "operations.workforce.hosts:list_hosts",
        (),
        Listing(
            ("name", "state", "version", "beads", "agents", "capacity", "labels", "last_heard", "trouble"),
            "no hosts: gt host add NAME user@box",
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "host show",
        "one host, whole",
        "operations.workforce.hosts:show_host",
        (_HOST,),
        _SHOWN,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "host check",
        "ask it now whether it answers and fits",
        "operations.workforce.hosts:check_host",
        (_HOST, flag("--yes", "yes", "put this gt there where its own is too old")),
        right=Right.DECIDE,
    ),
    Verb(
        "host set",
        "change what it may have, what it is called by, or the way there",
        "operations.workforce.hosts:set_host",
        (
            _HOST,
            optional(
                "prefix",
                many=True,
                help="another way to the same town",
                placeholder="SSH-TARGET|-- PREFIX…",
            ),
            option("--capacity", "capacity", Kind.INTEGER, "beads it may have at once; 0: as many as it takes"),
            option("-l --label", "labels", help="what a rig's hosts.allowed may name it by; '' for none", many=True),
            option(
                "--provider",
                "providers",
                many=True,
                help="agent programs it may have work for, first the one where a bead names none; '' for all",
            ),
        ),
        right=Right.DECIDE,
    ),
    Verb(
        "host park",
        "give it nothing more; what it has goes on",
        "operations.workforce.hosts:park_host",
        (_HOST,),
        right=Right.CONFIGURE,
        served=True,
    ),
    Verb(
        "host unpark",
        "give it work again",
        "operations.workforce.hosts:unpark_host",
        (_HOST,),
        right=Right.CONFIGURE,
        served=True,
    ),
    Verb(
        "host remove",
        "forget it; the town there stays as it is",
        "operations.workforce.hosts:remove_host",
        (_HOST,),
        right=Right.DECIDE,
        served=True,
    ),
    Verb(
        "host self",
        "what this town says of itself to another that gives it beads",
        "operations.workforce.own_facts:describe_self",
        (flag("--up", "up", "bring it up first", right=Right.DECIDE),),
        Record(("version", "protocol", "path", "agents", "places", "providers")),
        hidden=True,
        right=Right.READ,
    ),
    *(
        Verb(
            f"errand {word}",
            summary,
            f"operations.merging.errands:{operation}",
            (argument("asked", Kind.FILE, "JSON, - for standard input"),),
            show,
            hidden=True,
            right=Right.DECIDE,
            served=True,
        )
        for word, summary, operation, show in (
            ("rig", "make a rig for the beads of another town", "prepare_rig", _RIG_OF_HOME),
            ("take", "make a bead of another town, and start it", "take", _ERRAND),
            ("list", "how the beads of another town are", "list_errands", Listing(("theirs", "bead", "state"), "none")),
            ("answer", "what became of a bead of another town there", "answer", _ERRAND),
        )
    ),
)

"""Verbs for agents in their windows, and for what is said of their work."""

from gastown_tmux.verbs.table import KEY, Kind, Listing, Record, Special, Verb, argument, flag, option, optional

_ESCALATION = Record(
    ("id", "severity", "state", "level", "deadline", "bead", "agent", "created", "updated"), body="text"
)

_SEQ = optional("seq", Kind.INTEGER, "its number; the newest complete one unless given")

VERBS = (
    Verb(
        "prime",
        "who you are, your work, your mail, what to do next",
        "operations.work.prime:prime",
        (flag("--inject", "inject", "as text for an agent's turn"),),
        Special.PRIME,
    ),
    Verb("hook", "what is on my hook", "operations.work.prime:hook"),
    Verb(
        "done",
        "submit the branch of the bead on your hook",
        "operations.work.worker:done",
        (
            option("--report", "report", Kind.FILE, "close it with this text instead: a file, or -"),
            option("--defer", "defer", help="give it back for later, with the reason"),
            option("--escalate", "escalate", help="give it back and ask for help, with the reason"),
        ),
    ),
    Verb(
        "escalate list",
        "what was escalated",
        "operations.escalation.escalations:list_escalations",
        (),
        Listing(("id", "severity", "state", "level", "bead", "text", "created"), "nothing was escalated"),
    ),
    Verb(
        "escalate show",
        "one escalation",
        "operations.escalation.escalations:show_escalation",
        (argument("escalation", Kind.ESCALATION),),
        _ESCALATION,
    ),
    Verb(
        "escalate ack",
        "say that you are looking after it",
        "operations.escalation.escalations:acknowledge",
        (argument("escalation", Kind.ESCALATION),),
    ),
    Verb(
        "escalate resolve",
        "mark it as resolved",
        "operations.escalation.escalations:resolve",
        (argument("escalation", Kind.ESCALATION),),
    ),
    Verb(
        "escalate",
        "ask the mayor, then the human",
        "operations.escalation.escalations:escalate",
        (
            argument("text"),
            option(
                "-s --severity",
                "severity",
                Kind.CHOICE,
                "medium unless given",
                choices=("low", "medium", "high", "critical"),
            ),
            option("--bead", "bead", Kind.BEAD, "what it is about"),
            KEY,
        ),
    ),
    Verb(
        "signal", "what a provider's own hooks call", "operations.work.prime:signal", (argument("event"),), hidden=True
    ),
    Verb(
        "attach",
        "go to an agent's window",
        "operations.windows.attach:attach",
        (optional("agent", Kind.ADDRESS, "the mayor unless given"), flag("--read-only", "read_only", "look only")),
        Special.TEXT,
        terminal=True,
    ),
    Verb(
        "jump",
        "what the town's keys call",
        "operations.windows.attach:jump",
        (argument("where", Kind.CHOICE, choices=("home", "next", "previous")), argument("client")),
        hidden=True,
    ),
    Verb("detach", "leave the town's windows", "operations.windows.attach:detach"),
    Verb(
        "stop",
        "stop an agent; its work stays",
        "operations.supervision.stopping:stop_agent",
        (argument("agent", Kind.AGENT),),
        emergency=True,
    ),
    Verb(
        "respawn",
        "restart an agent, with what was on its hook",
        "operations.workforce.workers:respawn_agent",
        (argument("agent", Kind.AGENT), flag("--fresh", "fresh", "with a new conversation")),
    ),
    Verb(
        "handoff",
        "restart your own session fresh, with a note to yourself",
        "operations.workforce.workers:handoff",
        (option("-m --message", "message", Kind.BODY, "the note"),),
    ),
    Verb(
        "pause",
        "let an agent stand still: nothing runs, nothing is typed",
        "operations.supervision.pausing:pause",
        (argument("agent", Kind.AGENT),),
        emergency=True,
    ),
    Verb(
        "resume", "let a paused agent go on", "operations.supervision.pausing:resume", (argument("agent", Kind.AGENT),)
    ),
    Verb(
        "estop",
        "freeze every agent at once; nothing starts",
        "operations.supervision.pausing:estop",
        (option("--rig", "rig", help="only this rig's"),),
        emergency=True,
    ),
    Verb(
        "thaw",
        "let go on what estop froze",
        "operations.supervision.pausing:thaw",
        (option("--rig", "rig", help="only this rig's"),),
        emergency=True,
    ),
    Verb(
        "peek",
        "an agent's screen",
        "operations.windows.attach:peek",
        (
            argument("agent", Kind.ADDRESS),
            option("-n --lines", "lines", Kind.INTEGER, "that many lines of history"),
            flag("--ansi", "ansi", "with colours"),
            flag("-f --follow", "follow", "go on printing what comes"),
            option(
                "--save-sample",
                "save_sample",
                Kind.CHOICE,
                "file it as an example of this state, for a test",
                choices=("ready", "working", "idle", "waiting", "limited", "error"),
            ),
        ),
        Special.TEXT,
    ),
    Verb(
        "mirror",
        "an agent's screen as it is, in this window",
        "operations.windows.mirror:mirror",
        (argument("agent", Kind.ADDRESS),),
        Special.SCREENS,
        hidden=True,
        terminal=True,
    ),
    Verb(
        "log",
        "an agent's past, or a daemon's log",
        "operations.windows.attach:log",
        (
            argument("who", help="an agent, deacon, witness, refinery, or errors"),
            option("-n --lines", "lines", Kind.INTEGER, "that many, 200 unless given"),
        ),
        Special.TEXT,
    ),
    Verb(
        "costs",
        "tokens used, as the agents' programs count them",
        "operations.supervision.costs:costs",
        (
            option(
                "--by",
                "by",
                Kind.CHOICE,
                "by agent unless given",
                choices=("agent", "bead", "convoy", "rig", "provider", "day"),
            ),
        ),
        Listing(("name", "input", "output", "cached", "total"), "nothing was used yet that a program told of"),
    ),
    Verb(
        "events",
        "what happened",
        "operations.town.events:events",
        (
            flag("-f --follow", "follow", "go on printing them"),
            option("--since", "since", help="a time, or an age such as 2h"),
            option("--type", "type", Kind.EVENT, "only these, such as bead or bead.merged"),
        ),
        Special.LINES,
    ),
    Verb(
        "snapshot list",
        "the saved moments of an agent's hook",
        "operations.hooks.snapshots:list_snapshots",
        (argument("agent", Kind.AGENT),),
        Listing(("seq", "time", "why", "files", "commit", "left_out"), "nothing was saved yet: gt snapshot now AGENT"),
    ),
    Verb(
        "snapshot show",
        "one saved moment, and what it adds to the commit it stands on",
        "operations.hooks.snapshots:show",
        (argument("agent", Kind.AGENT), _SEQ),
        Record(
            (
                "agent",
                "seq",
                "time",
                "why",
                "ref",
                "commit",
                "branch",
                "head",
                "operation",
                "bead",
                "files",
                "nested",
                "left_out",
            ),
            body="patch",
        ),
    ),
    Verb(
        "snapshot diff",
        "what changed in the worktree since a saved moment",
        "operations.hooks.snapshots:diff",
        (argument("agent", Kind.AGENT), _SEQ),
        Special.TEXT,
    ),
    Verb("snapshot now", "save an agent's hook", "operations.hooks.snapshots:take", (argument("agent", Kind.AGENT),)),
    Verb(
        "snapshot restore",
        "put a saved moment back, after saving what is there",
        "operations.hooks.snapshots:restore",
        (argument("agent", Kind.AGENT), _SEQ),
    ),
)

"""Verbs for the town itself, its rigs and its workers."""

from gastown_tmux.verbs.table import (
    AGENT_COLUMNS,
    Kind,
    Listing,
    Record,
    Special,
    Verb,
    argument,
    flag,
    option,
    optional,
)

AGENT = Record(
    (
        "address", "role", "rig", "provider", "state", "health", "bead", "branch", "window", "pane", "pid", "session",
        "since", "restarts", "reason",
    )
)  # fmt: skip
_NAME = argument("name")
_NAME_OR_ADDRESS = argument("name", help="with --rig, or RIG/NAME")
_RIG_OF = option("--rig", "rig", Kind.RIG, "the rig")
_RIG = option("--rig", "rig", Kind.RIG, "where NAME is looked for")
_CREW = argument("agent", Kind.CREW)
_POLECAT = argument("agent", Kind.POLECAT)
_RIG_ARGUMENT = argument("rig", Kind.RIG)

VERBS = (
    Verb(
        "install",
        "make a town",
        "operations.town.install:install",
        (
            optional("path", Kind.PATH, "--town, $GT_TOWN or ~/gt unless given"),
            option("--name", "name", help="the folder's unless given"),
        ),
        town=False,
    ),
    Verb(
        "up",
        "start everything that should run",
        "operations.supervision.up:up",
        (option("--layout", "layout", Kind.LAYOUT, "open these views too"),),
    ),
    Verb(
        "down",
        "stop the mayor and the daemons; agents stay in their windows",
        "operations.supervision.stopping:down",
        (flag("--agents", "agents", "stop every agent and the tmux server too"),),
        emergency=True,
    ),
    Verb(
        "status",
        "the town at a glance",
        "operations.supervision.status:status",
        (option("--explain", "agent", Kind.AGENT, "why this agent's health is what it is"),),
        Special.STATUS,
    ),
    Verb(
        "agents",
        "all agents",
        "operations.supervision.views:list_agents",
        (option("--rig", "rig", Kind.RIG, "only this rig"),),
        Listing(AGENT_COLUMNS, "no agents yet: gt sling BEAD makes one"),
    ),
    Verb(
        "doctor",
        "look for what is wrong",
        "operations.maintenance.doctor:examine",
        (flag("--fix", "fix", "mend what can be mended without losing anything"),),
        Listing(("level", "what", "cause", "hint", "fixed"), "everything is well"),
        anywhere=True,
    ),
    Verb(
        "completion",
        'completion for a shell: eval "$(gt completion bash)"',
        "verbs.completion:script",
        (argument("shell", Kind.CHOICE, choices=("bash", "zsh", "fish")),),
        Special.TEXT,
        town=False,
    ),
    Verb(
        "demo",
        "the whole job in a throw-away town",
        "operations.maintenance.demo:demo",
        (
            optional("repository", Kind.PATH, "a repository of yours; it is copied, never pushed to"),
            flag("--keep", "keep", "leave the town running to look around in"),
        ),
        town=False,
    ),
    Verb(
        "rig add",
        "a repository to work on",
        "operations.workforce.rigs:add_rig",
        (
            _NAME,
            argument("source", help="a URL, or a path"),
            option("--branch", "branch", help="where work lands; the default branch unless given"),
            option("--prefix", "prefix", help="two to four letters that begin its bead ids"),
        ),
    ),
    Verb(
        "rig list",
        "all rigs",
        "operations.workforce.rigs:list_rigs",
        (),
        Listing(("name", "prefix", "target", "remote", "parked", "problem"), "no rigs yet: gt rig add NAME URL|PATH"),
    ),
    Verb(
        "rig show",
        "one rig",
        "operations.workforce.rigs:show_rig",
        (_RIG_ARGUMENT,),
        Record(
            (
                "name",
                "prefix",
                "source",
                "remote",
                "remote_kind",
                "target",
                "problem",
                "email",
                "parked",
                "created",
                "rewritten",
            )
        ),
    ),
    Verb(
        "rig set",
        "change where a rig's work lands: what waits goes along",
        "operations.workforce.retargeting:set_rig",
        (_RIG_ARGUMENT, option("--branch", "branch", help="a branch that the remote has")),
    ),
    Verb(
        "rig remove",
        "take a rig out of the town; its work is kept in the trash",
        "operations.workforce.rigs:remove_rig",
        (_RIG_ARGUMENT, flag("--force", "force", "although work is under way")),
    ),
    Verb("rig park", "start no agents of a rig", "operations.workforce.rigs:park_rig", (_RIG_ARGUMENT,)),
    Verb("rig unpark", "start agents of a rig again", "operations.workforce.rigs:unpark_rig", (_RIG_ARGUMENT,)),
    Verb(
        "crew add",
        "a long-lived workspace of a person's; starts nothing",
        "operations.workforce.workers:add_crew",
        (
            _NAME_OR_ADDRESS,
            _RIG_OF,
            option("--branch", "branch", help="what crew/NAME is cut from"),
            option("--agent", "provider", Kind.PROVIDER, "its agent program"),
        ),
    ),
    Verb(
        "crew list",
        "all crew",
        "operations.workforce.workers:list_crew",
        (_RIG,),
        Listing(AGENT_COLUMNS, "no crew yet: gt crew add NAME --rig RIG"),
    ),
    Verb("crew start", "start a crew member's agent", "operations.workforce.workers:start_agent", (_CREW, _RIG)),
    Verb(
        "crew stop",
        "stop a crew member's agent",
        "operations.supervision.stopping:stop_agent",
        (_CREW, _RIG),
        emergency=True,
    ),
    Verb(
        "crew at",
        "attach to a crew member's window",
        "operations.windows.attach:attach",
        (_CREW, _RIG),
        Special.TEXT,
        terminal=True,
    ),
    Verb(
        "crew remove",
        "remove a crew member; the work is saved before",
        "operations.workforce.workers:remove_agent",
        (_CREW, _RIG),
    ),
    Verb(
        "polecat add",
        "a worker with a lasting name",
        "operations.workforce.workers:add_polecat",
        (_NAME_OR_ADDRESS, _RIG_OF, option("--agent", "provider", Kind.PROVIDER, "its agent program")),
    ),
    Verb(
        "polecat list",
        "all polecats",
        "operations.workforce.workers:list_polecats",
        (_RIG,),
        Listing(AGENT_COLUMNS, "no polecats yet: gt sling makes them"),
    ),
    Verb("polecat show", "one polecat", "operations.supervision.views:show_agent", (_POLECAT, _RIG), AGENT),
    Verb(
        "polecat remove",
        "remove a polecat; the work is saved before",
        "operations.workforce.workers:remove_agent",
        (_POLECAT, _RIG),
    ),
    Verb(
        "config show",
        "every value, and the layer it came from",
        "operations.town.configuration:show",
        (optional("key", Kind.SETTING), option("--rig", "rig", Kind.RIG, "as this rig sees it")),
        Listing(("key", "value", "layer"), "nothing is set"),
    ),
    Verb(
        "config get",
        "one value",
        "operations.town.configuration:get",
        (argument("key", Kind.SETTING), option("--rig", "rig", Kind.RIG, "as this rig sees it")),
    ),
    Verb(
        "config set",
        "set a value",
        "operations.town.configuration:set_key",
        (
            argument("key", Kind.SETTING),
            argument("value", Kind.YAML, "as YAML"),
            flag("--user", "user", "for you, in every town"),
            flag("--town", "town_layer", "for this town (the default)"),
            option("--rig", "rig", Kind.RIG, "for one rig"),
        ),
    ),
    Verb(
        "config unset",
        "remove a value",
        "operations.town.configuration:unset_key",
        (
            argument("key", Kind.SETTING),
            flag("--user", "user", "for you, in every town"),
            flag("--town", "town_layer", "for this town (the default)"),
            option("--rig", "rig", Kind.RIG, "for one rig"),
        ),
    ),
    Verb(
        "config path",
        "the files that are read",
        "operations.town.configuration:paths",
        (option("--rig", "rig", Kind.RIG, "with this rig's"),),
        Listing(("layer", "path", "exists"), "no files"),
    ),
    Verb(
        "config agent list",
        "agent programs that can be started",
        "operations.town.configuration:list_providers",
        (),
        Listing(("name", "found", "command", "verified"), "none"),
    ),
    Verb(
        "config agent show",
        "one agent program",
        "operations.town.configuration:show_provider",
        (argument("name", Kind.PROVIDER),),
        Record(("name", "preset", "command", "args", "env", "verified")),
    ),
    Verb(
        "config agent check",
        "try an agent program in a town that is thrown away, step by step",
        "operations.maintenance.provider_check:check",
        (argument("name", Kind.PROVIDER),),
        Special.LINES,
    ),
    Verb(
        "config agent set",
        "add an agent program of your own",
        "operations.town.configuration:set_provider",
        (argument("name"), argument("command", many=True, rest=True)),
    ),
    Verb(
        "config agent remove",
        "remove an agent program of your own",
        "operations.town.configuration:remove_provider",
        (argument("name"),),
    ),
    Verb(
        "config default-agent",
        "show or set the agent program of new agents",
        "operations.town.configuration:default_provider",
        (optional("name", Kind.PROVIDER),),
    ),
)

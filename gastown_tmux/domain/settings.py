"""Every configuration key: its name, what it may be, its default, and what it is for."""

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.budgets import parse_budget_of_use
from gastown_tmux.domain.setting_values import (
    Parse,
    one_of,
    parse_approval_rules,
    parse_boolean,
    parse_budget,
    parse_count,
    parse_counts,
    parse_duration,
    parse_forge_repository,
    parse_gates,
    parse_hours,
    parse_interval,
    parse_load,
    parse_number,
    parse_port,
    parse_provider,
    parse_secret,
    parse_size,
    parse_text,
    parse_texts,
)
from gastown_tmux.domain.spending import parse_price
from gastown_tmux.errors import UsageError


@dataclass(frozen=True, slots=True)
class Key:
    """``default`` is in the form a file would hold; ``<name>`` in ``name`` stands for any one word.

    ``in_rig`` is the default as a rig sees it, where that is another. ``in_files``: it counts only in the files that
    the overseer writes, for anybody who starts a command may give it flags and an environment.
    """

    name: str
    parse: Parse
    default: object
    summary: str
    in_rig: object = None
    in_files: bool = False


#: Events that a person is told of while they work, unless ``ui.events`` says otherwise.
NEWS = (
    "bead.merged", "bead.reported", "bead.returned", "merge.held", "merge.rejected", "merge.conflicted",
    "convoy.landed", "escalation.raised", "agent.changed", "session.changed",
)  # fmt: skip

KEYS = (
    Key("provider.default", parse_text, None, "agent program of new agents; unset: the first one found"),
    Key("providers.<name>", parse_provider, None, "a user's own agent program, or changes to a preset"),
    Key("merge.strategy", one_of("squash", "merge"), "squash", "how a branch becomes a commit on the target"),
    Key("merge.gates", parse_gates, [], "commands that must pass before anything is published"),
    Key(
        "merge.publish",
        one_of("push", "local", "request", "home"),
        "push",
        "push to the remote, keep the target in repo.git, or open pull requests; home: the town that gave the work",
    ),
    Key("merge.request.auto", parse_boolean, False, "have the forge merge a pull request when it may", in_files=True),
    Key("merge.request.rounds", parse_count, 5, "how often a pull request goes back to its author before a person"),
    Key("merge.request.repository", parse_forge_repository, None, "its name on the forge; unset: as the remote says"),
    Key(
        "merge.request.token",
        parse_secret,
        None,
        "env:NAME or file:PATH of a token for the forge; unset: gh's own login; counts in files only",
        in_files=True,
    ),
    Key("hosts.allowed", parse_texts, [], "hosts, by name or label or *, that get the rig's beads while home is full"),
    Key("merge.batch", parse_count, 8, "how many merge requests are tested together at most; 1: each by itself"),
    Key("merge.retries", parse_number, 0, "how often a gate that failed is run again on the same tree"),
    Key("merge.radar", parse_boolean, True, "tell authors while they work that their branches will conflict"),
    Key(
        "merge.keep",
        parse_texts,
        [],
        "patterns, as in a .gitignore, of what stays in the worktree of the gates from one tree to the next",
    ),
    Key(
        "merge.review",
        parse_boolean,
        False,
        "hold merge requests for 'gt mq approve'; counts in files only",
        in_files=True,
    ),
    Key("worktree.copy", parse_texts, [], "unversioned files copied from the source checkout into new worktrees"),
    Key("worktree.setup", parse_texts, [], "commands run in a worktree before its agent starts"),
    Key("worktree.timeout", parse_interval, "10m", "time limit of each setup command"),
    Key(
        "logs.size", parse_size, "2M", "how long a log of a command or daemon gets: its beginning and its end are kept"
    ),
    Key("limits.agents", parse_count, 30, "agents at once: in a rig, and in the town", in_rig=8),
    Key("limits.providers", parse_counts, {}, "agents at once of an agent program: {claude: 4}; unset: any"),
    Key("limits.memory", parse_size, "256M", "memory that must be free before an agent is started"),
    Key("limits.load", parse_load, None, "load a core above which no agent is started; unset: no such gate"),
    Key("budget.bead", parse_budget_of_use, None, "what one bead may use: tokens (in and out) such as 2M, or '5 USD'"),
    Key("budget.agent", parse_budget_of_use, None, "what one agent may use in a day, then it is paused; unset: any"),
    Key("budget.convoy", parse_budget_of_use, None, "what all beads of one convoy may use; unset: any"),
    Key("budget.day", parse_budget_of_use, None, "what all agents may use in a day (UTC), then all are paused"),
    Key("budget.town", parse_budget_of_use, None, "what all agents may ever use, then all are paused; unset: any"),
    Key("budget.hard", parse_boolean, False, "interrupt the turn that uses a budget up; else it goes to its end"),
    Key("prices.shipped", parse_boolean, True, "price models that no key of yours prices by their makers' lists"),
    Key("prices.<model>", parse_price, None, "what a model costs: {input, output, cached: USD a million tokens, date}"),
    Key("disk.budget", parse_size, None, "room on disk that the town may take before no agent is started; unset: any"),
    Key("mail.rescan", parse_interval, "1s", "how often every mailbox is looked at without any event"),
    Key("snapshot.every", parse_interval, "5m", "how often the work of a running agent is saved"),
    Key("snapshot.file", parse_size, "10M", "the largest unsaved file that a snapshot takes in"),
    Key("snapshot.total", parse_size, "200M", "how much of unsaved files a snapshot takes in at most"),
    Key("snapshot.remote", parse_text, None, "a repository that snapshots are pushed to as a backup"),
    Key("escalation.low", parse_interval, "24h", "how long mayor and human each have before the next is asked"),
    Key("escalation.medium", parse_interval, "4h", "the same, by severity"),
    Key("escalation.high", parse_interval, "1h", "the same, by severity"),
    Key("escalation.critical", parse_interval, "10m", "the same, by severity"),
    Key("respawn.budget", parse_budget, "10 per 10m", "starts after a death before an agent counts as failed"),
    Key(
        "approvals.rules",
        parse_approval_rules,
        [],
        "dialogs of agents that are answered without a person, in order; counts in files only",
        in_files=True,
    ),
    Key("ssh.config", parse_text, None, "the file that 'gt --host' has ssh read instead of your own"),
    Key("server", parse_boolean, True, "answer short verbs by a process that has imported all they need"),
    Key(
        "notify.services",
        parse_texts,
        [],
        "where you are called besides your terminals: URLs of apprise (ntfy://, mailto://, dbus://, ...); 'env:NAME' or"
        " 'file:PATH' (a URL a line, readable by you alone) where they hold a secret",
    ),
    Key("notify.threshold", one_of("low", "normal", "high"), "normal", "what is less urgent calls nobody"),
    Key(
        "notify.quiet", parse_hours, None, "hours in which nobody is called, such as 22:00-07:00; it is done after them"
    ),
    Key("notify.bell", parse_boolean, True, "ring the bell of attached terminals, and have them show a notification"),
    Key("dashboard.port", parse_port, 7433, "where gt dashboard listens, on this machine alone; 0: any free port"),
    Key("dashboard.hosts", parse_texts, [], "names under which a tunnel of yours shows the dashboard"),
    Key("ui.keys", one_of("emacs", "vi"), "emacs", "how lines are edited in the REPL"),
    Key("ui.notify", parse_text, None, "a command for each new mail to the overseer; it gets $GT_MAIL_LINE"),
    Key("ui.events", parse_texts, list(NEWS), "types of events that the REPL prints as they come"),
    Key("respawn.delay", parse_duration, "0.1s", "wait before the first start after a death; doubles to 60s"),
)
_BY_NAME = {key.name: key for key in KEYS}
_FAMILIES = {key.name.partition(".")[0]: key for key in KEYS if "<" in key.name}


def find_key(name: str) -> Key:
    """Raises UsageError that names the nearest key."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    family, _, rest = name.partition(".")
    # A model may have dots in its name.
    if rest and (family == "prices" or (family == "providers" and "." not in rest)):
        return _FAMILIES[family]
    import difflib  # where nothing is found

    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    raise UsageError(
        f"unknown configuration key {name!r}",
        hint=f"did you mean {near[0]}?" if near else "gt config show lists them all",
    )


def check_value(name: str, value: object, where: str) -> object:
    """The value as code uses it. Raises UsageError that names the key and the place it was read from."""
    key = find_key(name)
    try:
        return key.parse(value)
    except ValueError as error:
        # Somebody may have written the secret itself.
        given = "" if key.parse is parse_secret else f", not {value!r:.100}"
        raise UsageError(f"{where}: {name} must be {error}{given}") from None

"""Verbs for the window a person runs the town from."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Record, Special, Verb, flag, option

_AGENT = (option("--agent", "provider", Kind.PROVIDER, "agent program beside the REPL"),)

VERBS = (
    Verb(
        "mayor start",
        "open the mayor's window, and start its agent program",
        "operations.windows.mayor:start",
        _AGENT,
        right=Right.DECIDE,
    ),
    Verb(
        "mayor attach",
        "go to the mayor's window",
        "operations.windows.attach:attach",
        (flag("--read-only", "read_only", "look only"),),
        Special.TEXT,
        terminal=True,
        right=Right.DECIDE,
    ),
    Verb("mayor detach", "leave the town's windows", "operations.windows.attach:detach", right=Right.DECIDE),
    Verb(
        "mayor stop",
        "end its agent program, and close the mayor's window",
        "operations.windows.mayor:stop",
        emergency=True,
        right=Right.DECIDE,
    ),
    Verb("mayor restart", "restart both", "operations.windows.mayor:restart", _AGENT, right=Right.DECIDE),
    Verb(
        "mayor status",
        "whether the mayor runs, and with which agent program",
        "operations.windows.mayor:status",
        (),
        Record(("state", "window", "pane", "clients", "provider")),
        right=Right.READ,
        served=True,
    ),
)

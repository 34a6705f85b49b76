"""The sign of each state, and the groups in which agents are counted: the same in tables, prompts and status lines."""

from collections import Counter

SIGNS = {
    "working": "●", "idle": "○", "ready": "○", "starting": "◌", "waiting": "▲", "dead": "✗", "failed": "✗",
    "stalled": "✗", "backoff": "◌", "limited": "◌", "paused": "‖", "off": "·", "open": "○", "hooked": "◌",
    "away": "◌", "submitted": "◑", "merged": "✓", "closed": "·", "queued": "○", "testing": "◑", "publishing": "◕",
    "held": "▲", "gathered": "◕", "proposed": "◕",
    "conflicted": "✗", "rejected": "✗", "superseded": "·", "landed": "✓", "blocked": "·", "done": "✓", "skipped": "»",
    "running": "●", "cancelled": "·",
}  # fmt: skip

#: A group by the state that names it, whose sign it has. Agents that need not run are in none.
_GROUPS = {
    "working": ("working",),
    "idle": ("idle", "ready", "starting"),
    "waiting": ("waiting",),
    "limited": ("limited",),
    "paused": ("paused",),
    "dead": ("dead", "failed", "backoff"),
}


def count_groups(states: Counter[str]) -> dict[str, int]:
    """How many agents are in each group, the empty ones included.

    >>> count_groups(Counter(ready=1, idle=1, failed=1, off=3))
    {'working': 0, 'idle': 2, 'waiting': 0, 'limited': 0, 'paused': 0, 'dead': 1}
    """
    return {group: sum(states[state] for state in among) for group, among in _GROUPS.items()}

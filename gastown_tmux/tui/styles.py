"""What the words of states look like, in the terminal's own colours: never by colour alone, for signs stand beside."""

from rich.style import Style

from gastown_tmux.faces.patches import Part

PLAIN = Style()
DIM = Style(dim=True)
BOLD = Style(bold=True)
CHOSEN = Style(reverse=True)
ALARM = Style(color="yellow", bold=True)
BAD = Style(color="red", bold=True)

_COLOURS = {
    "working": "green", "merged": "green", "landed": "green", "done": "green", "waiting": "yellow", "held": "yellow",
    "testing": "yellow", "publishing": "yellow", "limited": "yellow", "backoff": "yellow", "paused": "yellow",
    "conflicted": "red", "rejected": "red", "dead": "red", "failed": "red", "stalled": "red", "submitted": "magenta",
    "open": "cyan", "ready": "cyan", "idle": "cyan", "queued": "cyan", "running": "green",
}  # fmt: skip
STATES = {state: Style(color=colour, bold=colour == "red") for state, colour in _COLOURS.items()}
PARTS = {
    Part.FILE: BOLD,
    Part.HUNK: Style(color="cyan"),
    Part.ADDED: Style(color="green"),
    Part.REMOVED: Style(color="red"),
    Part.SAME: PLAIN,
    Part.HEAD: DIM,
}

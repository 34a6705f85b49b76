"""What is on a hook, in words. Nothing is imported: the hot verb says it too."""


def describe(state: dict) -> str:  # type: ignore[type-arg]
    """Of what ``state.json`` holds: the bead, its branch, what it came back for and what is to be done."""
    bead = state["bead"]
    if bead is None:
        return "nothing is on your hook"
    lines = [f"{bead['id']}  {bead['title']}", f"branch {state['branch']}"]
    if bead["reason"]:
        lines.append(f"came back: {bead['reason']}")
    if bead["body"]:
        lines += ["", bead["body"].rstrip()]
    return "\n".join(lines)

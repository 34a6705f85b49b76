"""What lies on a hook, in words. Imports nothing: a hot verb says it too."""


def describe(state: dict[str, object]) -> str:
    """``state`` as ``state.json`` has it. Raises KeyError, TypeError where it is something else."""
    bead = state["bead"]
    if not isinstance(bead, dict):
        return "nothing is on your hook"
    lines = [f"{bead['id']}  {bead['title']}", f"branch {state['branch']}"]
    lines += [f"came back: {bead['reason']}"] if bead["reason"] else []
    lines += ["", bead["body"].rstrip()] if bead["body"] else []
    return "\n".join(lines)

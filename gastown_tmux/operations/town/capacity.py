"""Whether machine and budgets have room for one more agent: asked before every start, told where nothing starts."""

from gastown_tmux.edges.processes import machine_load
from gastown_tmux.operations.town import budgets, disk
from gastown_tmux.operations.town.town import Town


def refusal(town: Town) -> str | None:
    """Why nothing is started now, in words with the figures; None where there is room."""
    spent = budgets.refusal(town)
    if spent is not None:
        return spent
    use = disk.find_use(town)
    if use is not None and use.is_over:
        return use.words
    settings = town.settings()
    needed, free = settings.size("limits.memory"), machine_load.available_memory()
    if free is not None and free < needed:
        return f"{free >> 20}M of memory are free, and limits.memory is {needed >> 20}M"
    most = settings.get("limits.load")
    if isinstance(most, float) and machine_load.load_per_core() > most:
        return f"the load is {machine_load.load_per_core():.1f} a core, and limits.load is {most:g}"
    return None

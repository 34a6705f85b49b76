"""Verbs for what agent programs know of gt."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Special, Verb, argument, option, optional

VERBS = (
    Verb(
        "skill show",
        "what agent programs are told of gt: a skill file",
        "operations.town.skill:show",
        (),
        Special.TEXT,
        town=False,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "skill install",
        "put the skill file where an agent program of yours looks for such",
        "operations.town.skill:install",
        (
            argument("provider", Kind.PROVIDER, "claude, codex, gemini, …"),
            option(
                "--project", "project", Kind.PATH, "for whoever works in this folder; for you, everywhere, unless given"
            ),
        ),
        either=True,
        right=Right.DECIDE,
    ),
    Verb(
        "skill remove",
        "take the skill files back that were installed; one that was edited stays",
        "operations.town.skill:remove",
        (optional("provider", Kind.PROVIDER, "all unless given"),),
        either=True,
        right=Right.DECIDE,
    ),
)

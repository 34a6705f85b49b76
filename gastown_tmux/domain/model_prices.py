"""What models of the shipped presets cost by the price lists of their makers, where nobody set a price of their own.

USD for a million tokens: input, output, read from the cache. Each row is as the list was on the date above it, for
prompts of usual length: beyond 200,000 or 272,000 tokens some models cost more. What is in no row has no price here,
and neither has a model whose price on the list is one for a while, or depends on every prompt's length.
"""

from collections.abc import Mapping

from gastown_tmux.domain.spending import Price

_LISTS: tuple[tuple[str, str, Mapping[str, tuple[float, float, float]]], ...] = (
    (
        "https://platform.claude.com/docs/en/about-claude/pricing",
        "2026-10-24",
        {
            "claude-fable-5-1": (10, 50, 0.25),
            "claude-fable-5": (10, 50, 1),
            "claude-opus-5-5": (4, 20, 0.2),
            "claude-opus-5": (5, 25, 0.5),
            "claude-opus-4-8": (5, 25, 0.5),
            "claude-opus-4-7": (5, 25, 0.5),
            "claude-opus-4-6": (5, 25, 0.5),
            "claude-opus-4-5": (5, 25, 0.5),
            "claude-opus-4-1": (15, 75, 1.5),
            "claude-sonnet-5-5": (2, 10, 0.1),
            "claude-sonnet-5": (2, 10, 0.2),
            "claude-sonnet-4-6": (3, 15, 0.3),
            "claude-sonnet-4-5": (3, 15, 0.3),
            "claude-sonnet-4": (3, 15, 0.3),
            "claude-haiku-4-5": (1, 5, 0.1),
        },
    ),
    (
        "https://developers.openai.com/api/docs/pricing",
        "2026-10-27",
        {
            "gpt-6.1-sol": (2, 10, 0.1),
            "gpt-6.1-terra": (1, 5, 0.05),
            "gpt-6-astra": (10, 50, 1),
            "gpt-6-sol": (2, 10, 0.2),
            "gpt-6-luna": (0.1, 0.5, 0.01),
            "gpt-5.6-sol": (4, 20, 0.4),
            "gpt-5.6-terra": (2, 12, 0.2),
            "gpt-5.6-luna": (0.2, 1.2, 0.02),
            "gpt-5.5": (5, 30, 0.5),
            "gpt-5.4": (2.5, 15, 0.25),
            "gpt-5.4-mini": (0.75, 4.5, 0.075),
            "gpt-5.3-codex": (1.75, 14, 0.175),
            "gpt-5.2-codex": (1.75, 14, 0.175),
            "gpt-5.2": (1.75, 14, 0.175),
            "gpt-5": (1.25, 10, 0.125),
            "gpt-5-mini": (0.25, 2, 0.025),
        },
    ),
    (
        "https://ai.google.dev/gemini-api/docs/pricing",
        "2026-10-07",
        {
            "gemini-3.5-flash": (1.5, 9, 0.15),
            "gemini-3.1-pro-preview": (2, 12, 0.2),
            "gemini-2.5-pro": (1.25, 10, 0.125),
            "gemini-2.5-flash": (0.3, 2.5, 0.03),
            "gemini-2.5-flash-lite": (0.1, 0.4, 0.01),
        },
    ),
)
#: By the names that the makers' own programs write down.
SHIPPED: Mapping[str, Price] = {
    model: Price(*price, date) for _, date, models in _LISTS for model, price in models.items()
}

"""Tokens that agents use, as their programs count them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """``input`` is what the model read anew, ``cached`` what it read from its provider's cache."""

    input: int = 0
    output: int = 0
    cached: int = 0

    @property
    def charged(self) -> int:
        """What budgets count: a cached token costs next to nothing."""
        return self.input + self.output

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.input + other.input, self.output + other.output, self.cached + other.cached)

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.input - other.input, self.output - other.output, self.cached - other.cached)

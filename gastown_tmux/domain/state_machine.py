"""State machines as tables: the only way a state changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from gastown_tmux.errors import RefusedError

State = TypeVar("State", bound=StrEnum)


class IllegalMoveError(RefusedError):
    """The thing is in a state from which this move does not lead on."""


@dataclass(frozen=True, slots=True)
class Machine(Generic[State]):
    """``moves[move][state]`` is the state that ``move`` leads to from ``state``."""

    thing: str
    initial: State
    moves: Mapping[str, Mapping[State, State]]

    def next_state(self, state: State, move: str) -> State:
        """Raises IllegalMoveError where the table has no such move from here."""
        try:
            return self.moves[move][state]
        except KeyError:
            article = "an" if self.thing[0] in "aeiou" else "a"
            raise IllegalMoveError(f"{article} {self.thing} that is {state} cannot {move}") from None

    def can(self, state: State, move: str) -> bool:
        return state in self.moves[move]

    def sources(self, move: str) -> frozenset[State]:
        return frozenset(self.moves[move])

"""State machines as tables: the only way a state changes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.errors import RefusedError

State = TypeVar("State", bound=StrEnum)
Move = TypeVar("Move", bound=str)


class IllegalMoveError(RefusedError):
    """The thing is in a state from which this move does not lead on."""


@dataclass(frozen=True, slots=True)
class Machine(Generic[State, Move]):
    """``moves[move][state]`` is the state that ``move`` leads to from ``state``; moves are a ``Literal``."""

    thing: str
    initial: State
    moves: Mapping[Move, Mapping[State, State]]

    def next_state(self, state: State, move: Move) -> State:
        """Raises IllegalMoveError where the table has no such move from here."""
        try:
            return self.moves[move][state]
        except KeyError:
            article = "an" if self.thing[0] in "aeiou" else "a"
            raise IllegalMoveError(f"{article} {self.thing} that is {state} cannot {move}") from None

    def can(self, state: State, move: Move) -> bool:
        return state in self.moves[move]

    def sources(self, move: Move) -> frozenset[State]:
        return frozenset(self.moves[move])

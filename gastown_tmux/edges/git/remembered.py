"""What was once asked about a commit named by its full id, which never changes."""

from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Remembered(Generic[_Value]):
    """The newest answers, at most so many. Who makes a commit may know one before anybody asks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: dict[str, _Value] = {}

    def find(self, commit: str) -> _Value | None:
        return self._answers.get(commit)

    def keep(self, commit: str, answer: _Value) -> _Value:
        """Of anything but a full id nothing is kept. The answer."""
        if is_id(commit):
            while len(self._answers) >= self._most:
                self._answers.pop(next(iter(self._answers)), None)
            self._answers[commit] = answer
        return answer


def is_id(commit: str) -> bool:
    return len(commit) >= 40 and not set(commit) - set("0123456789abcdef")

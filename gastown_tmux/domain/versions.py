"""Which of two versions is the newer one."""

import re

_PARTS = r"(\d+(?:\.\d+)*)(.*)"


def order(version: str) -> tuple[tuple[int, ...], int, str]:
    """By this, versions stand in their order; what is no version stands before all.

    >>> sorted(["0.10.0", "0.9", "1.0", "0.10.0rc1", "", "0.10.0.post1"], key=order)
    ['', '0.9', '0.10.0rc1', '0.10.0', '0.10.0.post1', '1.0']
    """
    found = re.match(_PARTS, version)
    if found is None:
        return (), 0, version
    numbers = tuple(map(int, found[1].split(".")))
    while numbers and numbers[-1] == 0:
        numbers = numbers[:-1]
    rest = found[2]
    return numbers, 0 if not rest else 1 if rest.startswith((".post", "+")) else -1, rest

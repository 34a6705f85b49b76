"""Names for workers nobody named."""

from collections.abc import Collection

POLECATS = (
    "toast", "nux", "slit", "rictus", "furiosa", "capable", "cheedo", "dag", "angharad", "valkyrie",
    "morsov", "ace", "corpus", "organic", "coma", "doof", "max", "miss", "giddy", "maadi", "glory", "imperator",
    "dementus", "jack", "octoboss", "smeg", "vuvalini", "bullet", "buzzard",
)  # fmt: skip


def next_name(taken: Collection[str], elsewhere: Collection[str] = ()) -> str:
    """The first polecat name that is free, in other rigs (``elsewhere``) too as long as there are any; numbers begin
    when the names run out. None is that of a window of ours.

    >>> next_name({"toast", "nux"}, {"slit"})
    'rictus'
    """
    fresh = next((name for name in POLECATS if name not in taken and name not in elsewhere), None)
    if fresh is not None:
        return fresh
    number = 1
    while True:
        for name in POLECATS:
            candidate = name if number == 1 else f"{name}-{number}"
            if candidate not in taken:
                return candidate
        number += 1

"""The environment of this very process, changed while it runs: for daemons, which outlive what they were started in."""

import os
from collections.abc import Callable, Mapping


def adopt(wanted: Mapping[str, str], is_followed: Callable[[str], bool]) -> None:
    """Variables that are followed become as they are in ``wanted``; all others stay."""
    for name in [name for name in os.environ if is_followed(name) and name not in wanted]:
        del os.environ[name]
    os.environ.update({name: value for name, value in wanted.items() if is_followed(name)})

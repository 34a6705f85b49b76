"""The interpreter that processes of our own are run by."""

import sys


def own_python() -> tuple[str, str]:
    """Its path, and how it is begun: a packed one looks at nobody's ``PYTHONPATH`` or ``PYTHONHOME``, as this process
    did not.
    """
    return sys.executable, "-I" if sys.flags.isolated else "-P"

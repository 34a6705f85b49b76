"""The verbs that agents' hooks call all day: mail check, signal, hook. Nothing is imported that costs.

Each answers from plain files alone, or gives None: then the command line takes its slow way.
"""

import os
import sys


def run(arguments: list[str]) -> int | None:
    """The exit status, or None where files alone cannot answer."""
    town, agent = os.environ.get("GT_TOWN"), os.environ.get("GT_AGENT")
    if arguments[0] == "signal":
        return _signal(arguments[1:], town)
    if not town or not agent or "--as" in arguments or "--town" in arguments:
        return None
    folder = agent.replace("/", ".")
    if arguments[0] == "hook":
        return _hook(arguments[1:], f"{town}/.gt/hooks/{folder}/state.json")
    return _mail_check(arguments[2:], f"{town}/.gt/mail/{folder}")


def _signal(arguments: list[str], town: str | None) -> int | None:
    """Into the spool, for the deacon to take in. A provider is never failed by us."""
    if not arguments or arguments[0].startswith("-"):
        return None
    event, session = arguments[0], os.environ.get("GT_SESSION")
    if not town or not session or not event.replace("-", "").isalnum():
        return 0
    try:
        payload = b"" if sys.stdin.isatty() else os.read(0, 1 << 20)
        import time

        name = f"{time.time_ns()}-{os.getpid()}.{session}.{event}"
        spool = f"{town}/.gt/run/spool"
        if not os.path.isdir(spool):  # noqa: PTH112 - pathlib costs 4 ms
            os.mkdir(spool, 0o700)  # noqa: PTH102
        descriptor = os.open(f"{spool}/.{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, payload)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(f"{spool}/.{name}", f"{spool}/{name}")  # noqa: PTH104
        descriptor = os.open(f"{town}/.gt/run/wake", os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, b"!")
        os.close(descriptor)
    except OSError:
        pass
    return 0


def _hook(arguments: list[str], path: str) -> int | None:
    if arguments not in ([], ["--json"]):
        return None
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except OSError:
        return None
    if arguments:
        print(text)  # noqa: T201
        return 0
    import json

    from gastown_tmux.domain.hook import describe

    print(describe(json.loads(text)))  # noqa: T201
    return 0


def _mail_check(arguments: list[str], box: str) -> int | None:
    if any(word not in ("--inject", "--json") for word in arguments):
        return None
    try:
        if os.listdir(f"{box}/new"):  # noqa: PTH208
            return None
        # What a hook was told of once is moved to cur/, unread; what another program moved there, the courier types.
        for name in () if "--inject" in arguments else os.listdir(f"{box}/cur"):  # noqa: PTH208
            flags = name.rpartition(":2,")[2] if ":2," in name else ""
            if "S" not in flags and "T" not in flags:
                return None
    except FileNotFoundError:
        if "--inject" not in arguments and not os.path.isdir(box.rpartition("/.gt/")[0]):  # noqa: PTH112
            return None
    except OSError:
        return None
    if "--json" in arguments:
        print('{"items": []}')  # noqa: T201
    return 0

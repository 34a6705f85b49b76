"""The verbs that agents' hooks call all day: mail check, signal, hook. Nothing is imported that costs.

Each answers from plain files alone, or gives None: then the command line takes its slow way. What is to become of
rows goes into the spool, for the deacon to take in.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

_LONGEST_PAYLOAD = 2**20


def run(arguments: list[str]) -> int | None:
    """The exit status, or None where files alone cannot answer, whatever stands in them."""
    try:
        return _run(arguments)
    except OSError:
        raise  # of what is printed
    except Exception:  # noqa: BLE001 - a provider is never failed by us; the slow way says what is wrong
        return 0 if arguments[0] == "signal" else None


def _run(arguments: list[str]) -> int | None:
    town, agent, door = os.environ.get("GT_TOWN"), os.environ.get("GT_AGENT"), ""
    if socket := os.environ.get("GT_SOCKET"):
        from gastown_tmux.domain.doors import split_socket

        if (found := split_socket(socket)) is not None:
            door = socket.rpartition("/")[0]
        elsewhere, town = found is None or town not in (None, found[0]), found[0] if found else None
        agent = None if elsewhere or arguments[0] == "signal" else _whose(door)
    if arguments[0] == "signal":
        return _signal(arguments[1:], town, door)
    if not town or not agent or "--as" in arguments or "--town" in arguments:
        return None
    folder = agent.replace("/", ".")
    if arguments[0] == "hook":
        return _hook(arguments[1:], f"{town}/.gt/hooks/{folder}/state.json")
    box = f"{town}/.gt/mail/{folder}"
    status = _mail_check(arguments[2:], box)
    return _inject(town, agent, box, door) if status is None and arguments[2:] == ["--inject"] else status


def _whose(door: str) -> str | None:
    """As the door's own note tells, whatever the environment says; None where there is none."""
    try:
        descriptor = os.open(f"{door}/agent", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            return os.read(descriptor, 1000).decode().strip()
        finally:
            os.close(descriptor)
    except OSError:
        return None


def _signal(arguments: list[str], town: str | None, door: str) -> int | None:
    """Into the spool, for the deacon to take in. A provider is never failed by us."""
    if not arguments or arguments[0].startswith("-"):
        return None
    event, session = arguments[0], os.environ.get("GT_SESSION")
    if not town or not (door or session) or not event.replace("-", "").isalnum():
        return 0
    try:
        payload = b"" if sys.stdin.isatty() else _read(sys.stdin.buffer)
        _spool(town, door, event, payload)
    except OSError:
        pass
    return 0


def _read(stream: "IO[bytes]") -> bytes:
    """To its end, so that whoever writes is never ended by us; empty where it is longer than any payload."""
    payload = stream.read(_LONGEST_PAYLOAD + 1)
    if len(payload) > _LONGEST_PAYLOAD:
        while stream.read(_LONGEST_PAYLOAD):
            payload = b""
    return payload


def _spool(town: str, door: str, event: str, payload: bytes) -> None:
    """A session's own folder tells whose it is; its name tells it for those that an older gt started without one."""
    import time

    session = "" if door else f".{os.environ.get('GT_SESSION', '')}"
    name = f"{time.time_ns()}-{os.getpid()}{session}.{event}"
    spool = f"{door or f'{town}/.gt/run'}/spool"
    if not os.path.isdir(spool) and os.path.isdir(f"{town}/.gt"):  # noqa: PTH112 - pathlib costs 4 ms
        os.umask(0o077)
        os.makedirs(spool)  # noqa: PTH103
    descriptor = os.open(f"{spool}/.{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, payload)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(f"{spool}/.{name}", f"{spool}/{name}")  # noqa: PTH104
    try:
        descriptor = os.open(f"{town}/.gt/run/wake", os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, b"!")
        os.close(descriptor)
    except OSError:  # nobody listens
        pass


def _hook(arguments: list[str], path: str) -> int | None:
    if arguments not in ([], ["--json"]):
        return None
    from gastown_tmux.domain.hook import describe
    from gastown_tmux.reading import json_object, read_text

    try:
        text = read_text(path)
        words = describe(json_object(text))
    except (OSError, TypeError, KeyError, AttributeError):  # the slow way makes it anew from rows
        return None
    print(text if arguments else words)  # noqa: T201
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


def _inject(town: str, agent: str, box: str, door: str) -> int | None:
    """Tells of what lies in ``new/``, which nobody told the agent of; None unless gt wrote all of it."""
    folder = agent.replace("/", ".")
    if os.path.exists(f"{town}/.gt/quiet/{folder}"):  # noqa: PTH110
        return None
    try:
        lock = os.open(f"{town}/.gt/run/tell.{folder}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        return _offer_alone(town, agent, box, door, lock)
    finally:
        os.close(lock)


def _offer_alone(town: str, agent: str, box: str, door: str, lock: int) -> int | None:
    import fcntl
    import json
    import time

    from gastown_tmux.domain.quoting import frame, injection
    from gastown_tmux.domain.timestamps import timestamp
    from gastown_tmux.reading import json_object, read_file
    from gastown_tmux.store.own_mail import read_own

    mails = []
    try:
        # Nobody else tells this agent meanwhile. Whoever does it now is waited for on the slow way.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in os.listdir(f"{box}/new"):  # noqa: PTH208
            mail = read_own(read_file(f"{box}/new/{name}"), name)
            if mail is None:
                return None
            mails.append(mail)
    except OSError:
        return None
    asked = "GT_HOOK" in os.environ and not sys.stdin.isatty()
    payload = json_object(_read(sys.stdin.buffer)) if asked else {}
    now = timestamp(time.time())
    text, told = injection(mail for mail in mails if not mail.expires or mail.expires > now)
    format_name = os.environ.get("GT_INJECT", "")
    shown = frame(text, format_name, payload) if told else ""
    if shown:
        print(shown, flush=True)  # noqa: T201
        offer = {"agent": agent, "mails": told, "hook": os.environ.get("GT_HOOK", "")}
        try:
            _spool(town, door, "offered", json.dumps(offer).encode())
        except OSError:  # told again, next time
            return 0
        for name in told:
            try:  # noqa: SIM105 - contextlib costs 3 ms
                os.rename(f"{box}/new/{name}", f"{box}/cur/{name}:2,")  # noqa: PTH104
            except OSError:  # read meanwhile
                pass
    return 0

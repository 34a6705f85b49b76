"""What daemons, and agents that they start, inherit from the person whose town it is."""

from collections.abc import Callable, Mapping

#: What changes with a person's login, shell and desktop; patterns for names that begin alike end in ``*``.
FOLLOWED = (
    "PATH", "SSH_AUTH_SOCK", "LANG", "LANGUAGE", "LC_*", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
_SOCKETS = ("SSH_AUTH_SOCK",)


def is_followed(name: str) -> bool:
    return any(name == each or (each.endswith("*") and name.startswith(each[:-1])) for each in FOLLOWED)


def take(environment: Mapping[str, str], is_safe: Callable[[str], bool]) -> dict[str, str]:
    """What is kept of a person's environment. Of PATH, absolute entries that are ``is_safe``, each once: an agent
    could put programs into any other, and a daemon would run them.
    """
    kept = {name: value for name, value in environment.items() if is_followed(name)}
    entries = dict.fromkeys(entry.rstrip("/") or "/" for entry in kept.pop("PATH", "").split(":") if entry)
    path = [entry for entry in entries if entry.startswith("/") and is_safe(entry)]
    return kept | ({"PATH": ":".join(path)} if path else {})


def overlay(own: Mapping[str, str], inherited: Mapping[str, str], exists: Callable[[str], bool]) -> dict[str, str]:
    """``own`` as it is with what is followed taken from ``inherited``: what the person has not, nobody has. A socket
    that is gone since is left out; without a PATH to inherit, one's own stays.
    """
    if not inherited:
        return dict(own)
    kept = {name: value for name, value in own.items() if not is_followed(name) or name == "PATH"}
    gone = {name for name in _SOCKETS if name in inherited and not exists(inherited[name])}
    return kept | {name: value for name, value in inherited.items() if name not in gone}

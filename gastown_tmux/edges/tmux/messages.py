"""Notices in attached terminals and in the status line, whatever letters they hold."""

import contextlib
import os
import re
import stat

from gastown_tmux.edges.tmux.server import Server, quote

_MILLISECONDS = 4000


def set_count(server: Server, count: int) -> None:
    """How much mail waits, in the status line of every session (``@gt_mail``); nothing for 0."""
    server.run("set-option", "-gq", "@gt_mail", str(count) if count else "")


def flash(server: Server, text: str) -> int:
    """One line shown for some seconds in each attached terminal; in how many.

    Through an option: what display-message is given itself is a format, and a time format besides.
    """
    listed = server.run("list-clients", "-F", "#{client_control_mode} #{client_name}").splitlines()
    names = [line.partition(" ")[2] for line in listed if line.startswith("0 ")]
    lines = [f"set-option -gq @gt_notice {quote(text)}"]
    lines += [f'display-message -c {quote(name)} -d {_MILLISECONDS} "#{{@gt_notice}}"' for name in names]
    if names:
        server.run("source-file", "-", stdin="\n".join(lines) + "\n")
    return len(names)


def ring(server: Server, text: str) -> int:
    """The bell, and a notification for terminals that know one, in each that is attached; in how many.

    Straight to the terminal: tmux passes a bell on from one session to those alone who look at it, and a notification
    from nobody.
    """
    form = "#{client_control_mode}\t#{client_tty}\t#{client_termname}\t#{client_termtype}"
    rung = 0
    for line in server.run("list-clients", "-F", form).splitlines():
        control, tty, name, kind = (*line.split("\t"), "", "", "")[:4]
        if control == "0" and _write(tty, notification(text, f"{name} {kind}")):
            rung += 1
    return rung


def notification(text: str, terminal: str) -> bytes:
    """A bell, and for a terminal of that name what makes it show the text: OSC 777 or OSC 9, which others ignore."""
    words = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)
    if re.search("foot|rxvt|ghostty", terminal, re.IGNORECASE):
        told = f"\x1b]777;notify;gt;{words.replace(';', ',')}\x07"
    elif re.match("linux|dumb|vt|screen|tmux", terminal):
        told = ""
    else:
        told = f"\x1b]9;{words}\x07"
    return f"{told}\x07".encode()


def _write(tty: str, data: bytes) -> bool:
    """In one piece, and never waiting for a terminal that takes nothing."""
    with contextlib.suppress(OSError):
        descriptor = os.open(tty, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISCHR(found.st_mode) and found.st_uid == os.getuid():
                return os.write(descriptor, data) == len(data)
        finally:
            os.close(descriptor)
    return False

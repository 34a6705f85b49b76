"""Notices in attached terminals and in the status line, whatever letters they hold."""

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

"""The panes of a tmux server: one look at all of them, made many at once, and acted on one by one.

Pane ids begin again at ``%0`` with every server, so an id remembered from before may name a stranger. What
changes a pane therefore names the session (``@gt_session``) it must belong to; tmux checks it in the same
command, and a pane that is gone or another's is left alone.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.edges.tmux.server import GROUP, CommandError, Server, SilentError, quote
from gastown_tmux.errors import GtError, NotFoundError, RefusedError

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PANE = re.compile(r"%[0-9]+")
_OPTION = re.compile(r"@gt_[a-z_]+")
#: The DEC line drawing that a capture has between SO and SI.
LINE_DRAWING = str.maketrans("`abcdefghijklmnopqrstuvwxyz{|}~+,-.0", "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·→←↑↓█")
_VALUE = re.compile(r"[A-Za-z0-9._/@+-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = "gt-placeholder"
_NOT_YOURS = "gt-not-yours"


@dataclass(frozen=True, slots=True)
class Pane:
    """One pane as tmux sees it now.

    ``dead_status`` and ``dead_signal`` are both ``None`` for a living pane, and for a dead one whose end tmux
    has not noticed yet (``Server.nudge_reaper``); tmux < 3.3 never tells the signal. ``activity`` is the
    epoch second of the window's last output. ``agent``, ``gt_session`` and ``kind`` are our own pane options,
    empty if unset.
    """

    pane: str
    window: str
    pid: int
    dead: bool
    dead_status: int | None
    dead_signal: int | None
    in_mode: bool
    activity: int
    agent: str
    gt_session: str
    kind: str
    session: str
    window_name: str


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A window to open: ``session`` and ``name`` are of ``[A-Za-z0-9_-]``, ``command`` is run without a
    shell. With ``beside``, a window's id, it is a pane of that window, to the left or right, and
    ``name`` means nothing.

    ``environment`` is added to the server's, and every program the pane starts has it. ``options`` are pane
    options (``@gt_...``) with values of ``[A-Za-z0-9._/@+-]``.
    """

    session: str
    name: str
    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    beside: str | None = None
    left: bool = False


# Ids and numbers first, then words of a fixed alphabet whatever a person has set them to, the free text last.
_FIELDS = (
    "#{pane_id}:#{window_id}:#{pane_pid}:#{pane_dead}:#{pane_dead_status}:#{pane_dead_signal}:#{pane_in_mode}"
    ":#{window_activity}"
    + "".join(f":#{{s|[^A-Za-z0-9._/@+-]|_|:@gt_{option}}}" for option in ("agent", "session", "kind"))
    + f":{GROUP}:#{{window_name}}"
)


def panes(server: Server, first: str = "") -> list[Pane]:
    """All panes of all sessions, by one call; each once, though a person made further sessions of the same windows.

    ``first``: commands that print nothing, carried out before by the same call.
    """
    before = ("source-file", "-", ";") if first else ()
    listed = server.run(*before, "list-panes", "-a", "-F", _FIELDS, stdin=first or None)
    found = [_pane(line) for line in listed.split("\n") if line]
    return list({pane.pane: pane for pane in found}.values())


def _pane(line: str) -> Pane:
    try:
        return _read_pane(*line.split(":", 12))
    except (TypeError, ValueError):
        # That says nothing about the windows: nobody may take one for gone.
        raise SilentError(f"tmux says of a pane what is not understood: {line!r:.200}", "gt doctor") from None


def _read_pane(
    pane: str, window: str, pid: str, dead: str, status: str, number: str, mode: str, activity: str, agent: str,
    gt_session: str, kind: str, session: str, name: str,
) -> Pane:  # fmt: skip
    return Pane(
        pane=pane,
        window=window,
        pid=int(pid),
        dead=dead == "1",
        dead_status=int(status) if status else None,
        dead_signal=int(number) if number else None,
        in_mode=mode not in ("", "0"),
        activity=int(activity),
        agent=agent,
        gt_session=gt_session,
        kind=kind,
        session=session,
        window_name=name,
    )


def open_windows(server: Server, specs: Sequence[WindowSpec]) -> list[str]:
    """Open windows at the end of their sessions by one call, sessions made as needed; the pane ids, in order.

    Nobody's current window changes. All or none: when tmux refuses one, those made are closed again and
    ``GtError`` has tmux's words. Raises ``NotFoundError`` when a ``cwd`` is no directory, before anything is
    made.
    """
    if not specs:
        return []
    for spec in specs:
        _check(spec)
    sessions = dict.fromkeys(spec.session for spec in specs)
    lines = [_make_session(session) for session in sessions]
    lines += [_new_window(spec) for spec in specs]
    lines += [_close_placeholder(session) for session in sessions]
    try:
        return server.run("source-file", "-", stdin="\n".join(lines) + "\n", seconds=30.0).split()
    except CommandError as error:
        for pane in error.output.split():
            server.run("kill-pane", "-t", pane)
        server.run("source-file", "-", stdin="\n".join(_close_placeholder(session) for session in sessions))
        raise GtError(f"cannot open the windows: {error.message}", whole=error.whole) from error


def respawn(server: Server, pane: str, session: str, spec: WindowSpec) -> None:
    """Run another command in a pane of the session ``session``, whose processes the caller has ended.

    The window and its name stay, ``spec.options`` are set in the same step. What still runs in the pane is
    hung up. Raises ``RefusedError`` when the pane is gone or belongs to another session.
    """
    _check(spec)
    words = ["respawn-pane", "-k", "-t", pane, *_run(spec)]
    line = " ".join([_quoted(words), *_set_options(pane, spec.options)])
    if run_on(server, pane, session, line) is None:
        raise RefusedError(f"pane {pane} is not of session {session} any more")


def kill_pane(server: Server, pane: str, session: str) -> bool:
    """Close a pane of the session ``session``; ``False`` when it is gone already or another's."""
    return run_on(server, pane, session, _quoted(["kill-pane", "-t", pane])) is not None


def kill_panes(server: Server, panes: Mapping[str, str]) -> None:
    """The same of many by one call: of each pane its session."""
    lines = [only_on(pane, session, _quoted(["kill-pane", "-t", pane])) for pane, session in panes.items()]
    if lines:
        server.run("source-file", "-", stdin="".join(lines), seconds=30.0)


def mark_panes(server: Server, marks: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
    """Set our own options on many panes by one call: of each its session and the options; others are left alone."""
    lines = []
    for pane, (session, options) in marks.items():
        _check_options(options)
        lines.append(only_on(pane, session, " ".join(_set_options(pane, options)).removeprefix("; ")))
    server.run("source-file", "-", stdin="".join(lines))


def capture(server: Server, pane: str, lines: int | None = None, ansi: bool = False, joined: bool = False) -> str:
    """The screen of a pane as it is; with ``lines``, the last so many lines that were printed, history
    included.

    ``ansi`` keeps colours as escape sequences; ``joined`` undoes tmux's wrapping of long lines.
    """
    flags = ["-e"] * ansi + ["-J"] * joined + ([] if lines is None else ["-S", f"-{lines}"])
    text = server.run("capture-pane", "-p", *flags, "-t", _pane_id(pane))
    if lines is None:
        return text
    return "".join(f"{line}\n" for line in text.rstrip().split("\n")[-lines:])


def capture_history(server: Server, pane: str, session: str, lines: int) -> str | None:
    """The screen with its escape sequences, and so many lines of its history above; None where the pane is gone or
    another session's.
    """
    words = ["capture-pane", "-e", "-p", "-S", f"-{lines}", "-t", _pane_id(pane)]
    return run_on(server, pane, session, _quoted(words))


def is_shown(server: Server, pane: str) -> bool:
    """Whether anybody attached looks at the pane's window now."""
    return server.run("display-message", "-p", "-t", _pane_id(pane), "#{window_active_clients}").strip() != "0"


def run_on(server: Server, pane: str, session: str, line: str) -> str | None:
    """Run a command line if ``pane`` is there and of ``session``: what it prints, ``None`` where it was not run."""
    said = server.run("source-file", "-", stdin=only_on(pane, session, line))
    return None if said.strip() == _NOT_YOURS else said


def only_on(pane: str, session: str, line: str) -> str:
    """A script that runs a command line if ``pane`` is there and of ``session``, and else says so.

    The id is compared as well: for a missing target if-shell asks the current pane.
    """
    if not session or not _VALUE.fullmatch(session):
        raise ValueError(f"not a session id: {session!r}")
    condition = f"#{{&&:#{{==:#{{pane_id}},{_pane_id(pane)}}},#{{==:#{{@gt_session}},{session}}}}}"
    words = _quoted(["if-shell", "-F", "-t", pane, condition])
    return f"{words} {{ {line} }} {{ display-message -p {_NOT_YOURS} }}\n"


def _make_session(session: str) -> str:
    # new-session -e would set the variables for every later window, so a placeholder makes the session.
    make = _quoted(["new-session", "-d", "-s", session, "-n", _PLACEHOLDER, "tail -f /dev/null"])
    condition = f"#{{!=:#{{session_name}},{session}}}"
    return f"{_quoted(['if-shell', '-F', '-t', f'={session}:', condition])} {{ {make} }}"


def _close_placeholder(session: str) -> str:
    target = f"={session}:={_PLACEHOLDER}"
    condition = f"#{{==:#{{window_name}},{_PLACEHOLDER}}}"
    close = _quoted(["kill-window", "-t", target])
    return f"{_quoted(['if-shell', '-F', '-t', target, condition])} {{ {close} }}"


def _new_window(spec: WindowSpec) -> str:
    # Its id is not known yet, but {end} is the window just made: the server runs the whole script in one go.
    # One line, so that options are not set on another window when this one could not be made.
    if spec.beside is not None:
        return _new_pane(spec, spec.beside)
    end = f"={spec.session}:{{end}}"
    new = ["new-window", "-d", "-a", "-P", "-F", "#{pane_id}", "-t", end, "-n", spec.name, *_run(spec)]
    return " ".join([_quoted(new), *_set_options(end, spec.options)])


def _new_pane(spec: WindowSpec, window: str) -> str:
    # The new pane is the window's active one until its options are set; then the one before is again.
    split = ["split-window", "-h", *["-b"] * spec.left, "-P", "-F", "#{pane_id}", "-t", window, *_run(spec)]
    back = ["select-pane", "-l", "-t", window]
    return " ".join([_quoted(split), *_set_options(window, spec.options), ";", _quoted(back)])


def _run(spec: WindowSpec) -> list[str]:
    # -c is a format: "#" is written "##", except before "[", where tmux leaves all of them as they are.
    words = ["-c", re.sub(r"#(?!#*\[)", "##", str(spec.cwd))]
    for name, value in spec.environment.items():
        words += ["-e", f"{name}={value}"]
    command = list(spec.command)
    if len(command) == 1:  # tmux hands a single word to the user's shell
        command = ["/bin/sh", "-c", 'exec "$0"', *command]
    return [*words, "--", *command]


def _set_options(target: str, options: Mapping[str, str]) -> list[str]:
    return [f"; {_quoted(['set-option', '-p', '-t', target, name, value])}" for name, value in options.items()]


def _quoted(words: Sequence[str]) -> str:
    return " ".join(quote(word) for word in words)


def _pane_id(pane: str) -> str:
    if not _PANE.fullmatch(pane):
        raise ValueError(f"not a pane id: {pane!r}")
    return pane


def _check(spec: WindowSpec) -> None:
    for name in (spec.session, spec.name):
        if not _NAME.fullmatch(name):  # tmux would change it, and a target would not find it
            raise ValueError(f"not a name for a window or a session: {name!r}")
    if not spec.command:
        raise ValueError("no command")
    _check_options(spec.options)
    for name, value in spec.environment.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise ValueError(f"not an environment variable: {name!r}")
    # tmux would silently take another directory.
    if not spec.cwd.is_absolute() or not spec.cwd.is_dir() or not os.access(spec.cwd, os.X_OK):
        raise NotFoundError(f"no such directory: {spec.cwd}")


def _check_options(options: Mapping[str, str]) -> None:
    for name, value in options.items():
        if not _OPTION.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"not a pane option of ours: {name!r} = {value!r}")


def capture_many(server: Server, sessions: Mapping[str, str]) -> dict[str, str]:
    """The screens of many panes by one call, without colours: of each pane its session; those that are gone or
    another's are left out.
    """
    if not sessions:
        return {}
    mark = os.urandom(8).hex()  # no program in a pane can know it, and print it
    script = [
        # Without its %, which a message would take for a part of the time.
        only_on(pane, session, f"display-message -p {mark}{pane[1:]} ; {_quoted(['capture-pane', '-p', '-t', pane])}")
        for pane, session in sessions.items()
    ]
    said = server.run("source-file", "-", stdin="".join(script)).split(mark)[1:]
    screens = dict(each.partition("\n")[::2] for each in said)
    return {f"%{pane}": screen.removesuffix(f"{_NOT_YOURS}\n") for pane, screen in screens.items()}

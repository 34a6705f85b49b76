"""The command line: global flags, help, errors in one line, exit statuses."""

import contextlib
import gc
import os
import sys

from gastown_tmux.cli.notices import say
from gastown_tmux.edges.git.environment import shed_foreign
from gastown_tmux.errors import GtError, explain
from gastown_tmux.verbs import parser
from gastown_tmux.verbs.elsewhere import find_place
from gastown_tmux.verbs.flags import take_all, take_globals, take_host
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import Opener
from gastown_tmux.verbs.table import Special


def list_files(arguments: list[str]) -> list[str] | None:
    """The files that a line for the server of verbs names, of which nothing is read yet; None for any other line."""
    if arguments[:1] == ["__complete"]:
        return []
    try:
        host, rest = take_host(arguments)
        if host is not None:
            return [] if _is_served_there(host) else None
        if take_all(arguments)[0]:
            return None
        given, words = take_globals(arguments)
        if given.version or given.help or words[:1] == ["help"]:
            return []
        verb, rest = find_verb(words)
        if (place := find_place(verb, rest)) is not None:
            return [] if _is_served_there(place[0]) else None
        if os.isatty(0) and os.isatty(1) and (verb.show is Special.PATCH or parser.needs_writing(verb, rest)):
            return None
        return parser.list_files(verb, rest) if verb.served else None
    except GtError:  # told by whoever asks, in his own process
        return None


def _is_served_there(host: str) -> bool:
    """Whether a line for that host needs nothing of its caller but three files."""
    from gastown_tmux.cli.remote import needs_no_terminal  # the server of verbs has it

    return needs_no_terminal(host)


def run(arguments: list[str], open_file: Opener = parser.open_file) -> int:
    """The exit status of ``gt ARGUMENTS``. Never a traceback, unless ``GT_DEBUG`` asks for one.

    Raises BrokenPipeError where nobody reads what it prints.
    """
    shed_foreign()
    try:
        return _run(arguments, open_file)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - nobody is to see a traceback who did not ask for one
        if os.environ.get("GT_DEBUG"):
            import traceback

            traceback.print_exc()
        successor = getattr(error, "successor", None)
        if successor is not None and _is_of_the_town(error):
            return _pass_on(str(successor), arguments, open_file)
        return _complain(error, arguments)


def _is_of_the_town(error: Exception) -> bool:
    """Whether an agent asks, or who sits in a town's own tmux: an older gt is on their PATH since they were started."""
    return "GT_SOCKET" in os.environ or "/.gt/run/" in os.environ.get("TMUX", "")


def _pass_on(command: str, arguments: list[str], open_file: Opener) -> int:
    """The line is the newer gt's, of which nothing has been done here; its exit status."""
    sys.stdout.flush()
    if open_file is parser.open_file:
        os.execv(command, [command, *arguments])
    # The server's child: whoever asked waits for this very process.
    status = os.spawnv(os.P_WAIT, command, [command, *arguments])
    return status if status >= 0 else 128 - status


def _complain(error: Exception, arguments: list[str]) -> int:
    """One line for what is wrong, one for the way out; the exit status."""
    message, hint, status = explain(error, _words(arguments))
    say(f"gt: {message}")
    if hint:
        say(f"hint: {hint}")
    return status


def _words(arguments: list[str]) -> list[str]:
    with contextlib.suppress(GtError):
        return take_globals(take_all(take_host(arguments)[1])[1])[1]
    return arguments


def _run(arguments: list[str], open_file: Opener) -> int:
    if arguments[:1] == ["__complete"]:
        from gastown_tmux.cli.complete import complete  # nobody else needs it

        complete(arguments[1:])
        return 0
    host, arguments = take_host(arguments)
    if host is not None:
        from gastown_tmux.cli.remote import run_there  # nobody else needs it

        return run_there(host, arguments)
    everywhere, arguments = take_all(arguments)
    given, words = take_globals(arguments)
    if given.version:
        from gastown_tmux.edges.hosts.installation import find_version  # nobody else needs it

        print(f"gt {find_version()}")
        return 0
    if words[:1] == ["help"]:
        given.help, words = True, words[1:]
    if not (words or given.help) and sys.stdin.isatty() and sys.stdout.isatty():
        from gastown_tmux.cli.mayor import converse  # the REPL's library costs 100 ms

        _collect_garbage()
        converse(given)
        return 0
    if words[:1] == ["__watch"]:
        from gastown_tmux.cli.watch import watch  # nobody else needs it

        watch(given, words[1:])
        return 0
    if words[:1] == ["__popup"]:
        from gastown_tmux.cli.mayor import pop_up

        _collect_garbage()
        pop_up(given, words[-1])
        return 0
    if not words or given.help:
        from gastown_tmux.verbs.help import help_text  # nobody else needs it

        print(help_text(words))
        return 0
    verb, rest = find_verb(words)
    if (place := find_place(verb, rest)) is not None:
        from gastown_tmux.cli.remote import run_about  # few lines are about others' agents

        return run_about(verb, *place, given)
    if everywhere:
        from gastown_tmux.cli.remote import run_everywhere

        _collect_garbage()
        run_everywhere(verb, rest, given)
        return 0
    from gastown_tmux.cli.command import carry_out  # 30 ms that help need not pay

    _collect_garbage()
    carry_out(verb, rest, given, open_file)
    return 0


def _collect_garbage() -> None:
    """From now on, and never in what has been imported, in a process that has this one line to carry out."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()

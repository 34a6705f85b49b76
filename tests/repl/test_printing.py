"""What is printed while a person types, at the moment in which the terminal goes."""

import asyncio
import contextlib
import os
import pty

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.input import create_pipe_input

from gastown_tmux.repl.printing import QuietOutput, Screen


@pytest.mark.timeout(60)
def test_a_prompt_ends_though_its_terminal_went_while_lines_were_drawn() -> None:
    ours, theirs = pty.openpty()
    file = os.fdopen(theirs, "w")
    with create_pipe_input() as keys:
        session: PromptSession[str] = PromptSession(input=keys, output=QuietOutput.from_pty(file, term="xterm"))
        screen = Screen(session.output)

        def hang_up() -> None:
            os.close(ours)
            screen.write("news")
            asyncio.get_running_loop().call_later(0.05, keys.send_text, "\x04")

        def begin() -> None:
            screen.begin()
            asyncio.get_running_loop().call_soon(hang_up)

        with pytest.raises(EOFError):
            session.prompt("gt> ", pre_run=begin)
        screen.end()
    with contextlib.suppress(OSError):  # what was never written
        file.close()

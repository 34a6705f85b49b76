"""What a person is asked in the prompt's place: a key, a line, or one of many."""

from collections.abc import Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output import Output

from gastown_tmux.repl.completion import ChoiceCompleter
from gastown_tmux.repl.screen import Screen
from gastown_tmux.verbs.suggest import Choice, fuzzy


class Questions:
    """A person at these keys and this screen."""

    def __init__(self, input: Input, output: Output, screen: Screen) -> None:
        self._input, self._output, self._screen = input, output, screen

    def write(self, text: str) -> None:
        self._screen.write(text)

    def ask_key(self, question: str, keys: str) -> str | None:
        """The key that was pressed, one of these; None for Ctrl-C or Ctrl-D."""
        bindings = KeyBindings()
        bindings.add("<any>")(lambda event: None)
        bindings.add("enter")(lambda event: None)
        for key in keys:
            bindings.add(key)(lambda event: event.app.exit(result=event.data))
        return self._ask(question, bindings)

    def ask_words(self, question: str) -> str | None:
        """A line; None for Ctrl-C or Ctrl-D."""
        return self._ask(question)

    def choose(self, question: str, choices: Sequence[Choice]) -> str | None:
        """The one that is nearest to what was typed, the first for nothing; None for Ctrl-C, and for no such thing."""
        typed = self._ask(question, completer=ChoiceCompleter(choices))
        found = fuzzy(typed, choices, 1) if typed is not None else []
        return found[0][0] if found else None

    def _ask(
        self, question: str, bindings: KeyBindings | None = None, completer: Completer | None = None
    ) -> str | None:
        asking: PromptSession[str] = PromptSession(
            input=self._input, output=self._output, key_bindings=bindings, completer=completer,
            complete_while_typing=True, reserve_space_for_menu=max(1, self._screen.height - 4),
        )  # fmt: skip

        def begin() -> None:
            self._screen.begin()
            if completer is not None:
                asking.default_buffer.start_completion()

        try:
            return asking.prompt(question, pre_run=begin)
        except (EOFError, KeyboardInterrupt, OSError):
            return None
        finally:
            self._screen.end()

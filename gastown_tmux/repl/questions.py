"""What a person is asked in the prompt's place: a key, a line, or one of many. Esc is no answer to any of them."""

from collections.abc import Callable, Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output

from gastown_tmux.repl.completion import ChoiceCompleter
from gastown_tmux.repl.printing import Screen
from gastown_tmux.verbs.suggest import Choice, fuzzy

#: An Esc that nothing follows for so long is no part of another key.
ESCAPE_SECONDS = 0.05


class Questions:
    """A person at these keys and this screen; ``read`` asks for a line where the screen only prints."""

    def __init__(
        self, input: Input, output: Output, screen: Screen, read: Callable[[str], str | None] | None = None
    ) -> None:
        self._input, self._output, self._screen, self._read = input, output, screen, read

    def write(self, text: str) -> None:
        self._screen.write(text)

    def ask_key(self, question: str, keys: str) -> str | None:
        """The key that was pressed, one of these; None for Esc, Ctrl-C or Ctrl-D."""
        if self._read is not None:
            while (typed := self._ask(question)) is not None:
                if typed[:1] in tuple(keys):
                    return typed[:1]
            return None
        bindings = KeyBindings()
        bindings.add("<any>")(lambda event: None)
        bindings.add("enter")(lambda event: None)
        for key in keys:
            bindings.add(key)(lambda event: event.app.exit(result=event.data))
        return self._ask(question, bindings)

    def ask_words(self, question: str) -> str | None:
        """A line; None for Esc, Ctrl-C or Ctrl-D."""
        return self._ask(question)

    def await_key(self, words: str) -> None:
        """Until any key is pressed."""
        bindings = KeyBindings()
        for key in ("<any>", "enter"):
            bindings.add(key, eager=True)(_give_up)
        self._ask(words, bindings)

    def choose(self, question: str, choices: Sequence[Choice]) -> str | None:
        """The one that is nearest to what was typed, the first for nothing; None for Esc, and for no such thing."""
        typed = self._ask(question, completer=ChoiceCompleter(choices))
        found = fuzzy(typed, choices, 1) if typed is not None else []
        return found[0][0] if found else None

    def _ask(
        self, question: str, bindings: KeyBindings | None = None, completer: Completer | None = None
    ) -> str | None:
        if self._read is not None:
            try:
                return self._read(question)
            except (KeyboardInterrupt, OSError):
                return None
        bindings = bindings or KeyBindings()
        bindings.add("escape")(_give_up)
        asking: PromptSession[str] = PromptSession(
            input=self._input, output=self._output, key_bindings=bindings, completer=completer,
            complete_while_typing=True, reserve_space_for_menu=max(1, self._screen.height - 4),
        )  # fmt: skip
        asking.app.timeoutlen = asking.app.ttimeoutlen = ESCAPE_SECONDS

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


def _give_up(event: KeyPressEvent) -> None:
    event.app.exit(result=None)

"""Lines of a captured screen, with their colours, as Textual draws them."""

from collections.abc import Iterable

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from gastown_tmux.edges.tmux.panes import LINE_DRAWING
from gastown_tmux.verbs.text import harmless

_CONSOLE = Console()


def draw_screen(lines: Iterable[str], columns: int) -> list[Strip]:
    """Colours run over the ends of lines, as they do in a capture; links and titles are left out."""
    decoder = AnsiDecoder()
    return [_strip(decoder.decode_line(_without_drawing(line)), columns) for line in lines]


def _without_drawing(line: str) -> str:
    if "\x0e" not in line:
        return line
    parts = line.split("\x0e")
    drawn = [part.partition("\x0f") for part in parts[1:]]
    return parts[0] + "".join(letters.translate(LINE_DRAWING) + rest for letters, _, rest in drawn)


def _strip(text: Text, columns: int) -> Strip:
    text.plain = harmless(text.plain)
    text.truncate(columns)
    # A link is the program's, and nobody looked where it leads.
    text.spans = [span._replace(style=_without_link(span.style)) for span in text.spans]
    return Strip(text.render(_CONSOLE, end="")).adjust_cell_length(columns)


def _without_link(style: str | Style) -> str | Style:
    return style.update_link(None) if isinstance(style, Style) and style.link else style

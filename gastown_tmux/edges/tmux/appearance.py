"""How a town's tmux looks and which keys it has: on its own server only, for who attaches to it."""

import hashlib
import shlex
from pathlib import Path
from typing import assert_never

from gastown_tmux.domain.prefix_keys import PREFIX_KEYS, Opens, PrefixKey, help_text
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.edges.tmux.server import GROUP, KEEPER_SESSION, KEEPER_WINDOW, Server, quote

#: tmux's style of the states that have one or are worth their sign; whatever is not here is plain.
_STYLES = {
    "waiting": "fg=yellow,bold",
    "working": "fg=green",
    "idle": "",
    "ready": "",
    "starting": "",
    "dead": "fg=red,bold",
    "failed": "fg=red,bold",
    "limited": "fg=yellow",
}
#: Of the agent in the window, whichever pane is chosen: the Mayor's has the REPL beside it.
_STATE = "#{P:#{@gt_state}}"
#: The Mayor's window is named after its own.
_ROLE = "#{?#{==:#{@gt_role},#{window_name}},,#{?@gt_role, #{@gt_role},}}"
#: The window that keeps the server's session, which nobody has business in.
_KEEPER = f"#{{&&:#{{==:{GROUP},{KEEPER_SESSION}}},#{{==:#{{window_name}},{KEEPER_WINDOW}}}}}"
#: Narrower than this, two panes side by side leave too little of each.
FOLD_COLUMNS = 130
#: Narrower than this, the names of the windows need the room.
_CLOCK = "#{?#{e|<:#{client_width},100},,  %H:%M}"
_ANY_KEY = "stty -icanon -echo; dd bs=1 count=1 >/dev/null 2>&1"


def show_text(text: str) -> str:
    """A line for ``sh``, which shows a text of a dozen lines: where it fits any key ends it, else it is scrolled, where
    there is a pager.
    """
    pager = 'printf %s "$text" | LESS= less -R "-Psspace and b turn pages, q closes " || printf %s "$text" | more'
    fits = '[ "${1:-99}" -gt 13 ] && [ "${2:-99}" -gt 63 ]'
    shown = f'printf %s "$text"; {_ANY_KEY}'
    return f"text={shlex.quote(text)}; set -- $(stty size); if {fits}; then {shown}; else {pager}; fi"


def decoration(gt: Path, town: Path) -> str:
    """The commands that make status line, titles and keys; a server that has them already is left by these as its
    people made it since.
    """
    script = "\n".join([*_options(), *_keys(f"{shlex.quote(str(gt))} --town {shlex.quote(str(town))}")])
    mark = hashlib.sha256(script.encode()).hexdigest()[:12]
    done = f"#{{==:#{{@gt_decoration}},{mark}}}"
    return f"if-shell -F {quote(done)} {{}} {{\n{script}\nset -g @gt_decoration {mark}\n}}\n"


def show_counts(server: Server, text: str) -> None:
    """What every status line says of the whole town."""
    server.run("source-file", "-", stdin=f"set -g @gt_counts {quote(text)}\n")


def _options() -> list[str]:
    name = f"#I:#W#{{?{_STATE}, {_choose({state: SIGNS[state] for state in _STYLES})},}}"
    style = _choose({state: f"#[{style.replace(',', '#,')}]" for state, style in _STYLES.items() if style})
    options = {
        "status-style": "bg=default,fg=default",
        "status-left": "#[bold]#{session_name}#[default]  ",
        "status-right": "#{?client_readonly,read only  ,}#{?@gt_mail,mail #{@gt_mail}  ,}#{@gt_counts}" + _CLOCK,
        "status-right-length": "90",
        "window-status-format": f"#{{?{_KEEPER},,{style}{name}#[default]  }}",
        "window-status-current-format": f"#[reverse]{name}#{{?@gt_bead, #{{@gt_bead}},}}{_ROLE}#[default]  ",
        "window-status-separator": "",
        "set-titles-string": "gt #{session_name}:#{window_name}#{?@gt_state, (#{@gt_state}),}",
    }
    # What is copied reaches the clipboard of whoever is attached, over SSH too, where their terminal can (OSC 52).
    clipboard = ["set -sq set-clipboard on", 'set -asq terminal-features ",*:clipboard"']
    return [*clipboard, *_fold_mayor(), *(f"set -gq {option} {quote(value)}" for option, value in options.items())]


def _fold_mayor() -> list[str]:
    """Hooks: in a narrow terminal the Mayor's two panes stand one above the other, in a wide one side by side."""
    window = "=hq:=mayor"
    two, narrow = "#{==:#{window_panes},2}", f"#{{e|<:#{{window_width}},{FOLD_COLUMNS}}}"
    beside = "#{==:#{pane_height},#{window_height}}"

    def when(condition: str, layout: str) -> str:
        words = ["if-shell", "-F", "-t", window, f"#{{&&:{two},{condition}}}", f"select-layout -t {window} {layout}"]
        return " ".join(map(quote, words))

    fold = when(f"#{{&&:{beside},{narrow}}}", "even-vertical")
    unfold = when(f"#{{?#{{||:{beside},{narrow}}},0,1}}", "even-horizontal")  # tmux 3.3 knows no "not"
    return [f"set -gq {hook}[90] {quote(f'{fold} ; {unfold}')}" for hook in ("window-resized", "after-split-window")]


def _choose(shown: dict[str, str]) -> str:
    """A format that becomes what is ``shown`` of the window's state."""
    text = ""
    for state in reversed(shown):
        text = f"#{{?#{{==:{_STATE},{state}}},{shown[state]},{text}}}"
    return text


def _keys(gt: str) -> list[str]:
    def popup(script: str) -> str:
        return f"display-popup -w 90% -h 80% -E {quote(shlex.join(['/bin/sh', '-c', script]))}"

    def jump(where: str) -> str:
        return f"run-shell -b {quote(f'{gt} jump {where} #{{q:client_name}} >/dev/null 2>&1')}"

    def bind(key: PrefixKey) -> str | None:
        match key.opens:
            case Opens.POPUP:
                return popup(f"{gt} __popup {key.what}")
            case Opens.WINDOW:
                return jump(key.what)
            case Opens.SCREEN:
                return popup(f"exec {gt} {key.what}")
            case Opens.HELP:
                return popup(show_text(help_text()))
            case Opens.TMUX:
                return None
            case _:
                assert_never(key.opens)

    bound = ((key.key, bind(key)) for key in PREFIX_KEYS)
    return [f"bind-key {key} {command}" for key, command in bound if command is not None]

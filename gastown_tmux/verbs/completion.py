"""gt completion: what makes a shell ask ``gt __complete`` while a line is typed."""

from gastown_tmux.operations.town.town import Town

_BASH = """\
_gt() {
    local IFS=$'\\n'
    COMPREPLY=($(gt __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _gt gt
"""
_ZSH = """\
#compdef gt
_gt() {
    local -a found
    local word meaning
    while IFS=$'\\t' read -r word meaning; do
        found+=("${word//:/\\:}:$meaning")
    done < <(gt __complete "${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)
    _describe gt found || _files
}
if [ "$funcstack[1]" = _gt ]; then _gt "$@"; else compdef _gt gt; fi
"""
_FISH = """\
complete -c gt -f -a '(gt __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"""
SHELLS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(town: Town, shell: str) -> str:
    """To be sourced by the shell's start-up file."""
    return SHELLS[shell].rstrip()

#!/bin/sh
# gt, run by the interpreter that was packed with it. A plain path costs one `sh`; only a link is resolved, and only
# outside of agents' windows is the machine's C library asked for: what runs there was started by this very gt.
here=${0%/*}
case $0 in /*) plain=1 ;; *) plain= ;; esac
case $0 in */../* | */./*) plain= ;; esac
if [ -z "$plain" ] || [ -L "$0" ]; then
    here=$(readlink -f -- "$0") && here=${here%/*}
fi

# Where this file is in the package, or, on npm, in the package of the machine's own kind.
for home in "${here%/*}" @PLATFORMS@; do
    [ ! -x "$home/runtime/bin/@PYTHON@" ] || break
    home=
done
if [ -z "$home" ]; then
    echo "gt: there is no package of gastown-tmux for this machine ($(uname -sm)) beside $here/gt" >&2
    echo "hint: npm install -g @NPM_NAME@@@VERSION@ --include=optional, or with Python 3.11: pipx install gastown-tmux" >&2
    exit 5
fi

if [ -z "${GT_SOCKET-}" ]; then
    has=$(getconf GNU_LIBC_VERSION 2>/dev/null)
    has=${has#glibc 2.}
    case $has in
        '' | *[!0-9]*) echo "gt: this package needs glibc 2.@GLIBC@; this machine has another C library" >&2 ;;
        *) [ "$has" -ge @GLIBC@ ] || echo "gt: this package needs glibc 2.@GLIBC@; this machine has 2.$has" >&2 ;;
    esac
    case $has in '' | *[!0-9]*) has=0 ;; esac
    if [ "$has" -lt @GLIBC@ ]; then
        echo "hint: with Python 3.11 or newer: pipx install gastown-tmux" >&2
        exit 5
    fi
fi
exec "$home/runtime/bin/@PYTHON@" -I "$home/runtime/gt.py" "$@"

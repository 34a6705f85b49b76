#!/bin/sh
# Two programs are run, `cat` and `mv`: reading by the shell's own `read` takes a system call for each byte, and
# costs more from 2 kB on. Opening the FIFO with `1<>` never blocks; writing into a full one does, so that is left to
# a child that holds none of the caller's pipes. No `exec` and no redirection of a special built-in: where such fail,
# they end the shell, and with a status that some programs take for an answer.
event=${1-} answer=${2-} address=${GT_AGENT-}
[ -n "$event" ] && [ -n "${GT_TOWN-}" ] && [ -n "${GT_SESSION-}" ] || exit 0
umask 077
case ${GT_SOCKET-} in
  */.gt/run/doors/*/gt.sock)
    door=${GT_SOCKET%/gt.sock}
    run=${door%/doors/*} spool=$door/spool name=$$.$event
    # Somebody has wiped the town's folder of what is disposable; a town that was moved is not made again.
    [ -d "$spool" ] || [ ! -d "${run%/run}" ] || mkdir -p "$spool" 2>/dev/null ;;
  *) # started by an older gt
    door= run=$GT_TOWN/.gt/run spool=$GT_TOWN/.gt/run/spool name=$$.$GT_SESSION.$event ;;
esac
payload=$spool/.$name
tell() {
  mv -f "$payload" "$spool/$name" 2>/dev/null
  ( [ ! -p "$run/wake" ] || printf . 1<>"$run/wake" ) >/dev/null 2>&1 3<&- &
}
ask() {
  tell
  GT_HOOK=$event GT_INJECT=$answer @GT@ "$@" <&3 2>/dev/null 3<&-
}
# What is longer than any payload is read to its end, or the caller would be ended by a pipe that nobody reads.
{ ( ulimit -S -c 0; ulimit -S -f 2048; cat >"$payload" ) || { cat >/dev/null; true >"$payload"; }; } 2>/dev/null
case $answer,$event in
  ,*) set -- ;;
  *,session-start) set -- prime --inject ;;
  *)
    [ ! -f "$door/agent" ] || read -r address <"$door/agent" || address=${GT_AGENT-}
    case $address in */*) address=${address%%/*}.${address#*/} ;; esac
    set -- "${run%/run}/mail/$address/new/"*
    if [ -e "$1" ]; then set -- mail check --inject; else set --; fi ;;
esac
if [ $# -gt 0 ] && [ -e "$payload" ]; then ask "$@" 3<"$payload"; else tell; fi
exit 0

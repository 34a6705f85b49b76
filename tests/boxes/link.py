"""A link that can be cut, before any prefix: ``link.py FILE COMMAND…`` carries bytes as FILE says at each moment.

``up``; ``slow N``: N milliseconds for each piece; ``frozen``: nothing moves and nobody is told; ``in``, ``out``: only
what comes from there, or goes there, moves (half open); ``down``: connections end here at once, as ssh says it, while
there the other end stands open for a while, as it does where a cable was pulled.

It stands alone, so that it starts in a blink: nothing of the project is imported.
"""

import contextlib
import os
import select
import subprocess
import sys
import time

#: As ssh has it.
NO_CONNECTION = 255
LOOK_SECONDS = 0.02
#: So long after a cut the other side still believes in the connection.
LINGER_SECONDS = 3.0
#: What a pipe that select calls writable takes at once.
PIECE = select.PIPE_BUF


def state(path: str) -> tuple[str, float]:
    """A link that nobody wrote of is up."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(path) as file:  # noqa: PTH123 - no other import
        words = file.read().split()
        return words[0], float(words[1]) if len(words) > 1 else 0.0
    return "up", 0.0


def main(path: str, command: list[str]) -> int:
    if os.isatty(0):
        os.execvp(command[0], command)
    now = state(path)[0]
    if now == "down":
        sys.stderr.write("ssh: connect to host box port 22: No route to host\n")
        return NO_CONNECTION
    while state(path)[0] in ("frozen", "in"):
        time.sleep(LOOK_SECONDS)
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin and child.stdout and child.stderr
    there = child.stdin.fileno()
    # From where, to where; True: it goes there.
    ways = {0: (there, True), child.stdout.fileno(): (1, False), child.stderr.fileno(): (2, False)}
    while True:
        now, pause = state(path)
        if now == "down":
            return cut(child)
        moving = [source for source, (_, goes) in ways.items() if now not in ("frozen", "in" if goes else "out")]
        ready = select.select(moving, [], [], LOOK_SECONDS)[0] if moving else []
        free = select.select([], [ways[source][0] for source in ready], [], LOOK_SECONDS)[1] if ready else []
        if not free:
            time.sleep(0.001 if ready else 0 if moving else LOOK_SECONDS)
        for source in (source for source in ready if ways[source][0] in free):
            if pause:
                time.sleep(pause / 1000)
            target, goes = ways[source]
            piece = os.read(source, PIECE)
            if piece:
                try:
                    carry(target, piece)
                except BrokenPipeError:
                    if not goes:
                        return NO_CONNECTION
                    del ways[source]
                continue
            del ways[source]
            if goes:
                child.stdin.close()
        if all(goes for _, goes in ways.values()) and now not in ("frozen", "out"):
            return child.wait()


def carry(target: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(target, piece) :]


def cut(child: "subprocess.Popen[bytes]") -> int:
    """Whoever called is told at once; whoever is called still hears the silence of a line that is open."""
    if os.fork() == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        time.sleep(LINGER_SECONDS)
        os._exit(0)
    sys.stderr.write("client_loop: send disconnect: Broken pipe\n")
    return NO_CONNECTION


if __name__ == "__main__":
    status = main(sys.argv[1], sys.argv[2:])
    sys.stderr.flush()
    os._exit(status if status >= 0 else 128 - status)

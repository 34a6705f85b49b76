"""The one way git is run: bounded in time and size, never asking, by nobody's settings but its own."""

import os
import re
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.git.environment import Environment, environment
from gastown_tmux.edges.git.pins import FLAGS
from gastown_tmux.edges.git.transfers import Follow, following
from gastown_tmux.errors import GtError, MissingError, NotFoundError

LEAST_VERSION = (2, 38)
OUTPUT_LIMIT = 256 * 2**20
NETWORK_TIMEOUT = 600.0
CHECKOUT_TIMEOUT = 900.0


_TRANSFERS = ("clone", "fetch", "push")


class GitError(GtError):
    """Git failed. The message has the telling ones of its words, or the remote's, in one line; `whole` all of them."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a commit is by."""

    name: str
    email: str


def author_environment(author: Person, committer: Person | None = None) -> Environment:
    """What makes git commit in these names; one that is not given is the author's."""
    people = {"AUTHOR": author, "COMMITTER": committer or author}
    names = {f"GIT_{role}_NAME": person.name for role, person in people.items()}
    return environment(names | {f"GIT_{role}_EMAIL": person.email for role, person in people.items()})


@dataclass(frozen=True, slots=True)
class Output:
    """What one run of git gave: exit status, bytes of standard output, text of standard error."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """Standard output without its last newline, decoded as Python decodes file names."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n") if self.stdout else []

    @property
    def records(self) -> list[str]:
        """The parts of a NUL-terminated (`-z`) answer, decoded as Python decodes file names."""
        return os.fsdecode(self.stdout).split("\0")[:-1]


def git(
    *args: str,
    cwd: Path | None = None,
    git_dir: Path | None = None,
    work_tree: Path | None = None,
    env: Environment | None = None,
    data: bytes = b"",
    timeout: float = 60.0,
    ok: Collection[int] = (0,),
    keep_open: Sequence[int] = (),
) -> Output:
    """Run `git ARGS` with `data` on its standard input.

    The repository is `git_dir` (with its files at `work_tree`), or else the one whose top is exactly `cwd`.
    Hooks do not run, and no setting of anybody's changes what it does, but for what `environment` was told to let it.
    `keep_open` are descriptors the child inherits, so that a lock outlives our own death for as long as git still works
    under it.

    Raises `GitError` for an exit status not in `ok`, after `timeout` seconds and above `OUTPUT_LIMIT` bytes,
    `NotFoundError` for a missing directory and `MissingError` for a missing git.
    """
    command = ["git", "--no-pager"]
    if git_dir is not None:
        command.append(f"--git-dir={git_dir}")
    if work_tree is not None:
        command.append(f"--work-tree={work_tree}")
    follower = following.get() if args[0] in _TRANSFERS else None
    rest = args[1:] if follower is None else ("--progress", *(word for word in args[1:] if word != "--quiet"))
    command += [args[0], *FLAGS.get(args[0], ()), *rest]
    directory = cwd or work_tree or git_dir
    if directory is not None and not directory.is_dir():
        raise NotFoundError(f"no such directory: {directory}")
    # A worktree that lost its .git must not be taken for the repository above it.
    ceiling = {"GIT_CEILING_DIRECTORIES": str(directory.parent)} if directory is not None else {}
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**(environment() if env is None else env), **ceiling},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=keep_open,
            # Its own session: no terminal to ask on, and one group to end with all its helpers.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise MissingError("git is not installed", "install git 2.38 or newer") from error
    with process, _listed(process):
        follow = None
        try:
            follow = follower() if follower is not None else None
            stdout, stderr = _exchange(process, data, time.monotonic() + timeout, follow)
        except BaseException as error:
            _end(process)
            if follow is not None:
                follow(b"")
            if isinstance(error, TimeoutError):
                raise GitError(f"git {args[0]} was ended after {timeout:g} seconds") from error
            if isinstance(error, OverflowError):
                raise GitError(f"git {args[0]} printed more than {OUTPUT_LIMIT // 2**20} MiB") from error
            raise
    output = Output(process.returncode, stdout, stderr.decode("utf-8", "replace"))
    if output.code not in ok:
        raise GitError(f"git {args[0]}: {words(output)}", _find_hint(output), whole=output.stderr)
    return output


_running: set[subprocess.Popen[bytes]] = set()


@contextmanager
def _listed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    _running.add(process)
    try:
        yield
    finally:
        _running.discard(process)


def end_running() -> None:
    """Ends every git that other threads of this process wait for; their calls raise ``GitError``."""
    for process in list(_running):
        _end(process)


def words(output: Output) -> str:
    """Why git failed, in one line: those of its own, its helpers' and the remote's lines that tell."""
    return cause_of(output.stderr) or f"exit status {output.code}"


def _find_hint(output: Output) -> str | None:
    distrusted = re.search(r"dubious ownership in repository at '(.+)'", output.stderr)
    return f"git config --global --add safe.directory {shlex.quote(distrusted[1])}" if distrusted else None


def version() -> tuple[int, int]:
    """Git's version, as (major, minor)."""
    found = re.search(r"(\d+)\.(\d+)", git("version").text)
    if found is None:
        raise MissingError("git does not tell its version")
    return int(found[1]), int(found[2])


def require_version() -> None:
    """Raises `MissingError` unless git is new enough for `merge-tree --write-tree`."""
    if (found := version()) < LEAST_VERSION:
        raise MissingError(f"git {found[0]}.{found[1]} is too old", "install git 2.38 or newer")


def _exchange(
    process: subprocess.Popen[bytes], data: bytes, deadline: float, follow: Follow | None
) -> tuple[bytes, bytes]:
    """What `communicate` does, with a bound on the size too; standard error as `follow` leaves it."""
    assert process.stdin and process.stdout and process.stderr
    collected: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    view = memoryview(data)
    with selectors.DefaultSelector() as selector:
        for stream in collected:
            selector.register(stream, selectors.EVENT_READ)
        if data:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    try:
                        view = view[os.write(key.fd, view[:65536]) :]
                    except BrokenPipeError:
                        view = view[:0]
                    if not view:
                        selector.unregister(process.stdin)
                        with suppress(BrokenPipeError):
                            process.stdin.close()
                    continue
                stream = process.stdout if key.fileobj is process.stdout else process.stderr
                if not (part := os.read(key.fd, 1 << 18)):
                    selector.unregister(stream)
                if follow is not None and stream is process.stderr:
                    part = follow(part)
                collected[stream] += part
                if len(collected[stream]) > OUTPUT_LIMIT:
                    raise OverflowError
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    return bytes(collected[process.stdout]), bytes(collected[process.stderr])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and its helpers: asked first, so that it takes its lock files away."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(2.0)
            return

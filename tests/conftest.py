"""What every test gets: a world of its own, and proof that nothing of it is left running.

Fixtures: ``short_tmp`` (a folder whose path is short enough for sockets), ``run_gt`` (the real command),
``wait_for`` (a condition, with a deadline). Marker: ``needs("sshd")``. The rest works by itself.
"""

import contextlib
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import psutil
import pytest

T = TypeVar("T")


def choose_short() -> str:
    """Where folders of tests are made: in memory, where there is some and programs may be run from it, because half of
    what a test costs is waiting for a disk that nobody reads again.
    """
    try:
        memory = os.statvfs("/dev/shm")
    except OSError:
        return "/tmp"
    roomy = memory.f_bavail * memory.f_frsize > LEAST_MEMORY
    return "/dev/shm" if roomy and os.access("/dev/shm", os.W_OK) and not memory.f_flag & os.ST_NOEXEC else "/tmp"


ROOT = Path(__file__).resolve().parent.parent
MARK = "GT_TEST"
"""Every process a test starts has this variable, so it can be found however far it wandered off."""
SESSION = pytest.StashKey[str]()
"""What the marks of one run begin with: a worker of pytest-xdist has its controller's."""
PREPARED = "PREPARED_WORLDS"
"""Where a worker keeps what its tests copy (tests/prepared.py)."""
GRACE = 3.0
"""Seconds that processes told to end have for it; a tmux server takes up to two after kill-server."""
LEAST_MEMORY = 2 << 30
WORKERS_A_CORE = 2
LONG = ("journeys", "landing", "web")
PATIENCE = 3
"""How much longer than on an idle machine a test waits before it fails."""
KEPT = ("PATH", "USER", "LOGNAME", "PYTHONPATH")
KEPT_GROUPS = ("PYTEST_", "TEXTUAL_SNAPSHOT_")
SHORT = choose_short()


def pytest_configure(config: pytest.Config) -> None:
    # Chosen on a shared machine, where a slow example is no finding.
    hypothesis.settings.register_profile("gastown", hypothesis.settings(), deadline=None)
    hypothesis.settings.load_profile("gastown")
    # Workers ask for one test at a time, because the longest takes a thousand times as long as most.
    if getattr(config.option, "maxschedchunk", 1) is None:
        config.option.maxschedchunk = 1
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(UnlistedSkips(ROOT / ".ci" / "allowed-skips"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As whatever a shell starts with &; what tests start and interrupt would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    tempfile.gettempdir()  # remembered now, before TMPDIR points into the folder of one test
    session_tmp = make_short_folder()
    config.add_cleanup(lambda: shutil.rmtree(session_tmp))
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_GROUPS)}
    os.environ.clear()
    os.environ.update(kept)
    # Folders are made absolute, for commands started elsewhere; sbin is where sshd is for ordinary users.
    folders = [str(Path(sys.executable).parent), *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    os.environ["PATH"] = os.pathsep.join([*folders, "/usr/sbin", "/sbin"])
    if "PYTHONPATH" in os.environ:
        entries = os.environ["PYTHONPATH"].split(os.pathsep)
        os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(entry).resolve()) for entry in entries)
    os.environ.update(make_world(session_tmp))
    os.environ[PREPARED] = str(session_tmp / "prepared")
    given = getattr(config, "workerinput", {})
    config.stash[SESSION] = os.environ[MARK] = given.get(MARK) or uuid.uuid4().hex


def pytest_report_header() -> str:
    """Which programs these tests speak of (``just test-with`` has others)."""
    return ", ".join(
        subprocess.check_output(words, text=True).strip() for words in (["tmux", "-V"], ["git", "version"])
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[MARK] = node.config.stash[SESSION]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: most tests wait most of the time, so there is room for more of them than there are cores."""
    return WORKERS_A_CORE * len(os.sched_getaffinity(0))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers take folders of long ones first, and fill their time at the end with short ones."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fixtures wider than one test are held to the same promise: by the controller, when its workers are gone."""
    if hasattr(session.config, "workerinput"):
        return
    run = session.config.stash[SESSION]
    left = end_stragglers(lambda: find_left(run))
    if left:
        sys.stderr.write(f"\nleft running by this test session: {'; '.join(left)}\n")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if shutil.which(program) is None:
                pytest.skip(f"needs {program}: not installed")


class UnlistedSkips:
    """Fails the run for every skip whose reason is not in a file: ``<reason>  # <why it may be>`` a line."""

    def __init__(self, listed: Path) -> None:
        lines = (line.split("#")[0].strip() for line in listed.read_text().splitlines())
        self.allowed = {line for line in lines if line}
        self.found: list[str] = []

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            # (path, line, "Skipped: reason") says pytest's own summary of skips.
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            if reason.removeprefix("Skipped: ") not in self.allowed:
                self.found.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.found:
            terminalreporter.section("skipped, and not in .ci/allowed-skips", red=True)
            for line in self.found:
                terminalreporter.line(line)


def make_short_folder() -> Path:
    """A fresh folder with a short path, for that of a Unix socket has room for about 100 bytes."""
    return Path(tempfile.mkdtemp(prefix="gt-", dir=SHORT)).resolve()


def make_world(folder: Path) -> dict[str, str]:
    """Makes a home under ``folder`` and returns the variables that lead every program into it."""
    home = folder / "home"
    for made in (home, folder / "tmp", folder / "runtime"):
        made.mkdir(mode=0o700)
    config = home / ".gitconfig"
    config.write_text("[user]\n\tname = Test Person\n\temail = test@localhost\n[init]\n\tdefaultBranch = main\n")
    return {
        "HOME": str(home),
        "SHELL": "/bin/sh",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder / "tmp"),
        "TMUX_TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_RUNTIME_DIR": str(folder / "runtime"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_SYSTEM": os.devnull,
    }


def find_left(mark: str, home: str = "", before: set[int] | None = None) -> list[psutil.Process]:
    """The live processes whose mark begins with ``mark`` or whose home is ``home``, and our children not in ``before``.

    An agent's environment is an allow-list: it has the test's home, and not our mark.
    """
    signs = [f"\0{MARK}={mark}".encode(), *([f"\0HOME={home}\0".encode()] if home else [])]
    ours = list_children() - before if before is not None else set()
    found = []
    for pid in psutil.pids():
        try:
            if pid not in ours:
                # psutil takes several times as long, and most tests that start something look at all there is.
                environment = b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
                if not any(sign in environment for sign in signs):
                    continue
            process = psutil.Process(pid)
            # multiprocessing keeps its helper until the test session itself ends.
            if process.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return found


def list_children() -> set[int]:
    """Of this process, whichever of its threads started them."""
    listed = [task / "children" for task in Path("/proc/self/task").iterdir()]
    try:
        return {int(pid) for file in listed for pid in file.read_text().split()}
    except OSError:  # a thread that has just ended, or a kernel without these files
        return {child.pid for child in psutil.Process().children()}


def end_stragglers(find: Callable[[], list[psutil.Process]]) -> list[str]:
    """Waits for what ``find`` finds, ends what stays, and returns a description of each that had to be."""
    deadline = time.monotonic() + GRACE
    while (left := find()) and time.monotonic() < deadline:
        psutil.wait_procs(left, timeout=0.1)
    described = []
    deadline = time.monotonic() + GRACE
    # Again and again, for one of them may bring back another.
    while left and time.monotonic() < deadline:
        for process in left:
            try:
                described.append(f"pid {process.pid}: {' '.join(process.cmdline()) or process.name()}")
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=1)
        left = find()
    return described


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A folder with a short path, for sockets; removed after the test."""
    folder = make_short_folder()
    yield folder
    shutil.rmtree(folder)


class Children:
    """How many this process has started: what is left running is asked for only where that number changed, for to look
    at every process there is takes longer than most tests, and most tests start none.
    """

    started = 0
    """Counted by Python itself, for as long as it runs."""

    @staticmethod
    def count(event: str, _: object) -> None:
        if event in STARTS:
            Children.started += 1


STARTS = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"))
sys.addaudithook(Children.count)


@pytest.fixture(scope="session", autouse=True)
def moments() -> Iterator[None]:
    """A change of rows by this process has a millisecond of its own, as on a disk, where each takes longer than that:
    by their times alone rows are older and newer.
    """
    from gastown_tmux.edges.files import clock
    from gastown_tmux.operations.town.town import Town

    change, last = Town.change, ""

    @contextlib.contextmanager
    def change_later(self: Any) -> Iterator[Any]:
        nonlocal last
        for _ in range(3):  # no longer: some tests stop the clock
            if clock.now() != last:
                break
            time.sleep(0.001)
        with change(self) as made:
            yield made
        last = made.time

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Town, "change", change_later)
        yield


class OpenFiles:
    """How many this process may have open before the collector is called, which takes a while in so large a one."""

    step = 256
    most = step


def count_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def isolated(short_tmp: Path, pytestconfig: pytest.Config) -> Iterator[None]:
    """An own home, git configuration and default tmux folder; fails a test that leaves a process behind."""
    mark = f"{pytestconfig.stash[SESSION]}.{uuid.uuid4().hex}"
    started, before = Children.started, list_children()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in make_world(short_tmp).items():
            patch.setenv(name, value)
        patch.setenv(MARK, mark)
        yield
    if count_files() > OpenFiles.most:
        gc.collect()  # rows that a test left open; of itself the collector comes too seldom
        OpenFiles.most = count_files() + OpenFiles.step
    if Children.started == started:
        return
    left = end_stragglers(lambda: find_left(mark, str(short_tmp / "home"), before))
    if left:
        pytest.fail(f"left running: {'; '.join(left)}", pytrace=False)


@dataclass(frozen=True, slots=True)
class Result:
    """How a ``gt`` command ended: its exit status and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output read as one JSON document."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def warm_gt() -> Iterator[Any]:
    """Wider than one test, and so started before it: none is blamed for leaving it running."""
    from tests.warm_gt import WarmGt  # not where a suite of its own has a copy of this file

    started = WarmGt()
    yield started
    started.close()


@pytest.fixture
def run_gt(short_tmp: Path, warm_gt: Any) -> Callable[..., Result]:
    """Runs the real command, by default in the test's home: ``run_gt("bead", "list", "--json").json``.

    It is forked, not started: what is about the start of the process itself calls ``subprocess``.
    """

    def run(
        *args: str | Path,
        stdin: str = "",
        cwd: Path = short_tmp / "home",
        env: Mapping[str, str] | None = None,
        seconds: float = 30,
    ) -> Result:
        environment, words, limit = {**os.environ, **(env or {})}, [str(word) for word in args], seconds * PATIENCE
        if warm_gt.fits(environment):
            done = warm_gt.run(words, stdin=stdin, cwd=cwd, environment=environment, seconds=limit)
        else:
            done = subprocess.run(
                [sys.executable, "-m", "gastown_tmux", *words],
                input=stdin,
                cwd=cwd,
                env=environment,
                timeout=limit,
                capture_output=True,
                text=True,
            )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def wait_for() -> Callable[..., Any]:
    """``wait_for(condition, seconds, what)``: the first true value of ``condition()``, or a failed test."""

    def wait(condition: Callable[[], T], seconds: float = 10, what: str = "the condition") -> T:
        deadline = time.monotonic() + seconds * PATIENCE
        pause = 0.001
        while True:
            asked = time.monotonic()
            if value := condition():
                return value
            answered = time.monotonic()
            if answered > deadline:
                pytest.fail(f"waited {seconds * PATIENCE} s for {what}", pytrace=False)
            # A condition that runs a command would else take a core from what it waits for.
            time.sleep(max(pause, 2 * (answered - asked)))
            pause = min(pause * 2, 0.05)

    return wait

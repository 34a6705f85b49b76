"""gt demo: the whole job, for real, in a town that is thrown away afterwards."""

import contextlib
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState
from gastown_tmux.edges.files.waiting import looks
from gastown_tmux.edges.git import command
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.sessions.starting import gt_as_typed
from gastown_tmux.operations.supervision import stopping, up
from gastown_tmux.operations.town import install
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work import beads, convoys, sling
from gastown_tmux.operations.workforce import rigs, workers
from gastown_tmux.store import beads as rows
from gastown_tmux.store.agents import find_live_session
from gastown_tmux.store.events import list_events

WORKERS = ("toast", "nux", "slit")
SECONDS = 90.0
_LOOK_SECONDS = 0.1

#: What a bead says, and the agent that gets it; the last one waits for the first, and for whoever is free.
_AUTHORS = """\
List everybody who ever committed here, and tell a colleague of it.

```sh
mkdir -p town
git shortlog --summary --numbered --email HEAD > town/authors.txt
gt mail send demo/nux -s "the authors are listed" -m "see town/authors.txt once it has landed"
```
"""
_SIZES = """\
Count the lines of every file. It takes a while on purpose: its agent is killed meanwhile, and comes back.

```sh
mkdir -p town
git ls-files -z | xargs -0 wc -l > town/lines.txt
sleep 3
```
"""
_LOG = """\
Keep the history as a text.

```sh
mkdir -p town
git log --oneline --no-decorate > town/history.txt
```
"""
_INDEX = """\
Say what there is, now that the authors are listed.

```sh
ls town > town/index.txt
test -s town/authors.txt
```
"""


@dataclass(frozen=True, slots=True)
class Landed:
    id: str
    state: str
    merged_commit: str | None


def demo(asked: Town, repository: Path | None = None, keep: bool = False) -> Answer:
    """Beads, slung at three runbook agents and landed, on a copy of ``repository`` that is never pushed to.

    One agent is killed on the way. Nothing is left behind, unless ``keep``. Raises GtError where a bead did not land.
    """
    folder = Path(tempfile.mkdtemp(prefix="gt-demo-"))
    town: Town | None = None
    try:
        town, rig = _make_town(asked, folder, repository)
        slung = _sling(town, rig)
        _watch(town, [bead.id for bead in slung])
        beads_now = [rows.get_bead(town.db, bead.id) for bead in slung]
        landed = [Landed(bead.id, bead.state, bead.merged_commit) for bead in beads_now]
        missing = [item.id for item in landed if item.state != BeadState.MERGED]
        if missing:
            raise GtError(f"did not land: {', '.join(missing)}", hint="gt demo --keep leaves the town to look at")
        _say_what_landed(town, rig)
    except BaseException:
        if keep and town is not None:
            asked.say(f"the town is kept: {gt_as_typed(asked.environment)} --town {folder / 'town'} status")
        else:
            _take_down(town, folder)
        raise
    if keep:
        _say_how_to_go_on(town, folder)
    else:
        _take_down(town, folder)
    return Answer(landed, "\n".join(f"{item.id} {item.state} {item.merged_commit}" for item in landed))


def _make_town(asked: Town, folder: Path, repository: Path | None) -> tuple[Town, Rig]:
    """Away from the user's own town, configuration and repository."""
    environment = {name: value for name, value in asked.environment.items() if not name.startswith("GT_")}
    environment["XDG_CONFIG_HOME"] = str(folder / "config")
    asked = Town(Path("/"), OVERSEER, environment, say=asked.say)
    install.install(asked, folder / "town", "demo-town")
    town = Town(folder / "town", OVERSEER, environment, say=asked.say)
    remote = folder / "project.git"
    if repository is None:
        _make_project(folder / "project")
        source = folder / "project"
    else:
        source = repository.expanduser().absolute()
        if not source.is_dir():
            raise NotFoundError(f"no repository {source}", hint="gt demo makes a project of its own")
    command.git(
        "clone", "--quiet", "--bare", "--no-hardlinks", "--", str(source), str(remote), timeout=command.CHECKOUT_TIMEOUT
    )
    asked.say(f"a town in {town.path}, a rig on a copy of {source}")
    quiet = Town(town.path, OVERSEER, environment, ask=lambda question: "demo@localhost")
    rigs.add_rig(quiet, "demo", str(remote))
    rig = quiet.rig("demo")
    for name in WORKERS:
        workers.add_polecat(quiet, name, rig, "runbook")
    return town, rig


def _make_project(path: Path) -> None:
    """A small project with a little history."""
    path.mkdir()
    command.git("init", "--quiet", "--initial-branch=main", "--template=", "--", str(path))
    files = {
        "README.md": "# Greetings\n\nSays hello in many languages.\n",
        "greet.py": 'import sys\n\nprint(f"Hello, {(sys.argv + ["world"])[1]}!")\n',
        "words.txt": "hello\nhola\nciao\nsalut\nhallo\n",
    }
    identity = command.author_environment(command.Person("Demo", "demo@localhost"))
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
        command.git("add", "--", name, cwd=path)
        command.git("commit", "--quiet", f"--message=Add {name}", cwd=path, env=identity)


def _sling(town: Town, rig: Rig) -> list[Bead]:
    quiet = Town(town.path, OVERSEER, town.environment)
    authors = _bead(quiet, rig, "List the authors", _AUTHORS)
    others = [_bead(quiet, rig, "Count the lines", _SIZES), _bead(quiet, rig, "Keep the history", _LOG)]
    index = beads.create_bead(quiet, "Say what there is", rig, _INDEX, needs=[authors]).value
    every = [authors, *others, index]
    convoys.create_convoy(quiet, "demo", every)
    up.ensure_up(quiet)
    town.say(f"look at them from another terminal: tmux -S {town.tmux.socket} attach -t demo")
    for bead, name in zip((*others, authors), ("nux", "slit", "toast"), strict=True):
        sling.sling(quiet, [bead.id, Address.of(rig.name, name)])
    sling.sling(quiet, [index.id, rig.name], provider="runbook")
    return every


def _bead(town: Town, rig: Rig, title: str, body: str) -> Bead:
    bead = beads.create_bead(town, title, rig, body).value
    assert isinstance(bead, Bead)
    return bead


def _watch(town: Town, ids: list[str]) -> None:
    """Tells what happens until all have landed; kills one agent at its work."""
    last, killed = 0, False
    for passed in looks(SECONDS, _LOOK_SECONDS):
        for event in list_events(town.db, after=last):
            last = event.seq
            for line in _describe(town, event):
                town.say(f"{passed:5.1f}s  {line}")
        if not killed:
            killed = _kill(town, Address.of(rows.get_bead(town.db, ids[0]).rig, "nux"), passed)
        now = [rows.get_bead(town.db, id) for id in ids]
        if all(bead.state is BeadState.MERGED for bead in now) or any(bead.reason == "escalated" for bead in now):
            return


def _kill(town: Town, address: Address, since: float) -> bool:
    """Whether it was at work, and got a SIGKILL."""
    session = find_live_session(town.db, address)
    if session is None or session.state != "working" or session.pid is None or session.pid_started is None:
        return False
    processes.send(ProcessRef(session.pid, session.pid_started), signal.SIGKILL)
    town.say(f"{since:5.1f}s  kill -9 {session.pid}: that was {address}; its work is on its hook")
    return True


def _describe(town: Town, event: Event) -> Iterator[str]:
    data = event.data
    match event.type:
        case "session.started":
            yield f"{event.subject} runs in window {event.subject.partition('/')[2]}, pid {data['pid']}"
        case "session.ended" if data["signal"] is not None:
            yield f"{event.subject} died of signal {data['signal']}"
        case "bead.started":
            yield f"{event.subject} is being worked on: {rows.get_bead(town.db, event.subject).title}"
        case "mail.sent" if event.actor.name in WORKERS:
            yield f"{event.actor} writes to {' and '.join(map(str, _listed(data['to'])))}"
        case "bead.submitted":
            yield f"{event.subject} is submitted to the merge queue"
        case "bead.merged":
            yield f"{event.subject} is merged as {str(data['commit'])[:12]}"
        case "convoy.landed":
            yield "the convoy has landed"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _say_what_landed(town: Town, rig: Rig) -> None:
    town.say("")
    log = command.git("log", "--graph", "--format=%h %an: %s", rig.target, git_dir=Path(rig.remote)).text
    for line in log.splitlines()[:8]:
        town.say(f"  {line}")


def _say_how_to_go_on(town: Town, folder: Path) -> None:
    gt = f"{gt_as_typed(town.environment)} --town {shlex.quote(str(town.path))}"
    for line in (
        "",
        "the town is left running; look around:",
        f"  {gt} status",
        f"  {gt} attach",
        "and when you are done:",
        f"  {gt} down --agents && rm -rf {shlex.quote(str(folder))}",
    ):
        town.say(line)


def _take_down(town: Town | None, folder: Path) -> None:
    if town is not None:
        with contextlib.suppress(GtError):
            stopping.down(Town(town.path, OVERSEER, town.environment), agents=True)
        town.close()
    shutil.rmtree(folder, ignore_errors=True)

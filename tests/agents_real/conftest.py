"""Towns of real agent programs before a scripted model. Only by ``just test-agents``: they are large and slow."""

import json
import threading
import time
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.agents_real.install import search_path
from tests.agents_real.model_server import ModelServer
from tests.agents_real.programs import KEY, PROGRAMS, USERS_OWN, Program
from tests.journeys.town_world import TownWorld, make_repository

#: What programs write into by themselves.
REWRITTEN = (".claude.json", ".codex/config.toml", ".gemini/settings.json", ".qwen/settings.json")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--agents", default="", help="names of agent programs, with commas between")
    parser.addoption("--agent-cache", default="", help="where tests/agents_real/install.py put them")
    parser.addoption("--repeat", type=int, default=1, help="how often each test is done")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    with_programs = collection_path.name in ("test_real_agents.py",)
    return True if with_programs and not config.getoption("--agents", "") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``program``: those that can do the whole chain; ``small_program``: the others; ``limited_program``: those that
    show when a limit of their provider's ends; ``logged_out_program``: those whose login can be left out.
    """
    chosen = [PROGRAMS[name] for name in metafunc.config.getoption("--agents").split(",") if name]
    again = range(metafunc.config.getoption("--repeat"))
    fixtures: dict[str, Callable[[Program], object]] = {
        "program": lambda program: not program.short,
        "small_program": lambda program: program.short,
        "limited_program": lambda program: program.subscription is not None,
        "logged_out_program": lambda program: bool(program.login),
    }
    for fixture, fits in fixtures.items():
        if fixture in metafunc.fixturenames:
            own = [program for program in chosen if fits(program)]
            cases = [pytest.param(program, id=f"{program.name}-{number}") for program in own for number in again]
            metafunc.parametrize(fixture, cases)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that no chosen program is for is left out; skipped would be one that should have run."""
    left_out = [item for item in items if item.name.endswith("[NOTSET]")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How often each program missed, where each test is done again and again."""
    if config.getoption("--repeat") == 1:
        return
    for name in config.getoption("--agents").split(","):
        ran = {
            outcome: {report.nodeid for report in terminalreporter.getreports(outcome) if f"[{name}-" in report.nodeid}
            for outcome in ("passed", "failed", "error")
        }
        missed = ran["failed"] | ran["error"]
        terminalreporter.line(f"{name}: {len(missed)} of {len(missed | ran['passed'])} missed")


@pytest.fixture
def programs(pytestconfig: pytest.Config) -> list[Program]:
    """All of this run that can do the whole chain."""
    chosen = [PROGRAMS[name] for name in pytestconfig.getoption("--agents").split(",")]
    return [program for program in chosen if not program.short]


@dataclass(frozen=True, slots=True)
class Model:
    """The scripted model, and what it was told."""

    port: int
    log: Path

    def requests(self) -> list[dict[str, Any]]:
        """Those that offered a shell: side requests for titles and topics are left out."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry.get("reply", {}).get("tool") or "tools" in entry]

    def was_told(self, words: str, kind: str | None = None) -> bool:
        return any(
            words in text and kind in (None, found) for entry in self.requests() for found, text in entry["items"]
        )


@pytest.fixture
def model(short_tmp: Path) -> Iterator[Model]:
    with ModelServer(short_tmp / "model.jsonl") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Model(server.port, server.log)
        server.shutdown()
        thread.join(5)


@dataclass
class AgentTown(TownWorld):
    """A town whose agents are real programs; ``signs`` is a folder in which scripts leave their marks."""

    signs: Path
    model: Model

    def sign(self, name: str) -> Path:
        return self.signs / name

    def wait_sign(self, name: str, seconds: float = 120) -> None:
        self.wait_for(self.sign(name).exists, seconds, f"the sign {name}")

    def wait_agent(self, address: str, *states: str, seconds: float = 60) -> Any:
        """The agent, once it is in one of these states."""
        self.wait_for(lambda: self.agent(address)["state"] in states, seconds, f"{address} to be {states}")
        return self.agent(address)

    def tell(self) -> None:
        """Prints what a person would look at after a failure; pytest shows it only then."""
        print(self.gt("agents", code=None).out)
        for agent in self.json("agents")["items"]:
            print(self.gt("peek", agent["address"], code=None).out)
        print(self.gt("events", code=None).out)
        print(self.gt("log", "deacon", code=None).out, self.gt("log", "witness", code=None).out)
        for entry in self.model.requests()[-1:]:
            print(time.ctime(entry["time"]), json.dumps(entry, indent=1)[-4000:])


def assert_own(home: Path, files: Mapping[str, str]) -> None:
    """That the user's files are byte for byte what they were. What a program itself keeps its counters and hints in
    still says all that it said, and nothing of ours; and a hook of the user's own ran.
    """
    for path, text in {**USERS_OWN, **files}.items():
        after = (home / path).read_text()
        if after != text:
            parse = json.loads if text.startswith("{") else tomllib.loads
            assert path in REWRITTEN and parse(after) == {**parse(after), **parse(text)}, f"{path}: {after}"
            assert "GT_" not in after and "guard" not in after, path
    assert (home / "mine").exists() is any("/mine" in text for text in files.values())


def assert_key_is_nowhere(town: Path) -> None:
    """That the user's key is in no file of the town, but where the user wrote it themselves."""
    own = (town / "town.yaml", town / ".gt" / "run" / "config.json")
    files = (path for path in town.rglob("*") if path.is_file() and path not in own)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def script(name: str, *lines: str) -> str:
    """A text that a scripted model acts on."""
    return "\n".join(["", f"script {name}", *(f"| {line}" for line in lines), "end script", ""])


@pytest.fixture
def make_agent_town(
    short_tmp: Path,
    run_gt: Callable[..., Any],
    wait_for: Callable[..., Any],
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> Iterator[Callable[..., AgentTown]]:
    """``make_agent_town(program, …)``: a town with the rig ``demo``; the first program is the default. ``without``: the
    files and variables that its user has not.
    """
    made = []
    home = short_tmp / "home"

    def make(*programs: Program, without: Collection[str] = ()) -> AgentTown:
        cache = Path(pytestconfig.getoption("--agent-cache"))
        folders = [folder for program in programs for folder in search_path(cache, program)]
        monkeypatch.setenv("PATH", ":".join(map(str, folders)), prepend=":")
        for program in programs:
            variables, files = program.environment(model.port), {**USERS_OWN, **program.files(model.port)}
            for name in variables.keys() - set(without):
                monkeypatch.setenv(name, variables[name])
            for path, text in ((path, text) for path, text in files.items() if path not in without):
                (home / path).parent.mkdir(parents=True, exist_ok=True)
                (home / path).write_text(text)
        signs = short_tmp / "signs"
        signs.mkdir()
        world = AgentTown(short_tmp / "town", short_tmp / "project", run_gt, wait_for, signs, model)
        made.append(world)
        assert run_gt("install", world.path).code == 0
        for program in programs:
            if config := program.config(model.port):
                world.gt("config", "set", f"providers.{program.name}", json.dumps(config))
        world.gt("config", "default-agent", programs[0].name)
        make_repository(world.project)
        world.gt("rig", "add", "demo", world.project)
        return world

    yield make
    for world in made:
        world.tell()
        world.gt("down", "--agents", code=None, seconds=60)

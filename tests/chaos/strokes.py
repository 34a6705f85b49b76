"""What can happen to a town: each stroke is one fault, chosen by the seed and told in one line."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable

import psutil

from tests.chaos.scene import Scene
from tests.journeys.town_world import chore

Stroke = Callable[[Scene], str]
STROKES: list[Stroke] = []

#: Where a gt command, the refinery or a daemon is killed half-way.
COMMANDS = (
    ("sling.claimed", "sling"), ("sling.prepared", "sling"), ("hook.checked-out", "sling"),
    ("session.claimed", "sling"), ("session.opened", "sling"), ("mail.delivered", "mail"),
    ("stop.asked", "respawn"), ("session.opened", "respawn"),
)  # fmt: skip


def stroke(function: Stroke) -> Stroke:
    STROKES.append(function)
    return function


def kill(pid: int | None, number: int = signal.SIGKILL) -> bool:
    try:
        os.kill(pid or 0, number) if pid else None
    except ProcessLookupError:
        return False
    return bool(pid)


def agents(scene: Scene) -> list[dict[str, object]]:
    return [agent for agent in scene.status()["agents"] if agent["pid"]]


def holder(scene: Scene, name: str) -> int | None:
    try:
        return int((scene.town / ".gt" / "run" / f"{name}.lock").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None


def server(scene: Scene) -> int | None:
    try:
        return int((scene.town / ".gt" / "tmux.pid").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None


def tmux(scene: Scene, *words: str) -> str:
    command = ["tmux", "-S", str(scene.town / ".gt" / "run" / "tmux.sock"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env=scene.environment).stdout


def pick(scene: Scene) -> dict[str, object] | None:
    found = agents(scene)
    return scene.random.choice(found) if found else None


def launcher(agent: dict[str, object]) -> int | None:
    """The parent of its program, unless that is dead."""
    try:
        parent = psutil.Process(agent["pid"]).ppid()  # type: ignore[arg-type]
    except psutil.NoSuchProcess:
        return None
    return parent if parent > 1 else None


@stroke
def kill_agent(scene: Scene) -> str:
    agent = pick(scene)
    return f"killed {agent['address']}" if agent and kill(agent["pid"]) else ""  # type: ignore[arg-type]


@stroke
def kill_launcher(scene: Scene) -> str:
    agent = pick(scene)
    return f"killed the launcher of {agent['address']}" if agent and kill(launcher(agent)) else ""


@stroke
def stop_agent(scene: Scene) -> str:
    agent = pick(scene)
    if not agent or not kill(agent["pid"], signal.SIGSTOP):  # type: ignore[arg-type]
        return ""
    time.sleep(scene.random.choice((0.1, 1.5)))
    kill(agent["pid"], signal.SIGCONT)  # type: ignore[arg-type]
    return f"stopped {agent['address']} for a while"


@stroke
def kill_deacon(scene: Scene) -> str:
    return "killed the deacon" if kill(holder(scene, "deacon")) else ""


@stroke
def kill_witness(scene: Scene) -> str:
    return "killed the witness" if kill(holder(scene, "witness")) else ""


@stroke
def kill_both(scene: Scene) -> str:
    deacon, witness = holder(scene, "deacon"), holder(scene, "witness")
    return "killed deacon and witness" if kill(deacon) | kill(witness) else ""


@stroke
def stop_daemon(scene: Scene) -> str:
    name = scene.random.choice(("deacon", "witness"))
    return f"stopped the {name}" if kill(holder(scene, name), signal.SIGSTOP) else ""


@stroke
def kill_refinery(scene: Scene) -> str:
    return "killed the refinery" if kill(holder(scene, "refinery.demo")) else ""


@stroke
def stop_for_a_while(scene: Scene) -> str:
    """What is neither an agent nor a daemon that others continue."""
    name = scene.random.choice(("a launcher", "the refinery", "the tmux server"))
    pids = {"the refinery": holder(scene, "refinery.demo"), "the tmux server": server(scene)}
    if name not in pids and (agent := pick(scene)):
        pids[name] = launcher(agent)
    if not kill(pids.get(name), signal.SIGSTOP):
        return ""
    time.sleep(scene.random.choice((0.1, 1.5)))
    kill(pids.get(name), signal.SIGCONT)
    return f"stopped {name} for a while"


@stroke
def kill_tmux(scene: Scene) -> str:
    return "killed the tmux server with -9" if kill(server(scene)) else ""


@stroke
def end_tmux(scene: Scene) -> str:
    tmux(scene, "kill-server")
    return "tmux kill-server"


@stroke
def close_window(scene: Scene) -> str:
    agent = pick(scene)
    if not agent or not agent["pane"]:
        return ""
    tmux(scene, "kill-pane", "-t", str(agent["pane"]))
    return f"closed the window of {agent['address']}"


@stroke
def kill_everybody(scene: Scene) -> str:
    # What was being started while we looked, too: nothing outlives a machine.
    while found := scene.processes():
        for process in found:
            kill(process.pid)
    shutil.rmtree(scene.town / ".gt" / "run", ignore_errors=True)
    scene.insist(lambda: scene.gt("up"))
    return "killed everything, wiped .gt/run, gt up"


@stroke
def wipe_run(scene: Scene) -> str:
    shutil.rmtree(scene.town / ".gt" / "run", ignore_errors=True)
    return "wiped .gt/run"


@stroke
def kill_command(scene: Scene) -> str:
    point, verb = scene.random.choice(COMMANDS)
    if verb == "mail":
        number = scene.next_number()
        words = ["mail", "send", "demo/ann", "-s", f"letter {number}", "-m", "x", "--key", f"m{number}"]
        scene.run(*words, fault=point)
        scene.insist(lambda: scene.gt(*words))
        scene.mails.append(f"letter {number}")
    elif verb == "respawn":
        scene.run("respawn", "demo/ann", fault=point)
    else:
        number = scene.next_number()
        body = chore(f"mkdir -p out; echo {number} > out/{number}.txt")
        words = ["bead", "create", f"cut {number}", "--rig", "demo", "--body", body, "--key", f"b{number}"]
        bead = scene.insist(lambda: scene.json(*words))["id"]
        scene.beads[str(bead)] = f"out/{number}.txt"
        scene.run("sling", str(bead), fault=point)
        scene.insist(lambda: scene.gt("bead", "show", str(bead)))
        if scene.json("bead", "show", str(bead))["state"] == "open":
            scene.run("sling", str(bead))
    return f"killed gt {verb} at {point}"


@stroke
def kill_some_gt(scene: Scene) -> str:
    """Any gt command that runs just now, an agent's own most of the time."""
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        for process in scene.processes():
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:
                continue
            if any(word.endswith("/gt") for word in words[:2]) and kill(process.pid):
                return f"killed {' '.join(words[1:])}"
        time.sleep(0.005)
    return ""


@stroke
def fault_daemon(scene: Scene) -> str:
    """A deacon or witness that dies at a point of its own work; the one after it has no fault."""
    name = scene.random.choice(("deacon", "witness"))
    points = ("session.claimed", "session.opened", "death.recorded", "hook.checked-out", "stop.asked")
    point = scene.random.choice(points)
    kill(holder(scene, name))
    process = scene.popen_fault(point, "daemon", "run", name)
    kill_agent(scene)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        kill(process.pid)
        process.wait()
    return f"a {name} that dies at {point}"


@stroke
def fault_refinery(scene: Scene) -> str:
    point = scene.random.choice(("refinery.testing", "refinery.publishing", "refinery.published"))
    scene.run("refinery", "run", "--rig", "demo", fault=point)
    return f"a refinery that dies at {point}"


@stroke
def stop_everything(scene: Scene) -> str:
    """An emergency stop must show: nobody runs a step until the thaw."""
    scene.insist(lambda: scene.gt("estop"))
    running = [
        process.pid
        for process in scene.processes()
        if _environment(process).get("GT_AGENT") and process.status() not in (psutil.STATUS_STOPPED, "disk-sleep")
    ]
    assert not running, f"estop left running: {running}"
    scene.insist(lambda: scene.gt("thaw"))
    return "estop, thaw"


@stroke
def pause_agent(scene: Scene) -> str:
    if scene.run("pause", "demo/ann").returncode:
        return ""
    if scene.random.random() < 0.5:
        kill_agent(scene)
    scene.insist(lambda: scene.gt("resume", "demo/ann"))
    return "paused and resumed demo/ann"


@stroke
def hand_over(scene: Scene) -> str:
    done = scene.run("--as", "demo/ann", "handoff", "-m", "a note")
    return "" if done.returncode else "handoff of demo/ann"


@stroke
def fill_the_disk(scene: Scene) -> str:
    """Only where the scene has a disk of its own."""
    if not scene.has_own_disk:
        return ""
    scene.was_full = True
    ballast = scene.folder / "ballast"
    try:
        with ballast.open("wb") as file:
            while True:
                file.write(b"\0" * (1 << 20))
                file.flush()
    except OSError:
        pass
    if scene.random.random() < 0.5:
        kill_agent(scene)
    scene.run("sling", "-m", "no room for this", "demo")
    time.sleep(1.0)
    ballast.unlink()
    return "a full disk for a while"


@stroke
def lock_a_folder(scene: Scene) -> str:
    """A folder that may not be written, which nobody can hide from root."""
    folder = scene.town / ".gt" / scene.random.choice(("mail", "hooks", "run"))
    folder.chmod(0o500)
    try:
        scene.run("sling", "-m", "not to be written", "demo")
        time.sleep(1.0)
    finally:
        folder.chmod(0o700)
    return f"{folder.name} was read-only for a while" if os.geteuid() else ""


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return {}

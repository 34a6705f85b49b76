"""gt service: units of the user's systemd that bring the town back after the death of both daemons, logout and boot."""

from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.processes import systemd
from gastown_tmux.edges.processes.systemd import quote, quote_argument
from gastown_tmux.edges.tmux import server
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.meta import get_meta

#: What a daemon, and so an agent, cannot do without; keys and tokens belong into the environment file.
_KEPT = ("PATH", "LANG", "LC_ALL", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL")


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    path: str
    exists: bool
    enabled: str
    active: str


def unit_texts(town: Town) -> dict[str, str]:
    """File names and contents. The tmux server is in a unit of its own: whatever else dies, the windows stay."""
    base = unit_base(town)
    start = [server.find_tmux(), "-D", "-S", str(town.tmux.socket), "-f", str(town.tmux.config)]
    units = {f"{base}-tmux.service": _unit(town, "the tmux server", start, restart=False)}
    for name in daemons.DAEMONS:
        command = [str(gt_command()), "--town", str(town.path), "daemon", "run", name, "--standby"]
        units[f"{base}-{name}.service"] = _unit(town, f"the {name}", command, restart=True)
    return units


def unit_base(town: Town) -> str:
    """The beginning of its units' names; two towns of one name differ."""
    return f"gastown-{get_meta(town.db, 'name')}-{(get_meta(town.db, 'id') or '')[:8]}"


def _unit(town: Town, what: str, command: list[str], *, restart: bool) -> str:
    environment_file = systemd.unit_folder(town.environment).parents[1] / "gt" / "environment"
    lines = [
        "[Unit]",
        f"Description=Gas Town: {what} of {str(town.path).replace('%', '%%')}",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"ExecStart={' '.join(map(quote_argument, command))}",
        *_environment(town.environment),
        f"EnvironmentFile=-{str(environment_file).replace('%', '%%')}",
        "# Only what runs here ends with it, none of what it started; one that runs out of memory ends alone.",
        "KillMode=process",
        "OOMPolicy=continue",
    ]
    if restart:
        lines += ["Restart=always", "RestartSec=2", "", "[Install]", "WantedBy=default.target"]
    return "\n".join(lines) + "\n"


def _environment(environment: Mapping[str, str]) -> list[str]:
    return [f"Environment={quote(f'{name}={environment[name]}')}" for name in _KEPT if environment.get(name)]


def install(town: Town) -> Answer:
    """Writes, enables and starts the units. Raises MissingError where no systemd runs."""
    systemd.require()
    folder, units = systemd.unit_folder(town.environment), unit_texts(town)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in units.items():
        write_atomic(folder / name, text.encode(), 0o644)  # else systemd warns of a unit that others cannot read
    write_atomic(town.service_mark, f"{unit_base(town)}\n".encode())
    systemd.systemctl("daemon-reload")
    for name in units:
        if not name.endswith("-tmux.service"):
            systemd.systemctl("enable", "--now", name)
    said = [f"the units are in {folder}"]
    if systemd.lingers() or systemd.enable_linger():
        said.append("they run from boot on, whoever is logged in")
    else:
        said.append("they end at logout, until somebody with the right says: sudo loginctl enable-linger $USER")
    if town.tmux.is_alive():
        said.append("the tmux server that runs now comes into its unit when it starts the next time")
    return Answer(_list(town), "\n".join(said))


def remove(town: Town) -> Answer:
    """What runs goes on: a town that is wanted up has its daemons, and the tmux server its windows."""
    systemd.require()
    folder = systemd.unit_folder(town.environment)
    names = [name for name in unit_texts(town) if (folder / name).exists()]
    for name in names:
        if not name.endswith("-tmux.service"):
            systemd.systemctl("disable", "--now", name)
        (folder / name).unlink()
    town.service_mark.unlink(missing_ok=True)
    systemd.systemctl("daemon-reload")
    if names and town.is_wanted():
        for name in daemons.DAEMONS:
            daemons.start_daemon(town, name)
    return Answer(_list(town), "the units are removed" if names else "there are no units")


def status(town: Town) -> list[Unit]:
    """Raises MissingError where no systemd runs."""
    systemd.require()
    return _list(town)


def _list(town: Town) -> list[Unit]:
    folder = systemd.unit_folder(town.environment)
    return [
        Unit(
            name,
            str(folder / name),
            (folder / name).exists(),
            systemd.ask("is-enabled", name) or "no",
            systemd.ask("is-active", name) or "no",
        )
        for name in unit_texts(town)
    ]


def find_fault(town: Town) -> str | None:
    """Why units that were installed would not start this town: it was moved, or what they start is gone."""
    if not town.service_mark.exists():
        return None
    folder = systemd.unit_folder(town.environment)
    for name in unit_texts(town):
        try:
            text = (folder / name).read_text()
        except FileNotFoundError:
            return "they are gone, or of another place"
        if quote_argument(str(town.path)) not in text and not name.endswith("-tmux.service"):
            return "the town was moved"
        program = systemd.program_of(text)
        if program is None or not Path(program).exists():
            return f"what they start is gone: {program}"
    return None


def renew(town: Town) -> None:
    """Units start this very gt from now on, where those of an older one were installed. Else they would start nothing
    after the next boot, once the older one is gone.
    """
    if not town.service_mark.exists():
        return
    folder, changed = systemd.unit_folder(town.environment), False
    for name in daemons.DAEMONS:
        path = folder / f"{unit_base(town)}-{name}.service"
        text = path.read_text() if path.exists() else ""
        program = systemd.program_of(text)
        if program is not None and program != str(gt_command()):
            write_atomic(
                path, text.replace(quote_argument(program), quote_argument(str(gt_command())), 1).encode(), 0o644
            )
            changed = True
    if changed:
        systemd.systemctl("daemon-reload")

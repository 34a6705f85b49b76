"""The systemd units: as text, by systemd's own check where there is one, and the tmux server started by its unit."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.processes.systemd import unit_folder
from gastown_tmux.errors import MissingError
from gastown_tmux.operations.maintenance.doctor import examine
from gastown_tmux.operations.sessions import daemons, service
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.meta import set_wanted
from tests.journeys.town_world import TownWorld


def odd(town: Town, short_tmp: Path) -> Town:
    """The same town, in a folder whose name has all that a unit file must quote."""
    place = short_tmp / 'a "$50%" tówn'
    town.close()
    town.path.rename(place)
    return Town(place, OVERSEER, {**os.environ, "PATH": "/usr/bin:/odd %h $x"})


def test_units_as_text(town: Town) -> None:
    base = service.unit_base(town)
    units = service.unit_texts(town)
    assert list(units) == [f"{base}-{name}.service" for name in ("tmux", "deacon", "witness")]
    assert base.startswith("gastown-town-") and len(base) == len("gastown-town-") + 8
    tmux, deacon, witness = units.values()
    assert f'"-D" "-S" "{town.tmux.socket}" "-f" "{town.tmux.config}"' in tmux
    assert "Restart" not in tmux and "[Install]" not in tmux and "KillMode=process" in tmux
    assert f'"--town" "{town.path}" "daemon" "run" "deacon" "--standby"\n' in deacon
    for unit in (deacon, witness):
        assert "Restart=always\nRestartSec=2\n" in unit and "WantedBy=default.target" in unit
        assert "KillMode=process" in unit and "StartLimitIntervalSec=0" in unit
    assert deacon.replace("deacon", "witness") == witness


def test_systemd_reads_them_as_they_are_meant(town: Town, short_tmp: Path) -> None:
    town = odd(town, short_tmp)
    units = service.unit_texts(town)
    deacon = units[f"{service.unit_base(town)}-deacon.service"]
    quoted = str(town.path).replace('"', '\\"').replace("%", "%%")
    assert (
        f'"--town" "{quoted.replace("$", "$$")}" ' in deacon
        and f"the deacon of {quoted.replace(chr(92), '')}" in deacon
    )
    assert 'Environment="PATH=/usr/bin:/odd %%h $x"' in deacon
    folder = short_tmp / "units"
    folder.mkdir()
    for name, text in units.items():
        (folder / name).write_text(text)
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", *folder.iterdir()],
            capture_output=True, text=True, timeout=50,
        )  # fmt: skip
        complaints = [line for line in done.stderr.splitlines() if "gastown-" in line]
        assert complaints == [] and done.returncode == 0, done.stderr
    town.close()


def test_without_systemd_it_says_so(town: Town, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(short_tmp / "nothing"))
    for verb in (service.install, service.remove, service.status):
        with pytest.raises(MissingError, match="no systemd runs"):
            verb(town)
    assert not unit_folder(town.environment).exists()


SYSTEMCTL = r"""#!/bin/sh
# Stands for the user's systemd: starts a unit by its ExecStart, and no other thing.
[ "$1 $2" = "--user start" ] || exit 1
command=$(sed -n 's/^ExecStart=//p' "$HOME/.config/systemd/user/$3") || exit 1
echo "$3" >>"$HOME/started"
eval "setsid $command </dev/null >/dev/null 2>&1 &"
"""


def test_the_tmux_server_comes_from_its_unit(town: Town, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = short_tmp / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(short_tmp / "home" / ".config"))
    folder = unit_folder(os.environ)
    folder.mkdir(parents=True)
    for name, text in service.unit_texts(town).items():
        (folder / name).write_text(text)
    town.service_mark.write_text(service.unit_base(town) + "\n")
    again = Town(town.path, OVERSEER, dict(os.environ))
    try:
        again.tmux.start()
        again.tmux.start()
        command = Path(f"/proc/{again.tmux.pid()}/cmdline").read_bytes().split(b"\0")
        assert b"-D" in command and again.tmux.run("list-sessions", "-F", "#{session_name}").split() == ["hq"]
        assert again.tmux.run("show-options", "-gv", "remain-on-exit").strip() == "on"
        assert (short_tmp / "home" / "started").read_text().count("-tmux.service") == 1
    finally:
        again.tmux.stop()
    # Where systemd fails, the server is started all the same.
    program.write_text("#!/bin/sh\nexit 1\n")
    again.tmux.start()
    assert again.tmux.is_alive()
    again.tmux.stop()


def put(town: Town) -> dict[str, Path]:
    """The units as they are installed, by the last word of their names."""
    folder = unit_folder(town.environment)
    folder.mkdir(parents=True)
    for name, text in service.unit_texts(town).items():
        (folder / name).write_text(text)
    town.service_mark.write_text(service.unit_base(town) + "\n")
    return {path.stem.rpartition("-")[2]: path for path in folder.iterdir()}


def test_a_moved_town_has_units_that_do_not_start_it(town: Town, short_tmp: Path) -> None:
    assert service.find_fault(town) is None
    put(town)
    assert service.find_fault(town) is None
    moved = odd(town, short_tmp)
    assert service.find_fault(moved) == "the town was moved"
    moved.close()


def test_units_follow_an_upgrade(town: Town, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would start nothing once the older gt is gone."""
    calls = short_tmp / "calls"
    program = short_tmp / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>"{calls}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    own, old = service.gt_command(), short_tmp / 'the "50%" $old' / "gt"
    old.parent.mkdir()
    old.touch()
    monkeypatch.setattr(service, "gt_command", lambda: old)
    units = put(town)
    before = units["deacon"].read_text()
    monkeypatch.setattr(service, "gt_command", lambda: own)
    assert service.find_fault(town) is None
    old.unlink()
    assert service.find_fault(town) == f"what they start is gone: {old}"
    (finding,) = (each for each in examine(town, fix=False) if "systemd" in each.what)
    assert (finding.what, finding.hint) == ("the systemd units do not start this town", "gt service install")
    service.renew(town)
    assert service.find_fault(town) is None
    lines = zip(before.splitlines(), units["deacon"].read_text().splitlines(), strict=True)
    changed = [after for was, after in lines if was != after]
    assert changed == [f'ExecStart="{own}" "--town" "{town.path}" "daemon" "run" "deacon" "--standby"']
    service.renew(town)
    assert calls.read_text() == "--user daemon-reload\n"


def test_one_that_stands_by_takes_over(town: Town, wait_for: Callable[..., Any], run_gt: Callable[..., Any]) -> None:
    world = TownWorld(town.path, town.path, run_gt, wait_for)
    command = [str(service.gt_command()), "--town", str(town.path), "daemon", "run", "deacon", "--standby"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert daemons.find_holder(town, "deacon") is None
        with town.change() as change:
            set_wanted(change, True)
        holder = wait_for(lambda: daemons.find_holder(town, "deacon"), 15, "the deacon")
        assert holder.pid == process.pid
        wait_for(lambda: daemons.find_holder(town, "witness"), 15, "the witness it starts")
    finally:
        world.gt("down", "--agents")
        process.wait(10)

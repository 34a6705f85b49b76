"""A daemon that stands by for its turn, as a service manager starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.meta import set_meta, set_wanted


def test_it_becomes_the_newer_gts_whose_town_it_is(short_tmp: Path) -> None:
    newer = short_tmp / "newer"
    newer.write_text(f'#!/bin/sh\necho "$$ $*" >"{short_tmp}/said"\n')
    newer.chmod(0o755)
    town = Town(short_tmp / "town", OVERSEER, dict(os.environ))
    install(town, town.path)
    with town.change() as change:
        set_wanted(change, True)
        set_meta(change, "gt", json.dumps({"version": "999", "schema": 999, "command": str(newer)}))
    town.close()
    command = [sys.executable, "-P", "-m", "gastown_tmux", "daemon", "run", "witness", "--standby"]
    old = subprocess.run(command, env={**os.environ, "GT_TOWN": str(town.path)}, capture_output=True, timeout=60)
    assert old.returncode == 0, old.stderr
    assert (short_tmp / "said").read_text().split()[1:] == [
        "--town", str(town.path), "daemon", "run", "witness", "--standby"
    ]  # fmt: skip

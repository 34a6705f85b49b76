"""An sshd of this user's own, and the configuration with which ssh reaches it."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_SERVER = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv {environment}
"""
_CLIENT = """\
Host {name}
    HostName {address}
    Port {port}
    IdentityFile {folder}/user
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking accept-new
    ConnectTimeout 5
"""


@contextlib.contextmanager
def serve_sshd(
    folder: Path,
    environment: Mapping[str, str],
    name: str,
    address: tuple[str, int],
    around: Sequence[str] = (),
) -> Iterator[Path]:
    """Until this ends it listens there, and ``ssh -F`` the file that is given calls it ``name``; what ssh runs has
    ``environment``. ``around`` are words before the server's own.
    """
    folder.mkdir(mode=0o700)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    values = {"name": name, "address": address[0], "port": address[1], "folder": folder}
    given = " ".join(f'"{variable}={value}"' for variable, value in environment.items())
    (folder / "sshd_config").write_text(_SERVER.format(**values, environment=given))
    (folder / "config").write_text(_CLIENT.format(**values))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    # It wants to be called by its whole path.
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    server = subprocess.Popen(
        [*around, program, "-D", "-e", "-f", folder / "sshd_config"], stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 10
        while not (folder / "sshd.pid").exists():
            assert time.monotonic() < deadline and server.poll() is None, "sshd does not come up"
            time.sleep(0.01)
        yield folder / "config"
    finally:
        server.terminate()
        server.wait(10)

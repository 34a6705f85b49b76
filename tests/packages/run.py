"""``python -m tests.packages.run``: what was packed into dist/, in a bare root without network.

For each kind of package: it is installed, lands the demo's commits, works in a town that is then taken down, and is
taken away; nothing may run or lie about after that. Then what a bundle's verbs cost beside the environment's. Needs
root, debootstrap, npm, and `just packages` before.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packages.project import DIST, ROOT, say, version
from tests.packages import costs

SECONDS = 900
MIRROR = "http://deb.debian.org/debian"

#: In the root. What still runs at the end is told by its words, this very shell and what it calls left out.
PROBE = """
set -eu
cd /root
gt --version
gt demo >/tmp/demo 2>/tmp/steps || { tail -5 /tmp/steps; exit 1; }
[ "$(grep -c ' merged ' /tmp/demo)" -eq 4 ] || { cat /tmp/demo; exit 1; }
git init -q -b main /root/project
git -C /root/project -c user.name=me -c user.email=me@here commit -q --allow-empty -m first
gt install /root/gt
gt config default-agent runbook
gt rig add demo /root/project
gt sling -m 'say hello' demo
gt status
gt down --agents
for process in /proc/[0-9]*; do
    words=$(tr '\\0' ' ' <"$process/cmdline" 2>/dev/null) || continue
    case $words in '' | 'sh -c '* | tr*) ;; *) echo "still runs: $words"; exit 1 ;; esac
done
gt uninstall --yes
rm -rf /root/project
left=$(ls -A /tmp | grep -v -e '^demo$' -e '^steps$') || true
[ -z "$left" ] || { echo "left in /tmp: $left"; exit 1; }
"""

#: Around it: the root with a layer of its own over it, no network, own processes. $1: the root's folder, $2: the
#: layer's, $3: dist, $4 and $5: how the package comes and goes, $6: the probe.
AROUND = """
set -eu
base=$1 layer=$2 dist=$3 root=$2/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer/upper,workdir=$layer/work" "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$dist" "$root/mnt"
inside() { chroot "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/root TERM=xterm LANG=C.UTF-8 sh -c "$1"; }
eval "$4"
inside "$6"
eval "$5"
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to have it: how it is installed and taken away, from outside of the root, and what the root has beside."""

    name: str
    install: str
    remove: str
    also: str = ""


def kinds() -> list[Kind]:
    """What is in dist now."""
    archive = next(DIST.glob(f"gt-{version()}-linux-*.tar.gz"))
    folder = archive.name.removesuffix(".tar.gz")
    npm = 'npm --prefix "$root/usr/local" --cache "$root/tmp/npm" --offline --ignore-scripts'
    return [
        Kind(
            "tarball",
            f'tar -C "$root/opt" -xzf "$dist/{archive.name}"; ln -s /opt/{folder}/bin/gt "$root/usr/local/bin/gt"',
            f'rm -r "$root/opt/{folder}" "$root/usr/local/bin/gt"',
        ),
        Kind(
            "npm",
            f'{npm} install -g "$dist"/npm/*.tgz; rm -rf "$root/tmp/npm"',
            f'{npm} uninstall -g gastown-tmux gastown-tmux-linux-x64-gnu; rmdir "$root/usr/local/lib/node_modules"',
        ),
        Kind(
            "wheels",
            "inside 'python3 -m venv /opt/gt; ln -s /opt/gt/bin/gt /usr/local/bin/gt"
            " && /opt/gt/bin/pip install -q --no-index --find-links /mnt/wheels /mnt/*.whl'",
            'rm -r "$root/opt/gt" "$root/usr/local/bin/gt"',
            also="python3,python3-venv",
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="just prove-packages")
    parser.add_argument("--only", choices=("tarball", "npm", "wheels", "costs"), help="one part of it")
    parser.add_argument("--suite", default="bookworm", help="the Debian that the root is of")
    given = parser.parse_args()
    failed = []
    for kind in kinds():
        if given.only in (None, kind.name):
            say(f"== {kind.name}")
            if not prove(kind, make_root(given.suite, kind.also)):
                failed.append(kind.name)
    if given.only in (None, "costs") and not costs.compare(DIST / "bundle" / "bin" / "gt"):
        failed.append("costs")
    say(f"failed: {', '.join(failed)}" if failed else "all of it holds")
    return bool(failed)


def make_root(suite: str, also: str) -> Path:
    """Made once, and kept in .cache."""
    root = ROOT / ".cache" / "roots" / "-".join(filter(None, (suite, *also.split(","))))
    if not root.is_dir():
        say(f"making {root}")
        half = root.with_name(f"{root.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        packages = ",".join(filter(None, ("git", "tmux", also)))
        command = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, half, MIRROR]
        subprocess.run(command, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL)
        half.rename(root)
    return root


def prove(kind: Kind, root: Path) -> bool:
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache", prefix="layer-") as folder:
        layer = Path(folder)
        for name in ("upper", "work", "root"):
            (layer / name).mkdir()
        words = [AROUND, "sh", root, layer, DIST, kind.install, kind.remove, PROBE]
        # No network, and all that is mounted or started ends with the shell.
        apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
        started = os.times()
        done = subprocess.run([*apart, "sh", "-c", *words], timeout=SECONDS, stdin=subprocess.DEVNULL)
        spent = os.times()
        left = sorted(
            str(path.relative_to(layer / "upper")) for path in (layer / "upper").rglob("*") if not path.is_dir()
        )
        seconds = spent.children_user - started.children_user
        say(f"{kind.name}: status {done.returncode}, {seconds:.1f} s of processor time")
        if left:
            say(f"left behind: {', '.join(left[:10])}")
        return done.returncode == 0 and not left


if __name__ == "__main__":
    sys.exit(main())

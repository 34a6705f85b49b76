"""A small disk of a test's own: filled, out of inodes, read-only; by root, or in a namespace of an ordinary user's."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CANNOT_MOUNT = "an ordinary user mounts in a namespace: there the test runs once more"


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A tmpfs at ``path``."""

    path: Path

    def fill(self) -> None:
        """Not a byte more."""
        with (self.path / "filling").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def use_up_inodes(self) -> None:
        """Not one more file, though there is room."""
        (self.path / "many").mkdir()
        try:
            for number in range(100_000):
                (self.path / "many" / str(number)).touch()
        except OSError:
            pass

    def make_read_only(self) -> None:
        """For whoever opens a file from now on; what is open stays as it is."""
        # Twice: a bind mount takes no options, and open files would forbid the change of the first one. So would a file
        # that somebody opens between the two: then once more, from the beginning.
        for _ in range(100):
            subprocess.run(["mount", "--bind", str(self.path), str(self.path)], check=True)
            if subprocess.run(["mount", "-o", "remount,bind,ro", str(self.path)], capture_output=True).returncode == 0:
                return
            subprocess.run(["umount", "-l", str(self.path)], check=True)
        raise AssertionError("the disk cannot be made read-only")

    def mend(self) -> None:
        """Room again, and it may be written to."""
        while (
            subprocess.run(["findmnt", "-n", "-o", "FSROOT", str(self.path)], capture_output=True).stdout.count(b"\n")
            > 1
        ):
            subprocess.run(["umount", "-l", str(self.path)], check=True)
        (self.path / "filling").unlink(missing_ok=True)
        subprocess.run(["rm", "-rf", str(self.path / "many")], check=True)


@contextmanager
def small_disk(path: Path, size: str = "24m", inodes: int = 6000) -> Iterator[SmallDisk | None]:
    """None where nothing can be mounted."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes},mode=700", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield SmallDisk(path)
    finally:
        while subprocess.run(["umount", "-l", str(path)], capture_output=True).returncode == 0:
            pass

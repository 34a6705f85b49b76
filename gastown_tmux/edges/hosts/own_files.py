"""This gt as one file that pip takes on another machine: a wheel of the installed files, or the checkout's sources."""

import base64
import hashlib
import io
import tarfile
import tomllib
import zipfile
from pathlib import Path

import gastown_tmux
from gastown_tmux.errors import MissingError

_NAME = "gastown-tmux"


def pack() -> tuple[str, bytes]:
    """The file's name and what is in it. Raises MissingError where our own files are not whole."""
    top = Path(gastown_tmux.__file__).resolve().parent.parent
    return _pack_sources(top) if (top / "pyproject.toml").is_file() else _pack_wheel()


def _pack_sources(top: Path) -> tuple[str, bytes]:
    import importlib.metadata  # 14 ms, for hosts alone

    name = f"gastown_tmux-{importlib.metadata.version(_NAME)}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as archive:
        for part in list_sources(top):
            archive.add(top / part, f"{name}/{part}", filter=_leave_out)
    return f"{name}.tar.gz", packed.getvalue()


def list_sources(top: Path) -> list[str]:
    """What a wheel is built of, as the project's own file says."""
    project = tomllib.loads((top / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    about = project["project"]
    parts = ["pyproject.toml", about["readme"], *about["license-files"], *wheel["include"]]
    parts += [*wheel.get("shared-data", ()), *wheel.get("shared-scripts", ())]
    return [part.lstrip("/") for part in parts]


def _leave_out(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if entry.name.endswith((".pyc", "/__pycache__")):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _pack_wheel() -> tuple[str, bytes]:
    """The installer kept a list of what it unpacked: the same files make the same wheel, but for its own additions."""
    import importlib.metadata

    distribution = importlib.metadata.distribution(_NAME)
    record, lines = "", list[str]()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in distribution.files or ():
            name = file.as_posix()
            if name.endswith((".pyc", "/INSTALLER", "/REQUESTED", "/direct_url.json")):
                continue
            if name.endswith(".dist-info/RECORD"):
                record = name
                continue
            place, data = name, _read(Path(str(file.locate())))
            if name.startswith("../"):
                place, data = _put_back(f"gastown_tmux-{distribution.version}.data", name, data)
            entry = zipfile.ZipInfo(place)
            # pip makes a program of what was one.
            entry.external_attr = (0o100755 if "/scripts/" in place else 0o100644) << 16
            archive.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{place},sha256={digest},{len(data)}\n")
        if not record:
            raise MissingError("this gt does not know its own files", "install gastown-tmux there by hand")
        archive.writestr(zipfile.ZipInfo(record), "".join([*lines, f"{record},,\n"]))
    return f"gastown_tmux-{distribution.version}-py3-none-any.whl", packed.getvalue()


def _put_back(folder: str, name: str, data: bytes) -> tuple[str, bytes]:
    """What the installer put beside Python: a program, whose first line names that, or a page of the manual."""
    inner = name.lstrip("./")
    if not inner.startswith("bin/"):
        return f"{folder}/data/{inner}", data
    return f"{folder}/scripts/{inner[4:]}", b"#!python\n" + data.partition(b"\n")[2] if data[:2] == b"#!" else data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}", "install gastown-tmux there by hand") from None

"""A gt on another machine: found, or put there."""

from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.hosts.bundle import find_archive, find_bundle
from gastown_tmux.edges.hosts.installation import find_version
from gastown_tmux.edges.hosts.prefix import Prefix
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.operations.town.town import Town

_LOOK_SECONDS = 30.0
#: For what pip fetches besides.
_PUT_SECONDS = 600.0
_PLACE = '"$HOME/.local/share/gastown_tmux/env"'
_FIND = f"""
for gt in "$(command -v gt)" "$HOME/.local/bin/gt" {_PLACE}/bin/gt; do
  if [ -x "$gt" ]; then echo "gt $gt"; break; fi
done
for python in python3 python3.13 python3.12 python3.11; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "python $(command -v "$python")"; break
  fi
done
echo "machine $(uname -s)-$(uname -m)"
echo "place "{_PLACE}
"""
_PUT = f"""
set -e
place={_PLACE}
mkdir -p "$place"
file="$place/$1"
cat > "$file"
"$2" -m venv "$place"
"$place/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall "$file" >&2
rm -f "$file"
echo "gt $place/bin/gt"
"""
#: The tarball of a gt with its own interpreter: it is in its place only when it has said its version there.
_UNPACK = f"""
set -e
place={_PLACE}
rm -rf "$place.new"
mkdir -p "$place.new"
gzip -dc | tar -C "$place.new" -xf -
folder=$(echo "$place.new"/gt-*)
"$folder/bin/gt" --version >&2 || {{ rm -rf "$place.new"; exit 1; }}
rm -rf "$place"
mv "$folder" "$place"
rmdir "$place.new"
echo "gt $place/bin/gt"
"""


@dataclass(frozen=True, slots=True)
class There:
    """What is there: ``gt`` and a Python that could run ours, if any; ``place`` is where ours would be put, and
    ``machine`` its kind, as ``linux-x86_64``.
    """

    gt: str | None
    python: str | None
    place: str
    machine: str = ""


def find_gt(way: Prefix) -> There:
    """Looks on its PATH, and where pipx, pip and we put it."""
    ran = way.run(["sh", "-c", _FIND], seconds=_LOOK_SECONDS)
    found = _read_words(ran.out)
    if "place" not in found:
        raise GtError(f"{way.name} has no sh that works: {cause_of(ran.said) or f'status {ran.status}'}")
    return There(found.get("gt"), found.get("python"), found["place"], found.get("machine", "").lower())


def put_gt(town: Town, way: Prefix, there: There) -> str:
    """Puts this very gt there, and says where. It may be done again.

    A gt that has its own interpreter goes with it to machines of the same kind; so does one that was packed in a
    checkout to those without Python. Raises MissingError where neither will do.
    """
    packed = _find_packed(town, there)
    if packed is not None and (there.python is None or find_bundle() is not None):
        script, words, data = _UNPACK, [], packed.read_bytes()
    elif there.python is not None:
        from gastown_tmux.edges.hosts.own_files import pack  # what reads metadata costs 20 ms, and few hosts lack a gt

        name, data = pack()
        script, words = _PUT, [name, there.python]
    else:
        raise MissingError(f"{way.name} has no Python 3.11 or newer to run gt", f"install gastown-tmux on {way.name}")
    town.say(f"putting gt into {there.place} on {way.name}")
    ran = way.run(["sh", "-c", script, "sh", *words], seconds=_PUT_SECONDS, data=data)
    gt = _read_words(ran.out).get("gt")
    if ran.status != 0 or gt is None:
        why = cause_of(ran.said) or f"status {ran.status}"
        raise GtError(
            f"gt could not be put on {way.name}: {why}", f"install gastown-tmux on {way.name}", whole=ran.said
        )
    return gt


def _find_packed(town: Town, there: There) -> Path | None:
    """The tarball of this very gt, for a machine of that kind; None where there is none."""
    try:
        packed = find_archive(town.run / "packages", find_version())
    except MissingError:
        return None
    return packed if there.machine and f"-{there.machine}-" in packed.name else None


def _read_words(out: bytes) -> dict[str, str]:
    lines = (line.partition(" ") for line in out.decode(errors="replace").splitlines())
    return {word: rest for word, found, rest in lines if found and rest}

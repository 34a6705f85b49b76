"""The filters that a project's attributes name: whether they are known and can run, and what went past them.

Git itself lets a file pass as it is where nobody defines its filter, and where one that is not `required` cannot run.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.odd_bytes import quoted_name
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.workbench import ATTRIBUTES, Workbench, is_rule, list_rules
from gastown_tmux.edges.processes.commands import find_missing
from gastown_tmux.errors import GtError, MissingError, RefusedError

#: Git LFS: its pointers are looked at by `lfs`, without the files they stand for.
LFS = "lfs"
PROBE_SECONDS = 20.0
#: A pattern, perhaps between quotes, and what it is given.
_RULE = re.compile(rb'\s*(?:"(?:[^"\\]|\\.)*"|[^\s"#]\S*)\s+(.*)')
_NAMED = re.compile(rb"(?<!\S)filter=(\S+)")
_FILES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Blob:
    """What a commit has at a path that is a file."""

    mode: str
    id: str


def may_name_filters(repository: Repository, commit: str) -> bool:
    """Whether attributes may; where they do not, as in most projects, nothing need be laid out to find out more."""
    if b"filter=" in repository.project.attributes:
        return True
    if not any(name.endswith(ATTRIBUTES) for name in list_rules(repository.path, commit)):
        return False
    command = ("grep", "--quiet", "--text", "--fixed-strings", "-e", "filter=", commit, "--")
    return repository.run(*command, f":(top,glob)**/{ATTRIBUTES}", ok=(0, 1)).code == 0


def named_filters(bench: Workbench) -> dict[str, str]:
    """The filters that the attributes laid out name, each with a file that names it."""
    found: dict[str, str] = {}
    for path, text in bench.rules().items():
        for line in text.removeprefix(b"\xef\xbb\xbf").splitlines():
            if rule := _RULE.match(line):
                for name in _NAMED.findall(rule[1]):
                    found.setdefault(os.fsdecode(name), path)
    return found


def find_trouble(bench: Workbench, name: str, file: str) -> GtError | None:
    """Why files would not go through a filter that `file` names: nobody defines it, or its program is missing."""
    pattern = rf"^filter\.{re.escape(name)}\.(clean|smudge|process)$"
    found = bench.run("config", "--null", "--get-regexp", pattern, ok=(0, 1)).records
    commands = [value for _, _, value in (record.partition("\n") for record in found) if value]
    if not commands:
        return _unknown(name, quoted_name(file))
    for command in dict.fromkeys(commands):
        if words := _missing(bench, command):
            if name == LFS:
                return _no_lfs(quoted_name(file))
            return MissingError(f"the filter {name} cannot run: {words}", f"git config filter.{name}.clean COMMAND")
    return None


def _missing(bench: Workbench, command: str) -> str | None:
    command = command.replace("%f", "probe")
    return find_missing(command, bench.files, environment(bench.environment), PROBE_SECONDS)


def _unknown(name: str, file: str) -> GtError:
    if name == LFS and find_missing("git-lfs version", Path("/"), environment(), PROBE_SECONDS):
        return _no_lfs(file)
    hints = {
        LFS: "git lfs install --skip-repo",
        "git-crypt": "git-crypt unlock, in a local clone, and add the rig by that path",
    }
    words = f"{file} names the filter {name}, and no settings define it: files would be committed as they are"
    return RefusedError(words, hints.get(name, f"git config --global filter.{name}.clean COMMAND, and .smudge"))


def _no_lfs(file: str) -> GtError:
    return MissingError(f"git-lfs is not installed, and {file} says that files are in it", "install git-lfs")


def changed_files(bench: Workbench, old: str, new: str) -> dict[str, Blob]:
    """The files of `new` that are not in `old` as they are."""
    records = bench.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--diff-filter=AMT", old, new).records
    facts = zip(records[::2], records[1::2], strict=True)
    blobs = {name: Blob(line.split(" ")[1], line.split(" ")[3]) for line, name in facts}
    return {name: blob for name, blob in blobs.items() if blob.mode in _FILES}


def list_files(bench: Workbench, commit: str) -> dict[str, Blob]:
    records = bench.run("ls-tree", "-r", "-z", "--full-tree", commit).records
    facts = ((line.split(" "), name) for line, _, name in (record.partition("\t") for record in records))
    return {name: Blob(mode, id) for (mode, _, id), name in facts if mode in _FILES}


def has_other_rules(bench: Workbench, old: str, new: str) -> bool:
    """Whether attributes of `new` are not those of `old`: then files that did not change may have other filters."""
    names = bench.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new).records
    return any(is_rule(name) for name in names)


def filters_of(bench: Workbench, names: Iterable[str]) -> dict[str, str]:
    """Which filter the attributes laid out give to each of these paths, where they give one."""
    data = os.fsencode("".join(f"{name}\0" for name in names))
    if not data:
        return {}
    answer = bench.run("check-attr", "-z", "--stdin", "filter", data=data).records
    triples = zip(answer[::3], answer[2::3], strict=True)
    return {name: value for name, value in triples if value not in ("unspecified", "unset", "set")}


def find_unfiltered(bench: Workbench, files: Mapping[str, Blob]) -> list[str]:
    """Which of these files, that all have filters, hold what their filter would have changed.

    They look in a checkout as they were committed, though committed again they would be something else. Raises
    `GitError` where one cannot be checked out.
    """
    entries = "".join(f"{blob.mode} {blob.id}\t{name}\0" for name, blob in files.items())
    bench.run("update-index", "-z", "--add", "--index-info", data=os.fsencode(entries))
    bench.check_out(list(files))
    raw, filtered = _hashes(bench, files, "--no-filters"), _hashes(bench, files)
    return [name for name, blob in files.items() if raw[name] == blob.id != filtered[name]]


def _hashes(bench: Workbench, files: Iterable[str], *options: str) -> dict[str, str]:
    names = list(files)
    data = "".join(f"{quoted_name(name)}\n" for name in names).encode()
    found = bench.run("hash-object", *options, "--stdin-paths", data=data).lines
    return dict(zip(names, found, strict=True))

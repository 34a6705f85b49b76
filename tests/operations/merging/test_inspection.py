"""What merges and must not land: files that went past their filter, filters nobody knows, objects nobody has."""

import os
import subprocess
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.errors import MissingError, RefusedError
from gastown_tmux.operations.hooks.project_rules import follow_source
from gastown_tmux.operations.merging import landing
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.merging import get_merge_request
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown

ENCODE, DECODE = "sed s/^/enc:/", "sed s/^enc://"


def commit(place: Path, name: str, content: str | bytes, *, past: str | None = None) -> None:
    """As git takes it in a moment of its own: what it sees then counts, and no look at the file later. ``past``: a
    filter that it does not go through.
    """
    path = place / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    none = [word for key in ("process", "clean") for word in ("-c", f"filter.{past}.{key}=")] if past else []
    git(place, *none, *(["-c", f"filter.{past}.required=false"] if past else []), "add", "--", name)
    git(place, "commit", "-qm", name)


def submit(quiet: QuietTown, address: Address) -> str:
    town = quiet.town.acting_as(address)
    bead = worker.done(town).value
    town.close()
    return str(get_bead(quiet.town.db, bead.id).merge_request)


def land(quiet: QuietTown, address: Address) -> MergeRequest:
    request = submit(quiet, address)
    landing.run_refinery(quiet.town)
    return get_merge_request(quiet.town.db, request)


def blob(quiet: QuietTown, name: str) -> bytes:
    command = ["git", "-C", quiet.project, "cat-file", "blob", f"main:{name}"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def define(quiet: QuietTown, name: str, clean: str, smudge: str | None = None, required: bool = False) -> None:
    """In the settings of the project's own repository."""
    git(quiet.project, "config", f"filter.{name}.clean", clean)
    git(quiet.project, "config", f"filter.{name}.required", str(required).lower())
    if smudge is not None:
        git(quiet.project, "config", f"filter.{name}.smudge", smudge)


@pytest.fixture
def encoded(quiet: QuietTown) -> QuietTown:
    """Its ``*.sec`` are encoded by a filter that only the project's own settings define."""
    define(quiet, "r", ENCODE, DECODE)
    commit(quiet.project, ".gitattributes", "*.sec filter=r\n")
    commit(quiet.project, "first.sec", "first\n")
    return quiet


def test_a_filter_of_the_projects_own_settings_holds_for_agents(encoded: QuietTown) -> None:
    address, place = encoded.hook(encoded.bead("one"))
    assert (place / "first.sec").read_text() == "first\n"
    commit(place, "new.sec", "new\n")
    set_key(encoded.town, "merge.gates", [{"name": "g", "run": "grep -x new new.sec"}])
    assert land(encoded, address).state == "merged"
    assert blob(encoded, "new.sec") == b"enc:new\n"
    # Whatever the agents make of their copy: ours is another.
    address, place = encoded.hook(encoded.bead("two"), "two")
    git(place, "config", "filter.r.clean", "echo evil; cat")
    git(place, "config", "filter.r.smudge", "cat")
    _, other = encoded.hook(encoded.bead("three"), "three")
    assert (other / "first.sec").read_text() == "first\n"


def test_what_was_taken_over_stays_where_its_source_is_gone(encoded: QuietTown, short_tmp: Path) -> None:
    repository = encoded.town.repository(encoded.rig.name)
    follow_source(repository, encoded.project)
    known = repository.project.settings.read_bytes()
    assert b"sed s/^/enc:/" in known.replace(b"\\", b"") and (repository.path / "gt-project").read_bytes() == known
    for gone in (short_tmp / "home", short_tmp / "nowhere", None):
        follow_source(repository, gone)
    assert repository.project.settings.read_bytes() == known


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("strategy", ["squash", "merge"])
def test_what_went_past_its_filter_does_not_land(encoded: QuietTown, required: bool, strategy: str) -> None:
    define(encoded, "r", ENCODE, DECODE, required)
    set_key(encoded.town, "merge.strategy", strategy)
    address, place = encoded.hook(encoded.bead("one"))
    commit(place, "new.sec", "new\n", past="r")
    request = land(encoded, address)
    assert request.state == "rejected" and "new.sec (r)" in str(request.reason), request.reason
    # As the reason says, and it lands; with a commit of the plain text in its history it never does.
    place = encoded.hook_again(request.bead, address)
    git(place, "add", "--renormalize", "new.sec")
    git(place, "commit", "-qm", "encoded")
    request = land(encoded, address)
    if strategy == "squash":
        assert request.state == "merged" and blob(encoded, "new.sec") == b"enc:new\n"
    else:
        assert request.state == "rejected" and "new.sec (r)" in str(request.reason), request.reason


def test_what_cannot_be_checked_out_does_not_land(encoded: QuietTown) -> None:
    define(encoded, "r", ENCODE, "sed '/^enc:/!q1; s/^enc://'", required=True)
    address, place = encoded.hook(encoded.bead("one"))
    commit(place, "new.sec", "new\n", past="r")
    request = land(encoded, address)
    assert request.state == "rejected" and "new.sec" in str(request.reason), request.reason


def test_a_filter_that_comes_from_elsewhere_is_told_to_whoever_gives_out_work(encoded: QuietTown) -> None:
    bead = encoded.bead("one")
    address, place = encoded.hook(bead)
    commit(place, "plain", "x\n")
    commit(encoded.project, ".gitattributes", "# here\n*.sec filter=r\n[attr]odd filter=unheard-of\n*.odd odd\n")
    with pytest.raises(RefusedError, match=r"\.gitattributes names the filter unheard-of, and no settings") as error:
        encoded.hook(encoded.bead("two"), "two")
    assert "filter.unheard-of.clean" in str(error.value.hint)
    request = land(encoded, address)
    # Nothing is wrong with the branch: it waits.
    assert request.state == "queued" and "unheard-of" in str(request.reason)
    define(encoded, "unheard-of", "cat")
    request = retry(encoded, request)
    assert request.state == "merged"


def retry(quiet: QuietTown, request: MergeRequest) -> MergeRequest:
    with quiet.town.change() as change:
        change.execute("UPDATE merge_requests SET not_before = NULL")
    landing.run_refinery(quiet.town)
    return get_merge_request(quiet.town.db, request.id)


def test_a_filter_that_comes_with_a_branch_is_its_authors_to_mend(quiet: QuietTown) -> None:
    address, place = quiet.hook(quiet.bead("one"))
    (place / "deep").mkdir()
    commit(place, "deep/.gitattributes", '"a b" text filter=unheard-of\n')
    request = land(quiet, address)
    assert request.state == "rejected"
    assert "deep/.gitattributes names the filter unheard-of" in str(request.reason)


@pytest.mark.parametrize("command", ["no-such-program --clean %f", "cat | no-such-program"])
def test_a_filter_whose_program_is_missing(encoded: QuietTown, command: str) -> None:
    address, place = encoded.hook(encoded.bead("one"))
    commit(place, "plain", "x\n")
    request = submit(encoded, address)
    define(encoded, "r", command)
    with pytest.raises(MissingError, match=r"the filter r cannot run: .*no-such-program"):
        encoded.hook(encoded.bead("two"), "two")
    landing.run_refinery(encoded.town)
    found = get_merge_request(encoded.town.db, request)
    assert found.state == "queued" and "no-such-program" in str(found.reason)


def test_what_a_person_left_unfiltered_is_nobody_elses_fault(quiet: QuietTown) -> None:
    """The target has files from before it had the filter: whoever changes another part of one lands it."""
    commit(quiet.project, "old.nb", "a\nstrip\nb\nc\nd\ne\nf\n")
    commit(quiet.project, ".gitattributes", "*.nb filter=s\n")
    define(quiet, "s", "sed /^strip/d")
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "old.nb", "a\nstrip\nb\nc\nd\ne\nmine\n")
    commit(quiet.project, "old.nb", "a\nstrip\nb\nc\nstrip too\nd\ne\nf\n", past="s")
    assert land(quiet, address).state == "merged"
    assert blob(quiet, "old.nb") == b"a\nb\nc\nstrip too\nd\ne\nmine\n"


@pytest.mark.parametrize("name", ["-dash.sec", "new\nline.sec", 'qu"ote.sec', os.fsdecode(b"caf\xe9.sec"), "a b.sec"])
def test_odd_names_go_through_filters_too(encoded: QuietTown, name: str) -> None:
    address, place = encoded.hook(encoded.bead("one"))
    commit(place, name, "odd\n")
    assert land(encoded, address).state == "merged"
    address, place = encoded.hook(encoded.bead("two"))
    commit(place, name, "plain\n", past="r")
    assert land(encoded, address).state == "rejected"


def install_lfs(place: Path) -> None:
    subprocess.run(["git", "lfs", "install", "--local"], cwd=place, check=True, capture_output=True)


@pytest.fixture
def stored(quiet: QuietTown) -> QuietTown:
    """Its ``*.bin`` are in Git LFS."""
    install_lfs(quiet.project)
    commit(quiet.project, ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    commit(quiet.project, "one.bin", b"1" * 3000)
    return quiet


@pytest.mark.needs("git-lfs")
@pytest.mark.parametrize("publish", ["push", "local"])
def test_lfs_objects_are_there_with_the_commit(stored: QuietTown, publish: str) -> None:
    set_key(stored.town, "merge.publish", publish)
    git(stored.project, "config", "--global", "lfs.allowincompletepush", "true")
    address, place = stored.hook(stored.bead("one"))
    assert (place / "one.bin").read_bytes() == b"1" * 3000
    commit(place, "two.bin", b"2" * 3000)
    commit(place, "empty.bin", b"")
    assert land(stored, address).state == "merged"
    if publish == "push":
        assert (stored.project / "two.bin").read_bytes() == b"2" * 3000
        assert git(stored.project, "status", "--short") == ""
    # A pointer alone, which a copy of its object elsewhere stands for, is good; one that nobody can follow is not.
    address, place = stored.hook(stored.bead("two"), "two")
    pointer = git(place, "cat-file", "blob", "HEAD:one.bin") + "\n"
    for folder in (stored.project / ".git", stored.town.repository(stored.rig.name).path):
        keep = folder.name == ".git"
        for path in (folder / "lfs/objects").rglob("*"):
            if path.is_file() and not keep:
                path.unlink()
    commit(place, "again.bin", pointer)
    assert land(stored, address).state == "merged"
    address, place = stored.hook(stored.bead("three"), "three")
    forged = pointer.partition("sha256:")[0] + f"sha256:{'ab' * 32}\nsize 3000\n"
    commit(place, "none.bin", forged)
    request = land(stored, address)
    assert request.state == "rejected" and "none.bin is in no LFS store" in str(request.reason), request.reason


@pytest.mark.needs("git-lfs")
def test_attributes_that_make_a_pointer_of_a_file_that_was_there_do_not_land(stored: QuietTown) -> None:
    """Whoever checks that out afterwards could not."""
    oid = "cd" * 32
    commit(stored.project, "plain.txt", f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 3000\n")
    rules = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
    address, place = stored.hook(stored.bead("one"))
    commit(place, ".gitattributes", f"{rules}plain.txt filter=lfs -text\n")
    request = land(stored, address)
    assert request.state == "rejected" and "plain.txt is in no LFS store" in str(request.reason), request.reason
    # Other rules alone are no fault.
    address, place = stored.hook(stored.bead("two"), "two")
    commit(place, ".gitattributes", f"{rules}other.txt filter=lfs -text\n")
    assert land(stored, address).state == "merged"


@pytest.mark.needs("git-lfs")
def test_an_object_that_was_cut_short_is_no_object(stored: QuietTown) -> None:
    address, place = stored.hook(stored.bead("one"))
    commit(place, "two.bin", b"2" * 3000)
    store = stored.town.repository(stored.rig.name).path / "lfs/objects"
    for path in store.rglob("*"):
        if path.is_file() and path.read_bytes()[:1] == b"2":
            path.chmod(0o644)
            path.write_bytes(b"2" * 2999 + b"3")
    request = land(stored, address)
    assert request.state == "rejected" and "two.bin is in no LFS store" in str(request.reason), request.reason


@pytest.mark.needs("git-lfs")
def test_a_large_file_that_went_past_lfs_does_not_land(stored: QuietTown) -> None:
    address, place = stored.hook(stored.bead("one"))
    commit(place, "two.bin", b"2" * 3000, past="lfs")
    request = land(stored, address)
    assert request.state == "rejected" and "two.bin (lfs)" in str(request.reason), request.reason

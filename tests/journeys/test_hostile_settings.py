"""The whole journey of somebody whose git answers, writes and asks otherwise than anybody's: it is as everybody's.

With the machine's git, and with each that `just test-with git VERSION` has built here.
"""

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import ENVIRONMENT, clean_environment, make_hostile
from tests.journeys.town_world import TownWorld


def git(path: Path, *words: str) -> str:
    """What is there, whatever the user has set."""
    command = ["git", "--git-dir", path] if (path / "HEAD").exists() else ["git", "-C", path]
    done = subprocess.run([*command, *words], env=clean_environment(), check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape").removesuffix("\n")


def make_project(path: Path) -> None:
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "notes.txt").write_text("".join(f"line {number}\n" for number in range(40)))
    (path / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    (path / "src").mkdir()
    (path / "src" / "tool").write_text("#!/bin/sh\necho tool\n")
    (path / "src" / "tool").chmod(0o755)
    (path / "link").symlink_to("notes.txt")
    (path / ".gitignore").write_text("*.log\n")
    git(path, "add", "-A")
    git(path, "commit", "-qm", "first")
    git(path, "tag", "-am", "known", "v1")


BUILT = sorted(Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache", "gastown-tmux", "tools").glob("git-*/bin"))


@pytest.fixture(params=[None, *BUILT], ids=lambda path: path.parent.name if path else "git")
def any_git(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param is not None:
        monkeypatch.setenv("PATH", f"{request.param}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def hostile(short_tmp: Path) -> Path:
    """The file of all that ran of theirs and must not have."""
    return make_hostile(short_tmp / "home")


@pytest.fixture
def town(
    any_git: None, short_tmp: Path, hostile: Path, run_gt: Callable[..., Any], wait_for: Callable[..., Any]
) -> Iterator[TownWorld]:
    def run(*words: str | Path, env: dict[str, str] | None = None, **more: Any) -> Any:
        return run_gt(*words, env={**ENVIRONMENT, **(env or {})}, **more)

    make_project(short_tmp / "project")
    world = TownWorld(short_tmp / "town", short_tmp / "project", run, wait_for)
    world.gt("install")
    world.gt("config", "default-agent", "runbook")
    world.gt("rig", "add", "demo", world.project)
    yield world
    world.gt("down", "--agents", code=None)


def work_of(town: TownWorld, address: str) -> Path:
    return town.path / ".gt" / "hooks" / address.replace("/", ".") / "work"


def run_by_us(ran: Path) -> list[str]:
    """Programs of the user's that a git of ours has run: only agents' and the project's own may."""
    return [line for line in ran.read_text().splitlines() if "--no-pager" in line]


def test_lands_what_was_made(town: TownWorld, hostile: Path) -> None:
    """Bytes, names, modes and messages land as they were made; two that touch one line, and one that moves."""
    town.gt("config", "set", "merge.strategy", "merge")
    script = """
    git -c tag.gpgSign=false tag -a -m private mine
    printf 'a\\r\\nb\\n' > mixed.txt
    printf 'Gr\\303\\274n\\n' > 'Grün ñ.txt'
    mv src tools && chmod 755 notes.txt && ln -sfn dos.txt link
    echo more >> dos.txt
    """
    one = town.bead("#5 Größer", script)
    two = town.bead("two", "sed -i 's/^line 20$/line twenty/' notes.txt; echo extra >> $(ls */tool)")
    three = town.bead("three", "sed -i 's/^line 20$/line XX/' notes.txt; printf new > README")
    town.gt("sling", one, two, three)
    for bead in (one, two, three):
        town.wait_state(bead, "merged", 60)
    tree = git(town.project, "-c", "core.quotePath=false", "ls-tree", "-r", "main").splitlines()
    main = {}
    for line in tree:
        facts, path = line.split("\t")
        mode, _, blob = facts.split(" ")
        main[path] = mode, git(town.project, "cat-file", "blob", blob)
    names = [".gitignore", "Grün ñ.txt", "README", "dos.txt", "link", "mixed.txt", "notes.txt", "tools/tool"]
    assert sorted(main) == sorted(names)
    assert main["mixed.txt"] == ("100644", "a\r\nb")
    assert main["dos.txt"] == ("100644", "one\r\ntwo\r\nmore")
    assert main["link"] == ("120000", "dos.txt")
    assert main["notes.txt"][0] == "100755"
    assert main["tools/tool"][1].endswith("extra")
    log = git(
        town.project, "log", "--first-parent", "--format=%an|%ae|%s|%(trailers:key=Gastown-Bead,valueonly)", "main"
    )
    assert f"|test@localhost|Merge bead/{one}: #5 Größer|{one}" in log
    assert "encoding" not in git(town.project, "cat-file", "commit", "main")
    assert "2001" not in git(town.project, "log", "--format=%ad %cd", "main^")
    assert git(town.project, "tag") == "v1"
    assert git(town.project, "status", "--porcelain", "--untracked-files=all") == ""
    assert run_by_us(hostile) == []
    # What agents start themselves has the user's settings, and none of ours.
    told = town.bead(
        "told", "git config --get status.showUntrackedFiles || true; git var GIT_PAGER; env | grep ^GIT_CONFIG || true"
    )
    town.gt("sling", told)
    town.wait_state(told, "closed")
    report = town.json("bead", "show", told)["report"]
    assert "no\n" in report and "GIT_CONFIG_COUNT" not in report


def test_keeps_and_shows_what_is_unsaved(town: TownWorld, hostile: Path) -> None:
    town.gt("config", "agent", "set", "quiet", "sleep", "600")
    town.gt("crew", "add", "ann", "--rig", "demo", "--agent", "quiet")
    work = work_of(town, "demo/ann")
    assert (work / "dos.txt").read_bytes() == b"one\r\ntwo\r\n" and (work / "link").is_symlink()
    kept = {"mixed.txt": b"a\r\nb\n", "Ümlaut.txt": "ü\n".encode(), "Notes.txt": b"another case\n", "dos.txt": b"x\r\n"}
    for name, data in kept.items():
        (work / name).write_bytes(data)
    (work / "src" / "tool").chmod(0o644)
    (work / "link").unlink()
    (work / "link").symlink_to("src")
    # More than nine of them, for the numbers must sort as numbers.
    for number in range(11):
        (work / "draft.txt").write_text(f"draft {number}\n")
        saved = town.json("snapshot", "now", "ann")
        assert (saved["seq"], saved["left_out"]) == (number + 1, []), saved
    assert saved["files"] == 7
    patch = town.gt("diff", "ann").out
    assert "+++ b/draft.txt\n@@ -0,0 +1 @@\n+draft 10" in patch and "+++ b/Ümlaut.txt" in patch and "\x1b" not in patch
    assert patch.index("a/dos.txt") < patch.index("a/link") < patch.index("a/src/tool")
    assert "draft.txt  | +1 -0, new" in town.gt("diff", "ann", "--stat").out
    for name in kept:
        (work / name).write_text("ruined\n")
    (work / "junk").write_text("left by nobody")
    town.gt("snapshot", "restore", "ann", str(saved["seq"]))
    assert {name: (work / name).read_bytes() for name in kept} == kept
    assert not (work / "junk").exists() and os.readlink(work / "link") == "src"  # noqa: PTH115
    assert (work / "src" / "tool").stat().st_mode & 0o111 == 0
    # Files that nobody would see are not left behind.
    as_ann = {"GT_AGENT": "demo/ann"}
    bead = town.bead("for ann")
    town.gt("sling", bead, "demo/ann")
    refused = town.gt("done", env=as_ann, code=4).err
    assert "uncommitted" in refused and "draft.txt" in refused, refused
    assert run_by_us(hostile) == []


def test_review_doctor_and_ledger(town: TownWorld, hostile: Path) -> None:
    town.gt("config", "set", "merge.review", "true")
    town.gt("config", "set", "merge.gates", '[{name: bytes, run: \'test "$(cksum < dos.txt)" = "1386430808 10"\'}]')
    bead = town.bead("held", "mkdir deep; echo x > deep/x; git config --get core.autocrlf || true")
    town.gt("sling", bead)
    town.wait_for(lambda: town.json("review")["items"], 30, "something to review")
    assert "+++ b/deep/x" in town.gt("diff", bead).out
    town.gt("mq", "approve", bead)
    commit = town.wait_state(bead, "merged", 60)["merged_commit"]
    assert git(town.project, "rev-parse", "main") == commit
    assert {item["level"] for item in town.json("doctor")["items"]} <= {"warning"}
    town.gt("down")
    # Stopped, the deacon has committed its ledger, in the name of the town and readable by everybody.
    assert git(town.path, "log", "--format=%an <%ae>", "--", ".gt/ledger").splitlines()[:1] == ["gt <gt@localhost>"]
    assert run_by_us(hostile) == []


@pytest.mark.parametrize("mask", [0o077, 0o002], ids=["077", "002"])
def test_any_umask(mask: int, bare_town: TownWorld) -> None:
    """What lands has git's two modes, a person's checkout has theirs, and the town stays its owner's alone."""
    before = os.umask(mask)
    try:
        make_project(bare_town.project)
        bare_town.gt("rig", "add", "demo", bare_town.project)
        bead = bare_town.bead(
            "new", "echo new > new.txt; mkdir deep; printf '#!/bin/sh\\n' > deep/run; chmod +x deep/run"
        )
        bare_town.gt("sling", bead)
        bare_town.wait_state(bead, "merged", 60)
        assert {item["level"] for item in bare_town.json("doctor")["items"]} <= {"warning"}
    finally:
        os.umask(before)
    tree = git(bare_town.project, "ls-tree", "-r", "main").splitlines()
    assert {line.split("\t")[1]: line[:6] for line in tree if "new" in line or "deep" in line} == {
        "deep/run": "100755",
        "new.txt": "100644",
    }
    assert git(bare_town.project, "status", "--porcelain") == ""
    assert (bare_town.project / "new.txt").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (bare_town.path / ".gt" / "town.db").stat().st_mode & 0o077 == 0

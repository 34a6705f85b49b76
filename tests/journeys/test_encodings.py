"""Words in every encoding: JSON is JSON whatever the terminal can show, and a file's text is what its author wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.journeys.town_world import TownWorld, chore

LATIN = {"PYTHONIOENCODING": "latin-1"}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TERMINALS = {
    "latin-1": LATIN,
    "ascii": ASCII,
    "strict": {"PYTHONIOENCODING": "utf-8:strict"},
    "C": {"LC_ALL": "C"},
}
TITLE = "Größe 🎉 “quoted” \U0001d518 ä"


def raw(town: TownWorld, *words: str, env: dict[str, str]) -> tuple[int, bytes, bytes]:
    """Bytes, for what is printed need not be in our own encoding."""
    command = [sys.executable, "-m", "gastown_tmux", "--town", str(town.path), *words]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_json_is_json(quick_town: TownWorld) -> None:
    bead = quick_town.json("bead", "create", TITLE, "--rig", "demo", "--body", "naïve\u2028 \x7f")["id"]
    quick_town.gt("mail", "send", "mayor", "-s", TITLE, "-m", TITLE)
    for name, env in TERMINALS.items():
        for words in (("bead", "show", bead), ("events",), ("mail", "inbox", "mayor", "--all")):
            code, out, err = raw(quick_town, *words, "--json", env=env)
            assert code == 0, (name, err)
            assert TITLE in json.dumps(json.loads(out.decode()), ensure_ascii=False), (name, out)
            code, out, err = raw(quick_town, *words, env=env)
            assert code == 0 and b"Traceback" not in err, (name, err)
        # What is wrong is said there, too.
        code, out, err = raw(quick_town, "bead", "show", "ü🎉", env=env)
        assert code in (2, 3) and err.startswith(b"gt: ") and out == b"", (name, err)


def test_names_that_are_no_text(town: TownWorld) -> None:
    town.gt("crew", "add", "ann", "--rig", "demo")
    work = town.path / ".gt" / "hooks" / "demo.ann" / "work"
    Path(os.fsdecode(os.fsencode(work) + b"/caf\xe9.txt")).write_text("x\n")
    (work / "🎉.txt").write_text("x\n")
    town.gt("snapshot", "now", "ann")
    for name, env in TERMINALS.items():
        for words in (("diff", "ann", "--stat"), ("snapshot", "show", "ann")):
            code, out, err = raw(town, *words, env=env)
            assert code == 0 and b"Traceback" not in err, (name, err)
            code, out, err = raw(town, *words, "--json", env=env)
            assert code == 0 and isinstance(json.loads(out.decode()), dict), (name, out, err)


BODY = chore("echo ü > made.txt")
ENCODED = {
    "utf-8-sig": b"\xef\xbb\xbf" + BODY.encode(),
    "crlf": BODY.replace("\n", "\r\n").encode(),
    "bom and crlf": b"\xef\xbb\xbf" + BODY.replace("\n", "\r\n").encode(),
    "utf-16": BODY.encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + BODY.encode("utf-16-be"),
    "utf-32": BODY.encode("utf-32"),
}


def test_a_body_is_its_text(quick_town: TownWorld, tmp_path: Path) -> None:
    file = tmp_path / "body.md"
    create = [
        sys.executable,
        "-m",
        "gastown_tmux",
        "--town",
        str(quick_town.path),
        "bead",
        "create",
        "t",
        "--rig",
        "demo",
    ]
    for name, data in ENCODED.items():
        file.write_bytes(data)
        for given in (("--body-file", str(file)), ("--body", "-")):
            done = subprocess.run([*create, *given, "--json"], input=data, capture_output=True, timeout=60)
            assert done.returncode == 0, (name, done.stderr)
            assert json.loads(done.stdout)["body"].replace("\r\n", "\n") == BODY, name


def test_a_body_that_is_no_text(quick_town: TownWorld, tmp_path: Path) -> None:
    file = tmp_path / "body.md"
    for data, words in (
        (BODY.encode("latin-1"), "not UTF-8 text"),
        (b"a\0b", "NUL"),
        (b"\xff\xfeodd", "not UTF-16 text"),
    ):
        file.write_bytes(data)
        said = quick_town.gt("bead", "create", "t", "--rig", "demo", "--body-file", file, code=2)
        assert words in said.err and str(file) in said.err, said
        assert ("hint: iconv -f latin1" in said.err) is ("UTF-8" in words), said
        mail = quick_town.gt("mail", "send", "mayor", "-s", "s", "--body-file", file, code=2)
        assert mail.err.splitlines()[0] == said.err.splitlines()[0]
    assert quick_town.json("bead", "list")["items"] == []


def test_bodies_that_begin_with_a_mark_run(town: TownWorld, tmp_path: Path) -> None:
    """A bead's, however it came in; and settings of every kind that an editor on another system has saved."""
    file = tmp_path / "body.md"
    file.write_bytes(ENCODED["bom and crlf"])
    one = str(town.json("bead", "create", "one", "--rig", "demo", "--body-file", file)["id"])
    two = str(town.json("bead", "create", "two", "--rig", "demo", "--body", "\ufeff" + chore("echo 2 > two.txt"))["id"])
    three = str(
        town.json("bead", "create", "three", "--rig", "demo", "--body", "words\n\ufeff" + chore("echo 3 > three.txt"))[
            "id"
        ]
    )
    town.gt("sling", one, two, three)
    for bead in (one, two, three):
        town.wait_state(bead, "merged", 60)
    assert (town.project / "made.txt").read_text() == "ü\n" and (town.project / "two.txt").exists()
    assert (town.project / "three.txt").exists()


def test_settings_that_begin_with_a_mark(quick_town: TownWorld, tmp_path: Path) -> None:
    town, mark = quick_town, b"\xef\xbb\xbf"
    project = town.path / "rigs" / "demo" / "settings" / "config.json"
    project.parent.mkdir(exist_ok=True)
    project.write_bytes(mark + b'{"merge.strategy": "merge"}\r\n')
    file = town.path / "town.yaml"
    file.write_bytes(mark + file.read_bytes().replace(b"\n", b"\r\n") + b"snapshot.every: 7m\r\n")
    assert town.gt("config", "get", "merge.strategy", "--rig", "demo").out == "merge\n"
    assert town.gt("config", "get", "snapshot.every").out == "7m\n"
    town.gt("config", "set", "snapshot.every", "8m")
    town.gt("config", "set", "merge.strategy", "squash", "--rig", "demo")
    assert town.gt("config", "get", "snapshot.every").out == "8m\n"
    assert town.gt("config", "get", "merge.strategy", "--rig", "demo").out == "squash\n"
    project.write_bytes('{"merge.strategy": "merge"}'.encode("utf-16"))
    assert town.gt("config", "get", "merge.strategy", "--rig", "demo").out == "merge\n"
    project.write_bytes('{"prices.größe": 1}'.encode("latin-1"))
    refused = town.gt("config", "get", "merge.strategy", "--rig", "demo", code=1).err
    assert refused.startswith(f"gt: {project} is not UTF-8 text\nhint: "), refused


def _role(name: str) -> Any:
    return (Path(__file__).parents[2] / "roles" / f"{name}.md").read_bytes()


def test_a_role_and_a_layout_with_a_mark(quick_town: TownWorld) -> None:
    town, mark = quick_town, b"\xef\xbb\xbf"
    (town.path / "roles").mkdir(exist_ok=True)
    (town.path / "roles" / "crew.md").write_bytes(mark + _role("crew").replace(b"\n", b"\r\n"))
    layout = next((Path(__file__).parents[2] / "layouts").glob("*.yaml"))
    (town.path / "layouts").mkdir(exist_ok=True)
    (town.path / "layouts" / "marked.yaml").write_bytes(mark + layout.read_bytes().replace(b"\n", b"\r\n"))
    town.gt("crew", "add", "ann", "--rig", "demo")
    assert "You are" in town.gt("prime", env={"GT_AGENT": "demo/ann"}).out
    town.gt("layout", "show", "marked")

"""What is put into a person's folders for agent programs, and that nothing else is touched or left there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.errors import GtError, NotFoundError, RefusedError
from gastown_tmux.operations.town import skill
from gastown_tmux.operations.town.skill import Fate, install, list_installed, remove
from gastown_tmux.operations.town.town import NOWHERE, Town


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / ".claude").mkdir(parents=True)
    return folder


@pytest.fixture
def person(home: Path) -> Town:
    return Town(NOWHERE, OVERSEER, {"HOME": str(home), "PATH": os.environ["PATH"]})


def files(folder: Path) -> set[str]:
    """What is there, but for the folder that all programs of a person keep what they remember in."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {path for path in found if not path.startswith(".local")}


def speak(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(shipped, "load_skill", lambda: text)


def test_what_is_put_is_taken_back(person: Town, home: Path) -> None:
    before = files(home)
    put = install(person, "claude")
    path = home / ".claude/skills/gt/SKILL.md"
    assert put.value.state is Fate.INSTALLED and path.read_text() == skill.show(person)
    assert install(person, "claude").value.state is Fate.ALREADY
    install(person, "codex")
    assert list_installed(person.environment) == [str(path), str(home / ".agents/skills/gt/SKILL.md")]
    assert [one.state for one in remove(person, "codex").value] == [Fate.REMOVED]
    assert not (home / ".agents").exists() and path.exists()
    remove(person)
    assert files(home) == before
    assert remove(person).text == "no skill file of gt is installed"
    assert not (home / ".local/state/gt").exists()


def test_folders_with_something_else_in_them_stay(person: Town, home: Path) -> None:
    install(person, "claude")
    (home / ".claude/skills/gt/notes.md").write_text("mine")
    install(person, "claude")
    remove(person)
    assert files(home) == {".claude", ".claude/skills", ".claude/skills/gt", ".claude/skills/gt/notes.md"}


def test_an_edited_file_is_left_and_named(person: Town, home: Path) -> None:
    install(person, "claude")
    path = home / ".claude/skills/gt/SKILL.md"
    path.write_text(path.read_text() + "Never on Fridays.\n")
    with pytest.raises(RefusedError, match="was edited since"):
        install(person, "claude")
    taken = remove(person)
    assert taken.value[0].state is Fate.EDITED and str(path) in taken.text
    assert path.read_text().endswith("Never on Fridays.\n")
    assert remove(person).text == "no skill file of gt is installed"


@pytest.mark.parametrize("make", [
    lambda path: path.write_text("---\nname: gt\n---\nmine"),
    lambda path: path.write_bytes(b"\xff\0" * 70_000),
    lambda path: path.symlink_to("/nowhere"),
    lambda path: path.mkdir(),
    lambda path: os.mkfifo(path),
], ids=["text", "bytes", "link", "folder", "pipe"])  # fmt: skip
def test_what_is_not_ours_is_never_written_over(person: Town, home: Path, make: Callable[[Path], object]) -> None:
    path = home / ".claude/skills/gt/SKILL.md"
    path.parent.mkdir(parents=True)
    make(path)
    before = path.lstat()
    with pytest.raises(RefusedError, match="is not of gt"):
        install(person, "claude")
    assert remove(person).value == []
    assert path.lstat() == before


def test_the_same_text_of_a_person_stays_theirs(person: Town, home: Path) -> None:
    path = home / ".claude/skills/gt/SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text(skill.show(person))
    assert install(person, "claude").value.state is Fate.ALREADY
    remove(person)
    assert path.exists()


def test_an_older_text_of_ours_is_brought_up_to_date(person: Town, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where that was broken off between the book and the file."""
    path = home / ".claude/skills/gt/SKILL.md"
    speak(monkeypatch, "one")
    install(person, "claude")
    speak(monkeypatch, "two")
    with monkeypatch.context() as broken:
        whole = skill.write_atomic
        broken.setattr(skill, "write_atomic", lambda to, *more: whole(to, *more) if to != path else _break(to))
        with pytest.raises(GtError, match="No space"):
            install(person, "claude")
    assert path.read_text() == "one"
    assert install(person, "claude").value.state is Fate.UPDATED and path.read_text() == "two"
    assert install(person, "claude").value.state is Fate.ALREADY
    remove(person)
    assert files(home) == {".claude"}


def _break(path: Path) -> None:
    raise GtError(f"cannot write {path}: No space left on device")


def test_broken_off_before_the_first_file(person: Town, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home / ".agents/skills/gt/SKILL.md"
    with monkeypatch.context() as broken:
        whole = skill.write_atomic
        broken.setattr(skill, "write_atomic", lambda to, *more: whole(to, *more) if to != path else _break(to))
        with pytest.raises(GtError):
            install(person, "codex")
    install(person, "codex")
    path.unlink()
    assert [one.state for one in remove(person).value] == [Fate.GONE]
    assert files(home) == {".claude"}


def test_a_book_that_is_garbage_is_an_empty_one(person: Town, home: Path) -> None:
    install(person, "claude")
    book = home / ".local/state/gt/skills.json"
    for text in ("{", "[1]", '{"/x": 1, "/y": {"provider": 1}}', ""):
        book.write_text(text)
        assert list_installed(person.environment) == []
        assert remove(person).value == []
    assert (home / ".claude/skills/gt/SKILL.md").exists()


def test_where(person: Town, home: Path, tmp_path: Path) -> None:
    moved = person.environment | {"CLAUDE_CONFIG_DIR": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    install(Town(NOWHERE, OVERSEER, moved), "claude")
    assert (tmp_path / "c/skills/gt/SKILL.md").exists() and (tmp_path / "s/gt/skills.json").exists()
    assert files(home) == {".claude"}
    project = tmp_path / "project"
    project.mkdir()
    told = install(person, "copilot", project)
    assert (project / ".github/skills/gt/SKILL.md").exists() and "commit it" in told.text
    with pytest.raises(NotFoundError, match="no folder"):
        install(person, "copilot", tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="aider has no folder for skills"):
        install(person, "aider")
    (home / ".gemini").write_text("a file")
    with pytest.raises(GtError, match="cannot write"):
        install(person, "gemini")

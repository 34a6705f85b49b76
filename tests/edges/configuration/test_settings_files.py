"""Configuration files: layers by their origin, compiled until a file changes, edited without a loss of words."""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.configuration.settings_files import (
    Configuration,
    parse_value,
    project_path,
    set_value,
    unset_value,
    user_path,
)
from gastown_tmux.errors import GtError, UsageError

RIG = RigName("demo")

COMMENTED = """\
# The town of Ann.
merge:
  # squash keeps the log short
  strategy: merge   # for now
  review: true

mail.rescan: 2s  # dotted

# the end
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    (tmp_path / "rigs" / "demo" / "settings").mkdir(parents=True)
    (tmp_path / ".gt" / "run").mkdir(parents=True)
    (tmp_path / "town.yaml").write_text(COMMENTED)
    return tmp_path


def environment(town: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(town / "home"), "XDG_CONFIG_HOME": str(town / "config"), **more}


def test_each_layer_over_the_next(town: Path) -> None:
    def found(flags: dict[str, object] | None = None, **more: str) -> tuple[object, str]:
        setting = Configuration(town, environment(town, **more)).settings(RIG, flags).find("mail.rescan")
        return setting.value, setting.layer

    user = user_path(environment(town))
    user.parent.mkdir(parents=True)
    user.write_text("mail.rescan: 3s\nlimits.agents: 4\n")
    assert found() == ("2s", "town")
    project_path(town, RIG).write_text('{"mail": {"rescan": "4s"}}')
    assert found() == ("4s", "project")
    assert found(GT_MAIL_RESCAN="5s") == ("5s", "environment")
    assert found({"mail.rescan": "6s"}, GT_MAIL_RESCAN="5s") == ("6s", "flag")
    settings = Configuration(town, environment(town)).settings()
    assert settings.find("mail.rescan").layer == "town"
    assert (settings.find("limits.agents").layer, settings.find("snapshot.every").layer) == ("user", "default")
    (town / "rigs" / "demo" / "settings" / "config.json").rename(town / "rigs" / "demo" / "settings" / "config.yaml")
    assert found() == ("4s", "project")


def test_what_is_compiled_follows_its_sources(town: Path) -> None:
    def value() -> object:
        return Configuration(town, environment(town)).settings().get("mail.rescan")

    compiled = town / ".gt" / "run" / "config.json"
    assert value() == 2.0 and json.loads(compiled.read_text())["files"]
    (town / "town.yaml").write_text("mail.rescan: 9s\n")
    assert value() == 9.0
    for spoilt in ("", "{", "[]", '{"sources": 1}'):
        compiled.write_text(spoilt)
        assert value() == 9.0
    compiled.unlink()
    compiled.mkdir()
    (compiled / "x").touch()
    assert value() == 9.0, "it only saves time"


def test_an_edit_leaves_every_other_line_alone(town: Path) -> None:
    path = town / "town.yaml"
    assert set_value(path, "mail.rescan", "7s")
    assert path.read_text() == COMMENTED.replace("mail.rescan: 2s  # dotted", 'mail.rescan: "7s"  # dotted')
    assert not set_value(path, "mail.rescan", "7s")
    path.write_text(COMMENTED)
    assert set_value(path, "merge.strategy", "squash")
    assert path.read_text() == COMMENTED.replace("strategy: merge   # for now", 'strategy: "squash"   # for now')
    settings = Configuration(town, environment(town)).settings()
    assert settings.get("merge.strategy") == "squash" and settings.get("merge.review") is True
    assert unset_value(path, "merge.strategy") and not unset_value(path, "merge.strategy")
    # With its last key the section goes.
    assert unset_value(path, "merge.review") and "merge:" not in path.read_text()
    assert "# The town of Ann." in path.read_text() and "# the end" in path.read_text()


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("mail.rescan: 2s  # why\n# end\n", "mail.rescan", "3s", 'mail.rescan: "3s"  # why\n# end\n'),
        (
            "merge:\n  # long ago\n  batch: 4 # few\n\n  review: true\n", "merge.batch", 9,
            "merge:\n  # long ago\n  batch: 9 # few\n\n  review: true\n",
        ),
        (
            "merge.gates:\n  - make # all\n  - run: x\n    name: y\n\n# of mails\nmail.rescan: 2s\n",
            "merge.gates", ["t"],
            'merge.gates:\n  ["t"]\n\n# of mails\nmail.rescan: 2s\n',
        ),
        ("merge: {batch: 4, review: true} # all\n", "merge.batch", 5, "merge: {batch: 5, review: true} # all\n"),
        ("merge:\n  batch:\n    4\n", "merge.batch", 5, "merge:\n  batch:\n    5\n"),
        ("# ü€😀\nmail.rescan: '2s' # é\n", "mail.rescan", "3s", '# ü€😀\nmail.rescan: "3s" # é\n'),
        ("provider.default: |\n  a\n# end\n", "provider.default", "b", '# end\nprovider.default: "b"\n'),
        ("mail.rescan: &x 2s\nsnapshot.every: *x\n", "mail.rescan", "3s", None),
    ],
)  # fmt: skip
def test_a_value_is_changed_where_it_stands(
    town: Path, before: str, name: str, value: object, after: str | None
) -> None:
    path = town / "town.yaml"
    path.write_text(before)
    if after is None:
        with pytest.raises(GtError):
            set_value(path, name, value)
        assert path.read_text() == before
        return
    assert set_value(path, name, value)
    assert path.read_text() == after
    assert not set_value(path, name, value)


def test_keys_on_the_same_line_are_kept(town: Path) -> None:
    path = town / "town.yaml"
    path.write_text("merge: {review: true, strategy: merge}\n")
    set_value(path, "merge.review", False)
    assert Configuration(town, environment(town)).settings().find("merge.strategy").value == "merge"
    assert unset_value(path, "merge.strategy") and path.read_text() == "merge.review: false\n"


def test_what_is_wrong_in_a_file_is_mended_key_by_key(town: Path) -> None:
    path = town / "town.yaml"
    path.write_text("nope.key: 1\nlimits: {agents: [1], laod: 3}\n")
    for name in ("nope.key", "limits.laod"):
        with pytest.raises(UsageError, match=r"town\.yaml"):
            Configuration(town, environment(town)).settings()
        assert unset_value(path, name)
    set_value(path, "limits.agents", 3)
    assert Configuration(town, environment(town)).settings().get("limits.agents") == 3


def test_of_many_editors_none_undoes_another(town: Path) -> None:
    path = town / "town.yaml"
    keys = {"merge.review": True, "limits.agents": 3, "mail.rescan": "4s", "snapshot.every": "2m", "limits.load": 9}
    with ThreadPoolExecutor() as pool:
        assert len(list(pool.map(lambda key: set_value(path, *key), keys.items()))) == len(keys)
    settings = Configuration(town, environment(town)).settings()
    assert {key: settings.find(key).value for key in keys} == keys


def test_lists_and_mappings_are_written_too(town: Path) -> None:
    path = town / "town.yaml"
    set_value(path, "merge.gates", [{"name": "tests", "run": "make test"}])
    set_value(path, "providers.mine", {"command": "mine", "env": {"K": "ü"}})
    set_value(path, "merge.gates", ["make"])
    settings = Configuration(town, environment(town)).settings()
    assert [gate.run for gate in settings.gates()] == ["make"]
    assert settings.get("providers.mine") == {"command": "mine", "env": {"K": "ü"}}
    with pytest.raises(UsageError, match=r"merge\.strategy must be one of"):
        set_value(path, "merge.strategy", "rebase")


def test_json_is_edited_as_json(town: Path) -> None:
    path = project_path(town, RIG)
    path.write_text('{"merge": {"review": true, "strategy": "merge"}}')
    set_value(path, "merge.review", False)
    assert json.loads(path.read_text()) == {"merge": {"strategy": "merge"}, "merge.review": False}
    assert unset_value(path, "merge.strategy")
    assert json.loads(path.read_text()) == {"merge.review": False}


@pytest.mark.parametrize(
    "data",
    [
        b"x: [",
        b"\xff\xff",
        b"\xff\xfe\x00",
        b"- a\n",
        b"merge: {reveiw: true}\n",
        b"a: b: c\n",
        b"mail.rescan: soon\n",
        b"{\x00}",
    ],
)
def test_garbage_names_its_file_in_one_line(town: Path, data: bytes) -> None:
    (town / "town.yaml").write_bytes(data)
    with pytest.raises(GtError, match=r"town\.yaml") as refused:
        Configuration(town, environment(town)).settings()
    assert "\n" not in refused.value.message
    assert (town / "town.yaml").read_bytes() == data


def test_a_file_that_may_not_be_read(town: Path) -> None:
    if os.geteuid() == 0:
        (town / "town.yaml").unlink()
        (town / "town.yaml").mkdir()
    else:
        (town / "town.yaml").chmod(0)
    with pytest.raises(GtError, match="cannot be read") as refused:
        Configuration(town, environment(town)).settings()
    assert refused.value.hint == "mend or remove that file"


def test_words_as_values() -> None:
    texts = ["squash", "5m", "10 per 10m", "3", "true", "[a, b]", "{run: x}", "12e3", "0x1f", "on", "1_000"]
    values = ["squash", "5m", "10 per 10m", 3, True, ["a", "b"], {"run": "x"}]
    assert [parse_value(text) for text in texts[:7]] == values
    assert parse_value("on") is True
    with pytest.raises(GtError):
        parse_value("[")


def test_a_file_behind_a_link_is_rewritten_where_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.yaml"
    kept.write_text("# mine\nmail.rescan: 2s\n")
    kept.chmod(0o640)
    path = tmp_path / "config.yaml"
    path.symlink_to(kept.name)
    assert set_value(path, "merge.review", True)
    assert path.is_symlink() and kept.stat().st_mode & 0o777 == 0o640
    assert kept.read_text() == "# mine\nmail.rescan: 2s\nmerge.review: true\n"


@pytest.mark.parametrize("word", re.findall(r"\S+", """
    true True on ON off no null Null ~ 0 7 12 012 1_000 0x10 1e3 1:20 .5 y n a1 e5 12ab nan café x-y ² ٣
"""))  # fmt: skip
def test_what_is_read_without_the_library_is_read_as_it_would(word: str) -> None:
    assert parse_value(word) == yaml.safe_load(word)

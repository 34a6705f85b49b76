"""Every command that a tutorial prints is typed, in one home, in the order of reading, and says what is printed."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.console import Names, Step, read_steps

TUTORIALS = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
#: They go on with one town.
TOGETHER = ("first-town", "review", "formulas", "overnight", "boxes", "phone")


class Reader:
    """Somebody at a shell, with an address in git and nothing else."""

    def __init__(self, home: Path, wait_for: Callable[..., Any]) -> None:
        home.mkdir()
        self.home, self.wait_for, self.names = home, wait_for, Names()
        self.environment = {**os.environ, "HOME": str(home)}
        (home / ".gitconfig").write_text("[user]\nname = a\nemail = a@localhost\n")

    def type(self, line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.home, env=self.environment, text=True, timeout=60, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.stdout.replace(str(self.home), "~")

    def do(self, step: Step, where: str) -> None:
        said = ""

        def is_so() -> bool:
            nonlocal said
            said = self.type(self.names.fill(step.command))
            return self.names.fits(step.expected, said)

        place = f"{where}:{step.line}: $ {step.command}"
        if step.waits:
            try:
                self.wait_for(is_so, 30, place)
            except pytest.fail.Exception as error:
                pytest.fail(f"{error}\nit says:\n{said}", pytrace=False)
        else:
            assert is_so(), f"{place}\nit says:\n{said}"


def test_tutorials(short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    reader = Reader(short_tmp / "reader", wait_for)
    try:
        for name in TOGETHER:
            for step in read_steps((TUTORIALS / f"{name}.md").read_text("utf-8")):
                reader.do(step, f"{name}.md")
    finally:
        reader.type("kill $(cat dashboard.pid); HOME=$HOME/box gt down --agents; gt down --agents")


def test_the_ten_lines_of_the_readme_are_those_of_the_first_tutorial() -> None:
    readme = (TUTORIALS.parents[1] / "README.md").read_text("utf-8")
    first = (TUTORIALS / "first-town.md").read_text("utf-8")
    lines, typed = read_steps(readme), [step.command for step in read_steps(first)]
    assert lines and [step.command for step in lines if step.command not in typed] == []


@pytest.mark.parametrize(("expected", "said", "fits"), [
    (("a",), "a\n", True),
    (("a",), "a\nb\n", False),
    (("a", "…"), "a\nb\nc\n", True),
    (("…", "c"), "a\nb\nc\n", True),
    (("…", "c"), "a\nb\nc\nd\n", False),
    (("a … c",), "a very long way to c\n", True),
    (("sh-abcde is on sh-abcde",), "sh-11111 is on sh-11111\n", True),
    (("sh-abcde is on sh-abcde",), "sh-11111 is on sh-22222\n", False),
    (("done 3s ago at 12:30:01",), "done 14m ago at 09:00:59\n", True),
    (("done 3s ago",), "done soon\n", False),
    (("x   y",), "x        y\n", True),
    ((), "", True),
    ((), "oops\n", False),
])  # fmt: skip
def test_what_fits(expected: tuple[str, ...], said: str, fits: bool) -> None:
    assert Names().fits(expected, said) is fits


def test_names_are_learnt() -> None:
    names = Names()
    assert names.fits(("sh-abcde is merged as e7ef1e463d7d",), "sh-zzzzz is merged as 0123456789ab\n")
    assert names.fill("gt bead show sh-abcde; git show e7ef1e463d7d") == "gt bead show sh-zzzzz; git show 0123456789ab"
    assert names.fits(("e7ef1e4 title",), "0123456 title\n") and not names.fits(("e7ef1e4 title",), "fedcba9 title\n")
    assert not names.fits(("sh-abcde",), "sh-yyyyy\n")


def test_a_block_is_read() -> None:
    text = (
        "a\n```console\n$ one\nsaid\n$ two <<X\n> > y\n> X\n```\n```sh\n$ no\n```\n```console wait\n$ three\n…\n```\n"
    )
    assert read_steps(text) == [
        Step(3, "one", ("said",), False),
        Step(5, "two <<X\n> y\nX", (), False),
        Step(13, "three", ("…",), True),
    ]

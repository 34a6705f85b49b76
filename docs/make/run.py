"""Writes every file that is made of the table of verbs, the settings and the presets: ``python -m docs.make.run``."""

import tomllib
from pathlib import Path

from docs.make import manual, reference
from gastown_tmux.verbs.skill import skill_text

ROOT = Path(__file__).resolve().parents[2]


def make() -> dict[str, str]:
    """The text of each file, by its path below the checkout. The same source gives the same bytes."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    pages = {
        "verbs": reference.verbs(), "settings": reference.settings(), "states": reference.states(),
        "events": reference.events(), "keys": reference.keys(), "scripts": reference.machine_words(),
        "providers": reference.providers(),
    }  # fmt: skip
    return {
        "skills/gt/SKILL.md": skill_text(),
        **{f"docs/reference/{name}.md": f"{reference.MADE}\n{text}" for name, text in pages.items()},
        **{f"docs/man/{name}": text for name, text in manual.pages(version).items()},
    }


def find_stale(made: dict[str, str]) -> list[str]:
    """Files in the folders that are made whole, which nothing makes any more."""
    folders = (ROOT / "docs" / "reference", ROOT / "docs" / "man")
    found = (str(path.relative_to(ROOT)) for folder in folders if folder.is_dir() for path in folder.iterdir())
    return sorted(name for name in found if name not in made)


def main() -> None:
    made = make()
    for stale in find_stale(made):
        (ROOT / stale).unlink()
        print(f"{stale}: removed")
    for name, text in made.items():
        path = ROOT / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(name)


if __name__ == "__main__":
    main()

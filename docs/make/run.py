"""Writes every file that is made of the table of verbs, the settings and the presets: ``python -m docs.make.run``."""

from pathlib import Path

from gastown_tmux.verbs.skill import skill_text

ROOT = Path(__file__).resolve().parents[2]


def make() -> dict[str, str]:
    """The text of each file, by its path below the checkout. The same source gives the same bytes."""
    return {"skills/gt/SKILL.md": skill_text()}


def main() -> None:
    for name, text in make().items():
        path = ROOT / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(name)


if __name__ == "__main__":
    main()

"""Where agent programs look for skills: folders with a ``SKILL.md`` in each."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from gastown_tmux.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SkillPlaces:
    """``project`` is below a project's own folder. Of ``home`` the first counts that names no variable, or one that is
    set; ``~`` is the person's home.
    """

    project: str
    home: tuple[str, ...]

    def in_home(self, environment: Mapping[str, str]) -> PurePosixPath:
        """
        >>> places = SkillPlaces(".a/skills", ("$A_HOME/skills", "~/.a/skills"))
        >>> str(places.in_home({"HOME": "/h"})), str(places.in_home({"HOME": "/h", "A_HOME": "/x"}))
        ('/h/.a/skills', '/x/skills')
        """
        for place in self.home:
            first, _, rest = place.partition("/")
            base = environment.get(first.removeprefix("$")) if first.startswith("$") else environment.get("HOME", "/")
            if base:
                return PurePosixPath(base) / rest
        raise ValueError(f"none of {', '.join(self.home)}")

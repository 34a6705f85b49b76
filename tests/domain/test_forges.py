"""Which repository of a forge a remote is, and what a forge's answers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.forges import LONGEST_LIMIT, complaint, find_repository, limit_seconds, parse_repository


@pytest.mark.parametrize(
    ("remote", "found"),
    [
        ("https://github.com/cli/cli.git", "github.com/cli/cli"),
        ("https://user:secret@github.com/cli/cli/", "github.com/cli/cli"),
        ("git@github.com:cli/cli.git", "github.com/cli/cli"),
        ("github.com:cli/cli", "github.com/cli/cli"),
        ("ssh://git@ssh.github.com:443/cli/cli.git", "github.com/cli/cli"),
        ("https://Forge.Example:8443/a/b", "forge.example:8443/a/b"),
        ("ssh://git@forge.example:2222/a/b.git", "forge.example/a/b"),
        ("https://forge.example:port/a/b", None),
        ("https://github.com/cli", None),
        ("https://github.com/a/b/c", None),
        ("https://github.com/a/..", None),
        ("/srv/git/project.git", None),
        ("../project", None),
        ("file:///srv/git/project.git", None),
        ("ext::sh -c x", None),
    ],
)
def test_what_a_remote_is_on_a_forge(remote: str, found: str | None) -> None:
    assert (str(repository) if (repository := find_repository(remote)) else None) == found


@given(st.text())
def test_any_remote_is_one_or_none(remote: str) -> None:
    if (repository := find_repository(remote)) is not None:
        assert parse_repository(str(repository)) == repository


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry-after": "5"}, 5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60),
        ({"retry-after": "99999999"}, LONGEST_LIMIT),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1100"}, 100),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 1),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1100"}, 60),
        ({"retry-after": "²"}, 60),
    ],
)
def test_how_long_it_wants_not_to_be_asked(headers: dict[str, str], seconds: float) -> None:
    assert limit_seconds(headers, 1000.0) == seconds


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, ""),
        ({"message": "a\n b"}, "a b"),
        ({"message": 7, "errors": "x"}, ""),
        ({"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}, "why", None]},
         "Validation Failed: head invalid: why"),
    ],
)  # fmt: skip
def test_what_it_complains_of(body: object, words: str) -> None:
    assert complaint(body) == words

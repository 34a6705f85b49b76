from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.sources import Kind, Remote, Source, describe_source, probe_remote, user_email
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from tests.edges.git_world import commit, own_home, run_git


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    with own_home(tmp_path) as path:
        yield path


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    path = tmp_path / "a répo"
    run_git(tmp_path, "init", "-q", str(path))
    commit(path, "a")
    return path


@pytest.mark.parametrize("url", ["https://example.org/a.git", "ssh://h/a", "git@example.org:a/b.git", "host:a"])
def test_a_url_is_itself(url: str) -> None:
    assert describe_source(url) == Source(Kind.URL, url, None, False)


def test_a_bare_path_is_itself(tmp_path: Path, repo: Path) -> None:
    bare = tmp_path / "b.git"
    run_git(tmp_path, "clone", "-q", "--bare", str(repo), str(bare))
    assert describe_source(str(bare)) == Source(Kind.BARE, str(bare), bare, False)
    assert describe_source(f"file://{bare}") == Source(Kind.URL, str(bare), bare, False)


def test_a_path_without_origin_lands_in_itself(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Source(Kind.CHECKOUT, str(repo), repo, True)
    assert describe_source(str(repo)) == here
    assert describe_source(str(repo / ".git")) == here
    monkeypatch.chdir(repo)
    assert describe_source(".") == here


def test_a_path_with_an_origin_lands_there(tmp_path: Path, repo: Path) -> None:
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "-q", str(repo), str(clone))
    assert describe_source(str(clone)) == Source(Kind.ORIGIN, str(repo), clone, True)
    run_git(clone, "remote", "set-url", "origin", "../a répo/.git")
    assert describe_source(str(clone)) == Source(Kind.ORIGIN, str(repo), clone, True)
    run_git(clone, "remote", "set-url", "origin", "git@example.org:a.git")
    assert describe_source(str(clone)) == Source(Kind.ORIGIN, "git@example.org:a.git", clone, False)


def test_an_origin_that_is_pushed_elsewhere_is_no_place_to_land(tmp_path: Path, repo: Path) -> None:
    """A fork, or nowhere at all: whoever set that up does not want pushes where the fetches come from."""
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "-q", str(repo), str(clone))
    run_git(clone, "remote", "set-url", "--push", "origin", "no_push")
    with pytest.raises(RefusedError, match=r"fetched from .*a répo and pushed to no_push"):
        describe_source(str(clone))
    run_git(clone, "remote", "set-url", "--add", "--push", "origin", str(repo))
    assert describe_source(str(clone)).url == str(repo)
    run_git(clone, "config", "--unset-all", "remote.origin.pushurl")
    run_git(clone, "config", "remote.origin.pushurl", "git@example.org:fork.git")
    run_git(clone, "config", "--unset", "remote.origin.url")
    with pytest.raises(RefusedError, match=r"pushed to git@example.org:fork.git"):
        describe_source(str(clone))


def test_what_is_no_repository_is_refused(tmp_path: Path, repo: Path) -> None:
    with pytest.raises(NotFoundError):
        describe_source(str(tmp_path / "none"))
    for path in (tmp_path, repo / "a"):
        with pytest.raises(RefusedError):
            describe_source(str(path))
    (repo / "sub").mkdir()
    with pytest.raises(RefusedError, match=r"not the top of a git repository"):
        describe_source(str(repo / "sub"))
    with pytest.raises(UsageError):
        describe_source("--upload-pack=touch x")


def test_probe(tmp_path: Path, repo: Path) -> None:
    run_git(repo, "branch", "other/x")
    assert probe_remote(str(repo)) == Remote("main", ("main", "other/x"))
    run_git(repo, "symbolic-ref", "HEAD", "refs/heads/gone")
    assert probe_remote(str(repo)) == Remote(None, ("main", "other/x"))
    run_git(tmp_path, "init", "-q", "--bare", "empty.git")
    with pytest.raises(RefusedError, match=r"has no branch with a commit yet"):
        probe_remote(str(tmp_path / "empty.git"))
    with pytest.raises(GitError, match=r"does not appear to be a git repository"):
        probe_remote(str(tmp_path / "none"))


def test_user_email(repo: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_email(repo) is None
    (home / ".gitconfig").write_text("[user]\n\temail = g@example.org\n")
    assert user_email(None) == "g@example.org"
    run_git(repo, "config", "user.email", "r@example.org")
    assert (user_email(repo), user_email(None)) == ("r@example.org", "g@example.org")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "e@example.org")
    assert user_email(repo) == "e@example.org"

"""The stand-in's state: pull requests of one repository, whose branches are those of a real bare repository."""

import itertools
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forge.graphql import QueryError, answer
from tests.forge.server import Reply, Server

OWNER, NAME = "octo", "project"
_PATH = f"repos/{OWNER}/{NAME}"


@dataclass
class Pull:
    number: int
    title: str
    body: str
    branch: str
    base: str
    state: str = "OPEN"
    draft: bool = False
    merge_commit: str | None = None
    armed: bool = False
    decision: str | None = None
    conflicts: bool = False
    #: name → (status, conclusion)
    checks: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    threads: list[dict[str, Any]] = field(default_factory=list)
    #: Where it was when it was closed.
    last_head: str = ""


@dataclass
class Pulls:
    """``bare`` is the repository; what people do there are the methods."""

    server: Server
    bare: Path
    pulls: dict[int, Pull] = field(default_factory=dict)
    login: str = "octo"
    clean: bool = False
    _ids: Any = field(default_factory=lambda: itertools.count(100))

    def __post_init__(self) -> None:
        server = self.server
        server.route("GET", "user", lambda **_: Reply({"login": self.login}))
        server.route("GET", f"{_PATH}/pulls", self._list)
        server.route("POST", f"{_PATH}/pulls", self._open)
        server.route("GET", _PATH + r"/pulls/(\d+)", lambda number, **_: Reply(self._rest(self.pulls[int(number)])))
        server.route("PATCH", _PATH + r"/pulls/(\d+)", self._patch)
        server.route("PUT", _PATH + r"/pulls/(\d+)/merge", self._put_merge)
        server.route("GET", _PATH + r"/actions/jobs/(\d+)", self._job)
        server.route("GET", _PATH + r"/actions/jobs/(\d+)/logs", self._log)
        server.route("POST", "/api/graphql", self._graphql)

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", self.bare, *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    @property
    def only(self) -> Pull:
        (pull,) = self.pulls.values()
        return pull

    def head(self, pull: Pull) -> str:
        return self.git("rev-parse", "--verify", "-q", f"refs/heads/{pull.branch}") or pull.last_head

    # What people do.

    def check(self, pull: Pull, name: str, conclusion: str | None) -> None:
        """None: it is not over yet."""
        pull.checks[name] = ("COMPLETED" if conclusion else "IN_PROGRESS", conclusion)

    def _remark(self, author: str, body: str, bot: bool = False) -> dict[str, Any]:
        id = f"R{next(self._ids)}"
        kind = "Bot" if bot else "User"
        return {"id": id, "body": body, "url": f"https://x/{id}", "author": {"__typename": kind, "login": author}}

    def comment(self, pull: Pull, author: str, body: str, bot: bool = False) -> None:
        pull.comments.append(self._remark(author, body, bot))

    def review(self, pull: Pull, author: str, state: str, body: str = "") -> None:
        pull.reviews.append({**self._remark(author, body), "state": state})
        pull.decision = state if state in ("APPROVED", "CHANGES_REQUESTED") else pull.decision

    def remark(self, pull: Pull, author: str, path: str, line: int, body: str) -> None:
        comments = {"nodes": [self._remark(author, body)]}
        pull.threads.append({"isResolved": False, "path": path, "line": line, "comments": lambda last: comments})

    def merge(self, pull: Pull, how: str = "squash") -> str:
        """As the forge does it; the commit that it names."""
        head, base = self.head(pull), self.git("rev-parse", f"refs/heads/{pull.base}")
        tree = self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        parents = ["-p", base, *(["-p", head] if how == "merge" else [])]
        made = self.git("-c", "user.name=f", "-c", "user.email=f@x", "commit-tree", tree, *parents, "-m", pull.title)
        self.git("update-ref", f"refs/heads/{pull.base}", made)
        pull.state, pull.merge_commit, pull.last_head = "MERGED", made, head
        return made

    def close(self, pull: Pull, delete: bool = False) -> None:
        pull.state, pull.last_head = "CLOSED", self.head(pull)
        if delete:
            self.git("update-ref", "-d", f"refs/heads/{pull.branch}")

    # What is answered.

    def _rest(self, pull: Pull) -> dict[str, Any]:
        return {
            "number": pull.number,
            "html_url": f"https://{self.server.host}/{OWNER}/{NAME}/pull/{pull.number}",
            "state": "open" if pull.state == "OPEN" else "closed",
            "merged": pull.state == "MERGED",
        }

    def _list(self, parameters: dict[str, str], **_: Any) -> Reply:
        head = parameters["head"].replace("%3A", ":").replace("%2F", "/")
        found = [
            self._rest(pull)
            for pull in self.pulls.values()
            if pull.state == "OPEN"
            and f"{OWNER}:{pull.branch}" == head
            and pull.base == parameters.get("base", pull.base)
        ]
        return Reply(found)

    def _open(self, body: dict[str, Any], **_: Any) -> Reply:
        if any(pull.branch == body["head"] and pull.state == "OPEN" for pull in self.pulls.values()):
            return Reply(
                {"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]}, 422
            )
        if not self.git("rev-parse", "--verify", "-q", f"refs/heads/{body['head']}"):
            return Reply({"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]}, 422)
        number = len(self.pulls) + 1
        self.pulls[number] = Pull(number, body["title"], body["body"], body["head"], body["base"])
        return Reply(self._rest(self.pulls[number]), 201)

    def _patch(self, number: str, body: dict[str, Any], **_: Any) -> Reply:
        pull = self.pulls[int(number)]
        pull.state = {"open": "OPEN", "closed": "CLOSED"}[body["state"]] if "state" in body else pull.state
        pull.base = body.get("base", pull.base)
        return Reply(self._rest(pull))

    def _put_merge(self, number: str, body: dict[str, Any], **_: Any) -> Reply:
        pull = self.pulls[int(number)]
        if body["sha"] != self.head(pull):
            return Reply({"message": "Head branch was modified. Review and try the merge again."}, 409)
        return Reply({"merged": True, "sha": self.merge(pull, body["merge_method"])})

    def _job(self, number: str, **_: Any) -> Reply:
        return Reply(
            {"steps": [{"name": "set up", "conclusion": "success"}, {"name": "unit", "conclusion": "failure"}]}
        )

    def _log(self, number: str, **_: Any) -> Reply:
        text = "".join(f"line {count}\n" for count in range(500)) + "E   assert 1 == 2\n"
        return Reply(text.encode(), headers={"Content-Type": "text/plain"})

    def _graphql(self, body: dict[str, Any], **_: Any) -> Reply:
        root = {"repository": self._repository, "enablePullRequestAutoMerge": self._enable}
        try:
            data = answer(body["query"], body["variables"], root)
        except QueryError as error:
            return Reply({"errors": [{"message": str(error)}]})
        missing = [{"type": "NOT_FOUND"}] if None in (data.get("repository") or {}).values() else []
        return Reply({"data": data, **({"errors": missing} if missing else {})})

    def _repository(self, owner: str, name: str) -> Any:
        if (owner, name) != (OWNER, NAME):
            return None
        return {"pullRequest": lambda number: self._pull(self.pulls.get(number))}

    def _enable(self, input: dict[str, Any]) -> Any:
        pull = self.pulls[int(input["pullRequestId"].removeprefix("P"))]
        if self.clean:
            raise QueryError("Pull request Pull request is in clean status")
        if input["expectedHeadOid"] != self.head(pull):
            raise QueryError("Head branch was modified")
        pull.armed = True
        return {"pullRequest": {"number": pull.number}}

    def _pull(self, pull: Pull | None) -> Any:
        if pull is None:
            return None
        exists = bool(self.git("rev-parse", "--verify", "-q", f"refs/heads/{pull.branch}"))
        runs = [
            {
                "__typename": "CheckRun", "databaseId": 7, "name": name, "status": status, "conclusion": conclusion,
                "detailsUrl": f"https://x/{name}", "title": "", "summary": None,
            }
            for name, (status, conclusion) in pull.checks.items()
        ]  # fmt: skip
        rollup = {"contexts": lambda first: {"nodes": runs}} if runs else None
        commit = {"commit": {"oid": self.head(pull), "statusCheckRollup": rollup}}
        return {
            "id": f"P{pull.number}", "number": pull.number, "state": pull.state, "isDraft": pull.draft,
            "url": self._rest(pull)["html_url"], "headRefOid": self.head(pull), "headRefName": pull.branch,
            "baseRefName": pull.base, "mergeable": "CONFLICTING" if pull.conflicts else "MERGEABLE",
            "reviewDecision": pull.decision, "headRef": {"name": pull.branch} if exists else None,
            "mergeCommit": {"oid": pull.merge_commit} if pull.merge_commit else None,
            "autoMergeRequest": {"enabledAt": "2026-01-01T00:00:00Z"} if pull.armed else None,
            "reviews": lambda last: {"nodes": pull.reviews},
            "comments": lambda last: {"nodes": pull.comments},
            "reviewThreads": lambda last: {"nodes": pull.threads},
            "commits": lambda last: {"nodes": [commit]},
        }  # fmt: skip

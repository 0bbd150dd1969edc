"""A small GitHub of one repository with one workflow, which keeps the rules of its API and can be told to break them.

What it tells of runs and of what waits is made of the examples of GitHub's own description.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.providers.deploy.serving import serving
from tests.providers.traffic.strict_route53 import Answer, Fault

TOKEN = "ghp_0123456789abcdef0123456789abcdef0123"
REPOSITORY = "octo-org/octo-repo"
FILE = "deploy.yml"
PAYLOADS = Path(__file__).parent / "payloads"
RUN = json.loads((PAYLOADS / "github_workflow_runs_list.json").read_text())["workflow_runs"][0]
PENDING = json.loads((PAYLOADS / "github_pending_deployments.json").read_text())[0]


@dataclass
class Run:
    """A run of the workflow."""

    number: int
    title: str
    event: str = "workflow_dispatch"
    status: str = "queued"
    conclusion: str | None = None
    waits: dict[str, int] = field(default_factory=dict)
    """The environments that wait for a review, with their ids."""
    jobs: dict[str, str] = field(default_factory=lambda: {"deploy": "success"})
    unlisted: int = 0
    """So many listings pass before it is in one."""

    def end(self, conclusion: str = "success") -> None:
        self.status, self.conclusion, self.waits = "completed", conclusion, {}

    @property
    def shown(self) -> dict[str, Any]:
        shown = copy.deepcopy(RUN)
        url = f"https://github.com/{REPOSITORY}/actions/runs/{self.number}"
        shown |= {"id": self.number, "display_title": self.title, "event": self.event, "html_url": url}
        return {**shown, "status": self.status, "conclusion": self.conclusion}


class StrictGitHub:
    """One repository."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.state = "active"
        self.run_name = "deploy ${{ inputs.version }} ${{ inputs.wedtui }}"
        self.inputs = {"version", "wedtui"}
        self.refs = {"main"}
        self.new = Run(0, "")
        """What a dispatch makes a run like."""
        self.may_approve = True
        self.asked: list[str] = []
        self.reviews: list[dict[str, Any]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.url = ""
        self._numbers = itertools.count(30433643)

    def fail(self, action: str, *faults: Fault) -> None:
        """Use these faults for the next requests of an action, each once."""
        self.faults[action] = list(faults)

    def add(self, title: str, conclusion: str | None = "success", **more: Any) -> Run:
        """Have one more run, the newest."""
        run = Run(next(self._numbers), title, **more)
        if conclusion is not None:
            run.end(conclusion)
        self.runs.insert(0, run)
        return run

    @property
    def run(self) -> Run:
        """The newest run."""
        return self.runs[0]

    def handle(self, method: str, target: str, headers: Message[str, str], body: bytes) -> Answer:
        """Return what a request is answered."""
        assert headers.get("User-Agent"), "GitHub refuses whoever does not say who they are"
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        words = parts.path.removeprefix(f"/repos/{REPOSITORY}/actions/").split("/")
        action, work = self._action(method, words, query, body)
        self.asked.append(action)
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return said(401, f"Bad credentials: {headers.get('Authorization')}")
        waiting = self.faults.get(action)
        return waiting.pop(0)(work) if waiting else work()

    def _action(
        self, method: str, words: list[str], query: dict[str, str], body: bytes
    ) -> tuple[str, Callable[[], Answer]]:
        key = words[1]
        known: dict[tuple[str, str], tuple[str, Callable[[], Answer]]] = {
            ("GET", "workflows/*"): ("workflow", lambda: self._workflow(key)),
            ("GET", "workflows/*/runs"): ("list", lambda: self._list(query)),
            ("POST", "workflows/*/dispatches"): ("dispatch", lambda: self._dispatch(key, json.loads(body))),
            ("GET", "runs/*"): ("run", lambda: told(self._one(key).shown)),
            ("GET", "runs/*/jobs"): ("jobs", lambda: self._jobs(key)),
            ("GET", "runs/*/pending_deployments"): ("pending", lambda: self._pending(key)),
            ("POST", "runs/*/pending_deployments"): ("review", lambda: self._review(key, json.loads(body))),
            ("POST", "runs/*/cancel"): ("cancel", lambda: self._cancel(key)),
        }
        return known[method, "/".join([words[0], "*", *words[2:]])]

    def _one(self, number: str) -> Run:
        return next(run for run in self.runs if run.number == int(number))

    def _workflow(self, file: str) -> Answer:
        if file != FILE:
            return said(404, "Not Found")
        return told({"id": 159038, "name": "Deploy", "path": f".github/workflows/{FILE}", "state": self.state})

    def _list(self, query: dict[str, str]) -> Answer:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        assert size <= 100, "GitHub lists a hundred at most"
        listed = []
        for run in self.runs:
            run.unlisted -= 1
            if run.unlisted < 0 and query.get("event", run.event) == run.event:
                listed.append(run.shown)
        return told({"total_count": len(listed), "workflow_runs": listed[(page - 1) * size : page * size]})

    def _dispatch(self, file: str, body: dict[str, Any]) -> Answer:
        if file != FILE:
            return said(404, "Not Found")
        assert body.keys() <= {"ref", "inputs"}, "GitHub takes no other keys"
        if body["ref"] not in self.refs:
            return said(422, f"No ref found for: {body['ref']}")
        if extra := sorted(body["inputs"].keys() - self.inputs):
            return said(422, f"Unexpected inputs provided: {json.dumps(extra)}")
        given: dict[str, str] = body["inputs"]
        title = re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: given.get(found[1], ""), self.run_name)
        run = copy.deepcopy(self.new)
        run.number, run.title = next(self._numbers), title
        run.status = "waiting" if run.waits else run.status
        self.runs.insert(0, run)
        return Answer(b"", 204)

    def _jobs(self, number: str) -> Answer:
        jobs = [
            {"name": name, "status": "completed", "conclusion": how} for name, how in self._one(number).jobs.items()
        ]
        return told({"total_count": len(jobs), "jobs": jobs})

    def _pending(self, number: str) -> Answer:
        found = []
        for name, key in self._one(number).waits.items():
            environment = {**PENDING["environment"], "id": key, "name": name}
            found.append({**PENDING, "environment": environment, "current_user_can_approve": self.may_approve})
        return told(found)

    def _review(self, number: str, body: dict[str, Any]) -> Answer:
        run = self._one(number)
        assert body["comment"], "GitHub wants a comment"
        wrong = [key for key in body["environment_ids"] if key not in run.waits.values()]
        if wrong or not self.may_approve:
            return said(422, "Cannot approve or reject deployments that are not pending")
        self.reviews.append(body)
        if body["state"] == "rejected":
            run.end("failure")
        run.waits = {name: key for name, key in run.waits.items() if key not in body["environment_ids"]}
        if not run.waits and run.status == "waiting":
            run.status = "in_progress"
        return told([])

    def _cancel(self, number: str) -> Answer:
        run = self._one(number)
        if run.status == "completed":
            return said(409, "Cannot cancel a workflow run that is completed.")
        run.end("cancelled")
        return Answer(b"{}", 202)


def told(found: object, status: int = 200) -> Answer:
    """Answer with JSON."""
    return Answer(json.dumps(found).encode(), status, {"Content-Type": "application/json; charset=utf-8"})


def said(status: int, message: str, **headers: str) -> Answer:
    """Refuse as GitHub words it."""
    answer = told({"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)})
    answer.status = status
    answer.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    return answer


def refusing(status: int, message: str = "no", **headers: str) -> Fault:
    """Refuse, and do nothing."""
    return lambda _work: said(status, message, **headers)


@contextmanager
def running() -> Iterator[StrictGitHub]:
    """Run one."""
    github = StrictGitHub()
    with serving(github.handle) as github.url:
        yield github

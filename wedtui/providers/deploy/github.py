"""Versions put in place by a workflow of GitHub Actions, which is dispatched, found again and watched to its end.

GitHub answers a dispatch with nothing: which run came of it is not said, nor whether one did where the answer was lost.
So each start hands the workflow a mark, which the workflow has to show in its name (`run-name`). The mark names the
start and the version; by it the run is found, whoever made the start and died. A start whose mark no run shows may
still be on its way: nobody knows that, and nothing is dispatched again.

Where the workflow waits for an environment of GitHub that is configured, wedtui is who approves or rejects that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from wedtui.clock import Clock
from wedtui.core.deployments.words import WORDS, filled
from wedtui.core.wording import duration
from wedtui.errors import ConflictError, NotNowError, ProviderUnavailableError
from wedtui.providers.deploy.base import Found, Placing, Progress, Seen, Trace
from wedtui.providers.deploy.github_api import PAGE, PAGES_AT_MOST, Actions, AgainError, Entry, Repository
from wedtui.providers.deploy.pace import Paced
from wedtui.providers.web import backoff_s, link, plain

APPEARS_WITHIN = timedelta(minutes=1)
"""So long the run of a dispatch may take to be listed."""
LOOKS_EVERY = timedelta(seconds=10)
"""Between two looks at a run: GitHub counts 5,000 requests an hour of one token."""
_MARK = re.compile(r"\[wedtui (?P<name>\S+) (?P<service>\S+) (?P<environment>\S+) (?P<version>[^\s\]]+)\]")
_NOTHING_DONE = frozenset({"skipped", "neutral", "stale"})


@dataclass(frozen=True, slots=True)
class Workflow:
    """Which workflow puts versions of one template in place."""

    file: str
    """Its name, such as `deploy.yml`."""
    ref: str
    """The branch or tag whose workflow is run."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """With `{version}` and the other words for what was submitted."""
    mark: str = "wedtui"
    """The input that gets the mark."""
    jobs: tuple[str, ...] = ()
    """Those that have to succeed: a run whose job is skipped does nothing, and ends well."""
    environments: tuple[str, ...] = ()
    """The environments of GitHub whose gate is wedtui."""


class GitHubDeployer:
    """Puts versions in place by a workflow."""

    def __init__(self, workflow: Workflow, repository: Repository, clock: Clock) -> None:
        """Prepare; nothing is asked yet.

        Args:
            workflow: which one.
            repository: where it is, and as whom GitHub is asked.
            clock: tells the time.

        Raises:
            ConfigurationError: the token, the URL or the certificates cannot be used.
        """
        self._workflow, self._clock = workflow, clock
        self._actions = Actions(repository, clock)
        self._called = f"the workflow {workflow.file} of {repository.name}"
        self._path = f"workflows/{workflow.file}"
        self._paced = Paced(clock, LOOKS_EVERY)
        self._runs: dict[str, int] = {}
        """The run of each start that is watched."""
        self._missed: dict[str, float] = {}
        """Since when the run of a start is looked for in vain, in monotonic seconds."""
        self._ending: set[str] = set()
        """What is to end: nothing of it is approved any more."""

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._actions.close()

    async def prepare(self, what: Placing) -> str:
        """Look whether the workflow can be run; raises what `Deployer.prepare` does.

        Returns:
            The version of its last run that ended well, where that is known.
        """
        state = (await self._actions.patiently(self._path)).get("state")
        if state != "active":
            raise ConflictError(f"{self._called} cannot be run: GitHub says that it is {plain(str(state), 60)}")
        there = await self._in_place(what)
        if there == what.version:
            raise ConflictError(f"{there} of {what.service} in {what.environment} is in place already")
        return there

    async def start(self, what: Placing) -> str:
        """Dispatch the workflow, once; raises what `Deployer.start` does."""
        try:
            before = await self._marked(what)
        except AgainError as error:
            raise NotNowError(str(error), wait_s=error.wait_s) from None
        if before is not None:
            raise RuntimeError(f"{what.name} was begun before")
        words = {name: str(getattr(what, name)) for name in WORDS}
        inputs = {name: filled(value, words) for name, value in self._workflow.inputs.items()}
        body = {"ref": self._workflow.ref, "inputs": {**inputs, self._workflow.mark: _mark(what)}}
        await self._actions.start(f"{self._path}/dispatches", body, self._called)
        return f"{self._called} was dispatched for {what.version}"

    async def find(self, what: Placing) -> Found:
        """Look for the run; one that is not seen after `APPEARS_WITHIN` may still come.

        Raises:
            ProviderUnavailableError: the runs cannot be listed.
        """
        ends_at, attempt = self._clock.monotonic() + APPEARS_WITHIN.total_seconds(), 0
        while True:
            run = await self._marked(what)
            if run is not None:
                return Found(Trace.MADE, f"{self._called} was dispatched: {_where(run)}")
            pause = min(backoff_s(attempt, timedelta(seconds=1)), LOOKS_EVERY.total_seconds())
            if self._clock.monotonic() + pause >= ends_at:
                return Found(Trace.UNKNOWABLE, f"{self._unseen(what)}: whether it was dispatched is not known")
            attempt += 1
            await asyncio.sleep(pause)

    async def observe(self, what: Placing) -> Seen:
        """Say how far the run is, and approve what of it waits for wedtui; raises what `Deployer.observe` does."""
        return await self._paced.look(what.name, lambda: self._observe(what))

    async def abort(self, what: Placing) -> None:
        """Reject what waits for wedtui and cancel the run; where that cannot be told now, each look tries it again."""
        self._ending.add(what.name)
        self._paced.anew(what.name)
        try:
            await self.observe(what)
        except ProviderUnavailableError:
            return

    async def _observe(self, what: Placing) -> Seen:
        run = await self._run(what)
        if run is None:
            return self._not_there(what)
        if run.get("status") == "completed":
            seen = await self._ended(run)
            self._runs.pop(what.name, None)
            self._ending.discard(what.name)
            return seen
        waits = await self._gate(what, run)
        if what.name in self._ending:
            await self._cancel(run)
            return Seen(Progress.GOING, f"the run is being cancelled{waits}: {_where(run)}")
        return Seen(Progress.GOING, f"the run is {plain(str(run.get('status')), 40)}{waits}: {_where(run)}")

    async def _run(self, what: Placing) -> Entry | None:
        """Return the run of a start as it is now; None where none is listed."""
        number = self._runs.get(what.name)
        if number is not None:
            return await self._actions.entry(f"runs/{number}")
        run = await self._marked(what)
        if run is not None:
            self._runs[what.name] = _number(run)
            self._missed.pop(what.name, None)
        return run

    def _not_there(self, what: Placing) -> Seen:
        since = self._missed.setdefault(what.name, self._clock.monotonic())
        if self._clock.monotonic() - since < APPEARS_WITHIN.total_seconds():
            return Seen(Progress.GOING, "GitHub lists no run of it yet")
        del self._missed[what.name]
        return Seen(Progress.UNKNOWN, f"{self._unseen(what)}: what becomes of it is not known")

    def _unseen(self, what: Placing) -> str:
        waited = f"no run of {self._called} shows {_mark(what)} in its name after {duration(APPEARS_WITHIN)}"
        return f"{waited} (its run-name has to have ${{{{ inputs.{self._workflow.mark} }}}})"

    async def _ended(self, run: Entry) -> Seen:
        """Say how a run ended; one that did nothing has not put anything in place."""
        conclusion = str(run.get("conclusion"))
        if conclusion in _NOTHING_DONE:
            return Seen(Progress.FAILED, f"the run ended and did nothing ({conclusion}): {_where(run)}")
        if conclusion != "success":
            return Seen(Progress.FAILED, f"the run ended with {plain(conclusion, 40)}: {_where(run)}")
        missing = await self._not_done(run)
        if missing:
            return Seen(Progress.FAILED, f"the run ended well and did nothing: {missing}: {_where(run)}")
        return Seen(Progress.DONE, f"the run ended well: {_where(run)}")

    async def _not_done(self, run: Entry) -> str:
        """Say which of the jobs that have to succeed did not; nothing where all did."""
        ended: dict[str, str] = {}
        for number in range(1, PAGES_AT_MOST + 1 if self._workflow.jobs else 1):
            page = await self._actions.page(f"runs/{_number(run)}/jobs", "jobs", number)
            ended |= {str(each.get("name")): str(each.get("conclusion")) for each in page}
            if len(page) < PAGE:
                break
        wrong = [(name, ended.get(name, "not in it")) for name in self._workflow.jobs if ended.get(name) != "success"]
        return ", ".join(f'the job "{name}" is {plain(how, 40)}' for name, how in wrong)

    async def _gate(self, what: Placing, run: Entry) -> str:
        """Approve what waits for wedtui, or reject it where the start is to end; say what the run waits for."""
        if not self._workflow.environments:
            return ""
        pending = await self._actions.entries(f"runs/{_number(run)}/pending_deployments")
        ours, said = [], []
        for each in pending:
            environment = each.get("environment")
            if not isinstance(environment, Mapping):
                continue
            name, mine = str(environment.get("name")), environment.get("name") in self._workflow.environments
            if mine and each.get("current_user_can_approve") is True:
                ours.append(environment)
            else:
                said.append(f"; waits for {plain(name, 60)}{', which this token may not approve' if mine else ''}")
        if ours:
            said.append(await self._review(what, run, ours))
        return "".join(said)

    async def _review(self, what: Placing, run: Entry, environments: list[Entry]) -> str:
        """Approve or reject; an answer that is lost is seen at the next look, by what waits then."""
        ending = what.name in self._ending
        state, why = ("rejected", "was ended") if ending else ("approved", "is running")
        body = {
            "environment_ids": [each.get("id") for each in environments],
            "state": state,
            "comment": f"wedtui: {what.tries} {what.release} of {what.service} {what.version} {why}",
        }
        names = ", ".join(plain(str(each.get("name")), 60) for each in environments)
        answer = await self._actions.post(f"runs/{_number(run)}/pending_deployments", body)
        if answer.status == httpx.codes.OK:
            return f"; {names} was {state}"
        return f"; {names} cannot be {state}: {self._actions.refusal(answer)}"

    async def _cancel(self, run: Entry) -> None:
        answer = await self._actions.post(f"runs/{_number(run)}/cancel")
        # 409: it ended meanwhile, which the next look sees.
        if answer.status not in {httpx.codes.ACCEPTED, httpx.codes.CONFLICT}:
            raise self._actions.unavailable(answer)

    async def _in_place(self, what: Placing) -> str:
        """Return the version of the last run that ended well; empty where that is not known.

        Raises:
            ConflictError: a run for the same service and environment goes on.
        """
        for number in range(1, PAGES_AT_MOST + 1):
            page = await self._listed(number)
            for run in page:
                mark = _MARK.search(str(run.get("display_title")))
                if mark is None and run.get("conclusion") == "success":
                    # By hand, or from elsewhere: it may have put anything in place.
                    return ""
                if mark is None or (mark["service"], mark["environment"]) != (what.service, what.environment):
                    continue
                if run.get("status") != "completed":
                    raise ConflictError(f"another run for {what.service} in {what.environment} goes on: {_where(run)}")
                if run.get("conclusion") == "success":
                    return mark["version"]
            if len(page) < PAGE:
                break
        return ""

    async def _marked(self, what: Placing) -> Entry | None:
        """Return the run that shows the mark of a start; None where none does."""
        for number in range(1, PAGES_AT_MOST + 1):
            page = await self._listed(number)
            ours = [run for run in page if _mark(what) in str(run.get("display_title"))]
            if ours:
                # Whoever dispatches it once more with the same inputs did so later: the newest come first.
                return ours[-1]
            if len(page) < PAGE:
                break
        return None

    async def _listed(self, number: int) -> list[Entry]:
        return await self._actions.page(f"{self._path}/runs", "workflow_runs", number, {"event": "workflow_dispatch"})


def _mark(what: Placing) -> str:
    """Return what tells the run of a start from any other; its end tells a whole one from one that was cut."""
    return f"[wedtui {what.name} {what.service} {what.environment} {what.version}]"


def _where(run: Entry) -> str:
    return link(run.get("html_url")) or f"run {_number(run)}"


def _number(run: Entry) -> int:
    number = run.get("id")
    if not isinstance(number, int):
        raise ProviderUnavailableError("GitHub told of a run without a number")
    return number

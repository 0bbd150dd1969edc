"""Versions put in place as services of Amazon ECS: a revision of the task definition with another image, rolled out.

Each start registers a revision of its own: the one that runs, with the image of one container replaced. It carries the
name of the start in a tag. That is what a start is found again by: the service has a deployment of that revision, or
had one, or it was never started. To begin with the same revision once more changes nothing where it was begun: ECS
makes no new deployment of what is asked for already. So a start that is not found may be made again, by its revision.

A rollback that finds the version in place already, because the circuit breaker put it there, takes that deployment for
its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wedtui.clock import Clock
from wedtui.core.deployments.submission import VERSION
from wedtui.core.deployments.words import WORDS, filled
from wedtui.core.text import single_line
from wedtui.errors import ConflictError, NotNowError, OutcomeUnknownError, ProviderUnavailableError
from wedtui.providers.deploy.aws import AwsPlace, AwsService, Page, PassingError, RefusedError
from wedtui.providers.deploy.base import Found, Placing, Progress, Seen, Trace, Try
from wedtui.providers.deploy.pace import Paced
from wedtui.providers.web import plain

LOOKS_EVERY = timedelta(seconds=5)
"""Between two looks at a rollout."""
SHOWS_WITHIN = timedelta(seconds=30)
"""So long a deployment that was begun may not be told of yet."""
REVISIONS_AT_MOST = 20
"""So many of the newest revisions are looked through for that of a start."""
_TAG = "wedtui/"
_REFUSALS = frozenset(
    {
        "ClientException",
        "ClusterNotFoundException",
        "InvalidParameterException",
        "NamespaceNotFoundException",
        "PlatformTaskDefinitionIncompatibilityException",
        "PlatformUnknownException",
        "ServiceNotActiveException",
        "ServiceNotFoundException",
        "UnsupportedFeatureException",
        "ConflictException",
        "ServiceDeploymentNotFoundException",
    }
)
# Of what a revision says, what the next one is registered with; the rest ECS sets itself.
_KEPT = (
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "inferenceAccelerators",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
    "trustedExecutionConfiguration",
)


@dataclass(frozen=True, slots=True)
class EcsService:
    """Which service of ECS runs versions, and how a version is an image."""

    cluster: str
    service: str
    """With `{service}` and `{environment}` for what was submitted; the cluster too."""
    container: str
    """Whose image it is, of those of the task."""
    image: str
    """Such as `registry/app:{version}`; also with the words of `service`."""


class EcsDeployer:
    """Puts versions in place by rolling out a service."""

    def __init__(self, service: EcsService, place: AwsPlace, clock: Clock) -> None:
        """Prepare; nothing is read and nothing is sent yet.

        Args:
            service: which one.
            place: where, and with which credentials.
            clock: tells the time.
        """
        self._service, self._clock = service, clock
        self._ecs = AwsService("ecs", place, _REFUSALS, clock)
        self._paced = Paced(clock, LOOKS_EVERY)
        self._ours: dict[str, str] = {}
        """The revision of each start that is watched."""
        self._missed: dict[str, float] = {}
        """Since when a deployment is looked for in vain, in monotonic seconds; -1 once it was seen."""

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._ecs.close()

    async def prepare(self, what: Placing) -> str:
        """Look which version runs, and whether nothing else is rolled out; raises what `Deployer.prepare` does."""
        service = await self._live(what)
        primary = self._settled(what, service)
        if not service.get("desiredCount"):
            raise ConflictError(f"nothing of {self._called(what)} would run: its desired count is 0")
        revision = (await self._revision(str(primary["taskDefinition"])))["taskDefinition"]
        there = self._version(what, revision)
        if there == what.version:
            raise ConflictError(f"{there} of {what.service} in {what.environment} is in place already")
        # To go back to what never became steady would help nobody.
        return there if primary["rolloutState"] == "COMPLETED" else ""

    async def start(self, what: Placing) -> str:
        """Register a revision and have the service run it; raises what `Deployer.start` does."""
        try:
            service = await self._live(what)
            primary = _primary(service)
            page = await self._revision(str(primary["taskDefinition"]))
            self._unchanged(what, service, page["taskDefinition"])
            ours = await self._tagged(what, page["taskDefinition"])
            if ours is None:
                ours = await self._made(what, page)
        except PassingError as error:
            raise NotNowError(str(error), wait_s=error.wait_s) from None
        except OutcomeUnknownError as error:
            # A revision that nothing runs is no start; the next one finds it by its tag, or makes another.
            raise NotNowError(str(error)) from None
        self._ours[what.name] = ours
        self._missed.pop(what.name, None)
        if str(primary["taskDefinition"]) == ours:
            return f"{what.version} runs as {_short(ours)} already"
        cluster, name = self._names(what)
        asked = {"cluster": cluster, "service": name, "taskDefinition": ours}
        await self._ecs.change(f"the rollout of {self._called(what)}", "update_service", **asked)
        return f"the rollout of {_short(ours)} was begun"

    async def find(self, what: Placing) -> Found:
        """Look for a deployment of the start's own revision.

        Raises:
            ProviderUnavailableError: that cannot be seen.
        """
        service = await self._live(what)
        revision = (await self._revision(str(service.get("taskDefinition"))))["taskDefinition"]
        ours = await self._tagged(what, revision)
        if ours is None:
            return Found(Trace.NOT_MADE, "no revision was registered for it: nothing was begun")
        if any(each.get("taskDefinition") == ours for each in _deployments(service)):
            return Found(Trace.MADE, f"the rollout of {_short(ours)} was begun")
        try:
            begun = ours in [each for _, each in await self._history(what)]
        except RefusedError as error:
            return Found(Trace.UNKNOWABLE, f"whether {_short(ours)} was rolled out is not known: {error}")
        if begun:
            return Found(Trace.MADE, f"the rollout of {_short(ours)} was begun, and is over")
        return Found(Trace.NOT_MADE, f"{_short(ours)} was registered, and no rollout of it was begun")

    async def observe(self, what: Placing) -> Seen:
        """Say how far the rollout is; raises what `Deployer.observe` does."""
        return await self._paced.look(what.name, lambda: self._observe(what))

    async def abort(self, what: Placing) -> None:
        """Have ECS take the rollout back; one that cannot be told now goes on, which whoever watches sees."""
        self._paced.anew(what.name)
        try:
            for arn, revision in await self._history(what, under_way=True):
                if revision == self._ours.get(what.name):
                    called = f"the end of the rollout of {self._called(what)}"
                    asked = {"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}
                    await self._ecs.change(called, "stop_service_deployment", **asked)
        except (ProviderUnavailableError, OutcomeUnknownError):
            return

    async def _observe(self, what: Placing) -> Seen:
        try:
            service = await self._live(what)
        except ConflictError as error:
            return Seen(Progress.UNKNOWN, f"what becomes of the rollout is not known: {error}")
        ours = self._ours.get(what.name)
        if ours is None:
            revision = (await self._revision(str(service.get("taskDefinition"))))["taskDefinition"]
            ours = await self._tagged(what, revision)
        if ours is None:
            return Seen(Progress.UNKNOWN, f"no revision of {self._called(what)} was registered for it")
        self._ours[what.name] = ours
        mine = [each for each in _deployments(service) if each.get("taskDefinition") == ours]
        if not mine:
            return self._gone(what, service, ours)
        self._missed[what.name] = -1.0
        newest = next((each for each in mine if each.get("status") == "PRIMARY"), mine[0])
        seen = _seen(newest, _primary(service), ours)
        if seen.progress is Progress.GOING:
            return seen
        for kept in (self._ours, self._missed):
            kept.pop(what.name, None)
        return seen

    def _gone(self, what: Placing, service: Page, ours: str) -> Seen:
        """Say what it means that no deployment is of our revision: one that was just begun may not be told of yet."""
        since = self._missed.setdefault(what.name, self._clock.monotonic())
        if since >= 0 and self._clock.monotonic() - since < SHOWS_WITHIN.total_seconds():
            return Seen(Progress.GOING, f"ECS does not tell of the rollout of {_short(ours)} yet")
        runs = _short(str(_primary(service).get("taskDefinition")))
        return Seen(Progress.FAILED, f"{_short(ours)} was taken back or replaced: the service runs {runs}")

    async def _live(self, what: Placing) -> Page:
        """Return the service as it is now.

        Raises:
            ConflictError: there is none that could be rolled out.
            ProviderUnavailableError: it cannot be seen.
        """
        cluster, name = self._names(what)
        try:
            page = await self._ecs.read("describe_services", cluster=cluster, services=[name])
        except RefusedError as error:
            raise ConflictError(f"{self._called(what)} cannot be rolled out: {error}") from None
        services = page.get("services")
        if not services:
            reasons = ", ".join(plain(str(each.get("reason")), 60) for each in page.get("failures") or ())
            raise ConflictError(f"there is no {self._called(what)} ({reasons or 'ECS tells of none'})")
        service: Page = services[0]
        if service.get("status") != "ACTIVE":
            raise ConflictError(f"{self._called(what)} is {plain(str(service.get('status')), 40)}")
        controller = str((service.get("deploymentController") or {}).get("type", "ECS"))
        if controller != "ECS":
            raise ConflictError(f"{self._called(what)} is not rolled out by ECS itself, but by {plain(controller, 40)}")
        _primary(service)
        return service

    def _settled(self, what: Placing, service: Page) -> Page:
        """Return the one deployment of a service.

        Raises:
            ConflictError: another one goes on, or ECS does not say how far one is.
        """
        primary = _primary(service)
        if primary.get("rolloutState") is None:
            raise ConflictError(
                f"ECS does not say how far a rollout of {self._called(what)} is (a Classic Load Balancer?)"
            )
        busy = [each for each in _deployments(service) if each.get("rolloutState") == "IN_PROGRESS"]
        if busy:
            which = _short(str(busy[0].get("taskDefinition")))
            raise ConflictError(f"another rollout of {self._called(what)} goes on, of {which}")
        return primary

    def _unchanged(self, what: Placing, service: Page, revision: Page) -> None:
        """Look that nobody else put something in place since it was looked at.

        Raises:
            ConflictError: somebody did.
        """
        there = self._version(what, revision)
        ours = {what.version, what.previous} if what.tries is Try.ROLLBACK else {what.previous}
        if what.previous and there not in ours:
            runs = there or _short(str(revision.get("taskDefinitionArn")))
            raise ConflictError(f"somebody else put {runs} in place as {self._called(what)}")
        if what.tries is Try.RELEASE:
            self._settled(what, service)

    async def _made(self, what: Placing, page: Page) -> str:
        """Return a revision of the start's own: a new one, or for a rollback what is in place again already."""
        base: Page = page["taskDefinition"]
        tag = [{"key": f"{_TAG}{what.name}", "value": what.version}]
        arn = str(base["taskDefinitionArn"])
        called = f"a revision for {self._called(what)}"
        if what.tries is Try.ROLLBACK and self._version(what, base) == what.version:
            await self._ecs.change(called, "tag_resource", resourceArn=arn, tags=tag)
            return arn
        asked = {key: base[key] for key in _KEPT if base.get(key) not in (None, [], "")}
        image = self._image(what).replace("{version}", what.version)
        asked["containerDefinitions"] = [
            {**each, "image": image} if each.get("name") == self._service.container else each
            for each in base["containerDefinitions"]
        ]
        kept = [each for each in page.get("tags") or () if not str(each.get("key")).startswith((_TAG, "aws:"))]
        made = await self._ecs.change(called, "register_task_definition", **asked, tags=[*kept, *tag])
        found = (made.get("taskDefinition") or {}).get("taskDefinitionArn")
        if not found:
            raise OutcomeUnknownError(f"ECS registered {called} and did not say which")
        return str(found)

    async def _tagged(self, what: Placing, revision: Page) -> str | None:
        """Return the revision that carries the name of a start, of the newest of the family."""
        asked = {
            "familyPrefix": revision["family"],
            "status": "ACTIVE",
            "sort": "DESC",
            "maxResults": REVISIONS_AT_MOST,
        }
        page = await self._ecs.read("list_task_definitions", **asked)
        # The one that runs may be older than those: a rollback takes it for its own.
        arns = dict.fromkeys([*page.get("taskDefinitionArns", ()), revision["taskDefinitionArn"]])
        for arn in arns:
            found = await self._revision(str(arn))
            if f"{_TAG}{what.name}" in {each.get("key") for each in found.get("tags") or ()}:
                return str(arn)
        return None

    async def _revision(self, arn: str) -> Page:
        page = await self._ecs.read("describe_task_definition", taskDefinition=arn, include=["TAGS"])
        if not isinstance(page.get("taskDefinition"), Mapping):
            raise PassingError("DescribeTaskDefinition was not answered whole: it has no taskDefinition")
        return page

    async def _history(self, what: Placing, *, under_way: bool = False) -> list[tuple[str, str]]:
        """Return the newest rollouts, each with its revision: those under way, or all that ECS remembers of a page."""
        cluster, name = self._names(what)
        asked: dict[str, Any] = {"cluster": cluster, "service": name}
        if under_way:
            asked["status"] = ["PENDING", "IN_PROGRESS"]
        listed = (await self._ecs.read("list_service_deployments", **asked)).get("serviceDeployments") or ()
        arns = {str(each.get("targetServiceRevisionArn")): str(each.get("serviceDeploymentArn")) for each in listed}
        found: list[tuple[str, str]] = []
        targets = list(arns)
        for first in range(0, len(targets), 20):
            page = await self._ecs.read("describe_service_revisions", serviceRevisionArns=targets[first : first + 20])
            for each in page.get("serviceRevisions") or ():
                found.append((arns.get(str(each.get("serviceRevisionArn")), ""), str(each.get("taskDefinition"))))
        return found

    def _names(self, what: Placing) -> tuple[str, str]:
        return _worded(self._service.cluster, what), _worded(self._service.service, what)

    def _called(self, what: Placing) -> str:
        cluster, name = self._names(what)
        return f"service {name} of the cluster {cluster}"

    def _image(self, what: Placing) -> str:
        """Return the template of the image with all in its place but the version."""
        return _worded(self._service.image, what._replace(version="{version}"))

    def _version(self, what: Placing, revision: Page) -> str:
        """Return which version a revision runs; empty where its image is none of ours.

        Raises:
            ConflictError: it has no such container.
        """
        for each in revision.get("containerDefinitions") or ():
            if each.get("name") == self._service.container:
                before, _, after = self._image(what).partition("{version}")
                pattern = f"{re.escape(before)}({VERSION.pattern}){re.escape(after)}"
                found = re.fullmatch(pattern, str(each.get("image")))
                return found[1] if found else ""
        raise ConflictError(
            f'{_short(str(revision.get("taskDefinitionArn")))} has no container "{self._service.container}"'
        )


def _worded(text: str, what: Placing) -> str:
    return filled(text, {name: str(getattr(what, name)) for name in WORDS})


def _deployments(service: Page) -> Sequence[Page]:
    return service.get("deployments") or ()


def _primary(service: Page) -> Page:
    """Return the deployment that a service is to be.

    Raises:
        ProviderUnavailableError: it has none.
    """
    found = next((each for each in _deployments(service) if each.get("status") == "PRIMARY"), None)
    if found is None:
        raise ProviderUnavailableError("ECS tells of a service without a primary deployment")
    return found


def _seen(ours: Page, primary: Page, revision: str) -> Seen:
    """Say how far a rollout is, by our deployment and by the one that the service is to be."""
    state, runs, wanted = ours.get("rolloutState"), ours.get("runningCount", 0), ours.get("desiredCount", 0)
    counts = f"{runs} of {wanted} tasks run {_short(revision)}"
    said = single_line(plain(str(ours.get("rolloutStateReason") or "")), 200)
    why = f": {said}" if said else ""
    if state == "FAILED":
        return Seen(Progress.FAILED, f"the rollout of {_short(revision)} failed{why}")
    if ours is not primary:
        other = _short(str(primary.get("taskDefinition")))
        return Seen(Progress.FAILED, f"the rollout of {other} took the place of that of {_short(revision)}")
    if state != "COMPLETED" or runs < wanted:
        return Seen(Progress.GOING, counts)
    if not wanted:
        return Seen(Progress.FAILED, f"the rollout of {_short(revision)} ended, and nothing runs: {counts}")
    return Seen(Progress.DONE, counts)


def _short(arn: str) -> str:
    """Return family and revision of an ARN: `rsvp:42`."""
    return plain(arn.rpartition("/")[2] or arn, 160)

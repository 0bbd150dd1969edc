"""A small Amazon ECS with one service, whose rollouts go as its test says: they complete, fail, are rolled back.

It speaks ECS's own JSON protocol. What it tells of the service is made of an example of Amazon's.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

from tests.providers.deploy.serving import serving
from tests.providers.traffic.strict_route53 import Answer, Fault

PAYLOADS = Path(__file__).parent / "payloads"
SERVICE = json.loads((PAYLOADS / "ecs_update_service.json").read_text())["service"]
PREFIX = "arn:aws:ecs:eu-west-1:123456789012"
TARGET = "AmazonEC2ContainerServiceV20141113."
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/rsvp"
JSON = {"Content-Type": "application/x-amz-json-1.1"}
Fields = dict[str, Any]


class StrictEcs:
    """One cluster with one service."""

    def __init__(self) -> None:
        self.revisions: dict[str, Fields] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.deployments: list[Fields] = []
        self.history: list[Fields] = []
        self.controller, self.status, self.desired = "ECS", "ACTIVE", 2
        self.hidden = 0
        """So many looks at the service pass before a new deployment is told of."""
        self.asked: list[str] = []
        self.faults: dict[str, list[Fault]] = {}
        self.url = ""
        self._numbers = itertools.count(1976744184940610707)
        first = self.revision(f"{IMAGE}:1.4.1")
        self.roll_out(first)
        self.complete()

    def fail(self, action: str, *faults: Fault) -> None:
        """Use these faults for the next requests of an action, each once."""
        self.faults[action] = list(faults)

    def revision(self, image: str, **tags: str) -> str:
        """Register one by hand."""
        main = {"name": "app", "image": image, "essential": True, "environment": [{"name": "ZONE", "value": "a"}]}
        beside = {"name": "proxy", "image": "envoy:1", "essential": False}
        fields = {"family": "rsvp", "networkMode": "awsvpc", "cpu": "256", "containerDefinitions": [main, beside]}
        return self._registered({**fields, "tags": [{"key": key, "value": value} for key, value in tags.items()]})

    def roll_out(self, arn: str) -> None:
        """Begin to have the service run a revision; what it is to run already is not begun again."""
        if self.deployments and self.primary["taskDefinition"] == arn:
            return
        for each in self.deployments:
            each["status"] = "ACTIVE"
        number = f"ecs-svc/{next(self._numbers)}"
        counts = {"desiredCount": self.desired, "runningCount": 0, "pendingCount": self.desired, "failedTasks": 0}
        said = {"rolloutState": "IN_PROGRESS", "rolloutStateReason": f"ECS deployment {number} in progress."}
        new = {"id": number, "status": "PRIMARY", "taskDefinition": arn, **counts, **said}
        self.deployments.insert(0, new)
        self.history.insert(0, {"taskDefinition": arn, "status": "IN_PROGRESS"})

    @property
    def primary(self) -> Fields:
        return next(each for each in self.deployments if each["status"] == "PRIMARY")

    @property
    def runs(self) -> str:
        """The image that the service is to run."""
        return str(self.revisions[self.primary["taskDefinition"]]["containerDefinitions"][0]["image"])

    def complete(self) -> None:
        """Have the newest rollout end well."""
        self.deployments = [self.primary]
        reason = f"ECS deployment {self.primary['id']} completed."
        self.primary.update(runningCount=self.desired, rolloutState="COMPLETED", rolloutStateReason=reason)
        self.history[0]["status"] = "SUCCESSFUL"

    def break_circuit(self, *, back: bool = True) -> None:
        """Have the circuit breaker end the newest rollout, and begin one of the revision before it."""
        failed, before = self.primary, next(each for each in self.deployments if each["status"] == "ACTIVE")
        why = "ECS deployment circuit breaker: tasks failed to start."
        failed.update(rolloutState="FAILED", rolloutStateReason=why, failedTasks=3)
        self.history[0]["status"] = "ROLLBACK_IN_PROGRESS"
        if back:
            self.roll_out(before["taskDefinition"])

    def handle(self, _method: str, _target: str, headers: Message[str, str], body: bytes) -> Answer:
        """Return what a request is answered."""
        assert "Signature=" in headers.get("Authorization", ""), "a request is not signed"
        action = headers.get("X-Amz-Target", "").removeprefix(TARGET)
        self.asked.append(action)
        given = json.loads(body)
        work: Callable[[], Answer] = lambda: self._answer(action, given)  # noqa: E731
        waiting = self.faults.get(action)
        return waiting.pop(0)(work) if waiting else work()

    def _answer(self, action: str, given: Fields) -> Answer:
        if given.get("cluster", "production") != "production":
            return refused("ClusterNotFoundException", "Cluster not found.")
        found: Fields = getattr(self, f"_{action}")(given)
        return (
            Answer(json.dumps(found).encode(), 200, dict(JSON))
            if "__type" not in found
            else refused(found["__type"], found["message"])
        )

    def _DescribeServices(self, given: Fields) -> Fields:  # noqa: N802 - the name of the operation
        assert len(given["services"]) <= 10, "ten at most"
        if given["services"] != ["rsvp"]:
            arn = f"{PREFIX}:service/production/{given['services'][0]}"
            return {"services": [], "failures": [{"arn": arn, "reason": "MISSING"}]}
        return {"services": [self._shown()], "failures": []}

    def _shown(self) -> Fields:
        shown = copy.deepcopy(SERVICE)
        deployments = self.deployments
        if self.hidden > 0 and len(deployments) > 1:
            self.hidden -= 1
            deployments = [{**each, "status": "PRIMARY"} for each in deployments[1:]]
        new = {"serviceName": "rsvp", "status": self.status, "desiredCount": self.desired, "deployments": deployments}
        new["deploymentController"] = {"type": self.controller}
        return {**shown, **new, "taskDefinition": deployments[0]["taskDefinition"]}

    def _DescribeTaskDefinition(self, given: Fields) -> Fields:  # noqa: N802
        arn = given["taskDefinition"]
        tags = [{"key": key, "value": value} for key, value in self.tags[arn].items()]
        found: Fields = {"taskDefinition": self.revisions[arn]}
        return {**found, "tags": tags} if "TAGS" in given.get("include", ()) else found

    def _ListTaskDefinitions(self, given: Fields) -> Fields:  # noqa: N802
        assert (given["familyPrefix"], given["sort"], given["status"]) == ("rsvp", "DESC", "ACTIVE")
        return {"taskDefinitionArns": list(reversed(self.revisions))[: given["maxResults"]]}

    def _RegisterTaskDefinition(self, given: Fields) -> Fields:  # noqa: N802
        own = {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt"}
        assert not own & given.keys(), "ECS sets these itself"
        arn = self._registered(given)
        return {"taskDefinition": self.revisions[arn], "tags": given.get("tags", [])}

    def _registered(self, given: Fields) -> str:
        number = len(self.revisions) + 1
        arn = f"{PREFIX}:task-definition/{given['family']}:{number}"
        for tag in given.get("tags", ()):
            assert re.fullmatch(r"[\w .:/=+@-]{1,128}", tag["key"]), "no key of a tag"
        self.tags[arn] = {tag["key"]: tag["value"] for tag in given.get("tags", ())}
        kept = {key: value for key, value in given.items() if key != "tags"}
        own: Fields = {"taskDefinitionArn": arn, "revision": number, "status": "ACTIVE", "compatibilities": ["EC2"]}
        self.revisions[arn] = {**copy.deepcopy(kept), **own, "registeredAt": 1730376212.5}
        return arn

    def _TagResource(self, given: Fields) -> Fields:  # noqa: N802
        self.tags[given["resourceArn"]] |= {tag["key"]: tag["value"] for tag in given["tags"]}
        return {}

    def _UpdateService(self, given: Fields) -> Fields:  # noqa: N802
        assert given.keys() == {"cluster", "service", "taskDefinition"}, "nothing else is changed"
        if self.status != "ACTIVE":
            return {"__type": "ServiceNotActiveException", "message": "Service was not ACTIVE."}
        self.roll_out(given["taskDefinition"])
        return {"service": self._shown()}

    def _ListServiceDeployments(self, given: Fields) -> Fields:  # noqa: N802
        found = []
        for number, each in reversed(list(enumerate(reversed(self.history)))):
            if each["status"] in given.get("status", [each["status"]]):
                arns = {
                    "serviceDeploymentArn": f"{PREFIX}:service-deployment/production/rsvp/{number}",
                    "targetServiceRevisionArn": f"{PREFIX}:service-revision/production/rsvp/{number}",
                }
                found.append({**arns, "status": each["status"], "createdAt": 1730376210.9})
        return {"serviceDeployments": found}

    def _DescribeServiceRevisions(self, given: Fields) -> Fields:  # noqa: N802
        found = []
        for arn in given["serviceRevisionArns"]:
            made = list(reversed(self.history))[int(arn.rpartition("/")[2])]
            found.append({"serviceRevisionArn": arn, "taskDefinition": made["taskDefinition"]})
        return {"serviceRevisions": found, "failures": []}

    def _StopServiceDeployment(self, given: Fields) -> Fields:  # noqa: N802
        assert given["stopType"] == "ROLLBACK", "ECS knows no other"
        number = int(given["serviceDeploymentArn"].rpartition("/")[2])
        assert number == len(self.history) - 1, "it is the newest that goes on"
        self.break_circuit()
        return {"serviceDeploymentArn": given["serviceDeploymentArn"]}


def refused(code: str, message: str = "no", status: int = 400, **headers: str) -> Answer:
    """Answer with an error as ECS words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps({"__type": code, "message": message}).encode(), status, {**JSON, **named})


def refusing(code: str, status: int = 400, **headers: str) -> Fault:
    """Refuse, and do nothing."""
    return lambda _work: refused(code, "no", status, **headers)


@contextmanager
def running() -> Iterator[StrictEcs]:
    """Run one."""
    ecs = StrictEcs()
    with serving(ecs.handle) as ecs.url:
        yield ecs

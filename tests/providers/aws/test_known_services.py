"""Container services of a round ago are asked beside the lists of this one; the lists decide what is there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.providers.aws.base import api, apis, by_name, rounds
from tests.providers.aws.strict_server import Answer, Fault, Request, StrictAws, changed, error, held, running, well
from tests.providers.aws.strict_world import World, cluster_arn, service
from wedtui.core.resource import Reach

REGION, OTHER = "eu-west-1", "us-east-1"
CLUSTER, NEXT = cluster_arn("weddings"), cluster_arn("parties")


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(World()) as server:
        has(server, {CLUSTER: ("rsvp", "gallery")})
        yield server


def has(server: StrictAws, clusters: dict[str, tuple[str, ...]], region: str = REGION) -> None:
    """Let a region have clusters with these services, and no others."""
    server.world.lists[region, "ListClusters"] = list(clusters)
    for arn in [*server.world.services]:
        if f":{region}:" in arn:
            del server.world.services[arn]
    short = {arn: arn.rpartition("/")[2] for arn in clusters}
    server.world.services |= {arn: [service(short[arn], name) for name in clusters[arn]] for arn in clusters}


def after(change: Callable[[], None]) -> Fault:
    """Return a fault that answers well, and changes something then."""

    def answered(_request: Request, answer: Answer) -> Answer:
        change()
        return answer

    return answered


def lose(document: bytes) -> bytes:
    """Leave the last service out."""
    return json.dumps({"services": json.loads(document)["services"][:-1]}).encode()


@pytest.mark.parametrize("listing", ["ListClusters", "ListServices"])
def test_they_are_asked_beside_the_lists(server: StrictAws, listing: str) -> None:
    asked = threading.Event()
    server.fail(listing, None, held(well, asked))  # no list, unless they were asked for
    server.fail("DescribeServices", None, after(asked.set))
    first, second = rounds(server, "ecs", 2)
    assert api(second) == api(first)
    assert (api(second).reach, sorted(by_name(api(second)))) == (Reach.ANSWERED, ["gallery", "rsvp"])
    assert server.counted()["DescribeServices"] == 2


# What there is in the next round, and how often its lists and its services are asked then, what is gone with them.
CHANGES: dict[str, tuple[dict[str, tuple[str, ...]], tuple[int, int]]] = {
    "nothing": ({CLUSTER: ("rsvp", "gallery")}, (1, 1)),
    "a service is new": ({CLUSTER: ("rsvp", "gallery", "seating")}, (1, 2)),
    "a service is gone": ({CLUSTER: ("rsvp",)}, (1, 1)),
    "one for another": ({CLUSTER: ("rsvp", "seating")}, (1, 2)),
    "all are others": ({CLUSTER: ("seating", "menu")}, (1, 2)),
    "all are gone": ({CLUSTER: ()}, (1, 1)),
    "a cluster is new": ({CLUSTER: ("rsvp", "gallery"), NEXT: ("band",)}, (2, 2)),
    "a cluster is gone": ({}, (1, 1)),
    "a cluster for another": ({NEXT: ("rsvp",)}, (2, 2)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_lists_of_a_round_decide_what_is_there(server: StrictAws, change: str) -> None:
    there, (lists, descriptions) = CHANGES[change]
    server.fail("DescribeServices", after(lambda: has(server, there)), None)
    _, second, third = (api(found) for found in rounds(server, "ecs", 3))
    for seen in (second, third):
        assert (seen.reach, seen.problem, seen.kinds) == (Reach.ANSWERED, None, frozenset({"ecs.service"}))
        assert sorted(r.name for r in seen.resources) == sorted(name for names in there.values() for name in names)
    assert second.requests == 1 + lists + descriptions
    assert third.requests == 1 + len(there) + sum(1 for names in there.values() if names), "only what is there"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (changed(lose), "DescribeServices in eu-west-1 left out gallery"),
        (error("AccessDeniedException"), "services of the cluster weddings: DescribeServices in eu-west-1 was denied"),
    ],
    ids=["left out", "denied"],
)
def test_after_a_round_that_lacked_something_lists_are_waited_for(
    server: StrictAws, fault: Fault, problem: str
) -> None:
    there = {CLUSTER: ("rsvp", "gallery"), NEXT: ("band",)}
    server.fail("ListClusters", after(lambda: has(server, there)), None, None, error("AccessDeniedException"))
    # In the first round the only cluster is asked for, in the second both, and one answer is not whole.
    of_one: Fault = lambda r, a: fault(r, a) if r.parameters["cluster"] == CLUSTER else a  # noqa: E731
    server.fail("DescribeServices", None, of_one)
    _, second, third, fourth = (api(found) for found in rounds(server, "ecs", 4))
    for seen in (second, third):
        assert (seen.reach, seen.kinds) == (Reach.PARTIAL, frozenset()), "what is not seen has not vanished"
        assert (seen.problem or "").startswith(problem)
    before = server.counted()["DescribeServices"]
    assert (fourth.reach, fourth.requests) == (Reach.DENIED, 1), "nothing is asked beside a list that is refused"
    assert before == 1 + 2 + 2


def test_what_is_asked_beside_a_list_that_fails_counts_for_nothing(server: StrictAws) -> None:
    server.fail("ListServices", None, error("AccessDeniedException"))
    _, second, third = (api(found) for found in rounds(server, "ecs", 3))
    assert (second.reach, second.resources, second.kinds) == (Reach.DENIED, (), frozenset())
    assert (second.requests, third.requests) == (3, 2), "and after it nothing is asked beside it"


def test_each_region_has_its_own(server: StrictAws) -> None:
    has(server, {cluster_arn("weddings", OTHER): ("rsvp", "menu")}, OTHER)
    seen = apis(rounds(server, "ecs", 2, regions=[REGION, OTHER])[1])
    assert {o.region: sorted(by_name(o)) for o in seen} == {REGION: ["gallery", "rsvp"], OTHER: ["menu", "rsvp"]}
    assert {o.requests for o in seen} == {3}


def test_one_that_was_deleted_is_gone_though_it_is_still_described(server: StrictAws) -> None:
    deleted = service("weddings", "gallery", status="INACTIVE", desiredCount=0, runningCount=0)
    described = json.dumps({"services": [service("weddings", "rsvp"), deleted], "failures": []}).encode()
    server.fail("DescribeServices", after(lambda: has(server, {CLUSTER: ("rsvp",)})), changed(lambda _: described))
    seen = api(rounds(server, "ecs", 2)[1])
    assert (seen.reach, list(by_name(seen)), seen.kinds) == (Reach.ANSWERED, ["rsvp"], frozenset({"ecs.service"}))


def test_that_what_is_gone_could_not_be_asked_does_not_matter(server: StrictAws) -> None:
    server.fail("DescribeServices", after(lambda: has(server, {CLUSTER: ()})), error("AccessDeniedException"))
    seen = api(rounds(server, "ecs", 2)[1])
    assert (seen.reach, seen.problem, seen.resources) == (Reach.ANSWERED, None, ())

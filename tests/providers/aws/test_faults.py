"""Everything that a service can answer wrongly, against the strict server.

moto refuses nothing, is never late and never cuts an answer; so none of this can be asked of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.providers.aws.base import Asked, MovedClock, api, apis, by_name, once, provider, rounds
from tests.providers.aws.strict_server import Fault, StrictAws, body, changed, cut, dripping, error, late, running
from tests.providers.aws.strict_world import World, cluster_arn, instance, service, status, with_instances
from wedtui.core.breaker import RULES
from wedtui.core.observation import ApiObservation
from wedtui.core.resource import Reach
from wedtui.core.state import State
from wedtui.providers.aws.calls import Calls, Found
from wedtui.providers.aws.guard import NotWholeError, check_body
from wedtui.providers.aws.services.groups import ScalingGroups

ACTIONS = {
    "ec2": "DescribeInstanceStatus",
    "rds": "DescribeDBInstances",
    "elb": "DescribeTargetGroups",
    "ecs": "ListClusters",
    "autoscaling": "DescribeAutoScalingGroups",
    "s3": "ListBuckets",
    "alarms": "DescribeAlarms",
    "acm": "ListCertificates",
    "health": "DescribeEvents",
    "sts": "GetCallerIdentity",
}
"""A call without which a service has nothing to say."""


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(with_instances(World(), "eu-west-1", 3)) as server:
        yield server


def break_all(server: StrictAws, service: str, *faults: Fault | None) -> None:
    """Break every call of a service that could stand in for the one that fails."""
    server.fail(ACTIONS[service], *faults)
    if service == "ec2":
        server.fail("DescribeInstances", *faults)
    if service == "rds":
        server.fail("DescribeDBClusters", *faults)


@pytest.mark.parametrize("service", ACTIONS)
def test_a_good_answer_with_nothing_in_it_is_an_answer(service: str) -> None:
    with running(World()) as server:
        seen = once(server, service)
    assert (seen.reach, seen.problem, seen.resources) == (Reach.ANSWERED, None, ())


GARBAGE = {
    "html": body(b"<html><body>Welcome to our hotel</body></html>"),
    "empty": body(b"", content_type="application/x-amz-json-1.1"),
    "another object": body(b'{"message": "hello"}', content_type="application/x-amz-json-1.1"),
    "json list": body(b"[]", content_type="application/x-amz-json-1.1"),
    "another answer": body(b"<HelloResponse><HelloResult></HelloResult></HelloResponse>", content_type="text/xml"),
    "half, with the length of half": changed(lambda whole: whole[: len(whole) // 2]),
}


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("service", ACTIONS)
def test_what_is_no_answer_is_never_an_empty_list(server: StrictAws, service: str, kind: str) -> None:
    break_all(server, service, GARBAGE[kind])
    seen = once(server, service)
    # Of a 200 of S3 that is not XML the SDK itself makes a failure of the server.
    assert seen.reach in {Reach.GARBLED, *([Reach.UNREACHABLE] if service == "s3" else [])}
    assert seen.problem
    assert not seen.kinds


@pytest.mark.parametrize("service", ["ec2", "ecs", "rds", "s3"])
def test_a_body_that_breaks_off_is_no_answer(server: StrictAws, service: str) -> None:
    break_all(server, service, cut)
    assert once(server, service).reach in {Reach.GARBLED, Reach.UNREACHABLE}


CODES = [
    ("ec2", "UnauthorizedOperation", 403, Reach.DENIED),
    ("rds", "AccessDenied", 403, Reach.DENIED),
    ("s3", "AccessDenied", 403, Reach.DENIED),
    ("ecs", "AccessDeniedException", 400, Reach.DENIED),
    ("ec2", "RequestExpired", 400, Reach.EXPIRED),
    ("rds", "ExpiredToken", 403, Reach.EXPIRED),
    ("s3", "ExpiredToken", 400, Reach.EXPIRED),
    ("alarms", "ExpiredTokenException", 400, Reach.EXPIRED),
    ("sts", "InvalidClientTokenId", 403, Reach.REJECTED),
    ("ec2", "SignatureDoesNotMatch", 403, Reach.REJECTED),
    ("ec2", "RequestLimitExceeded", 503, Reach.THROTTLED),
    ("autoscaling", "Throttling", 400, Reach.THROTTLED),
    ("acm", "ThrottlingException", 400, Reach.THROTTLED),
    ("s3", "SlowDown", 503, Reach.THROTTLED),
    ("health", "SubscriptionRequiredException", 400, Reach.NOT_ON_PLAN),
    ("elb", "InternalFailure", 500, Reach.UNREACHABLE),
    ("ec2", "OptInRequired", 403, Reach.SWITCHED_OFF),
    ("ecs", "SomethingNew", 400, Reach.GARBLED),
]


@pytest.mark.parametrize(("service", "code", "http", "reach"), CODES)
def test_the_code_says_what_happened(server: StrictAws, service: str, code: str, http: int, reach: Reach) -> None:
    break_all(server, service, error(code, http))
    seen = once(server, service)
    assert seen.reach is reach
    assert seen.problem
    assert code in seen.problem


@pytest.mark.parametrize("service", ["ecs", "acm", "alarms"])
def test_a_refusal_that_is_not_in_the_words_of_the_protocol_is_one(server: StrictAws, service: str) -> None:
    break_all(server, service, body(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", 403, "text/xml"))
    seen = once(server, service)
    assert seen.reach is Reach.REJECTED
    assert f"{ACTIONS[service]} in eu-west-1 was refused, without a reason (403): check the" in (seen.problem or "")


def test_what_was_denied_is_named_with_the_permission_for_it(server: StrictAws) -> None:
    server.fail("ListBuckets", error("AccessDenied", 403))
    said = "ListBuckets in us-east-1 was denied (AccessDenied): allow s3:ListAllMyBuckets for these credentials"
    assert once(server, "s3").problem == said


def test_throttling_is_answered_by_patience(server: StrictAws) -> None:
    server.fail("DescribeInstanceStatus", error("RequestLimitExceeded", 503), None)
    seen = once(server, "ec2")
    assert (seen.reach, len(seen.resources)) == (Reach.ANSWERED, 3)
    assert server.counted()["DescribeInstanceStatus"] == 2
    assert seen.requests == 3  # the list of names is the third


def test_no_call_is_tried_more_than_three_times(server: StrictAws) -> None:
    server.fail("ListBuckets", error("SlowDown", 503))
    assert once(server, "s3").requests == 3


def test_a_longer_wait_than_there_is_time_for_is_not_waited(server: StrictAws) -> None:
    server.fail("ListBuckets", error("SlowDown", 503, Retry_After="3600"))
    seen = once(server, "s3")
    assert (seen.reach, seen.requests) == (Reach.THROTTLED, 1)


def test_a_call_has_a_deadline_as_a_whole(server: StrictAws) -> None:
    break_all(server, "rds", dripping(0.2))
    seen = once(server, "rds", timeout="400ms")
    assert seen.reach is Reach.UNREACHABLE
    assert seen.problem == "DescribeDBInstances in eu-west-1 was not answered in 0.4 s"


def test_a_call_that_hangs(server: StrictAws) -> None:
    break_all(server, "rds", late(30))
    seen = once(server, "rds", stuck=lambda: {"DescribeDBInstances", "DescribeDBClusters"} <= set(server.counted()))
    assert seen.reach is Reach.UNREACHABLE
    assert seen.requests == 2, "databases and clusters, none of them again"


def test_a_body_is_held_against_its_length() -> None:
    class Operation:
        class service_model:  # noqa: N801 (the SDK's name)
            resolved_protocol = "json"

    answer = {"status_code": 200, "headers": {"content-length": "2"}, "body": b"{}"}
    check_body(answer, Operation)
    with pytest.raises(NotWholeError, match="2 of 40 bytes came"):
        check_body({**answer, "headers": {"content-length": "40"}}, Operation)
    check_body({**answer, "headers": {"content-length": "40", "content-encoding": "gzip"}}, Operation)
    check_body({**answer, "status_code": 503, "body": b""}, Operation)


def test_nobody_listens(server: StrictAws) -> None:
    seen = once("http://127.0.0.1:1", "ec2")
    assert seen.reach is Reach.UNREACHABLE
    assert "connected" in (seen.problem or "")


def with_token(document: bytes, token: str) -> bytes:
    return document.replace(b"</reservationSet>", f"</reservationSet><nextToken>{token}</nextToken>".encode()).replace(
        b"</instanceStatusSet>", f"</instanceStatusSet><nextToken>{token}</nextToken>".encode()
    )


@pytest.mark.parametrize("tokens", [["t-0"], ["t-0", "t-1"], ["t-0", "t-1", "t-2"]])
def test_pages_that_go_round_are_no_list(server: StrictAws, tokens: list[str]) -> None:
    turns: list[Fault] = [changed(lambda d, t=token: with_token(d, t)) for token in tokens * 2]  # type: ignore[misc]
    break_all(server, "ec2", *turns)
    seen = once(server, "ec2")
    assert seen.reach is Reach.GARBLED
    assert "circle" in (seen.problem or "")
    assert server.counted()["DescribeInstanceStatus"] == len(tokens) + 1


def test_a_list_without_an_end_is_given_up(server: StrictAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wedtui.providers.aws.guard.PAGES_AT_MOST", 5)
    break_all(server, "ec2", *[changed(lambda d, n=n: with_token(d, f"t-{n}")) for n in range(9)])  # type: ignore[misc]
    seen = once(server, "ec2")
    assert seen.reach is Reach.GARBLED
    assert "more than 5 pages" in (seen.problem or "")


def test_an_empty_page_with_a_token_is_not_the_end(server: StrictAws) -> None:
    inside = b"<instanceStatusSet/><nextToken>t-0</nextToken>"
    empty = body(
        b"<DescribeInstanceStatusResponse>" + inside + b"</DescribeInstanceStatusResponse>", content_type="text/xml"
    )
    server.fail("DescribeInstanceStatus", empty, None)
    assert len(once(server, "ec2").resources) == 3


def test_a_page_that_fails_is_not_left_out(server: StrictAws) -> None:
    world = with_instances(server.world, "eu-west-1", 40)
    world.page = 10
    server.fail("DescribeInstanceStatus", None, None, error("UnauthorizedOperation", 403))
    server.fail("DescribeInstances", error("UnauthorizedOperation", 403))
    seen = once(server, "ec2")
    assert (seen.reach, seen.resources, seen.kinds) == (Reach.DENIED, (), frozenset())


def test_ten_thousand_machines() -> None:
    with running(with_instances(World(), "eu-west-1", 10_000)) as server:
        seen = once(server, "ec2", timeout="20s")
    assert (seen.reach, len(seen.resources), seen.requests) == (Reach.ANSWERED, 10_000, 20)
    assert len({resource.id for resource in seen.resources}) == 10_000
    assert seen.resources[9_999].name == "web-9999"


def test_names_are_asked_less_often_than_statuses(server: StrictAws) -> None:
    steps = [timedelta(minutes=1), timedelta(minutes=1), timedelta(minutes=9)]
    found = rounds(server, "ec2", 4, steps=steps)
    assert server.counted() == {"DescribeRegions": 1, "DescribeInstanceStatus": 4, "DescribeInstances": 2}
    assert all(by_name(api(each)).keys() == {"web-0", "web-1", "web-2"} for each in found)


def test_a_machine_is_seen_to_fall_ill_to_stop_and_to_recover(server: StrictAws) -> None:
    ill = changed(lambda whole: whole.replace(b"<status>ok<", b"<status>impaired<", 1))
    stopped = changed(lambda whole: whole.replace(b"<name>running<", b"<name>stopped<", 1))
    server.fail("DescribeInstanceStatus", None, ill, stopped, None)
    found = [by_name(api(each)) for each in rounds(server, "ec2", 4)]
    told = [(each["web-0"].state, each["web-0"].status, each["web-0"].detail) for each in found]
    well = (State.OK, "running", None)
    impaired = (State.CRITICAL, "running", "system status check impaired")
    assert told == [well, impaired, (State.OK, "stopped", "stopped"), well]
    # Who nothing happened to is not made anew.
    assert len({id(each["web-1"]) for each in found}) == 1


def test_statuses_without_names_are_better_than_nothing(server: StrictAws) -> None:
    server.fail("DescribeInstances", error("UnauthorizedOperation", 403))
    seen = once(server, "ec2")
    assert seen.reach is Reach.PARTIAL
    assert "names and tags are missing" in (seen.problem or "")
    assert {r.state for r in seen.resources} == {State.OK}


def test_names_without_statuses_leave_the_state_open(server: StrictAws) -> None:
    server.fail("DescribeInstanceStatus", error("UnauthorizedOperation", 403))
    seen = once(server, "ec2")
    assert seen.reach is Reach.PARTIAL
    assert {(r.state, r.detail) for r in seen.resources} == {(State.UNKNOWN, "its status checks are not known")}


def test_stopped_and_unhealthy_machines(server: StrictAws) -> None:
    numbers = [
        (0, "running", "ok"),
        (1, "running", "impaired"),
        (2, "stopped", "not-applicable"),
        (3, "terminated", "ok"),
    ]
    server.world.lists["eu-west-1", "DescribeInstances"] = [instance(n, status=s) for n, s, _ in numbers]
    server.world.lists["eu-west-1", "DescribeInstanceStatus"] = [status(n, s, c) for n, s, c in numbers]
    seen = by_name(once(server, "ec2"))
    states = {name: (r.state, r.detail) for name, r in seen.items()}
    assert states == {
        "web-0": (State.OK, None),
        "web-1": (State.CRITICAL, "system status check impaired"),
        "web-2": (State.OK, "stopped"),
    }


def test_target_groups_whose_targets_nobody_may_see_are_listed(server: StrictAws) -> None:
    groups = [{"TargetGroupArn": f"arn:{n}", "TargetGroupName": f"g{n}"} for n in range(2)]
    server.world.lists["eu-west-1", "DescribeTargetGroups"] = groups
    server.fail("DescribeTargetHealth", error("AccessDenied", 403))
    seen = once(server, "elb")
    assert (seen.reach, set(seen.kinds)) == (Reach.PARTIAL, {"elb.target-group"})
    assert {name: r.state for name, r in by_name(seen).items()} == {"g0": State.UNKNOWN, "g1": State.UNKNOWN}
    server.fail("DescribeTargetHealth", error("ExpiredToken", 403))
    assert once(server, "elb").reach is Reach.EXPIRED


def test_a_200_that_leaves_something_out_says_so(server: StrictAws) -> None:
    arn = cluster_arn("weddings")
    server.world.lists["eu-west-1", "ListClusters"] = [arn]
    server.world.services[arn] = [service("weddings", f"s{n}") for n in range(12)]

    def lose(document: bytes) -> bytes:
        answer = json.loads(document)
        lost = answer["services"].pop()
        answer["failures"] = [{"arn": lost["serviceArn"], "reason": "MISSING"}]
        return json.dumps(answer).encode()

    server.fail("DescribeServices", changed(lose), None)
    seen = once(server, "ecs")
    assert seen.reach is Reach.PARTIAL
    assert "left out" in (seen.problem or "")
    assert "(MISSING)" in (seen.problem or "")
    assert len(seen.resources) == 11
    assert seen.kinds == frozenset(), "what was left out has not vanished"


def test_a_service_that_is_neither_found_nor_lost_is_missing_too(server: StrictAws) -> None:
    arn = cluster_arn("weddings")
    server.world.lists["eu-west-1", "ListClusters"] = [arn]
    server.world.services[arn] = [service("weddings", "rsvp"), service("weddings", "gallery")]
    server.fail("DescribeServices", changed(lambda d: json.dumps({"services": json.loads(d)["services"][:1]}).encode()))
    seen = once(server, "ecs")
    assert (seen.reach, seen.problem) == (Reach.PARTIAL, "DescribeServices in eu-west-1 left out gallery")


def test_services_are_described_ten_at_a_time(server: StrictAws) -> None:
    arn = cluster_arn("weddings")
    server.world.lists["eu-west-1", "ListClusters"] = [arn]
    server.world.services[arn] = [service("weddings", f"s{n}") for n in range(205)]
    server.world.services[arn][7] |= {"runningCount": 0}
    seen = once(server, "ecs")
    assert (seen.reach, len(seen.resources)) == (Reach.ANSWERED, 205)
    assert server.counted() == {"DescribeRegions": 1, "ListClusters": 1, "ListServices": 3, "DescribeServices": 21}
    assert by_name(seen)["s7"].state is State.CRITICAL


def test_a_key_that_nobody_knows_is_refused_everywhere(server: StrictAws) -> None:
    server.world.keys = frozenset({"ANOTHER"})
    assert once(server, "ec2").reach is Reach.REJECTED
    assert once(server, "sts").reach is Reach.REJECTED


OFF = {"eu-west-1": "opt-in-not-required", "us-east-1": "opt-in-not-required", "me-south-1": "not-opted-in"}


def test_a_region_that_is_switched_off_is_not_asked() -> None:
    with running(World(regions=dict(OFF))) as server:
        (found,) = rounds(server, "ec2", regions=["eu-west-1", "me-south-1"])
        assert not [r for r in server.asked if r.region == "me-south-1"]
    reaches = {o.region: o.reach for o in apis(found)}
    assert reaches == {"eu-west-1": Reach.ANSWERED, "me-south-1": Reach.SWITCHED_OFF}


@pytest.mark.parametrize("service", ["ec2", "ecs", "rds"])
def test_without_the_list_of_regions_a_good_identity_tells_one_that_is_switched_off(service: str) -> None:
    with running(World(regions=dict(OFF))) as server:
        server.fail("DescribeRegions", error("UnauthorizedOperation", 403))
        found = rounds(server, service, 5, regions=["me-south-1"])
    assert {api(each).reach for each in found} == {Reach.SWITCHED_OFF}, "and no breaker opens"


def test_a_region_that_cannot_be_off_refuses_the_credentials(server: StrictAws) -> None:
    break_all(server, "ec2", error("AuthFailure", 401))
    assert once(server, "ec2").reach is Reach.REJECTED


def test_every_region_that_is_switched_on_is_asked_where_none_is_named() -> None:
    with running(World(regions=dict(OFF))) as server:
        (found,) = rounds(server, "autoscaling", regions=[])
    assert [o.region for o in apis(found)] == ["eu-west-1", "us-east-1"]


def test_a_region_that_is_switched_off_later_is_said_to_be() -> None:
    with running(World(regions=dict(OFF) | {"me-south-1": "opted-in"})) as server:

        async def ask() -> list[dict[str, Reach]]:
            clock = MovedClock()
            asked = Asked(provider(server.url, regions=[]), clock)
            found = [await asked["autoscaling"].observe()]
            server.world.regions["me-south-1"] = "not-opted-in"
            for _ in range(2):
                clock.move(timedelta(hours=2))
                found.append(await asked["autoscaling"].observe())
            await asked.account.close()
            return [{o.region: o.reach for o in apis(each)} for each in found]

        before, *after = asyncio.run(ask())
    on = {"eu-west-1": Reach.ANSWERED, "us-east-1": Reach.ANSWERED}
    assert before == {**on, "me-south-1": Reach.ANSWERED}
    assert after == [{**on, "me-south-1": Reach.SWITCHED_OFF}] * 2


def test_without_any_list_of_regions_nothing_is_made_up(server: StrictAws) -> None:
    server.fail("DescribeRegions", error("UnauthorizedOperation", 403))
    seen = once(server, "ec2", regions=[])
    assert (seen.region, seen.reach, seen.kinds) == ("global", Reach.DENIED, frozenset())


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestExpired"])
def test_a_list_of_regions_that_cannot_be_renewed_says_so(server: StrictAws, code: str) -> None:
    server.fail("DescribeRegions", None, error(code, 403))
    good, *bad = (api(each) for each in rounds(server, "regions", 3, steps=[timedelta(minutes=10)] * 2))
    assert (good.reach, good.requests) == (Reach.ANSWERED, 1)
    reach = Reach.DENIED if code == "UnauthorizedOperation" else Reach.EXPIRED
    assert [(each.reach, each.requests) for each in bad] == [(reach, 1)] * 2, "asked anew, and said what came of it"
    assert all(code in (each.problem or "") for each in bad)


def test_what_two_ask_at_the_same_time_is_asked_once(server: StrictAws) -> None:
    async def ask() -> list[ApiObservation]:
        asked = Asked(provider(server.url), MovedClock())
        found = await asyncio.gather(*(asked[name].observe() for name in ("ec2", "rds", "regions")))
        await asked.account.close()
        return [api(each) for each in found]

    found = asyncio.run(ask())
    assert [each.reach for each in found] == [Reach.ANSWERED] * 3
    assert server.counted()["DescribeRegions"] == 1
    assert found[2].requests == 1, "of the list of regions, whoever asked for it"
    assert sum(each.requests for each in found) == sum(server.counted().values()), "each request once"


def test_regions_that_cannot_be_listed_are_used_as_they_were(server: StrictAws) -> None:
    server.fail("DescribeRegions", None, error("UnauthorizedOperation", 403))
    found = rounds(server, "autoscaling", 3, steps=[timedelta(hours=2)] * 2, regions=[])
    assert [(api(each).region, api(each).reach) for each in found] == [("eu-west-1", Reach.ANSWERED)] * 3


def test_a_service_that_is_down_is_left_alone_for_a_while(server: StrictAws) -> None:
    server.fail("DescribeAutoScalingGroups", body(b"", 503))
    minute = timedelta(minutes=1)
    steps = [*[timedelta(seconds=1)] * RULES.failures, minute, timedelta(seconds=1), minute]
    found = [api(each) for each in rounds(server, "autoscaling", len(steps) + 1, steps=steps)]
    expected = [Reach.UNREACHABLE] * 3 + [Reach.HELD, Reach.UNREACHABLE, Reach.HELD, Reach.UNREACHABLE]
    assert [each.reach for each in found] == expected
    assert found[3].requests == 0
    held = "not asked before 12:01:02 UTC: it failed 3 times in a row, last when asked at 12:00:32 UTC: "
    assert found[3].problem == f"{held}{found[2].problem}"


def test_a_denied_service_is_asked_on(server: StrictAws) -> None:
    server.fail("DescribeAutoScalingGroups", error("AccessDenied", 403))
    found = rounds(server, "autoscaling", 6)
    assert {api(each).reach for each in found} == {Reach.DENIED}


def test_one_region_that_hangs_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read, whole = ScalingGroups.read, []

    async def noted(self: ScalingGroups, calls: Calls) -> Found:
        found = await read(self, calls)
        whole.append(calls.region)
        return found

    monkeypatch.setattr(ScalingGroups, "read", noted)
    world = World(regions={"eu-west-1": "opt-in-not-required", "us-east-1": "opt-in-not-required"})
    with running(world) as server:

        def only_there(request: Any, answer: Any) -> Any:
            return late(30)(request, answer) if request.region == "us-east-1" else answer

        server.fail("DescribeAutoScalingGroups", only_there)

        def stuck() -> bool:
            return bool(whole) and server.counted()["DescribeAutoScalingGroups"] == 2

        (found,) = rounds(server, "autoscaling", regions=["eu-west-1", "us-east-1"], stuck=stuck)
    reaches = {o.region: o.reach for o in apis(found)}
    assert reaches == {"eu-west-1": Reach.ANSWERED, "us-east-1": Reach.UNREACHABLE}


def test_a_mistake_of_ours_in_one_region_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a region answers that nobody thought of: it is said, it is counted, and the others are read."""
    read = ScalingGroups.read

    async def stumbling(self: ScalingGroups, calls: Calls) -> Found:
        if calls.region == "us-east-1":
            raise ValueError("a secret")
        return await read(self, calls)

    monkeypatch.setattr(ScalingGroups, "read", stumbling)
    world = World(regions={"eu-west-1": "opt-in-not-required", "us-east-1": "opt-in-not-required"})
    with running(world) as server:
        found = rounds(server, "autoscaling", RULES.failures + 1, regions=["eu-west-1", "us-east-1"])
    reaches = [{o.region: o.reach for o in apis(each)} for each in found]
    first = {"eu-west-1": Reach.ANSWERED, "us-east-1": Reach.GARBLED}
    assert reaches == [first] * RULES.failures + [{"eu-west-1": Reach.ANSWERED, "us-east-1": Reach.HELD}]
    said = next(o.problem for o in apis(found[0]) if o.region == "us-east-1")
    assert said == "autoscaling in us-east-1 failed inside wedtui (ValueError): see the service's log"


def test_no_secret_is_in_what_is_said(server: StrictAws) -> None:
    for code in ("SignatureDoesNotMatch", "ExpiredToken", "AccessDenied", "Nonsense not-a-secret\x1b[31m"):
        server.fail("ListBuckets", error(code.replace(" ", "&#32;").replace("\x1b", ""), 403))
        said = once(server, "s3").problem or ""
        assert "not-a-secret" not in said.replace("Nonsensenot-a-secret31m", "")
        assert said.isprintable()

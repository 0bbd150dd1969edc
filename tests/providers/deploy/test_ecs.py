"""Services of Amazon ECS: a revision of its own for each start, rolled out once, watched, taken back."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import pytest

from tests.providers.deploy import strict_ecs as strict
from tests.providers.deploy.strict_ecs import IMAGE, PREFIX, StrictEcs, refusing
from tests.providers.faults import refusing_port
from tests.providers.traffic.strict_route53 import (
    Fault,
    done_and_closed,
    done_and_cut,
    done_and_failed,
    done_and_silent,
    silence,
)
from wedtui.clock import SystemClock
from wedtui.errors import ConflictError, NotNowError, OutcomeUnknownError, ProviderUnavailableError
from wedtui.providers.deploy import aws
from wedtui.providers.deploy import ecs as adapter
from wedtui.providers.deploy.aws import AwsPlace
from wedtui.providers.deploy.base import Found, Placing, Progress, Seen, Trace, Try
from wedtui.providers.deploy.ecs import EcsDeployer, EcsService

P = Progress
WHAT = Placing(7, "rsvp", "production", "1.4.2", "1.4.1", mark="a3f0")
BACK = WHAT._replace(version="1.4.1", previous="1.4.2", tries=Try.ROLLBACK)
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
WITHIN_S = 20.0
T = TypeVar("T")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once, and give up soon where nobody answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(aws, "backoff_s", lambda *_: 0.0)
    monkeypatch.setattr(aws, "READ_WITHIN", timedelta(seconds=2))
    monkeypatch.setattr(aws, "REQUEST_WITHIN", timedelta(seconds=1))
    monkeypatch.setattr(adapter, "LOOKS_EVERY", timedelta())
    monkeypatch.setattr(adapter, "SHOWS_WITHIN", timedelta())


@pytest.fixture
def ecs() -> Iterator[StrictEcs]:
    with strict.running() as running:
        yield running


def using(ecs: StrictEcs, work: Callable[[EcsDeployer], Awaitable[T]], *, url: str | None = None, **other: str) -> T:
    """Work with a deployer of its own, as a service that was just started has it."""

    async def worked() -> T:
        given = {
            "cluster": "{environment}",
            "service": "{service}",
            "container": "app",
            "image": f"{IMAGE}:{{version}}",
        }
        place = AwsPlace("eu-west-1", endpoint_url=url or ecs.url)
        deployer = EcsDeployer(EcsService(**{**given, **other}), place, SystemClock())
        try:
            async with asyncio.timeout(WITHIN_S):
                return await work(deployer)
        finally:
            await deployer.close()

    return asyncio.run(worked())


def test_a_version_is_put_in_place_by_a_revision_of_its_own(ecs: StrictEcs) -> None:
    async def all_of_it(deployer: EcsDeployer) -> list[Seen]:
        assert await deployer.prepare(WHAT) == "1.4.1"
        assert await deployer.start(WHAT) == "the rollout of rsvp:2 was begun"
        seen = [await deployer.observe(WHAT)]
        ecs.primary["runningCount"] = 1
        seen.append(await deployer.observe(WHAT))
        ecs.complete()
        return [*seen, await deployer.observe(WHAT)]

    assert using(ecs, all_of_it) == [
        Seen(P.GOING, "0 of 2 tasks run rsvp:2"),
        Seen(P.GOING, "1 of 2 tasks run rsvp:2"),
        Seen(P.DONE, "2 of 2 tasks run rsvp:2"),
    ]
    old, new = ecs.revisions.values()
    assert [each["image"] for each in new["containerDefinitions"]] == [f"{IMAGE}:1.4.2", "envoy:1"]
    assert new["containerDefinitions"][0]["environment"] == old["containerDefinitions"][0]["environment"]
    assert {key: new[key] for key in ("family", "networkMode", "cpu")} == {
        key: old[key] for key in ("family", "networkMode", "cpu")
    }
    assert ecs.tags[new["taskDefinitionArn"]] == {"wedtui/7-a3f0-release": "1.4.2"}
    with pytest.raises(ConflictError, match=r"1\.4\.2 of rsvp in production is in place already"):
        using(ecs, lambda deployer: deployer.prepare(WHAT))
    using(ecs, lambda deployer: deployer.start(BACK))
    assert ecs.runs == f"{IMAGE}:1.4.1"


@pytest.mark.parametrize(
    ("image", "template", "there"),
    [
        (f"{IMAGE}@sha256:0a1b", f"{IMAGE}@{{version}}", "sha256:0a1b"),
        (f"{IMAGE}:1.4.0", f"{IMAGE}:{{version}}", "1.4.0"),
        (f"{IMAGE}:v1.4.0", f"{IMAGE}:v{{version}}", "1.4.0"),
        ("docker.io/rsvp:1.4.0", "docker.io/{service}:{version}", "1.4.0"),
        ("docker.io/other:1.4.0", "docker.io/{service}:{version}", ""),
    ],
)
def test_which_version_is_in_place_is_what_the_image_says(
    ecs: StrictEcs, image: str, template: str, there: str
) -> None:
    ecs.roll_out(ecs.revision(image))
    ecs.complete()
    assert using(ecs, lambda deployer: deployer.prepare(WHAT), image=template) == there


def test_what_never_became_steady_is_nothing_to_go_back_to(ecs: StrictEcs) -> None:
    ecs.roll_out(ecs.revision(f"{IMAGE}:1.4.0"))
    ecs.break_circuit(back=False)
    assert using(ecs, lambda deployer: deployer.prepare(WHAT)) == ""


def test_what_cannot_be_rolled_out_is_refused(ecs: StrictEcs) -> None:
    def said(**other: str) -> str:
        with pytest.raises(ConflictError) as raised:
            using(ecs, lambda deployer: deployer.prepare(WHAT), **other)
        return str(raised.value)

    assert said(service="gallery") == "there is no service gallery of the cluster production (MISSING)"
    assert "DescribeServices in eu-west-1 was refused (ClusterNotFoundException)" in said(cluster="staging")
    assert said(container="web") == 'rsvp:1 has no container "web"'
    ecs.roll_out(ecs.revision(f"{IMAGE}:1.4.0"))
    assert said() == "another rollout of service rsvp of the cluster production goes on, of rsvp:2"
    ecs.complete()
    ecs.controller = "CODE_DEPLOY"
    assert said().endswith("is not rolled out by ECS itself, but by CODE_DEPLOY")
    ecs.controller, ecs.desired = "ECS", 0
    assert said().endswith("would run: its desired count is 0")
    ecs.status = "DRAINING"
    assert said().endswith("is DRAINING")
    ecs.status, ecs.desired = "ACTIVE", 2
    del ecs.primary["rolloutState"]
    assert "does not say how far" in said()


def test_what_somebody_else_put_there_in_between_is_left_alone(ecs: StrictEcs) -> None:
    ecs.roll_out(ecs.revision(f"{IMAGE}:1.5"))
    for what in (WHAT, BACK):
        with pytest.raises(ConflictError, match=r"somebody else put 1\.5 in place"):
            using(ecs, lambda deployer, what=what: deployer.start(what))  # type: ignore[misc]
    assert ecs.runs == f"{IMAGE}:1.5"
    assert "UpdateService" not in ecs.asked


LOST = [done_and_closed, done_and_failed, done_and_silent, done_and_cut]


@pytest.mark.parametrize("fault", LOST)
def test_a_rollout_whose_answer_is_lost_is_found_and_not_begun_again(ecs: StrictEcs, fault: Fault) -> None:
    ecs.fail("UpdateService", fault)
    with pytest.raises(OutcomeUnknownError, match="may or may not have begun"):
        using(ecs, lambda deployer: deployer.start(WHAT))
    found = using(ecs, lambda deployer: deployer.find(WHAT))
    assert found == Found(Trace.MADE, "the rollout of rsvp:2 was begun")
    assert using(ecs, lambda deployer: deployer.observe(WHAT)) == Seen(P.GOING, "0 of 2 tasks run rsvp:2")
    assert ecs.asked.count("UpdateService") == 1


@pytest.mark.parametrize("fault", LOST)
def test_a_revision_whose_answer_is_lost_is_no_start_and_used_by_the_next(ecs: StrictEcs, fault: Fault) -> None:
    ecs.fail("RegisterTaskDefinition", fault)
    with pytest.raises(NotNowError):
        using(ecs, lambda deployer: deployer.start(WHAT))
    found = using(ecs, lambda deployer: deployer.find(WHAT))
    assert found == Found(Trace.NOT_MADE, "rsvp:2 was registered, and no rollout of it was begun")
    assert using(ecs, lambda deployer: deployer.start(WHAT)) == "the rollout of rsvp:2 was begun"
    assert len(ecs.revisions) == 2


def test_what_was_never_begun_is_known_to_be_not(ecs: StrictEcs) -> None:
    found = using(ecs, lambda deployer: deployer.find(WHAT))
    assert found == Found(Trace.NOT_MADE, "no revision was registered for it: nothing was begun")
    assert using(ecs, lambda deployer: deployer.observe(WHAT)).progress is P.UNKNOWN
    using(ecs, lambda deployer: deployer.start(WHAT))
    assert using(ecs, lambda deployer: deployer.find(BACK)).trace is Trace.NOT_MADE


def test_a_rollout_that_was_taken_back_before_anybody_looked_was_made(ecs: StrictEcs) -> None:
    using(ecs, lambda deployer: deployer.start(WHAT))
    ecs.break_circuit()
    ecs.complete()
    found = using(ecs, lambda deployer: deployer.find(WHAT))
    assert found == Found(Trace.MADE, "the rollout of rsvp:2 was begun, and is over")
    seen = using(ecs, lambda deployer: deployer.observe(WHAT))
    assert seen == Seen(P.FAILED, "rsvp:2 was taken back or replaced: the service runs rsvp:1")
    ecs.fail("ListServiceDeployments", refusing("UnsupportedFeatureException"))
    assert using(ecs, lambda deployer: deployer.find(WHAT)).trace is Trace.UNKNOWABLE


def test_the_circuit_breakers_rollback_is_a_failure_and_taken_over(ecs: StrictEcs) -> None:
    async def all_of_it(deployer: EcsDeployer) -> list[Seen]:
        await deployer.start(WHAT)
        ecs.break_circuit()
        seen = [await deployer.observe(WHAT)]
        assert await deployer.start(BACK) == "1.4.1 runs as rsvp:1 already"
        seen.append(await deployer.observe(BACK))
        ecs.complete()
        return [*seen, await deployer.observe(BACK)]

    assert using(ecs, all_of_it) == [
        Seen(P.FAILED, "the rollout of rsvp:2 failed: ECS deployment circuit breaker: tasks failed to start."),
        Seen(P.GOING, "0 of 2 tasks run rsvp:1"),
        Seen(P.DONE, "2 of 2 tasks run rsvp:1"),
    ]
    assert (ecs.asked.count("UpdateService"), len(ecs.revisions)) == (1, 2)
    assert using(ecs, lambda deployer: deployer.find(BACK)).trace is Trace.MADE


def test_a_rollout_whose_place_another_takes_has_failed(ecs: StrictEcs) -> None:
    using(ecs, lambda deployer: deployer.start(WHAT))
    ecs.roll_out(ecs.revision(f"{IMAGE}:1.5"))
    seen = using(ecs, lambda deployer: deployer.observe(WHAT))
    assert seen == Seen(P.FAILED, "the rollout of rsvp:3 took the place of that of rsvp:2")
    ecs.complete()
    seen = using(ecs, lambda deployer: deployer.observe(WHAT))
    assert seen == Seen(P.FAILED, "rsvp:2 was taken back or replaced: the service runs rsvp:3")


def test_what_completes_with_nothing_running_has_failed_and_with_too_little_goes_on(ecs: StrictEcs) -> None:
    using(ecs, lambda deployer: deployer.start(WHAT))
    ecs.complete()
    ecs.primary["runningCount"] = 1
    assert using(ecs, lambda deployer: deployer.observe(WHAT)) == Seen(P.GOING, "1 of 2 tasks run rsvp:2")
    ecs.primary.update(runningCount=0, desiredCount=0)
    assert using(ecs, lambda deployer: deployer.observe(WHAT)).progress is P.FAILED


def test_a_rollout_that_is_not_told_of_yet_is_waited_for(ecs: StrictEcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "SHOWS_WITHIN", timedelta(seconds=30))
    ecs.hidden = 2

    async def watched(deployer: EcsDeployer) -> list[str]:
        await deployer.start(WHAT)
        said = [(await deployer.observe(WHAT)).said for _ in range(3)]
        ecs.break_circuit()
        ecs.complete()
        return [*said, (await deployer.observe(WHAT)).said]

    assert using(ecs, watched) == [
        "ECS does not tell of the rollout of rsvp:2 yet",
        "0 of 2 tasks run rsvp:2",
        "0 of 2 tasks run rsvp:2",
        "rsvp:2 was taken back or replaced: the service runs rsvp:1",
    ]


def test_what_is_ended_is_taken_back_by_ecs(ecs: StrictEcs) -> None:
    async def ended(deployer: EcsDeployer) -> Seen:
        await deployer.start(WHAT)
        await deployer.observe(WHAT)
        await deployer.abort(WHAT)
        return await deployer.observe(WHAT)

    assert using(ecs, ended).progress is P.FAILED
    assert ecs.runs == f"{IMAGE}:1.4.1"
    ecs.complete()
    using(ecs, lambda deployer: deployer.abort(WHAT))
    assert ecs.asked.count("StopServiceDeployment") == 1


@pytest.mark.parametrize(
    ("fault", "error", "words", "wait_s"),
    [
        (refusing("ThrottlingException", retry_after="4"), NotNowError, "was throttled", 4),
        (refusing("AccessDeniedException"), ProviderUnavailableError, "allow ecs:UpdateService", 0),
        (refusing("ServiceNotActiveException"), ProviderUnavailableError, "was refused (ServiceNotActive", 0),
        (refusing("UnrecognizedClientException"), ProviderUnavailableError, "credentials were refused", 0),
        (refusing("ServerException", 500), OutcomeUnknownError, "may or may not have begun", None),
        (silence, OutcomeUnknownError, "may or may not have begun", None),
    ],
)
def test_what_a_refused_start_means(
    ecs: StrictEcs, fault: Fault, error: type[Exception], words: str, wait_s: float | None
) -> None:
    ecs.fail("UpdateService", fault)
    with pytest.raises(error) as raised:
        using(ecs, lambda deployer: deployer.start(WHAT))
    assert words in str(raised.value)
    assert isinstance(raised.value, NotNowError) is (error is NotNowError)
    assert getattr(raised.value, "wait_s", None) == wait_s
    assert ecs.runs == f"{IMAGE}:1.4.1"


def test_reading_goes_on_through_what_passes(ecs: StrictEcs) -> None:
    ecs.fail("DescribeServices", refusing("ServerException", 500), refusing("ThrottlingException"))
    assert using(ecs, lambda deployer: deployer.prepare(WHAT)) == "1.4.1"
    with refusing_port() as port:
        url = f"http://127.0.0.1:{port}"
        with pytest.raises(ProviderUnavailableError, match="cannot be connected to"):
            using(ecs, lambda deployer: deployer.prepare(WHAT), url=url)
        with pytest.raises(NotNowError):
            using(ecs, lambda deployer: deployer.start(WHAT), url=url)


def test_credentials_are_in_no_text(ecs: StrictEcs, caplog: pytest.LogCaptureFixture) -> None:
    async def raised(deployer: EcsDeployer) -> list[str]:
        said = []
        for work in (deployer.prepare, deployer.start, deployer.find, deployer.observe):
            ecs.fail("DescribeServices", refusing("UnrecognizedClientException"))
            with pytest.raises(ProviderUnavailableError) as failed:
                await work(WHAT)
            said += [str(failed.value), "".join(traceback.format_exception(failed.value))]
        return said

    said = using(ecs, raised)
    assert "the credentials were refused" in said[0]
    assert not [text for text in [*said, caplog.text] if KEY in text or SECRET in text]
    assert PREFIX not in "".join(said)

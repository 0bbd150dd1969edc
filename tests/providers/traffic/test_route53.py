"""What is particular to Route 53, and everything that it can answer wrongly."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import threading
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.needs import require_program
from tests.providers.aws.base import AT
from tests.providers.faults import refusing_port, unaccepting_port
from tests.providers.traffic import strict_route53 as strict
from tests.providers.traffic.base import AWAY, AWS, AZURE, GCP, USUAL, OnRoute53, using
from tests.providers.traffic.strict_route53 import ZONE, Answer, Fault, code
from tests.providers.traffic.test_promises import foreign, settled
from wedtui.core.by_hand import Route53Address, by_hand
from wedtui.errors import (
    ConflictError,
    ForeignRecordsError,
    NotNowError,
    OutcomeUnknownError,
    ProviderUnavailableError,
)
from wedtui.providers.aws import account
from wedtui.providers.traffic import route53 as adapter
from wedtui.providers.traffic.base import SUBMIT_WITHIN, TrafficBackend


@pytest.fixture(autouse=True)
def hurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once, and give up soon where nobody answers."""
    monkeypatch.setattr(adapter, "backoff_s", lambda _attempt: 0.0)
    if any(word in request.node.name for word in ("silent", "late", "nobody")):
        monkeypatch.setattr(adapter, "REQUEST_WITHIN", timedelta(seconds=1))
        monkeypatch.setattr(account, "CONNECT_TIMEOUT", timedelta(seconds=0.3))


def submitting(route53: OnRoute53, *faults: Fault, **table: Any) -> Callable[[TrafficBackend], Awaitable[str]]:
    """Return what reads well and then submits into faults."""

    async def work(backend: TrafficBackend) -> str:
        read = await backend.read()
        route53.server.asked.clear()
        route53.server.fail("change", *faults)
        return await backend.submit(read, AWAY, 7)

    return work


def changed(route53: OnRoute53) -> bool:
    return route53.shares() == AWAY and route53.generation() == '"wedtui generation=7"'


def test_one_batch_names_exactly_what_was_read_and_what_comes(route53: OnRoute53) -> None:
    route53.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        await backend.submit(await backend.read(), AWAY, 7)
        await backend.submit(await backend.read(), USUAL, 8)

    using(route53.backend(), work)
    first, second = (
        [(action, record["Type"], record.get("SetIdentifier"), record.get("Weight")) for action, record in changes]
        for changes in route53.server.batches
    )
    assert first == [
        ("DELETE", "A", "aws", 60),
        ("DELETE", "A", "azure", 25),
        ("DELETE", "A", "gcp", 15),
        ("CREATE", "A", "aws", 0),
        ("CREATE", "A", "azure", 40),
        ("CREATE", "A", "gcp", 30),
        ("CREATE", "A", "ocean", 30),
        ("CREATE", "TXT", None, None),
    ]
    assert ("DELETE", "TXT", None, None) in second, "the generation is compared as well"


def test_a_change_is_pending_until_every_server_has_it(route53: OnRoute53) -> None:
    route53.put({AWS: 100})
    route53.server.pending = 3

    async def work(backend: TrafficBackend) -> int:
        submission = await backend.submit(await backend.read(), {GCP: 100}, 1)
        assert await backend.answers(5) == {AWS: 5}
        asked = await settled(backend, submission)
        assert await backend.answers(5) == {GCP: 5}
        return asked

    assert using(route53.backend(), work) == 4


def test_of_a_change_whose_answer_was_lost_the_id_of_an_earlier_one_says_nothing(route53: OnRoute53) -> None:
    route53.put(USUAL)
    route53.server.pending = 100

    async def work(backend: TrafficBackend) -> None:
        earlier = await backend.submit(await backend.read(), AWAY, 7)
        read = await backend.read()
        assert read.submission == earlier
        route53.server.fail("change", strict.done_and_closed)
        with pytest.raises(OutcomeUnknownError):
            await backend.submit(read, USUAL, 8)
        read = await backend.read()
        assert (read.generation, read.submission) == (8, None)

    using(route53.backend(), work)


def test_the_zones_own_nameservers_are_asked_where_none_are_configured(route53: OnRoute53) -> None:
    route53.put({AWS: 100})
    answers = using(route53.backend(nameservers=[]), lambda backend: backend.answers(3))
    assert answers == {AWS: 3}
    assert "get_zone" in route53.server.asked


def test_a_listing_is_read_to_the_end_of_the_name(route53: OnRoute53) -> None:
    neighbours = [
        {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]}
        for name in ("*.www.example.com.", "a.www.example.com.", "wwx.example.com.", "aaa.example.com.")
    ]
    text = {"Name": route53.name, "Type": "TXT", "TTL": 5, "ResourceRecords": [{"Value": '"site-verification"'}]}
    route53.server.put(*neighbours, text, *(route53.record(place, share) for place, share in USUAL.items()))
    route53.write_generation('"wedtui generation=5"')
    route53.server.page = 1
    read = using(route53.backend(), lambda backend: backend.read())
    assert (read.shares, read.generation) == (USUAL, 5)
    assert "site-verification" not in read.records
    assert using(route53.backend(), submitting(route53)).startswith("C")
    assert len(route53.server.records) == 5 + len(AWAY) + 1


@pytest.mark.parametrize("status", ["no list", "no end"])
def test_a_listing_that_is_none(route53: OnRoute53, status: str) -> None:
    route53.put(USUAL)
    record = strict._xml(route53.record(AWS, 60))
    start = f"<NextRecordName>{route53.name}</NextRecordName><NextRecordType>A</NextRecordType>"
    inner = {
        "no list": "<MaxItems>300</MaxItems>",
        "no end": f"<ResourceRecordSets>{record}</ResourceRecordSets><IsTruncated>true</IsTruncated>{start}",
    }[status]
    page = strict._answer("ListResourceRecordSetsResponse", inner)
    route53.server.fail("list", *[lambda _work: page] * 30)
    with pytest.raises(ProviderUnavailableError, match=r"has no list|has no end"):
        using(route53.backend(), lambda backend: backend.read())


def test_health_checks_stay(route53: OnRoute53) -> None:
    check = "abcdef11-2222-3333-4444-555555fedcba"
    route53.server.put(route53.record(AWS, 70, HealthCheckId=check), route53.record(GCP, 30))
    places = [
        {"provider": "aws", "target": "192.0.2.1", "health_check": check},
        {"provider": "gcp", "target": "192.0.2.3"},
    ]

    async def work(backend: TrafficBackend) -> None:
        await backend.submit(await backend.read(), {AWS: 10, GCP: 90}, 1)

    using(route53.backend(places=places), work)
    assert route53.server.records[route53.name, "A", "aws"]["HealthCheckId"] == check
    assert 'the A record "aws" has another health check' in foreign(route53)


def test_what_is_run_by_hand_is_taken_by_the_aws_cli_as_it_is(route53: OnRoute53) -> None:
    aws = require_program("aws", package="awscli")
    check = "abcdef11-2222-3333-4444-555555fedcba"
    route53.server.put(route53.record(AWS, 70, HealthCheckId=check), route53.record(GCP, 30))
    route53.write_generation('"wedtui generation=5"')
    route53.server.pending = 0
    places = [
        {"provider": "aws", "target": "192.0.2.1", "health_check": check},
        {"provider": "gcp", "target": "192.0.2.3"},
    ]
    read = using(route53.backend(places=places), lambda backend: backend.read())
    address = Route53Address(ZONE, {"aws": AWS, "gcp": GCP}, route53.server.url)
    found = by_hand(read, {AWS: 0, GCP: 100}, address)
    (look, change, wait) = (f"{aws}{step.command.removeprefix('aws')}" for step in found.steps)

    def run(command: str) -> Any:
        environ = {**os.environ, "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"}
        done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    # The look lists what stands behind the records too, and the shell's words say what of that may not be there.
    weights = {r["SetIdentifier"]: r["Weight"] for r in run(look)["ResourceRecordSets"] if "SetIdentifier" in r}
    assert weights == {"aws": 70, "gcp": 30}
    number = run(change)["ChangeInfo"]["Id"]
    run(wait.replace(" ID", f" {number}"))
    assert route53.shares() == {AWS: 0, GCP: 100}
    assert route53.server.records[route53.name, "A", "aws"]["HealthCheckId"] == check
    # Whose generation stands beside other shares: that it was changed by hand can be told.
    assert route53.generation() == '"wedtui generation=5"'
    assert using(route53.backend(places=places), lambda backend: backend.read()).shares == {AWS: 0, GCP: 100}


def test_names_as_targets(route53: OnRoute53) -> None:
    places = [{"provider": "aws", "target": "LB.example.net"}, {"provider": "gcp", "target": "g.example.org."}]
    route53.server.put(
        {**route53.record(AWS, 100), "Type": "CNAME", "ResourceRecords": [{"Value": "lb.example.net."}]},
    )

    async def work(backend: TrafficBackend) -> Any:
        await settled(backend, await backend.submit(await backend.read(), {GCP: 100}, 1))
        return await backend.answers(2)

    assert using(route53.backend(type="CNAME", places=places), work) == {GCP: 2}


ALIAS = {"HostedZoneId": "Z2", "DNSName": "lb.example.net.", "EvaluateTargetHealth": "true"}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"SetIdentifier": "stranger"}, 'the A record "stranger" is foreign: no place has its set identifier'),
        ({"AliasTarget": ALIAS, "TTL": None, "ResourceRecords": None}, 'the A record "ocean" is an alias'),
        ({"Weight": None, "Region": "eu-west-1"}, 'the A record "ocean" has no weight'),
        ({"Region": "eu-west-1"}, 'the A record "ocean" has another Region'),
        ({"ResourceRecords": [{"Value": "192.0.2.4"}, {"Value": "192.0.2.5"}]}, "has another target"),
        ({"Type": "AAAA", "SetIdentifier": "aws"}, 'the AAAA record "aws" is foreign: the type A is configured'),
    ],
)
def test_records_that_are_not_the_configured_ones(route53: OnRoute53, record: dict[str, Any], words: str) -> None:
    other = {**route53.record(AWS, 0), "SetIdentifier": "ocean", "ResourceRecords": [{"Value": "192.0.2.4"}], **record}
    route53.put(USUAL)
    route53.server.change({key: value for key, value in other.items() if value is not None})
    assert words in foreign(route53)


def test_a_simple_record_is_none_of_ours(route53: OnRoute53) -> None:
    values = [{"Value": "192.0.2.1"}]
    route53.server.put({"Name": route53.name, "Type": "A", "TTL": 60, "ResourceRecords": values})
    assert "a simple A record is foreign" in foreign(route53)


def test_everything_that_is_foreign_is_said_at_once(route53: OnRoute53) -> None:
    route53.server.put(
        route53.record(AWS, 60, TTL=5), route53.record(GCP, 40, ResourceRecords=[{"Value": "192.0.2.9"}])
    )
    text = foreign(route53)
    assert 'the A record "aws" has a TTL of 5 s, not of 60 s; the A record "gcp" has another target' in text


@pytest.mark.parametrize("name", ["Throttling", "PriorRequestNotComplete"])
def test_what_was_refused_for_now_is_tried_again(route53: OnRoute53, name: str) -> None:
    route53.put(USUAL)
    using(route53.backend(), submitting(route53, code(name), code(name)))
    assert route53.server.asked == ["change"] * 3
    assert changed(route53)


class Stepping:
    """A clock that goes on by a quarter of a second whenever it is read."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        self.at += 0.25
        return self.at


def test_it_is_not_tried_for_ever(route53: OnRoute53) -> None:
    route53.put(USUAL)
    with pytest.raises(NotNowError, match=r"was throttled \(Throttling\)"):
        using(route53.backend(Stepping()), submitting(route53, *[code("Throttling")] * 100))
    assert 1 < len(route53.server.asked) < 12
    assert not changed(route53)


def test_a_service_that_asks_to_be_left_alone_is(route53: OnRoute53) -> None:
    route53.put(USUAL)
    with pytest.raises(NotNowError, match="was throttled") as refused:
        using(route53.backend(), submitting(route53, code("Throttling", 400, Retry_After="60")))
    assert refused.value.wait_s == 60
    assert route53.server.asked == ["change"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AccessDenied", r"was denied \(AccessDenied\): allow route53:ChangeResourceRecordSets for these credentials"),
        ("ExpiredToken", "the credentials have expired"),
        ("InvalidClientTokenId", "the credentials were refused"),
        ("NoSuchHostedZone", "no such hosted zone: correct traffic.route53.hosted_zone_id"),
        ("NoSuchHealthCheck", "no such health check: correct health_check of traffic.places"),
        ("InvalidChangeBatch", r"refuses the change of www.example.com. as invalid \(InvalidChangeBatch\)"),
    ],
)
def test_what_was_refused_changed_nothing(route53: OnRoute53, name: str, words: str) -> None:
    route53.put(USUAL)
    with pytest.raises(ProviderUnavailableError, match=words) as refused:
        using(route53.backend(), submitting(route53, code(name, 403)))
    assert not isinstance(refused.value, NotNowError), "that is not mended by waiting"
    assert route53.server.asked.count("change") == 1
    assert not changed(route53)


def test_a_refusal_that_cannot_be_looked_into_is_a_conflict(route53: OnRoute53) -> None:
    route53.put(USUAL)
    route53.server.fail("list", lambda work: work(), lambda work: work(), code("AccessDenied", 403))
    with pytest.raises(ConflictError, match=r"refused the change of .* \(InvalidInput\), and nothing was changed"):
        using(route53.backend(), submitting(route53, code("InvalidInput")))


APPLIED = {
    "and silent": strict.done_and_silent,
    "and closed": strict.done_and_closed,
    "and cut": strict.done_and_cut,
    "and truncated": strict.done_and_truncated,
    "and failed": strict.done_and_failed,
}
NOT_APPLIED = {
    "silent": strict.silence,
    "internal": code("InternalFailure", 500),
    "away": code("ServiceUnavailable", 503),
    "unheard of": code("TeapotException", 418),
    "no change": lambda _work: Answer(b"<Hello></Hello>"),
}


@pytest.mark.parametrize("kind", [*APPLIED, *NOT_APPLIED])
def test_what_may_have_been_applied_is_unknown_and_not_sent_again(route53: OnRoute53, kind: str) -> None:
    route53.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        fault = {**APPLIED, **NOT_APPLIED}[kind]
        with pytest.raises(OutcomeUnknownError, match=r"may or may not have been applied .*read the records before"):
            await submitting(route53, fault)(backend)
        assert route53.server.asked == ["change"]
        # What is live tells: its generation is that of the change, or it is not.
        read = await backend.read()
        assert (read.generation, read.shares) == ((7, AWAY) if kind in APPLIED else (0, USUAL))
        await backend.submit(read, {AWS: 100}, 8)

    using(route53.backend(), work)
    assert route53.shares() == {AWS: 100}


def test_a_change_that_was_given_up_and_arrives_late_does_no_harm(route53: OnRoute53) -> None:
    route53.put(USUAL)
    late: list[Callable[[], Answer]] = []

    def keep(work: Callable[[], Answer]) -> Answer:
        late.append(work)
        return strict.silence(work)

    async def work(backend: TrafficBackend) -> None:
        with pytest.raises(OutcomeUnknownError):
            await submitting(route53, keep)(backend)
        await backend.submit(await backend.read(), {AWS: 100}, 8)

    using(route53.backend(), work)
    with pytest.raises(strict.RefusedError, match="Tried to delete resource record set"):
        late[0]()
    assert route53.shares() == {AWS: 100}


def test_nobody_listens(route53: OnRoute53) -> None:
    route53.put(USUAL)
    read = using(route53.backend(), lambda backend: backend.read())
    with refusing_port() as port:
        away = {"hosted_zone_id": ZONE, "endpoint_url": f"http://127.0.0.1:{port}"}
        with pytest.raises(NotNowError, match="cannot be connected to"):
            using(route53.backend(Stepping(), route53=away), lambda backend: backend.submit(read, AWAY, 7))
        with pytest.raises(ProviderUnavailableError, match="cannot be connected to"):
            using(route53.backend(Stepping(), route53=away), lambda backend: backend.read())


def test_nobody_accepts(route53: OnRoute53) -> None:
    route53.put(USUAL)
    read = using(route53.backend(), lambda backend: backend.read())
    with unaccepting_port() as port:
        away = {"hosted_zone_id": ZONE, "endpoint_url": f"http://127.0.0.1:{port}"}
        with pytest.raises(NotNowError, match="was not answered in time"):
            using(route53.backend(Stepping(), route53=away), lambda backend: backend.submit(read, AWAY, 7))


def test_what_there_was_no_time_for_was_not_sent(route53: OnRoute53, monkeypatch: pytest.MonkeyPatch) -> None:
    route53.put(USUAL)
    read = using(route53.backend(), lambda backend: backend.read())
    route53.server.asked.clear()
    monkeypatch.setattr(adapter, "SUBMIT_WITHIN", timedelta(seconds=0.25))
    with pytest.raises(NotNowError, match="there was no time left for change_resource_record_sets"):
        using(route53.backend(Stepping()), lambda backend: backend.submit(read, AWAY, 7))
    assert route53.server.asked == []


def test_own_limits_are_short() -> None:
    assert timedelta(seconds=5) > SUBMIT_WITHIN


BROKEN: dict[str, tuple[Fault, str]] = {
    "truncated": (strict.done_and_truncated, "was not answered whole: it breaks off"),
    "cut": (strict.done_and_cut, "was not answered whole|closed before its answer was complete"),
    "failed": (strict.done_and_failed, r"failed on the server's side \(500\)|cannot be used"),
    "silent": (strict.silence, "in 1 s"),
    "expired": (code("ExpiredToken", 403), "the credentials have expired"),
    "denied": (code("AccessDenied", 403), "denied"),
    "html": (lambda _work: Answer(b"<html>Welcome</html>"), "has no list"),
    "empty": (lambda _work: Answer(b""), "it is empty"),
    "no zone": (code("NoSuchHostedZone", 404), "no such hosted zone"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("number", [1, 2])
def test_a_reading_that_is_not_whole_is_none(route53: OnRoute53, kind: str, number: int) -> None:
    """Of the records themselves, and of the generation beside them."""
    route53.put(USUAL)
    fault, words = BROKEN[kind]
    route53.server.fail("list", *[lambda work: work()] * (number - 1), *[fault] * 200)
    with pytest.raises(ProviderUnavailableError, match=words):
        using(route53.backend(Stepping()), lambda backend: backend.read())


def test_a_reading_that_fails_once_is_tried_again(route53: OnRoute53) -> None:
    route53.put(USUAL)
    route53.server.fail("list", code("Throttling"), strict.done_and_cut)
    assert using(route53.backend(), lambda backend: backend.read()).shares == USUAL


def test_a_change_that_nobody_knows(route53: OnRoute53) -> None:
    with pytest.raises(ProviderUnavailableError, match="does not know that change any more"):
        using(route53.backend(), lambda backend: backend.in_sync("C1"))


def test_a_status_that_is_none_is_not_in_sync(route53: OnRoute53) -> None:
    odd = strict._answer("GetChangeResponse", strict._info("C1", "MAYBE"))
    route53.server.fail("get_change", lambda _work: odd)
    with pytest.raises(ProviderUnavailableError, match="no status of a change"):
        using(route53.backend(), lambda backend: backend.in_sync("C1"))


def test_no_credentials(route53: OnRoute53, monkeypatch: pytest.MonkeyPatch) -> None:
    route53.put(USUAL)
    read = using(route53.backend(), lambda backend: backend.read())
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ProviderUnavailableError, match="there are no credentials: set a profile") as refused:
        using(route53.backend(), lambda backend: backend.submit(read, AWAY, 7))
    assert not isinstance(refused.value, NotNowError), "that is not mended by waiting"


SECRET, TOKEN = "wJalrXUtnFEMI-hunter2", "FwoGZXIvYXdz-hunter2"


@pytest.mark.parametrize("kind", ["denied", "silent", "truncated"])
def test_no_secret_in_what_is_said(
    route53: OnRoute53, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    caplog.set_level(logging.INFO)
    route53.put(USUAL)
    backend = route53.backend()
    with pytest.raises((ProviderUnavailableError, OutcomeUnknownError)) as caught:
        using(backend, submitting(route53, BROKEN[kind][0]))
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(backend) + repr(vars(backend))
    assert "hunter2" not in told
    assert caught.value.__cause__ is None


def test_a_cancelled_submission_leaves_nothing_behind(route53: OnRoute53) -> None:
    route53.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        arrived = threading.Event()

        def silent(work: Callable[[], Answer]) -> Answer:
            arrived.set()
            return strict.silence(work)

        route53.server.fail("change", silent)
        task = asyncio.create_task(backend.submit(read, AWAY, 7))
        await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await backend.read()).shares == USUAL

    using(route53.backend(), work)


def test_foreign_records_are_a_conflict_for_whoever_does_not_care() -> None:
    assert issubclass(ForeignRecordsError, ConflictError)
    assert AZURE in USUAL

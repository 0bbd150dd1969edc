"""Probes against servers that work and servers that don't."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.providers.certificates import Certificate, authority, certificate
from tests.providers.faults import (
    Fault,
    FaultServer,
    answer,
    close,
    drip,
    flood,
    in_turn,
    raw,
    refusing_port,
    reset,
    then_hang,
    unaccepting_port,
)
from wedtui.clock import SystemClock
from wedtui.config import ProbeSection
from wedtui.config_base import Secret
from wedtui.core.observation import ProbeObservation
from wedtui.errors import ConfigurationError
from wedtui.providers.http import BODY_AT_MOST, ProbeTarget

FAULTS: dict[str, Fault] = {
    "/ok": answer(b"all is ready\n"),
    "/503": answer(status="503 Service Unavailable"),
    "/503-hangs": then_hang(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\n"),
    "/204": answer(b"", status="204 No Content"),
    "/302": answer(status="302 Found", headers={"Location": "/ok"}),
    "/hang": then_hang(),
    "/hang-in-headers": then_hang(b"HTTP/1.1 200 OK\r\nX-Half: "),
    "/hang-in-body": then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrea"),
    "/reset": reset,
    "/close": close,
    "/close-in-headers": raw(b"HTTP/1.1 200 OK\r\nX-Half: "),
    "/short-body": answer(b"rea", length=9),
    "/drip": drip,
    "/flood": flood,
    "/garbage": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "/long-headers": raw(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000),
    "/hints": raw(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"),
    "/no-length": raw(b"HTTP/1.1 200 OK\r\n\r\nready until the end"),
    "/gzip": answer(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
    "/late-match": answer(b"x" * BODY_AT_MOST + b"ready"),
    "/early-match": answer(b"x" * (BODY_AT_MOST - 5) + b"ready" + b"x" * 100),
    "/binary": answer(b"\xff\xfe ready \x00"),
    "/failing-once": in_turn(answer(status="500 Internal Server Error"), answer(b"ready")),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(FAULTS) as running:
        yield running


@pytest.fixture(scope="module")
def ca() -> Certificate:
    return authority()


def probe(url: str, **more: Any) -> ProbeTarget:
    section = {"name": "rsvp", "provider": "aws", "url": url, "timeout": "5s", **more}
    return ProbeTarget(ProbeSection.model_validate(section), SystemClock())


def observed(url: str, **more: Any) -> ProbeObservation:
    (observation,) = asyncio.run(probe(url, **more).observe())
    return observation


def test_a_round_that_passes_measures_each_phase(server: FaultServer) -> None:
    clock = SystemClock()
    before = clock.now()
    seen = observed(server.url("/ok"), expect_body="re.dy$")
    assert (seen.probe, seen.passed, seen.failure, seen.status) == ("rsvp", True, None, 200)
    assert before <= seen.at <= clock.now()
    assert seen.connect_ms is not None
    assert seen.first_byte_ms is not None
    assert seen.total_ms is not None
    assert 0 < seen.connect_ms < seen.total_ms
    assert 0 < seen.first_byte_ms < seen.total_ms
    assert (seen.tls_ms, seen.certificate_expires_at) == (None, None)


@pytest.mark.parametrize(
    ("path", "failure"),
    [
        ("/503", "status 503, expected 200"),
        ("/302", "status 302, expected 200 (redirects are not followed)"),
        ("/missing", "status 404, expected 200"),
        ("/reset", "connection reset waiting for the first byte"),
        ("/close", "connection closed waiting for the first byte"),
        ("/close-in-headers", "connection closed reading the headers"),
        ("/short-body", "connection closed reading the body"),
        ("/garbage", "answer was not HTTP"),
        ("/long-headers", "answer has more than 64 KiB of headers"),
    ],
)
def test_a_fault_is_an_observation_that_names_it(server: FaultServer, path: str, failure: str) -> None:
    seen = observed(server.url(path))
    assert (seen.passed, seen.failure) == (False, failure)


@pytest.mark.parametrize(
    ("path", "failure", "status"),
    [
        ("/hang", "timed out after 2 s waiting for the first byte", None),
        ("/hang-in-headers", "timed out after 2 s reading the headers", None),
        ("/hang-in-body", "timed out after 2 s reading the body", 200),
        ("/drip", "timed out after 2 s reading the body", 200),
        ("/503-hangs", "status 503, expected 200", 503),
    ],
)
def test_what_takes_too_long_is_given_up_and_its_phase_named(
    server: FaultServer, path: str, failure: str, status: int | None
) -> None:
    # Two seconds are far more than the phases before it take: which one is named must not hang on the machine.
    seen = observed(server.url(path), timeout="2s")
    assert (seen.passed, seen.failure, seen.status, seen.total_ms) == (False, failure, status, None)
    assert seen.connect_ms is not None


def test_a_server_that_never_accepts() -> None:
    with unaccepting_port() as port:
        seen = observed(f"http://127.0.0.1:{port}/", timeout="150ms")
    assert (seen.failure, seen.connect_ms) == ("timed out after 0.15 s while connecting", None)


def test_a_server_that_refuses() -> None:
    with refusing_port() as port:
        assert observed(f"http://127.0.0.1:{port}/").failure == "connection refused"
        # Two addresses, or one: asyncio reports them differently.
        assert observed(f"http://localhost:{port}/").failure == "connection refused"


def test_a_name_that_does_not_resolve() -> None:
    # The top-level domain `invalid` never exists (RFC 6761); without a resolver the answer is another one.
    failure = observed("http://rsvp.invalid/", timeout="20s").failure or ""
    assert failure.startswith("name does not resolve")


@pytest.mark.parametrize(
    ("path", "failure"),
    [
        ("/ok", None),
        ("/hints", None),
        ("/no-length", None),
        ("/binary", None),
        ("/early-match", None),
        ("/late-match", "body does not match"),
        ("/flood", None),
        ("/gzip", "body is compressed though that was not asked for, and cannot be matched"),
        ("/503", "status 503, expected 200"),
    ],
)
def test_a_body_is_matched_up_to_64_kib(server: FaultServer, path: str, failure: str | None) -> None:
    assert observed(server.url(path), expect_body="ready").failure == failure


def test_several_statuses_can_be_expected(server: FaultServer) -> None:
    assert observed(server.url("/204"), expect_status=[200, 204]).passed
    assert observed(server.url("/503"), expect_status=[200, 204]).failure == "status 503, expected 200 or 204"


def test_a_head_request_has_no_body_to_wait_for(server: FaultServer) -> None:
    assert observed(server.url("/ok"), method="HEAD").passed
    assert server.requests[-1].method == "HEAD"


def test_what_is_sent(monkeypatch: pytest.MonkeyPatch, server: FaultServer) -> None:
    monkeypatch.setenv("RSVP_TOKEN", "tell-nobody")
    headers = {"Authorization": Secret(env="RSVP_TOKEN"), "user-agent": "somebody", "X-From": "wedtui"}
    assert observed(server.url("/ok?deep=1&x=%20"), headers=headers).passed
    request = server.requests[-1]
    assert request.target == "/ok?deep=1&x=%20"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["authorization"] == "tell-nobody"
    assert request.headers["user-agent"] == "somebody"
    assert request.headers["x-from"] == "wedtui"
    assert request.headers["accept-encoding"] == "identity"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, server: FaultServer) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert observed(server.url("/ok")).passed


def test_each_round_connects_anew(server: FaultServer) -> None:
    before = server.connections
    target = probe(server.url("/ok"))

    async def twice() -> None:
        await target.observe()
        await target.observe()

    asyncio.run(twice())
    assert server.connections == before + 2


def test_a_retry_hides_one_failure() -> None:
    faults = {"/": in_turn(answer(status="500 Internal Server Error"), answer())}
    with FaultServer(faults) as flaky:
        assert observed(flaky.url(), retries=1).passed
        assert len(flaky.requests) == 2


def test_without_retries_one_failure_is_a_failed_round() -> None:
    faults = {"/": in_turn(answer(status="500 Internal Server Error"), answer())}
    with FaultServer(faults) as flaky:
        assert not observed(flaky.url()).passed
        assert len(flaky.requests) == 1


def test_a_round_that_passes_is_asked_once() -> None:
    with FaultServer(FAULTS) as fresh:
        assert observed(fresh.url("/ok"), retries=2).passed
        assert len(fresh.requests) == 1


def test_retries_are_bounded(server: FaultServer) -> None:
    before = len(server.requests)
    assert not observed(server.url("/503"), retries=2).passed
    assert len(server.requests) == before + 3


def test_the_deadline_has_room_for_every_attempt_and_the_waiting_between() -> None:
    one = probe("http://127.0.0.1/", timeout="2s").schedule
    three = probe("http://127.0.0.1/", timeout="2s", retries=2, interval="3s").schedule
    assert (one.interval, one.deadline) == (None, timedelta(seconds=2))
    assert three.interval == timedelta(seconds=3)
    assert three.deadline == timedelta(seconds=6.6)


def test_one_that_hangs_delays_no_other(server: FaultServer) -> None:
    async def all_of_them() -> None:
        hanging = [asyncio.create_task(probe(server.url("/hang"), timeout="60s").observe()) for _ in range(20)]
        (good,) = await probe(server.url("/ok"), timeout="50s").observe()
        assert good.passed
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    asyncio.run(all_of_them())


def test_nothing_stays_open_after_failed_rounds(server: FaultServer) -> None:
    async def left_open() -> int:
        paths = ["/hang", "/drip", "/reset", "/close", "/flood", "/hang-in-body", "/garbage"]
        with FaultServer({}, hangs_at_once=True) as silent:
            targets = [probe(server.url(path), timeout="150ms") for path in paths]
            targets.append(probe(silent.url(scheme="https"), timeout="150ms"))
            await asyncio.gather(*(t.observe() for t in targets))
            # The loop closes an aborted socket in its next round.
            await asyncio.sleep(0)
            return open_connections(server.port, silent.port)

    assert asyncio.run(left_open()) == 0


def open_connections(*ports: int) -> int:
    """Count this process's connections to any of these ports of this machine."""
    connections = psutil.Process().net_connections("tcp")
    return sum(c.raddr.port in ports for c in connections if c.raddr)


def test_a_certificate_that_verifies_and_when_it_expires(tmp_path: Path, ca: Certificate) -> None:
    soon = certificate(ca, until=timedelta(days=5))
    with FaultServer(FAULTS, context=soon.server_context(tmp_path)) as secure:
        seen = observed(secure.url("/ok"), ca_file=ca.write(tmp_path, "ca"))
    assert (seen.failure, seen.certificate_expires_at) == (None, soon.expires_at)
    assert seen.connect_ms is not None
    assert seen.tls_ms is not None
    assert seen.first_byte_ms is not None
    assert seen.total_ms is not None
    assert seen.tls_ms > 0
    assert seen.total_ms >= seen.connect_ms + seen.tls_ms + seen.first_byte_ms - 0.01


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unknown issuer", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
        ("expired", "certificate has expired"),
        ("not yet", "certificate is not yet valid"),
        ("wrong host", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
)
def test_a_certificate_that_does_not_verify(tmp_path: Path, ca: Certificate, kind: str, reason: str) -> None:
    made = {
        "unknown issuer": lambda: certificate(authority("Somebody else's authority")),
        "self-signed": lambda: certificate(None),
        "expired": lambda: certificate(ca, since=timedelta(days=-9), until=timedelta(days=-2)),
        "not yet": lambda: certificate(ca, since=timedelta(days=2), until=timedelta(days=9)),
        "wrong host": lambda: certificate(ca, host="gallery.example.com"),
    }[kind]()
    with FaultServer(FAULTS, context=made.server_context(tmp_path)) as secure:
        seen = observed(secure.url("/ok"), ca_file=ca.write(tmp_path, "ca"))
    assert (seen.passed, seen.failure) == (False, f"certificate does not verify: {reason}")
    assert not secure.requests


def test_faults_during_tls(server: FaultServer) -> None:
    with FaultServer({}, hangs_at_once=True) as silent:
        seen = observed(silent.url("/", scheme="https"), timeout="2s")
        assert seen.failure == "timed out after 2 s during TLS"
        assert seen.connect_ms is not None
    with FaultServer({}, closes_at_once=True) as closing:
        failure = observed(closing.url("/", scheme="https")).failure
        assert failure in {"connection closed during TLS", "connection reset during TLS"}


def test_a_server_that_does_not_speak_tls() -> None:
    with FaultServer({}, greets=b"SSH-2.0-OpenSSH_9.2\r\n") as plain:
        failure = observed(plain.url("/", scheme="https")).failure or ""
    assert failure.startswith("TLS failed: ")


def test_a_tls_server_that_is_asked_in_the_clear(tmp_path: Path, ca: Certificate) -> None:
    with FaultServer(FAULTS, context=certificate(ca).server_context(tmp_path)) as secure:
        failure = observed(secure.url("/ok", scheme="http")).failure
    assert failure is not None


def test_a_round_that_the_poller_gave_up_is_a_failed_one() -> None:
    (seen,) = probe("http://127.0.0.1/").gave_up("gave up after 3 s")
    assert (seen.probe, seen.passed, seen.failure) == ("rsvp", False, "gave up after 3 s")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"headers": {"X-A": {"env": "WITH_A_BELL"}}}, "probe rsvp: the secret for the header X-A has a character"),
        ({"headers": {"X-A": {"env": "NOT_SET"}}}, "probe rsvp: the environment variable NOT_SET"),
        ({"url": f"http://{'x' * 64}.example.com/"}, "probe rsvp: its url is not one that can be asked"),
        ({"url": "https://x.example.com/", "ca_file": "/nowhere.pem"}, "ca_file /nowhere.pem cannot be used"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], words: str
) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    monkeypatch.setenv("WITH_A_BELL", "tell-nobody\a")
    with pytest.raises(ConfigurationError) as raised:
        probe(**{"url": "http://127.0.0.1/", **more})
    assert words in str(raised.value)
    assert "tell-nobody" not in str(raised.value)


def test_a_ca_file_without_certificates(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing here\n")
    with pytest.raises(ConfigurationError, match="it holds no certificate"):
        probe("https://127.0.0.1/", ca_file=empty)

"""The heartbeat on the wire: one request a minute, none when rounds stop, and what is said where nobody takes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.core.emergency import NOW
from tests.notify.base import secret
from tests.notify.strict import ROUTING_KEY
from tests.places import PLACES
from tests.poller.service_process import eventually
from wedtui.cli.notify_checks import notify_checks
from wedtui.config import Configuration
from wedtui.config_notify import HeartbeatSection
from wedtui.core.heartbeat import BEATS_EVERY
from wedtui.core.notify import Answer, Reach, Verdict
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.notify.heartbeat import Heartbeat
from wedtui.notify.running import Notifying

MINUTE = timedelta(minutes=1)


@dataclass
class Clock:
    """Moved by the test."""

    passed: timedelta = timedelta()

    def now(self) -> datetime:
        return NOW + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()


@dataclass
class Outside:
    """Whoever takes beats."""

    status: int = 200
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                outside.asked.append(f"{self.command} {self.path}")
                self.send_response(outside.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = answer  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/5f3c"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.server.shutdown()
    made.server.server_close()


@dataclass
class Life:
    """A heartbeat, and rounds that go on until they stop."""

    section: HeartbeatSection
    clock: Clock = field(default_factory=Clock)
    judged_at: datetime | None = NOW

    def looks(
        self, *passing: timedelta, sends: bool = True, judged: bool = True, uncalled: datetime | None = None
    ) -> str | None:
        """Look after each of the spans; return the problem at the end."""

        async def live() -> str | None:
            heartbeat = Heartbeat(self.section, lambda: self.judged_at, self.clock)
            for span in passing:
                self.clock.passed += span
                self.judged_at = self.clock.now() if judged else self.judged_at
                heartbeat.look(sends=sends, uncalled=uncalled)
                if heartbeat._under_way is not None:
                    await heartbeat._under_way
            await heartbeat.close()
            return heartbeat.problem

        return asyncio.run(live())


def life(**section: object) -> Life:
    return Life(HeartbeatSection.model_validate({"timeout": "2s", **section}))


def test_it_is_asked_once_a_minute(outside: Outside) -> None:
    assert life(url=outside.url).looks(*[MINUTE / 6] * 18) is None
    assert outside.asked == ["GET /ping/5f3c"] * 3


def test_it_is_not_asked_when_rounds_stop(outside: Outside) -> None:
    problem = life(url=outside.url).looks(timedelta(), *[MINUTE] * 5, judged=False)
    assert len(outside.asked) == 2
    assert problem == "no heartbeat is sent: alerts are not judged"


def test_it_is_not_asked_while_nothing_could_be_told(outside: Outside) -> None:
    problem = life(url=outside.url).looks(timedelta(), BEATS_EVERY, sends=False)
    assert (outside.asked, problem) == ([], "no heartbeat is sent: notifications can neither be read nor sent")


def test_it_is_not_asked_while_nobody_was_called_by_a_page_for_longer_than_two_minutes(outside: Outside) -> None:
    beats = life(url=outside.url)
    assert beats.looks(MINUTE, MINUTE, uncalled=NOW) is None
    problem = beats.looks(timedelta(seconds=1), MINUTE, uncalled=NOW)
    assert (len(outside.asked), problem) == (
        2,
        f"no heartbeat is sent: nobody was called by a page of {NOW:%H:%M:%S} UTC",
    )
    assert beats.looks(MINUTE) is None
    assert len(outside.asked) == 3


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_as_it_expects_it(outside: Outside, tmp_path: Path, method: str) -> None:
    beats = life(secret_url=secret(tmp_path, "url", outside.url), method=method)
    assert beats.looks(timedelta()) is None
    assert outside.asked == [f"{method} /ping/5f3c"]


def test_one_that_is_not_taken_is_said_and_no_secret_with_it(outside: Outside, tmp_path: Path) -> None:
    outside.status = 404
    beats = life(secret_url=secret(tmp_path, "url", outside.url))
    assert beats.looks(timedelta()) == "the heartbeat was not taken: answered 404"
    beats = life(secret_url=secret(tmp_path, "url", "gopher://hunter2"))
    assert beats.looks(timedelta()) == "the heartbeat was not taken (UnsupportedProtocol)"
    beats = life(secret_url={"file": str(tmp_path / "none")})
    assert "should hold a secret" in (beats.looks(timedelta()) or "")


def test_without_one_nothing_is_said() -> None:
    assert Life(HeartbeatSection()).looks(timedelta(), MINUTE, judged=False) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"url": "https://h.example/1", "secret_url": {"env": "A"}}, "expected one of url and secret_url"),
        ({"method": "POST"}, "expected url or secret_url"),
        ({"url": "https://h.example/1", "method": "DELETE"}, "method"),
    ],
)
def test_what_does_not_fit_is_refused(written: dict[str, object], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        HeartbeatSection.model_validate(written)


def test_doctor_says_what_anybody_can_send_in_its_place(tmp_path: Path) -> None:
    said = notify_checks(Configuration.model_validate({"heartbeat": {"url": "http://hc.example.com/1"}}))
    assert [check.line().partition(":")[0] for check in said] == ["warning  heartbeat"]
    missing = {"heartbeat": {"secret_url": {"file": str(tmp_path / "none")}}}
    said = notify_checks(Configuration.model_validate(missing))
    assert [check.line().partition(":")[0] for check in said] == ["problem  heartbeat"]


@pytest.mark.parametrize(
    ("severity", "known", "beats"), [("critical", True, False), ("warning", True, True), ("critical", False, True)]
)
def test_the_service_stops_beating_while_a_pager_takes_no_page(
    outside: Outside, tmp_path: Path, severity: str, known: bool, beats: bool
) -> None:
    nobody = {"kind": "pagerduty", "url": "http://127.0.0.1:1/", "routing_key": secret(tmp_path, "key", ROUTING_KEY)}
    told: dict[str, object] = {"notify": {"pager": nobody}} if known else {}
    configuration = Configuration.model_validate({"heartbeat": {"url": outside.url}, **told})
    url, clock, problems = f"sqlite:///{tmp_path / 'l.db'}", Clock(), dict[str, str | None]()
    with closing(Outbox(url, clock=lambda _: NOW - timedelta(minutes=3))) as outbox:
        outbox.page("traffic/aws", severity, "it is down", {})
    notifying = Notifying(configuration, url, clock, "me", problems.__setitem__, evaluated=clock.now)
    notifying.start()
    try:
        eventually(lambda: bool(outside.asked) if beats else problems.get("heartbeat") is not None)
    finally:
        notifying.close()
    assert len(outside.asked) == beats
    assert ("nobody was called" in (problems["heartbeat"] or "")) is not beats


def test_whom_somebody_called_is_not_waited_for(tmp_path: Path, places: None) -> None:
    url, now = PLACES.url(tmp_path / "ledger.db"), NOW
    with closing(Outbox(url, clock=lambda _: now, reach=Reach(calls=frozenset({"pager"})))) as outbox:
        reader = OutboxReader(url)

        def uncalled() -> datetime | None:
            return reader.standing(frozenset({"pager"})).uncalled

        outbox.page("low", "warning", "it is slow", {})
        assert uncalled() is None
        outbox.page("grave", "critical", "it is down", {})
        for attempt in reversed(outbox.take("me", ("post", "pager")) or ()):
            if attempt.message.key == "grave":
                assert uncalled() == NOW
                outbox.conclude(attempt, Answer(Verdict.ACCEPTED), ("post", "pager"))
                assert (uncalled() is None) == (attempt.channel == "pager")
        now += timedelta(hours=1)
        outbox.page("refused", "error", "it is down too", {})
        for attempt in outbox.take("me", ("pager",)) or ():
            if attempt.message.key == "refused":
                outbox.conclude(attempt, Answer(Verdict.REFUSED), ("pager",))
        # A dead letter calls nobody, until a person says that they looked.
        assert uncalled() == now
        number = next(each.id for each in reader.notifications() if each.key == "refused")
        with closing(Ledger(url)) as ledger:
            ledger.dismiss_notification(number, by="ada", reason="the key was wrong", at=now)
        assert uncalled() is None
        reader.close()


@pytest.mark.parametrize("judged", [True, False])
def test_the_service_that_sends_beats_while_alerts_are_judged(outside: Outside, tmp_path: Path, judged: bool) -> None:
    problems: dict[str, str | None] = {}
    configuration = Configuration.model_validate({"heartbeat": {"url": outside.url}})
    notifying = Notifying(
        configuration,
        f"sqlite:///{tmp_path / 'l.db'}",
        Clock(),
        "me",
        problems.__setitem__,
        evaluated=lambda: NOW if judged else NOW - 2 * MINUTE,
    )
    notifying.start()
    try:
        eventually(lambda: bool(outside.asked) if judged else problems.get("heartbeat") is not None)
    finally:
        notifying.close()
    assert len(outside.asked) == judged
    assert problems["heartbeat"] == (None if judged else "no heartbeat is sent: alerts are not judged")

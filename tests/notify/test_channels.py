"""What a channel sends, what it takes each answer for, and that no secret comes back with one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.notify.base import channel, section
from tests.notify.strict import HMAC_KEY, ROUTING_KEY, PagerDuty, Server, Webhook
from wedtui.clock import SystemClock
from wedtui.config_notify import ChannelSection
from wedtui.core.notify import LONGEST_KEY, Answer, Event, Level, Message, Notice, Verdict
from wedtui.notify.channels import channel_of

AT = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
KINDS: dict[str, type[Server]] = {"pagerduty": PagerDuty, "webhook": Webhook}


def message(event: Event = Event.TRIGGER, **other: object) -> Message:
    said = {"sentence": "action 7 (failover aws) is handed over", "details": {"action": 7, "by": "ada"}, **other}
    return Message(3, "action/7", "wedtui/action/7/5f", event, Level.CRITICAL, created_at=AT, **said)  # type: ignore[arg-type]


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def server(kind: str) -> Iterator[Server]:
    with KINDS[kind]() as made:
        yield made


def sent(folder: Path, kind: str, server: Server, what: Message | None = None, timeout: str = "2s") -> Answer:
    return asyncio.run(channel(folder, kind, server, timeout).send(what or message()))


def test_an_episode_begins_and_ends(tmp_path: Path, kind: str, server: Server) -> None:
    for event in Event:
        assert sent(tmp_path, kind, server, message(event)) == Answer(Verdict.ACCEPTED)
    assert server.asked == [(said, "wedtui/action/7/5f") for said in ("trigger", "acknowledge", "resolve")]


def test_pagerduty_knows_what_it_has(tmp_path: Path) -> None:
    with PagerDuty() as server:
        sent(tmp_path, "pagerduty", server)
        sent(tmp_path, "pagerduty", server)
        assert (server.opened, server.open) == (1, ["action 7 (failover aws) is handed over"])
        sent(tmp_path, "pagerduty", server, message(Event.RESOLVE))
        assert server.open == []


def test_the_longest_that_can_be_told_is_taken(tmp_path: Path, kind: str, server: Server) -> None:
    details = {f"{n}": "ü" * 5000 for n in range(100)}
    said = Notice("ü" * LONGEST_KEY, Level.INFO, "ü" * 5000, details).bounded()
    longest = Message(
        1, said.key, f"wedtui/{said.key}/{2**55:x}", Event.TRIGGER, said.severity, said.sentence, said.details, AT
    )
    assert sent(tmp_path, kind, server, longest).verdict is Verdict.ACCEPTED


def test_a_webhook_says_the_same_by_the_same_key(tmp_path: Path) -> None:
    with Webhook() as server:
        for event in (Event.TRIGGER, Event.TRIGGER, Event.RESOLVE):
            sent(tmp_path, "webhook", server, message(event))
        assert server.keys[0] == server.keys[1] != server.keys[2]
        assert server.bodies[0] == {
            "version": 1,
            "source": "wedtui/production",
            "notification": 3,
            "key": "action/7",
            "episode": "wedtui/action/7/5f",
            "event": "trigger",
            "severity": "critical",
            "sentence": "action 7 (failover aws) is handed over",
            "details": {"action": 7, "by": "ada"},
            "created_at": "2026-06-20T14:02:00.000000Z",
        }


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("429:45", (Verdict.LIMITED, "answered 429", 45)),
        ("429", (Verdict.LIMITED, "answered 429", 0)),
        ("503:7", (Verdict.LATER, "answered 503", 7)),
        ("503:Fri, 31 Dec 1999 23:59:59 GMT", (Verdict.LATER, "answered 503", 0)),
        ("503:soon", (Verdict.LATER, "answered 503", 0)),
        ("500", (Verdict.LATER, "answered 500", 0)),
        ("400", (Verdict.REFUSED, "answered 400", 0)),
        ("404", (Verdict.REFUSED, "answered 404", 0)),
        ("redirect", (Verdict.LATER, "answered 302", 0)),
        ("close", (Verdict.LATER, "could not be asked", 0)),
        ("lost", (Verdict.LATER, "could not be asked", 0)),
    ],
)
def test_each_answer_is_what_it_says(
    tmp_path: Path, kind: str, server: Server, fault: str, said: tuple[Verdict, str, int]
) -> None:
    verdict, words, after = said
    server.faults = [fault]
    answer = sent(tmp_path, kind, server)
    assert (answer.verdict, answer.after) == (verdict, timedelta(seconds=after))
    assert words in answer.words
    assert ("is no good" in answer.words) == fault[0].isdigit()
    for hidden in (ROUTING_KEY, HMAC_KEY, "T0SECRET"):
        assert hidden not in answer.words
    assert sent(tmp_path, kind, server).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("fault", ["200", "202"])
def test_pagerduty_accepts_with_202_and_its_own_word_alone(tmp_path: Path, fault: str) -> None:
    with PagerDuty(faults=[fault]) as server:
        assert sent(tmp_path, "pagerduty", server).verdict is Verdict.LATER


def test_what_hangs_has_a_time_of_its_own(tmp_path: Path, kind: str, server: Server) -> None:
    server.faults = ["hang"]
    answer = sent(tmp_path, kind, server, timeout="100ms")
    assert (answer.verdict, "did not answer within 0.1 s" in answer.words) == (Verdict.LATER, True)


def test_nobody_there_is_an_answer_too(tmp_path: Path, kind: str) -> None:
    with KINDS[kind]() as gone:
        made = channel(tmp_path, kind, gone)
    answer = asyncio.run(made.send(message()))
    assert (answer.verdict, "could not be asked (ConnectError)" in answer.words) == (Verdict.LATER, True)


def test_a_secret_that_is_not_there_may_come(tmp_path: Path, kind: str, server: Server) -> None:
    made = channel(tmp_path, kind, server)
    for file in tmp_path.iterdir():
        file.unlink()
    answer = asyncio.run(made.send(message()))
    assert (answer.verdict, server.requests) == (Verdict.LATER, 0)
    assert "should hold a secret and cannot be read" in answer.words


def test_a_wrong_key_is_a_refusal_in_their_words(tmp_path: Path) -> None:
    with PagerDuty() as server:
        made = section(tmp_path, "pagerduty", server)
        (tmp_path / "routing").write_text("f" * 32)
        found = channel_of("oncall", made, environment="production", clock=SystemClock())
        answer = asyncio.run(found.send(message()))
        assert answer.verdict is Verdict.REFUSED
        assert "answered 400: Event object is invalid; invalid routing key" in answer.words


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"kind": "pagerduty"}, "expected routing_key beside kind"),
        ({"kind": "webhook"}, "expected url beside kind"),
        ({"kind": "webhook", "url": "https://h.example", "routing_key": {"env": "K"}}, "expected no routing_key"),
        ({"kind": "pagerduty", "routing_key": {"env": "K"}, "headers": {}}, "expected no headers"),
        ({"kind": "pagerduty", "routing_key": "0" * 32}, "where the secret is found"),
        ({"kind": "pager", "routing_key": {"env": "K"}}, "kind"),
    ],
)
def test_what_does_not_fit_is_refused(written: dict[str, object], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        ChannelSection.model_validate(written)

"""Silences and broadcasts in the ledger: each with its reason, on the audit chain, and in the timeline of changes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ledger.base import HOUR, NOW, reading, writing
from tests.places import PLACES
from wedtui.core.alerts.memory import AlertState, Phase, Reason
from wedtui.core.alerts.rule import RuleBook, Severity, Where
from wedtui.core.alerts.silences import Preview, Silence
from wedtui.core.alerts.standing import AlertIs
from wedtui.core.alerts.track import labels_of
from wedtui.core.changes import ChangeQuery
from wedtui.core.notify import Level
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.alerts import AlertKeeper, Known, Turn
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.ledger.silence_reader import SilenceEntry, SilenceReader
from wedtui.ledger.silences import _judged_by

MINUTE = timedelta(minutes=1)
ASKED = Silence(0, Where({"provider": ("aws", "gcp")}), (), "it is being moved", "ada", NOW, NOW + HOUR)
FIRES = AlertIs("down", labels_of({"provider": "aws"}), Phase.FIRING, Severity.CRITICAL, Reason.CONDITION, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of a server, which is not that of who asks."""
    at = [NOW]
    monkeypatch.setattr("wedtui.ledger.silences.database_now", lambda _connection: at[0])
    return at


def listed(path: Path, hours: float = 0) -> tuple[SilenceEntry, ...]:
    with closing(SilenceReader(PLACES.url(path))) as reader:
        return reader.silences(NOW + hours * HOUR)


def links(path: Path) -> list[tuple[str, str, Any]]:
    with closing(AuditReader(PLACES.url(path))) as reader:
        found = [link for link in map(link_of, reader.written()) if link is not None]
    return [(link.kind, link.person, link.body) for link in found]


def holding(path: Path, hours: float) -> tuple[Silence, ...]:
    """Return the silences with which a round begins."""
    seen: list[Known] = []

    def work(known: Known) -> Turn:
        seen.append(known)
        return Turn(AlertState(known.now, {}), known.telling)

    with closing(AlertKeeper(PLACES.url(path), "one", clock=lambda _connection: NOW + hours * HOUR)) as keeper:
        keeper.turn(work)
    return seen[0].silences


def test_what_is_silenced_holds_in_rounds_until_its_end(path: Path) -> None:
    with writing(path) as ledger:
        made = ledger.silence_alerts(ASKED, RuleBook(), Preview((FIRES,), (), 1))
    assert made == SilenceEntry(1, (), ASKED.where.wanted, ASKED.reason, "ada", NOW, NOW + HOUR)
    assert holding(path, 0.5) == (replace(ASKED, number=1),)
    assert holding(path, 1) == ()
    assert (listed(path, 0.5), listed(path, 1)) == ((made,), ())
    [(kind, person, body)] = links(path)
    assert (kind, person) == ("alert.silence", "ada")
    assert body["labels"] == {"provider": ["aws", "gcp"]}
    assert (body["silence"], body["reason"], body["hides"]) == (1, "it is being moved", {"firing": 1, "pending": 0})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (replace(ASKED, reason=" "), "expected a reason"),
        (replace(ASKED, until=NOW + 25 * HOUR), "within 1d"),
        (replace(ASKED, until=NOW), "still to come"),
        (replace(ASKED, where=Where()), "a silence of everything"),
        (replace(ASKED, rules=("never",)), 'there is no rule "never"'),
    ],
)
def test_what_may_not_be_silenced_leaves_nothing(path: Path, asked: Silence, said: str) -> None:
    with writing(path) as ledger, pytest.raises(ConfigurationError, match=said):
        ledger.silence_alerts(asked, RuleBook(), None)
    assert (listed(path), links(path)) == ((), [])


def test_one_that_is_ended_early_holds_no_more_and_stays_on_record(path: Path, judged: list[datetime]) -> None:
    with writing(path) as ledger:
        ledger.silence_alerts(ASKED, RuleBook(), None)
        judged[0] = NOW + 10 * MINUTE
        ended = ledger.end_silence(1, by="bo", at=NOW + 10 * MINUTE, reason="it is moved")
        assert (ended.ended_by, ended.end_reason, ended.end) == ("bo", "it is moved", NOW + 10 * MINUTE)
        with pytest.raises(ConflictError, match="silence 1 ended at 2026-06-03 09:10:00 UTC, ended by bo"):
            ledger.end_silence(1, by="bo", at=NOW + 11 * MINUTE, reason="again")
        with pytest.raises(NotFoundError, match="there is no silence 9"):
            ledger.end_silence(9, by="bo", at=NOW, reason="none")
    assert holding(path, 0.2) == ()
    assert (listed(path, 0.2), listed(path)) == ((), (ended,))
    assert [(kind, person) for kind, person, _body in links(path)] == [
        ("alert.silence", "ada"),
        ("alert.unsilence", "bo"),
    ]


@pytest.mark.parametrize("ahead", [-30, 30])
def test_it_holds_by_the_clock_by_which_alerts_are_judged(path: Path, ahead: int, judged: list[datetime]) -> None:
    judged[0] = NOW + ahead * MINUTE
    with writing(path) as ledger:
        made = ledger.silence_alerts(ASKED, RuleBook(), None)
        assert (made.since, made.until) == (judged[0] if PLACES.on_server else NOW, NOW + HOUR)
        day = replace(ASKED, until=NOW + 24 * HOUR)
        if PLACES.on_server and ahead < 0:
            with pytest.raises(ConfigurationError, match="within 1d"):
                ledger.silence_alerts(day, RuleBook(), None)
        else:
            assert ledger.silence_alerts(day, RuleBook(), None).until == NOW + 24 * HOUR
        if PLACES.on_server:
            # By a machine whose clock is wrong it is over, and it holds all the same.
            ended = ledger.end_silence(1, by="bo", at=NOW + 2 * HOUR, reason="done")
            assert ended.ended_at == judged[0]


@pytest.mark.parametrize(("dialect", "by"), [("postgresql", "the server"), ("sqlite", "this machine")])
def test_a_server_says_by_which_clock_a_silence_holds(dialect: str, by: str, judged: list[datetime]) -> None:
    judged[0] = NOW + HOUR
    connection: Any = SimpleNamespace(dialect=SimpleNamespace(name=dialect))
    assert _judged_by(connection, NOW) == (NOW + HOUR if by == "the server" else NOW)


def test_there_are_never_more_than_can_be_listed(
    path: Path, judged: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedtui.ledger.silences.MOST", 2)
    with writing(path) as ledger:
        for _ in range(2):
            ledger.silence_alerts(ASKED, RuleBook(), None)
        with pytest.raises(ConflictError, match="2 silences hold already: end some"):
            ledger.silence_alerts(ASKED, RuleBook(), None)
        ledger.end_silence(1, by="bo", at=NOW, reason="done")
        assert ledger.silence_alerts(ASKED, RuleBook(), None).id == 3
        judged[0] = NOW + HOUR
        later = replace(ASKED, since=NOW + HOUR, until=NOW + 2 * HOUR)
        assert ledger.silence_alerts(later, RuleBook(), None).id == 4, "those that are over take no place"
    assert len(links(path)) == 5


def test_one_that_ended_by_itself_cannot_be_ended(path: Path, judged: list[datetime]) -> None:
    with writing(path) as ledger:
        ledger.silence_alerts(ASKED, RuleBook(), None)
        judged[0] = NOW + HOUR
        with pytest.raises(ConflictError, match="there is nothing to end"):
            ledger.end_silence(1, by="bo", at=NOW + HOUR, reason="late")


def test_silences_stand_in_the_timeline(path: Path, judged: list[datetime]) -> None:
    with writing(path) as ledger:
        for minutes in (0, 20):
            judged[0] = NOW + minutes * MINUTE
            asked = replace(ASKED, since=NOW + minutes * MINUTE, until=NOW + minutes * MINUTE + HOUR)
            ledger.silence_alerts(asked, RuleBook(), None)
        judged[0] = NOW + 30 * MINUTE
        ledger.end_silence(2, by="bo", at=NOW + 30 * MINUTE, reason="done")
    with reading(path) as reader:
        told = reader.changes(ChangeQuery(NOW, NOW + 2 * HOUR)).changes
    assert [(each.at - NOW, each.who, each.sentence) for each in sorted(told, key=lambda each: each.order)] == [
        (
            0 * MINUTE,
            "ada",
            "silence 1 of alerts where provider is aws or gcp, to 2026-06-03 10:00:00 UTC: it is being moved",
        ),
        (
            20 * MINUTE,
            "ada",
            "silence 2 of alerts where provider is aws or gcp, to 2026-06-03 10:20:00 UTC: it is being moved",
        ),
        (30 * MINUTE, "bo", "silence 2 ended: done"),
        (60 * MINUTE, None, "silence 1 ended by itself"),
    ]


def test_a_broadcast_is_for_every_channel_each_time_it_is_said(path: Path) -> None:
    with writing(path) as ledger:
        for _ in range(2):
            ledger.broadcast("all\nhands", Level.WARNING, by="ada", at=NOW, channels=("pagerduty", "slack"))
    with closing(OutboxReader(PLACES.url(path))) as reader:
        found = reader.notifications()
    assert [(each.sentence, each.severity, each.everybody, each.event) for each in found] == [
        ("ada tells everybody: all hands", "warning", True, "trigger")
    ] * 2
    assert [(kind, person, body["message"], body["channels"]) for kind, person, body in links(path)] == [
        ("broadcast", "ada", "all hands", ["pagerduty", "slack"])
    ] * 2


@pytest.mark.parametrize(
    ("message", "channels", "said"),
    [
        ("\n ", ("slack",), "expected a message that says something"),
        ("x" * 501, ("slack",), "at most 500 characters"),
        ("fire", (), "no channel is configured"),
    ],
)
def test_what_nobody_would_be_told_is_refused(path: Path, message: str, channels: tuple[str, ...], said: str) -> None:
    with writing(path) as ledger, pytest.raises(ConfigurationError, match=said):
        ledger.broadcast(message, Level.INFO, by="ada", at=NOW, channels=channels)
    assert links(path) == []

"""The outbox: one episode tells once, of a key only the oldest leaves, one service sends, and nothing is swallowed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.base import NOW
from tests.places import PLACES
from wedtui.core.life import Life
from wedtui.core.notify import TOO_OLD, Answer, Event, Level, Notice, Verdict
from wedtui.errors import ConflictError, NotFoundError
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox import LEASE, SAME_AGAIN, Attempt, Outbox
from wedtui.ledger.outbox_reader import NoticeEntry, OutboxReader

SECOND = timedelta(seconds=1)
BOTH = ("pagerduty", "chat")
ACCEPTED, LATER = Answer(Verdict.ACCEPTED), Answer(Verdict.LATER, "500")
NEVER = Answer(Verdict.REFUSED, "answered 400")


class Desk:
    """An outbox by a clock that the test moves."""

    def __init__(self, url: str) -> None:
        self.url, self.at = url, NOW
        self.outbox = Outbox(url, clock=lambda _connection: self.at)

    def page(self, key: str = "k", sentence: str = "down", *, everybody: bool = False) -> int | None:
        return self.outbox.post(Notice(key, Level.CRITICAL, sentence, {"n": 1}, everybody=everybody))

    def due(self, channels: tuple[str, ...] = BOTH, holder: str = "me") -> tuple[Attempt, ...]:
        taken = self.outbox.take(holder, channels)
        assert taken is not None
        return taken

    def told(self, answer: Answer = ACCEPTED, channels: tuple[str, ...] = BOTH) -> list[tuple[str, str]]:
        """Have everything that is due answered so; return channel and sentence of each."""
        due = self.due(channels)
        for attempt in due:
            self.outbox.conclude(attempt, answer, channels)
        return [(attempt.channel, attempt.message.sentence) for attempt in due]

    def listed(self) -> tuple[NoticeEntry, ...]:
        reader = OutboxReader(self.url)
        try:
            return reader.notifications()
        finally:
            reader.close()

    def stages(self) -> list[str]:
        return [each.stage for each in reversed(self.listed())]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(PLACES.url(tmp_path / "l.db"))
    yield made
    made.outbox.close()


def test_what_is_accepted_is_sent_and_told_once(desk: Desk) -> None:
    desk.page()
    (attempt,) = desk.due()
    message = attempt.message
    assert (attempt.channel, message.event, message.sentence, message.details) == (
        "pagerduty",
        Event.TRIGGER,
        "down",
        {"n": 1},
    )
    desk.outbox.conclude(attempt, ACCEPTED, BOTH)
    assert desk.due() == ()
    (entry,) = desk.listed()
    assert (entry.stage, entry.ended_at, [d.state for d in entry.deliveries]) == ("sent", NOW, ["accepted"])


def test_an_episode_tells_once_until_it_is_over(desk: Desk) -> None:
    assert desk.page() is not None
    assert desk.page() is None
    desk.told()
    assert desk.page() is None
    first = desk.listed()[0]
    desk.outbox.over("k", "well again")
    desk.outbox.over("k", "well again")
    assert desk.told() == [("pagerduty", "well again")]
    desk.at += SECOND
    assert desk.page() is not None
    ((attempt),) = desk.due()
    assert attempt.message.episode != f"wedtui/k/{first.id}"
    assert [each.event for each in desk.listed()] == ["trigger", "resolve", "trigger"]


def test_nobody_is_told_the_end_of_what_nobody_was_told_of(desk: Desk) -> None:
    desk.outbox.over("k", "well again")
    assert desk.listed() == ()
    desk.page()
    desk.outbox.over("k", "well again")
    assert desk.told(NEVER) == [("pagerduty", "down")]
    assert desk.told(NEVER) == [("chat", "down")]
    assert desk.told() == []
    assert desk.stages() == ["dead", "sent"]


def test_of_a_key_only_the_oldest_leaves(desk: Desk) -> None:
    desk.page("a", "a is down")
    desk.outbox.over("a", "a is well")
    desk.page("b", "b is down")
    first, second = desk.due()
    assert (first.message.sentence, second.message.sentence) == ("a is down", "b is down")
    desk.outbox.conclude(second, ACCEPTED, BOTH)
    desk.outbox.conclude(first, LATER, BOTH)
    assert desk.due() == ()
    desk.at += SECOND
    assert desk.told() == [("pagerduty", "a is down")]
    assert desk.told() == [("pagerduty", "a is well")]


def test_a_channel_that_is_away_gets_it_later_and_the_next_one_after_15_s(desk: Desk) -> None:
    desk.page()
    asked: list[tuple[float, str]] = []
    while (desk.at - NOW).total_seconds() <= 20:
        for attempt in desk.due():
            asked.append(((desk.at - NOW).total_seconds(), attempt.channel))
            desk.outbox.conclude(attempt, LATER, BOTH)
        desk.at += 0.5 * SECOND
    first = [at for at, channel in asked if channel == "pagerduty"]
    assert first == [0, 1, 3, 7, 15]
    assert next(at for at, channel in asked if channel == "chat") == 15


def test_one_that_another_channel_accepted_is_spared_and_hears_the_end_where_it_may_have_begun(desk: Desk) -> None:
    desk.page()
    assert desk.told(LATER) == [("pagerduty", "down")]
    desk.at += 15 * SECOND
    due = {attempt.channel: attempt for attempt in desk.due()}
    desk.outbox.conclude(due["chat"], ACCEPTED, BOTH)
    assert [(d.channel, d.state) for d in desk.listed()[0].deliveries] == [
        ("pagerduty", "spared"),
        ("chat", "accepted"),
    ]
    desk.at += 60 * SECOND
    assert desk.due() == ()
    desk.outbox.over("k", "well again")
    # Its answer was lost: it may have begun there.
    assert sorted(desk.told()) == [("chat", "well again"), ("pagerduty", "well again")]
    assert desk.stages() == ["sent", "sent"]


def test_what_everybody_is_to_know_every_channel_is_told(desk: Desk) -> None:
    desk.page(everybody=True)
    due = {attempt.channel: attempt for attempt in desk.due()}
    assert sorted(due) == ["chat", "pagerduty"]
    desk.outbox.conclude(due["chat"], ACCEPTED, BOTH)
    desk.outbox.conclude(due["pagerduty"], LATER, BOTH)
    assert desk.stages() == ["waiting"]
    desk.at += SECOND
    assert desk.told() == [("pagerduty", "down")]
    assert desk.stages() == ["sent"]


def test_what_no_channel_takes_is_a_dead_letter_until_a_person_looked(desk: Desk) -> None:
    number = desk.page()
    assert number is not None
    desk.told(NEVER)
    desk.told(NEVER)
    assert desk.stages() == ["dead"]
    reader = OutboxReader(desk.url)
    assert (reader.standing().dead, reader.standing().dead_problem) == (1, "answered 400")
    assert desk.page() is None
    ledger = Ledger(desk.url)
    try:
        with pytest.raises(NotFoundError, match="there is no notification 99"):
            ledger.dismiss_notification(99, by="ada", at=NOW, reason="seen")
        ended = ledger.dismiss_notification(number, by="ada", at=NOW, reason="the key was wrong")
        assert (ended.stage, ended.ended_by) == ("dismissed", "ada")
        with pytest.raises(ConflictError, match="is dismissed, and no dead letter"):
            ledger.dismiss_notification(number, by="ada", at=NOW, reason="again")
    finally:
        ledger.close()
    assert reader.standing().dead == 0
    reader.close()
    desk.at += SECOND
    assert desk.page() is not None


def test_a_dead_letter_holds_nobody_back_for_long(desk: Desk) -> None:
    desk.page()
    desk.told(NEVER)
    desk.told(NEVER)
    desk.at += SAME_AGAIN - SECOND
    assert desk.page() is None
    desk.at += SECOND
    assert desk.page() is not None
    assert desk.told() == [("pagerduty", "down")]


def test_without_a_channel_it_waits_for_a_day_and_is_then_a_dead_letter(desk: Desk) -> None:
    desk.page()
    assert desk.due(()) == ()
    desk.at += TOO_OLD - SECOND
    assert desk.due(()) == ()
    assert desk.stages() == ["waiting"]
    desk.at += SECOND
    assert desk.due(BOTH) == ()
    assert desk.stages() == ["dead"]


def test_one_service_sends_and_who_lost_it_stores_nothing(desk: Desk) -> None:
    desk.page()
    (mine,) = desk.due(holder="first")
    assert desk.outbox.take("second", BOTH) is None
    desk.at += LEASE - SECOND
    desk.due(holder="first")
    desk.at += LEASE - SECOND
    assert desk.outbox.take("second", BOTH) is None
    desk.at += SECOND
    theirs = desk.outbox.take("second", BOTH)
    assert theirs is not None
    assert desk.outbox.take("first", BOTH) is None
    with pytest.raises(ConflictError, match="another service sends by now"):
        desk.outbox.conclude(mine, ACCEPTED, BOTH)
    assert desk.stages() == ["waiting"]
    desk.outbox.conclude(theirs[0], ACCEPTED, BOTH)
    assert desk.stages() == ["sent"]


def test_a_later_life_of_the_same_service_sends_at_once_and_the_earlier_one_stores_nothing(desk: Desk) -> None:
    first, other, second = Life("a", "lock", 1).name, Life("b", "another", 2).name, Life("c", "lock", 3).name
    desk.page()
    (mine,) = desk.due(holder=first)
    assert desk.outbox.take(other, BOTH) is None
    assert desk.outbox.take(second, BOTH) is not None
    assert desk.outbox.take(first, BOTH) is None
    with pytest.raises(ConflictError, match="another service sends by now"):
        desk.outbox.conclude(mine, ACCEPTED, BOTH)


def test_what_is_under_way_or_held_is_not_taken_again(desk: Desk) -> None:
    number = desk.page()
    assert number is not None
    assert desk.outbox.take("me", BOTH, busy=frozenset({(number, "pagerduty")})) == ()
    assert desk.outbox.take("me", BOTH, held=frozenset({"pagerduty"})) == ()
    assert len(desk.due()) == 1


def test_what_has_to_be_looked_at_is_never_pushed_out_of_the_list(desk: Desk) -> None:
    desk.page("dead")
    desk.told(NEVER)
    desk.told(NEVER)
    for n in range(5):
        desk.page(f"k{n}")
    desk.told()
    reader = OutboxReader(desk.url)
    assert [each.key for each in reader.notifications(most=2)] == ["k4", "k3", "dead"]
    reader.close()

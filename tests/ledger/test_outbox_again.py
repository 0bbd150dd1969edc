"""What a channel accepted and may have lost is put to it again: a few times, never behind what is newer, and unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.base import NOW
from tests.places import PLACES
from wedtui.core.notify import Answer, Event, Level, Notice, Verdict
from wedtui.errors import ConflictError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import LEASE, Attempt, Outbox
from wedtui.ledger.outbox_reader import NoticeEntry, OutboxReader

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
BOTH = ("pager", "chat")
ACCEPTED = Answer(Verdict.ACCEPTED)
LATER, NEVER = Answer(Verdict.LATER, "answered 500"), Answer(Verdict.REFUSED, "answered 400")


class Desk:
    """An outbox whose pager may lose what it accepts, by a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.place, self.at = folder / "l.db", NOW
        self.url = PLACES.url(self.place)
        self.outbox = self.opened()

    def opened(self, *lossy: str) -> Outbox:
        return Outbox(self.url, clock=lambda _connection: self.at, may_lose=frozenset(lossy or {"pager"}))

    def begins(self, *, everybody: bool = False) -> None:
        self.outbox.post(Notice("k", Level.CRITICAL, "down", everybody=everybody))

    def taken(self, by: str = "ada") -> None:
        self.outbox.post(Notice("k", Level.INFO, f"{by} has it", event=Event.ACKNOWLEDGE))

    def over(self) -> None:
        self.outbox.over("k", "well again")

    def due(self, channels: tuple[str, ...] = BOTH, holder: str = "me") -> tuple[Attempt, ...]:
        taken = self.outbox.take(holder, channels)
        assert taken is not None
        return taken

    def told(self, answer: Answer = ACCEPTED, channels: tuple[str, ...] = BOTH) -> list[tuple[str, str]]:
        """Have everything that is due answered so, until nothing is; return channel and sentence of each."""
        said: list[tuple[str, str]] = []
        while due := self.due(channels):
            for attempt in due:
                self.outbox.conclude(attempt, answer, channels)
                said.append((attempt.channel, attempt.message.sentence))
        return said

    def ended(self) -> None:
        """Have an episode begin and end, and everybody accept that."""
        self.begins()
        self.over()
        assert self.told() == [("pager", "down"), ("pager", "well again")]

    def later(self, until: timedelta, answer: Answer = ACCEPTED) -> list[tuple[timedelta, str]]:
        """Let time pass; return what is put to whom after how long."""
        found, since = [], self.at
        while self.at - since < until:
            self.at += MINUTE
            found += [(self.at - since, f"{to}: {sentence}") for to, sentence in self.told(answer)]
        return found

    def waits(self) -> bool:
        with closing(OutboxReader(self.url)) as reader:
            return reader.waits(self.at)

    def listed(self) -> tuple[NoticeEntry, ...]:
        with closing(OutboxReader(self.url)) as reader:
            return reader.notifications()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.outbox.close()


def test_an_end_is_told_again_after_2_minutes_10_more_and_an_hour_more(desk: Desk) -> None:
    desk.ended()
    again = "pager: well again"
    assert desk.later(timedelta(hours=5)) == [(2 * MINUTE, again), (12 * MINUTE, again), (72 * MINUTE, again)]
    assert not desk.waits()


def test_an_acknowledgement_is_told_again_for_five_minutes(desk: Desk) -> None:
    desk.begins()
    desk.taken()
    desk.told()
    assert desk.later(timedelta(hours=5)) == [(2 * MINUTE, "pager: ada has it"), (5 * MINUTE, "pager: ada has it")]


def test_a_beginning_is_told_again_once_before_anybody_else_is_called(desk: Desk) -> None:
    desk.begins()
    desk.told()
    desk.at += 44 * SECOND
    assert desk.told() == []
    desk.at += SECOND
    assert desk.told() == [("pager", "down")]
    assert desk.later(timedelta(hours=5)) == []


def test_a_beginning_that_somebody_has_is_told_no_more(desk: Desk) -> None:
    desk.begins()
    desk.told()
    desk.taken()
    desk.told()
    desk.at += 45 * SECOND
    assert desk.told() == []


def test_a_channel_that_loses_nothing_is_told_once(desk: Desk) -> None:
    desk.begins(everybody=True)
    desk.over()
    desk.told()
    assert {said for _, said in desk.later(timedelta(hours=5))} == {"pager: well again"}


def test_nor_is_anything_looked_for_that_it_could_be_told_again(desk: Desk) -> None:
    desk.begins()
    desk.over()
    desk.told(channels=("chat",))
    desk.at += 2 * MINUTE
    assert not desk.waits()


@pytest.mark.parametrize("answer", [LATER, Answer(Verdict.LIMITED, "answered 429")])
def test_what_it_does_not_take_again_counts_too_and_stands_nowhere(desk: Desk, answer: Answer) -> None:
    desk.ended()
    before = desk.listed()
    assert len(desk.later(timedelta(hours=5), answer)) == 3
    assert desk.listed() == before, "that it was accepted stays what is known of it"
    with closing(OutboxReader(desk.url)) as reader:
        standing = reader.standing(frozenset({"pager"}), NOW)
    assert (standing.waiting, standing.dead, standing.given_up) == (0, 0, ())


def test_what_it_refuses_it_is_not_told_again(desk: Desk) -> None:
    desk.ended()
    assert len(desk.later(timedelta(hours=5), NEVER)) == 1
    assert [each.stage for each in desk.listed()] == ["sent", "sent"]


class TestNewer:
    """What is newer of an episode is told; what was said before it is told no more."""

    def test_an_acknowledgement_is_not_told_again_behind_the_end(self, desk: Desk) -> None:
        desk.begins()
        desk.taken()
        desk.told()
        desk.at += MINUTE
        desk.over()
        desk.told()
        assert {said for _, said in desk.later(timedelta(hours=5))} == {"pager: well again"}

    def test_nor_while_the_end_is_not_taken_yet(self, desk: Desk) -> None:
        desk.begins()
        desk.taken()
        desk.told()
        desk.at += 2 * MINUTE - SECOND
        desk.over()
        desk.told(LATER)
        desk.at += SECOND
        assert desk.told(LATER) == [("pager", "well again")]

    def test_nor_behind_another_who_has_it(self, desk: Desk) -> None:
        desk.begins()
        desk.taken()
        desk.told()
        desk.at += MINUTE
        desk.taken("bo")
        desk.told()
        assert desk.later(timedelta(hours=5)) == [(2 * MINUTE, "pager: bo has it"), (5 * MINUTE, "pager: bo has it")]

    def test_an_end_is_told_again_by_its_own_episode_beside_the_one_that_began_since(self, desk: Desk) -> None:
        desk.ended()
        desk.at += MINUTE + 30 * SECOND
        desk.begins()
        (begun,) = desk.due()
        desk.outbox.conclude(begun, ACCEPTED, BOTH)
        desk.at += 30 * SECOND
        (again,) = desk.due()
        assert (again.message.event, again.again) == (Event.RESOLVE, True)
        # By this a channel knows which it is: the one that began since is not over.
        assert again.message.episode != begun.message.episode

    def test_an_end_is_not_told_again_behind_a_beginning_that_a_channel_takes_for_the_same(self, desk: Desk) -> None:
        desk.ended()
        desk.at += MINUTE
        desk.begins()
        desk.told()
        # As if both had begun in the same microsecond.
        PLACES.execute(
            desk.place, LEDGER, "UPDATE notification SET episode = (SELECT min(episode) FROM notification WHERE id = 1)"
        )
        assert desk.later(timedelta(hours=5)) == [(MINUTE, "pager: down")]

    def test_what_is_told_again_keeps_nothing_of_its_key_waiting(self, desk: Desk) -> None:
        desk.ended()
        desk.at += 2 * MINUTE
        (again,) = desk.due()
        desk.begins()
        busy = frozenset({(again.message.number, again.channel)})
        assert [each.message.sentence for each in desk.outbox.take("me", BOTH, busy=busy) or ()] == ["down"]
        desk.outbox.conclude(again, LATER, BOTH)
        assert desk.told() == [("pager", "down")]


class TestTurns:
    """What was never told goes first; and one at a time."""

    def test_a_channel_that_has_something_new_to_take_is_told_that_alone(self, desk: Desk) -> None:
        desk.ended()
        desk.at += 2 * MINUTE
        desk.outbox.post(Notice("other", Level.CRITICAL, "down too"))
        (first,) = desk.due()
        assert first.message.sentence == "down too"
        assert desk.told() == [("pager", "down too"), ("pager", "well again")]

    def test_of_several_the_one_that_was_due_first(self, desk: Desk) -> None:
        for key in ("a", "b"):
            desk.outbox.page(key, "critical", "down", {})
            desk.outbox.over(key, f"{key} is well")
            desk.told()
            desk.at += SECOND
        desk.at += 2 * MINUTE
        assert [each.message.sentence for each in desk.due()] == ["a is well"]
        assert desk.told() == [("pager", "a is well"), ("pager", "b is well")]

    def test_what_is_under_way_or_held_is_not_put_again(self, desk: Desk) -> None:
        desk.ended()
        desk.at += 2 * MINUTE
        assert desk.outbox.take("me", BOTH, busy=frozenset({(2, "pager")})) == ()
        assert desk.outbox.take("me", BOTH, held=frozenset({"pager"})) == ()
        assert len(desk.due()) == 1

    def test_it_is_looked_for_only_once_it_is_due(self, desk: Desk) -> None:
        desk.ended()
        desk.at += MINUTE
        # That it began is told no more: it is over.
        assert (desk.waits(), desk.due()) == (True, ())
        desk.at += MINUTE - SECOND
        assert (desk.waits(), desk.due()) == (False, ())
        desk.at += SECOND
        assert (desk.waits(), len(desk.due())) == (True, 1)


class TestLater:
    """It is the ledger that remembers it, whoever sends."""

    def test_who_sends_next_tells_it_again_and_who_lost_the_sending_stores_nothing(self, desk: Desk) -> None:
        desk.ended()
        desk.at += 2 * MINUTE
        (mine,) = desk.due(holder="me")
        desk.at += LEASE
        (theirs,) = desk.due(holder="another")
        assert (theirs.channel, theirs.message.sentence, theirs.again) == ("pager", "well again", True)
        with pytest.raises(ConflictError, match="another service sends by now"):
            desk.outbox.conclude(mine, ACCEPTED, BOTH)
        assert len(desk.due(holder="another")) == 1
        desk.outbox.conclude(theirs, ACCEPTED, BOTH)
        assert desk.due(holder="another") == ()

    def test_after_a_restart_it_is_told_again(self, desk: Desk) -> None:
        desk.ended()
        desk.outbox.close()
        desk.outbox = desk.opened()
        assert len(desk.later(timedelta(hours=5))) == 3

    def test_an_end_is_told_again_after_hours_without_a_service_and_who_had_it_then_is_not(self, desk: Desk) -> None:
        for key, event in (("k", Event.RESOLVE), ("other", Event.ACKNOWLEDGE)):
            desk.outbox.page(key, "critical", "down", {})
            desk.outbox.post(Notice(key, Level.INFO, event.value, event=event))
        desk.told()
        desk.at += timedelta(hours=8)
        assert desk.told() == [("pager", "resolve")]

    @pytest.mark.parametrize("there", [("chat",), BOTH])
    def test_a_channel_that_is_gone_or_loses_nothing_any_more_is_not_looked_for(
        self, desk: Desk, there: tuple[str, ...]
    ) -> None:
        desk.ended()
        desk.at += 2 * MINUTE
        desk.outbox.close()
        desk.outbox = desk.opened("chat")
        assert desk.told(channels=there) == []
        assert not desk.waits()

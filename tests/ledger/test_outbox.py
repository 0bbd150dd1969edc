"""The outbox: one episode tells once, of a key only the oldest leaves, one service sends, and nothing is swallowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.ledger.base import NOW
from tests.places import PLACES
from wedtui.core.life import Life
from wedtui.core.notify import POSTED_WITHIN, ROUTE, TOO_OLD, Answer, Event, Level, Notice, Reach, Verdict
from wedtui.core.oncall.climbing import Now, addressed
from wedtui.core.oncall.ladder import Kind, Ladder, Step, Target
from wedtui.core.oncall.plan import OnCallPlan
from wedtui.core.oncall.roster import Contact
from wedtui.core.season import Protection
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


class TestAcknowledging:
    def has(self, desk: Desk, by: str = "ada") -> int | None:
        return desk.outbox.post(Notice("k", Level.INFO, f"{by} has it", event=Event.ACKNOWLEDGE))

    def test_those_are_told_who_were_told_of_the_beginning(self, desk: Desk) -> None:
        desk.page()
        desk.told(LATER)
        desk.at += 20 * SECOND
        assert desk.told() == [("chat", "down"), ("pagerduty", "down")]
        self.has(desk)
        assert desk.told() == [("chat", "ada has it"), ("pagerduty", "ada has it")]
        desk.outbox.over("k", "well again")
        assert desk.told() == [("chat", "well again"), ("pagerduty", "well again")]
        assert [each.event for each in desk.listed()] == ["resolve", "acknowledge", "trigger"]

    def test_it_waits_for_the_beginning_and_the_end_waits_for_it(self, desk: Desk) -> None:
        desk.page()
        self.has(desk)
        desk.outbox.over("k", "well again")
        assert [desk.told(), desk.told(), desk.told()] == [
            [("pagerduty", "down")],
            [("pagerduty", "ada has it")],
            [("pagerduty", "well again")],
        ]
        assert len({each.key for each in desk.listed()}) == 1

    def test_of_what_is_over_or_never_began_nobody_has_anything(self, desk: Desk) -> None:
        assert self.has(desk) is None
        desk.page()
        desk.told()
        desk.outbox.over("k", "well again")
        assert self.has(desk) is None

    def test_a_beginning_after_it_tells_nobody_anew(self, desk: Desk) -> None:
        desk.page()
        desk.told()
        assert (self.has(desk), self.has(desk, "bo")) == (2, 3)
        assert desk.page() is None

    def test_what_nobody_took_begins_anew_although_somebody_has_it(self, desk: Desk) -> None:
        desk.page()
        self.has(desk)
        desk.told(NEVER)
        desk.told(NEVER)
        assert desk.told() == []
        assert desk.stages() == ["dead", "sent"]
        desk.at += SAME_AGAIN
        assert desk.page() is not None


class TestReach:
    REACH = Reach({"pagerduty": Level.ERROR}, {"platform": ("chat",)}, frozenset({"pagerduty"}))

    @pytest.fixture
    def reaching(self, tmp_path: Path) -> Iterator[Desk]:
        made = Desk(PLACES.url(tmp_path / "l.db"))
        made.outbox.close()
        made.outbox = Outbox(made.url, clock=lambda _connection: made.at, reach=self.REACH)
        yield made
        made.outbox.close()

    def test_a_warning_is_posted_and_calls_nobody(self, reaching: Desk) -> None:
        reaching.outbox.post(Notice("k", Level.WARNING, "warm"))
        assert reaching.told(LATER) == [("chat", "warm")]
        reaching.at += TOO_OLD
        reaching.told(LATER)
        assert reaching.stages() == ["dead"]

    def test_one_that_nobody_is_for_is_for_all(self, reaching: Desk) -> None:
        reaching.outbox.post(Notice("k", Level.WARNING, "warm"))
        assert reaching.told(channels=("pagerduty",)) == [("pagerduty", "warm")]

    def test_a_route_is_told_and_who_calls_is_called(self, reaching: Desk) -> None:
        reaching.outbox.post(Notice("k", Level.CRITICAL, "down", {ROUTE: "platform"}))
        reaching.outbox.post(Notice("w", Level.WARNING, "warm", {ROUTE: "platform"}))
        assert reaching.told(NEVER) == [("chat", "down"), ("pagerduty", "down"), ("chat", "warm")]

    @pytest.mark.parametrize("route", ["", "platform"])
    def test_a_post_that_is_accepted_calls_nobody_up(self, reaching: Desk, route: str) -> None:
        chat_first = ("chat", "pagerduty")
        reaching.outbox.post(Notice("k", Level.CRITICAL, "down", {ROUTE: route}))
        chat, call = reaching.due(chat_first)
        assert (chat.channel, call.channel) == chat_first
        reaching.outbox.conclude(chat, ACCEPTED, chat_first)
        reaching.outbox.conclude(call, LATER, chat_first)
        assert reaching.stages() == ["waiting"]
        reaching.at += SECOND
        assert reaching.told(ACCEPTED, chat_first) == [("pagerduty", "down")]
        assert reaching.stages() == ["sent"]
        reaching.outbox.over("k", "well again")
        assert reaching.told(ACCEPTED, chat_first) == [("chat", "well again"), ("pagerduty", "well again")]

    def test_a_post_that_nobody_takes_does_not_hold_the_end_of_a_call_back(self, reaching: Desk) -> None:
        reaching.outbox.post(Notice("k", Level.CRITICAL, "down"))
        chat, call = reaching.due()
        reaching.outbox.conclude(call, ACCEPTED, BOTH)
        reaching.outbox.conclude(chat, LATER, BOTH)
        reaching.outbox.over("k", "well again")
        reaching.at += POSTED_WITHIN - SECOND
        assert reaching.told(LATER) == [("chat", "down")]
        reaching.at += SECOND
        assert reaching.told() == []
        with closing(OutboxReader(reaching.url)) as reader:
            assert reader.standing().given_up == ()
            assert reader.standing(since=reaching.at - SECOND).given_up == (("chat", 1),), (
                "that nobody there heard of it"
            )
            assert reader.standing(since=reaching.at + SECOND).given_up == ()
        assert reaching.told() == [("chat", "well again"), ("pagerduty", "well again")]

    def test_a_call_that_nobody_takes_is_a_dead_letter_whoever_reads_of_it(self, reaching: Desk) -> None:
        reaching.outbox.post(Notice("k", Level.ERROR, "down"))
        chat, call = reaching.due()
        reaching.outbox.conclude(chat, ACCEPTED, BOTH)
        reaching.outbox.conclude(call, NEVER, BOTH)
        assert reaching.stages() == ["dead"]

    def test_who_is_named_is_told_by_what_is_for_that(self, reaching: Desk) -> None:
        notice = Notice("k", Level.WARNING, "slow", channels=(("pagerduty", "chat"),))
        reaching.outbox.post(notice)
        assert [channel for channel, _ in reaching.told()] == ["chat"]

    @pytest.mark.parametrize("severity", list(Level))
    def test_what_calls_and_names_nobody_calls_who_is_on_call_when_it_is_sent(
        self, tmp_path: Path, severity: Level
    ) -> None:
        channels = ("pager-ada", "chat", "pager-grace")
        grace = Contact("grace", ("pager-grace", "chat"))
        first = Ladder("all", (Step(timedelta(), Target(Kind.CONTACT, "grace")),))
        plan = OnCallPlan((grace,), ladders=(first,), channels=channels)
        made = Desk(PLACES.url(tmp_path / "l.db"))
        made.outbox.close()
        pagers = Reach({"pager-ada": Level.ERROR, "pager-grace": Level.ERROR}, {}, frozenset(channels) - {"chat"})

        def address(notice: Notice, at: datetime) -> Notice:
            return addressed(Now(plan, Protection.NORMAL, at), notice)

        made.outbox = Outbox(made.url, clock=lambda _connection: made.at, reach=pagers, address=address)
        made.outbox.page("traffic/aws", severity.value, "it is handed over", {})
        called = [channel for channel, _ in made.told(LATER, channels)]
        assert called == (["chat", "pager-grace"] if severity in {Level.ERROR, Level.CRITICAL} else ["chat"])
        made.at += 15 * SECOND
        # Who is on call cannot be reached: any other pager is asked, and never nobody.
        more = [channel for channel, _ in made.told(LATER, channels)]
        assert ("pager-ada" in more) == (severity in {Level.ERROR, Level.CRITICAL})
        made.outbox.close()

    def test_who_is_named_is_called_and_not_only_posted(self, reaching: Desk) -> None:
        chat_first = ("chat", "pagerduty")
        reaching.outbox.post(Notice("k", Level.CRITICAL, "down", channels=(chat_first,)))
        chat, call = reaching.due()
        assert (chat.channel, call.channel) == chat_first
        reaching.outbox.conclude(chat, ACCEPTED, BOTH)
        assert reaching.stages() == ["waiting"]
        reaching.outbox.conclude(call, ACCEPTED, BOTH)
        assert reaching.stages() == ["sent"]

    def test_what_everybody_is_to_know_goes_to_all(self, reaching: Desk) -> None:
        reaching.outbox.post(Notice("k", Level.INFO, "glass", everybody=True))
        assert reaching.told() == [("chat", "glass"), ("pagerduty", "glass")]


class TestChannels:
    """Notifications that are for certain people, each by channels of theirs."""

    THREE = ("pagerduty", "chat", "mail")

    def told(self, desk: Desk, answer: Answer = ACCEPTED) -> list[str]:
        return [channel for channel, _ in desk.told(answer, self.THREE)]

    def post(self, desk: Desk, *channels: tuple[str, ...], event: Event = Event.TRIGGER) -> None:
        desk.outbox.post(Notice("k", Level.CRITICAL, "down", event=event, channels=channels))

    def test_it_goes_to_theirs_and_not_to_the_first_there_is(self, desk: Desk) -> None:
        self.post(desk, ("mail", "chat"))
        assert self.told(desk) == ["mail"]
        assert (desk.stages(), self.told(desk)) == (["sent"], [])

    def test_the_end_is_told_where_the_beginning_was(self, desk: Desk) -> None:
        self.post(desk, ("mail", "chat"))
        self.told(desk)
        self.post(desk, event=Event.RESOLVE)
        assert self.told(desk) == ["mail"]

    def test_each_of_several_is_told_by_the_first_of_theirs(self, desk: Desk) -> None:
        self.post(desk, ("mail", "chat"), ("pagerduty", "chat"))
        assert sorted(self.told(desk)) == ["mail", "pagerduty"]
        assert desk.stages() == ["sent"]

    def test_who_was_told_waits_for_nobody_and_who_was_not_is_told_by_the_next_of_theirs(self, desk: Desk) -> None:
        self.post(desk, ("mail",), ("pagerduty", "chat"))
        for attempt in desk.due(self.THREE):
            desk.outbox.conclude(attempt, ACCEPTED if attempt.channel == "mail" else LATER, self.THREE)
        assert desk.stages() == ["waiting"]
        desk.at += 16 * SECOND
        assert sorted(self.told(desk)) == ["chat", "pagerduty"]
        assert desk.stages() == ["sent"]

    def test_whose_channels_are_down_is_not_told_by_nobody(self, desk: Desk) -> None:
        self.post(desk, ("mail",))
        assert self.told(desk, NEVER) == ["mail"]
        assert self.told(desk, NEVER) == ["pagerduty"]
        assert self.told(desk) == ["chat"]
        assert desk.stages() == ["sent"]

    def test_who_cannot_be_told_makes_no_dead_letter_where_another_was(self, desk: Desk) -> None:
        self.post(desk, ("mail",), ("pagerduty",))
        for attempt in desk.due(self.THREE):
            desk.outbox.conclude(attempt, ACCEPTED if attempt.channel == "pagerduty" else NEVER, self.THREE)
        self.told(desk, NEVER)
        assert desk.stages() == ["sent"]

    def test_what_is_not_configured_any_more_is_for_whoever_there_is(self, desk: Desk) -> None:
        self.post(desk, ("gone",))
        assert self.told(desk) == ["pagerduty"]

    def test_who_was_told_hears_the_end_although_another_channel_is_down(self, desk: Desk) -> None:
        for name in ("each", "all"):
            named = () if name == "all" else (("mail",), ("pagerduty", "chat"))
            desk.outbox.post(Notice(name, Level.CRITICAL, "down", channels=named, everybody=name == "all"))
        for _ in range(2):
            for attempt in desk.due(self.THREE):
                answer = ACCEPTED if attempt.channel == "pagerduty" else LATER
                desk.outbox.conclude(attempt, answer, self.THREE)
            desk.at += 16 * SECOND
        for name in ("each", "all"):
            desk.outbox.over(name, f"over {name}")
        assert desk.stages() == ["waiting"] * 4
        desk.at += 30 * SECOND
        desk.due(self.THREE)
        told = {(each.channel, each.message.sentence) for each in desk.due(self.THREE)}
        assert {("pagerduty", "over each"), ("pagerduty", "over all")} <= told
        assert not any(sentence == "down" for _, sentence in told)

"""From the outbox to the channels: in order, until accepted, by two channels, and over when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.ledger.base import NOW
from tests.notify.base import channel
from tests.notify.strict import PagerDuty, Webhook
from tests.places import PLACES
from tests.poller.service_process import eventually
from wedtui.core.notify import REPEATS_APART, Event, Level, Notice
from wedtui.ledger.outbox import LEASE, Outbox
from wedtui.ledger.outbox_reader import NoticeEntry, OutboxReader
from wedtui.notify.sender import AT_ONCE, Sender


@pytest.fixture(autouse=True)
def _on_each_system(places: None) -> None:
    """Use the places of the system under test."""


@dataclass
class World:
    """An outbox, two channels, and a time that the test moves."""

    folder: Path
    pagerduty: PagerDuty = field(default_factory=PagerDuty)
    webhook: Webhook = field(default_factory=Webhook)
    passed: float = 0.0
    back: float = 0.0
    """By how many seconds the time of day was set back."""
    timeout: str = "5s"
    at: dict[float, Callable[[], None]] = field(default_factory=dict)
    """What happens at which second."""

    def __post_init__(self) -> None:
        self.url = PLACES.url(self.folder / "l.db")
        self.outbox = self.opened()

    def opened(self) -> Outbox:
        return Outbox(self.url, clock=lambda _connection: self.now(), may_lose=frozenset({"pagerduty"}))

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed - self.back)

    def monotonic(self) -> float:
        return self.passed

    def sender(self, holder: str = "me") -> Sender:
        channels = {
            kind: channel(self.folder, kind, server, self.timeout)
            for kind, server in (("pagerduty", self.pagerduty), ("webhook", self.webhook))
        }
        return Sender(self.opened, channels, holder, self)

    def page(self, key: str, *, everybody: bool = False) -> None:
        self.outbox.post(Notice(key, Level.CRITICAL, "down", everybody=everybody))

    def taken(self, key: str) -> None:
        self.outbox.post(Notice(key, Level.INFO, "ada has it", event=Event.ACKNOWLEDGE))

    def over(self, key: str) -> None:
        self.outbox.post(Notice(key, Level.INFO, "well", event=Event.RESOLVE))

    def lives(self, seconds: float, step: float = 0.5, holder: str = "me") -> None:
        """Let a service send for so long, look by look."""

        async def live() -> None:
            sender = self.sender(holder)
            until = self.passed + seconds
            try:
                while self.passed < until:
                    self.at.pop(self.passed, lambda: None)()
                    while await sender.look():
                        await sender.settled()
                    self.passed += step
            finally:
                await sender.close()

        asyncio.run(live())

    def listed(self) -> list[NoticeEntry]:
        reader = OutboxReader(self.url)
        try:
            return [*reversed(reader.notifications())]
        finally:
            reader.close()

    def stages(self) -> list[str]:
        return [each.stage for each in self.listed()]

    def close(self) -> None:
        self.outbox.close()
        self.pagerduty.__exit__()
        self.webhook.__exit__()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_an_episode_is_told_once_and_its_end(world: World) -> None:
    world.page("action/7")
    world.over("action/7")
    world.lives(0.5)
    assert [event for event, _ in world.pagerduty.asked] == ["trigger", "resolve"]
    assert (world.pagerduty.opened, world.pagerduty.open, world.webhook.asked) == (1, [], [])
    assert world.stages() == ["sent", "sent"]


@pytest.mark.parametrize("fault", ["500", "close", "lost"])
def test_of_each_key_the_order_is_kept_whatever_happens(world: World, fault: str) -> None:
    world.pagerduty.faults = [fault, "", fault, fault]
    for key in ("a", "b"):
        for _ in range(3):
            world.page(key)
            world.over(key)
            world.passed += 0.001
    world.lives(200)
    for key in ("a", "b"):
        told = [event for event, episode in world.pagerduty.asked if episode.startswith(f"wedtui/{key}/")]
        once = [event for n, event in enumerate(told) if n == 0 or event != told[n - 1]]
        assert once == ["trigger", "resolve"] * 3
    assert world.pagerduty.open == []
    assert set(world.stages()) == {"sent"}


def test_a_second_channel_is_used_when_the_first_has_not_accepted_within_15_s(world: World) -> None:
    world.pagerduty.always = "500"
    world.page("action/7")
    world.lives(15)
    assert (world.webhook.asked, world.stages()) == ([], ["waiting"])
    world.lives(1)
    assert [event for event, _ in world.webhook.asked] == ["trigger"]
    assert world.stages() == ["sent"]
    asked = world.pagerduty.requests
    world.lives(60)
    assert world.pagerduty.requests == asked


def test_a_first_channel_that_refuses_is_not_waited_for(world: World) -> None:
    world.pagerduty.always = "400"
    world.page("action/7")
    world.lives(0.5)
    assert (world.pagerduty.requests, len(world.webhook.asked), world.stages()) == (1, 1, ["sent"])


def test_what_nobody_takes_is_a_dead_letter_with_the_reason(world: World) -> None:
    world.pagerduty.always, world.webhook.always = "400", "410"
    world.page("action/7")
    world.lives(0.5)
    (entry,) = world.listed()
    assert entry.stage == "dead"
    assert [(d.state, d.tries) for d in entry.deliveries] == [("refused", 1), ("refused", 1)]
    assert "answered 400" in entry.deliveries[0].problem
    world.lives(60)
    assert (world.pagerduty.requests, world.webhook.requests) == (1, 1)


def test_who_answers_429_is_asked_nothing_at_all_for_as_long(world: World) -> None:
    world.pagerduty.faults = ["429:40"]
    world.page("a")
    world.at[10] = lambda: world.page("b")
    world.at[38] = lambda: world.page("c")
    seen: list[tuple[float, int, int]] = []
    for second in range(43):
        world.at.setdefault(second + 0.5, lambda: seen.append((world.passed, world.pagerduty.requests, len(told()))))

    def told() -> list[tuple[str, str]]:
        return world.webhook.asked

    world.lives(43)
    # Nobody asks it for 40 s: what came meanwhile goes to the next channel after its 15 s, and c to it again.
    assert [(n, hooks) for at, n, hooks in seen if at in {0.5, 14.5, 15.5, 24.5, 25.5, 39.5, 40.5}] == [
        (1, 0),
        (1, 0),
        (1, 1),
        (1, 1),
        (1, 2),
        (1, 2),
        (2, 2),
    ]
    assert set(world.stages()) == {"sent"}


def test_what_a_lost_answer_may_have_begun_is_ended_too(world: World) -> None:
    world.pagerduty.faults = ["lost", *["500"] * 4]
    world.page("action/7")
    world.lives(16)
    assert (world.pagerduty.open, len(world.webhook.asked)) == (["down"], 1)
    world.over("action/7")
    world.lives(1)
    assert (world.pagerduty.open, [event for event, _ in world.webhook.asked]) == ([], ["trigger", "resolve"])
    assert world.stages() == ["sent", "sent"]


def test_everybody_is_told_by_every_channel(world: World) -> None:
    world.pagerduty.faults = ["500"]
    world.page("action/7/break-glass", everybody=True)
    world.lives(3)
    assert (len(world.pagerduty.asked), len(world.webhook.asked), world.stages()) == (1, 1, ["sent"])


def test_a_channel_that_is_down_for_an_hour_gets_all_of_it(world: World) -> None:
    world.pagerduty.always = world.webhook.always = "503"
    for n in range(5):
        world.page(f"k{n}")
    world.lives(3600, step=60)
    assert set(world.stages()) == {"waiting"}
    world.pagerduty.always = world.webhook.always = ""
    world.lives(61)
    assert set(world.stages()) == {"sent"}
    assert len({episode for _, episode in [*world.pagerduty.asked, *world.webhook.asked]}) == 5


def test_one_that_hangs_holds_up_nobody_else(world: World) -> None:
    world.pagerduty.faults = ["hang"]
    world.page("a")

    async def live() -> list[str]:
        sender = world.sender()
        try:
            assert await sender.look() == 1
            world.page("b")
            assert await sender.look() == 1
            # What hangs is under way, and is not begun again; what came after it is told.
            await asyncio.to_thread(eventually, lambda: "sent" in world.stages())
            assert await sender.look() == 0
            return [episode.split("/")[1] for _, episode in world.pagerduty.asked]
        finally:
            await sender.close()

    assert asyncio.run(live()) == ["b"]
    # Who was stopped in the middle of it stored nothing: it is sent by who begins next.
    world.lives(0.5)
    assert sorted(episode.split("/")[1] for _, episode in world.pagerduty.asked) == ["a", "b"]


def test_so_many_requests_are_under_way_at_most(world: World) -> None:
    world.pagerduty.always = "hang"
    for n in range(3 * AT_ONCE):
        world.page(f"k{n}")

    async def live() -> int:
        sender = world.sender()
        try:
            return await sender.look() + await sender.look()
        finally:
            await sender.close()

    assert asyncio.run(live()) == AT_ONCE


def test_one_service_sends_and_another_goes_on_when_it_is_gone(world: World) -> None:
    world.page("a")
    world.lives(0.5, holder="first")
    world.page("b")
    world.lives(5, holder="second")
    assert len(world.pagerduty.asked) == 1
    world.lives(LEASE.total_seconds(), holder="second")
    assert len(world.pagerduty.asked) == 2


class TestAcceptedAndLost:
    """PagerDuty says that it took it, and knows nothing of it."""

    @pytest.fixture(autouse=True)
    def _one_that_it_heard_of(self, world: World) -> None:
        world.page("action/7")
        world.lives(0.5)
        assert world.pagerduty.open == ["down"]

    @pytest.mark.parametrize("times", [1, 2, 3])
    def test_an_end_is_told_until_the_incident_is_over(self, world: World, times: int) -> None:
        world.pagerduty.faults = ["swallowed"] * times
        world.over("action/7")
        world.lives(60)
        assert (world.pagerduty.open, world.stages()) == (["down"], ["sent", "sent"])
        world.lives(76 * 60, step=60)
        assert (world.pagerduty.open, world.pagerduty.requests) == ([], 5)
        assert world.stages() == ["sent", "sent"]

    def test_an_acknowledgement_is_told_again(self, world: World) -> None:
        world.pagerduty.faults = ["swallowed"]
        world.taken("action/7")
        world.lives(60)
        assert [*world.pagerduty.alerts.values()] == ["triggered"]
        world.lives(120)
        assert [*world.pagerduty.alerts.values()] == ["acknowledged"]

    def test_an_end_that_comes_again_after_a_new_beginning_ends_what_was_lost_alone(self, world: World) -> None:
        world.pagerduty.faults = ["swallowed"]
        world.over("action/7")
        world.lives(30)
        world.page("action/7")
        world.lives(30)
        assert [*world.pagerduty.alerts.values()] == ["triggered", "triggered"]
        world.lives(2 * 60 * 60, step=60)
        assert [*world.pagerduty.alerts.values()] == ["resolved", "triggered"]
        assert world.pagerduty.opened == 2

    def test_who_goes_on_where_another_sent_tells_it_again(self, world: World) -> None:
        world.pagerduty.faults = ["swallowed"]
        world.over("action/7")
        world.lives(30, holder="first")
        world.lives(2 * 60, holder="second")
        assert world.pagerduty.open == []

    def test_what_was_accepted_stays_accepted_while_it_cannot_be_told_again(self, world: World) -> None:
        world.over("action/7")
        world.lives(0.5)
        before = world.listed()
        world.pagerduty.always = "500"
        world.lives(2 * 60 * 60, step=60)
        assert (world.listed(), world.pagerduty.requests) == (before, 5)

    def test_what_comes_again_after_a_storm_leaves_most_of_the_minute_to_pages(self, world: World) -> None:
        for n in range(40):
            world.page(f"k{n}")
            world.over(f"k{n}")
        world.lives(30)
        told = world.pagerduty.requests
        assert told == 1 + 2 * 40
        world.passed = 150
        world.lives(60)
        assert world.pagerduty.requests - told == 60 / REPEATS_APART.total_seconds()


class TestAClockThatIsSetBack:
    def test_what_waits_is_put_to_its_channel_as_soon_as_ever(self, world: World) -> None:
        world.pagerduty.faults = ["503", "503"]
        world.page("a")
        world.lives(1)
        world.back = 3600
        world.lives(5)
        assert [action for action, _ in world.pagerduty.asked] == ["trigger"]
        assert world.stages() == ["sent"]

    def test_the_second_channel_is_asked_as_soon_as_ever(self, world: World) -> None:
        world.pagerduty.always = "503"
        world.page("a")
        world.lives(5)
        world.back = 3600
        world.lives(9)
        assert world.webhook.asked == []
        world.lives(3)
        assert [action for action, _ in world.webhook.asked] == ["trigger"]

    def test_who_goes_on_where_another_sent_waits_for_its_lease_and_no_longer(self, world: World) -> None:
        world.page("a")
        world.lives(1)
        world.back = 3600
        world.page("b")
        world.lives(9, holder="other")
        assert len(world.pagerduty.asked) == 1
        world.lives(3, holder="other")
        assert len(world.pagerduty.asked) == 2

    def test_what_was_written_before_grows_old_all_the_same(self, world: World) -> None:
        world.pagerduty.always = world.webhook.always = "503"
        world.page("a")
        world.lives(1)
        world.back = 7200
        world.lives(2)
        assert world.listed()[0].created_at <= world.now()

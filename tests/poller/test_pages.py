"""What the service has somebody called for by itself is an alert from then on: listed, taken, and told to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.places import PLACES
from tests.poller.test_alerts import HOUR, MINUTE, SECOND
from tests.poller.test_escalation import ON_CALL, Ladders, wanted
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.rule import Severity
from wedtui.core.notify import TOO_OLD, Event, Level, Notice
from wedtui.core.paging import ACTS, CALENDAR, COUNTDOWN, HANDED_OVER, HELD, NO_SOURCE, PROPOSAL, REFUSED, key_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.store.instants import to_microseconds

HANDED = key_of(7, HANDED_OVER)
FIRST = f"{HANDED}/notification/1"
"""By which key it is remembered: of the first notification."""
SAID = "action 7 (failover aws) is handed over to a person: nobody knows what came of it"


class Pages(Ladders):
    """A place where somebody is paged."""

    def posts(self, key: str, event: Event = Event.TRIGGER, said: str = SAID) -> None:
        severity = Level.CRITICAL if event is Event.TRIGGER else Level.INFO
        with closing(Outbox(self.stores.ledger_url, clock=lambda _connection: self.clock.at)) as outbox:
            outbox.post(Notice(key, severity, said, event=event))

    def goes_on(self, minutes: float = 0.5) -> None:
        self.for_(minutes * MINUTE, lambda: self.probes(True))

    def asks(self, state: str) -> None:
        """Have an action be in a state."""
        database = self.folder / "ledger.db"
        PLACES.execute(database, LEDGER, "DELETE FROM action")
        row = {"id": 7, "request_key": "k", "kind": "failover", "target": "aws", "resource": "r", "person": "wedtui"}
        row |= {"reason": "it fails", "requested_at": 0, "state": state, "plan": "{}", "digest": "d", "needs": "[]"}
        row |= {"fence": 0, "sentence": ""}
        insert = f"INSERT INTO action ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        PLACES.execute(database, LEDGER, insert, *row.values())

    def accepts(self) -> None:
        """Have a channel accept all that waits."""
        self.accepted_at = self.clock.at
        sent = "UPDATE notification SET stage = 'sent', ended_at = ?"
        PLACES.execute(self.folder / "ledger.db", LEDGER, sent, to_microseconds(self.clock.at))

    def dismisses(self) -> None:
        PLACES.execute(self.folder / "ledger.db", LEDGER, "UPDATE notification SET stage = 'dismissed'")

    def pages(self) -> list[str]:
        """Return all that was told of pages, oldest first."""
        with closing(OutboxReader(self.stores.ledger_url)) as reader:
            return [f"{each.event} {each.key}" for each in reversed(reader.notifications())]

    def whom(self) -> list[tuple[tuple[str, ...], ...] | None]:
        with closing(OutboxReader(self.stores.ledger_url)) as reader:
            return [each.channels for each in reversed(reader.notifications())]


@pytest.fixture
def make(tmp_path: Path, places: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Pages]]:
    made: list[Pages] = []
    # A server has a clock of its own, which no test moves.
    monkeypatch.setattr("wedtui.poller.alerts.database_now", lambda _connection: made[-1].clock.now())

    def _make(oncall: dict[str, Any] | None = None) -> Pages:
        made.append(Pages(tmp_path, wanted(oncall)))
        return made[-1]

    yield _make
    for each in made:
        each.close()


@pytest.mark.parametrize("key", [HANDED, HELD, CALENDAR, key_of(7, REFUSED)])
def test_a_page_is_an_alert_and_tells_nobody_a_second_time(make: Callable[..., Pages], key: str) -> None:
    place = make(ON_CALL)
    place.posts(key)
    place.goes_on()
    shown = place.alert()
    assert (shown.rule, shown.labels) == (f"wedtui/{key.partition('/')[0]}", (("page", key), ("page_number", "1")))
    assert (shown.phase, shown.severity, shown.said, shown.source) == (Phase.FIRING, Severity.CRITICAL, SAID, "")
    assert shown.escalates_to == "roster secondary (grace)"
    assert place.pages() == [f"trigger {key}"]
    assert place.kinds() == ["firing"]


@pytest.mark.parametrize("key", [NO_SOURCE, "action/7/break-glass", "broadcast/1", "traffic/aws", "action/x/refused"])
def test_what_waits_for_nobody_in_particular_is_none(make: Callable[..., Pages], key: str) -> None:
    place = make(ON_CALL)
    place.posts(key)
    place.goes_on()
    assert place.now().alerts == ()


def test_the_next_one_is_called_while_nobody_has_it_and_the_end_is_told_once(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.goes_on(5.5)
    assert place.pages() == [f"trigger {HANDED}", f"trigger {FIRST}/step/2"]
    assert place.whom()[1] == (("grace",),)
    (said,) = place.escalated()
    assert said == "step 2: roster secondary (grace)"
    place.posts(HANDED, Event.RESOLVE, "action 7 is settled")
    place.goes_on()
    assert place.phases() == [Phase.RESOLVED]
    ends = [f"resolve {HANDED}", f"resolve {FIRST}/step/2"]
    assert place.pages() == [f"trigger {HANDED}", f"trigger {FIRST}/step/2", *ends]
    place.posts(HANDED)
    place.goes_on()
    assert place.phases()[0] is Phase.FIRING
    assert place.pages()[4:] == [f"trigger {HANDED}"]


def test_who_takes_it_is_told_to_those_who_were_called_and_nobody_else_is(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.goes_on(5.5)
    place.take("grace")
    place.goes_on(14)
    called = [f"trigger {HANDED}", f"trigger {FIRST}/step/2"]
    assert place.pages() == [*called, f"acknowledge {HANDED}", f"acknowledge {FIRST}/step/2"]
    place.goes_on(2)
    assert place.pages()[4:] == [f"trigger {FIRST}/step/3"]
    assert place.kinds() == ["firing", "escalated", "acknowledged", "lapsed", "escalated"]


def test_over_deaths_of_the_service_it_is_one_alert(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.begins()
    place.goes_on(1)
    key = place.alert().key
    place.begins()
    place.goes_on(5)
    assert place.alert().key == key
    assert place.pages() == [f"trigger {HANDED}", f"trigger {FIRST}/step/2"]
    assert place.kinds() == ["firing", "escalated"]


def test_that_there_was_no_room_waits_until_somebody_has_it_and_never_ends_by_itself(
    make: Callable[..., Pages],
) -> None:
    place = make(ON_CALL)
    key = key_of(7, REFUSED)
    place.posts(key)
    place.goes_on(90)
    assert place.phases() == [Phase.FIRING]
    called = place.pages()
    place.take()
    place.goes_on()
    assert place.phases() == [Phase.RESOLVED]
    assert f"acknowledge {key}" in place.pages()[len(called) :]
    assert f"resolve {key}" not in place.pages()
    told = place.pages()
    # Once nobody remembers that somebody had it, it begins no more.
    place.for_(3 * HOUR, lambda: place.probes(True), every=MINUTE / 2)
    assert (place.now().alerts, place.pages()) == ((), told)


def test_what_nobody_took_and_somebody_dismissed_is_in_their_hands(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.goes_on()
    place.dismisses()
    place.goes_on()
    assert place.phases() == [Phase.RESOLVED]


def test_of_one_action_the_newest_page_waits(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(key_of(7, ACTS))
    place.goes_on()
    place.take()
    place.posts(HANDED)
    place.goes_on()
    fires = [each for each in place.now().alerts if each.phase is Phase.FIRING]
    assert [(dict(each.labels)["page"], each.acknowledged_by) for each in fires] == [(HANDED, "")]


@pytest.mark.parametrize("what", [PROPOSAL, COUNTDOWN])
@pytest.mark.parametrize("state", ["confirmed", "claimed", "ended"])
def test_what_waits_for_a_decision_waits_until_it_is_made(make: Callable[..., Pages], what: str, state: str) -> None:
    place = make(ON_CALL)
    place.posts(key_of(7, what))
    place.asks("awaiting confirmation")
    place.goes_on()
    assert place.phases() == [Phase.FIRING]
    place.asks(state)
    place.look()
    assert place.phases() == [Phase.RESOLVED]


def test_old_pages_call_nobody_when_a_service_that_knows_of_alerts_begins(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.clock.at += TOO_OLD
    place.goes_on(6)
    assert place.now().alerts == ()


def test_no_step_is_made_once_it_is_over(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.goes_on(5)
    before = place.pages()
    place.posts(HANDED, Event.RESOLVE)
    place.goes_on(11)
    assert place.pages() == [*before, f"resolve {HANDED}"]


def test_that_a_page_is_over_says_of_nothing_else_that_it_is_well(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.look()
    before = place.now()
    place.posts(HANDED)
    place.for_(MINUTE / 2)
    place.posts(HANDED, Event.RESOLVE)
    place.for_(MINUTE / 2)
    assert Phase.RESOLVED in place.phases()
    assert (before.knows, place.now().knows, place.now().series) == (False, False, before.series)


def test_without_anybody_on_call_every_channel_is_told_again(make: Callable[..., Pages]) -> None:
    place = make()
    place.posts(HANDED)
    place.goes_on(5.5)
    assert place.pages() == [f"trigger {HANDED}", f"trigger {FIRST}/step/2"]


def test_what_is_silenced_stands_still(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.goes_on()
    place.silence(HOUR)
    place.goes_on(30)
    assert place.alert().silenced_by == "ada"
    assert place.pages() == [f"trigger {HANDED}"]
    place.clock.at += HOUR - 30 * MINUTE + SECOND
    place.goes_on(5.5)
    assert place.pages() == [f"trigger {HANDED}", f"trigger {FIRST}/step/2"]


def test_what_is_paged_again_is_nobodys_and_its_own(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HELD, said="aws failed, and nothing is moved")
    place.goes_on()
    place.take()
    place.posts(HELD, Event.RESOLVE)
    place.posts(HELD, said="gcp failed, and nothing is moved")
    place.look()
    (fires,) = [each for each in place.now().alerts if each.phase is Phase.FIRING]
    assert (fires.said, fires.acknowledged_by, fires.told_at) == ("gcp failed, and nothing is moved", "", None)
    # What is told of the first one's end is not told of the second.
    assert place.pages()[-1] == f"trigger {HELD}"
    place.goes_on(5.5)
    assert place.pages()[-1] == f"trigger {HELD}/notification/4/step/2"


def test_when_somebody_was_told_of_a_page_is_said_of_that_page(make: Callable[..., Pages]) -> None:
    place = make(ON_CALL)
    place.posts(HANDED)
    place.goes_on()
    assert place.alert().told_at is None
    place.accepts()
    place.goes_on()
    assert place.alert().told_at == place.accepted_at
    place.posts(HANDED, Event.RESOLVE)
    place.goes_on()
    assert (place.phases(), place.alert().told_at) == ([Phase.RESOLVED], place.accepted_at)

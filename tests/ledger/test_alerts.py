"""Alerts in the ledger: a round is stored whole or not at all, by one service, and nothing of it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.ledger.alerting import firing
from tests.ledger.base import HOUR, NOW, writing
from tests.places import PLACES
from wedtui.core.alerts.evaluation import Event, Kind
from wedtui.core.alerts.leap import Looked
from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.told import Bundle, Telling, telling_document
from wedtui.core.alerts.track import Labels, labels_of
from wedtui.core.changes import ChangeKind, ChangeQuery
from wedtui.core.life import Life
from wedtui.core.notify import Level, Notice
from wedtui.core.oncall.climbing_document import CLIMBING, Call, Climbing, climbing_document
from wedtui.errors import ConflictError, NotFoundError, StoreUnreachableError, WedtuiError
from wedtui.ledger.alert_history import AlertEvent, AlertHistory
from wedtui.ledger.alerts import LEASE, AlertKeeper, Happened, Known, Turn, happened
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.ledger.reader import LedgerReader

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
AWS = labels_of({"provider": "aws"})
GCP = labels_of({"provider": "gcp"})
KEY = "alert/down/0123"


def memory(since: datetime = NOW, key: str = KEY) -> Memory:
    episode = Episode(key, since, Severity.CRITICAL, Reason.CONDITION)
    return Memory(Phase.FIRING, since, episode=episode, begun=(since,), episodes=1)


def state(at: datetime, *some: tuple[Labels, Memory]) -> AlertState:
    return AlertState(at, {"down": dict(some)})


class Court:
    """A ledger, by a clock that the test moves, and services that judge in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.at = path, NOW
        self.keepers: dict[str, AlertKeeper] = {}

    def keeper(self, holder: str = "one") -> AlertKeeper:
        if holder not in self.keepers:
            url = PLACES.url(self.path)
            self.keepers[holder] = AlertKeeper(url, holder, clock=lambda _connection: self.at)
        return self.keepers[holder]

    def known(self, holder: str = "one") -> Known | None:
        """Return what a round of a service begins with; nothing comes of it."""
        seen: list[Known] = []

        def work(known: Known) -> Turn:
            seen.append(known)
            return Turn(known.state, known.telling)

        return seen[-1] if self.keeper(holder).turn(work) is not None else None

    def judge(self, turn: Turn, holder: str = "one") -> bool:
        return self.keeper(holder).turn(lambda _known: turn) is not None

    def dies(self, holder: str = "one") -> None:
        self.keepers.pop(holder).close()

    def history(self) -> tuple[AlertEvent, ...]:
        with closing(AlertHistory(PLACES.url(self.path))) as history:
            return tuple(reversed(history.events(NOW - HOUR)))

    def waiting(self) -> list[str]:
        with closing(OutboxReader(PLACES.url(self.path))) as reader:
            return [each.key for each in reader.notifications()]

    def close(self) -> None:
        for keeper in self.keepers.values():
            keeper.close()


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    made = Court(tmp_path / "ledger.db")
    yield made
    made.close()


BEGAN = Event(Kind.FIRING, "down", AWS, NOW, Severity.CRITICAL, Reason.CONDITION, KEY, 0.0)


def fires(at: datetime = NOW) -> Turn:
    began = happened(BEGAN)
    assert began is not None
    notice = Notice(KEY, Level.CRITICAL, "it is down")
    return Turn(state(at, (AWS, memory())), {"told": [KEY]}, [began], [notice])


def test_what_is_remembered_outlives_who_judged(court: Court) -> None:
    assert court.judge(fires())
    court.dies()
    known = court.known()
    assert known is not None
    assert (known.state, known.telling) == (state(NOW, (AWS, memory())), {"told": [KEY]})
    assert [(each.kind, each.key, each.labels, each.value) for each in court.history()] == [
        ("firing", KEY, {"provider": "aws"}, 0.0)
    ]
    assert court.waiting() == [KEY]


def test_what_became_of_alerts_stands_in_the_timeline(court: Court) -> None:
    court.judge(fires())
    with closing(LedgerReader(PLACES.url(court.path))) as reader:
        [change] = reader.changes(ChangeQuery(NOW - HOUR, NOW + HOUR)).changes
        assert (change.kind, change.at, change.words) == (ChangeKind.ALERT, NOW, "critical down (provider=aws) fires")
        of_others = ChangeQuery(NOW - HOUR, NOW + HOUR, frozenset({ChangeKind.FREEZE}))
        assert reader.changes(of_others).changes == ()


def test_a_round_of_which_a_part_cannot_be_stored_is_not_stored_at_all(court: Court) -> None:
    court.judge(Turn(state(NOW), {}))
    turn = fires()
    broken = Turn(turn.state, turn.telling, turn.history, [*turn.notices, Notice("", Level.INFO, "no key")])
    with pytest.raises((ValueError, WedtuiError)):
        court.judge(broken)
    assert (court.history(), court.waiting()) == ((), [])
    court.dies()
    known = court.known()
    assert known is not None
    assert (known.state.memories, known.telling) == ({}, {})
    assert court.judge(turn)
    assert court.waiting() == [KEY]


def test_one_judges_at_a_time_until_it_is_not_heard_of(court: Court) -> None:
    assert court.judge(fires(), "one")
    assert court.known("two") is None
    court.at += LEASE
    known = court.known("two")
    assert known is not None
    assert known.state.of("down", AWS).phase is Phase.FIRING
    assert not court.judge(Turn(state(court.at), {}), "one")
    known = court.known("two")
    assert known is not None
    assert known.state.of("down", AWS).phase is Phase.FIRING


def test_who_stood_still_stores_nothing_of_the_round_that_it_was_in(court: Court) -> None:
    court.judge(Turn(state(NOW), {}), "one")

    def work(known: Known) -> Turn:
        if known.now == NOW:  # while it judges, it is taken for dead, and another goes on
            court.at += LEASE
            assert court.judge(Turn(state(court.at, (GCP, memory())), {}), "two")
        return fires()

    assert court.keeper("one").turn(work) is None
    assert (court.history(), court.waiting()) == ((), [])


def test_a_life_that_is_surely_over_is_not_waited_for(court: Court) -> None:
    before, after = Life("a", "boot:1:2", 5), Life("b", "boot:1:2", 9)
    court.judge(fires(), before.name)
    assert court.known(Life("c", "boot:9:9", 9).name) is None
    assert court.known(after.name) is not None


def test_a_round_of_which_nothing_came_is_written_now_and_then(court: Court) -> None:
    well = Memory(seen=NOW)
    court.judge(Turn(state(NOW, (AWS, well)), {}))
    for number in range(1, 12):
        court.at = NOW + number * SECOND
        court.judge(Turn(state(court.at, (AWS, well._replace(seen=court.at))), {}))
    known = court.known()
    assert known is not None
    assert known.state.judged_at == NOW + 11 * SECOND
    court.dies()
    known = court.known()
    assert known is not None
    # Who comes after it knows since when nobody listened, and judges again what was well.
    assert known.state.judged_at == NOW + 10 * SECOND
    assert known.state.of("down", AWS).seen == NOW


def test_a_round_that_was_stored_and_whose_answer_was_lost_is_what_the_next_one_begins_with(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    court.judge(replace(fires(), looked=Looked(NOW, 1.0, 1.0, "boot")))
    # The clock leapt by an hour: all that is remembered was moved by that, and stored.
    court.at = NOW + HOUR + SECOND
    moved = state(court.at, (AWS, memory(NOW + HOUR)))
    store = court.keeper()._store
    writing = store.writing

    @contextmanager
    def lost() -> Iterator[Connection]:
        with writing() as connection:
            yield connection
        raise StoreUnreachableError("the server is gone")

    monkeypatch.setattr(store, "writing", lost)
    with pytest.raises(StoreUnreachableError):
        court.judge(Turn(moved, {}, looked=Looked(court.at, 2.0, 2.0, "boot")))
    monkeypatch.undo()
    known = court.known()
    assert known is not None
    assert (known.state.judged_at, known.state.of("down", AWS).seen) == (court.at, NOW + HOUR)


def test_what_is_gone_is_remembered_no_more(court: Court) -> None:
    court.judge(Turn(state(NOW, (AWS, memory()), (GCP, memory(key="other"))), {}))
    court.judge(Turn(state(NOW, (GCP, memory(key="other"))), {}))
    court.dies()
    known = court.known()
    assert known is not None
    assert [*known.state.memories["down"]] == [GCP]


def test_who_has_it_is_known_to_the_next_round_and_on_the_chain(court: Court) -> None:
    court.judge(fires())
    with writing(court.path) as ledger:
        had = ledger.acknowledge_alert(KEY, by="ada", at=NOW + MINUTE, reason="I look")
        assert (had.rule, had.labels, had.by, had.at) == ("down", AWS, "ada", NOW + MINUTE)
        # The same word again gives no more time; what it says anew is kept, once.
        for reason in ("", "I look", "still", "still"):
            had = ledger.acknowledge_alert(KEY, by="ada", at=NOW + 2 * MINUTE, reason=reason)
            assert (had.at, had.again) == (NOW + MINUTE, True)
    known = court.known()
    assert known is not None
    episode = known.state.of("down", AWS).episode
    assert episode is not None
    assert (episode.acknowledged_by, episode.acknowledged_at) == ("ada", NOW + MINUTE)
    assert [(each.kind, each.person, each.said) for each in court.history()] == [
        ("firing", "", ""),
        ("acknowledged", "ada", "I look"),
        ("noted", "ada", "still"),
    ]
    with closing(AuditReader(PLACES.url(court.path))) as reader:
        written = [each.content or "" for each in reader.newest(50) if "alert.acknowledge" in (each.content or "")]
    assert [('"ada"' in each, '"since"' in each) for each in sorted(written, key=len)] == [(True, False), (True, True)]


def test_that_somebody_has_it_is_told_once_each_of_a_notification_has_somebody(court: Court) -> None:
    others = [labels_of({"provider": name}) for name in ("gcp", "azure")]
    some = {AWS: memory(), **{labels: memory(key=f"{KEY}-{n}") for n, labels in enumerate(others)}}
    over = some[others[1]]._replace(phase=Phase.RESOLVED, resolved_at=NOW)
    keys = [each.episode.key for each in some.values() if each.episode is not None]
    bundle = Bundle(KEY, "3 alerts", NOW, Severity.CRITICAL, dict.fromkeys(keys, Severity.CRITICAL), 3)
    began = Notice(KEY, Level.CRITICAL, "3 alerts at once")
    court.judge(
        Turn(state(NOW, *{**some, others[1]: over}.items()), telling_document(Telling(NOW, (bundle,))), (), (began,))
    )

    def said() -> list[str]:
        with closing(OutboxReader(PLACES.url(court.path))) as reader:
            return [each.sentence for each in reversed(reader.notifications())]

    with writing(court.path) as ledger:
        ledger.acknowledge_alert(keys[0], by="ada", at=NOW, reason="")
        assert said() == ["3 alerts at once"]
        ledger.acknowledge_alert(keys[1], by="bob", at=NOW, reason="")
    assert said() == ["3 alerts at once", "bob has down (provider=gcp)"]


def test_a_later_message_about_two_is_in_hands_once_both_are(court: Court) -> None:
    gcp = labels_of({"provider": "gcp"})
    keys = [KEY, f"{KEY}-1"]
    bundles = [Bundle(key, "one", NOW, Severity.CRITICAL, {key: Severity.CRITICAL}, 1) for key in keys]
    climbing = Climbing((), (Call(f"{KEY}/step/2", "both", tuple(keys)),))
    telling = {**telling_document(Telling(NOW, tuple(bundles))), CLIMBING: climbing_document(climbing)}
    began = tuple(Notice(key, Level.CRITICAL, "it fires") for key in (*keys, f"{KEY}/step/2"))
    court.judge(Turn(state(NOW, *{AWS: memory(), gcp: memory(key=keys[1])}.items()), telling, (), began))

    def taken() -> list[str]:
        with closing(OutboxReader(PLACES.url(court.path))) as reader:
            return [each.key for each in reversed(reader.notifications()) if each.event == "acknowledge"]

    with writing(court.path) as ledger:
        ledger.acknowledge_alert(keys[0], by="ada", at=NOW, reason="")
        assert taken() == [keys[0]]
        ledger.acknowledge_alert(keys[1], by="bob", at=NOW, reason="")
    assert taken() == [*keys, f"{KEY}/step/2"]


def test_an_acknowledgement_during_a_round_is_not_lost(court: Court) -> None:
    court.judge(fires())
    turns: list[Known] = []

    def work(known: Known) -> Turn:
        turns.append(known)
        if len(turns) == 1:
            with writing(court.path) as ledger:
                ledger.acknowledge_alert(KEY, by="ada", at=NOW, reason="")
        return Turn(known.state, {**known.telling, "more": 1}, [Happened(NOW, "raised", KEY, "down", AWS, "c", "")])

    assert court.keeper().turn(work) is not None
    assert len(turns) == 2
    known = court.known()
    assert known is not None
    episode = known.state.of("down", AWS).episode
    assert episode is not None
    assert episode.acknowledged_by == "ada"
    assert [each.kind for each in court.history()] == ["firing", "acknowledged", "raised"]


def test_who_is_disturbed_in_every_round_says_so(court: Court) -> None:
    key = firing(PLACES.url(court.path), NOW)
    people = iter("abcdef")

    def work(known: Known) -> Turn:
        with writing(court.path) as ledger:
            ledger.acknowledge_alert(key, by=next(people), at=NOW, reason="")
        return Turn(known.state, {"n": 1})

    with pytest.raises(ConflictError):
        court.keeper().turn(work)


def test_what_does_not_fire_is_nobodys_to_acknowledge(court: Court) -> None:
    court.judge(fires())
    over = memory()._replace(phase=Phase.RESOLVED, resolved_at=NOW)
    court.judge(Turn(state(NOW, (AWS, over)), {}))
    with writing(court.path) as ledger:
        for key in (KEY, "", "alert/down/never"):
            with pytest.raises(NotFoundError):
                ledger.acknowledge_alert(key, by="ada", at=NOW, reason="")


@pytest.mark.parametrize("statement", ["UPDATE alert_event SET said = 'x'", "DELETE FROM alert_event"])
def test_the_database_changes_and_deletes_no_history(court: Court, statement: str) -> None:
    court.judge(fires())
    with pytest.raises(Exception, match="append-only"):
        PLACES.execute(court.path, LEDGER, statement)
    assert len(court.history()) == 1


def test_silences_that_hold_are_known_to_a_round(court: Court) -> None:
    court.judge(fires())
    add = (
        "INSERT INTO alert_silence (wanted, rules, reason, by, since, until, ended_at) VALUES "
        "('{\"provider\": [\"aws\"]}', '[\"down\"]', 'known', 'ada', ?, ?, ?)"
    )
    start, end = (int((NOW + n * HOUR).timestamp() * 1_000_000) for n in (-1, 1))
    PLACES.execute(court.path, LEDGER, add, start, end, None)
    PLACES.execute(court.path, LEDGER, add, start, end, start)
    known = court.known()
    assert known is not None
    (silence,) = known.silences
    assert (silence.by, silence.reason, silence.rules) == ("ada", "known", ("down",))
    assert (silence.fits("down", AWS), silence.fits("down", GCP), silence.fits("errors", AWS)) == (True, False, False)
    court.at = NOW + HOUR
    known = court.known()
    assert known is not None
    assert known.silences == ()

"""Alerts that other systems judge: only answers say anything, and never one alone that something is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.cache.rows import reported_from_json, reported_to_json
from wedtui.cli.alerts import _exit_code
from wedtui.core.alerts.evaluation import Around, Event, Kind, Round, evaluate
from wedtui.core.alerts.memory import AlertState, Memory, Phase, episode_key, state_document, state_of
from wedtui.core.alerts.names import own_name, rule_of, source_of
from wedtui.core.alerts.outside import (
    ANSWERED,
    EXPECTED,
    FORGOTTEN_AFTER,
    Answered,
    Reported,
    parted,
    take,
    watching,
    with_sources,
)
from wedtui.core.alerts.rule import Elevation, RuleBook, Severity, Source, Where
from wedtui.core.alerts.standing import AlertsNow, SourceIs, source_words
from wedtui.core.alerts.standing_document import looked_at_document, looked_at_of
from wedtui.core.alerts.telling import Telling, tell
from wedtui.core.alerts.track import Track, labels_of
from wedtui.core.notify import Event as Notified

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CENTRAL = Source("central", clear=MINUTE)
BOOK = with_sources(RuleBook(), [CENTRAL])
KNOWN = SourceIs("central", "alertmanager", NOON, fresh=True)
ERRORS = Reported("Errors", labels_of({"provider": "aws"}), Severity.WARNING)


@dataclass
class World:
    """One source, and a clock; what is remembered is written down and read again between any two rounds."""

    book: RuleBook = BOOK
    now: datetime = NOON
    state: AlertState = field(default_factory=AlertState)
    answer: Answered = field(default_factory=Answered)
    events: list[Event] = field(default_factory=list)
    live: bool | None = False

    def answers(self, *alerts: Reported, whole: bool = True, expected: bool = True) -> World:
        self.answer = Answered(self.now, 10 * SECOND, alerts, whole, expected)
        return self

    def passes(self, seconds: float = 10) -> World:
        self.now += timedelta(seconds=seconds)
        return self

    def judged(self) -> World:
        found = take(self.book, {"central": self.answer}, self.state, self.now, Around(live=self.live))
        self.state = state_of(state_document(found.state))
        self.events += found.events
        return self

    def memory(self, name: str = "Errors") -> Memory:
        return self.state.of(rule_of("central", name), ERRORS.labels)

    @property
    def kinds(self) -> list[Kind]:
        return [each.kind for each in self.events]


def test_names_tell_sources_apart() -> None:
    assert source_of(rule_of("central", "a/b")) == "central"
    assert (source_of("errors"), source_of("sources/central"), source_of("central/")) == ("", "", "")
    assert own_name(rule_of("central", "a/b")) == "a/b"
    assert [own_name(ours) for ours in ("errors", "sources/central")] == ["errors", "sources/central"]


def test_what_is_remembered_of_a_source_that_is_gone_is_left_to_be_withdrawn() -> None:
    world = World().answers(ERRORS).judged()
    own, outside = parted(world.state, BOOK)
    assert (list(own.memories), list(outside.memories)) == ([], ["central/Errors"])
    own, outside = parted(world.state, RuleBook())
    assert (list(own.memories), list(outside.memories)) == (["central/Errors"], [])


def test_a_source_is_watched_over_by_what_it_is_expected_to_say() -> None:
    first, whole = watching(CENTRAL)
    assert (str(first.condition), str(whole.condition)) == (f"{ANSWERED} < 1", "whole_answer < 1")
    assert str(watching(Source("central", expects="Watchdog"))[0].condition) == f"{EXPECTED} < 1"


@pytest.mark.parametrize(("whole", "code"), [(True, 0), (False, 3)])
def test_that_nothing_fires_is_no_good_news_where_an_answer_is_not_whole(whole: bool, code: int) -> None:
    source = replace(KNOWN, whole=whole)
    now = AlertsNow(NOON, (), 1, (), 1, 1, 0, (), (source,))
    assert (_exit_code(now, None), len(now.unsure)) == (code, not whole)
    assert ("NOT ALL that fires there is known" in source_words(source, NOON)) is not whole
    # What is written down for readers says it too; what an older service wrote does not.
    assert looked_at_of(looked_at_document(now))["sources"] == (source,)


@pytest.mark.parametrize("source", [SourceIs("central", "alertmanager"), replace(KNOWN, lacks="Watchdog")])
def test_that_nothing_fires_is_no_good_news_while_what_always_fires_does_not(source: SourceIs) -> None:
    assert _exit_code(AlertsNow(NOON, (), 1, (), 1, 1, 0, (), (source,)), None) == 3


def test_what_watches_over_answers_that_are_not_whole_fires_and_says_why() -> None:
    track = Track(15 * SECOND)
    of = {"whole_answer": {labels_of({"source": "central"}): track}}
    state = AlertState()
    book = with_sources(RuleBook(), [CENTRAL], {"central": "central: told of 1 alert that cannot be used"})
    book = replace(book, rules=book.rules[1:])
    fired: list[Event] = []
    for seconds in range(0, 150, 10):
        now = NOON + seconds * SECOND
        track.append(now, 0.0)
        found = evaluate(book, of, now, state, Around(live=False))
        state, fired = found.state, [*fired, *(each for each in found.events if each.kind is Kind.FIRING)]
    assert [(each.rule, each.severity) for each in fired] == [("sources/central/whole", Severity.WARNING)]
    notices, _ = tell(book, Round(state, tuple(fired)), Telling(), (), now)
    assert "central: told of 1 alert that cannot be used" in notices[0].sentence


def test_what_comes_and_goes_while_no_answer_is_whole_does_not_add_up_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wedtui.core.alerts.outside.REMEMBERED_AT_MOST", 50)
    world = World()
    grave = ERRORS._replace(name="Grave", severity=Severity.CRITICAL)
    world.answers(grave, whole=False).judged()
    for number in range(30):
        each = (ERRORS._replace(labels=labels_of({"pod": f"{number}-{n}"})) for n in range(10))
        world.passes().answers(*each, whole=False).judged()
        assert sum(map(len, world.state.memories.values())) <= 50
    # It is not known how these stand, and so none is said to be over; the gravest stay the longest.
    assert set(world.kinds) == {Kind.FIRING, Kind.WITHDRAWN}
    assert world.kinds.count(Kind.WITHDRAWN) == 301 - 50
    assert world.memory("Grave").phase is Phase.FIRING
    withdrawn = next(each for each in world.events if each.kind is Kind.WITHDRAWN)
    assert withdrawn.key


def test_a_round_without_a_new_answer_changes_nothing() -> None:
    world = World().answers(ERRORS).judged()
    before = world.state.memories
    for _ in range(15):
        world.passes(1).judged()
    assert world.state.memories == before
    world.passes(4).answers().judged()
    lacking = world.state.memories
    world.passes(5).judged()
    assert world.state.memories == lacking


def test_an_answer_of_the_future_says_nothing() -> None:
    world = World().answers(ERRORS).judged()
    world.passes(600).answers()
    world.now -= 300 * SECOND
    world.judged().passes(120).judged()
    assert (world.memory().phase, world.memory().unknown_since is None) == (Phase.FIRING, False)


def test_an_answer_that_is_not_whole_fires_and_ends_nothing() -> None:
    world = World().answers(ERRORS).judged()
    for _ in range(20):
        world.passes().answers(ERRORS._replace(name="Other"), whole=False).judged()
    assert (world.memory().phase, world.memory("Other").phase) == (Phase.FIRING, Phase.FIRING)
    assert world.memory().unknown_since == NOON + 10 * SECOND


def test_a_hole_begins_the_end_anew() -> None:
    world = World().answers(ERRORS).judged()
    for _ in range(6):
        world.passes().answers().judged()
    assert world.memory().samples == 6
    world.passes(30).judged()
    assert (world.memory().samples, world.memory().since) == (0, None)
    world.passes().answers().judged()
    assert (world.memory().phase, world.memory().samples, world.memory().unknown_since) == (Phase.FIRING, 1, None)


def test_what_gets_graver_is_raised_and_never_gets_milder() -> None:
    guests = Elevation("guests", Severity.CRITICAL, Where({"provider": ("aws",)}), live_only=True)
    world = World(with_sources(RuleBook(elevations=(guests,)), [CENTRAL])).answers(ERRORS).judged()
    world.live = True
    world.passes().answers(ERRORS).judged()
    world.live = False
    world.passes().answers(ERRORS).judged()
    assert world.kinds == [Kind.FIRING, Kind.RAISED]
    episode = world.memory().episode
    assert episode is not None
    assert episode.severity is Severity.CRITICAL


@pytest.mark.parametrize("away", ["it does not answer", "not whole", "lacks what always fires", "lacks it"])
def test_what_fires_is_raised_when_weddings_begin_whatever_the_source_says(away: str) -> None:
    guests = Elevation("guests", Severity.CRITICAL, Where({"provider": ("aws",)}), live_only=True)
    world = World(with_sources(RuleBook(elevations=(guests,)), [CENTRAL])).answers(ERRORS).judged()
    world.live = True
    world.passes(30)
    if away != "it does not answer":
        world.answers(whole=away != "not whole", expected=away != "lacks what always fires")
    world.judged().passes(1).judged()
    assert world.kinds == [Kind.FIRING, Kind.RAISED]
    episode = world.memory().episode
    assert episode is not None
    assert episode.severity is Severity.CRITICAL


@pytest.mark.parametrize("ago", [timedelta(), timedelta(days=2)], ids=["begins there", "began there long ago"])
def test_what_comes_and_goes_flaps_by_when_it_began_here(ago: timedelta) -> None:
    world, telling, said = World(), Telling(), []
    for seconds in range(0, 3600, 10):
        there = seconds % 300 < 180
        world.answers(*([ERRORS._replace(since=NOON - ago)] if there else [])).judged()
        told, telling = tell(world.book, Round(world.state, tuple(world.events)), telling, (), world.now)
        world.events.clear()
        said += [each.sentence for each in told if each.event is Notified.TRIGGER]
        world.passes()
    assert len(said) == 4
    assert "flaps" in said[-1]
    # It is steady half an hour after it began last, wherever.
    for _ in range(200):
        world.answers(ERRORS._replace(since=NOON - ago)).judged()
        told, telling = tell(world.book, Round(world.state, tuple(world.events)), telling, (), world.now)
        world.events.clear()
        said += [each.sentence for each in told]
        world.passes()
    assert any("flaps no more" in each for each in said)


def test_what_a_newer_service_says_beside_is_passed_over() -> None:
    found = reported_from_json([{**reported_to_json(ERRORS), "newer": "x"}])
    assert found == (ERRORS,)
    document = state_document(World().answers(ERRORS).judged().state)
    memory = document["memories"][0][2]
    for part in (memory, memory["episode"], memory["report"]):
        part["newer"] = "x"
    assert state_of(document).of("central/Errors", ERRORS.labels).phase is Phase.FIRING


@pytest.mark.parametrize("live", [True, False])
def test_a_source_that_does_not_answer_is_raised_by_a_rule_of_its_own_label(live: bool) -> None:
    raises = Elevation("central", Severity.CRITICAL, Where({"source": ("central",)}), live_only=True)
    book = with_sources(RuleBook(elevations=(raises,)), [CENTRAL])
    state, of = AlertState(), {ANSWERED: {labels_of({"source": "central"}): Track(15 * SECOND)}}
    for seconds in range(0, 200, 10):
        state = evaluate(book, of, NOON + seconds * SECOND, state, Around(live=live)).state
    episode = state.of("sources/central", labels_of({"source": "central"})).episode
    assert episode is not None
    assert episode.severity is (Severity.CRITICAL if live else Severity.WARNING)


MANY_LABELS = labels_of({f"label_{number:02}": "v" * 200 for number in range(64)})


def test_what_it_says_comes_before_its_labels_and_stands_in_the_details() -> None:
    said, link = "guests cannot answer", "https://prometheus.example.com/graph?g0.expr=up"
    world = World().answers(ERRORS._replace(labels=MANY_LABELS, said=said, link=link)).judged()
    (notice,), _ = tell(world.book, Round(world.state, tuple(world.events)), Telling(), (), world.now)
    bounded = notice.bounded()
    assert said in bounded.sentence[:60]
    assert bounded.sentence.startswith("central/Errors: ")
    assert (bounded.details["says"], bounded.details["link"]) == (said, link)


def test_of_several_each_says_what_it_says() -> None:
    book = with_sources(RuleBook(), [replace(CENTRAL, group=("provider",))])
    both = [ERRORS._replace(labels=labels_of({"pod": each}), said=f"{each} is gone") for each in "ab"]
    world = World(book).answers(*both).judged()
    (notice,), _ = tell(book, Round(world.state, tuple(world.events)), Telling(), (), world.now)
    assert (notice.details["says"], str(notice.details["labels 2"])[:11]) == ("a is gone", "b is gone: ")


def test_what_is_over_is_forgotten_after_a_while() -> None:
    world = World().answers(ERRORS).judged()
    for _ in range(8):
        world.passes().answers().judged()
    assert world.memory().phase is Phase.RESOLVED
    world.passes(FORGOTTEN_AFTER.total_seconds() - 60).answers().judged()
    assert world.state.memories
    world.passes(120).answers().judged()
    assert not world.state.memories


def test_what_was_pending_and_is_not_there_any_more_is_forgotten() -> None:
    world = World().answers(ERRORS._replace(firing=False)).judged()
    world.passes(3600).judged()
    assert world.memory().phase is Phase.PENDING
    world.answers().judged()
    assert (world.kinds, world.state.memories) == ([Kind.PENDING, Kind.PASSED], {})


@pytest.mark.parametrize("name", ["a b", "héhé", "x" * 500, "\x1b[2J"])
def test_a_key_can_stand_in_an_address(name: str) -> None:
    key = episode_key(rule_of("central", name), ERRORS.labels, NOON, 1)
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key
    assert len(key) < 200


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["has it", "lacks it", "pending", "not whole", "lacks what always fires", "nothing"]),
        st.sampled_from([1, 5, 10, 21, 45, 90]),
    ),
    max_size=25,
)


@given(STEPS)
def test_it_is_over_only_by_answers_that_lack_it_in_a_row_for_long_enough(steps: Sequence[tuple[str, int]]) -> None:
    world = World().answers(ERRORS).judged()
    for what, seconds in steps:
        world.passes(seconds)
        if what == "has it":
            world.answers(ERRORS)
        elif what == "pending":
            world.answers(ERRORS._replace(firing=False))
        elif what != "nothing":
            world.answers(whole=what != "not whole", expected=what != "lacks what always fires")
        world.judged()
    ends = [number for number, kind in enumerate(world.kinds) if kind is Kind.RESOLVED]
    begins = [number for number, kind in enumerate(world.kinds) if kind is Kind.FIRING]
    assert len(begins) - len(ends) in {0, 1}
    at = NOON
    lacking: list[datetime] = []
    fires, over = True, 0
    for what, seconds in steps:
        at += timedelta(seconds=seconds)
        if lacking and at - lacking[-1] > 20 * SECOND:
            lacking = []
        if what == "lacks it":
            lacking.append(at)
        elif what != "nothing":
            lacking = []
        if fires and len(lacking) >= 2 and lacking[-1] - lacking[0] >= MINUTE:
            fires, over, lacking = False, over + 1, []
        elif not fires:
            lacking = []
            fires = what == "has it"
    assert len(ends) == over

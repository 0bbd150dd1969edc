"""What becomes of a rule over time: cases, sign by sign (x wrong, m between, . well, n no number, _ nothing)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.alerts.world import AWS, START, TICK, World, minutes, rule, world
from wedtui.core.alerts.evaluation import FORGOTTEN_AFTER, Around, Kind
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.hiding import Hiding
from wedtui.core.alerts.judging import Judged, Question, judge
from wedtui.core.alerts.memory import (
    AlertState,
    Phase,
    Reason,
    acknowledged,
    notified,
    state_document,
    state_of,
)
from wedtui.core.alerts.rule import Elevation, Inhibition, NoData, RuleBook, Severity, Where
from wedtui.core.alerts.track import Track, Usual, labels_of
from wedtui.core.season import Protection
from wedtui.errors import NotFoundError

HIGH, MAXIMUM, NORMAL = Protection.HIGH, Protection.MAXIMUM, Protection.NORMAL


# A rule of 1 m that is over after 30 s; a sample each 10 s, fresh for 20 s.
@pytest.mark.parametrize(
    ("signs", "phases"),
    [
        ("....", "oooo"),
        ("xxxxxxx.", "ppppppff"),
        ("xxxxx.xx", "pppppopp"),
        ("xxxxxmxx", "pppppopp"),
        # It is over 30 s after the first that is well, and what is between begins that anew.
        ("xxxxxxx....", "ppppppffffr"),
        ("xxxxxxx..m....", "ppppppfffffffr"),
        ("xxxxxxx..x....", "ppppppfffffffr"),
        ("xxxxxxxmmmmmmmmm", "ppppppffffffffff"),
        # Nothing known: all stays as it is, and the end is counted anew.
        ("xxx____________", "ppppppppppppppp"),
        ("xxxxxxx_________", "ppppppffffffffff"),
        ("xxxxxxx..___....", "ppppppfffffffffr"),
        ("xxxxxxx.._..", "ppppppffffrr"),
        ("xxxxxxx..nn....", "ppppppffffffffr"),
        # What lasted through a hole has lasted.
        ("xx________x", "ppppppppppf"),
        ("x_________xx", "ppppppppppff"),
        ("x____.", "pppppo"),
        # After an episode.
        ("xxxxxxx....x.", "ppppppffffrpr"),
    ],
)
def test_sign_by_sign(signs: str, phases: str) -> None:
    found = world()
    assert found.ticks(signs) == phases


def test_one_sample_that_stays_the_newest_never_fires() -> None:
    found = world(rule(lasting=timedelta(seconds=5)))
    track = found.track(interval=TICK)
    track.append(START, 0.1)
    for second in range(21):
        found.now = START + timedelta(seconds=second)
        found.round()
    assert found.memory().phase is Phase.PENDING


@pytest.mark.parametrize(("level", "phases"), [(NORMAL, "ppppppf"), (HIGH, "pppffff"), (MAXIMUM, "ppfffff")])
def test_durations_shrink_on_wedding_days(level: Protection, phases: str) -> None:
    assert world(level=level).ticks("xxxxxxx") == phases


@pytest.mark.parametrize("seconds", [0, 1])
def test_two_samples_have_to_say_it_however_short_the_duration_becomes(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    found = world(rule(lasting=span, over_for=span), level=MAXIMUM)
    assert found.ticks("x.xx.x..") == "popffffr"


def test_a_level_that_rises_mid_episode_counts_from_then_on_and_one_that_falls_ends_nothing() -> None:
    found = world()
    assert found.ticks("xx") == "pp"
    found.around = Around(MAXIMUM)
    assert found.ticks("x") == "f"
    found.around = Around(NORMAL)
    assert found.ticks("x_______") == "ffffffff"


# Stale from 20 s after the last sample on.
@pytest.mark.parametrize(
    ("nodata", "signs", "phases"),
    [
        (NoData.HOLD, ".____________", "ooooooooooooo"),
        (NoData.FIRE, ".____________", "oooppppp" + "fffff"),
        (NoData.FIRE, ".___" + "____x", "oooppppp" + "f"),
        (NoData.WARN, ".____________", "oooppppp" + "fffff"),
        # What was wrong before it was silent counts with it.
        (NoData.FIRE, "xxx______", "ppppppfff"),
        (NoData.FIRE, "xxx___x", "ppppppf"),
        (NoData.WARN, "xxx________", "ppppppppppf"),
        (NoData.FIRE, ".___..", "ooopoo"),
        (NoData.FIRE, "xxxxxxn", "ppppppf"),
        (NoData.WARN, "xxxxxxnx", "pppppppf"),
        (NoData.HOLD, "xxxxxxnx", "pppppppf"),
        (NoData.FIRE, ".nnnnnnnn", "opppppp" + "ff"),
    ],
)
def test_silence(nodata: NoData, signs: str, phases: str) -> None:
    assert world(rule(nodata=nodata)).ticks(signs) == phases


def test_a_silence_that_warns_is_raised_once_it_is_known_to_be_wrong() -> None:
    found = world(rule(nodata=NoData.WARN))
    found.ticks(".________")
    episode = found.memory().episode
    assert episode is not None
    assert (episode.severity, episode.reason) == (Severity.WARNING, Reason.NO_DATA)
    found.ticks("xx")
    assert found.kinds() == ["pending", "firing", "raised"]
    assert found.events[-1].key == episode.key
    assert found.events[-1].severity is Severity.CRITICAL


def test_what_was_never_measured_is_not_known_and_fires_where_silence_does() -> None:
    held, fired = World(RuleBook((rule(),)), Around()), World(RuleBook((rule(nodata=NoData.FIRE),)), Around())
    for each in (held, fired):
        for _ in range(13):
            each.round()
            each.now += TICK
    assert held.memory(labels=()).unknown_since == START
    assert held.memory(labels=()).phase is Phase.OK
    assert [event.at - START for event in fired.events] == [timedelta(), minutes(2)]
    fired.track()
    fired.ticks("_")
    assert fired.memory(labels=()).phase is Phase.FIRING
    fired.ticks(".")
    assert [event.kind for event in fired.events if event.labels == ()] == [Kind.PENDING, Kind.FIRING, Kind.RESOLVED]
    assert list(fired.state.memories["errors"]) == [AWS]


def test_a_pause_of_the_rounds_is_no_silence_of_what_is_watched() -> None:
    found = world(rule(nodata=NoData.FIRE))
    found.ticks("...")
    found.now += minutes(30)
    found.round()
    assert found.memory().phase is Phase.PENDING
    assert found.memory().since == found.now
    found.now += TICK
    assert found.ticks(".") == "o"


def test_what_came_and_went_while_nobody_judged_is_told_when_somebody_does() -> None:
    found = world()
    found.ticks("..")
    for sign in "xxxxxxxx....":
        found.tick(sign, judged=False)
    found.round()
    assert [(event.kind, event.at - START) for event in found.events] == [
        (Kind.PENDING, 2 * TICK),
        (Kind.FIRING, 8 * TICK),
        (Kind.RESOLVED, 13 * TICK),
    ]


@pytest.mark.parametrize("hole", ["___", "_n_", "nn"])
def test_what_was_not_known_while_nobody_judged_begins_the_end_anew(hole: str) -> None:
    found = world(rule(over_for=4 * TICK))
    assert found.ticks("xxxxxxx..") == "ppppppfff"
    for sign in f"{hole}..":
        found.tick(sign, judged=False)
    found.round()
    assert found.memory().phase is Phase.FIRING
    assert found.memory().since == found.now - 2 * TICK


def test_nothing_is_well_since_any_time_while_nothing_is_known() -> None:
    found = world(rule(over_for=4 * TICK))
    found.ticks("xxxxxxx..")
    assert found.memory().since == START + 7 * TICK
    found.ticks("__")
    assert found.memory().since == START + 7 * TICK
    found.ticks("_")
    assert found.memory().since is None
    assert found.memory().unknown_since == START + 10 * TICK


def test_a_round_that_is_told_again_finds_nothing_new() -> None:
    found = world()
    found.ticks("xxxxxxx")
    found.now -= TICK
    before, events = found.state, len(found.events)
    found.round()
    assert found.state == before
    assert len(found.events) == events


def test_a_clock_that_goes_back_an_hour_forgets_and_repeats_nothing() -> None:
    found = world()
    assert found.ticks("xxx") == "ppp"
    found.now -= minutes(60)
    assert found.ticks("xxx") == "ppp"
    # How long it took until somebody noticed is not known, and is not counted.
    assert found.ticks("xx") == "pf"
    key = found.events[-1].key
    found.now -= minutes(60)
    assert found.ticks("xx....") == "fffffr"
    assert found.kinds() == ["pending", "firing", "resolved"]
    assert found.events[-1].key == key


# 01:00 UTC of the one night is 02:00 BST and 01:00 GMT; of the other one 01:00 GMT and 02:00 BST.
@pytest.mark.parametrize("night", [(10, 25), (3, 29)])
def test_a_night_with_a_clock_change_within_a_duration_changes_nothing(night: tuple[int, int]) -> None:
    month, day = night
    found = world()
    found.now = START.replace(month=month, day=day, hour=0, minute=59, second=30)
    assert found.ticks("xxxxxxx") == "ppppppf"


def test_each_episode_has_a_key_of_its_own_and_flaps_are_counted() -> None:
    found = world()
    found.ticks("xxxxxxx...." * 3)
    keys = {event.key for event in found.events if event.kind is Kind.FIRING}
    assert len(keys) == 3
    assert {event.key for event in found.events if event.kind is Kind.RESOLVED} == keys
    assert found.memory().flaps(found.now) == 2
    assert found.memory().flaps(found.now + minutes(61)) == 0
    found.now += minutes(61)
    found.ticks("xxxxxxx")
    assert len(found.memory().begun) == 1


def test_an_acknowledgement_and_what_was_told_stay_with_their_episode() -> None:
    found = world()
    found.ticks("xxxxxxx")
    key = found.events[-1].key
    found.state = notified(acknowledged(found.state, key, "kay", found.now), key, found.now)
    found.state = state_of(state_document(found.state))
    found.ticks("xx")
    episode = found.memory().episode
    assert episode is not None
    assert (episode.acknowledged_by, episode.acknowledged_at, episode.notified_at) == (
        "kay",
        START + 7 * TICK,
        START + 7 * TICK,
    )
    found.ticks("....")
    with pytest.raises(NotFoundError):
        acknowledged(found.state, key, "kay", found.now)
    found.ticks("xxxxxxx")
    again = found.memory().episode
    assert again is not None
    assert again.acknowledged_by == ""


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a state of alerts of version 1, got 2"):
        state_of({**state_document(AlertState()), "version": 2})


def test_a_rule_that_is_gone_while_it_fires_says_so() -> None:
    found = world()
    found.ticks("xxxxxxx")
    key = found.events[-1].key
    found.book = RuleBook()
    found.ticks("xx")
    assert [(event.kind, event.key) for event in found.events[2:]] == [(Kind.WITHDRAWN, key)]


def test_what_was_well_and_is_not_measured_any_more_is_forgotten_after_a_day_and_what_fires_never() -> None:
    found = world()
    azure = labels_of({"provider": "azure"})
    found.track(labels=azure).append(START, 0.0)
    found.ticks("xxxxxxx")
    del found.tracks["error_rate"][AWS], found.tracks["error_rate"][azure]
    found.track(labels=labels_of({"provider": "gcp"}))
    found.ticks("")
    found.round()
    found.now += FORGOTTEN_AFTER + TICK
    found.round()
    assert set(found.state.memories["errors"]) == {AWS, labels_of({"provider": "gcp"})}
    assert found.memory().phase is Phase.FIRING


def test_only_what_a_rule_is_about_is_judged() -> None:
    only = rule()
    found = world(replace(only, where=Where({"provider": ("azure", "gcp")})))
    found.ticks("xxxxxxx")
    assert found.events == []


@pytest.mark.parametrize(("live", "phases"), [(True, "ppppppf"), (None, "ppppppf"), (False, "ooooooo")])
def test_during_live_weddings_or_where_nobody_knows(live: bool | None, phases: str) -> None:
    assert world(rule(live_only=True), live=live).ticks("xxxxxxx") == phases


def test_the_end_of_the_weddings_ends_no_episode_and_begins_none() -> None:
    found = world(rule(live_only=True), live=True)
    found.ticks("xxxxxxx")
    found.around = Around(live=False)
    assert found.ticks("xx....xx") == "fffffrrr"


def test_what_was_pending_when_the_weddings_ended_does_not_fire() -> None:
    found = world(rule(live_only=True), live=True)
    assert found.ticks("xxx") == "ppp"
    found.around = Around(live=False)
    assert found.ticks("xxxxxx.") == "ppppppo"


def test_a_guest_facing_service_is_critical_from_when_somebody_is_getting_married() -> None:
    base = rule()
    mild = replace(base, severity=Severity.WARNING)
    guests = Elevation("guest-facing", Severity.CRITICAL, Where({"guest_facing": ("true",)}), live_only=True)
    found = World(RuleBook((mild,), (guests,)), Around(live=False))
    rsvp, admin = labels_of({"service": "rsvp", "guest_facing": "true"}), labels_of({"service": "admin"})
    for number in range(12):
        for labels in (rsvp, admin):
            found.track(labels=labels).append(found.now, 0.1)
        if number == 8:
            found.around = Around(live=True)
        if number == 10:
            found.around = Around(live=False)
        found.round()
        found.now += TICK
    told = [(event.kind, event.labels, event.severity) for event in found.events if event.kind is not Kind.PENDING]
    assert told == [
        (Kind.FIRING, rsvp, Severity.WARNING),
        (Kind.FIRING, admin, Severity.WARNING),
        (Kind.RAISED, rsvp, Severity.CRITICAL),
    ]


def test_what_is_hidden_is_marked_and_fires_all_the_same() -> None:
    down = rule("up < 1", name="down", over=None)
    base = rule()
    hidden = replace(base, inhibit=Inhibition(("down",), ("provider",)), group=("provider",))
    found = world(hidden, down)
    azure = labels_of({"provider": "azure"})
    for _ in range(7):
        found.track("up").append(found.now, 0.0)
        for labels in (AWS, azure):
            found.track(labels=labels).append(found.now, 0.1)
        found.round()
        found.now += TICK
    fired = {(event.rule, event.labels): event for event in found.events if event.kind is Kind.FIRING}
    assert {key: event.inhibited_by for key, event in fired.items()} == {
        ("errors", AWS): "down",
        ("errors", azure): "",
        ("down", AWS): "",
    }
    assert fired["errors", AWS].group == (("provider", "aws"),)
    assert found.memory().phase is Phase.FIRING
    assert Hiding(found.book, found.state).by("errors", AWS) == "down"


@pytest.mark.parametrize(
    ("static", "rsvp", "errors", "hider"),
    [
        ("lost", "fails", "measured", "down"),
        ("lost", "passes", "measured", ""),
        ("lost", "lost", "measured", ""),
        ("lost", "lost", "lost", "down"),
        ("lost", "passes", "lost", ""),
        ("fails", "passes", "measured", ""),
        ("fails", "fails", "measured", "down"),
    ],
)
def test_a_rule_hides_by_what_is_known_of_it(static: str, rsvp: str, errors: str, hider: str) -> None:
    down = replace(rule("up < 1", name="down", over=None), nodata=NoData.FIRE)
    base = replace(rule(), nodata=NoData.WARN)
    found = world(replace(base, inhibit=Inhibition(("down",), ("provider",))), down)
    probes = {name: labels_of({"provider": "aws", "probe": name}) for name in ("static", "rsvp")}
    for number in range(20):
        for name, fate in (("static", static), ("rsvp", rsvp)):
            if fate != "lost" or number == 0:
                found.track("up", probes[name]).append(found.now, 0.0 if fate == "fails" else 1.0)
        if errors != "lost" or number == 0:
            found.track().append(found.now, 0.1 if number else 0.0)
        found.round()
        found.now += TICK
    assert found.memory().phase is Phase.FIRING
    assert Hiding(found.book, found.state).by("errors", AWS) == hider


def test_an_event_says_what_was_measured_and_when() -> None:
    found = world()
    found.ticks("xxxxxxx")
    assert (found.events[-1].value, found.events[-1].at) == (0.10, START + 6 * TICK)


def test_two_signals_that_say_the_same_at_once_are_one_sample_each() -> None:
    either = rule("cpu > 80% or memory > 80%", lasting=timedelta(seconds=1), over=None)
    found = World(RuleBook((either,)), Around())
    found.track("cpu").append(START, 0.9)
    found.round()
    found.track("memory").append(START + timedelta(seconds=2), 0.9)
    found.now = START + timedelta(seconds=3)
    found.round()
    found.now += timedelta(seconds=2)
    found.round()
    assert found.memory().phase is Phase.PENDING
    found.track("cpu").append(START + TICK, 0.9)
    found.track("memory").append(START + TICK, 0.9)
    found.now = START + TICK
    found.round()
    assert found.memory().phase is Phase.FIRING


@pytest.mark.parametrize(
    ("condition", "cpu", "memory", "holds"),
    [
        ("cpu > 80% or memory > 80%", 0.9, None, "f"),
        ("cpu > 80% or memory > 80%", 0.1, None, "o"),
        ("cpu > 80% and memory > 80%", 0.9, None, "o"),
        ("cpu > 80% and memory > 80%", 0.9, 0.9, "f"),
        ("cpu / memory > 2", 0.9, 0.0, "o"),
        ("cpu / memory > 2", 0.9, 0.3, "f"),
    ],
)
def test_what_is_not_known_of_one_of_two_signals(condition: str, cpu: float, memory: float | None, holds: str) -> None:
    found = World(RuleBook((rule(condition, over=None),)), Around())
    for _ in range(8):
        found.track("cpu").append(found.now, cpu)
        if memory is not None:
            found.track("memory").append(found.now, memory)
        found.round()
        found.now += TICK
    assert found.memory().phase.value[0] == holds


def test_beside_the_usual_of_the_hour_and_unknown_without_one() -> None:
    slow = rule("latency_p95_ms > 2x normal", over="latency_p95_ms < 1.5x normal")
    hours = tuple(100.0 if hour == START.weekday() * 24 + 12 else None for hour in range(168))
    nothing = Usual((0.0,) * 168)
    for usual, value, phase in (
        (Usual(hours), 201, "f"),
        (Usual(hours), 200, "o"),
        (None, 9999, "o"),
        (nothing, 9, "o"),
    ):
        found = World(RuleBook((slow,)), Around())
        found.tracks["latency_p95_ms"] = {AWS: Track(TICK, usual=usual)}
        for _ in range(8):
            found.track("latency_p95_ms").append(found.now, value)
            found.round()
            found.now += TICK
        assert found.memory().phase.value[0] == phase
        assert (found.memory().unknown_since is not None) == (usual in {None, nothing})


def burning(bad: float, *, hole: range = range(0)) -> World:
    """Two hours of counters of a service that fails at a ratio, for the objective of 99.9 %."""
    fast = rule("burn(errors / requests, 99.9%, 1h, 5m) > 14.4", lasting=timedelta(seconds=1), over=None)
    found = World(RuleBook((fast,)), Around())
    for number in range(721):
        if number not in hole:
            found.track("errors").append(found.now, 100.0 * bad * number)
            found.track("requests").append(found.now, 100.0 * number)
        found.round()
        found.now += TICK
    return found


def test_an_objective_burns_in_every_window_or_not_at_all() -> None:
    assert burning(0.02).memory().phase is Phase.FIRING
    assert burning(0.014).memory().phase is Phase.OK
    # The long window holds what the short one does not see any more.
    found = burning(0.02)
    for number in range(721, 721 + 40):
        found.track("errors").append(found.now, 100.0 * 0.02 * 720)
        found.track("requests").append(found.now, 100.0 * number)
        found.round()
        found.now += TICK
    assert found.memory().phase is Phase.RESOLVED


def test_half_a_window_is_enough_to_fire_and_not_to_be_over() -> None:
    fires = burning(0.02)
    first = next(event for event in fires.events if event.kind is Kind.PENDING)
    assert first.at - START == minutes(30)
    calm = burning(0.001)
    assert calm.memory().unknown_since is None
    holed = burning(0.001, hole=range(660, 715))
    assert holed.memory().unknown_since is not None


def judged(condition: str, **samples: list[float]) -> Judged:
    """Return what is said of a condition at the last of samples that were measured every ten seconds."""
    tracks = {
        signal: Track(TICK, [(START + number * TICK, value) for number, value in enumerate(values)])
        for signal, values in samples.items()
    }
    at = START + (max(map(len, samples.values())) - 1) * TICK
    return judge(parse_condition(condition), Question(tracks, at, at))


@pytest.mark.parametrize(
    ("condition", "samples", "holds", "value"),
    [
        # A value stands for the stretch that it ends: of the first nothing is known.
        ("avg(cpu, 1m) > 50%", {"cpu": [9, 0, 0, 1, 1, 1, 1]}, True, 4 / 6),
        ("avg(cpu, 1m) > 80%", {"cpu": [9, 0, 0, 1, 1, 1, 1]}, False, 4 / 6),
        ("avg(cpu, 1m) > 50%", {"cpu": [9, 1, 1]}, None, 1),
        ("avg(cpu, 1m) > 50%", {"cpu": [9, 1, 1, 1]}, True, 1),
        # What is missing of it may be the worst: that all is well is known by nine tenths.
        ("avg(cpu, 1m) > 50%", {"cpu": [0, 0, 0, 0]}, None, 0),
        ("avg(cpu, 1m) > 50%", {"cpu": [1]}, None, None),
        ("rate(errors, 1m) > 0.5", {"errors": [0, 10, 20, 30, 40, 50, 60]}, True, 1),
        # A counter that fell began anew, and rose by what it shows.
        ("rate(errors, 1m) > 0.5", {"errors": [500, 510, 5, 15, 25, 35, 45]}, True, 55 / 60),
        ("rate(errors, 1m) > 0.5", {"errors": [500, 500, 0, 0, 0, 0, 0]}, False, 0),
        (
            "rate(errors, 1m) / rate(requests, 1m) > 5%",
            {"errors": [0, 1, 2, 3, 4, 5, 6], "requests": [0, 10, 20, 30, 40, 50, 60]},
            True,
            0.1,
        ),
        (
            "rate(errors, 1m) / rate(requests, 1m) > 5%",
            {"errors": [0, 1, 2, 3, 4, 5, 6], "requests": [900, 1000, 100, 200, 300, 400, 500]},
            False,
            0.01,
        ),
        # Of no requests nobody knows how many would have failed.
        ("rate(errors, 1m) / rate(requests, 1m) > 5%", {"errors": [0] * 7, "requests": [7] * 7}, None, None),
        ("rate(errors, 1m) / rate(requests, 1m) > 5%", {"errors": [0] * 7}, None, None),
    ],
)
def test_what_a_window_comes_to(
    condition: str, samples: dict[str, list[float]], holds: bool | None, value: float | None
) -> None:
    found = judged(condition, **samples)
    assert (found.holds, found.value) == (holds, value if value is None else pytest.approx(value))

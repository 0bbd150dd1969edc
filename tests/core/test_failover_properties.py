"""What holds for every plan, whatever the shares, the facts and the request."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.core.emergency import NOW, SECOND, reading
from wedtui.core.checks import Stops
from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence
from wedtui.core.failover import Plan, canonical, changed, plan, plan_json
from wedtui.core.failover_facts import (
    Facts,
    Kind,
    Measured,
    ProviderFacts,
    Request,
    eligible,
    newest_round,
    provider_facts,
)
from wedtui.core.freeze import Verdict
from wedtui.core.health import judge
from wedtui.core.override import TRAFFIC, Override, override_of
from wedtui.core.plan_essence import what_decides
from wedtui.core.shares import WHOLE
from wedtui.core.state import State
from wedtui.core.traffic import Place, by_provider, lost_places, unfit

PROVIDERS = ("a", "b", "c", "d")
EVERYWHERE = [Place("a"), Place("b"), Place("c", "eu"), Place("c", "us"), Place("d", "eu"), Place("d", "us")]
INSTANTS = st.none() | st.integers(-30, 5).map(lambda s: NOW + s * SECOND)
FIGURES = st.none() | st.floats() | st.sampled_from([0.0, 1.0, 500.0, 1000.0, 1e308])


@st.composite
def shares(draw: st.DrawFn, where: list[Place] | None = None) -> dict[Place, int]:
    """Draw shares that sum to 100."""
    found = where or draw(st.lists(st.sampled_from(EVERYWHERE), min_size=1, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), min_size=len(found) - 1, max_size=len(found) - 1)))
    return {place: end - start for place, start, end in zip(found, [0, *cuts], [*cuts, WHOLE], strict=True)}


PROVIDER_FACTS = st.builds(
    ProviderFacts,
    name=st.sampled_from(PROVIDERS),
    state=st.sampled_from(list(State)),
    round_passed=st.none() | st.booleans(),
    round_at=INSTANTS,
    capacity=FIGURES,
)
MEASURED = st.builds(Measured, FIGURES, st.none() | st.integers(-300, 5).map(lambda s: NOW + s * SECOND))
KNOWN = st.just(dict.fromkeys(PROVIDERS, timedelta(days=1))) | st.dictionaries(
    st.sampled_from(PROVIDERS), st.integers(0, 24).map(lambda hours: timedelta(hours=hours))
)
FREEZES = st.none() | st.builds(Verdict, st.booleans(), st.integers(-30, 5).map(lambda s: NOW + s * SECOND))
OVERRIDES = st.lists(
    st.builds(
        lambda name, hours: Override(name, "anna", "why", NOW, NOW + timedelta(hours=hours)),
        st.sampled_from([TRAFFIC, TRAFFIC, "other"]),
        st.integers(-1, 5),
    ),
    max_size=2,
).map(tuple)


@st.composite
def wild_plans(draw: st.DrawFn) -> tuple[Plan, Facts]:
    """Draw a plan of anything, most of which is refused for several reasons."""
    live = draw(shares() | st.dictionaries(st.sampled_from(EVERYWHERE), st.integers(-10, 110)))
    at = draw(st.sampled_from([NOW - SECOND] * 4 + [NOW - 11 * SECOND, NOW + 3 * SECOND]))
    submission = draw(st.sampled_from([None, None, None, "C1"]))
    read = reading({str(place): share for place, share in live.items()}, at=at, submission=submission)
    known = Facts(
        reading=draw(st.sampled_from([read, read, read, None])),
        providers=tuple(draw(st.lists(PROVIDER_FACTS, max_size=4, unique_by=lambda p: p.name))),
        observed=draw(MEASURED),
        known_for=draw(KNOWN),
        planned=draw(MEASURED),
        freeze=draw(FREEZES),
        overrides=draw(OVERRIDES),
    )
    request = Request(
        kind=draw(st.sampled_from(list(Kind))),
        lost=draw(st.frozensets(st.sampled_from([*EVERYWHERE, Place("c"), Place("d")]), max_size=3)),
        to=draw(st.none() | shares()),
        accepts_overload=draw(st.booleans()),
        automatic=draw(st.booleans()),
    )
    return plan(request, known, NOW), known


@st.composite
def usual_facts(draw: st.DrawFn) -> Facts:
    """Draw facts of which most are good."""
    providers = [
        ProviderFacts(
            name,
            draw(st.sampled_from([State.OK, State.OK, State.DEGRADED, State.CRITICAL, State.UNKNOWN])),
            draw(st.sampled_from([True, True, True, True, False, None])),
            draw(st.sampled_from([NOW - 2 * SECOND] * 5 + [NOW - 11 * SECOND, None])),
            draw(st.none() | st.sampled_from([0.0, 130.0, 400.0, 700.0, 1300.0, 2000.0])),
        )
        for name in PROVIDERS
    ]
    return Facts(
        reading=reading({str(place): share for place, share in draw(shares()).items()}),
        providers=tuple(providers),
        observed=Measured(draw(st.sampled_from([None, 500.0, 1000.0, 1000.0])), NOW),
        known_for=draw(KNOWN),
        planned=Measured(draw(st.sampled_from([None, 0.0, 1000.0, 1500.0])), NOW),
        freeze=draw(st.sampled_from([None, Verdict(True, NOW), Verdict(False, NOW), Verdict(False, NOW)])),
    )


@st.composite
def failovers(draw: st.DrawFn) -> tuple[Plan, Facts]:
    known = draw(usual_facts())
    assert known.reading is not None
    lost = draw(st.sampled_from(sorted(known.reading.shares)))
    lost = draw(st.sampled_from([lost, Place(lost.provider)]))
    automatic, accepts = draw(st.sampled_from([(False, False), (False, True), (True, False)]))
    request = Request(Kind.FAILOVER, frozenset({lost}), accepts_overload=accepts, automatic=automatic)
    return plan(request, known, NOW), known


@st.composite
def failbacks(draw: st.DrawFn) -> tuple[Plan, Facts]:
    known = draw(usual_facts())
    assert known.reading is not None
    return plan(Request(Kind.FAILBACK, to=draw(shares(list(known.reading.shares)))), known, NOW), known


def plans() -> st.SearchStrategy[tuple[Plan, Facts]]:
    return wild_plans() | failovers() | failbacks()


@given(plans())
def test_what_would_be_submitted_is_never_unfit(made: tuple[Plan, Facts]) -> None:
    found, _ = made
    assert set(found.after) == set(found.before)
    if found.refused:
        assert found.after == found.before
    else:
        assert unfit(found.after) is None
        assert found.after != found.before


@given(plans())
def test_only_who_is_eligible_gains_and_never_over_its_cap(made: tuple[Plan, Facts]) -> None:
    found, known = made
    before, after = by_provider(found.before), by_provider(found.after)
    rooms = {room.provider: room for room in found.rooms}
    for name in before:
        assert (rooms[name].before, rooms[name].after) == (before[name], after[name])
        if after[name] > before[name]:
            assert eligible(known.provider(name), NOW).passed
            if not found.request.accepts_overload:
                cap = rooms[name].cap
                assert cap is not None
                assert after[name] <= cap
    for place, share in found.after.items():
        if share > found.before[place]:
            assert eligible(known.provider(place.provider), NOW).passed


@given(failovers())
def test_the_lost_get_0_and_nobody_else_loses_anything(made: tuple[Plan, Facts]) -> None:
    found, _ = made
    gone = lost_places(found.before, found.request.lost)
    for place, share in found.after.items():
        if not found.refused:
            assert share == 0 if place in gone else share >= found.before[place]


@given(failbacks())
def test_a_failback_never_goes_further_than_it_was_asked_to(made: tuple[Plan, Facts]) -> None:
    found, known = made
    to, left = found.request.to or {}, 0
    for place, share in found.after.items():
        low, high = sorted((found.before[place], to[place]))
        assert low <= share <= high
        left += max(to[place] - share, 0)
        if known.provider(place.provider).state is State.UNKNOWN:
            assert share == found.before[place]
    assert found.refused or left == found.unplaced


@given(plans())
def test_a_freeze_stops_every_failback_and_no_failover(made: tuple[Plan, Facts]) -> None:
    found, known = made
    if found.request.kind is Kind.FAILOVER:
        assert found.check("freeze").passed
    elif not found.refused:
        open_ = known.freeze is not None and not known.freeze.frozen
        assert open_ or override_of(known.overrides, TRAFFIC, NOW) is not None


@given(plans())
def test_the_service_acts_only_upon_what_is_known(made: tuple[Plan, Facts]) -> None:
    found, _ = made
    if found.request.automatic and not found.refused:
        assert found.request.kind is Kind.FAILOVER
        assert all(check.passed for check in found.checks if check.stops is not Stops.NOBODY)
        assert found.unplaced == 0
        assert not found.request.accepts_overload


@given(failovers())
def test_what_may_be_done_with_overload_may_be_refused_without_but_never_the_other_way(
    made: tuple[Plan, Facts],
) -> None:
    found, known = made
    strict = plan(replace(found.request, accepts_overload=False), known, NOW)
    loose = plan(replace(found.request, accepts_overload=True, automatic=False), known, NOW)
    assert strict.refused or (loose.after, loose.refused) == (strict.after, ())


@given(plans())
def test_a_plan_says_the_same_each_time_and_its_digest_can_be_told_from_what_is_kept(made: tuple[Plan, Facts]) -> None:
    found, known = made
    again = plan(found.request, known, NOW)
    assert again == found
    assert changed(found, again) == ()
    said = plan_json(found)
    assert json.loads(canonical(said)) == said
    assert found.digest == hashlib.sha256(canonical(what_decides(said))).hexdigest()


def told(made: Plan) -> tuple[object, ...]:
    """Return what somebody who confirms a plan is told that it does, and of its safety; no figure of it."""
    over = {room.provider: None if room.cap is None else room.after > room.cap for room in made.rooms}
    short = {room.provider: None if room.spare is None else room.spare < 0 for room in made.rooms}
    verdicts = sorted((check.rule, check.result, check.stops) for check in made.checks)
    live = (made.backend, made.name, made.ttl, made.records, made.generation)
    return made.request, live, made.before, made.after, made.unplaced, verdicts, over, short


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Plan, Plan]:
    """Draw a plan, and another of the same request or a like one: by facts of which one thing or all are others."""
    seen, known = draw(plans())
    request = draw(
        st.sampled_from(
            [
                *[seen.request] * 4,
                replace(seen.request, accepts_overload=not seen.request.accepts_overload),
                replace(seen.request, automatic=not seen.request.automatic),
                replace(seen.request, vouched=frozenset({"a"})),
            ]
        )
    )
    figures = draw(st.sampled_from([1.0, 1.0, 1.001, 1.1, 2.0]))
    busier = replace(known.observed, value=None if known.observed.value is None else known.observed.value * figures)
    one = draw(st.sampled_from(["observed", "planned", "known_for", "freeze", "providers", "reading"]))
    other = replace(known, **{one: getattr(draw(plans())[1], one)})
    newer = draw(st.sampled_from([replace(known, observed=busier), replace(known, observed=busier), other]))
    return seen, plan(request, newer, NOW + draw(st.sampled_from([0, 0, 1])) * SECOND)


@given(pairs())
def test_whatever_is_done_or_judged_otherwise_is_another_digest_and_nothing_else_is(both: tuple[Plan, Plan]) -> None:
    seen, newer = both
    if told(seen) != told(newer):
        assert seen.digest != newer.digest
    elif not seen.request.accepts_overload:
        assert seen.digest == newer.digest
    if changed(seen, newer):
        assert seen.digest != newer.digest


@given(failovers(), st.data())
def test_losing_a_signal_never_allows_more(made: tuple[Plan, Facts], data: st.DataObject) -> None:
    """What is not known of a provider any more lets nothing through that was refused, and lets it gain nothing more."""
    found, known = made
    gone = data.draw(st.sampled_from(PROVIDERS))
    stay = tuple(p for p in known.providers if p.name != gone)
    less = plan(found.request, replace(known, providers=stay), NOW)
    assert less.refused or not found.refused
    by_name = {room.provider: room.after for room in found.rooms}
    for room in less.rooms:
        if room.provider == gone and not less.refused:
            assert room.after <= max(room.before, by_name[gone])


@given(plans())
def test_every_number_on_it_is_a_number(made: tuple[Plan, Facts]) -> None:
    found, _ = made
    for room in found.rooms:
        assert all(value is None or math.isfinite(value) for value in (room.cap, room.capacity, room.spare))
    assert found.peak is None or 0 < found.peak < math.inf


@st.composite
def evidence(draw: st.DrawFn) -> ProviderEvidence:
    probes = []
    for name in draw(st.lists(st.sampled_from(["web", "api"]), unique=True, max_size=2)):
        for vantage in draw(st.lists(st.sampled_from(["here", "there", "else"]), unique=True, min_size=1)):
            seen = draw(st.lists(st.tuples(st.integers(-40, 5), st.booleans()), max_size=4))
            rounds = tuple(ProbeRound(NOW + at * SECOND, passed) for at, passed in sorted(seen, reverse=True))
            probes.append(ProbeEvidence(name, 3 * SECOND, rounds, vantage))
    return ProviderEvidence("a", "probed", 50, capacity=1.0, probes=tuple(probes))


@given(evidence())
def test_the_newest_round_passed_only_where_each_probe_was_seen_to_by_a_majority(known: ProviderEvidence) -> None:
    passed, at = newest_round(known.probes, NOW)
    found = provider_facts(known, judge(known, NOW), NOW)
    assert (found.name, found.round_passed, found.round_at, found.capacity) == ("a", passed, at, 1.0)
    if passed:
        assert at is not None
        assert timedelta(seconds=-2) <= NOW - at <= 10 * SECOND
        for name in {probe.name for probe in known.probes}:
            recent = []
            for probe in known.probes:
                rounds = [r for r in probe.rounds if -2 <= (NOW - r.at) / SECOND <= 10]
                recent += [max(rounds, key=lambda r: r.at).passed] if rounds and probe.name == name else []
            assert 2 * sum(recent) > len(recent) or len(recent) == 0
    if not known.probes:
        assert (passed, at) == (None, None)

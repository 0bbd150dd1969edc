"""A failover is planned: DESIGN's cases, and every rule that stops one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.emergency import (
    NOW,
    SECOND,
    SHARES,
    capacity_for,
    come_back,
    facts,
    leave,
    places,
    provider,
    reading,
)
from wedtui.core.calendar import Freshness
from wedtui.core.checks import Result, Stops
from wedtui.core.failover import PLAN_GOOD_FOR, Plan, changed, lapsed, plan, plan_json
from wedtui.core.failover_facts import Facts, Kind, Measured, Request
from wedtui.core.freeze import Verdict
from wedtui.core.load import Live, Peak
from wedtui.core.plan_essence import what_decides
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.state import State
from wedtui.core.traffic import Place
from wedtui.core.wedding import UNITS

BEFORE = places(SHARES)
BY_ITSELF = leave(automatic=True)


def after(made: Plan) -> dict[str, int]:
    return {str(place): share for place, share in made.after.items()}


def results(made: Plan) -> dict[str, Result]:
    return {check.rule: check.result for check in made.checks}


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ((45, 30, 40), (0, 45, 30, 25)),
        ((100, 100, 0), (0, 63, 37, 0)),
        ((100, 100, 100), (0, 63, 37, 0)),
        ((30, 100, 100), (0, 30, 70, 0)),
        ((20, 15, 60), (0, 25, 15, 60)),
    ],
    ids=["capped, the rest to who has nothing", "no room where nothing is", "tie", "one is full", "both are over"],
)
def test_aws_is_lost(caps: tuple[int, int, int], expected: tuple[int, ...]) -> None:
    made = plan(leave(), facts(caps=dict(zip(list(SHARES)[1:], caps, strict=True))), NOW)
    assert after(made) == dict(zip(SHARES, expected, strict=True))
    assert (made.before, made.unplaced, made.refused, made.page) == (BEFORE, 0, (), None)


def test_without_room_it_is_refused_and_says_how_much_finds_none() -> None:
    made = plan(leave(), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20}), NOW)
    assert (made.after, made.unplaced) == (BEFORE, 5)
    assert made.check("room").result is Result.FAIL
    assert made.refused[0] == "5 % find no room that is known of; a person may accept the overload knowingly"
    assert made.page == made.refused[0]


def test_a_person_may_accept_an_overload_knowingly() -> None:
    known = facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20})
    made = plan(leave(accepts_overload=True), known, NOW)
    assert (after(made), made.unplaced) == ({"aws": 0, "azure": 48, "digitalocean": 20, "gcp": 32}, 5)
    assert (made.refused, made.page) == ((), None)
    room = made.check("room")
    assert (room.result, room.stops) == (Result.FAIL, Stops.AUTOMATIC)
    assert room.sentence == "an overload is accepted: azure gets 48 % of at most 45 % and gcp gets 32 % of at most 30 %"


@pytest.mark.parametrize(
    ("lost", "shares", "words"),
    [
        ("aws", {"aws": 60, "azure": 40}, "azure gets 100 % of an unknown cap"),
        ("aws/eu", {"aws/eu": 60, "aws/us": 40}, "aws gets 100 % in what is left of it"),
    ],
)
def test_an_overload_of_what_nothing_is_known_says_so(lost: str, shares: Mapping[str, int], words: str) -> None:
    known = facts(provider("aws"), provider("azure", None), reading=reading(shares))
    assert plan(leave(lost), known, NOW).refused
    made = plan(leave(lost, accepts_overload=True), known, NOW)
    assert (made.refused, made.check("room").sentence) == ((), f"an overload is accepted: {words}")
    assert sorted(made.after.values()) == [0, 100]


@pytest.mark.parametrize("other", [{"state": State.UNKNOWN}, {"state": State.CRITICAL}, {"round_passed": False}])
def test_an_overload_goes_to_those_alone_that_may_gain(other: dict[str, Any]) -> None:
    known = facts(provider("azure", **other), caps={"gcp": 30, "digitalocean": 20})
    made = plan(leave(accepts_overload=True), known, NOW)
    assert (after(made), made.unplaced) == ({"aws": 0, "azure": 25, "digitalocean": 20, "gcp": 55}, 25)


def test_the_service_never_accepts_an_overload() -> None:
    known = facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20})
    made = plan(leave(automatic=True, accepts_overload=True), known, NOW)
    assert made.after == BEFORE
    assert "only a person may accept an overload" in made.refused
    # And where there is room, neither: it was not asked for knowingly.
    assert plan(leave(automatic=True, accepts_overload=True), facts(), NOW).after == BEFORE


@pytest.mark.parametrize(
    ("other", "result"),
    [
        ({"state": State.CRITICAL}, Result.FAIL),
        ({"state": State.UNKNOWN}, Result.UNKNOWN),
        ({"round_passed": False}, Result.FAIL),
        ({"round_passed": None}, Result.UNKNOWN),
        ({"round_at": NOW - 10 * SECOND - timedelta(microseconds=1)}, Result.UNKNOWN),
        ({"round_at": NOW + 3 * SECOND}, Result.UNKNOWN),
        ({"round_at": None}, Result.UNKNOWN),
    ],
    ids=["critical", "unknown", "failed its last round", "no round", "old evidence", "of the future", "never seen"],
)
def test_who_may_not_gain_keeps_what_it_has(other: dict[str, Any], result: Result) -> None:
    made = plan(leave(), facts(provider("azure", **other)), NOW)
    assert after(made) == {"aws": 0, "azure": 25, "digitalocean": 0, "gcp": 75}
    assert results(made)["eligible:azure"] is result
    assert made.refused == ()


@pytest.mark.parametrize("other", [{"state": State.DEGRADED}, {"round_at": NOW - 10 * SECOND}])
def test_who_may_gain(other: dict[str, Any]) -> None:
    made = plan(leave(), facts(provider("azure", **other)), NOW)
    assert after(made)["azure"] == 63
    assert results(made)["eligible:azure"] is Result.PASS


def test_a_provider_of_share_0_that_may_not_gain_gets_nothing() -> None:
    known = facts(provider("digitalocean", 40, State.UNKNOWN), caps={"azure": 45, "gcp": 30})
    made = plan(leave(), known, NOW)
    assert (made.after, made.unplaced) == (BEFORE, 25)


@pytest.mark.parametrize("state", [State.CRITICAL, State.UNKNOWN])
@pytest.mark.parametrize("accepts", [False, True])
def test_all_bad_holds_the_shares_and_pages_whoever_asks(state: State, accepts: bool) -> None:
    bad = facts(*(provider(name, state=state) for name in SHARES))
    made = plan(leave(accepts_overload=accepts), bad, NOW)
    assert made.after == BEFORE
    assert made.page == "no provider may gain share: hold the shares, and suspect the prober before the providers"
    assert made.page in made.refused_person


def test_the_loser_gets_0_and_is_not_off() -> None:
    made = plan(leave(), facts(), NOW)
    assert made.after[Place("aws")] == 0
    assert set(made.after) == set(made.before)


def test_what_is_off_gains_nothing_and_is_said() -> None:
    known = facts(caps={"azure": 45, "gcp": 30}, reading=reading({"aws": 60, "azure": 25, "gcp": 15}))
    made = plan(leave(), known, NOW)
    assert (made.unplaced, "digitalocean" in after(made)) == (25, False)
    assert made.check("eligible:digitalocean").sentence.startswith("digitalocean is OFF")


def test_a_record_of_which_nothing_is_known_keeps_what_it_has() -> None:
    shares = {"aws": 60, "azure": 25, "elsewhere": 15}
    made = plan(leave(), facts(reading=reading(shares)), NOW)
    assert after(made) == {"aws": 0, "azure": 85, "elsewhere": 15}


@pytest.mark.parametrize(
    "other",
    [
        {"observed": Measured(None, None), "planned": Measured(None, None)},
        {"observed": Measured(1000, NOW - timedelta(hours=1)), "planned": Measured()},
        {"observed": Measured(0, NOW), "planned": Measured(0, NOW)},
        {"observed": Measured(math.nan, NOW), "planned": Measured(math.inf, NOW)},
        {"observed": Measured(1000, NOW + 3 * SECOND), "planned": Measured()},
    ],
    ids=["neither is known", "both are old", "nothing was measured", "neither is a figure", "of the future"],
)
def test_without_a_peak_nobody_is_known_to_have_room(other: dict[str, Any]) -> None:
    made = plan(leave(), facts(**other), NOW)
    assert (made.peak, made.unplaced, made.after) == (None, 60, BEFORE)
    assert made.check("room").result is Result.UNKNOWN
    assert all(room.cap is None for room in made.rooms)
    assert made.check("capacity:azure").sentence == "the cap of azure is not known, which is no room"
    assert after(plan(leave(accepts_overload=True), facts(**other), NOW)) == {
        "aws": 0,
        "azure": 63,
        "digitalocean": 0,
        "gcp": 37,
    }


@pytest.mark.parametrize(
    ("observed", "planned", "expected"),
    [(1000.0, 500.0, 1000.0), (500.0, 1000.0, 1000.0), (1000.0, None, 1000.0), (None, 1000.0, 1000.0)],
)
def test_the_larger_peak_counts(observed: float | None, planned: float | None, expected: float) -> None:
    made = plan(leave(), facts(observed=Measured(observed, NOW), planned=Measured(planned, NOW)), NOW)
    assert made.peak == expected
    assert made.rooms[1].cap == 100
    assert made.check("peak-observed").passed is (observed is not None)
    assert made.check("peak-planned").passed is (planned is not None)


def test_an_old_peak_still_counts_where_it_is_the_larger() -> None:
    old = Measured(5000, NOW - timedelta(hours=1))
    made = plan(leave(), facts(observed=Measured(1000, NOW), planned=old), NOW)
    assert (made.peak, made.rooms[1].cap) == (5000, 20)
    assert made.check("peak-planned").result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("known", "rule"),
    [(facts(observed=Measured()), "peak-observed"), (facts(planned=Measured()), "peak-planned")],
)
def test_a_peak_that_is_not_known_stops_the_service_and_no_person(known: Facts, rule: str) -> None:
    assert plan(leave(), known, NOW).refused == ()
    assert plan(BY_ITSELF, known, NOW).refused == (plan(leave(), known, NOW).check(rule).sentence,)


@pytest.mark.parametrize(
    ("planned", "result", "words"),
    [
        (Measured(0, NOW), Result.PASS, "is 0 requests/s"),
        (Measured(7, NOW - timedelta(hours=1)), Result.UNKNOWN, "is old: it was 7 requests/s"),
        (Measured(7, NOW + 3 * SECOND), Result.UNKNOWN, "is dated in the future"),
        (Measured(-1, NOW), Result.UNKNOWN, "is -1 requests/s, which is no peak to go by"),
        (Measured(7, None), Result.UNKNOWN, "is not known"),
        (Measured(7, NOW - 121 * SECOND), Result.UNKNOWN, "is old: it was 7 requests/s"),
        (Measured(7, NOW - 121 * SECOND, timedelta(minutes=5)), Result.PASS, "is 7 requests/s"),
    ],
)
def test_how_a_peak_is_known(planned: Measured, result: Result, words: str) -> None:
    found = plan(leave(), facts(planned=planned), NOW).check("peak-planned")
    assert (found.result, found.sentence) == (result, f"the peak planned for the next 4 h {words}")
    assert found.measured_at == planned.measured_at


def test_the_service_does_not_act_upon_a_day_without_a_request() -> None:
    known = facts(observed=Measured(0, NOW), planned=Measured(1000, NOW))
    assert plan(leave(), known, NOW).peak == 1000
    why = "the peak of the last 24 h is 0 requests/s, which is no peak to go by"
    assert plan(BY_ITSELF, known, NOW).refused == (why,)


@pytest.mark.parametrize("capacity", [None, math.nan, math.inf, -1.0])
def test_a_capacity_that_is_not_known_is_no_room(capacity: float | None) -> None:
    known = facts(provider("azure", capacity=capacity), caps={"gcp": 100, "digitalocean": 100})
    made = plan(leave(), known, NOW)
    assert after(made) == {"aws": 0, "azure": 25, "digitalocean": 0, "gcp": 75}
    assert made.check("capacity:azure").result is Result.UNKNOWN
    assert made.check("capacity:azure").sentence == "the capacity of azure is not known, which is no room"
    tight = facts(provider("azure", capacity=capacity), caps={"gcp": 30, "digitalocean": 0})
    assert plan(leave(), tight, NOW).check("room").result is Result.UNKNOWN
    assert plan(leave(), tight, NOW).after == BEFORE


def test_headroom_is_what_is_left_at_the_peak() -> None:
    made = plan(leave(), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 40}), NOW)
    assert [(r.provider, r.before, r.after, r.cap, r.spare) for r in made.rooms] == [
        ("aws", 60, 0, 100, 1300.0),
        ("azure", 25, 45, 45, capacity_for(45) - 450),
        ("digitalocean", 0, 25, 40, capacity_for(40) - 250),
        ("gcp", 15, 30, 30, capacity_for(30) - 300),
    ]


@pytest.mark.parametrize("frozen", [Verdict(True, NOW, reasons=("weekend",)), Verdict(True, NOW), None])
@pytest.mark.parametrize("request_", [leave(), BY_ITSELF], ids=["person", "service"])
def test_a_freeze_never_stops_a_failover(request_: Request, frozen: Verdict | None) -> None:
    made = plan(request_, facts(freeze=frozen), NOW)
    assert made.refused == ()
    assert after(made)["aws"] == 0


@pytest.mark.parametrize("state", list(State))
def test_a_person_may_leave_any_provider_and_the_service_a_critical_one_alone(state: State) -> None:
    known = facts(provider("aws", state=state))
    assert after(plan(leave(), known, NOW))["aws"] == 0
    by_itself = plan(BY_ITSELF, known, NOW)
    assert (by_itself.refused == ()) is (state is State.CRITICAL)
    expected = {State.CRITICAL: Result.PASS, State.UNKNOWN: Result.UNKNOWN}.get(state, Result.FAIL)
    assert by_itself.check("failing").result is expected


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        (("elsewhere",), "there is no record of elsewhere"),
        (("aws/eu-west-1",), "there is no record of aws/eu-west-1"),
        (("aws", "azre"), "there is no record of azre"),
        (("digitalocean",), "digitalocean carries nothing already"),
    ],
)
def test_what_is_not_there_or_carries_nothing_cannot_be_left(lost: tuple[str, ...], why: str) -> None:
    made = plan(leave(*lost), facts(), NOW)
    assert (made.after, made.refused) == (BEFORE, (why,))


def test_nothing_named_is_nothing_to_leave() -> None:
    made = plan(Request(Kind.FAILOVER), facts(), NOW)
    assert (made.after, made.refused) == (BEFORE, ("no provider is named",))


def test_something_is_always_routed() -> None:
    made = plan(leave(*SHARES, accepts_overload=True), facts(), NOW)
    assert made.after == BEFORE
    assert made.check("whole").result is Result.FAIL
    assert not made.check("gains").passed


def test_several_may_be_lost_at_once() -> None:
    assert after(plan(leave("aws", "gcp"), facts(), NOW)) == {"aws": 0, "azure": 100, "digitalocean": 0, "gcp": 0}


REGIONS = {"aws/eu": 40, "aws/us": 20, "azure/eu": 10, "azure/us": 20, "gcp": 10}


def test_one_region_is_left_and_its_provider_gains_nothing_elsewhere() -> None:
    made = plan(leave("aws/eu"), facts(provider("aws"), reading=reading(REGIONS)), NOW)
    assert after(made) == {"aws/eu": 0, "aws/us": 20, "azure/eu": 20, "azure/us": 40, "gcp": 20}


def test_a_provider_is_left_in_all_its_regions() -> None:
    made = plan(leave("aws"), facts(reading=reading(REGIONS)), NOW)
    assert after(made) == {"aws/eu": 0, "aws/us": 0, "azure/eu": 25, "azure/us": 50, "gcp": 25}


def test_a_region_that_was_left_is_not_filled_again_by_the_next_failover() -> None:
    shares = {"aws/eu": 0, "aws/us": 40, "azure": 60}
    made = plan(leave("azure"), facts(provider("aws"), reading=reading(shares)), NOW)
    assert after(made) == {"aws/eu": 0, "aws/us": 100, "azure": 0}


def test_the_cap_of_a_provider_is_of_all_its_regions() -> None:
    known = facts(caps={"azure": 40, "gcp": 100}, reading=reading(REGIONS))
    assert after(plan(leave("aws"), known, NOW)) == {
        "aws/eu": 0,
        "aws/us": 0,
        "azure/eu": 13,
        "azure/us": 27,
        "gcp": 60,
    }


@pytest.mark.parametrize(
    ("other", "rule", "result"),
    [
        ({"reading": None, "reading_problem": "timed out"}, "reading", Result.UNKNOWN),
        ({"reading": reading(at=NOW - 11 * SECOND)}, "reading", Result.UNKNOWN),
        ({"reading": reading(at=NOW + 3 * SECOND)}, "reading", Result.UNKNOWN),
        ({"reading": reading({"aws": 60, "azure": 25})}, "shares", Result.FAIL),
        ({"reading": reading({"aws": 160, "azure": -60})}, "shares", Result.FAIL),
        ({"reading": reading({})}, "shares", Result.FAIL),
    ],
    ids=["none", "old", "of the future", "not 100", "out of range", "empty"],
)
def test_shares_that_are_not_known_or_make_no_sense_are_not_changed(
    other: dict[str, Any], rule: str, result: Result
) -> None:
    known = facts(**other)
    made = plan(leave(accepts_overload=True), known, NOW)
    assert made.check(rule).result is result
    assert made.check(rule).sentence in made.refused
    assert made.after == made.before


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (SECOND, "the live shares were read"),
        (11 * SECOND, "the reading of the live shares is old"),
        (-3 * SECOND, "the reading of the live shares is dated in the future"),
    ],
)
def test_how_old_the_live_shares_are(age: timedelta, words: str) -> None:
    made = plan(leave(), facts(reading=reading(at=NOW - age)), NOW)
    assert made.check("reading").sentence == words
    assert made.check("eligible:azure").measured_at == NOW - 2 * SECOND


def test_a_reading_that_failed_says_why_on_one_line() -> None:
    made = plan(leave(), facts(reading=None, reading_problem="no\x1b[2J answer\n"), NOW)
    assert made.refused == ("the live shares are not known: no [2J answer",)
    assert (made.before, made.rooms, made.name) == ({}, (), None)


def test_a_change_on_its_way_stops_the_service_and_no_person() -> None:
    known = facts(reading=reading(submission="C123"))
    assert plan(leave(), known, NOW).refused == ()
    assert plan(BY_ITSELF, known, NOW).refused == ("the change C123 is not yet in sync",)


def test_a_plan_of_a_person_is_none_of_the_service() -> None:
    made = plan(leave(), facts(), NOW)
    assert (made.refused_person, len(made.refused_automatic)) == ((), 1)
    assert plan(BY_ITSELF, facts(), NOW).refused_automatic == ()


def test_every_check_has_a_sentence_and_the_instant_of_its_evidence() -> None:
    made = plan(leave(), facts(), NOW)
    assert all(check.sentence and "\n" not in check.sentence for check in made.checks)
    aged = {check.rule: check.measured_at for check in made.checks}
    assert aged["reading"] == NOW - SECOND
    assert aged["eligible:azure"] == aged["failing"] == NOW - 2 * SECOND
    assert aged["peak-observed"] == NOW - 30 * SECOND
    assert aged["freeze"] == NOW - SECOND
    assert len(aged) == len(made.checks)


def test_a_plan_expires_and_is_none_before_it_was_made() -> None:
    made = plan(leave(), facts(), NOW)
    assert made.expires_at == NOW + PLAN_GOOD_FOR
    assert not made.expired(made.expires_at - timedelta(microseconds=1))
    assert made.expired(made.expires_at)
    assert made.expired(NOW - 3 * SECOND)


TIGHT = {"azure": 45, "gcp": 30, "digitalocean": 20}


@pytest.mark.parametrize(
    "other",
    [
        {"reading": reading(generation=8)},
        {"reading": reading(records="{}")},
        {"reading": reading(backend="powerdns")},
        {"reading": reading(name="www.made-up.test.")},
        {"reading": reading(ttl=60 * SECOND)},
        {"reading": reading({**SHARES, "aws": 59, "gcp": 16})},
    ],
)
def test_the_digest_is_of_what_will_be_submitted(other: dict[str, Any]) -> None:
    one = plan(leave(), facts(), NOW)
    assert plan(leave(), facts(), NOW).digest == one.digest
    assert plan(leave(), facts(**other), NOW).digest != one.digest


@pytest.mark.parametrize(
    "request_",
    [
        leave("azure"),
        leave(accepts_overload=True),
        leave(automatic=True),
        leave(vouched=frozenset({"gcp"})),
        come_back({**SHARES, "aws": 59, "gcp": 16}),
        come_back({**SHARES, "aws": 59, "gcp": 16}, to_words="the shares before"),
    ],
)
def test_the_digest_is_of_who_asks_for_what_and_what_they_take_knowingly(request_: Request) -> None:
    asked = [leave(), come_back({**SHARES, "aws": 58, "gcp": 17}), request_]
    assert len({plan(each, facts(), NOW).digest for each in asked}) == len(asked)


@pytest.mark.parametrize(
    "other",
    [
        {"planned": Measured()},
        {"observed": Measured(1000.0, NOW - 3600 * SECOND)},
        {"known_for": {}},
        {"protection": ProtectionVerdict(Protection.HIGH, calendar=Freshness.FRESH, read_at=NOW)},
    ],
)
def test_the_digest_is_of_each_rules_verdict(other: dict[str, Any]) -> None:
    one, newer = plan(leave(), facts(), NOW), plan(leave(), facts(**other), NOW)
    assert (newer.after, results(newer) != results(one)) == (one.after, True)
    assert newer.digest != one.digest


def test_the_digest_is_of_the_protection_level_where_a_person_gives_their_word() -> None:
    """What was typed at NORMAL is no word for MAXIMUM; what is begun is judged by what stops it, and that does not."""

    def at(level: Protection, **asked: Any) -> Plan:
        verdict = ProtectionVerdict(level, calendar=Freshness.FRESH, read_at=NOW)
        return plan(leave(**asked), facts(protection=verdict), NOW)

    normal, maximum = at(Protection.NORMAL), at(Protection.MAXIMUM)
    assert results(normal) == results(maximum)
    assert normal.digest != maximum.digest
    assert lapsed(normal, maximum) == ()
    assert at(Protection.NORMAL, automatic=True).digest == at(Protection.MAXIMUM, automatic=True).digest


def test_the_digest_is_of_whom_a_check_stops() -> None:
    accepted = plan(leave(accepts_overload=True), facts(caps=TIGHT), NOW)
    said = plan_json(accepted)
    (room,) = [each for each in said["checks"] if each["rule"] == "room"]  # type: ignore[attr-defined]
    before = what_decides(said)
    room["stops"] = "nobody"
    assert what_decides(said) != before


def test_the_digest_is_of_the_overload_that_is_accepted_to_the_percent() -> None:
    """Azure has more than its cap before, and gains: its new share and what finds no room do not tell of the cap."""
    seen, newer = (
        plan(leave(accepts_overload=True), facts(caps={"azure": azure, "gcp": 0, "digitalocean": 0}), NOW)
        for azure in (20, 19)
    )
    assert (seen.after, seen.unplaced, results(seen)) == (newer.after, newer.unplaced, results(newer))
    assert seen.digest != newer.digest


def test_the_digest_is_of_who_is_over_its_cap_and_who_is_overloaded() -> None:
    """GCP keeps its 15 % of 1000 requests/s; it has room for them, for them alone, or not even that."""
    gcp = provider("gcp", state=State.UNKNOWN)
    plenty, enough, over, short = (
        plan(leave(), facts(replace(gcp, capacity=capacity)), NOW) for capacity in (240.0, 195.0, 180.0, 149.0)
    )
    assert all((each.after, results(each)) == (plenty.after, results(plenty)) for each in (enough, over, short))
    assert plenty.digest == enough.digest
    assert len({enough.digest, over.digest, short.digest}) == 3


def test_a_new_peak_that_decides_nothing_is_no_other_plan() -> None:
    """What grows older or larger by itself throws away nothing that was typed."""
    seen = plan(leave(), facts(), NOW)
    for at, peak in ((NOW, 1001.0), (NOW + SECOND, 1000.0), (NOW + SECOND, 970.0), (NOW + 3 * SECOND, 1100.0)):
        newer = plan(leave(), facts(observed=Measured(peak, NOW), freeze=Verdict(True, NOW)), at)
        assert (newer.digest, newer.peak, newer.at) == (seen.digest, peak, at)
        assert changed(seen, newer) == ()
    busy = plan(leave(), facts(observed=Measured(2000.0, NOW)), NOW)
    assert busy.after != seen.after
    assert busy.digest != seen.digest


LATER = NOW + 5 * SECOND


def later(*providers: str, **other: Any) -> Facts:
    """Return facts of five seconds later, in which some providers are UNKNOWN."""
    fresh = [replace(p, round_at=LATER) for p in facts().providers]
    gone = [replace(p, state=State.UNKNOWN) for p in fresh if p.name in providers]
    return facts(*fresh, *gone, reading=reading(at=LATER), freeze=Verdict(False, LATER), **other)


def test_newer_evidence_alone_changes_no_plan() -> None:
    seen = plan(leave(), facts(), NOW)
    assert changed(seen, plan(leave(), later(), LATER)) == ()
    # A spare that gains nothing went away: what was confirmed still is what happens.
    assert changed(seen, plan(leave(), later("digitalocean"), LATER)) == ()
    # The freeze that began meanwhile does not concern a rescue.
    assert changed(seen, plan(leave(), replace(later(), freeze=Verdict(True, LATER)), LATER)) == ()


@pytest.mark.parametrize(
    ("newer", "why"),
    [
        (later("azure"), "it would now give aws 0, azure 25, digitalocean 0, gcp 75"),
        (replace(later(), reading=reading(at=LATER, generation=8)), "the live records are no longer those of the plan"),
        (replace(later(), reading=reading(at=LATER, records="{}")), "the live records are no longer those of the plan"),
        (later(planned=Measured()), "the peak planned for the next 4 h is not known"),
        (replace(later(), reading=None), "the live records are no longer those of the plan"),
    ],
    ids=["another gains", "another generation", "other records", "a rule became unknown", "nothing is read"],
)
def test_what_would_be_another_change_is_another_plan(newer: Facts, why: str) -> None:
    assert why in changed(plan(leave(), facts(), NOW), plan(leave(), newer, LATER))


def test_a_larger_overload_than_was_accepted_is_another_plan() -> None:
    seen = plan(leave(accepts_overload=True), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20}), NOW)
    newer = plan(leave(accepts_overload=True), facts(caps={"azure": 44, "gcp": 30, "digitalocean": 20}), NOW)
    assert "6 % now find no room" in changed(seen, newer)
    assert "it is for another request" in changed(seen, plan(leave(), facts(), NOW))


def test_what_became_better_is_no_other_plan() -> None:
    seen = plan(leave(), facts(planned=Measured()), NOW)
    assert changed(seen, plan(leave(), facts(), NOW)) == ()


def test_it_says_of_what_and_when_it_is() -> None:
    made = plan(leave(), facts(), NOW)
    assert (made.at, made.name, made.ttl, made.generation) == (NOW, "www.example.com.", timedelta(seconds=30), 8)


@pytest.mark.parametrize(
    ("verdict", "result", "words"),
    [
        (None, Result.UNKNOWN, "which weddings are live is not known"),
        (ProtectionVerdict(Protection.HIGH), Result.UNKNOWN, "no wedding calendar"),
        (
            ProtectionVerdict(
                Protection.MAXIMUM,
                live=Live(30 * UNITS, 53),
                peak=Peak(77 * UNITS, NOW),
                most=61,
                calendar=Freshness.FRESH,
                read_at=NOW - 60 * SECOND,
            ),
            Result.PASS,
            "53 weddings live, up to 61 at once in the next 4 h; load 30 now, 77 at its peak then",
        ),
        (
            ProtectionVerdict(
                Protection.MAXIMUM, live=Live(UNITS, 1), peak=Peak(UNITS, NOW), most=1, calendar=Freshness.STALE
            ),
            Result.UNKNOWN,
            "1 wedding live as last known, up to 1 at once in the next 4 h; load 1 now, 1 at its peak then",
        ),
    ],
)
def test_the_weddings_are_said_and_stop_nobody(verdict: ProtectionVerdict | None, result: Result, words: str) -> None:
    made = plan(BY_ITSELF, facts(protection=verdict), NOW)
    found = made.check("weddings")
    assert (found.result, found.sentence, made.refused) == (result, words, ())
    assert found.measured_at == (None if verdict is None else verdict.read_at)


def judged(made: Plan) -> set[str]:
    """Return the providers of which the plan says whether they may gain, or have room."""
    return {rule.partition(":")[2] for rule in results(made) if rule.startswith(("eligible:", "capacity:"))}


@pytest.mark.parametrize("state", list(State))
def test_whether_the_one_that_is_left_could_gain_is_no_question(state: State) -> None:
    left = provider("aws", None, state, round_passed=state is State.OK)
    made = plan(leave(), facts(left), NOW)
    assert judged(made) == {"azure", "gcp", "digitalocean"}
    assert not [check for check in made.checks if "aws" in check.sentence and "gain" in check.sentence.split()]


def test_of_a_region_that_is_left_the_rest_is_judged_only_where_it_may_be_given_something() -> None:
    regions = reading({"aws/a": 40, "aws/b": 20, "azure": 25, "gcp": 15})
    assert "aws" not in judged(plan(leave("aws/a"), facts(reading=regions), NOW))
    assert "aws" in judged(plan(leave("aws/a", accepts_overload=True), facts(reading=regions), NOW))


def test_of_a_failback_everybody_is_judged() -> None:
    made = plan(Request(Kind.FAILBACK, to=BEFORE), facts(), NOW)
    assert judged(made) == {*SHARES}

"""What can be judged at all, and what is not configured any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.alerts.evaluation import Kind
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import Clear, Elevation, Rule, RuleBook, Severity, Where
from wedtui.core.alerts.scope import judgeable, unmeasured, withdrawn
from wedtui.core.alerts.track import Track, labels_of

NOW = datetime(2026, 6, 20, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AWS, GCP = labels_of({"provider": "aws"}), labels_of({"provider": "gcp"})
TRACK = Track(MINUTE)


def rule(name: str, condition: str, where: Where | None = None) -> Rule:
    clear = Clear(MINUTE)
    return Rule(name, parse_condition(condition), Severity.CRITICAL, MINUTE, clear, where=where or Where())


def firing(key: str) -> Memory:
    return Memory(Phase.FIRING, NOW, episode=Episode(key, NOW, Severity.CRITICAL, Reason.CONDITION))


def test_a_shipped_rule_of_which_nothing_is_configured_is_not_judged_and_ones_own_is() -> None:
    book = RuleBook((rule("down", "up < 1"), rule("cpu", "cpu > 80%"), rule("own", "nowhere > 1")))
    kept, missing = judgeable(book, {"down", "cpu"}, {"up": {AWS: TRACK}, "cpu": {}})
    assert ([each.name for each in kept.rules], missing) == (["down", "own"], ("cpu",))


GUESTS = labels_of({"provider": "aws", "probe": "rsvp", "guest_facing": "true"})


@pytest.mark.parametrize(
    ("condition", "where", "why"),
    [
        ("up < 1", {}, ""),
        ("up < 1", {"provider": ("aws", "nowhere")}, ""),
        ("up < 1", {"provider": ("gcp",)}, "nothing that is configured has what it is about: provider is gcp"),
        ("cpu > 80%", {"provider": ("gcp",)}, ""),
        ("cpu > 80%", {"service": ("rsvp",)}, "nothing that is configured has what it is about: service is rsvp"),
        ("cpu > 80% or up < 1", {"provider": ("gcp",)}, ""),
        ("cpuu > 80%", {}, "nothing that is configured measures cpuu"),
        ("a / b > 5%", {"provider": ("gcp",)}, "nothing that is configured measures a and b"),
        ("cpu > 80% or memory > 80%", {}, "nothing that is configured measures memory"),
    ],
)
def test_a_rule_that_nothing_configured_can_make_fire_is_named(
    condition: str, where: dict[str, tuple[str, ...]], why: str
) -> None:
    series = {"up": {GUESTS}, "cpu": {AWS, GCP}, "memory": set()}
    book = RuleBook((rule("own", condition, Where(where)),))
    assert unmeasured(book, series) == ({"own": why} if why else {})


def test_so_is_what_raises_nothing() -> None:
    raising = Elevation("guests", Severity.CRITICAL, Where({"guest_facing": ("true",)}))
    assert unmeasured(RuleBook((), (raising,)), {"up": {GUESTS}}) == {}
    assert [*unmeasured(RuleBook((), (raising,)), {"up": {AWS}})] == ["guests"]


def test_what_fired_and_is_not_configured_any_more_is_withdrawn() -> None:
    book = RuleBook((rule("down", "up < 1"),))
    state = AlertState(NOW, {"down": {AWS: firing("a"), GCP: firing("g"), (): firing("nothing in particular")}})
    after, (event,) = withdrawn(state, book, {"up": {GCP: TRACK}}, NOW + MINUTE)
    assert (event.kind, event.labels, event.key, event.at) == (Kind.WITHDRAWN, AWS, "a", NOW + MINUTE)
    assert {*after.memories["down"]} == {GCP, ()}
    assert withdrawn(after, book, {"up": {GCP: TRACK}}, NOW + MINUTE) == (after, ())


def test_what_a_rule_is_about_no_more_is_withdrawn_and_what_was_well_is_forgotten() -> None:
    book = RuleBook((rule("down", "up < 1", Where({"provider": ("gcp",)})),))
    state = AlertState(NOW, {"down": {AWS: firing("a"), GCP: firing("g")}})
    after, (event,) = withdrawn(state, book, {"up": {AWS: TRACK, GCP: TRACK}}, NOW)
    assert event.key == "a"
    quiet = AlertState(NOW, {"down": {AWS: Memory(seen=NOW), GCP: firing("g")}})
    assert withdrawn(quiet, book, {"up": {GCP: TRACK}}, NOW) == (after, ())

"""What a silence is about, what it would hide, and which ones may not be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.alerts.stage import MINUTE, named
from tests.core.alerts.world import START
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Inhibition, RuleBook, Severity, Where
from wedtui.core.alerts.silences import (
    LONGEST_SILENCE,
    MOST_VALUES,
    Silence,
    checked,
    preview,
    released,
    silencing,
    where_of,
)
from wedtui.core.alerts.standing import AlertIs
from wedtui.core.alerts.track import labels_of

BOOK = RuleBook((named("errors"), named("down")))
AWS = labels_of({"provider": "aws", "service": "rsvp"})
GCP = labels_of({"provider": "gcp", "service": "rsvp"})
HOUR = timedelta(hours=1)
ONE = Silence(1, Where({"provider": ("aws",)}), ("errors",), "a rehearsal", "ada", START, START + HOUR)


@pytest.mark.parametrize(
    ("where", "rules", "fits"),
    [
        ({}, ("errors",), True),
        ({}, ("down", "errors"), True),
        ({}, ("down",), False),
        ({"provider": ("aws",)}, (), True),
        ({"provider": ("gcp", "aws")}, (), True),
        ({"provider": ("gcp",)}, (), False),
        ({"provider": ("aws",), "service": ("gallery",)}, (), False),
        ({"region": ("eu",)}, (), False),
    ],
)
def test_what_it_is_about(where: dict[str, tuple[str, ...]], rules: tuple[str, ...], fits: bool) -> None:
    assert replace(ONE, where=Where(where), rules=rules).fits("errors", AWS) is fits


@pytest.mark.parametrize(
    ("after", "holds"),
    [(-MINUTE, False), (timedelta(), True), (HOUR - MINUTE, True), (HOUR, False)],
)
def test_it_counts_from_its_beginning_until_its_end(after: timedelta, holds: bool) -> None:
    assert ONE.holds(START + after) is holds
    assert (silencing([ONE], "errors", AWS, START + after) is not None) is holds


def test_of_several_the_one_counts_that_ends_last() -> None:
    longer = replace(ONE, number=2, until=START + 2 * HOUR)
    of_another = replace(ONE, number=3, until=START + 3 * HOUR, rules=("down",))
    assert silencing([longer, ONE, of_another], "errors", AWS, START) is longer
    assert silencing([of_another], "errors", AWS, START) is None


def alert(rule: str, labels: tuple[tuple[str, str], ...], phase: Phase, told_at: datetime | None = None) -> AlertIs:
    return AlertIs(rule, labels, phase, Severity.CRITICAL, Reason.CONDITION, START, told_at=told_at)


def test_it_says_what_it_would_hide() -> None:
    there = [
        alert("errors", AWS, Phase.FIRING, START),
        alert("errors", labels_of({"provider": "aws"}), Phase.PENDING),
        alert("errors", GCP, Phase.FIRING),
        alert("down", AWS, Phase.FIRING),
        alert("errors", labels_of({"provider": "aws", "service": "x"}), Phase.RESOLVED),
    ]
    found = preview(ONE, there, BOOK)
    assert ([a.labels for a in found.firing], len(found.pending), found.told) == ([AWS], 1, 1)
    assert found.sentence == (
        "it would hide 1 that fire and 1 that are pending: errors (provider=aws, service=rsvp) and errors "
        "(provider=aws); 2 of them critical; 1 of them were told already, and their end will be"
    )
    warns = preview(ONE, [replace(there[0], severity=Severity.WARNING, told_at=None)], BOOK)
    assert (warns.critical, warns.sentence.endswith("pending: errors (provider=aws, service=rsvp)")) == (0, True)
    assert preview(ONE, there[2:], BOOK).sentence == "it would hide nothing of what fires or is pending now"


def test_what_its_alerts_hide_by_their_rules_is_counted() -> None:
    hidden = replace(named("latency"), inhibit=Inhibition(by=("errors",), equal=("provider",)))
    book = RuleBook((*BOOK.rules, hidden))
    behind = replace(alert("latency", AWS, Phase.FIRING), inhibited_by="errors")
    elsewhere = replace(alert("latency", GCP, Phase.FIRING), inhibited_by="errors")
    hides = [alert("errors", AWS, Phase.FIRING), alert("errors", GCP, Phase.FIRING)]
    found = preview(ONE, [behind, elsewhere, *hides], book)
    assert (len(found.firing), found.behind) == (1, 1)
    assert found.sentence.endswith("; and 1 more that these hide, of which nobody is told either")
    # Another series of what hides it is told: whoever has that, knows.
    told = alert("errors", labels_of({"provider": "aws", "service": "gallery"}), Phase.FIRING)
    one = replace(ONE, where=Where({"service": ("rsvp",)}))
    assert preview(one, [behind, hides[0], told], book).behind == 0
    assert preview(one, [behind, hides[0], replace(told, silenced_by="bo")], book).behind == 1
    # What it is about itself is counted once.
    assert preview(replace(ONE, rules=()), [behind, *hides], book).behind == 0


@pytest.mark.parametrize(
    ("labels", "rules", "covers"),
    [
        ({"provider": ("aws",)}, ("errors",), True),
        ({"provider": ("aws", "gcp")}, (), True),
        ({}, ("errors", "down"), True),
        ({}, ("down",), False),
        ({"provider": ("gcp",)}, ("errors",), False),
        ({"provider": ("aws",), "service": ("rsvp",)}, ("errors",), False),
    ],
)
def test_one_covers_another_where_it_is_about_all_of_it(
    labels: dict[str, tuple[str, ...]], rules: tuple[str, ...], covers: bool
) -> None:
    assert replace(ONE, where=Where(labels), rules=rules).covers(ONE) is covers
    assert not ONE.covers(replace(ONE, rules=()))


def test_when_it_is_over_what_somebody_has_is_told_nobody_and_is_counted_apart() -> None:
    free, taken = (replace(alert("errors", AWS, Phase.FIRING), key=key) for key in "ab")
    taken = replace(taken, acknowledged_by="bo", acknowledged_at=START, lapse_s=60.0)
    hers = replace(taken, key="c", acknowledged_by="ada")
    told = replace(taken, key="d", told_at=START)
    found = released(ONE, [], [free, taken, hers, told], START)
    assert (found.told, found.taken, found.has, found.before) == ((free,), 2, ("ada", "bo"), 1)
    assert "; 2 stay with ada and bo, and are told only once nobody has them; people were told of 1 before" in (
        found.sentence
    )
    lapsed = released(ONE, [], [taken], START + MINUTE)
    assert (lapsed.told, lapsed.taken) == ((taken,), 0)


@given(st.lists(st.tuples(st.sampled_from(["errors", "down"]), st.sampled_from([AWS, GCP]))))
def test_what_it_says_is_what_it_hides(there: list[tuple[str, tuple[tuple[str, str], ...]]]) -> None:
    alerts = [alert(rule, labels, Phase.FIRING) for rule, labels in there]
    hidden = [each for each in alerts if silencing([ONE], each.rule, each.labels, START) is not None]
    assert sorted(map(repr, preview(ONE, alerts, BOOK).firing)) == sorted(map(repr, hidden))


def test_one_that_may_be_is_kept_with_its_reason_on_one_line() -> None:
    asked = replace(ONE, reason="  a\x1b[2J\nrehearsal ")
    assert checked(asked, BOOK, START) == replace(ONE, reason="a [2J rehearsal")
    whole_day = replace(ONE, until=START + LONGEST_SILENCE)
    assert checked(whole_day, BOOK, START) == whole_day


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": " \n"}, "expected a reason"),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"until": START}, "an end that is still to come"),
        ({"until": START - HOUR}, "an end that is still to come"),
        ({"since": START + 2 * HOUR}, "after the beginning"),
        ({"until": START + LONGEST_SILENCE + timedelta(seconds=1)}, "an end within 1d"),
        ({"until": (START + HOUR).replace(tzinfo=None)}, "an end with a zone"),
        ({"where": Where(), "rules": ()}, "expected a rule or a label"),
        ({"rules": ("errors", "er\x1brors")}, 'there is no rule "er rors": choose one of errors, down'),
        ({"where": Where({"provider": ()})}, "a value behind each label"),
        ({"where": Where({"provider": tuple(map(str, range(MOST_VALUES + 1)))})}, "at most 50 values"),
        ({"where": Where({"provider": ("a\x1b",)})}, "printable"),
        ({"where": Where({"provider": ("a" * 201,)})}, "at most 200"),
    ],
)
def test_one_that_may_not_be(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        checked(replace(ONE, **change), BOOK, START)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["wedtui/action", "wedtui/automation", "wedtui/weddings"])
def test_what_the_service_pages_can_be_silenced_by_its_name(name: str) -> None:
    asked = replace(ONE, rules=(name,))
    assert checked(asked, BOOK, START).rules == (name,)


def test_labels_are_read_as_they_are_written() -> None:
    assert where_of(["provider=aws, gcp,aws", "service = rsvp"]).wanted == {
        "provider": ("aws", "gcp"),
        "service": ("rsvp",),
    }
    assert where_of([]).wanted == {}


@pytest.mark.parametrize("word", ["provider", "=aws", "provider=", "provider=,", ""])
def test_what_says_no_label_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="expected a label and its value"):
        where_of([word])


def test_a_label_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="each label once"):
        where_of(["provider=aws", "provider=gcp"])

"""What is announced between two boards: a table of changes, and that nothing worse is ever kept quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import FROZEN, NOW, OPEN, SATURDAY, SECOND, SERVICE, TROUBLED, WELL, picture, probe, provider
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.picture import AlertFacts, Finding, Picture, PrometheusFacts, Severity
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.state import State, badness
from wedtui.tui.board import Board
from wedtui.tui.plain.changes import MOST_AT_ONCE, announce

ALERT = AlertFacts("HighErrors", "firing", "critical", NOW, "too many", "aws")
SERVER = PrometheusFacts("main", "http://prometheus", 30 * SECOND, NOW - SECOND, ready=True, alerts=(ALERT,))
WARNING = Finding(Severity.WARNING, "freeze", 'feed "venues": it is late', NOW)


def board(shown: Picture | None = None, *, seconds: float = 0, problem: str | None = None) -> Board:
    return Board(NOW + seconds * SECOND, shown, problem, NOW if problem else None)


def well(**more: object) -> Board:
    return board(picture(WELL, **more))  # type: ignore[arg-type]


STOPPED = replace(SERVICE, stopped_at=NOW - SECOND)
DEAD = replace(SERVICE, heartbeat_at=NOW - 60 * SECOND)
LATER = replace(FROZEN, until=NOW + timedelta(hours=60))
BLIND = replace(FROZEN, until=None, unreadable=("the calendar is gone",), reasons=("the calendar is gone",))
SICK = TROUBLED[0]
REFUSED = replace(
    SICK.probes[0], rounds=tuple(replace(r, failure="connection refused", passed=False) for r in SICK.probes[0].rounds)
)
CALM = ProtectionVerdict(Protection.NORMAL, ("by the date",))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            well(),
            board(picture()),
            ("aws is CRITICAL, was OK: rsvp-aws status 503", "score 45.5, evidence 12 seconds old"),
        ),
        (well(), board(picture()), ("hetzner is UNKNOWN, was OK", "last evidence 1 minute 35 seconds old")),
        (well(), board(picture()), ("hetzner: latency p95, errors, cpu and requests UNKNOWN",)),
        (board(picture()), well(), ("aws is OK, was CRITICAL: score 100.0, evidence 12 seconds old.",)),
        (
            board(picture((SICK,))),
            board(picture((replace(SICK, probes=(REFUSED,)),))),
            (
                "aws is CRITICAL as before, its causes changed: rsvp-aws connection refused; ",
                "evidence 12 seconds old.",
            ),
        ),
        (well(), board(picture(WELL[:3])), ("hetzner is UNKNOWN from now on: it is no longer configured; was OK",)),
        (board(picture(WELL[:3])), well(), ("hetzner is OK, watched from now on",)),
        (
            well(freeze=OPEN),
            well(),
            ("Freeze began: production is FROZEN until Mon 06:00 America/New_York, for another",),
        ),
        (
            well(),
            well(freeze=OPEN),
            ("Freeze ended: production is open until the next freeze", "in 3 hours 10 minutes: wedding weekend"),
        ),
        (well(), well(freeze=LATER), ("Freeze changed: production is FROZEN until",)),
        (well(), well(freeze=BLIND), ("FROZEN until its sources can be read", "Warning: freeze: the calendar is gone")),
        (well(), well(protection=CALM), ("Protection NORMAL: by the date. It was MAXIMUM until 12:00:05 UTC.",)),
        (well(), well(environment="staging"), ("ENVIRONMENT staging, was production",)),
        (well(), well(service=STOPPED), ("Service STOPPED 1 second ago: nothing is being watched",)),
        (well(), well(service=DEAD), ("Service DEAD, last heard 1 minute ago",)),
        (well(), well(service=None), ("Service NEVER STARTED",)),
        (well(service=DEAD), well(), ("Service running, heard 1 second ago. It was dead.",)),
        (well(), well(service=replace(SERVICE, instance="2")), ("Service restarted 5 hours ago.",)),
        (well(), well(problems=(WARNING,)), ('Warning: freeze: feed "venues": it is late; evidence 0 seconds old.',)),
        (well(problems=(WARNING,)), well(), ('Over at 12:00:05 UTC: freeze: feed "venues": it is late.',)),
        (
            well(),
            well(prometheus=(SERVER,)),
            ("CRITICAL: aws: HighErrors is firing: too many; evidence 1 second old.",),
        ),
        (
            well(),
            board(picture(WELL), problem="the cache is locked"),
            ("CACHE UNREADABLE since 12:00:05 UTC", "is locked"),
        ),
        (board(), board(problem="there is no cache"), ("CACHE UNREADABLE", "there is no cache.")),
        (board(picture(WELL), problem="locked"), well(), ("The cache can be read again, at 12:00:05 UTC.",)),
        (well(), board(picture(WELL), seconds=4), ("OLD: nothing was judged for 4 seconds",)),
        (well(), board(picture(WELL), seconds=7), ("UNKNOWN: every provider, last judged 7 seconds ago; was: aws OK",)),
        (board(picture(WELL), seconds=7), well(), ("What is said is new again", "azure is OK, was UNKNOWN")),
        (
            board(),
            board(picture()),
            ("1 CRITICAL (aws), 1 UNKNOWN (hetzner), 1 DEGRADED (gcp) and 1 OK", "aws is CRITICAL:"),
        ),
    ],
)
def test_what_changed_is_said(before: Board, after: Board, expected: tuple[str, ...]) -> None:
    text = "\n".join(announce(before, after))
    for part in expected:
        assert part in text


def test_the_worst_comes_first() -> None:
    lines = announce(well(), board(picture(service=DEAD)))
    assert [line.split()[0] for line in lines[:4]] == ["Service", "aws", "hetzner", "gcp"]


def test_an_alert_that_nobody_can_see_any_more_is_not_over() -> None:
    before = well(prometheus=(SERVER,))
    silent = replace(SERVER, problem="timed out after 5 s")
    for after in (well(prometheus=(silent,)), well(), well(prometheus=(SERVER,), service=DEAD)):
        text = "\n".join(announce(before, after))
        assert "Over" not in text
    assert "UNKNOWN whether still so: aws: HighErrors is firing" in "\n".join(
        announce(before, well(prometheus=(silent,)))
    )
    over = announce(before, well(prometheus=(replace(SERVER, alerts=()),)))
    assert over == ("Over at 12:00:05 UTC: aws: HighErrors is firing: too many.",)


def test_an_alert_about_a_provider_is_not_taken_for_its_health() -> None:
    ill = (provider("aws", 60, p95=1240, errors=0.021),)
    lines = announce(board(picture(ill)), board(picture(ill, prometheus=(SERVER,))))
    assert [line.split(":")[0] for line in lines] == ["CRITICAL"]


def test_one_finding_in_the_place_of_another_is_one_sentence() -> None:
    other = replace(WARNING, text="the calendar moved")
    (line,) = announce(well(problems=(WARNING,)), well(problems=(other,)))
    assert line.startswith("Warning: freeze: the calendar moved")
    assert line.endswith('Before it was: feed "venues": it is late.')


def test_of_many_changes_the_worst_are_said_and_the_rest_counted() -> None:
    names = [f"p{n:02d}" for n in range(20)]
    fine = tuple(provider(n, 5, (probe(n),)) for n in names)
    bad = tuple(provider(n, 5, (probe(n, "xxx......."),)) for n in names)
    lines = announce(board(picture(fine)), board(picture(bad)))
    assert len(lines) == MOST_AT_ONCE + 1
    assert all("is CRITICAL, was OK" in line for line in lines[:-1])
    assert lines[-1].startswith("And 12 more changes, none worse than these")


def worlds() -> st.SearchStrategy[tuple[ProviderEvidence, ...]]:
    """Four providers, each well or ill in its own way."""
    pattern = st.sampled_from(["." * 8, "x" + "." * 7, "xxx.....", "x" * 8, ""])
    one = st.tuples(
        pattern,
        st.sampled_from([1, 9, 30, 400]),
        st.sampled_from([100.0, 1240.0, 2500.0]),
        st.sampled_from([0.0, 0.03, 0.5]),
    )

    def build(rows: list[tuple[str, int, float, float]]) -> tuple[ProviderEvidence, ...]:
        return tuple(
            provider(
                f"p{n}", 25, (probe(f"probe-{n}", rounds, age=age),) if rounds else (), p95=p95, errors=errors, age=age
            )
            for n, (rounds, age, p95, errors) in enumerate(rows)
        )

    return st.lists(one, min_size=4, max_size=4).map(build)


@given(worlds(), worlds())
def test_every_worsening_of_every_provider_is_announced(
    then: tuple[ProviderEvidence, ...], now: tuple[ProviderEvidence, ...]
) -> None:
    before, after = board(picture(then)), board(picture(now))
    assert before.picture is not None
    assert after.picture is not None
    lines = announce(before, after)
    for was, present in zip(before.picture.providers, after.picture.providers, strict=True):
        said = [line for line in lines if line.startswith(f"{present.name} is ")]
        if badness(present.health.state) > badness(was.health.state):
            assert f"{present.name} is {present.health.state}, was {was.health.state}: " in said[0]
            assert said[0].endswith((" old.", "never measured."))
        if present.health.state is was.health.state:
            assert len(said) <= (present.health.state is not State.OK)
            assert all(" as before, its causes changed: " in line for line in said)


@given(worlds(), st.floats(0, 2.9))
def test_where_only_time_goes_by_nothing_is_announced(world: tuple[ProviderEvidence, ...], seconds: float) -> None:
    shown = picture(world, prometheus=(SERVER,), problems=(WARNING,), protection=SATURDAY)
    assert announce(board(shown), board(shown, seconds=seconds)) == ()


@given(worlds(), st.integers(7, 100_000))
def test_a_picture_that_grows_old_names_every_provider_as_unknown(
    world: tuple[ProviderEvidence, ...], seconds: int
) -> None:
    shown = picture(world)
    text = "\n".join(announce(board(shown), board(shown, seconds=seconds)))
    assert "OLD: " in text
    assert all(f"{p.name} {p.health.state}" in text for p in shown.providers)
    assert "UNKNOWN: every provider" in text


@given(worlds())
def test_losing_every_signal_is_announced_as_unknown(world: tuple[ProviderEvidence, ...]) -> None:
    later = NOW + timedelta(hours=1)
    before, after = board(picture(world)), Board(later, picture(world, now=later))
    assert before.picture is not None
    text = "\n".join(announce(before, after, most=100))
    for p in before.picture.providers:
        if p.health.state is not State.UNKNOWN:
            assert f"{p.name} is UNKNOWN, was {p.health.state}" in text
    assert "is OK" not in text


def test_the_troubled_world_differs_in_every_state() -> None:
    """The table above rests on it."""
    assert {p.health.state for p in picture(TROUBLED).providers} == set(State)


def test_other_figures_of_the_same_causes_are_no_news() -> None:
    for errors, p95 in ((0.121, 2400), (0.13, 2417)):
        again = provider("aws", 60, SICK.probes, p95=p95, errors=errors)
        assert announce(board(picture((SICK,))), board(picture((again,)))) == ()


def test_a_provider_that_is_well_has_no_causes() -> None:
    slower = provider("aws", 60, p95=260)
    assert announce(board(picture(WELL[:1])), board(picture((slower,)))) == ()


def test_what_makes_unknown_is_said_once() -> None:
    silent = provider("aws", 60, (probe("rsvp-aws", age=95),))
    more = provider("aws", 60, (probe("rsvp-aws", age=95),), age=140)
    found = announce(board(picture((silent,))), board(picture((more,))))
    assert [line for line in found if "causes changed" in line] == []
    assert found

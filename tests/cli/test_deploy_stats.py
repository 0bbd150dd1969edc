"""`wedtui deploy stats`: the figures of each service and month, and no zero where there is nothing to count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.cli.base import Machine, machine, on_both
from tests.core.deployments.made import NOW
from tests.ledger.releasing import OPEN, begun, judged_at, queueing, submit
from wedtui.cli.release_stats import as_json, table_lines
from wedtui.core.deployments import moves
from wedtui.core.deployments.stats import MonthOf

__all__ = ["machine"]

MINUTE = timedelta(minutes=1)
QUIET = MonthOf(
    "production",
    "rsvp",
    datetime(2026, 6, 1, tzinfo=UTC),
    releases=0,
    finished=0,
    failed=0,
    lead_median=None,
    lead_p90=None,
    failure_rate=None,
    restore_median=None,
    not_restored=0,
    frozen=None,
    overrides=0,
)
pytestmark = on_both


def released(machine: Machine) -> None:
    """Put a release of each of two services in place in June; one does well."""
    path = machine.place("ledger")
    with queueing(path, NOW + 30 * MINUTE) as queue:
        submit(queue)
        submit(queue, "k2", service="gallery")
        for number in (1, 2):
            assert queue.start_next(OPEN, begun) is not None
            queue.move(number, "place", moves.place)
        judged_at(path, NOW + 50 * MINUTE)
        queue.move(1, "succeed", lambda each, at: moves.succeed(each, "all is well", at))
        queue.move(2, "fail", lambda each, at: moves.fail(each, "errors", at))


def test_each_service_and_month_since_its_first_release_is_told(machine: Machine) -> None:
    released(machine)
    answer = machine.run("deploy", "stats", "--json")
    assert answer.code == 0
    assert [(each["month"], each["service"], each["releases"]) for each in answer.json] == [
        (month, service, releases)
        for month, releases in (("2026-07", 0), ("2026-06", 1))
        for service in ("gallery", "rsvp")
    ]
    gallery, rsvp = answer.json[2:]
    assert (gallery["failure_rate"], gallery["lead_median_s"], gallery["not_restored"]) == (1.0, None, 1)
    assert (rsvp["failure_rate"], rsvp["restore_median_s"], rsvp["not_restored"]) == (0.0, None, 0)
    assert 29 * 60 <= rsvp["lead_median_s"] == rsvp["lead_p90_s"] < 31 * 60
    # Four weeks were stored when it was released, and a weekend of each is frozen by itself.
    assert rsvp["frozen_hours"] > 2 * 60


def test_one_service_and_one_month_can_be_asked_for(machine: Machine) -> None:
    released(machine)
    found = machine.run("deploy", "stats", "--json", "--service", "rsvp", "--month", "2026-06").json
    assert [(each["month"], each["service"]) for each in found] == [("2026-06", "rsvp")]
    nothing = machine.run("deploy", "stats", "--month", "2026-05")
    assert (nothing.code, nothing.out) == (0, "nothing was released there yet\n")
    wrong = machine.run("deploy", "stats", "--month", "May")
    assert wrong.code == 2
    assert '--month: "May" is no month: write one as 2026-06' in wrong.err


def test_a_table_says_what_its_words_mean_and_no_zero_for_nothing(machine: Machine) -> None:
    released(machine)
    head, *rows, legend = machine.run("deploy", "stats").out.splitlines()
    assert head.split()[:4] == ["MONTH", "SERVICE", "WHERE", "RELEASES"]
    assert "no release" in rows[0]
    assert "100 % (1/1)" in rows[2]
    assert "1 NOT YET" in rows[2]
    assert "0 % (0/1)" in rows[3]
    assert legend.startswith("lead: from submission until in place")


def test_a_month_without_a_release_is_no_zero_anywhere() -> None:
    _, row, _ = table_lines([QUIET])
    assert row.split() == ["2026-06", "rsvp", "production", "no", "release", *["-"] * 6]
    assert {name for name, value in as_json(QUIET).items() if value == 0} == {"releases"}

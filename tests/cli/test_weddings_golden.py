"""The golden cases of load and protection, from a file to the answer, through the command line alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.base import WINDOW, Machine, machine

__all__ = ["machine"]

HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"
# A Wednesday of the peak season and a Saturday in January: neither is what its level comes from.
JUNE = datetime(2026, 6, 17, 12, tzinfo=UTC)
JANUARY = datetime(2026, 1, 17, 12, tzinfo=UTC)
TYPICAL = {"indian": 600, "chinese": 350, "nigerian": 400, "british": 150}
GOLDEN = {"indian": 10, "chinese": 15, "nigerian": 8, "british": 20}


def rows(culture: str, count: int, guests: int, day: datetime) -> str:
    """Write weddings from 13:00 to 22:00 on the wall clock of London."""
    line = f"Hall,hall,Europe/London,{day:%Y-%m-%d}T13:00,{day:%Y-%m-%d}T22:00,{culture},{guests}\n"
    return "".join(f"W-2026-{culture}-{number},{line}" for number in range(count))


def import_weddings(machine: Machine, text: str) -> None:
    """Import a file as the configured source, as a person would."""
    path = machine.folder / "weddings.csv"
    path.write_text(HEADER + text, encoding="utf-8")
    source = f'[[weddings.sources]]\nname = "platform"\nkind = "csv"\nurl = "{path}"\n'
    machine.configure(WINDOW + source)
    assert machine.run("weddings", "import", str(path), "--source", "platform").code == 0


def loads(machine: Machine, start: datetime, end: datetime) -> dict[str, object]:
    answer = machine.run("weddings", "load", "--from", start.isoformat(), "--to", end.isoformat(), "--json")
    assert answer.code == 0
    found: dict[str, object] = answer.json
    return found


def protection(machine: Machine, at: datetime) -> dict[str, object]:
    answer = machine.run("protection", "--at", at.isoformat(), "--json")
    assert answer.code == 0
    found: dict[str, object] = answer.json
    return found


@pytest.fixture
def golden(machine: Machine) -> Machine:
    """Ten indian, fifteen chinese, eight nigerian and twenty british weddings of typical size on a Wednesday."""
    machine.now = JUNE
    import_weddings(machine, "".join(rows(c, count, TYPICAL[c], JUNE) for c, count in GOLDEN.items()))
    return machine


def test_typical_weddings_of_four_cultures_weigh_76_9(golden: Machine) -> None:
    found = loads(golden, JUNE - timedelta(hours=2), JUNE + timedelta(hours=12))
    peak = {"at": "2026-06-17T12:00:00Z", "load": 76.9, "weddings": 53}
    nobody = {"at": "2026-06-17T21:00:00Z", "load": 0, "weddings": 0}
    assert found["steps"] == [{**nobody, "at": "2026-06-17T10:00:00Z"}, peak, nobody]
    assert (found["peak"], found["calendar"]) == (peak, "fresh")


@pytest.mark.parametrize(
    ("at", "level", "until", "next_level", "live"),
    [
        (JUNE - timedelta(hours=4, microseconds=1), "NORMAL", "2026-06-17T08:00:00Z", "MAXIMUM", 0),
        (JUNE - timedelta(hours=4), "MAXIMUM", "2026-06-17T21:00:00Z", "NORMAL", 0),
        (JUNE, "MAXIMUM", "2026-06-17T21:00:00Z", "NORMAL", 53),
        (JUNE + timedelta(hours=9, microseconds=-1), "MAXIMUM", "2026-06-17T21:00:00Z", "NORMAL", 53),
        # The source is configured, and so is supposed to go on being read: no wedding that is known changes anything.
        (JUNE + timedelta(hours=9), "NORMAL", None, None, 0),
    ],
)
def test_they_are_maximum_from_four_hours_before(
    golden: Machine, at: datetime, *, level: str, until: str | None, next_level: str | None, live: int
) -> None:
    said = protection(golden, at)
    weddings = said["weddings"]
    assert isinstance(weddings, dict)
    assert (said["level"], said["until"], said["next_level"]) == (level, until, next_level)
    assert (weddings["live"], weddings["load"]) == (live, 76.9 if live else 0)


def test_the_line_of_the_status_says_it_as_people_do(golden: Machine) -> None:
    assert golden.run("protection").out.startswith("53 weddings live, MAXIMUM until 22:00 BST, then NORMAL\n")
    assert golden.run("status", "--json").json["protection"]["level"] == "MAXIMUM"


def test_they_freeze_a_wednesday_from_two_hours_before_to_two_hours_after(golden: Machine) -> None:
    found = golden.run(
        *("freeze", "calendar", "--from", "2026-06-17T00:00Z", "--to", "2026-06-18T12:00Z", "--format", "json")
    ).json
    reasons = ["weddings: load 76.9 at 2026-06-17 12:00 UTC"]
    times = {"start": "2026-06-17T10:00:00Z", "end": "2026-06-17T23:00:00Z", "at_least_until": None}
    each = {"name": reasons[0], "start": times["start"], "end": times["end"], "zone": "Europe/London"}
    assert found == [{**times, "reasons": reasons, "persons": {}, "each": [each]}]
    assert golden.run("gate").code == 1


def test_fifty_large_indian_weddings_weigh_100(machine: Machine) -> None:
    machine.now = JUNE
    import_weddings(machine, rows("indian", 50, 600, JUNE))
    found = loads(machine, JUNE, JUNE + timedelta(hours=1))
    assert found["peak"] == {"at": "2026-06-17T12:00:00Z", "load": 100, "weddings": 50}
    assert protection(machine, JUNE)["level"] == "MAXIMUM"


@pytest.mark.parametrize(
    ("age", "level", "calendar"), [(timedelta(hours=23), "NORMAL", "fresh"), (timedelta(hours=24), "HIGH", "stale")]
)
def test_london_on_a_saturday_in_january_is_high_once_the_calendar_is_stale(
    machine: Machine, age: timedelta, level: str, calendar: str
) -> None:
    machine.now = JANUARY - age
    import_weddings(machine, rows("british", 2, 150, JANUARY))
    machine.now = JANUARY
    said = protection(machine, JANUARY)
    weddings = said["weddings"]
    assert isinstance(weddings, dict)
    assert (said["level"], weddings["calendar"], weddings["live"]) == (level, calendar, 0)
    by_date = "by the date, because the calendar is not fresh: Saturday in Europe/London, season off_peak"
    assert (by_date in str(said["reason"])) is (level == "HIGH")


def test_a_stale_calendar_still_counts_where_it_asks_for_more_than_the_date(machine: Machine) -> None:
    machine.now = JANUARY - timedelta(hours=30)
    import_weddings(machine, rows("indian", 13, 600, JANUARY))
    machine.now = JANUARY
    assert protection(machine, JANUARY)["level"] == "MAXIMUM"

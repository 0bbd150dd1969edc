from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.ledger.base import HOUR, NOW, freeze, noted_configurations, reading, writing
from tests.places import PLACES, hears
from wedtui.core.freeze import Origin, Period
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    StoreLockedError,
)
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.reader import FreezeEntry

HOURS = st.integers(-50, 50)


def test_a_freeze_comes_back_as_it_was_added(tmp_path: Path) -> None:
    in_london = timezone(timedelta(hours=1))
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        added = ledger.add_freeze(
            "royal wedding",
            NOW.astimezone(in_london),
            NOW + 48 * HOUR,
            reason="asked by the venue",
            added_by="ada",
            added_at=NOW,
            environments=["staging", "production"],
            services=["rsvp"],
        )
        assert reader.freeze_entries() == (added,)
        assert added == FreezeEntry(
            id=1,
            name="royal wedding",
            start=NOW,
            end=NOW + 48 * HOUR,
            environments=frozenset({"production", "staging"}),
            services=frozenset({"rsvp"}),
            reason="asked by the venue",
            added_by="ada",
            added_at=NOW,
        )
        period = Period("royal wedding", NOW, added.end, Origin.PERSON, added.environments, added.services)
        assert reader.freeze_periods() == (period,)


def test_a_freeze_is_of_production_and_all_services_unless_it_says_else(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger:
        added = freeze(ledger)
    assert (added.environments, added.services) == (frozenset({"production"}), frozenset())


@pytest.mark.parametrize("end", [0, -1])
def test_a_freeze_that_ends_before_it_begins_is_refused(tmp_path: Path, end: int) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        with pytest.raises(
            ConfigurationError, match=r'"royal wedding" would end at [-:0-9 ]{19} UTC, not after its start'
        ):
            freeze(ledger, end=end)
        assert reader.freeze_entries() == ()


def test_lifting_keeps_what_was_frozen_until_then(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        added = freeze(ledger)
        other = freeze(ledger, "fair", start=10)
        lifted = ledger.lift_freeze(added.id, by="grace", at=NOW + 5 * HOUR, reason="it rained")
        assert (lifted.lifted_at, lifted.lifted_by, lifted.lift_reason) == (NOW + 5 * HOUR, "grace", "it rained")
        assert (lifted.end, lifted.reason, lifted.added_by) == (added.end, added.reason, added.added_by)
        assert reader.freeze_entries() == (other,)
        assert reader.freeze_entries(include_lifted=True) == (lifted, other)
        assert [(p.name, p.start, p.end) for p in reader.freeze_periods()] == [
            ("royal wedding", NOW, NOW + 5 * HOUR),
            ("fair", NOW + 10 * HOUR, NOW + 48 * HOUR),
        ]


@pytest.mark.parametrize("hours", [1, 10])
def test_a_freeze_that_was_lifted_before_it_began_froze_nothing(tmp_path: Path, hours: int) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        added = freeze(ledger, start=10)
        ledger.lift_freeze(added.id, by="grace", at=NOW + hours * HOUR, reason="called off")
        assert reader.freeze_periods() == ()
        assert len(reader.freeze_entries(include_lifted=True)) == 1


def test_lifting_what_cannot_be_lifted(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        added = freeze(ledger)
        with pytest.raises(NotFoundError, match="there is no freeze 42"):
            ledger.lift_freeze(42, by="grace", at=NOW, reason="")
        with pytest.raises(ConflictError, match=r"freeze 1 ended at 2026-06-05 09:00:00 UTC"):
            ledger.lift_freeze(added.id, by="grace", at=NOW + 48 * HOUR, reason="late")
        first = ledger.lift_freeze(added.id, by="grace", at=NOW + HOUR, reason="it rained")
        with pytest.raises(ConflictError, match=r"freeze 1 was lifted already, by grace at 2026-06-03 10:00:00 UTC"):
            ledger.lift_freeze(added.id, by="ada", at=NOW + 2 * HOUR, reason="again")
        assert reader.freeze_entries(include_lifted=True) == (first,)


@examples(30)
@given(
    freezes=st.lists(
        st.tuples(st.integers(-50, 50), st.integers(1, 50), st.none() | st.integers(-60, 120)), max_size=6
    ),
    probe=st.integers(-60, 120),
)
def test_an_instant_was_frozen_exactly_if_it_lay_in_a_freeze_that_was_not_lifted_by_then(
    tmp_path_factory: pytest.TempPathFactory, freezes: list[tuple[int, int, int | None]], probe: int
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "l.db"
    at, expected = NOW + probe * HOUR, False
    with writing(path) as ledger, reading(path) as reader:
        reader.changed()
        for start, length, lift in freezes:
            added = freeze(ledger, start=start, end=start + length)
            lifted = lift is not None and lift < start + length
            if lift is not None and lifted:
                ledger.lift_freeze(added.id, by="grace", at=NOW + lift * HOUR, reason="it rained")
            expected |= start <= probe < start + length and not (lift is not None and lifted and lift <= probe)
        assert (any(p.start <= at < p.end for p in reader.freeze_periods()) if freezes else False) is expected
    # Of each example a ledger of its own: of a soak's two thousand no server keeps every one.
    PLACES.remove(path)


def test_a_configuration_is_noted_when_it_differs_from_the_last(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger:
        assert ledger.note_configuration("one", at=NOW, seen_by="ada", changes=["providers.aws was added"])
        assert not ledger.note_configuration("one", at=NOW + HOUR, seen_by="ada", changes=["again"])
        assert ledger.note_configuration("two", at=NOW + HOUR, seen_by="ada", changes=[])
        assert ledger.note_configuration("one", at=NOW + 2 * HOUR, seen_by="grace", changes=["back", "to one"])
        newest, *older = noted_configurations(PLACES.url(tmp_path / "l.db"))
        assert (newest.id, newest.at, newest.digest, newest.seen_by) == (3, NOW + 2 * HOUR, "one", "grace")
        assert newest.changes == ["back", "to one"]
        assert [each.id for each in older] == [2, 1]


def test_two_who_write_see_each_other(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as one, writing(tmp_path / "l.db") as two, reading(tmp_path / "l.db") as reader:
        reader.changed()
        added = freeze(one)
        assert hears(reader)
        two.lift_freeze(added.id, by="grace", at=NOW + HOUR, reason="it rained")
        with pytest.raises(ConflictError):
            one.lift_freeze(added.id, by="ada", at=NOW + HOUR, reason="it rained")


def test_a_locked_ledger_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        freeze(ledger)
        refused = pytest.raises(StoreLockedError, match=r"l\.db is locked|wedtui_ledger .* is held")
        with PLACES.held(tmp_path / "l.db", LEDGER), refused:
            freeze(ledger, "fair")
        freeze(ledger, "fair")
        assert [e.name for e in reader.freeze_entries()] == ["royal wedding", "fair"]

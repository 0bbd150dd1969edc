"""Protection that persons raise: on record, ended once, never for longer than it may."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.base import HOUR, NOW, reading, writing
from wedtui.core.protection import Raise
from wedtui.core.season import Protection
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError

SECOND = timedelta(seconds=1)


def test_a_raise_comes_back_as_it_was_asked_for(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        added = ledger.raise_protection(
            Protection.HIGH, reason="royal wedding", by="ada", at=NOW, expires_at=NOW + 24 * HOUR
        )
        assert reader.raise_entries() == (added,)
        asked = Raise(Protection.HIGH, "royal wedding", "ada", NOW, NOW + 24 * HOUR, added.id)
        assert reader.raises(until_after=NOW) == (asked,)
        assert reader.raises(until_after=NOW + 24 * HOUR) == ()


def test_a_raise_that_was_lowered_counts_up_to_then(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger, reading(tmp_path / "l.db") as reader:
        ledger.raise_protection(Protection.MAXIMUM, reason="why", by="ada", at=NOW, expires_at=NOW + 4 * HOUR)
        ledger.lower_protection(1, by="bob", at=NOW + HOUR, reason="over")
        [asked] = reader.raises(until_after=NOW)
        assert (asked.at, asked.expires_at) == (NOW, NOW + HOUR)
        with pytest.raises(ConflictError, match="lowered by bob"):
            ledger.lower_protection(1, by="eve", at=NOW + HOUR, reason="again")


def test_a_raise_that_is_over_is_not_lowered(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as ledger:
        ledger.raise_protection(Protection.MAXIMUM, reason="why", by="ada", at=NOW, expires_at=NOW + HOUR)
        with pytest.raises(ConflictError, match="nothing to lower"):
            ledger.lower_protection(1, by="bob", at=NOW + HOUR, reason="over")
        with pytest.raises(NotFoundError, match="there is no raise 2"):
            ledger.lower_protection(2, by="bob", at=NOW, reason="over")


@pytest.mark.parametrize(
    ("level", "lasts"),
    [
        (Protection.NORMAL, HOUR),
        (Protection.HIGH, timedelta()),
        (Protection.HIGH, -HOUR),
        (Protection.HIGH, 24 * HOUR + SECOND),
    ],
)
def test_a_raise_that_raises_nothing_or_does_not_end_is_refused(
    tmp_path: Path, level: Protection, lasts: timedelta
) -> None:
    why = "NORMAL would raise nothing" if level is Protection.NORMAL else "from [-:0-9 ]{19} UTC to [-:0-9 ]{19} UTC is"
    with writing(tmp_path / "l.db") as ledger, pytest.raises(ConfigurationError, match=why):
        ledger.raise_protection(level, reason="why", by="ada", at=NOW, expires_at=NOW + lasts)

"""What the ledger keeps of a wedding that was forgotten: enough to recognise it, and not longer than needed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.ledger.base import NOW, reading, writing
from tests.places import PLACES
from wedtui.core.erasure import NOTHING_FORGOTTEN, REMEMBERED
from wedtui.ledger.kind import LEDGER

DAY = timedelta(days=1)


def test_nothing_is_forgotten_at_first(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db"), reading(tmp_path / "l.db") as reader:
        assert reader.forgotten_weddings() == NOTHING_FORGOTTEN


def test_a_reference_is_recognised_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as ledger, reading(path) as reader:
        alias = ledger.forget_wedding("w-4711", by="ada", at=NOW)
        assert alias.startswith("forgotten-")
        assert ledger.forget_wedding("w-4711", by="bob", at=NOW) == alias
        assert ledger.forget_wedding("w-4712", by="ada", at=NOW) != alias
        forgotten = reader.forgotten_weddings()
        assert forgotten.alias_of("w-4711") == alias
        assert forgotten.alias_of("w-471") is None
        for table in ("forgotten_wedding", "wedding_key"):
            assert "w-4711" not in str(PLACES.execute(path, LEDGER, f"SELECT * FROM {table}"))


def test_two_ledgers_have_different_keys(tmp_path: Path) -> None:
    digests: set[str] = set()
    for name in ("a.db", "b.db"):
        with writing(tmp_path / name) as ledger, reading(tmp_path / name) as reader:
            ledger.forget_wedding("w", by="ada", at=NOW)
            digests |= reader.forgotten_weddings().aliases.keys()
    assert len(digests) == 2


def test_a_digest_goes_a_month_after_the_last_source_stopped_naming_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as ledger, reading(path) as reader:
        kept, gone = (ledger.forget_wedding(name, by="ada", at=NOW) for name in ("kept", "gone"))
        assert ledger.settle_forgotten({kept}, NOW) == 0
        assert ledger.settle_forgotten({kept}, NOW + REMEMBERED) == 0
        assert ledger.settle_forgotten({kept}, NOW + REMEMBERED + DAY) == 1
        assert list(reader.forgotten_weddings().aliases.values()) == [kept]
        assert gone not in reader.forgotten_weddings().aliases.values()


def test_one_that_is_named_again_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as ledger, reading(path) as reader:
        alias = ledger.forget_wedding("w", by="ada", at=NOW)
        ledger.settle_forgotten(set(), NOW)
        ledger.settle_forgotten({alias}, NOW + 20 * DAY)
        ledger.settle_forgotten(set(), NOW + 25 * DAY)
        assert ledger.settle_forgotten(set(), NOW + 50 * DAY) == 0
        assert list(reader.forgotten_weddings().aliases.values()) == [alias]

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.base import reading, writing
from tests.places import SQLITE
from wedtui.errors import StoreMissingError, StoreUnreadableError

ONLY_ON = SQLITE


def test_a_missing_and_a_damaged_ledger(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with reading(path) as reader, pytest.raises(StoreMissingError, match=r"there is no ledger at .*l\.db: start"):
        reader.freeze_periods()
    path.write_bytes(b"Dear guests, this is not a database. " * 100)
    before = path.read_bytes()
    with reading(path) as reader, pytest.raises(StoreUnreadableError, match="keep the file and put its newest backup"):
        reader.freeze_periods()
    with pytest.raises(StoreUnreadableError, match="keep the file and put its newest backup"), writing(path):
        pass
    assert path.read_bytes() == before

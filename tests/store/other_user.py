"""What another user of the machine can do with the service's files; run as `python -m` by the tests.

Everything is loaded while still root, because the checkout may be somewhere that others cannot read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import create_engine

from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.errors import StoreError
from wedtui.ledger.reader import LedgerReader

NOW = datetime(2026, 6, 6, 12, tzinfo=UTC)


def attempt(action: Callable[[], object]) -> str:
    try:
        return str(action())
    except StoreError as error:
        return type(error).__name__


def rounds(cache: str) -> int:
    reader = CacheReader(cache)
    try:
        return sum(len(p.rounds) for provider in reader.facts(NOW).providers for p in provider.probes)
    finally:
        reader.close()


def main(user: int, group: int, cache: str, ledger: str) -> None:
    create_engine("sqlite://").dispose()
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    answer = {
        "rounds": attempt(lambda: rounds(cache)),
        "write": attempt(lambda: CacheWriter(cache).close()),
        "ledger": attempt(lambda: LedgerReader(ledger).freeze_entries()),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])

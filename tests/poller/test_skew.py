"""A service whose clock is wrong: said, measured against the database's, and never a better picture."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.poller.service_process import eventually, http_server
from tests.postgres import Postgres
from wedtui.cache.reader import CacheReader
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.core.freeze import Verdict
from wedtui.core.picture import Picture, assemble
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.state import State
from wedtui.ledger.ledger import Ledger
from wedtui.poller.clock_watch import ahead_s
from wedtui.poller.service import Service
from wedtui.poller.surroundings import Identity, Stores

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("other", "ahead"),
    [
        (NOW, 0.0),
        (NOW + SECOND, 0.0),
        # Somewhere between the two looks: as far as anybody can know it is right.
        (NOW + 0.5 * SECOND, 0.0),
        (NOW - 7 * SECOND, 7.0),
        (NOW + 4 * SECOND, -3.0),
    ],
)
def test_ahead_or_behind(other: datetime, ahead: float) -> None:
    assert ahead_s(NOW, other, NOW + SECOND) == ahead


@pytest.mark.parametrize(("wrong", "says"), [(40.0, "s ahead of the database's"), (-40.0, "s behind the database's")])
def test_a_service_with_a_wrong_clock_is_found_out(postgres: Postgres, wrong: float, says: str) -> None:
    url_of_both = postgres.url(postgres.migrated())
    stores = Stores(url_of_both, url_of_both)
    Ledger(stores.ledger_url).close()
    with http_server() as url:
        configuration = Configuration.model_validate(
            {
                "providers": [{"name": "here", "weight": 100}],
                "probes": [{"name": "p", "provider": "here", "url": url, "interval": "500ms"}],
            }
        )
        clock = SystemClock(timedelta(seconds=wrong))
        service = Service(configuration, stores, clock, mode="shared", identity=Identity("london", "here", "boot", "d"))

        def look() -> Picture:
            now = SystemClock().now()
            with closing(CacheReader(stores.cache_url)) as reader:
                facts = reader.facts(now)
            return assemble(
                facts,
                Verdict(False, now),
                ProtectionVerdict(Protection.NORMAL),
                environment="production",
                now=now,
            )

        async def watched() -> Picture:
            work = asyncio.create_task(service.run())

            def told() -> bool:
                found = look()
                return bool(found.services and found.services[0].facts.clock_ahead_s and found.probes[0].status)

            await asyncio.to_thread(eventually, told)
            seen = await asyncio.to_thread(look)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            return seen

        seen = asyncio.run(watched())
    (service_seen,) = seen.services
    assert service_seen.facts.clock_ahead_s == pytest.approx(wrong, abs=10.0)
    # It lives, and what it saw is of another time: nothing of it is believed.
    assert service_seen.runs
    assert seen.providers
    assert all(p.health.state is State.UNKNOWN for p in seen.providers)
    assert says in " ".join(f.text for f in seen.findings)

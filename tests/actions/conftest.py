"""Every test of this room runs on each system, unless its module says `ONLY_ON`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import PLACES
from tests.providers.traffic.pdns import PowerDns, running
from wedtui.ledger.journal import Journal

_MEMORY = Path("/dev/shm")


@pytest.fixture(autouse=True)
def _on_each_system(places: None) -> None:
    """Use the places of the system under test."""


@pytest.fixture
def ledger(places: None) -> Iterator[str]:
    """Give the URL of a ledger for thousands of commits: a process that dies loses nothing that the kernel has."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        url = PLACES.url(Path(folder) / "l.db")
        Journal(url).close()
        yield url


@pytest.fixture(scope="session")
def pdns() -> Iterator[PowerDns]:
    """A real PowerDNS; each test has a zone of its own."""
    with running() as server:
        yield server

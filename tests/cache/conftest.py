"""Every test of this room runs on each system, unless its module says `ONLY_ON`."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _on_each_system(places: None) -> None:
    """Use the places of the system under test."""

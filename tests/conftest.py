"""Servers that several rooms' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.examples import use_profile
from tests.places import PLACES, POSTGRESQL, SQLITE, SYSTEMS
from tests.postgres import Postgres, running_postgres
from tests.providers.prometheus_server import RunningPrometheus, running_prometheus

use_profile()


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPrometheus]:
    """A real Prometheus; see `prometheus_server`."""
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL; see `tests.postgres`."""
    with running_postgres() as running:
        yield running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a system on each of them, or on the one that its module names."""
    if "system" in metafunc.fixturenames:
        only = getattr(metafunc.module, "ONLY_ON", None)
        metafunc.parametrize("system", [only] if only else SYSTEMS)


@pytest.fixture
def places(system: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the stores of a test on one system."""
    assert system in {SQLITE, POSTGRESQL}
    PLACES.use(request.getfixturevalue("postgres") if system == POSTGRESQL else None)
    yield
    PLACES.use(None)

"""Servers that several rooms' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.prometheus_server import RunningPrometheus, running_prometheus


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPrometheus]:
    """A real Prometheus; see `prometheus_server`."""
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as running:
        yield running

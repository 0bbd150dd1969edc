"""The systems, and credentials of nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.aws.conftest import nobody
from tests.providers.traffic import pdns, strict_route53
from tests.providers.traffic.base import OnPowerDns, OnRoute53, System
from tests.providers.traffic.pdns import KEY, PowerDns
from tests.providers.traffic.strict_route53 import StrictRoute53

__all__ = ["nobody"]


@pytest.fixture(scope="package")
def powerdns_server() -> Iterator[PowerDns]:
    with pdns.running() as server:
        yield server


@pytest.fixture
def route53_server() -> Iterator[StrictRoute53]:
    with strict_route53.running() as server:
        yield server


@pytest.fixture
def route53(route53_server: StrictRoute53) -> OnRoute53:
    return OnRoute53(route53_server)


@pytest.fixture
def powerdns(powerdns_server: PowerDns, monkeypatch: pytest.MonkeyPatch) -> OnPowerDns:
    monkeypatch.setenv("PDNS_KEY", KEY)
    return OnPowerDns(powerdns_server)


@pytest.fixture(params=["route53", "powerdns"])
def traffic(request: pytest.FixtureRequest) -> System:
    found: System = request.getfixturevalue(request.param)
    return found

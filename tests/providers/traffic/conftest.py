"""The systems, and credentials of nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.aws.conftest import nobody
from tests.providers.traffic import moto as moto_zone
from tests.providers.traffic import pdns, strict_route53
from tests.providers.traffic.base import OnPowerDns, OnRoute53, System
from tests.providers.traffic.moto import WRONG, OnMoto
from tests.providers.traffic.pdns import KEY, PowerDns
from tests.providers.traffic.strict_route53 import StrictRoute53
from wedtui.providers.traffic import questions

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


@pytest.fixture(scope="package")
def moto_server() -> Iterator[str]:
    with moto_zone.running() as url:
        yield url


@pytest.fixture
def moto(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> OnMoto:
    # Nobody answers for it, however long that is waited for.
    monkeypatch.setattr(questions, "WITHIN_S", 0.02)
    return OnMoto(moto_server)


@pytest.fixture
def traffic(request: pytest.FixtureRequest) -> System:
    found: System = request.getfixturevalue(request.param)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have every promise tried on each system."""
    if "traffic" not in metafunc.fixturenames:
        return
    wrong = getattr(metafunc.function, WRONG, None)
    marks = () if wrong is None else (pytest.mark.xfail(reason=wrong.reason, raises=wrong.raises, strict=True),)
    systems = ["route53", "powerdns", pytest.param("moto", marks=marks)]
    metafunc.parametrize("traffic", systems, indirect=True)

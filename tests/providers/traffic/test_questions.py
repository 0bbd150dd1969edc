"""Asking the authoritative servers: who does not answer, and who has no say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence

import pytest

from tests.providers.traffic.base import AWS, USUAL, OnRoute53, section
from tests.providers.traffic.strict_route53 import StrictRoute53
from wedtui.core.traffic import Place
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.traffic import questions
from wedtui.providers.traffic.base import Wanted
from wedtui.providers.traffic.questions import found, sample


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "WITHIN_S", 1.0)


def sampled(nameservers: Sequence[str], count: int) -> Mapping[Place, int]:
    powerdns = {"url": "http://127.0.0.1", "zone": "example.com", "api_key": {"env": "X"}}
    configured = section(backend="powerdns", name="www.example.com", powerdns=powerdns, nameservers=["127.0.0.1"])

    async def ask() -> Mapping[Place, int]:
        return await sample(Wanted.of(configured), await found(nameservers), count)

    return asyncio.run(ask())


def test_a_server_that_is_silent_is_stood_in_for(route53: OnRoute53) -> None:
    route53.put({AWS: 100})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{silent.getsockname()[1]}"
        assert sampled([dead, route53.server.nameserver], 6) == {AWS: 6}
        with pytest.raises(ProviderUnavailableError, match=r"2 of 2 questions .* did not answer in 1 s"):
            sampled([dead], 2)


def test_a_server_without_an_address_is_left_out(route53: OnRoute53) -> None:
    route53.put({AWS: 100})
    assert sampled(["nowhere.invalid", route53.server.nameserver], 4) == {AWS: 4}
    with pytest.raises(ProviderUnavailableError, match=r"none of the nameservers nowhere.invalid has an address"):
        sampled(["nowhere.invalid"], 4)


def test_a_name_that_is_not_there_is_no_answer(route53: OnRoute53) -> None:
    with pytest.raises(ProviderUnavailableError, match="gave 0 A records where one was expected"):
        sampled([route53.server.nameserver], 1)


def test_a_server_without_authority_has_no_say(route53: OnRoute53, monkeypatch: pytest.MonkeyPatch) -> None:
    route53.put(USUAL)
    well = StrictRoute53._heard

    def cached(self: StrictRoute53, question: object) -> bytes:
        answer = bytearray(well(self, question))  # type: ignore[arg-type]
        answer[2] &= ~0x04
        return bytes(answer)

    monkeypatch.setattr(StrictRoute53, "_heard", cached)
    with pytest.raises(ProviderUnavailableError, match="does not answer with authority"):
        sampled([route53.server.nameserver], 1)

"""The demo's DNS speaks the protocols of a PowerDNS: asked by wedtui's own backend, and wrong questions by hand."""

from __future__ import annotations

import asyncio
import json
import random
import tomllib
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import httpx
import pytest

from tests.demo.base import running
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.core.traffic import Place
from wedtui.demo.configuration import KEY_NAME, demo_configuration
from wedtui.demo.names import API_KEY, RECORD, TARGETS, TTL_S, ZONE, RefusedError, Zone, dns_answer, weights_of
from wedtui.demo.scenario import PROVIDERS
from wedtui.demo.world import Addresses
from wedtui.errors import ConflictError, ProviderUnavailableError
from wedtui.providers.traffic.powerdns import PowerDnsBackend

USUAL = {Place(p.name): p.weight for p in PROVIDERS}
MOVED = {Place("azure"): 63, Place("gcp"): 37, Place("aws"): 0, Place("digitalocean"): 0}


def backend(addresses: Addresses, folder: Path) -> PowerDnsBackend:
    (folder / KEY_NAME).write_text(f"{API_KEY}\n")
    (folder / KEY_NAME).chmod(0o600)
    section = Configuration.model_validate(tomllib.loads(demo_configuration(addresses, folder))).traffic
    assert section.powerdns is not None
    return PowerDnsBackend(section, section.powerdns, SystemClock())


def lua(*weights: int) -> str:
    entries = ",".join(f"{{{w},'{t}'}}" for w, t in zip(weights, TARGETS.values(), strict=False))
    return f'A "pickwrandom({{{entries}}})"'


def a_set(content: str, kind: str = "LUA", name: str = RECORD, changetype: str = "REPLACE") -> dict[str, object]:
    return {"name": name, "type": kind, "ttl": 5, "changetype": changetype, "records": [{"content": content}]}


def test_shares_are_read_moved_and_answered_by_the_backend_of_the_service(tmp_path: Path) -> None:
    async def work() -> None:
        async with running("calm") as world:
            names = backend(world.addresses, tmp_path)
            try:
                read = await names.read()
                assert dict(read.shares) == USUAL
                assert set(await names.answers(40)) <= {place for place, share in USUAL.items() if share}
                submission = await names.submit(read, MOVED, read.generation + 1)
                assert await names.in_sync(submission)
                assert dict((await names.read()).shares) == MOVED
                assert set(await names.answers(40)) <= {Place("azure"), Place("gcp")}
                with pytest.raises(ConflictError):
                    await names.submit(read, USUAL, read.generation + 2)
            finally:
                await names.close()

    asyncio.run(work())


def test_traffic_goes_where_the_record_says_once_the_ttl_has_passed(tmp_path: Path) -> None:
    async def work() -> None:
        async with running("calm") as world:
            names = backend(world.addresses, tmp_path)
            try:
                await world.at(60)
                before = {p: float(await world.value(f'demo_requests{{provider="{p}"}}') or 0) for p in TARGETS}
                read = await names.read()
                await names.submit(read, MOVED, read.generation + 1)
                still = float(await world.value('demo_requests{provider="aws"}') or 0)
                assert still == pytest.approx(before["aws"], rel=0.1), "resolvers still answer as before"
                await world.at(60 + TTL_S)
                after = {p: float(await world.value(f'demo_requests{{provider="{p}"}}') or 0) for p in TARGETS}
                assert before["aws"] > 100
                assert after["aws"] < 5
                assert after["azure"] > 2 * before["azure"]
                assert sum(after.values()) == pytest.approx(sum(before.values()), rel=0.1)
                # What was is as it was.
                past = (
                    await world.query('demo_requests{provider="aws"}', time=str(world.clock.now().timestamp() - 30))
                ).json()
                assert float(past["data"]["result"][0]["value"][1]) > 100
            finally:
                await names.close()

    asyncio.run(work())


def test_without_the_key_nothing_is_told_and_nothing_changed(tmp_path: Path) -> None:
    async def work() -> None:
        async with running("calm") as world:
            url = f"{world.addresses.names}/api/v1/servers/localhost/zones/{ZONE}"
            body = json.dumps({"rrsets": [a_set(lua(0, 100))]})
            for headers in ({}, {"X-API-Key": "another"}):
                assert (await world.client.get(url, headers=headers)).status_code == httpx.codes.UNAUTHORIZED
                assert (await world.client.patch(url, content=body, headers=headers)).status_code == 401
            key = {"X-API-Key": API_KEY}
            assert (await world.client.get(url.replace("demo.", "other."), headers=key)).status_code == 404
            assert (await world.client.delete(url, headers=key)).status_code == 405
            for wrong in ("", "[]", "{}", '{"rrsets": [1]}', "\xff"):
                assert (await world.client.patch(url, content=wrong, headers=key)).status_code in {400, 422}
            names = backend(world.addresses, tmp_path)
            try:
                assert dict((await names.read()).shares) == USUAL
            finally:
                await names.close()

    asyncio.run(work())


def test_a_world_that_is_over_cannot_be_changed(tmp_path: Path) -> None:
    async def work() -> None:
        async with running("calm") as world:
            names = backend(world.addresses, tmp_path)
            await world.world.close()
            try:
                with pytest.raises(ProviderUnavailableError):
                    await names.read()
            finally:
                await names.close()

    asyncio.run(work())


@pytest.mark.parametrize(
    "wrong",
    [
        a_set("A \"ifportup(443, {'192.0.2.1'})\""),
        a_set(lua(0, 0, 0, 0)),
        a_set("", changetype="DELETE"),
        a_set(lua(100), name="www.other.invalid."),
        a_set("10 mail", kind="MX"),
        a_set("not an address", kind="A", name=f"a.{ZONE}"),
        a_set(lua(100), changetype="EXTEND"),
        {"name": RECORD},
    ],
)
def test_of_changes_that_cannot_be_taken_none_is(wrong: dict[str, object]) -> None:
    zone = Zone(lambda: 1.0)
    before = zone.listed(None)
    with pytest.raises(RefusedError):
        zone.change([a_set('"a text"', "TXT", f"t.{ZONE}"), wrong])
    assert zone.listed(None) == before


def test_answers_follow_the_weights_with_authority() -> None:
    zone = Zone(lambda: 1.0, random.Random(7))
    zone.change([a_set(lua(75, 25))])

    def asked(name: str, kind: str) -> dns.message.Message:
        wire = dns_answer(zone, dns.message.make_query(name, kind).to_wire())
        assert wire is not None
        return dns.message.from_wire(wire)

    answers = [asked(RECORD, "A") for _ in range(400)]
    assert all(answer.flags & dns.flags.AA for answer in answers)
    said = [answer.answer[0][0].to_text() for answer in answers]
    assert set(said) == {TARGETS["aws"], TARGETS["azure"]}
    assert 260 < said.count(TARGETS["aws"]) < 340
    assert asked(f"none.{ZONE}", "A").rcode() == dns.rcode.NXDOMAIN
    assert asked(RECORD, "TXT").rcode() == dns.rcode.NOERROR
    assert zone.answer(RECORD, "LUA") is None
    assert asked("www.example.com.", "A").rcode() == dns.rcode.REFUSED
    for garbage in (b"", b"\x00" * 11, b"\xff" * 40):
        assert dns_answer(zone, garbage) is None


def test_shares_of_any_second_are_known() -> None:
    now = 0.0
    zone = Zone(lambda: now)
    now = 30.0
    zone.change([a_set(lua(0, 63, 37))])
    assert (zone.shares(29.9)["aws"], zone.shares(30.0)["aws"], zone.shares()["aws"]) == (0.6, 0.6, 0.6)
    assert zone.shares(30 + TTL_S / 2)["aws"] == pytest.approx(0.3), "resolvers forget the answer before it by and by"
    assert zone.shares(30 + TTL_S)["aws"] == 0.0
    assert zone.shares(99)["azure"] == pytest.approx(0.63)
    now = 50.0
    zone.change([a_set(lua(60, 25, 15))])
    assert zone.shares(49.9)["aws"] == 0.0
    assert zone.shares(50 + TTL_S)["aws"] == pytest.approx(0.6)
    assert zone.shares(-1)["aws"] == 0.6
    assert weights_of(lua(60, 40)) == ((60, TARGETS["aws"]), (40, TARGETS["azure"]))

"""What is particular to PowerDNS: its LUA records, the race that its API leaves, and what can go wrong on the way."""

from __future__ import annotations

import json
import logging
import subprocess
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.needs import require_program
from tests.providers.faults import refusing_port, unaccepting_port
from tests.providers.traffic import between as standing
from tests.providers.traffic import strict_route53 as strict
from tests.providers.traffic.base import AWAY, AWS, AZURE, GCP, OCEAN, TARGETS, USUAL, OnPowerDns, OnRoute53, using
from tests.providers.traffic.between import Between, first, status, then
from tests.providers.traffic.pdns import KEY
from tests.providers.traffic.strict_route53 import Answer, Fault
from tests.providers.traffic.test_promises import foreign, settled
from wedtui.core.by_hand import KEY_VARIABLE, PowerDnsAddress, by_hand
from wedtui.core.traffic import Place
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    ForeignRecordsError,
    NotNowError,
    OutcomeUnknownError,
    ProviderUnavailableError,
)
from wedtui.providers.traffic import powerdns as adapter
from wedtui.providers.traffic.base import READ_WITHIN, TrafficBackend, generation_text
from wedtui.providers.traffic.powerdns import lua_code, lua_weights


@pytest.fixture(autouse=True)
def hurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once, and give up soon where nobody answers."""
    monkeypatch.setattr(adapter, "backoff_s", lambda _attempt: 0.0)
    if any(word in request.node.name for word in ("silent", "nobody", "could_not_be_sent")):
        monkeypatch.setattr(adapter, "REQUEST_WITHIN", timedelta(seconds=1))


@pytest.fixture
def between(powerdns: OnPowerDns) -> Iterator[Between]:
    with standing.running(powerdns.server.url) as between:
        yield between


TARGET = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"[a-z0-9-]{1,60}\.example\.", fullmatch=True),
)
WEIGHTS = st.lists(st.tuples(st.integers(0, 100), TARGET), min_size=1, max_size=40)


@given(WEIGHTS)
def test_code_is_read_as_it_was_written(weights: list[tuple[int, str]]) -> None:
    code = lua_code(weights)
    assert lua_weights(f"A {code}") == ("A", weights)
    strings = code.removeprefix('"').removesuffix('"').split('" "')
    assert all(len(string) <= 255 for string in strings)
    # A server joins the strings with a space or with nothing.
    assert lua_weights(f'A "{"".join(strings)}"') == lua_weights(f'A "{" ".join(strings)}"') == ("A", weights)


@pytest.mark.parametrize(
    "content",
    [
        "A \"pickwrandom({{60, '192.0.2.1'}, {40, '192.0.2.3'}})\"",
        "A \"return pickwrandom({ {60,'192.0.2.1'},{40,'192.0.2.3'} })\"",
        "A \"pickwrandom({{60,'192.0.2.1'},\" \"{40,'192.0.2.3'}});\"",
    ],
)
def test_what_a_person_wrote_is_understood(powerdns: OnPowerDns, content: str) -> None:
    powerdns.write(powerdns.name, "LUA", content)
    assert using(powerdns.backend(), lambda backend: backend.read()).shares == {AWS: 60, GCP: 40}


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (["A \"pickrandom({'192.0.2.1','192.0.2.3'})\""], "something else than a pickwrandom of weights and targets"),
        (["A \"pickwrandom({{60,'192.0.2.1'},{40,other}})\""], "something else than a pickwrandom"),
        (["A \"pickwrandom({{60,'192.0.2.1'}}) or pickwrandom({{40,'192.0.2.3'}})\""], "something else"),
        (['A "pickwrandom({})"'], "something else"),
        (["AAAA \"pickwrandom({{60,'192.0.2.1'},{40,'192.0.2.3'}})\""], "is not one of the type A"),
        (["A \"pickwrandom({{60,'192.0.2.1'},{40,'192.0.2.1'}})\""], "192.0.2.1 occurs twice"),
        (["A \"pickwrandom({{60,'192.0.2.1'},{40,'192.0.2.9'}})\""], "192.0.2.9 is a target of no place"),
        (["A \"pickwrandom({{100,'192.0.2.1'}})\"", 'AAAA "x"'], "there are 2 LUA records, not one"),
    ],
)
def test_lua_records_that_are_not_ours(powerdns: OnPowerDns, contents: list[str], words: str) -> None:
    powerdns.write(powerdns.name, "LUA", *contents)
    assert words in foreign(powerdns)


def test_what_is_run_by_hand_changes_the_shares_as_it_is(powerdns: OnPowerDns) -> None:
    curl = require_program("curl", package="curl")
    powerdns.put({AWS: 70, GCP: 30})
    powerdns.write_generation('"wedtui generation=5"')
    read = using(powerdns.backend(), lambda backend: backend.read())
    address = PowerDnsAddress(powerdns.server.url, powerdns.zone, {TARGETS[AWS]: AWS, TARGETS[GCP]: GCP})
    look, change = by_hand(read, {AWS: 0, GCP: 100}, address).steps

    def run(command: str) -> str:
        path = f"{Path(curl).parent}:/usr/bin:/bin"
        environ = {"PATH": path, KEY_VARIABLE: KEY, "no_proxy": "*"}
        done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (shown,) = (each for each in json.loads(run(look.command))["rrsets"] if each["type"] == "LUA")
    assert lua_weights(shown["records"][0]["content"])[1] == [(70, TARGETS[AWS]), (30, TARGETS[GCP])]
    assert run(change.command).strip() == "204"
    assert powerdns.shares() == {AWS: 0, GCP: 100}
    # Whose generation stands beside other shares: that it was changed by hand can be told.
    assert powerdns.generation() == '"wedtui generation=5"'
    assert using(powerdns.backend(), lambda backend: backend.read()).shares == {AWS: 0, GCP: 100}


def test_a_disabled_record_is_none(powerdns: OnPowerDns, between: Between) -> None:
    """A server that filters by name leaves them out; one that does not tells them."""
    records = [{"content": f"A {lua_code([(100, '192.0.2.1')])}", "disabled": True}]
    lua = {"name": powerdns.name, "type": "LUA", "ttl": 60, "records": records}
    powerdns.server.put(powerdns.zone, lua)
    assert "there is no LUA record" in foreign(powerdns)
    between.faults["GET"] = [status(200, json.dumps({"rrsets": [lua]}).encode())]
    with pytest.raises(ForeignRecordsError, match="the LUA record is disabled"):
        using(powerdns.backend(url=between.own_url), lambda backend: backend.read())


def test_many_places_with_long_names(powerdns: OnPowerDns) -> None:
    """More than one string of DNS holds; what the real server makes of it is asked by DNS."""
    names = {f"p{number}": f"load-balancer-{number}.a-rather-long-name.example.net." for number in range(12)}
    places = [{"provider": provider, "target": target} for provider, target in names.items()]
    code = lua_code([(100, names["p0"])])
    powerdns.write(powerdns.name, "LUA", f"CNAME {code}")
    shares = {Place(provider): 0 for provider in names} | {Place("p10"): 50, Place("p11"): 50}

    async def work(backend: TrafficBackend) -> None:
        await settled(backend, await backend.submit(await backend.read(), shares, 1))
        assert (await backend.read()).shares == shares
        assert set(await backend.answers(40)) == {Place("p10"), Place("p11")}

    using(powerdns.backend(type="CNAME", places=places), work)


def test_ipv6(powerdns: OnPowerDns) -> None:
    places = [{"provider": "aws", "target": "2001:0DB8::1"}, {"provider": "gcp", "target": "2001:db8::3"}]
    powerdns.write(powerdns.name, "LUA", f"AAAA {lua_code([(100, '2001:db8::1')])}")

    async def work(backend: TrafficBackend) -> Any:
        await settled(backend, await backend.submit(await backend.read(), {AWS: 0, GCP: 100}, 1))
        return await backend.answers(5)

    assert using(powerdns.backend(type="AAAA", places=places), work) == {GCP: 5}


def test_who_is_overwritten_finds_it_out(powerdns: OnPowerDns, between: Between) -> None:
    """What remains of the race: theirs goes between our comparison and our replacement, and both are accepted."""
    powerdns.put(USUAL)
    theirs = powerdns.backend()
    submissions: list[str] = []

    async def them(backend: TrafficBackend) -> None:
        submissions.append(await backend.submit(await backend.read(), {AWS: 50, GCP: 50}, 1))

    between.faults["PATCH"] = [first(lambda: using(theirs, them))]

    async def us(backend: TrafficBackend) -> None:
        await settled(backend, await backend.submit(await backend.read(), AWAY, 1))

    using(powerdns.backend(url=between.own_url), us)
    assert powerdns.shares() == AWAY
    with pytest.raises(ConflictError, match=r"another change of .* came in place of this one"):
        using(powerdns.backend(), lambda backend: backend.in_sync(submissions[0]))


def test_a_change_of_the_same_generation_is_not_taken_for_ours(powerdns: OnPowerDns) -> None:
    powerdns.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        assert not backend.compares
        ours = await backend.submit(await backend.read(), AWAY, 1)
        assert (await backend.read()).submission == ours
        powerdns.write(f"_wedtui.{powerdns.name}", "TXT", generation_text(1, 16 * "0"))
        read = await backend.read()
        assert (read.generation, read.submission) == (1, None)

    using(powerdns.backend(), work)


def test_a_change_that_is_replaced_at_once_is_not_taken_for_done(powerdns: OnPowerDns, between: Between) -> None:
    powerdns.put(USUAL)
    between.faults["PATCH"] = [then(lambda: powerdns.put({AWS: 100}))]

    async def us(backend: TrafficBackend) -> None:
        with pytest.raises(OutcomeUnknownError, match="it was accepted, and other records are there now"):
            await backend.submit(await backend.read(), AWAY, 1)

    using(powerdns.backend(url=between.own_url), us)


def test_an_accepted_change_is_accepted_though_nobody_can_look(powerdns: OnPowerDns, between: Between) -> None:
    powerdns.put(USUAL)
    between.faults["GET"] = [lambda work: work()] * 4 + [status(500)] * 2

    async def us(backend: TrafficBackend) -> bool:
        return await backend.in_sync(await backend.submit(await backend.read(), AWAY, 1))

    assert using(powerdns.backend(url=between.own_url), us)


UNKNOWN: dict[str, Fault] = {
    "applied and silent": strict.done_and_silent,
    "applied and cut": lambda work: Answer(work().body, 200, cut=True),
    "applied and failed": strict.done_and_failed,
    "silent": strict.silence,
    "failed": status(500),
    "away": status(503),
    "redirected": status(302),
    "other": status(200),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_may_have_been_applied_is_unknown_and_not_sent_again(
    powerdns: OnPowerDns, between: Between, kind: str
) -> None:
    powerdns.put(USUAL)
    between.faults["PATCH"] = [UNKNOWN[kind]]

    async def work(backend: TrafficBackend) -> None:
        with pytest.raises(OutcomeUnknownError, match=r"may or may not have been applied .*read the records before"):
            await backend.submit(await backend.read(), AWAY, 7)
        assert between.asked.count("PATCH") == 1
        read = await backend.read()
        assert (read.generation, read.shares) == ((7, AWAY) if "applied" in kind else (0, USUAL))

    using(powerdns.backend(url=between.own_url), work)


def test_another_answer_than_accepted_is_not_taken_for_it(powerdns: OnPowerDns, between: Between) -> None:
    powerdns.put(USUAL)
    between.faults["PATCH"] = [status(200)]
    between.faults["GET"] = [lambda work: work()] * 4 + [status(500)] * 4

    async def work(backend: TrafficBackend) -> None:
        with pytest.raises(OutcomeUnknownError, match="it answered with status 200"):
            await backend.submit(await backend.read(), AWAY, 7)

    using(powerdns.backend(url=between.own_url), work)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (401, "the api_key is refused"),
        (404, "it has no such server_id or zone"),
        (422, "it takes the record for invalid"),
        (429, "it was throttled"),
        (400, "status 400"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "GET"])
def test_what_was_refused_changed_nothing(
    powerdns: OnPowerDns, between: Between, number: int, words: str, method: str
) -> None:
    powerdns.put(USUAL)
    read = using(powerdns.backend(), lambda backend: backend.read())
    between.faults[method] = [status(number)]
    with pytest.raises(ProviderUnavailableError, match=words) as refused:
        using(powerdns.backend(url=between.own_url), lambda backend: backend.submit(read, AWAY, 7))
    assert isinstance(refused.value, NotNowError) == (number == 429), "the others are not mended by waiting"
    assert (powerdns.shares(), powerdns.generation()) == (USUAL, None)


@pytest.mark.parametrize("method", ["PATCH", "GET"])
def test_how_long_it_asks_to_be_left_alone_is_said(powerdns: OnPowerDns, between: Between, method: str) -> None:
    powerdns.put(USUAL)
    read = using(powerdns.backend(), lambda backend: backend.read())
    between.faults[method] = [lambda _work: Answer(b"no", 429, {"Retry-After": "12"})]
    with pytest.raises(NotNowError, match="it was throttled, and asks to be left alone for 12 s") as refused:
        using(powerdns.backend(url=between.own_url), lambda backend: backend.submit(read, AWAY, 7))
    assert refused.value.wait_s == 12


BROKEN: dict[str, Fault] = {
    "truncated": strict.done_and_truncated,
    "cut": lambda work: Answer(work().body[:100], cut=True),
    "failed": status(500),
    "silent": strict.silence,
    "html": status(200, b"<html>Welcome</html>"),
    "list": status(200, b"[]"),
    "no sets": status(200, b"{}"),
    "odd sets": status(200, json.dumps({"rrsets": [{"name": "x"}]}).encode()),
    "redirected": status(302),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("number", [1, 2])
def test_a_reading_that_is_not_whole_is_none(powerdns: OnPowerDns, between: Between, kind: str, number: int) -> None:
    powerdns.put(USUAL)
    ends = READ_WITHIN.total_seconds() / 20
    between.faults["GET"] = [lambda work: work()] * (number - 1) + [BROKEN[kind]] * 10_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "READ_WITHIN", timedelta(seconds=ends))
        with pytest.raises(ProviderUnavailableError):
            using(powerdns.backend(url=between.own_url), lambda backend: backend.read())


def test_nobody_listens(powerdns: OnPowerDns) -> None:
    powerdns.put(USUAL)
    read = using(powerdns.backend(), lambda backend: backend.read())
    with pytest.MonkeyPatch.context() as patch, refusing_port() as closed, unaccepting_port() as full:
        patch.setattr(adapter, "SUBMIT_WITHIN", timedelta(seconds=0.3))
        for port in (closed, full):
            away = powerdns.backend(url=f"http://127.0.0.1:{port}")
            with pytest.raises(NotNowError):
                using(away, lambda backend: backend.submit(read, AWAY, 7))


def test_a_change_that_could_not_be_sent_changed_nothing(powerdns: OnPowerDns) -> None:
    """The reading before it went well, then nobody accepted a connection any more: that is known."""
    powerdns.put(USUAL)
    backend = powerdns.backend()

    async def work(_backend: TrafficBackend) -> None:
        read = await backend.read()
        live = await backend._live(timedelta(seconds=5))

        async def as_before(_within: timedelta) -> Any:
            return live

        backend._live = as_before  # type: ignore[method-assign,assignment]
        await backend._web.close()
        with unaccepting_port() as port:
            away = powerdns.backend(url=f"http://127.0.0.1:{port}")
            backend._web, backend._url = away._web, away._url
            with pytest.raises(NotNowError, match=r"could not be told the change .* \(timed out after"):
                await backend.submit(read, AWAY, 7)

    using(backend, work)


def test_a_nameserver_that_is_behind_keeps_it_from_being_in_sync(powerdns: OnPowerDns, route53: OnRoute53) -> None:
    powerdns.put(USUAL)
    behind = route53.server.nameserver  # it knows nothing of this zone

    async def work(backend: TrafficBackend) -> None:
        submission = await backend.submit(await backend.read(), AWAY, 3)
        assert not await backend.in_sync(submission)
        for text, synced in (('"wedtui generation=2"', False), (powerdns.generation() or "", True)):
            values = [{"Value": text}]
            carrier = {"Name": f"_wedtui.{powerdns.name}", "Type": "TXT", "TTL": 60, "ResourceRecords": values}
            route53.server.put(carrier)
            assert await backend.in_sync(submission) is synced
        assert (await backend.read()).submission is None

    using(powerdns.backend(nameservers=[powerdns.server.nameserver, behind]), work)


def test_a_nameserver_that_does_not_answer_leaves_it_unknown(
    powerdns: OnPowerDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedtui.providers.traffic.questions.WITHIN_S", 2.0)
    powerdns.put(USUAL)
    submission = using(powerdns.backend(), _submitted)
    with refusing_port() as port:
        backend = powerdns.backend(nameservers=[powerdns.server.nameserver, f"127.0.0.1:{port}"])
        with pytest.raises(ProviderUnavailableError, match=f"is not known .*127.0.0.1:{port}"):
            using(backend, lambda backend: backend.in_sync(submission))
    backend = powerdns.backend(nameservers=[powerdns.server.nameserver, "nowhere.invalid"])
    with pytest.raises(ProviderUnavailableError, match="has no address"):
        using(backend, lambda backend: backend.in_sync(submission))


async def _submitted(backend: TrafficBackend) -> str:
    return await backend.submit(await backend.read(), AWAY, 3)


@pytest.mark.parametrize("submission", ["", "C0000000000001", "7-", "7-xyz"])
def test_a_change_that_nobody_knows(powerdns: OnPowerDns, submission: str) -> None:
    with pytest.raises(ProviderUnavailableError, match="has that id: read the records"):
        using(powerdns.backend(), lambda backend: backend.in_sync(submission))


def test_a_record_that_the_server_cannot_run_is_no_answer(powerdns: OnPowerDns) -> None:
    powerdns.write(powerdns.name, "LUA", 'A "nonsense("')
    with pytest.raises(ProviderUnavailableError, match=r"3 of 3 questions .* answered SERVFAIL"):
        using(powerdns.backend(), lambda backend: backend.answers(3))


def test_a_wrong_key(powerdns: OnPowerDns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDNS_KEY", "another-hunter2")
    with pytest.raises(
        ProviderUnavailableError, match=r"the api_key is refused\): check \[traffic.powerdns\]"
    ) as caught:
        using(powerdns.backend(), lambda backend: backend.read())
    assert "hunter2" not in str(caught.value)
    monkeypatch.delenv("PDNS_KEY")
    with pytest.raises(ConfigurationError, match=r"traffic.powerdns: the environment variable PDNS_KEY .* not set"):
        powerdns.backend()


@pytest.mark.parametrize("kind", ["silent", "failed", "truncated"])
def test_no_secret_in_what_is_said(
    powerdns: OnPowerDns, between: Between, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    powerdns.put(USUAL)
    backend = powerdns.backend(url=between.own_url)
    read = using(powerdns.backend(), lambda backend: backend.read())
    between.faults["PATCH" if kind == "failed" else "GET"] = [BROKEN[kind]]
    with pytest.raises((ProviderUnavailableError, OutcomeUnknownError)) as caught:
        using(backend, lambda backend: backend.submit(read, AWAY, 7))
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(backend) + repr(vars(backend))
    assert KEY not in told
    assert caught.value.__cause__ is None


def test_every_place_has_a_target_of_its_own() -> None:
    assert len(set(TARGETS.values())) == len({AWS, AZURE, GCP, OCEAN})

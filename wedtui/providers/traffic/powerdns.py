"""A LUA record of a PowerDNS Authoritative Server (`pickwrandom`), read and changed by its HTTP API.

    www.example.com. 60 IN LUA A "pickwrandom({{60,'192.0.2.1'}, {40,'192.0.2.2'}})"

The API replaces whole sets of records, several of one zone in one transaction, but has no condition on what is there.
So the records are read and compared immediately before they are replaced, and read once more afterwards, in one lock.

What remains of the race: a change by another client that arrives between our comparison and our replacement is
overwritten. That is one request's time, but for a request of which nobody heard: a server that waits for its database
makes it whenever that answers. So one that was not answered and is not seen is neither sent again nor taken for failed
(`compares`). Nothing is overwritten unseen: each change carries a generation with a mark of its own in `_wedtui.NAME`,
written in the same transaction. Whoever was overwritten finds another mark there, in the look right after the change
(OutcomeUnknownError) or when it asks whether its change is in sync (ConflictError).
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from wedtui.clock import Clock
from wedtui.config_traffic import PowerDnsSection, TrafficSection
from wedtui.core.traffic import Place, Submitted, TrafficReading, unfit
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    NotNowError,
    OutcomeUnknownError,
    ProviderUnavailableError,
)
from wedtui.providers.traffic.base import (
    ADDRESSING,
    READ_WITHIN,
    REQUEST_WITHIN,
    SUBMIT_WITHIN,
    Wanted,
    canonical,
    generation_of,
    generation_text,
)
from wedtui.providers.traffic.questions import found, marks, newer, sample, told
from wedtui.providers.web import Answer, UnansweredError, WebClient, backoff_s, resolved_headers, retry_after_s, trust

Record = dict[str, Any]
"""A set of records (RRset) of the API."""

BODY_AT_MOST = 16_000_000
"""Bytes: servers that know no `rrset_name` answer the whole zone."""
_OWNER = "traffic.powerdns"
_SUBMISSION = re.compile(r"([0-9]{1,18})-([0-9a-f]{16})")
_LUA = re.compile(r"(?P<type>[A-Z]+) (?P<code>\"[^\"]*\"(?: +\"[^\"]*\")*)")
_CALL = re.compile(r"(?:return *)?pickwrandom\(\{(?P<table>.*)\}\);?")
_ENTRY = re.compile(r"\{([0-9]{1,5}),'([0-9A-Za-z:._-]+)'\}")
# A string of DNS has 255 octets at most; a server puts a space between two, so none ends within an entry.
_CHUNK = 200
_REFUSALS = {
    401: "the api_key is refused",
    403: "the api_key is refused",
    404: "it has no such server_id or zone",
    422: "it takes the record for invalid",
    429: "it was throttled",
}


class PowerDnsBackend:
    """The LUA record of one name in one zone."""

    compares = False

    def __init__(self, section: TrafficSection, powerdns: PowerDnsSection, clock: Clock) -> None:
        """Prepare; nothing is read and nothing is sent yet.

        Args:
            section: the record, and the places that it can point to.
            powerdns: where it is, and the key of the API.
            clock: tells the time.

        Raises:
            ConfigurationError: the URL, the key or the certificates cannot be used.
        """
        self._wanted = Wanted.of(section)
        self._nameservers = section.nameservers
        self._clock = clock
        try:
            base = httpx.URL(powerdns.url.rstrip("/"))
        except httpx.InvalidURL:
            raise ConfigurationError(f"{_OWNER}: its url is not one that can be asked: correct it") from None
        self._url = base.copy_with(
            raw_path=f"{base.path.rstrip('/')}/api/v1/servers/{powerdns.server_id}/zones/{powerdns.zone}".encode()
        )
        headers = resolved_headers(_OWNER, {"X-API-Key": powerdns.api_key})
        self._web = WebClient(
            headers={**headers, "Accept": "application/json"},
            context=trust(powerdns.ca_file),
            timeout=REQUEST_WITHIN,
            body_at_most=BODY_AT_MOST,
        )
        self._changing = asyncio.Lock()
        self._pending: Submitted | None = None

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._web.close()

    async def read(self) -> TrafficReading:
        """Read the live records; see `TrafficBackend`."""
        records, generations = await self._live(READ_WITHIN)
        shares = self._shares(records)
        generation = [record["content"] for each in generations for record in each["records"]]
        live, read_at = [*records, *generations], self._clock.now()
        pending = self._pending if self._pending is not None and _is_of(self._pending, generation) else None
        return self._wanted.reading("powerdns", shares, generation, live, read_at=read_at, pending=pending)

    async def submit(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> str:
        """Compare, replace and look, in one lock; see `TrafficBackend`, and above for what remains of the race."""
        self._wanted.checked(read, shares, generation)
        ends_at = self._clock.monotonic() + SUBMIT_WITHIN.total_seconds()
        mark = secrets.token_hex(8)
        new = self._records(shares, generation, mark)
        body = {"rrsets": [{**record, "changetype": "REPLACE"} for record in new]}
        async with self._changing:
            live = await self._live(self._until(ends_at))
            if canonical([*live[0], *live[1]]) != read.records:
                raise ConflictError(
                    f"the records of {self._wanted.name} are not those that were read any more: read and plan again"
                )
            await self._replace(json.dumps(body).encode(), ends_at)
            self._pending = Submitted(generation, f"{generation}-{mark}")
            await self._look(new, ends_at)
        return f"{generation}-{mark}"

    async def in_sync(self, submission: str) -> bool:
        """Return whether every configured nameserver has the change's generation; see `TrafficBackend`."""
        ours = _SUBMISSION.fullmatch(submission)
        if ours is None:
            raise ProviderUnavailableError(
                f"no change of {self._wanted.name} in PowerDNS has that id: read the records"
            )
        generation, mark = int(ours[1]), ours[2]
        heard = await marks(self._wanted, self._nameservers)
        if any(other is not None and other[0] >= generation and other != (generation, mark) for other in heard):
            raise newer(self._wanted)
        synced = all(other == (generation, mark) for other in heard)
        if synced and self._pending is not None and self._pending.id == submission:
            self._pending = None
        return synced

    async def told(self, generation: int) -> bool:
        """Ask the configured nameservers; see `TrafficBackend`."""
        return await told(self._wanted, self._nameservers, generation)

    async def answers(self, count: int) -> Mapping[Place, int]:
        """Ask the configured nameservers; see `TrafficBackend`."""
        return await sample(self._wanted, await found(self._nameservers), count)

    def _until(self, ends_at: float) -> timedelta:
        return timedelta(seconds=max(0.0, ends_at - self._clock.monotonic()))

    async def _live(self, within: timedelta) -> tuple[list[Record], list[Record]]:
        """Return every set of the name that sends customers somewhere, and that of its generation.

        Raises:
            ProviderUnavailableError: they could not be read whole.
        """
        ends_at = self._clock.monotonic() + within.total_seconds()
        records = await self._named(self._wanted.name, ends_at)
        generations = await self._named(self._wanted.generation_name, ends_at)
        return (
            [record for record in records if record["type"] in ADDRESSING],
            [record for record in generations if record["type"] == "TXT"],
        )

    async def _named(self, name: str, ends_at: float) -> list[Record]:
        attempt = 0
        while True:
            try:
                url = self._url.copy_merge_params({"rrset_name": name})
                answer = await self._web.ask("GET", url, within=self._until(ends_at))
                break
            except UnansweredError as error:
                pause = backoff_s(attempt)
                if not error.again or self._clock.monotonic() + pause >= ends_at:
                    raise NotNowError(
                        f"PowerDNS did not tell the records of {self._wanted.name} ({error}): check {_OWNER}.url"
                    ) from None
            attempt += 1
            await asyncio.sleep(pause)
        if answer.status != httpx.codes.OK:
            raise self._refused(answer)
        return self._sets(answer.body, name)

    def _sets(self, body: bytes, name: str) -> list[Record]:
        """Return the sets of a name, of what comes along what a change would say of them.

        Raises:
            ProviderUnavailableError: it is no whole answer.
        """
        try:
            sets = [
                {
                    "name": str(each["name"]).lower(),
                    "type": str(each["type"]),
                    "ttl": int(each["ttl"]),
                    "records": [
                        {"content": str(record["content"]), "disabled": bool(record["disabled"])}
                        for record in each["records"]
                    ],
                }
                for each in json.loads(body)["rrsets"]
            ]
        except (ValueError, KeyError, TypeError):
            raise ProviderUnavailableError(
                f"PowerDNS answered with what cannot be used for {self._wanted.name}: check {_OWNER}.url"
            ) from None
        return [each for each in sets if each["name"] == name]

    def _refused(self, answer: Answer) -> ProviderUnavailableError:
        why, wait_s = _REFUSALS.get(answer.status, f"status {answer.status}"), retry_after_s(answer, self._clock.now())
        why += f", and asks to be left alone for {wait_s:g} s" if wait_s > 0 else ""
        kind = NotNowError if answer.status == httpx.codes.TOO_MANY_REQUESTS else ProviderUnavailableError
        said = f"PowerDNS refuses what is asked about {self._wanted.name} ({why}): check [{_OWNER}]"
        return kind(said, wait_s=wait_s)

    async def _replace(self, body: bytes, ends_at: float) -> None:
        """Send the change, once more only where it was certainly not sent.

        Raises:
            OutcomeUnknownError: it may or may not have been applied.
            NotNowError: it could not be sent.
            ProviderUnavailableError: it was refused.
        """
        attempt = 0
        headers = {"Content-Type": "application/json"}
        while True:
            try:
                answer = await self._web.ask(
                    "PATCH", self._url, content=body, within=self._until(ends_at), headers=headers
                )
                break
            except UnansweredError as error:
                if error.sent:
                    raise self._unknown(str(error)) from None
                pause = backoff_s(attempt)
                if not error.again or self._clock.monotonic() + pause >= ends_at:
                    raise NotNowError(
                        f"PowerDNS could not be told the change of {self._wanted.name} ({error}): check {_OWNER}.url"
                    ) from None
            attempt += 1
            await asyncio.sleep(pause)
        if answer.status == httpx.codes.NO_CONTENT:
            return
        if 400 <= answer.status < 500 and answer.status != httpx.codes.REQUEST_TIMEOUT:
            raise self._refused(answer)
        raise self._unknown(f"it answered with status {answer.status}")

    async def _look(self, new: list[Record], ends_at: float) -> None:
        """Look whether what was accepted is what is there now.

        Raises:
            OutcomeUnknownError: something else is.
        """
        try:
            live = await self._live(self._until(ends_at))
        except ProviderUnavailableError:
            return  # it was accepted; `in_sync` looks again
        if canonical([*live[0], *live[1]]) != canonical(new):
            raise self._unknown("it was accepted, and other records are there now")

    def _unknown(self, why: str) -> OutcomeUnknownError:
        return OutcomeUnknownError(
            f"the change of {self._wanted.name} was sent to PowerDNS and may or may not have been applied ({why}): "
            "read the records before anything else"
        )

    def _records(self, shares: Mapping[Place, int], generation: int, mark: str) -> list[Record]:
        weights = [(share, self._wanted.spot(place).target) for place, share in sorted(shares.items())]
        sets = (
            (self._wanted.name, "LUA", f"{self._wanted.type} {lua_code(weights)}"),
            (self._wanted.generation_name, "TXT", generation_text(generation, mark)),
        )
        return [
            {
                "name": name,
                "type": kind,
                "ttl": self._wanted.ttl_s,
                "records": [{"content": content, "disabled": False}],
            }
            for name, kind, content in sets
        ]

    def _shares(self, records: list[Record]) -> dict[Place, int]:
        """Return the shares that records give.

        Raises:
            ForeignRecordsError: they are not the set that is configured.
        """
        problems = [f"a set of {each['type']} records is foreign" for each in records if each["type"] != "LUA"]
        shares: dict[Place, int] = {}
        ours = [each for each in records if each["type"] == "LUA"]
        if not ours:
            problems.append("there is no LUA record")
        for each in ours:
            problems += self._differences(each, shares)
        self._wanted.foreign(problems or filter(None, [unfit(shares)]))
        return shares

    def _differences(self, lua: Record, shares: dict[Place, int]) -> list[str]:
        """Return what is not as configured in the LUA record, and add the shares that it gives."""
        problems = []
        if lua["ttl"] != self._wanted.ttl_s:
            problems.append(f"the LUA record has a TTL of {lua['ttl']} s, not of {self._wanted.ttl_s} s")
        if len(lua["records"]) != 1:
            return [*problems, f"there are {len(lua['records'])} LUA records, not one"]
        if lua["records"][0]["disabled"]:
            problems.append("the LUA record is disabled")
        kind, weights = lua_weights(lua["records"][0]["content"])
        if kind != self._wanted.type:
            problems.append(f"the LUA record is not one of the type {self._wanted.type}")
        if weights is None:
            return [*problems, "the LUA record is something else than a pickwrandom of weights and targets"]
        for weight, target in weights:
            place = self._wanted.place_of(target)
            if place is None:
                problems.append(f"{target} is a target of no place")
            elif place in shares:
                problems.append(f"{target} occurs twice")
            else:
                shares[place] = weight
        return problems


def _is_of(made: Submitted, texts: list[str]) -> bool:
    """Whether the records are those of a change of ours, by its mark: another may have the same generation."""
    return made.id in {f"{found[0]}-{found[1]}" for found in map(generation_of, texts) if found is not None}


def lua_code(weights: list[tuple[int, str]]) -> str:
    """Return the code of a LUA record, in strings of at most 255 octets."""
    lines = [""]
    for entry in (f"{{{weight},'{target}'}}" for weight, target in weights):
        if len(lines[-1]) + len(entry) >= _CHUNK:
            lines.append("")
        lines[-1] += f"{entry},"
    lines[0] = f"pickwrandom({{{lines[0]}"
    lines[-1] = f"{lines[-1].removesuffix(',')}}})"
    return " ".join(f'"{line}"' for line in lines)


def lua_weights(content: str) -> tuple[str | None, list[tuple[int, str]] | None]:
    """Return the type of a LUA record and its weights and targets; None for what is not of our form."""
    match = _LUA.fullmatch(content.strip())
    if match is None:
        return None, None
    call = _CALL.fullmatch(match["code"].replace('"', "").replace(" ", ""))
    if call is None:
        return match["type"], None
    entries = _ENTRY.findall(call["table"])
    if not entries or ",".join(f"{{{weight},'{target}'}}" for weight, target in entries) != call["table"]:
        return match["type"], None
    return match["type"], [(int(weight), target) for weight, target in entries]

"""The demo's DNS: one zone whose record shares traffic out, over the API of PowerDNS and over DNS itself.

Both are as small as what a client of a LUA record with `pickwrandom` needs: sets of records read and replaced in one
piece, and authoritative answers of A and TXT on UDP. What the record says is also where the world's traffic goes.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

from wedtui.demo.scenario import PROVIDERS
from wedtui.demo.server import HOST, Request, Response, json_response, method_not_allowed

ZONE = "demo.invalid."
RECORD = f"www.{ZONE}"
TTL_S = 5
# Addresses for documentation (RFC 5737): nothing is ever sent there.
TARGETS: Mapping[str, str] = MappingProxyType({p.name: f"192.0.2.{i}" for i, p in enumerate(PROVIDERS, start=1)})
# No secret: it is written into the configuration of a world that ends with its dashboard.
API_KEY = "demo"

_PATH = f"/api/v1/servers/localhost/zones/{ZONE}"
_TYPES = frozenset({"A", "LUA", "TXT"})
_LUA = re.compile(r'A (?P<code>"[^"]*"(?: +"[^"]*")*)')
_ENTRY = re.compile(r"\{(\d{1,5}),'([0-9.]+)'\}")
_CALL = re.compile(rf"pickwrandom\(\{{(?P<table>{_ENTRY.pattern}(?:,{_ENTRY.pattern})*)\}}\)")


class _Key(NamedTuple):
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class _Set:
    """The records of one name and type."""

    ttl: int
    contents: tuple[str, ...]


class RefusedError(Exception):
    """A change that the zone does not take; the text says why."""


def weights_of(content: str) -> tuple[tuple[int, str], ...]:
    """Return weights and addresses of a LUA record.

    Raises:
        RefusedError: it is something else than `A "pickwrandom({{60,'192.0.2.1'}, ...})"` with a weight above 0.
    """
    whole = _LUA.fullmatch(content.strip())
    call = _CALL.fullmatch(whole["code"].replace('"', "").replace(" ", "")) if whole else None
    found = tuple((int(weight), address) for weight, address in _ENTRY.findall(call["table"])) if call else ()
    if not any(weight for weight, _ in found):
        raise RefusedError("Parsing record content: not a pickwrandom of addresses")
    return found


class Zone:
    """The records, and how traffic was shared out since the world began."""

    def __init__(self, elapsed: Callable[[], float], choose: random.Random | None = None) -> None:
        """Share traffic out as the providers' weights say.

        Args:
            elapsed: seconds since the world began.
            choose: picks one of the addresses of an answer.
        """
        self._elapsed = elapsed
        self._choose = choose or random.Random()  # noqa: S311 - an answer of DNS, no secret
        entries = ",".join(f"{{{p.weight},'{TARGETS[p.name]}'}}" for p in PROVIDERS)
        first = f'A "pickwrandom({{{entries}}})"'
        self._sets: dict[_Key, _Set] = {_Key(RECORD, "LUA"): _Set(TTL_S, (first,))}
        self._changed_at = [0.0]
        self._shares = [_shares(first)]

    def shares(self, at: float | None = None) -> Mapping[str, float]:
        """Return the share of traffic of each provider, 0..1, at a second of the world, or now.

        Customers follow a change while resolvers forget the answer before it, which the last has after the TTL.
        """
        moment = self._elapsed() if at is None else at
        newest = max(bisect_right(self._changed_at, moment) - 1, 0)
        found = self._shares[0]
        for changed_at, told in zip(self._changed_at[1 : newest + 1], self._shares[1 : newest + 1], strict=True):
            followed = min(max((moment - changed_at) / TTL_S, 0.0), 1.0)
            found = {name: found[name] + followed * (share - found[name]) for name, share in told.items()}
        return found

    def listed(self, name: str | None) -> list[dict[str, Any]]:
        """Return the sets of a name, or all of them, as the API writes them."""
        return [
            {
                "name": key.name,
                "type": key.type,
                "ttl": found.ttl,
                "comments": [],
                "records": [{"content": content, "disabled": False} for content in found.contents],
            }
            for key, found in self._sets.items()
            if name in {None, key.name}
        ]

    def change(self, sets: list[dict[str, Any]]) -> None:
        """Replace or delete sets, all or none.

        Raises:
            RefusedError: one of them cannot be taken; nothing was changed.
        """
        changed = dict(self._sets)
        for each in sets:
            key, found = _read(each)
            if found is None:
                changed.pop(key, None)
            else:
                changed[key] = found
        routed = changed.get(_Key(RECORD, "LUA"))
        if routed is None or len(routed.contents) != 1:
            raise RefusedError(f"RRset {RECORD} IN LUA: this zone has exactly one")
        shares = _shares(routed.contents[0])
        self._sets = changed
        self._changed_at.append(self._elapsed())
        self._shares.append(shares)

    def answer(self, name: str, kind: str) -> tuple[int, tuple[str, ...]] | None:
        """Return TTL and values that a nameserver answers; None where it has none."""
        if kind == "A" and (routed := self._sets.get(_Key(name, "LUA"))):
            weights = weights_of(routed.contents[0])
            (chosen,) = self._choose.choices([address for _, address in weights], [weight for weight, _ in weights])
            return routed.ttl, (chosen,)
        found = self._sets.get(_Key(name, kind))
        return None if found is None or kind == "LUA" else (found.ttl, found.contents)

    def knows(self, name: str) -> bool:
        """Whether there is anything of a name."""
        return any(key.name == name for key in self._sets)


def _shares(content: str) -> Mapping[str, float]:
    weights = {address: weight for weight, address in weights_of(content)}
    total = sum(weights.values())
    return MappingProxyType({name: weights.get(address, 0) / total for name, address in TARGETS.items()})


def _read(each: dict[str, Any]) -> tuple[_Key, _Set | None]:
    """Return one set of a change; None where it is to be deleted.

    Raises:
        RefusedError: it cannot be taken.
    """
    try:
        key = _Key(str(each["name"]).lower(), str(each["type"]))
        contents = tuple(str(r["content"]) for r in each.get("records", ()) if not r.get("disabled"))
        ttl = int(each.get("ttl", TTL_S))
        delete = {"DELETE": True, "REPLACE": not contents}[each["changetype"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RefusedError("RRset is not understood") from None
    if key.type not in _TYPES or not f".{key.name}".endswith(f".{ZONE}"):
        raise RefusedError(f"RRset {key.name} IN {key.type}: out of zone or unknown type")
    try:
        for content in contents:
            if key.type == "LUA":
                weights_of(content)
            else:
                dns.rrset.from_text(key.name, ttl, "IN", key.type, content)
    except dns.exception.DNSException:
        raise RefusedError(f"Record {key.name}/{key.type}: its content cannot be parsed") from None
    return key, None if delete else _Set(ttl, contents)


def api_answer(zone: Zone, request: Request) -> Response:
    """Answer as the API of a PowerDNS Authoritative Server that has this one zone."""
    if not compare_digest(request.headers.get("x-api-key", ""), API_KEY):
        return json_response({"error": "Unauthorized"}, HTTPStatus.UNAUTHORIZED)
    if request.path != _PATH:
        return json_response({"error": "Not Found"}, HTTPStatus.NOT_FOUND)
    if request.method == "GET":
        found = zone.listed(request.parameters.get("rrset_name"))
        return json_response({"name": ZONE, "kind": "Native", "rrsets": found})
    return _changed(zone, request.body) if request.method == "PATCH" else method_not_allowed("GET", "PATCH")


def _changed(zone: Zone, body: bytes) -> Response:
    try:
        zone.change(list(json.loads(body)["rrsets"]))
    except (ValueError, KeyError, TypeError):
        return json_response({"error": "Request body is not valid"}, HTTPStatus.BAD_REQUEST)
    except RefusedError as error:
        return json_response({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
    return Response(HTTPStatus.NO_CONTENT, b"")


def dns_answer(zone: Zone, datagram: bytes) -> bytes | None:
    """Answer a question as the zone's authoritative server; None to what is no question."""
    try:
        question = dns.message.from_wire(datagram)
        answer = dns.message.make_response(question)
    except (dns.exception.DNSException, ValueError):
        return None
    if question.opcode() != dns.opcode.QUERY or len(question.question) != 1:
        answer.set_rcode(dns.rcode.NOTIMP)
        return answer.to_wire()
    (asked,) = question.question
    name = asked.name.to_text().lower()
    if not asked.name.is_subdomain(dns.name.from_text(ZONE)):
        answer.set_rcode(dns.rcode.REFUSED)
        return answer.to_wire()
    answer.flags |= dns.flags.AA
    found = zone.answer(name, dns.rdatatype.to_text(asked.rdtype))
    if found is not None:
        ttl, values = found
        answer.answer.append(dns.rrset.from_text(asked.name, ttl, "IN", asked.rdtype, *values))
    elif not zone.knows(name):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()


class Nameserver:
    """The zone on UDP, at an ephemeral port of loopback."""

    def __init__(self, zone: Zone) -> None:
        """Make one that is not open yet."""
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, once it is open."""
        assert self._transport is not None, "the nameserver has not been opened"
        return f"{HOST}:{self._transport.get_extra_info('sockname')[1]}"

    async def open(self) -> None:
        """Take an ephemeral port.

        Raises:
            OSError: loopback has no free port.
        """
        zone = self._zone

        class Listening(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                # The loop's own is none by its class.
                self.transport = cast("asyncio.DatagramTransport", transport)

            def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
                answer = dns_answer(zone, data)
                if answer is not None:
                    self.transport.sendto(answer, addr)

        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(Listening, local_addr=(HOST, 0))

    def close(self) -> None:
        """Give the port back."""
        if self._transport is not None:
            self._transport.close()

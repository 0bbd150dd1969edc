"""What the authoritative servers say: customers hear it from them, whatever an API claims."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wedtui.config_values import nameserver_parts
from wedtui.core.traffic import Place
from wedtui.errors import ConflictError, ForeignRecordsError, ProviderUnavailableError
from wedtui.providers.traffic.base import Wanted, generation_of

if TYPE_CHECKING:
    from dns.message import Message

WITHIN_S = 1.0
"""For one question to one server."""
AT_ONCE = 16


class UnheardError(Exception):
    """A server that gave no answer that counts; the text says why in a few words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A nameserver, by the address that it was found at."""

    name: str
    address: str
    port: int


async def found(nameservers: Sequence[str]) -> list[Server]:
    """Return the addresses of nameservers; one whose name does not resolve is left out.

    Raises:
        ProviderUnavailableError: none has an address.
    """
    servers = [server for server in await asyncio.gather(*map(_found, nameservers)) if server is not None]
    if not servers:
        raise ProviderUnavailableError(
            f"none of the nameservers {', '.join(nameservers) or '(none)'} has an address: check traffic.nameservers"
        )
    return servers


async def _found(nameserver: str) -> Server | None:
    host, port = nameserver_parts(nameserver)
    try:
        addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:
        return None
    # IPv4 first: where IPv6 leads nowhere, a datagram says nothing of it.
    _family, _type, _proto, _name, address = min(addresses, key=lambda a: a[0] != socket.AF_INET)
    return Server(nameserver, str(address[0]), port)


async def sample(wanted: Wanted, servers: Sequence[Server], count: int) -> Mapping[Place, int]:
    """Ask the servers in turn for the record, and count the places that they answer.

    A question that one server does not answer goes to the next.

    Raises:
        ForeignRecordsError: an answer names none of the places.
        ProviderUnavailableError: a question was answered by none of two servers.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with gate:
            try:
                return await _answer(servers[number % len(servers)], wanted)
            except UnheardError:
                return await _answer(servers[(number + 1) % len(servers)], wanted)

    counted = {spot.place: 0 for spot in wanted.spots}
    results = await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)
    unheard = [result for result in results if isinstance(result, BaseException)]
    for error in unheard:
        if not isinstance(error, UnheardError):
            raise error
        raise ProviderUnavailableError(
            f"{len(unheard)} of {count} questions for {wanted.name} were not answered ({error}): "
            "check the authoritative nameservers"
        )
    for answer in map(str, results):
        place = wanted.place_of(answer)
        if place is None:
            raise ForeignRecordsError(
                f"an authoritative server answers {answer} for {wanted.name}, which is no target of traffic.places: "
                "correct the record or [traffic]"
            )
        counted[place] += 1
    return {place: number for place, number in counted.items() if number}


async def told(wanted: Wanted, nameservers: Sequence[str], generation: int) -> bool:
    """Return whether every nameserver tells a generation.

    Raises:
        ConflictError: one tells a newer one.
        ProviderUnavailableError: one could not be asked.
    """
    heard = [mark and mark[0] for mark in await marks(wanted, nameservers)]
    if any(each is not None and each > generation for each in heard):
        raise newer(wanted)
    return all(each == generation for each in heard)


async def marks(wanted: Wanted, nameservers: Sequence[str]) -> list[tuple[int, str | None] | None]:
    """Return the generation, with its mark, that each nameserver tells; None of one that tells none.

    Raises:
        ProviderUnavailableError: one could not be asked.
    """
    servers = await found(nameservers)
    if len(servers) < len(nameservers):
        raise ProviderUnavailableError("a nameserver of traffic.nameservers has no address: correct its name")
    try:
        heard = await asyncio.gather(*(texts(server, wanted.generation_name) for server in servers))
    except UnheardError as error:
        raise ProviderUnavailableError(
            f"whether the change of {wanted.name} is in sync is not known ({error}): check that nameserver"
        ) from None
    return [generation_of(values[0]) if len(values) == 1 else None for values in heard]


def newer(wanted: Wanted) -> ConflictError:
    """Return what it means that a nameserver tells of a newer change than the one that is asked for."""
    return ConflictError(f"another change of {wanted.name} came in place of this one: read and plan again")


async def _answer(server: Server, wanted: Wanted) -> str:
    """Return the one value that a server answers.

    Raises:
        UnheardError: it answers none, or several.
    """
    values = await ask(server, wanted.name, wanted.type)
    if len(values) != 1:
        raise UnheardError(f"{server.name} gave {len(values)} {wanted.type} records where one was expected")
    return values[0].lower()


async def texts(server: Server, name: str) -> list[str]:
    """Return the TXT records that a server has of a name.

    Raises:
        UnheardError: it did not answer, or not as one that has the zone.
    """
    return await ask(server, name, "TXT")


async def ask(server: Server, name: str, kind: str) -> list[str]:
    """Return the values that a server has of a name and type, in the notation of zone files; none where it has none.

    Raises:
        UnheardError: it did not answer, or not as one that has the zone.
    """
    # Late: nothing but the service asks.
    import dns.asyncquery  # noqa: PLC0415
    import dns.exception  # noqa: PLC0415
    import dns.flags  # noqa: PLC0415
    import dns.message  # noqa: PLC0415

    question = dns.message.make_query(name, kind)
    question.flags &= ~dns.flags.RD
    try:
        answer, _by_tcp = await dns.asyncquery.udp_with_fallback(
            question, server.address, timeout=WITHIN_S, port=server.port, ignore_unexpected=True
        )
    except dns.exception.Timeout:
        raise UnheardError(f"{server.name} did not answer in {WITHIN_S:g} s") from None
    except (OSError, EOFError, dns.exception.DNSException) as error:
        raise UnheardError(f"{server.name} cannot be asked ({type(error).__name__})") from None
    return _values(answer, server, name, kind)


def _values(answer: Message, server: Server, name: str, kind: str) -> list[str]:
    """Return the values of an answer.

    Raises:
        UnheardError: it is an error, or that of a server that does not have the zone.
    """
    import dns.flags  # noqa: PLC0415
    import dns.name  # noqa: PLC0415
    import dns.rcode  # noqa: PLC0415
    import dns.rdatatype  # noqa: PLC0415

    code = answer.rcode()
    if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise UnheardError(f"{server.name} answered {dns.rcode.to_text(code)}")
    if not answer.flags & dns.flags.AA:
        raise UnheardError(f"{server.name} does not answer with authority for it")
    asked, wanted = dns.name.from_text(name), dns.rdatatype.from_text(kind)
    return [
        value.to_text() for rrset in answer.answer if (rrset.name, rrset.rdtype) == (asked, wanted) for value in rrset
    ]

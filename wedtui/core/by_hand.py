"""The exact commands by which a person changes the shares without wedtui: its service is down, or refuses.

From a reading that is kept in the cache, the new shares, and what the configuration says of the backend; nothing is
asked here. `TrafficReading.records` is canonical JSON (sorted keys, no spaces) of a list, of exactly what was read in
the words of the backend's own API: for `route53` the ResourceRecordSets, for `powerdns` the RRsets, those of the name
and, beside them, the TXT record of the generation.

What has no weight is left as it is. The generation then stands beside other shares than those that were written with
it, which tells that somebody changed them by hand. The commands are for a POSIX shell, in printable ASCII.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from wedtui.core.traffic import Place, TrafficReading, unfit

KEY_VARIABLE = "PDNS_API_KEY"
"""The shell variable in which a person has the key of PowerDNS: a key on a command line is seen by every process."""

BEYOND = 20
"""So many records more than were read are listed: what somebody added stands behind them, or between."""

_OTHERS = "A, AAAA, CNAME, HTTPS or SVCB record"
"""What sends customers somewhere, whoever added it."""
_ZONE_ID = re.compile(r"[A-Z0-9]{1,32}")
# {60,'192.0.2.1'}: a weight and its target, as pickwrandom and its kin take them.
_PAIR = re.compile(r"\{\s*(?P<weight>\d+)\s*,\s*'(?P<target>[^'\\]+)'\s*\}")

_Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Step:
    """One command, and what it does."""

    says: str
    command: str


@dataclass(frozen=True, slots=True)
class Route53Address:
    """Where the records are."""

    hosted_zone_id: str
    identifiers: Mapping[str, Place]
    """The place that each set identifier stands for."""
    endpoint_url: str | None = None
    """Where it is asked instead of at Amazon's own address, without user and password."""


@dataclass(frozen=True, slots=True)
class PowerDnsAddress:
    """Where the record is."""

    server_url: str
    """Such as `http://127.0.0.1:8081`, without key, user and password."""
    zone: str
    targets: Mapping[str, Place]
    """The place that each address, or name in small letters, stands for."""
    server_id: str = "localhost"


@dataclass(frozen=True, slots=True)
class ByHand:
    """What to run, in order; nothing with `problem` saying why."""

    steps: tuple[Step, ...] = ()
    problem: str | None = None


class _UnfitError(ValueError):
    """The records cannot be used: why, in a few words."""


def by_hand(reading: TrafficReading, shares: Mapping[Place, int], address: Route53Address | PowerDnsAddress) -> ByHand:
    """Return the commands that change the live records from those of a reading to new shares.

    Args:
        reading: the newest that is known; where it is old, the first step shows what became of it.
        shares: whole percents for exactly the places of the reading.
        address: of the backend of the reading.
    """
    wrong = unfit(shares)
    if wrong is None and set(shares) != set(reading.shares):
        wrong = "the new shares are not for the places that have records"
    if wrong is not None:
        return ByHand(problem=f"no command can be given: {wrong}")
    try:
        records = _objects(json.loads(reading.records))
        if reading.backend == "route53" and isinstance(address, Route53Address):
            return ByHand(_route53(reading, records, shares, address))
        if reading.backend == "powerdns" and isinstance(address, PowerDnsAddress):
            return ByHand(_powerdns(reading, records, shares, address))
        raise _UnfitError("they are of another backend than the one that is configured")
    except KeyError as error:
        return ByHand(problem=f"no command can be given: the records of {reading.name} have no {error}")
    except ValueError as error:
        return ByHand(problem=f"no command can be given: the records of {reading.name} cannot be used: {error}")


def _route53(
    reading: TrafficReading, records: list[_Json], shares: Mapping[Place, int], address: Route53Address
) -> tuple[Step, ...]:
    zone = address.hosted_zone_id
    aws = "aws route53"
    if address.endpoint_url is not None:
        # Of an address of one's own the aws-cli knows no region, and refuses to ask it without one.
        aws = f"aws --region us-east-1 --endpoint-url {shlex.quote(_server(address.endpoint_url))} route53"
    if not _ZONE_ID.fullmatch(zone):
        raise _UnfitError("the id of the hosted zone is none")
    weighted = [record for record in records if "Weight" in record]
    given = [_place(address.identifiers, _text(record, "SetIdentifier"), shares) for record in weighted]
    _all_given(given, shares)
    new = [{**record, "Weight": shares[place]} for record, place in zip(weighted, given, strict=True)]
    # All that was read goes before anything comes: a create that meets its like is refused.
    changes = [("DELETE", record) for record in weighted] + [("CREATE", record) for record in new]
    batch = {
        "Comment": f"by hand: {_words(shares)}",
        "Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes],
    }
    listing = f"--hosted-zone-id {zone} --start-record-name {shlex.quote(reading.name)}"
    return (
        Step(
            f"look first: the weights have to be {_words(reading.shares)}, with no other {_OTHERS} of {reading.name}",
            f"{aws} list-resource-record-sets {listing} --max-items {len(records) + BEYOND}",
        ),
        Step(
            f"change them to {_words(shares)}; it is refused as a whole if one of these {len(weighted)} is not as it "
            "was read, and not because of others",
            f"{aws} change-resource-record-sets --hosted-zone-id {zone} --change-batch {_quoted(batch)}",
        ),
        Step(
            "wait until every server has it, with the Id from the answer in place of ID; "
            f"customers follow within {reading.ttl.total_seconds():.0f} s more",
            f"{aws} wait resource-record-sets-changed --id ID",
        ),
    )


def _powerdns(
    reading: TrafficReading, records: list[_Json], shares: Mapping[Place, int], address: PowerDnsAddress
) -> tuple[Step, ...]:
    ours = [record for record in records if record["type"] == "LUA"]
    if len(ours) != 1:
        raise _UnfitError(f"there are {len(ours)} sets of LUA records, not one")
    lua, given = ours[0], list[Place]()

    def weighed(match: re.Match[str]) -> str:
        place = _place(address.targets, match["target"].lower(), shares)
        if place in given:
            raise _UnfitError(f"{place} occurs twice")
        given.append(place)
        return f"{{{shares[place]},'{match['target']}'}}"

    found = [
        {"content": _PAIR.sub(weighed, _text(record, "content")), "disabled": record["disabled"]}
        for record in _objects(lua["records"])
    ]
    _all_given(given, shares)
    name = _text(lua, "name")
    change = {"name": name, "type": "LUA", "ttl": lua["ttl"], "changetype": "REPLACE", "records": found}
    url = _zone_url(address)
    asked = shlex.quote(f"{url}?rrset_name={quote(name, safe='')}&rrset_type=LUA")
    # The key comes by standard input: what stands on a command line is seen by every user of the machine.
    curl = f"printf 'X-API-Key: %s' \"${KEY_VARIABLE}\" | curl --silent --show-error --globoff --header @-"
    return (
        Step(
            f"look first, with the key of the API in ${KEY_VARIABLE}: the weights have to be {_words(reading.shares)}",
            f"{curl} {asked}",
        ),
        Step(
            f"change them to {_words(shares)}, which 204 confirms; nothing refuses it if somebody changed them since, "
            f"and customers follow within {reading.ttl.total_seconds():.0f} s",
            f"{curl} --write-out '%{{http_code}}\\n' --request PATCH --header 'Content-Type: application/json' "
            f"--data-raw {_quoted({'rrsets': [change]})} {shlex.quote(url)}",
        ),
    )


def _zone_url(address: PowerDnsAddress) -> str:
    server = _server(address.server_url)
    zone = quote(address.zone, safe="")
    return f"{server.rstrip('/')}/api/v1/servers/{quote(address.server_id, safe='')}/zones/{zone}"


def _server(server: str) -> str:
    """Return the address of a server, if a command may name it."""
    parts = urlsplit(server)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise _UnfitError("the address of the server is none")
    if parts.username is not None or parts.password is not None:
        raise _UnfitError("the address of the server holds a user or password")
    if not server.isascii() or not server.isprintable():
        raise _UnfitError("the address of the server is no plain text")
    return server


def _place(places: Mapping[str, Place], name: str, shares: Mapping[Place, int]) -> Place:
    place = places.get(name)
    if place is None or place not in shares:
        raise _UnfitError(f"{name} stands for no place that has a share")
    return place


def _all_given(given: list[Place], shares: Mapping[Place, int]) -> None:
    missing = sorted(str(place) for place in shares if place not in given)
    if missing:
        raise _UnfitError(f"they have no weight of {', '.join(missing)}")


def _quoted(value: object) -> str:
    """Return JSON for a shell; control characters and all that is not ASCII are escaped in it."""
    return shlex.quote(json.dumps(value, separators=(",", ":"), ensure_ascii=True))


def _words(shares: Mapping[Place, int]) -> str:
    return ", ".join(f"{place} {shares[place]}" for place in sorted(shares))


def _text(record: _Json, key: str) -> str:
    value = record[key]
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise _UnfitError(f"{key} is no plain text")
    return value


def _objects(value: object) -> list[_Json]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _UnfitError("they are no list of records")
    return value

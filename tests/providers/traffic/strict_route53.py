"""A small Route 53 that keeps its rules where moto does not, and its nameserver.

It speaks the API's own XML. A batch is applied whole or not at all; a DELETE has to name a record exactly; a change is
PENDING for as many askings as `pending` says, and customers hear of it only then. It can be told to break any rule.
"""

from __future__ import annotations

import copy
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

HOST = "127.0.0.1"
ZONE = "Z1D633PJN98FT9"
DOMAIN = "example.com."
_SPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
_API = "/2013-04-01/"
# In the order in which the API names them.
_SIMPLE = ("Name", "Type", "SetIdentifier", "Weight", "Region", "TTL")
Record = dict[str, Any]
Key = tuple[str, str, str]


class RefusedError(Exception):
    """What is answered instead."""

    def __init__(self, code: str, message: str, status: int = 400, **headers: str) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.headers = code, message, status, headers


@dataclass
class Answer:
    """What goes back."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Half of it, and then the connection is closed."""
    silent: bool = False
    """Nothing at all, until the server is closed."""
    closed: bool = False
    """Nothing at all, and the connection is closed."""


Fault = Callable[[Callable[[], Answer]], Answer]
"""Gets what answers well, and may call it or not."""


@dataclass
class Change:
    """A change that was accepted."""

    records: dict[Key, Record]
    left: int


class StrictRoute53:
    """One hosted zone."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}
        self.published: dict[Key, Record] = {}
        self.changes: dict[str, Change] = {}
        self.pending = 1
        """Askings after which a change is in sync."""
        self.page = 300
        self.asked: list[str] = []
        self.batches: list[list[tuple[str, Record]]] = []
        """What was asked of each change, applied or not."""
        self.heard: list[str] = []
        """The names that its nameserver was asked for."""
        self.faults: dict[str, list[Fault]] = {}
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._turns: dict[str, int] = {}
        self.http = _serving(self)
        self.dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dns.bind((HOST, 0))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http.server_address[1]}"

    @property
    def nameserver(self) -> str:
        return f"{HOST}:{self.dns.getsockname()[1]}"

    def fail(self, action: str, *faults: Fault) -> None:
        """Use these faults for the next requests of an action, each once."""
        self.faults[action] = list(faults)

    def put(self, *records: Record) -> None:
        """Have these records and no others, in sync."""
        self.records = {_key(record): _whole(record) for record in records}
        self.published = copy.deepcopy(self.records)

    def change(self, record: Record) -> None:
        """Change one record behind everybody's back."""
        self.records[_key(record)] = _whole(record)

    def publish(self) -> None:
        """Have the newest change in sync, whether anybody asks of it or not."""
        with self._lock:
            self.published = copy.deepcopy(self.records)

    def handle(self, method: str, target: str, body: bytes) -> Answer:
        """Return what a request is answered."""
        parts = urlsplit(target)
        words = parts.path.removeprefix(_API).strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        action, work = self._action(method, words, query, body)
        self.asked.append(action)
        waiting = self.faults.get(action)
        try:
            return waiting.pop(0)(work) if waiting else work()
        except RefusedError as error:
            return refused(error)

    def _action(
        self, method: str, words: list[str], query: dict[str, str], body: bytes
    ) -> tuple[str, Callable[[], Answer]]:
        match (method, words):
            case ("GET", ["hostedzone", zone, "rrset"]):
                return "list", lambda: self._list(zone, query)
            case ("POST", ["hostedzone", zone, "rrset"]):
                return "change", lambda: self._change(zone, body)
            case ("GET", ["change", number]):
                return "get_change", lambda: self._get_change(number)
            case ("GET", ["hostedzone", zone]):
                return "get_zone", lambda: self._get_zone(zone)
        raise AssertionError(f"not asked of this server: {method} {words}")

    def _known(self, zone: str) -> None:
        if zone != ZONE:
            raise RefusedError("NoSuchHostedZone", f"No hosted zone found with ID: {zone}", 404)

    def _list(self, zone: str, query: dict[str, str]) -> Answer:
        self._known(zone)
        start = (_order(query.get("name", "")), query.get("type", ""), query.get("identifier", ""))
        if "type" in query:
            assert "name" in query, "InvalidInput: a type without a name"
        with self._lock:
            every = sorted(self.records.values(), key=lambda r: (_order(r["Name"]), r["Type"], _identifier(r)))
        after = [r for r in every if (_order(r["Name"]), r["Type"], _identifier(r)) >= start]
        size = min(self.page, int(query.get("maxitems", 300)))
        page, rest = after[:size], after[size:]
        more = f"<IsTruncated>{'true' if rest else 'false'}</IsTruncated>"
        if rest:
            more += f"<NextRecordName>{_written(rest[0]['Name'])}</NextRecordName>"
            more += f"<NextRecordType>{rest[0]['Type']}</NextRecordType>"
            if "SetIdentifier" in rest[0]:
                more += f"<NextRecordIdentifier>{escape(_identifier(rest[0]))}</NextRecordIdentifier>"
        inner = "".join(map(_xml, page))
        return _answer(
            "ListResourceRecordSetsResponse",
            f"<ResourceRecordSets>{inner}</ResourceRecordSets>{more}<MaxItems>{size}</MaxItems>",
        )

    def _change(self, zone: str, body: bytes) -> Answer:
        self._known(zone)
        changes = _changes(body)
        self.batches.append(changes)
        if not 0 < len(changes) <= 1000:
            raise RefusedError("InvalidChangeBatch", "[Invalid request: expected 1 to 1000 changes]")
        with self._lock:
            records = copy.deepcopy(self.records)
            for action, record in changes:
                _apply(records, action, record)
            self.records = records
            number = f"C{next(self._numbers):013d}"
            self.changes[number] = Change(copy.deepcopy(records), self.pending)
        return _answer("ChangeResourceRecordSetsResponse", _info(number, "PENDING"))

    def _get_change(self, number: str) -> Answer:
        change = self.changes.get(number)
        if change is None:
            raise RefusedError("NoSuchChange", f"Could not find resource with ID: /change/{number}", 404)
        if change.left > 0:
            change.left -= 1
            return _answer("GetChangeResponse", _info(number, "PENDING"))
        self.published = change.records
        return _answer("GetChangeResponse", _info(number, "INSYNC"))

    def _get_zone(self, zone: str) -> Answer:
        self._known(zone)
        inner = f"<HostedZone><Id>/hostedzone/{zone}</Id><Name>{DOMAIN}</Name><CallerReference>x</CallerReference>"
        names = f"<NameServers><NameServer>{self.nameserver}</NameServer></NameServers>"
        return _answer("GetHostedZoneResponse", f"{inner}</HostedZone><DelegationSet>{names}</DelegationSet>")

    def serve_dns(self) -> None:
        """Answer questions from what is in sync, until the socket is closed."""
        with suppress(OSError):
            while True:
                data, sender = self.dns.recvfrom(4096)
                with suppress(dns.exception.DNSException):
                    self.dns.sendto(self._heard(dns.message.from_wire(data)), sender)

    def _heard(self, question: dns.message.Message) -> bytes:
        asked = question.question[0]
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        name, kind = asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)
        self.heard.append(name)
        found = [r for r in self.published.values() if (r["Name"], r["Type"]) == (name, kind)]
        if found:
            chosen = self._chosen(found)
            values = [value["Value"] for value in chosen["ResourceRecords"]]
            answer.answer.append(dns.rrset.from_text(asked.name, chosen["TTL"], dns.rdataclass.IN, kind, *values))
        return answer.to_wire()

    def _chosen(self, records: list[Record]) -> Record:
        """Return a record by its weight, each in its turn; where all weigh 0, each as often."""
        weights = [record.get("Weight", 1) for record in records]
        if not sum(weights):
            weights = [1] * len(records)
        turn = self._turns[records[0]["Name"]] = self._turns.get(records[0]["Name"], -1) + 1
        # A stride without a common factor mixes them.
        left = turn * 37 % sum(weights)
        for record, weight in zip(records, weights, strict=True):
            if left < weight:
                return record
            left -= weight
        raise AssertionError


def _apply(records: dict[Key, Record], action: str, record: Record) -> None:
    """Apply one change of a batch as Route 53 does."""
    key = _key(record)
    called = f"name='{record['Name']}', type='{record['Type']}'"
    if "SetIdentifier" in record:
        called += f", set identifier='{record['SetIdentifier']}'"
    if action == "DELETE":
        if key not in records:
            raise RefusedError(
                "InvalidChangeBatch", f"[Tried to delete resource record set [{called}] but it was not found]"
            )
        if records[key] != _whole(record):
            words = "but the values provided do not match the current values"
            raise RefusedError("InvalidChangeBatch", f"[Tried to delete resource record set [{called}] {words}]")
        del records[key]
        return
    assert action == "CREATE", "UPSERT would not notice what it replaces"
    _check(record)
    if key in records:
        raise RefusedError(
            "InvalidChangeBatch", f"[Tried to create resource record set [{called}] but it already exists]"
        )
    for name, kind, identifier in records:
        if (name, kind) == key[:2] and bool(identifier) is not bool(key[2]):
            raise RefusedError("InvalidChangeBatch", f"[RRSet with DNS name {name}, type {kind} cannot be created]")
        if name == key[0] and kind != key[1] and "CNAME" in {kind, key[1]}:
            words = "is not permitted as it conflicts with other records with the same DNS name in zone"
            raise RefusedError("InvalidChangeBatch", f"[RRSet of type {key[1]} with DNS name {name} {words} {DOMAIN}]")
    records[key] = _whole(record)


def _check(record: Record) -> None:
    if not record["Name"].endswith(f".{DOMAIN}"):
        words = f"RRSet with DNS name {record['Name']} is not permitted in zone {DOMAIN}"
        raise RefusedError("InvalidChangeBatch", f"[{words}]")
    if ("Weight" in record) is not ("SetIdentifier" in record):
        raise RefusedError("InvalidInput", "Invalid request: Missing field 'SetIdentifier' or 'Weight'")
    if not 0 <= record.get("Weight", 0) <= 255:
        at = "changeBatch.changes.1.member.resourceRecordSet.weight"
        words = f"1 validation error detected: Value '{record['Weight']}' at '{at}' failed to satisfy constraint"
        raise RefusedError("InvalidInput", f"{words}: Member must have value less than or equal to 255")
    if record["Type"] == "A":
        for value in record["ResourceRecords"]:
            with_dots = value["Value"].count(".") == 3 and value["Value"].replace(".", "").isdigit()
            if not with_dots:
                words = "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address' encountered with a value"
                raise RefusedError("InvalidChangeBatch", f"[{words}]")
    if record["Type"] == "TXT":
        assert all(v["Value"][0] == v["Value"][-1] == '"' for v in record["ResourceRecords"]), "InvalidCharacterString"


def _whole(record: Record) -> Record:
    return {**record, "Name": record["Name"].lower()}


def _identifier(record: Record) -> str:
    return str(record.get("SetIdentifier", ""))


def _key(record: Record) -> Key:
    return record["Name"].lower(), record["Type"], _identifier(record)


def _order(name: str) -> list[str]:
    """Return what the listing is ordered by: the labels from the right."""
    return list(reversed(name.lower().removesuffix(".").split("."))) if name else []


def _written(name: str) -> str:
    return escape(name.replace("*", "\\052"))


def _xml(record: Record) -> str:
    inner = "".join(f"<{key}>{escape(str(record[key]))}</{key}>" for key in _SIMPLE if key in record)
    if "AliasTarget" in record:
        target = "".join(f"<{key}>{value}</{key}>" for key, value in record["AliasTarget"].items())
        inner += f"<AliasTarget>{target}</AliasTarget>"
    if "ResourceRecords" in record:
        values = (
            f"<ResourceRecord><Value>{escape(v['Value'])}</Value></ResourceRecord>" for v in record["ResourceRecords"]
        )
        inner += f"<ResourceRecords>{''.join(values)}</ResourceRecords>"
    if "HealthCheckId" in record:
        inner += f"<HealthCheckId>{record['HealthCheckId']}</HealthCheckId>"
    return f"<ResourceRecordSet>{inner}</ResourceRecordSet>"


def _changes(body: bytes) -> list[tuple[str, Record]]:
    root = ElementTree.fromstring(body)
    names = {"r": _SPACE}
    found = []
    for change in root.findall(".//r:Change", names):
        given = change.find("r:ResourceRecordSet", names)
        assert given is not None
        record: Record = {}
        for child in given:
            key = child.tag.rpartition("}")[2]
            if key == "ResourceRecords":
                record[key] = [{"Value": value.text or ""} for value in child.findall(".//r:Value", names)]
            else:
                record[key] = int(child.text or 0) if key in {"TTL", "Weight"} else child.text or ""
        found.append((change.findtext("r:Action", "", names), record))
    return found


def _info(number: str, status: str) -> str:
    at = "<SubmittedAt>2026-06-20T12:00:00.000Z</SubmittedAt>"
    return f"<ChangeInfo><Id>/change/{number}</Id><Status>{status}</Status>{at}</ChangeInfo>"


def _answer(root: str, inner: str) -> Answer:
    return Answer(f'<?xml version="1.0"?>\n<{root} xmlns="{_SPACE}">{inner}</{root}>'.encode())


def refused(error: RefusedError) -> Answer:
    """Return an error as the API words it."""
    inner = f"<Error><Type>Sender</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
    answer = _answer("ErrorResponse", f"{inner}<RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId>")
    answer.status = error.status
    answer.headers = {name.replace("_", "-"): value for name, value in error.headers.items()}
    return answer


def code(code: str, status: int = 400, **headers: str) -> Fault:
    """Refuse with an error, and change nothing."""
    return lambda _work: refused(RefusedError(code, "no", status, **headers))


def silence(_work: Callable[[], Answer]) -> Answer:
    """Change nothing and say nothing."""
    return Answer(b"", silent=True)


def done_and_silent(work: Callable[[], Answer]) -> Answer:
    """Apply it and say nothing."""
    work()
    return Answer(b"", silent=True)


def done_and_closed(work: Callable[[], Answer]) -> Answer:
    """Apply it and close the connection."""
    work()
    return Answer(b"", closed=True)


def done_and_cut(work: Callable[[], Answer]) -> Answer:
    """Apply it and break off in the middle of the answer."""
    return Answer(work().body, cut=True)


def done_and_truncated(work: Callable[[], Answer]) -> Answer:
    """Apply it and send half of the XML as if it were all."""
    body = work().body
    return Answer(body[: len(body) // 2])


def done_and_failed(work: Callable[[], Answer]) -> Answer:
    """Apply it and answer as if the server had failed."""
    work()
    return Answer(b"<html>oops</html>", 500)


def _serving(route53: StrictRoute53) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            assert "Signature=" in self.headers.get("Authorization", ""), "a request is not signed"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = route53.handle(self.command, self.path, body)
            if answer.silent or answer.closed:
                if answer.silent:
                    route53.closing.wait()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
            self.close_connection = answer.cut

        do_GET = do_POST = _serve  # noqa: N815 - the names of the base class

        def log_message(self, *_arguments: object) -> None:
            pass

    return ThreadingHTTPServer((HOST, 0), Handler)


@contextmanager
def running() -> Iterator[StrictRoute53]:
    """Run one, with its nameserver."""
    route53 = StrictRoute53()
    # It looks whether it shall end as often as this.
    threads = [
        threading.Thread(target=route53.http.serve_forever, args=(0.02,), daemon=True),
        threading.Thread(target=route53.serve_dns, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield route53
    finally:
        route53.closing.set()
        route53.http.shutdown()
        route53.http.server_close()
        with suppress(OSError):
            route53.dns.shutdown(socket.SHUT_RDWR)
        route53.dns.close()
        for thread in threads:
            thread.join(10)

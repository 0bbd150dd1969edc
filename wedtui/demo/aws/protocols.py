"""How AWS is asked and answers: which action a request asks for, and XML or JSON in the shape of each protocol.

The service and the region stand in the signature; the action in a header (JSON), in the form (query, EC2), or in
the path (S3). Signatures are not checked, but the key that signs is: nobody else's credentials are ever taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from wedtui.demo.aws.answers import RefusedError, answered
from wedtui.demo.aws.inventory import KEY_ID
from wedtui.demo.aws.moment import Moment
from wedtui.demo.server import Request, Response

_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request")
_JSON_TYPE, _XML_TYPE = "application/x-amz-json-1.1", "text/xml"


class Protocol(Enum):
    """How a service is asked."""

    JSON = "json"
    QUERY = "query"
    EC2 = "ec2"
    S3 = "s3"


_PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "ec2": Protocol.EC2,
        "s3": Protocol.S3,
        "sts": Protocol.QUERY,
        "rds": Protocol.QUERY,
        "elasticloadbalancing": Protocol.QUERY,
        "autoscaling": Protocol.QUERY,
    }
)
"""Those that are not asked in JSON."""

# What an entry of a list is called, where it is neither `item` (EC2) nor `member` (query).
_ENTRIES = MappingProxyType(
    {
        "Buckets": "Bucket",
        "DBClusterMembers": "DBClusterMember",
        "DBClusters": "DBCluster",
        "DBClusterSnapshots": "DBClusterSnapshot",
        "DBInstances": "DBInstance",
        "DBSnapshots": "DBSnapshot",
        "TagList": "Tag",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    key: str
    region: str
    service: str
    action: str
    parameters: Mapping[str, Any]

    @property
    def protocol(self) -> Protocol:
        """How its service is asked."""
        return _PROTOCOLS.get(self.service, Protocol.JSON)


def account_answer(request: Request, moment: Callable[[], Moment]) -> Response:
    """Answer as AWS does, whatever the service.

    Args:
        request: signed by a client of AWS.
        moment: the account as it is now.
    """
    try:
        asked = read(request)
    except ValueError:
        # Of whom nobody knows which service they want there is no protocol to answer in.
        return Response(HTTPStatus.FORBIDDEN, b"MissingAuthenticationToken\n")
    try:
        if asked.key != KEY_ID:
            raise RefusedError("AuthFailure" if asked.protocol is Protocol.EC2 else "InvalidClientTokenId", 403)
        found = answered(moment(), asked.region, asked.service, asked.action, asked.parameters)
    except RefusedError as error:
        return _refused(asked.protocol, error)
    return Response(HTTPStatus.OK, written(asked, found).encode(), _type_of(asked.protocol))


def read(request: Request) -> Asked:
    """Find out what is asked.

    Raises:
        ValueError: it is not signed, or is no request of a service of AWS.
    """
    scope = _SCOPE.match(request.headers.get("authorization", ""))
    if scope is None:
        raise ValueError("not signed")
    key, region, service = scope.groups()
    if "x-amz-target" in request.headers:
        parameters = json.loads(request.body or b"{}")
        if not isinstance(parameters, dict):
            raise ValueError("not an object")
        return Asked(key, region, service, request.headers["x-amz-target"].rpartition(".")[2], parameters)
    if service == "s3":
        action = "ListBuckets" if (request.method, request.path) == ("GET", "/") else request.path
        return Asked(key, region, service, action, request.parameters)
    return Asked(key, region, service, request.parameters.get("Action", ""), request.parameters)


def written(asked: Asked, found: Mapping[str, Any]) -> str:
    """Write an answer as the service's protocol does."""
    action = asked.action
    match asked.protocol:
        case Protocol.JSON:
            return json.dumps(found, allow_nan=False, separators=(",", ":"))
        case Protocol.S3:
            return f"<ListAllMyBucketsResult>{xml(found, 'member')}</ListAllMyBucketsResult>"
        case Protocol.EC2:
            return f"<{action}Response><requestId>demo</requestId>{xml(found, 'item')}</{action}Response>"
        case Protocol.QUERY:
            return f"<{action}Response><{action}Result>{xml(found, 'member')}</{action}Result></{action}Response>"


def xml(value: Any, entry: str) -> str:
    """Write a value as XML.

    Args:
        value: mappings, lists and scalars.
        entry: what the entries of a list are called that has no name for them of its own.
    """
    if isinstance(value, Mapping):
        return "".join(f"<{key}>{xml_member(key, inner, entry)}</{key}>" for key, inner in value.items())
    return escape(str(value))


def xml_member(key: str, value: Any, entry: str) -> str:
    """Write what stands under a name."""
    if not isinstance(value, list):
        return xml(value, entry)
    name = _ENTRIES.get(key, entry)
    return "".join(f"<{name}>{xml(each, entry)}</{name}>" for each in value)


def _refused(protocol: Protocol, error: RefusedError) -> Response:
    message = "The demo's account does not take this."
    said = f"<Code>{error.code}</Code><Message>{escape(message)}</Message>"
    match protocol:
        case Protocol.JSON:
            body = json.dumps({"__type": error.code, "message": message})
        case Protocol.S3:
            body = f"<Error>{said}</Error>"
        case Protocol.EC2:
            body = f"<Response><Errors><Error>{said}</Error></Errors><RequestID>demo</RequestID></Response>"
        case Protocol.QUERY:
            body = f"<ErrorResponse><Error><Type>Sender</Type>{said}</Error></ErrorResponse>"
    return Response(error.status, body.encode(), _type_of(protocol))


def _type_of(protocol: Protocol) -> str:
    return _JSON_TYPE if protocol is Protocol.JSON else _XML_TYPE

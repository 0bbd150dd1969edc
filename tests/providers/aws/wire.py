"""Published examples in the form of the wire, written by moto's serializers from the SDK's whole descriptions.

What reads them in the end is wedtui's own session, with its descriptions of what is read alone (`providers.aws.lean`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import create_loader
from moto.core import serialize
from moto.core.model import ServiceModel

from tests.providers.aws.strict_server import Answer, Fault, Request

FIXTURES = Path(__file__).parent / "fixtures"
_SERIALIZERS = {
    "ec2": serialize.EC2Serializer,
    "query": serialize.QuerySerializer,
    "json": serialize.JSONSerializer,
}
_JSON = "application/x-amz-json-1.1"


@cache
def _model(service: str) -> ServiceModel:
    """Return the description of a service, as the SDK ships it."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


def fixture(name: str, number: int = 0) -> Any:
    """Return an example: of a file of several the one of that number."""
    content = json.loads((FIXTURES / f"{name}.json").read_text())
    return content["examples"][number]["output"] if "examples" in content else content


def published(service: str, operation: str, name: str, number: int = 0) -> Fault:
    """Return a fault that answers with a published example.

    Args:
        service: the SDK's name of it.
        operation: of which it is an answer.
        name: of its file.
        number: which one of that file.
    """
    model = _model(service)
    said = fixture(name, number)
    made = _SERIALIZERS[model.resolved_protocol](model.operation_model(operation)).serialize(said)
    body = made["body"] if isinstance(made["body"], bytes) else str(made["body"]).encode()
    answer = Answer(200, body, _JSON if model.resolved_protocol == "json" else "text/xml")
    return lambda _request, _answer: answer


def published_error(name: str, status: int = 400) -> Fault:
    """Return a fault that answers with a published error, as the protocol of whoever is asked writes it."""
    said = fixture(name)
    error, number = said["Error"], said["ResponseMetadata"]["RequestId"]
    inner = f"<Code>{error['Code']}</Code><Message>{error['Message']}</Message>"
    query = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>{number}</RequestId></ErrorResponse>"
    ec2 = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{number}</RequestID></Response>"

    def answered(request: Request, _answer: Answer) -> Answer:
        return Answer(status, (ec2 if request.service == "ec2" else query).encode())

    return answered

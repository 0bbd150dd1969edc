"""The API fuzzed from its own description: whatever is sent, one of the answers that it describes, and never a 500.

Values follow the description's schemas, in part and beyond: right ones, ones just outside, of other types, missing and
unknown fields, and bodies that are no JSON at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.control.base import NOW, TOMORROW, Served, serving
from tests.examples import examples
from tests.places import PLACES
from wedtui.config_control import ControlSection
from wedtui.ledger.ledger import Ledger

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
INSTANTS = (
    st.datetimes().map(lambda at: at.isoformat() + "Z")
    | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
    | st.sampled_from(
        [TOMORROW, NOW.isoformat(), "now", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026"]
    )
)
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=140).map(str.strip)
RAW = st.binary(max_size=200) | st.sampled_from([b"{", b"[" * 20_000, b'{"a":1e999}', b'{"a":NaN}', b'"\\ud800"'])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    section = ControlSection(requests_per_minute=60_000, actions_per_minute=60_000)
    with serving(tmp_path_factory.mktemp("fuzz"), section=section) as made:
        # A service has made its ledger before it listens.
        Ledger(PLACES.url(made.ledger)).close()
        yield made


@pytest.fixture(scope="module")
def description(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.ask("GET", "/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(served.path)), base_url="http://x", timeout=30) as made:
        yield made


def resolved(schema: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def values(schema: Mapping[str, Any], description: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a schema describes, for the words of JSON Schema that the description uses."""
    schema = resolved(schema, description)
    if "anyOf" in schema:
        return st.one_of([values(each, description) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _OF_TYPE[schema["type"]](schema, description)


def strings(schema: Mapping[str, Any], _description: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return INSTANTS
    most = min(schema.get("maxLength", 100), 600)
    known = st.sampled_from(["production", "staging", "rsvp", "everything", "4h", "1", "traffic 2h", "0" * 32])
    return known | st.text(min_size=schema.get("minLength", 0), max_size=most)


def integers(schema: Mapping[str, Any], _description: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    return st.integers(schema.get("minimum"), schema.get("maximum")) | st.integers(1, 4)


def arrays(schema: Mapping[str, Any], description: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(values(schema["items"], description), max_size=4)


def objects(schema: Mapping[str, Any], description: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    fields = {name: values(each, description) for name, each in schema["properties"].items()}
    required = {name: fields[name] for name in schema.get("required", ())}
    right = st.fixed_dictionaries(required, optional={n: v for n, v in fields.items() if n not in required})
    strange = st.fixed_dictionaries({}, optional=dict.fromkeys([*fields, "by", "__proto__"], JSON))
    return right | st.tuples(right, strange).map(lambda pair: {**pair[0], **pair[1]})


_OF_TYPE: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], st.SearchStrategy[Any]]] = {
    "null": lambda *_: st.none(),
    "string": strings,
    "integer": integers,
    "boolean": lambda *_: st.booleans(),
    "array": arrays,
    "object": objects,
}


def operations(description: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def requests(description: Mapping[str, Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return method, path as described, path as asked, body and headers."""

    @st.composite
    def one(draw: st.DrawFn) -> tuple[Any, ...]:
        method, described, operation = draw(st.sampled_from(operations(description)))
        path, headers = described, dict[str, str]()
        for parameter in operation.get("parameters", ()):
            value = values(parameter["schema"], description)
            if parameter["in"] == "path":
                text = draw(value.map(_in_a_path) | st.sampled_from(["0", "-1", "x", "%2e%2e", "%00", "1e3", "9" * 30]))
                path = path.replace(f"{{{parameter['name']}}}", text)
            elif draw(st.integers(0, 9)):
                headers[parameter["name"]] = draw(st.uuids().map(str) | HEADER)
        body: bytes | None = None
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            wanted = values(schema, description).map(_encoded)
            body = draw(st.one_of(wanted, wanted, wanted, JSON.map(_encoded), RAW))
            headers["Content-Type"] = draw(
                st.sampled_from(["application/json"] * 6 + ["text/plain", "application/x-www-form-urlencoded", ""])
            )
        return method, described, path, body, headers

    return one()


def _in_a_path(value: object) -> str:
    """Write a value as a part of a path; half of a character cannot be written at all."""
    return quote(str(value).encode("utf-8", "replace"), safe="")


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def matches(value: Any, schema: Mapping[str, Any], description: Mapping[str, Any]) -> bool:
    """Whether an answer is as described, as far as types and fields go."""
    schema = resolved(schema, description)
    if "anyOf" in schema:
        return any(matches(value, each, description) for each in schema["anyOf"])
    match schema.get("type"):
        case "object":
            if schema.get("additionalProperties") is True:
                return isinstance(value, dict)
            fields = schema.get("properties", {})
            return (
                isinstance(value, dict)
                and set(value) == set(fields)
                and all(matches(value[name], each, description) for name, each in fields.items())
            )
        case "array":
            return isinstance(value, list) and all(matches(each, schema["items"], description) for each in value)
        case kind:
            kinds: dict[Any, Any] = {"string": str, "integer": int, "boolean": bool, "null": type(None)}
            return type(value) is kinds[kind]


@examples(400, unminded=list(HealthCheck))
@given(data=st.data())
def test_every_answer_is_one_that_is_described(
    description: dict[str, Any], client: httpx.Client, data: st.DataObject
) -> None:
    method, described, path, body, headers = data.draw(requests(description))
    response = client.request(method, path, content=body, headers=headers)
    assert response.status_code < 500 or response.status_code == 503, response.text
    # Nothing here is out of order: a 503 would be a mistake of ours that was caught.
    assert response.status_code != 503, response.text
    answers = description["paths"][described][method.lower()]["responses"]
    assert str(response.status_code) in answers, (response.status_code, response.text)
    assert response.headers["content-type"] == "application/json"
    schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
    assert matches(response.json(), schema, description), response.text
    if response.status_code >= 400:
        message = response.json()["message"]
        assert message
        assert message.isprintable()


def test_the_fuzzer_gets_through(client: httpx.Client, description: dict[str, Any]) -> None:
    """What it makes of the schemas is not all refused: it would find nothing."""
    found: set[tuple[str, int]] = set()

    @settings(
        max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
    )
    @given(request=requests(description))
    def ask(request: tuple[Any, ...]) -> None:
        method, described, path, body, headers = request
        found.add((described, client.request(method, path, content=body, headers=headers).status_code))

    ask()
    assert {status for _, status in found} >= {200, 404, 422}
    assert {path for path, status in found if status == 200} >= {"/v1/lockdown", "/v1/whoami", "/v1/service"}


@examples(100, unminded=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE", "X"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=40),
    body=RAW,
)
def test_anything_anywhere(client: httpx.Client, method: str, path: str, body: bytes) -> None:
    response = client.request(method, httpx.URL("http://x/", raw_path=b"/" + path.encode()), content=body)
    assert response.status_code in {200, 400, 404, 405, 422}
    if method != "HEAD":
        response.json()

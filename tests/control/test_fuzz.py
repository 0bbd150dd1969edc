"""The API fuzzed from its own description: whatever is sent, one of the answers that it describes, and never a 500.

Values follow the description's schemas, in part and beyond: right ones, ones just outside, of other types, missing and
unknown fields, and bodies that are no JSON at all. Most are requests that would be done (`rightly`), with nothing or a
part of them changed, so that the fuzzer comes past the first look at them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.control.base import NOW, TOMORROW, Served, serving
from tests.control.changing import Changing
from tests.control.rightly import RIGHTLY, Made, Right
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def changing(folder: Path) -> Iterator[Changing]:
    # A service has made its ledger before it listens.
    url = PLACES.url(folder / "ledger.db")
    Ledger(url).close()
    made = Changing(url)
    yield made
    made.requests.close()


@pytest.fixture(scope="module")
def served(folder: Path, changing: Changing) -> Iterator[Served]:
    section = ControlSection(requests_per_minute=60_000, actions_per_minute=60_000)
    with serving(folder, section=section, changes=changing) as made:
        yield made


@pytest.fixture(scope="module")
def made(served: Served, changing: Changing) -> Iterator[Made]:
    with closing(Made(served, changing)) as made:
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
    if "properties" not in schema:
        names = values({"type": "string", **schema.get("propertyNames", {})}, description)
        return st.dictionaries(names, values(schema["additionalProperties"], description), max_size=4)
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


class Asked(NamedTuple):
    """A request that was made up."""

    method: str
    described: str
    """The path as the description has it."""
    path: str
    body: bytes | None
    headers: Mapping[str, str]


def requests(
    description: Mapping[str, Any], method: str, described: str, operation: Mapping[str, Any], right: Right
) -> st.SearchStrategy[Asked]:
    """Return requests for one operation, of which one that is done is known."""

    @st.composite
    def one(draw: st.DrawFn) -> Asked:
        path, headers = described, dict[str, str]()
        for parameter in operation.get("parameters", ()):
            name, value = parameter["name"], values(parameter["schema"], description)
            how = draw(st.sampled_from(["right"] * 6 + ["wanted", "odd"]))
            if parameter["in"] == "path":
                odd = st.sampled_from(["0", "-1", "x", "%2e%2e", "%00", "1e3", "9" * 30])
                other = value.map(_in_a_path) if how == "wanted" else odd
                path = path.replace(f"{{{name}}}", _in_a_path(right.where[name]) if how == "right" else draw(other))
            elif (text := draw(st.none() | HEADER if how == "odd" else st.uuids().map(str))) is not None:
                headers[name] = text
        body: bytes | None = None
        if "requestBody" in operation:
            body = draw(bodies(operation["requestBody"]["content"]["application/json"]["schema"], description, right))
            headers["Content-Type"] = draw(
                st.sampled_from(["application/json"] * 17 + ["text/plain", "application/x-www-form-urlencoded", ""])
            )
        return Asked(method, described, path, body, headers)

    return one()


def bodies(schema: Mapping[str, Any], description: Mapping[str, Any], right: Right) -> st.SearchStrategy[bytes]:
    assert right.body is not None
    kinds = {
        "near": near(right.body, schema, description).map(_encoded),
        "wanted": values(schema, description).map(_encoded),
        "any": JSON.map(_encoded),
        "raw": RAW,
    }
    return st.sampled_from(["near"] * 7 + ["wanted", "any", "raw"]).flatmap(kinds.__getitem__)


_GONE = object()


def near(
    right: Mapping[str, Any], schema: Mapping[str, Any], description: Mapping[str, Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Return a body that is done, with up to two fields that are others, or are not there."""
    fields = {name: values(each, description) for name, each in resolved(schema, description)["properties"].items()}
    other = st.one_of([st.tuples(st.just(name), each | JSON | st.just(_GONE)) for name, each in fields.items()])
    changes = st.lists(other, max_size=2).map(dict)
    return changes.map(lambda made: {name: v for name, v in {**right, **made}.items() if v is not _GONE})


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
            if "additionalProperties" in schema and "properties" not in schema:
                values = schema["additionalProperties"]
                return isinstance(value, dict) and all(matches(each, values, description) for each in value.values())
            fields = schema.get("properties", {})
            return (
                isinstance(value, dict)
                and set(value) == set(fields)
                and all(matches(value[name], each, description) for name, each in fields.items())
            )
        case "array":
            return isinstance(value, list) and all(matches(each, schema["items"], description) for each in value)
        case kind:
            kinds: dict[Any, tuple[type, ...]] = {
                "string": (str,),
                "integer": (int,),
                "number": (float, int),
                "boolean": (bool,),
                "null": (type(None),),
            }
            return type(value) in kinds[kind]


def fits(response: httpx.Response, operation: Mapping[str, Any], description: Mapping[str, Any]) -> None:
    """Compare an answer with its description."""
    assert response.status_code < 500 or response.status_code == 503, response.text
    # Nothing here is out of order: a 503 would be a mistake of ours that was caught.
    assert response.status_code != 503, response.text
    answers = operation["responses"]
    assert str(response.status_code) in answers, (response.status_code, response.text)
    assert response.headers["content-type"] == "application/json"
    schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
    assert matches(response.json(), schema, description), response.text
    if response.status_code >= 400:
        message = response.json()["message"]
        assert message
        assert message.isprintable()


def test_every_path_does_what_it_is_for(description: dict[str, Any], made: Made, served: Served) -> None:
    """So the code of each of them is there to be reached, by what the fuzzer sends as well."""
    described = operations(description)
    assert set(RIGHTLY) == {(method, path) for method, path, _ in described}
    for number, (method, path, operation) in enumerate(described):
        right = RIGHTLY[method, path](made)
        body = None if right.body is None else dict(right.body)
        where = path.format(**{name: _in_a_path(value) for name, value in right.where.items()})
        response = served.ask(method, where, body, key=f"right-{number}")
        assert response.status_code == 200, (method, path, response.text)
        fits(response, operation, description)


def test_every_answer_is_one_that_is_described(description: dict[str, Any], client: httpx.Client, made: Made) -> None:
    found: set[tuple[tuple[str, str], int]] = set()
    # Of some there is nothing that could be other.
    often = [each for each in operations(description) for _ in range(4 if "parameters" in each[2] else 1)]

    @examples(600, unminded=list(HealthCheck))
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        method, described, operation = data.draw(st.sampled_from(often))
        asked = data.draw(requests(description, method, described, operation, RIGHTLY[method, described](made)))
        response = client.request(method, asked.path, content=asked.body, headers=dict(asked.headers))
        found.add(((method, described), response.status_code))
        fits(response, operation, description)

    ask()
    # What it makes is not all refused, and comes as far as the changes: else it would find nothing.
    assert {status for _, status in found} >= {200, 404, 409, 422}
    assert {("POST", 200), ("POST", 409)} <= {
        (method, status) for (method, path), status in found if path.startswith("/v1/actions")
    }


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

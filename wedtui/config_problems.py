"""The validator's complaints in plain words: what a key expected, and what it got where that may be shown."""

from __future__ import annotations

from pydantic_core import ErrorDetails

from wedtui.core.text import single_line

# The validator's names of types and the words for what it wanted there.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is not infinite",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "path_type": "a path",
    "datetime_type": "an instant with its offset, such as 2026-07-23T00:00:00+01:00",
    "datetime_parsing": "an instant with its offset, such as 2026-07-23T00:00:00+01:00",
    "datetime_from_date_parsing": "an instant with its offset, such as 2026-07-23T00:00:00+01:00",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} entry",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "literal_error": "{expected}",
}
_KINDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", dict: "a table", list: "a list"}
_LONGEST = 60


def expectation(details: ErrorDetails) -> str:
    """Return `expected ..., got ...` for one complaint; a value that may hold a secret is only called by its type."""
    kind, message = details["type"], details["msg"]
    if kind == "missing":
        return "expected this key, which has no default"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind].format(**details.get('ctx', {}))}, got {_got(details)}"
    text = message.removeprefix("Value error, ")
    if not text.startswith("expected"):
        text = f"expected another value: {text[:1].lower()}{text[1:]}"
    told = "got " in text or _got(details) in text
    if told or isinstance(details["input"], dict | list) or _may_hold_a_secret(details):
        return text
    return f"{text}, got {_got(details)}"


def _got(details: ErrorDetails) -> str:
    value = details["input"]
    what = next((words for kind, words in _KINDS.items() if isinstance(value, kind) and type(value) is kind), "a value")
    if isinstance(value, dict | list) or _may_hold_a_secret(details):
        return what
    if isinstance(value, bool):
        return str(value).lower()
    text = single_line(str(value), _LONGEST)
    return f'"{text}"' if isinstance(value, str) else text


def _may_hold_a_secret(details: ErrorDetails) -> bool:
    """Whether a value is a header, a reference to a secret or a URL, or looks like one of them."""
    path = [str(part) for part in details["loc"]]
    places = {"headers", "api_key", "bearer_token", "token", "environ", "url", "endpoint_url", "env", "file", "keyring"}
    return bool(places.intersection(path)) or "://" in str(details["input"])

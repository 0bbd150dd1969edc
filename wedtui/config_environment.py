"""The environment's say in the configuration: `WEDTUI_<SECTION>__<KEY>`, laid over what the file says.

A name is followed through the tree of `config`, so that what leads nowhere is refused with the name that was
probably meant. Entries of lists are called by their name (`WEDTUI_PROVIDERS__AWS__WEIGHT`, where `-` and `.` are
written `_`) or by their number from 0; the number after the last adds an entry.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from wedtui.config import Configuration
from wedtui.paths import (
    AUTHORITIES_VARIABLE,
    CONFIG_VARIABLE,
    STATE_DIR_VARIABLE,
    TOKEN_FILE_VARIABLE,
    TOKEN_VARIABLE,
    URL_VARIABLE,
)
from wedtui.toml_lines import KeyPath

PREFIX = "WEDTUI_"
# Variables that are not keys; the last belong to the tests.
RESERVED = (
    CONFIG_VARIABLE,
    STATE_DIR_VARIABLE,
    URL_VARIABLE,
    TOKEN_VARIABLE,
    TOKEN_FILE_VARIABLE,
    AUTHORITIES_VARIABLE,
    "WEDTUI_NO_SKIPS",
    "WEDTUI_HYPOTHESIS",
    "WEDTUI_SOAK_KILLS",
    "WEDTUI_SOAK_EXAMPLES",
)


def overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[KeyPath, str], list[str]]:
    """Lay the environment's values over those of the file.

    Args:
        raw: what the file says; it is changed.
        environ: the whole environment.

    Returns:
        The variable of each key that was set, and a sentence for each variable that could not be used.
    """
    set_by: dict[KeyPath, str] = {}
    problems: dict[str, str] = {}
    for variable in sorted((v for v in environ if v.startswith(PREFIX) and v not in RESERVED), key=_in_order):
        segments = variable.removeprefix(PREFIX).split("__")
        try:
            path = _Placed(environ[variable]).under(raw, Configuration, segments, ())
        except _UnknownKeyError as error:
            problems[variable] = f"{error}{_hint(variable, segments, error)}"
        except ValueError as error:
            problems[variable] = str(error)
        else:
            set_by[path] = variable
    # A secret may well live in a variable that begins like ours.
    secrets = set(_secret_variables(raw))
    return set_by, [f"environment variable {v}: {text}" for v, text in problems.items() if v not in secrets]


class _UnknownKeyError(ValueError):
    """A segment that no key of its table matches."""

    def __init__(self, depth: int, known: list[str]) -> None:
        super().__init__("expected the name of a key")
        self.depth = depth
        self.known = known


class _Placed:
    """One value on its way down the tree."""

    def __init__(self, text: str) -> None:
        self._text = text

    def under(self, table: dict[str, Any], model: type[BaseModel], segments: list[str], path: KeyPath) -> KeyPath:
        """Put the value somewhere under a table that `model` describes; return the path of its key."""
        key, rest = segments[0].lower(), segments[1:]
        if key not in model.model_fields:
            depth = len(path)
            raise _UnknownKeyError(depth, list(model.model_fields))
        return self._at(table, key, model.model_fields[key].annotation, rest, (*path, key))

    def _at(self, holder: Any, key: str | int, annotation: Any, rest: list[str], path: KeyPath) -> KeyPath:
        kinds = tuple(_alternatives(annotation))
        if not rest:
            holder[key] = self._value(kinds)
            return path
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                # Text where a table may stand (a header that becomes a reference to a secret) gives way.
                return self.under(_child(holder, key, {}, path, replace=str in kinds), kind, rest, path)
            if get_origin(kind) is tuple:
                entries = _child(holder, key, [], path)
                number = _entry(entries, rest[0], path)
                return self._at(entries, number, get_args(kind)[0], rest[1:], (*path, number))
            if get_origin(kind) is dict:
                table = _child(holder, key, {}, path)
                if get_args(kind)[0] is str:  # the id of an action, `room.verb`
                    name = ".".join(segment.lower().replace("_", "-") for segment in rest)
                    return self._at(table, name, get_args(kind)[1], [], (*path, name))
                new = rest[0].lower() if path[0] == "roles" else _header_name(rest[0])
                name = next((k for k in table if _folded(k) == _folded(rest[0])), new)
                return self._at(table, name, get_args(kind)[1], rest[1:], (*path, name))
        raise ValueError(f"expected nothing after the name of {_dotted(path)}, which has no keys of its own")

    def _value(self, kinds: tuple[Any, ...]) -> object:
        """Read lists and tables; anything else stays text, which each key converts itself."""
        if str in kinds or not self._text.lstrip().startswith(("[", "{")):
            return self._text
        try:
            return tomllib.loads(f"value = {self._text.strip()}")["value"]
        except ValueError:
            pass
        try:
            return json.loads(self._text)
        except ValueError:
            raise ValueError("expected a list or a table in TOML or JSON notation") from None


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have, without what else is said of them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for each in get_args(annotation):
            yield from _alternatives(each)
    elif annotation is not NoneType:
        yield annotation


def _child(holder: Any, key: str | int, empty: Any, path: KeyPath, *, replace: bool = False) -> Any:
    """Return what a key holds, or make it; a key of the file with something else in it is left to the validator."""
    present = isinstance(holder, list) or key in holder
    if not present or (replace and not isinstance(holder[key], type(empty))):
        holder[key] = empty
    found = holder[key]
    if not isinstance(found, type(empty)):
        what = "list" if isinstance(empty, list) else "table"
        raise ValueError(f"expected {_dotted(path)} to be a {what} in the file")
    return found


def _entry(entries: list[Any], segment: str, path: KeyPath) -> int:
    """Return the number of the entry that a segment names, by its `name` or by its number."""
    names = [str(e.get("name", "")) if isinstance(e, dict) else "" for e in entries]
    named = [i for i, name in enumerate(names) if name and _folded(name) == _folded(segment)]
    if len(named) > 1:
        raise ValueError(f"expected the number of an entry: {len(named)} entries of {_dotted(path)} have that name")
    if named:
        return named[0]
    if segment.isascii() and segment.isdigit() and int(segment) <= len(entries):
        if int(segment) == len(entries):
            entries.append({})
        return int(segment)
    numbers = f"a number from 0 to {len(entries)}"
    known = ", ".join(name for name in names if name.isprintable() and name)
    raise ValueError(f"expected the name of an entry of {_dotted(path)} ({known or 'there is none'}) or {numbers}")


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_").replace(" ", "_")


def _header_name(segment: str) -> str:
    return "-".join(part.capitalize() for part in segment.split("_"))


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _in_order(variable: str) -> list[tuple[bool, int, str]]:
    """Sort numbers by their value, before names: entry 2 has to be there before entry 10, or anything by its name."""
    segments = variable.split("__")
    return [(not s.isdigit(), int(s), "") if s.isascii() and s.isdigit() else (True, 0, s) for s in segments]


def _hint(variable: str, segments: list[str], error: _UnknownKeyError) -> str:
    """Return what was probably meant, and what is known in that place."""
    before = [s.upper() for s in segments[: error.depth]]
    here = [PREFIX + "__".join([*before, key.upper()]) for key in error.known]
    candidates = [*here, *RESERVED, *(PREFIX + "__".join(p).upper() for p in _tables(Configuration, ()))]
    # Compared without what all of them begin with: it would make everything look alike.
    names = {candidate.removeprefix(PREFIX): candidate for candidate in candidates}
    near = difflib.get_close_matches(variable.upper().removeprefix(PREFIX), names, n=1)
    meant = f"did you mean {names[near[0]]}? " if near else ""
    return f"; {meant}known here: {', '.join(error.known)}"


def _tables(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield every key that has a name of its own, without those of list entries."""
    for key, field in model.model_fields.items():
        yield (*path, key)
        for kind in _alternatives(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _tables(kind, (*path, key))


def _secret_variables(value: Any) -> Iterator[str]:
    """Yield the variables that the configuration itself names as the places of secrets."""
    if isinstance(value, dict):
        name = value.get("env")
        if isinstance(name, str):
            yield name
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _secret_variables(each)

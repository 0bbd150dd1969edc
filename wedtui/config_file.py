"""Finding the configuration, laying the environment over it, and saying exactly what is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wedtui.config import Configuration, cross_check
from wedtui.errors import ConfigurationError
from wedtui.paths import CONFIG_VARIABLE, STATE_DIR_VARIABLE, find_configuration
from wedtui.toml_lines import KeyPath, key_lines

PREFIX = "WEDTUI_"
# Variables that are not keys; the last belongs to the tests.
RESERVED = frozenset({CONFIG_VARIABLE, STATE_DIR_VARIABLE, "WEDTUI_NO_SKIPS"})


@dataclass(frozen=True)
class Loaded:
    """A configuration that can be used, and where it comes from."""

    configuration: Configuration
    path: Path | None
    """The file, or None where there is none and the defaults count."""
    origins: Mapping[KeyPath, str]
    """Key path -> `FILE:LINE` or the environment variable; what is not in it is a default."""
    digest: str
    """Of the effective configuration; it holds references to secrets, never secrets."""

    def named_origin(self, key: str) -> str:
        """Say where the value of a dotted key (`providers.aws.weight`) comes from: file and line, variable, default."""
        return self._by_name.get(key, "default")

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Dotted key -> origin, with entries of lists called by their name."""
        entries = self.configuration.model_dump(mode="json")
        return {_dotted(path, entries): origin for path, origin in self.origins.items()}


def load(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Read the configuration.

    Args:
        path: a file that was named on the command line, or None.
        environ: the environment: `WEDTUI_CONFIG`, and `WEDTUI_<SECTION>__<KEY>` over the file's values.

    Raises:
        ConfigurationError: with one line for each thing that is wrong: where, which key, what was expected.
    """
    file = find_configuration(path, environ)
    raw, origins = _read(file) if file is not None else ({}, {})
    problems = _overlay(raw, origins, environ)
    configuration: Configuration | None = None
    try:
        configuration = Configuration.model_validate(raw)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_context=False):
            problems.append(_sentence(details, raw, origins, file))
    else:
        for where, text in cross_check(configuration):
            problems.append(_located(where, text, raw, origins, file))
    if problems or configuration is None:
        raise ConfigurationError("\n".join(dict.fromkeys(problems)))
    text = json.dumps(configuration.model_dump(mode="json"), sort_keys=True)
    return Loaded(configuration, file, origins, hashlib.sha256(text.encode()).hexdigest())


def _read(file: Path) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot be read ({error.strerror}): name another with --config, "
            "or write one with `wedtui config init`"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: expected UTF-8 text, byte {error.start} is not: save it as UTF-8") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: expected TOML: {error}") from None
    return raw, {path: f"{file}:{line}" for path, line in key_lines(text).items()}


def _overlay(raw: dict[str, Any], origins: dict[KeyPath, str], environ: Mapping[str, str]) -> list[str]:
    """Lay the environment's values over the file's; return what is wrong with them."""
    problems: list[str] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in RESERVED:
            continue
        where = f"environment variable {variable}"
        try:
            path = _put(raw, variable.removeprefix(PREFIX).lower().split("__"), _parsed(environ[variable]))
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        origins[path] = where
    return problems


def _put(raw: dict[str, Any], segments: list[str], value: object) -> KeyPath:
    """Set one value by the segments of a variable's name; return its path.

    Raises:
        ValueError: the name leads nowhere.
    """
    here: Any = raw
    path: KeyPath = ()
    for i, segment in enumerate(segments):
        last = i == len(segments) - 1
        if isinstance(here, list):
            number = _entry(here, segment, path)
            path = (*path, number)
            if last:
                here[number] = value
            here = here[number]
        elif isinstance(here, MutableMapping):
            path = (*path, segment)
            if last:
                here[segment] = value
            else:
                here = here.setdefault(segment, {})
        else:
            raise ValueError(f"{_dotted(path, raw)} has no keys of its own")
    return path


def _entry(entries: list[Any], segment: str, path: KeyPath) -> int:
    """Return the number of the entry of a list that a segment names, by its `name` or its number."""
    names = [_folded(str(e.get("name", ""))) if isinstance(e, dict) else "" for e in entries]
    if segment in names:
        return names.index(segment)
    if segment.isdigit() and int(segment) < len(entries):
        return int(segment)
    known = ", ".join(n for n in names if n) or f"0 to {len(entries) - 1}"
    raise ValueError(
        f'expected the name or number of an entry of {".".join(map(str, path))} ({known}), got "{segment}"'
    )


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _parsed(text: str) -> object:
    """Turn a list or a table in TOML's notation into one; anything else stays text, which each key converts itself."""
    if not text.startswith(("[", "{")):
        return text
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            raise ValueError("expected a list or table in TOML or JSON notation") from None
    return value


def _sentence(details: ErrorDetails, raw: dict[str, Any], origins: Mapping[KeyPath, str], file: Path | None) -> str:
    """Turn one of the validator's errors into where, which key, and what was expected."""
    path, text = tuple(details["loc"]), details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        text = _unknown_key(path)
    elif details["type"] == "missing":
        text = "expected this key, which has no default"
    elif not text.startswith("expected"):
        text = f"expected {_lower(text)}{_got(details)}"
    # Where a value may be one of several types, the validator appends the type's name to the path.
    while (
        path
        and path not in origins
        and not _exists(raw, path)
        and details["type"] not in {"missing", "extra_forbidden"}
    ):
        path = path[:-1]
    return _located(path, text, raw, origins, file)


def _lower(text: str) -> str:
    text = text.removeprefix("Input should be ").removeprefix("String should ").removeprefix("Value should ")
    return text[:1].lower() + text[1:]


def _got(details: ErrorDetails) -> str:
    """Quote a short plain value that was refused; never anything that may hold a secret."""
    value = details["input"]
    secretive = {"headers", "bearer_token"} & {str(part) for part in details["loc"]}
    if secretive or isinstance(value, dict | list | tuple) or len(str(value)) > 60 or "://" in str(value):
        return ""
    return f", got {json.dumps(value, default=str)}"


def _unknown_key(path: KeyPath) -> str:
    known = sorted(_fields_at(path[:-1]))
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"expected a known key; {hint}known here: {', '.join(known)}"


def _fields_at(path: KeyPath) -> list[str]:
    """Return the keys that the configuration knows in the table at `path`."""
    model: Any = Configuration
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        model = _model_in(field.annotation) if field is not None else None
        if model is None:
            return []
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the table type within an annotation such as `tuple[ProbeSection, ...]` or `Secret | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in getattr(annotation, "__args__", ()) if (m := _model_in(a)) is not None), None)


def _exists(raw: Any, path: KeyPath) -> bool:
    for part in path:
        in_list = isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        if not in_list and not (isinstance(raw, dict) and part in raw):
            return False
        raw = raw[part]
    return True


def _located(path: KeyPath, text: str, raw: dict[str, Any], origins: Mapping[KeyPath, str], file: Path | None) -> str:
    where = _origin(origins, path) or (str(file) if file else "configuration")
    return f"{where}: {_dotted(path, raw)}: {text}" if path else f"{where}: {text}"


def _origin(origins: Mapping[KeyPath, str], path: KeyPath) -> str | None:
    """Return the origin of a key, or of the nearest table around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return origins[path[:length]]
    return None


def _dotted(path: KeyPath, raw: dict[str, Any]) -> str:
    """Write a path for people: entries of lists by their name where they have one (`providers.aws.weight`)."""
    words: list[str] = []
    here: Any = raw
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        name = here.get("name") if isinstance(part, int) and isinstance(here, dict) else None
        words.append(name if isinstance(name, str) and name else str(part))
    return ".".join(words)

"""A TOML file beside the configuration as one typed tree, and the line of everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wedtui.config_problems import expectation
from wedtui.core.text import single_line
from wedtui.errors import ConfigurationError
from wedtui.toml_lines import KeyPath, key_lines

_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class TypedFile(Generic[_Model]):
    """What a file says."""

    path: Path
    tree: _Model
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of what is nearest around it."""
        return _line(self.lines, path)

    def place(self, path: KeyPath) -> str:
        """Return `FILE:LINE` of a key, or of what is nearest around it."""
        return f"{self.path}:{self.line(path)}"

    def sentences(self, wrong: Iterable[tuple[KeyPath, str]]) -> list[str]:
        """Say of each wrong key where it is, which it is and what was expected, in the order of the file."""
        return _sentences(self.path, self.lines, wrong)


def read_typed(path: Path, model: type[_Model]) -> TypedFile[_Model]:
    """Read a file.

    Raises:
        ConfigurationError: it cannot be used; a line for each thing that is wrong: file, line, key, what was expected.
    """
    text = _text(path)
    try:
        raw, lines = tomllib.loads(text), key_lines(text)
    except (ValueError, RecursionError) as error:
        match = _SYNTAX.fullmatch(str(error))
        what = match[1] if match else "a value is too large or too deep"
        line = int(match[2]) if match and match[2] else text.count("\n") + 1
        raise ConfigurationError(f"{path}:{line}: expected TOML: {single_line(what)}") from None
    try:
        return TypedFile(path, model.model_validate(raw), lines)
    except ValidationError as error:
        wrong = [(_real(d), _said(d, model)) for d in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(_sentences(path, lines, wrong))) from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}): name another file") from None
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}:{line}: expected UTF-8 text: save the file as UTF-8") from None


def _line(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)


def _sentences(path: Path, lines: Mapping[KeyPath, int], wrong: Iterable[tuple[KeyPath, str]]) -> list[str]:
    ordered = sorted(wrong, key=lambda each: _line(lines, each[0]))
    said = (f"{path}:{_line(lines, key)}: {_key(key)}{text}" for key, text in ordered)
    return list(dict.fromkeys(said))


def _key(path: KeyPath) -> str:
    """Write a key for people: places in lists are counted from 1, as nobody counts tables from 0."""
    words = [single_line(part, 80) if isinstance(part, str) else str(part + 1) for part in path]
    return f"{'.'.join(words)}: " if words else ""


def _real(details: ErrorDetails) -> KeyPath:
    """Return the path in the file of what the validator complains about: of a key it adds a word of its own."""
    return tuple(part for part in details["loc"] if part != "[key]")


def _said(details: ErrorDetails, model: type[BaseModel]) -> str:
    if details["type"] != "extra_forbidden":
        return expectation(details)
    known = _fields_at(model, details["loc"][:-1])
    near = difflib.get_close_matches(single_line(str(details["loc"][-1]), 80), known, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"expected a known key; {hint}known here: {', '.join(known)}"


def _fields_at(model: Any, path: KeyPath) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        model = model if field is None else _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in getattr(annotation, "__args__", ()) if (m := _model_in(a)) is not None), None)

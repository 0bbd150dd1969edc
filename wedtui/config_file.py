"""Finding the configuration, laying the environment over it, and saying exactly what is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wedtui.config import Configuration, cross_check
from wedtui.config_environment import overlay
from wedtui.config_problems import expectation
from wedtui.core.text import single_line
from wedtui.errors import ConfigurationError
from wedtui.paths import find_configuration
from wedtui.toml_lines import KeyPath, key_lines

DEFAULT = "default"
_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """Who owns a file, and what others may do with it."""

    uid: int
    mode: int
    """Its permission bits."""


@dataclass(frozen=True)
class Loaded:
    """A configuration that can be used, and where it comes from."""

    configuration: Configuration
    path: Path | None
    """The file, or None where there is none and the defaults count."""
    origins: Mapping[KeyPath, str]
    """Key path -> `FILE:LINE`, the environment variable or `default`, for every key."""
    written: Written | None
    """Who could write that file when it was read."""
    digest: str
    """Changes when anything does that a service would do otherwise; without secrets, and without how it looks."""

    @property
    def unwatched(self) -> str | None:
        """Why nothing is watched, and what to do, in a sentence; None where anything is asked."""
        own = self.configuration
        accounts = any(provider.kind == "aws" for provider in own.providers)
        asked = (own.probes, own.prometheus, own.alert_sources, own.freeze.feeds, own.weddings.sources)
        if accounts or any(asked):
            return None
        if self.path is None:
            return "nothing is watched: there is no configuration; `wedtui config init` writes one to start from"
        return (
            f"nothing is watched: {self.path} has no probe, Prometheus server, source of alerts, account, feed or "
            "source of weddings; edit it, then run `wedtui service restart`"
        )

    def named_origin(self, key: str) -> str:
        """Say where the value of a key as `key_name` writes it comes from."""
        return self._by_name.get(key, DEFAULT)

    @property
    def noted(self) -> str:
        """A digest for the record: it changes with the other, and with who may do what and who is told."""
        tree, usual = (each.model_dump(mode="json") for each in (self.configuration, Configuration()))
        told = {name: tree[name] for name in _ON_RECORD if tree[name] != usual[name]}
        if not told:
            return self.digest
        return hashlib.sha256(f"{self.digest} {json.dumps(told, sort_keys=True)}".encode()).hexdigest()

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """The name of each key -> its origin."""
        tree = self.configuration.model_dump(mode="json")
        return {key_name(path, tree): origin for path, origin in self.origins.items()}


_ON_RECORD = ("roles", "control", "notify", "routes", "heartbeat", "oncall")
"""Of what may differ between services that watch the same, what stands in the timeline all the same."""

Check = Callable[[Configuration], list[tuple[KeyPath, str]]]
"""Looks for what this layer cannot know; returns the path of each wrong key and what was expected of it."""


def load(path: Path | None, environ: Mapping[str, str], checks: Sequence[Check] = ()) -> Loaded:
    """Read the configuration.

    Args:
        path: a file that was named on the command line, or None.
        environ: the environment: `WEDTUI_CONFIG`, and `WEDTUI_<SECTION>__<KEY>` over the file's values.
        checks: what has to be looked at beside, by whoever cannot do without.

    Raises:
        ConfigurationError: with one line for each thing that is wrong: where, which key, what was expected.
    """
    file = find_configuration(path, environ)
    raw, lines, written = _read(file) if file is not None else ({}, {}, None)
    _join_ids(raw, lines)
    variables, problems = overlay(raw, environ)
    sources = _Sources(file, lines, variables, raw)
    configuration: Configuration | None = None
    try:
        configuration = Configuration.model_validate(raw)
    except ValidationError as error:
        wrong = [(_real(d["loc"], raw, d), _said(d)) for d in error.errors(include_url=False)]
    else:
        wrong = [*cross_check(configuration), *(each for check in checks for each in check(configuration))]
    problems += [sources.sentence(*each) for each in sorted(wrong, key=lambda each: sources.line(each[0]))]
    if problems or configuration is None:
        raise ConfigurationError("\n".join(dict.fromkeys(problems)))
    tree = configuration.model_dump(mode="json")
    origins = {key: sources.of(key) if _exists(raw, key) else DEFAULT for key, _value in leaves(tree)}
    return Loaded(configuration, file, origins, written, _digest(tree))


def leaves(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every key of a tree that holds no further table, with its value."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list) and any(isinstance(entry, dict) for entry in tree):
        for number, value in enumerate(tree):
            yield from leaves(value, (*path, number))
    else:
        yield path, tree


def key_name(path: KeyPath, tree: Any) -> str:
    """Write a key's path for people: an entry of a list by its name, where no other has it (`providers.aws.weight`)."""
    words: list[str] = []
    here: Any = tree
    for part in path:
        words.append(_word(part, here))
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
    return ".".join(words)


def _word(part: str | int, holder: Any) -> str:
    if isinstance(part, str) or not isinstance(holder, list):
        return single_line(str(part), 80)
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in holder]
    name = names[part] if part < len(names) else None
    if isinstance(name, str) and 0 < len(name) <= 80 and name.isprintable() and names.count(name) == 1:
        return name
    return str(part)


def _read(file: Path) -> tuple[dict[str, Any], dict[KeyPath, int], Written]:
    try:
        with file.open("rb") as opened:
            # Of what is read, not of what has the name a moment later.
            found = os.fstat(opened.fileno())
            content = opened.read()
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot be read ({error.strerror}): name another with --config, "
            "or write one with `wedtui config init`"
        ) from None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{line}: expected UTF-8 text: save the file as UTF-8") from None
    try:
        return tomllib.loads(text), key_lines(text), Written(found.st_uid, stat.S_IMODE(found.st_mode))
    except (ValueError, RecursionError) as error:
        match = _SYNTAX.fullmatch(str(error))
        what = match[1] if match else "a value is too large or too deep"
        line = int(match[2]) if match and match[2] else text.count("\n") + 1 if match else 1
        raise ConfigurationError(f"{file}:{line}: expected TOML: {single_line(what)}") from None


def _join_ids(raw: dict[str, Any], lines: dict[KeyPath, int]) -> None:
    """Take `main.filter = ...` for `"main.filter" = ...`: without quotes TOML reads the id of an action as a table."""
    dashboard = raw.get("dashboard")
    keys = dashboard.get("keys") if isinstance(dashboard, dict) else None
    if not isinstance(keys, dict):
        return
    path: KeyPath = ("dashboard", "keys")
    for room, verbs in list(keys.items()):
        joined = {f"{room}.{verb}": verb for verb in verbs} if isinstance(verbs, dict) else {}
        if not joined or any(name in keys for name in joined):
            continue
        del keys[room]
        for name, verb in joined.items():
            keys[name] = verbs[verb]
            for old in [old for old in lines if old[:4] == (*path, room, verb)]:
                lines[(*path, name, *old[4:])] = lines[old]


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where each key was said."""

    file: Path | None
    lines: Mapping[KeyPath, int]
    variables: Mapping[KeyPath, str]
    raw: dict[str, Any]

    def of(self, path: KeyPath) -> str:
        """Return the variable or `FILE:LINE` of a key, or of what is nearest around it, or else within it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.variables:
                return f"environment variable {self.variables[path[:length]]}"
            if path[:length] in self.lines:
                return f"{self.file}:{self.lines[path[:length]]}"
        within = next((v for p, v in self.variables.items() if p[: len(path)] == path), None)
        return f"environment variable {within}" if within else str(self.file or "configuration")

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of what is nearest around it; 0 where there is none."""
        return next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 0)

    def sentence(self, path: KeyPath, text: str) -> str:
        """Say where, which key, and what is wrong with it."""
        return f"{self.of(path)}: {key_name(path, self.raw)}: {text}" if path else f"{self.of(path)}: {text}"


def _said(details: ErrorDetails) -> str:
    if details["type"] != "extra_forbidden":
        return expectation(details)
    key = single_line(str(details["loc"][-1]), 80)
    known = _fields_at(details["loc"][:-1])
    near = difflib.get_close_matches(key, known, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"expected a known key; {hint}known here: {', '.join(known)}"


def _real(loc: KeyPath, raw: dict[str, Any], details: ErrorDetails) -> KeyPath:
    """Return the path in the file of what the validator complains about: it adds words of its own."""
    path = tuple(part for i, part in enumerate(loc) if not (part in {"text", "secret"} and loc[i - 2] == "headers"))
    path = tuple(part for part in path if part != "[key]")
    while path and details["type"] not in {"missing", "extra_forbidden"} and not _exists(raw, path):
        path = path[:-1]
    return path


def _fields_at(path: KeyPath) -> list[str]:
    """Return the keys that the configuration knows in the table at `path`."""
    model: Any = Configuration
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
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


def _digest(tree: dict[str, Any]) -> str:
    """Return the SHA-256 of what is watched, and by which rules.

    Headers count by their names only. What may differ from one machine to the next, and from the service to those who
    watch it, does not count: colours, logs, who is told, the roles by which the same database is reached.
    """
    apart = {"dashboard", "service", "log", "roles", "control", "notify", "routes", "heartbeat", "oncall"}
    kept = {key: value for key, value in tree.items() if key not in apart}
    for store in ("cache", "ledger"):
        kept[store] = {key: value for key, value in tree.get(store, {}).items() if key != "url"}
    for path, value in leaves(kept):
        if len(path) > 1 and path[-2] == "headers" and isinstance(value, str):
            holder: Any = kept
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = ""
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()

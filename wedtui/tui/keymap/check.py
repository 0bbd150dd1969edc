"""What is wrong with keys: the one check for a configuration's and for the table's own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wedtui.tui.keymap.names import is_typed, parse_key, spelled, taken
from wedtui.tui.keymap.table import KEYS, PLACES, Keymap, KeyRow, Scope, defaults

_TYPED_IN = {Scope.FILTER: "what is filtered by", Scope.PANEL: "what is typed there"}


class Problem(NamedTuple):
    """One thing that is wrong."""

    id: str
    text: str
    """What was expected, in a sentence."""
    number: int | None = None
    """Which of the action's keys, from 0; None: all of them."""


def choose(
    configured: Mapping[str, Sequence[str]], table: Sequence[KeyRow] = KEYS
) -> tuple[Keymap, tuple[Problem, ...]]:
    """Read a configuration's keys and check what comes of them.

    Args:
        configured: id -> keys as a configuration writes them; none unbinds.
        table: all actions.

    Returns:
        The keymap, and what is wrong with it; only one without problems may be used.
    """
    known = {row.id: row for row in table}
    problems: list[Problem] = []
    own: dict[str, tuple[str, ...]] = {}
    unread: set[str] = set()
    for name, texts in configured.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ";"
            problems.append(Problem(name, f"expected the id of an action{hint} `wedtui config keys` lists them"))
            continue
        own[name], wrong = _read(name, texts)
        problems += wrong
        if wrong:
            unread.add(name)
    found = conflicts({**defaults(table), **own}, table, changed=tuple(own))
    # Of keys that could not be read there is no more to say.
    problems += [problem for problem in found if problem.id not in unread]
    return Keymap({name: keys for name, keys in own.items() if keys != known[name].keys}), tuple(problems)


def conflicts(
    effective: Mapping[str, Sequence[str]], table: Sequence[KeyRow] = KEYS, *, changed: Sequence[str] = ()
) -> tuple[Problem, ...]:
    """Return what is wrong with the keys in force.

    Args:
        effective: id -> Textual's names of its keys, for every action.
        table: all actions.
        changed: ids that have other keys than the table says; of two actions on one key, the one that was changed
            (last) is complained about.
    """
    return (*_single(effective, table), *_shared(effective, table, changed))


def _read(name: str, texts: Sequence[str]) -> tuple[tuple[str, ...], list[Problem]]:
    keys: list[str] = []
    wrong: list[Problem] = []
    for number, text in enumerate(texts):
        try:
            key = parse_key(text)
        except ValueError as error:
            wrong.append(Problem(name, str(error), number))
            continue
        if key in keys:
            wrong.append(Problem(name, f'expected each key once; "{spelled(key)}" occurs twice', number))
        keys.append(key)
    return tuple(keys), wrong


def _single(effective: Mapping[str, Sequence[str]], table: Sequence[KeyRow]) -> list[Problem]:
    """Return what is wrong with an action's keys by themselves."""
    found: list[Problem] = []
    for row in table:
        keys = effective[row.id]
        if row.needed and not keys:
            found.append(Problem(row.id, f'expected at least one key; "{row.word}" must not be out of reach'))
        for number, key in enumerate(keys):
            why = taken(key)
            if row.dangerous and why is not None:
                text = f'expected a key that nothing else takes, for this action is dangerous; "{spelled(key)}" {why}'
                found.append(Problem(row.id, text, number))
            if row.scope in _TYPED_IN and is_typed(key):
                text = f'expected a key that types nothing; "{spelled(key)}" belongs to {_TYPED_IN[row.scope]}'
                found.append(Problem(row.id, text, number))
    return found


def _shared(effective: Mapping[str, Sequence[str]], table: Sequence[KeyRow], changed: Sequence[str]) -> list[Problem]:
    """Return each pair of actions that are active together and have a key in common, once."""
    found: dict[frozenset[str], Problem] = {}
    for place, scopes in PLACES.items():
        heard: dict[str, str] = {}
        for row in table:
            if row.scope not in scopes:
                continue
            for key in effective[row.id]:
                other = heard.setdefault(key, row.id)
                pair = frozenset({row.id, other})
                if other != row.id and pair not in found:
                    at, with_it = _changed_last(row.id, other, changed)
                    where = f"{with_it}, heard in the same place ({place})"
                    text = f'expected a key of its own; "{spelled(key)}" is also {where}'
                    found[pair] = Problem(at, text, list(effective[at]).index(key))
    return list(found.values())


def _changed_last(one: str, other: str, changed: Sequence[str]) -> tuple[str, str]:
    """Return two ids, first the one whose keys were changed last: there the complaint belongs."""
    order = {name: i for i, name in enumerate(changed)}
    return (one, other) if order.get(one, -1) >= order.get(other, -1) else (other, one)


def notes(keymap: Keymap) -> tuple[Problem, ...]:
    """Return which of a configuration's own keys may never arrive; that is allowed, and worth a word."""
    prefixes = ("ctrl+a", "ctrl+b", "ctrl+s", "ctrl+backslash")
    return tuple(
        Problem(name, f'"{spelled(key)}" {taken(key)}, and may never arrive', number)
        for name, keys in keymap.own.items()
        for number, key in enumerate(keys)
        if key in prefixes
    )

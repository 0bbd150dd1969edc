"""Every key of any document is found on exactly the line on which it was written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wedtui.toml_lines import KeyPath, key_lines

BARE = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=6)
# What a careless reader trips over: brackets, quotes, equals signs and comments inside strings.
TEXT = st.text("ab[]{}\"'=#.,\\ \n\u00e9", max_size=12)
CONSTANTS = ["true", "1.5", "2026-07-23T00:00:00+01:00", "2026-07-23 10:00:00", "10:00:00", "inf"]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def multi_line(text: str) -> str:
    """Write text between three quotes, and end it with as many quotes of its own as there may be."""
    return '"""\n' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""""'


SCALARS = st.one_of(
    st.integers(-9999, 9999).map(str),
    st.sampled_from(CONSTANTS),
    TEXT.map(quoted),
    TEXT.map(multi_line),
    TEXT.map(lambda t: "'''" + t.replace("'", "") + "'''"),
    TEXT.map(lambda t: "'" + t.replace("'", "").replace("\n", "") + "'"),
)


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(items: list[str]) -> str:
        return "[ # ] a comment\n" + "".join(f"  {item} , # [\n" for item in items) + "]"

    return st.lists(inner, max_size=3).map(written)


def inline_tables(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    entries = st.dictionaries(BARE, inner, max_size=3)
    return entries.map(lambda d: "{ " + ", ".join(f"{k} = {v}" for k, v in d.items()) + " }")


FLAT = SCALARS | inline_tables(SCALARS)
VALUES = FLAT | arrays(FLAT | arrays(FLAT)) | inline_tables(inline_tables(SCALARS) | arrays(SCALARS))


def is_bare(key: str) -> bool:
    return key.isascii() and all(c.isalnum() or c in "_-" for c in key)


# A key, and how it is written.
KEYS = (BARE | TEXT.filter(bool)).map(lambda key: (key, key if is_bare(key) else quoted(key)))


@dataclass
class Written:
    """A text and the line on which each of its keys was put."""

    text: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line(self) -> int:
        return self.text.count("\n") + 1


@st.composite
def documents(draw: st.DrawFn) -> Written:
    out = Written()
    tables = draw(st.lists(st.tuples(KEYS, st.booleans(), st.integers(1, 3)), max_size=3, unique_by=lambda t: t[0][0]))
    add_pairs(draw, out, (), {name for (name, _), _, _ in tables})
    for (name, key), several, count in tables:
        for number in range(count if several else 1):
            out.text += draw(st.sampled_from(["", "\n", "# [x]\n", "\t"]))
            path: KeyPath = (name, number) if several else (name,)
            out.lines.setdefault((name,), out.line())
            out.lines[path] = out.line()
            out.text += f"[[ {key} ]]\n" if several else f"[{key}] # =\n"
            add_pairs(draw, out, path, set())
    return out


def add_pairs(draw: st.DrawFn, out: Written, table: KeyPath, taken: set[str]) -> None:
    for name, key in draw(st.lists(KEYS, max_size=3, unique_by=lambda k: k[0])):
        if name in taken:
            continue
        value = draw(VALUES)
        out.lines[(*table, name)] = out.line()
        if draw(st.booleans()):
            out.text += f"{key} . sub = {value}\n"
            out.lines[(*table, name, "sub")] = out.lines[(*table, name)]
        else:
            out.text += f"  {key}={value} # a comment\n"


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield (*path, key)
        yield from paths(item, (*path, key))


@given(documents())
def test_every_key_is_on_the_line_where_it_was_written(written: Written) -> None:
    found = key_lines(written.text)
    assert {path: found.get(path) for path in written.lines} == written.lines


@given(documents())
def test_exactly_the_keys_that_tomllib_finds_have_lines(written: Written) -> None:
    assert set(key_lines(written.text)) == set(paths(tomllib.loads(written.text)))


@given(documents())
def test_windows_line_ends_change_no_line(written: Written) -> None:
    assert key_lines(written.text.replace("\n", "\r\n")) == key_lines(written.text)


def test_tables_within_entries_of_lists_are_found() -> None:
    text = "\n".join(
        [
            "[[prometheus]]",
            "[[prometheus.queries]]",
            "[[prometheus]]",
            "[[prometheus.queries]]",
            "[prometheus.headers]",
            '"X-\\u0041" = "b"',
            "[freeze.implied]",
        ]
    )
    lines = key_lines(text)
    assert lines[("prometheus", 1, "queries", 0)] == 4
    assert lines[("prometheus", 1, "headers", "X-A")] == 6
    assert lines[("freeze",)] == 7, "a table that is only implied has the line that implies it"

"""Every key of a TOML text has a line, and it is the right one."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wedtui.toml_lines import KeyPath, key_lines

TEXT = '''\
# a comment with [brackets] and a = sign
environment = "production"   # another

[cache]
keep_samples = """
a multi-line
string with [table] and key = value
"""
url = 'sqlite:////tmp/#not a comment'
[[providers]]
name = "aws"
"weight" = 60
[[providers]]
name = "gcp"
labels = { tier = "one", sizes = [1, [2, 3]] }
[[prometheus]]
name = "main"
[[prometheus.queries]]
signal = "cpu"
[[prometheus.queries]]
signal = "memory"
freeze.windows = [
  { name = "a" },   # ]
  { name = "b" },
]
'''


def test_lines_are_those_where_a_person_would_look() -> None:
    lines = key_lines(TEXT)
    expected: dict[KeyPath, int] = {
        ("environment",): 2,
        ("cache",): 4,
        ("cache", "keep_samples"): 5,
        ("cache", "url"): 9,
        ("providers", 0): 10,
        ("providers", 0, "weight"): 12,
        ("providers", 1, "name"): 14,
        ("providers", 1, "labels", "tier"): 15,
        ("providers", 1, "labels", "sizes", 1, 0): 15,
        ("prometheus", 0, "queries", 1, "signal"): 21,
        ("prometheus", 0, "queries", 1, "freeze", "windows", 0, "name"): 23,
        ("prometheus", 0, "queries", 1, "freeze", "windows", 1, "name"): 24,
    }
    assert {path: lines.get(path) for path in expected} == expected


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Return every key path in what tomllib read."""
    found: set[KeyPath] = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found |= paths(item, (*path, key))
    return found


KEYS = st.from_regex(r"[a-zA-Z0-9_-]{1,8}", fullmatch=True)
STRINGS = st.sampled_from(['"a"', "'#'", '"""x\n[y]\nz = 1"""', "'''\n]'''", '"\\"}"', '"="'])
SCALARS = st.one_of(STRINGS, st.sampled_from(["1", "-2.5", "true", "2026-07-23T00:00:00+01:00", "0x1F"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # note ]\n" + ",\n ".join(items) + "]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{k} = {v}" for k, v in table.items()) + "}"
        ),
    ),
    max_leaves=6,
)
TABLES = st.lists(
    st.tuples(st.sampled_from(["[{}]", "[[{}]]"]), KEYS, st.dictionaries(KEYS, VALUES, max_size=3)), max_size=4
)


@given(st.dictionaries(KEYS, VALUES, max_size=3), TABLES)
def test_every_key_that_tomllib_reads_has_a_line(
    top: dict[str, str], tables: list[tuple[str, str, dict[str, str]]]
) -> None:
    text = "\n".join(f"{k} = {v}" for k, v in top.items())
    for form, name, pairs in tables:
        text += "\n" + form.format(name) + "\n" + "\n".join(f"{k} = {v}" for k, v in pairs.items()) + "\n"
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a name twice, or an inline table over two lines: not our concern
    lines = key_lines(text)
    assert paths(read) <= set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())

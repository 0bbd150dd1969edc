"""What was open, as a file: it comes back as it was, and whatever else a file holds is refused in words."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.tui.board import SPANS
from wedtui.tui.keeping import Keeper
from wedtui.tui.session import (
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_SCREENS,
    SCREENS,
    Session,
    ThemeChoice,
    View,
    dump,
    parse,
    theme_for,
)

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf"]), min_size=1)
VIEWS = st.sampled_from(sorted(SCREENS)).flatmap(
    lambda kind: st.builds(
        View, st.just(kind), st.tuples(*[NAMES.filter(lambda n: len(n) < 60)] * SCREENS[kind]), st.none() | NAMES
    )
)
SESSIONS = st.builds(
    Session,
    st.lists(VIEWS, max_size=MOST_SCREENS).map(tuple),
    st.none() | NAMES,
    st.text(st.sampled_from("ab ü")),
    st.none() | NAMES,
    st.integers(0, len(SPANS) - 1),
    st.none() | st.builds(ThemeChoice, NAMES, NAMES),
)
OPEN = Session((View("provider", ("aws",), "cpu"), View("chart", ("aws", "cpu"))), "aws", "degr", "cpu", 3)


@given(SESSIONS)
def test_it_comes_back_as_it_was(session: Session) -> None:
    assert parse(dump(session)) == session


@given(
    st.builds(
        Session,
        st.lists(st.builds(View, st.just("chart"), st.tuples(st.text(), st.text()), st.text()), max_size=40).map(tuple),
        st.text(min_size=150),
        st.text(st.just("\U0001f492"), min_size=LONGEST_TEXT - 5),
        st.text(),
        st.just(0),
        st.builds(ThemeChoice, st.text(), st.text()),
    )
)
def test_whatever_stands_in_it_the_file_is_small_utf8(session: Session) -> None:
    data = dump(session)
    assert len(data) <= MOST_BYTES
    data.decode()


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["wedtui-dashboard", "screens", "screen", "of", "cursor", "filter", "range", "theme"]),
                inner,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_garbage_is_refused_and_never_crashes(data: bytes) -> None:
    try:
        session = parse(data)
    except ValueError:
        return
    assert parse(dump(session)) == session


def changed(**values: object) -> bytes:
    return json.dumps({**json.loads(dump(OPEN)), **values}).encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"[" * 8000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b" " * (MOST_BYTES + 1), "too large"),
        (b"[]", "something else wrote it"),
        (b'{"theme": "x"}', "something else wrote it"),
        (changed(**{"wedtui-dashboard": 2}), "another version"),
        (changed(**{"wedtui-dashboard": True}), "another version"),
        (changed(range="9 d"), "range"),
        (changed(range=[1]), "range"),
        (changed(cursor=7), "name"),
        (changed(cursor="a\x1b[2J"), "name"),
        (changed(filter="x" * (LONGEST_TEXT + 1)), "name"),
        (changed(screens={}), "screens"),
        (changed(screens=[{"screen": "findings", "of": []}] * (MOST_SCREENS + 1)), "screens"),
        (changed(screens=[{"screen": "ledger", "of": []}]), "not known"),
        (changed(screens=["provider"]), "not known"),
        (changed(screens=[{"screen": "provider", "of": []}]), "does not say of what"),
        (changed(screens=[{"screen": "provider", "of": [None]}]), "does not say of what"),
        (changed(screens=[{"screen": "provider", "of": "a"}]), "does not say of what"),
        (changed(theme="midnight"), "theme"),
        (changed(theme={"chosen": "midnight"}), "theme"),
    ],
)
def test_what_is_not_one_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(data)


def test_a_theme_that_was_chosen_counts_until_the_configuration_names_another() -> None:
    session = Session(theme=ThemeChoice("war-room", "midnight"))
    assert theme_for(session, "midnight") == "war-room"
    assert theme_for(session, "daylight") == "daylight"
    assert theme_for(Session(), "midnight") == "midnight"


def keeper(path: Path, said: list[str] | None = None) -> Keeper:
    return Keeper(path, (said if said is not None else []).append)


def test_the_file_is_private_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "state" / "wedtui" / "dashboard.json"
    for session in (OPEN, Session(words="other")):
        keeps = keeper(path)
        keeps.read()
        keeps.keep(session)
        keeps.stop()
        assert keeper(path).read() == (session, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["dashboard.json"]


def test_a_file_that_was_not_there_is_nothing_and_nothing_is_said(tmp_path: Path) -> None:
    assert keeper(tmp_path / "gone" / "dashboard.json").read() == (Session(), None)


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.json"
    path.write_bytes(dump(OPEN))
    before = path.stat().st_ino
    keeps = keeper(path)
    keeps.keep(keeps.read()[0])
    keeps.stop()
    assert path.stat().st_ino == before


@pytest.mark.parametrize("kind", ["garbage", "pipe", "link", "folder", "large"])
def test_what_is_not_a_session_is_ignored_with_a_remark(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "dashboard.json"
    if kind == "garbage":
        path.write_bytes(b"\x00garbage")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "other").write_bytes(dump(OPEN))
        path.symlink_to(tmp_path / "other")
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b" " * 100_000)
    session, remark = keeper(path).read()
    assert session == Session()
    assert remark
    assert remark.endswith("dashboard.json is ignored")


def test_a_place_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "state").write_text("a file where the directory should be")
    keeps = keeper(tmp_path / "state" / "dashboard.json", said)
    keeps.keep(OPEN)
    keeps.keep(Session())
    keeps.stop()
    assert len(said) == 1
    assert "what is open will not come back" in said[0]

"""The audit chain: every way to change one is found, and named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from wedtui.core.chain import (
    GENESIS,
    START,
    Anchor,
    Entry,
    Fault,
    Head,
    Link,
    Written,
    canonical,
    digest,
    instant_words,
    link_after,
    parse_anchors,
    understood,
    verify,
)

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
KEY = "0123456789abcdef"
SIGNATURE = "A" * 86 + "=="

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
entries = st.builds(
    Entry,
    at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])).filter(
        lambda at: 2 < at.year < 9998
    ),
    kind=st.sampled_from(["freeze.add", "failover.step", "audit.key", "x"]),
    person=st.sampled_from(["ada", "grâce", "uid 1000", '"', "service london"]),
    body=st.dictionaries(st.text(max_size=5), values, max_size=3),
    action=st.none() | st.sampled_from(["a-1", "a-2"]),
)


def chain(entries: Sequence[Entry], after: Head = START) -> list[Link]:
    links = []
    for entry in entries:
        links.append(link_after(after, entry))
        after = links[-1].head
    return links


def some(count: int) -> list[Link]:
    return chain([Entry(NOW + timedelta(seconds=n), "freeze.add", "ada", {"freeze": n}) for n in range(count)])


def written(links: Sequence[Link]) -> list[Written]:
    return [Written(link.number, link.content, link.hash) for link in links]


def anchor(link: Link) -> Anchor:
    return Anchor(link.number, link.hash, NOW, KEY, SIGNATURE)


def found(links: Sequence[Written], anchors: Sequence[Anchor] = ()) -> tuple[int, Fault] | None:
    bad = verify(links, anchors).bad
    return None if bad is None else (bad.number, bad.fault)


def test_a_link_by_hand() -> None:
    """What docs/audit.md promises: the hash is that of one line of JSON, which names the hash before it."""
    content = (
        '{"action":"a-7","at":"2026-06-03T09:00:00.000000Z","body":{"reason":"caf\\u00e9","shares":[60,40]},'
        f'"kind":"failover.step","number":1,"person":"ada","previous":"{"0" * 64}","version":1}}'
    )
    entry = Entry(NOW, "failover.step", "ada", {"shares": (60, 40), "reason": "café"}, "a-7")
    link = link_after(START, entry)
    assert (link.content, link.hash) == (content, hashlib.sha256(content.encode()).hexdigest())
    following = link_after(link.head, entry)
    assert (following.number, following.previous) == (2, link.hash)


@given(st.lists(entries, max_size=5))
def test_what_was_written_is_whole_and_says_what_was_recorded(recorded: list[Entry]) -> None:
    links = chain(recorded)
    verdict = verify(written(links), map(anchor, links))
    assert (verdict.bad, verdict.links) == (None, len(links))
    assert verdict.head == (links[-1].head if links else START)
    assert verdict.anchored == len(links)
    for entry, each in zip(recorded, written(links), strict=True):
        link = understood(each)
        assert (link.at, link.kind, link.person, link.action) == (entry.at, entry.kind, entry.person, entry.action)
        assert link.body == entry.body
        assert each.content is not None
        assert each.content.isascii()
        assert "\n" not in each.content


@examples(200)
@given(st.lists(entries, min_size=1, max_size=4), st.data())
def test_any_byte_that_is_changed_is_found_and_its_link_named(recorded: list[Entry], data: st.DataObject) -> None:
    links = written(chain(recorded))
    which = data.draw(st.integers(0, len(links) - 1))
    in_hash = data.draw(st.booleans())
    text = links[which].hash if in_hash else links[which].content
    assert text is not None
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=1, max_codepoint=255).filter(lambda c: c != text[at]))
    changed = text[:at] + other + text[at + 1 :]
    one = links[which]
    links[which] = replace(one, hash=changed) if in_hash else replace(one, content=changed)
    assert found(links) == (which + 1, Fault.CHANGED)


@given(st.integers(2, 8), st.data())
def test_any_link_that_is_taken_out_is_found(count: int, data: st.DataObject) -> None:
    links = some(count)
    which = data.draw(st.integers(0, count - 1))
    rest = written(links[:which] + links[which + 1 :])
    if which == count - 1:
        assert found(rest) is None  # nobody can tell, but for an anchor
        assert found(rest, [anchor(links[-1])]) == (count, Fault.TAIL_CUT)
    else:
        assert found(rest) == (which + 1, Fault.MISSING if which else Fault.HEAD_CUT)


@given(st.integers(2, 8), st.data())
def test_any_two_links_that_change_places_are_found(count: int, data: st.DataObject) -> None:
    links = written(some(count))
    one, two = sorted(data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)))
    links[one], links[two] = links[two], links[one]
    assert found(links) == (one + 1, Fault.REORDERED)


@given(st.integers(1, 8), st.data())
def test_any_link_that_is_there_twice_is_found(count: int, data: st.DataObject) -> None:
    links = written(some(count))
    which = data.draw(st.integers(0, count - 1))
    behind = data.draw(st.integers(which + 1, count))
    assert found([*links[:behind], links[which], *links[behind:]]) == (which + 1, Fault.DOUBLED)


@given(st.integers(1, 8), st.data())
def test_a_chain_that_was_written_anew_is_told_by_any_anchor_behind_the_change(count: int, data: st.DataObject) -> None:
    links = some(count)
    which = data.draw(st.integers(0, count - 1))
    forged = Entry(NOW, "freeze.add", "mallory", {"freeze": which})
    after = links[which - 1].head if which else START
    later = [Entry(each.at, each.kind, each.person, each.body) for each in links[which + 1 :]]
    anew = written([*links[:which], *chain([forged, *later], after)])
    assert found(anew) is None
    seen = data.draw(st.integers(which, count - 1))
    assert found(anew, [anchor(links[seen])]) == (seen + 1, Fault.REWRITTEN)
    assert found(anew, [anchor(each) for each in links[:which]]) is None


def test_one_link_that_was_written_anew_is_told_by_the_next() -> None:
    links = some(4)
    forged = link_after(links[0].head, Entry(NOW, "freeze.add", "mallory", {}))
    assert found(written([links[0], forged, *links[2:]])) == (3, Fault.REWRITTEN)


def test_the_sentences_name_the_link() -> None:
    links, one = written(some(5)), some(1)[0]
    texts = {
        "link 2 was changed: its hash is not that of what it says": [links[0], replace(links[1], hash="f" * 64)],
        "links 2 to 4 are missing: link 5 follows link 1": [links[0], links[4]],
        "the beginning was cut off: link 1 is missing, and the first that is there is link 2": links[1:],
        "link 2 was moved: link 3 stands before it": [links[0], links[2], links[1]],
        "link 1 is there more than once: it was copied behind link 2": [links[0], links[1], links[0]],
        "link 1 was changed (it stands there as 9): its hash is not that of what it says": [Written(9, None, "")],
    }
    for text, each in texts.items():
        bad = verify(each).bad
        assert bad is not None
        assert bad.text == text
    emptied = verify([], [anchor(one)]).bad
    assert emptied is not None
    assert emptied.text == (
        "the end was cut off: there is no link at all, and link 1 was anchored at 2026-06-03T09:00:00.000000Z"
    )


def test_an_empty_chain_is_whole() -> None:
    verdict = verify([])
    assert (verdict.bad, verdict.links, verdict.head) == (None, 0, START)


def test_a_part_begins_where_it_says() -> None:
    links = some(6)
    assert verify(written(links[3:]), map(anchor, links), after=links[2].head).bad is None
    cut = verify(written(links[4:]), after=links[2].head).bad
    assert cut is not None
    assert (cut.number, cut.fault) == (4, Fault.MISSING)
    other = verify(written(links[3:]), after=Head(3, "f" * 64)).bad
    assert other is not None
    assert (other.number, other.fault) == (4, Fault.REWRITTEN)


def test_a_link_of_a_later_version_is_not_believed() -> None:
    link = replace(some(1)[0], version=2)
    link = replace(link, hash=digest(link.content))
    assert found(written([link])) == (1, Fault.UNKNOWN_VERSION)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number", True),
        ("number", "1"),
        ("number", 1.0),
        ("at", 7),
        ("at", "2026-06-03T09:00:00Z"),
        ("at", "2026-06-03T10:00:00.000000+01:00"),
        ("at", "yesterday"),
        ("body", []),
        ("body", None),
        ("person", None),
        ("action", 1),
        ("version", "1"),
        ("more", 1),
    ],
)
def test_a_link_that_says_what_none_says_is_not_believed(key: str, value: Any) -> None:
    """Even where its hash is right: nothing of ours writes such a thing."""
    said = json.loads(some(1)[0].content)
    said[key] = value
    content = canonical(said)
    assert found([Written(1, content, digest(content))]) == (1, Fault.CHANGED)


@pytest.mark.parametrize("key", ["action", "at", "body", "kind", "number", "person", "previous", "version"])
def test_a_link_that_lacks_a_word_is_not_believed(key: str) -> None:
    said = json.loads(some(1)[0].content)
    del said[key]
    content = canonical(said)
    assert found([Written(1, content, digest(content))]) == (1, Fault.CHANGED)


def test_a_link_that_is_written_otherwise_is_not_believed() -> None:
    """Even where it says the same and its hash is right: of what was signed there is one way to write it."""
    content = some(1)[0].content
    for other in (content.replace(":", ": "), content.replace("{", '{"action":"a-1",', 1)):
        assert found([Written(1, other, digest(other))]) == (1, Fault.CHANGED)


@pytest.mark.parametrize("content", ["[]", "", "7", "{", "[" * 100_000, '{"a":1e999}', '{"n":' + "9" * 5000 + "}"])
def test_what_is_no_link_is_said(content: str) -> None:
    assert found([Written(1, content, digest(content))]) == (1, Fault.CHANGED)
    assert found([Written(1, "é", "0" * 64)]) == (1, Fault.CHANGED)


@pytest.mark.parametrize("spaced", ['{"a": 1}', '{"b":1,"a":1}', '{"a":1,"a":1}', '{"a":"é"}', '{"a":1E2}'])
def test_there_is_one_way_to_write_it(spaced: str) -> None:
    assert canonical(json.loads(spaced)) != spaced


@pytest.mark.parametrize(
    "entry",
    [
        Entry(NOW, "Freeze", "ada", {}),
        Entry(NOW, "", "ada", {}),
        Entry(NOW, "a", "", {}),
        Entry(NOW, "a", "a\nb", {}),
        Entry(NOW, "a", "ada", {}, "\x1b[2J"),
        Entry(NOW, "a", "ada", {}, ""),
        Entry(NOW.replace(tzinfo=None), "a", "ada", {}),
        Entry(NOW, "a", "ada", {"x": float("nan")}),
        Entry(NOW, "a", "ada", {"x": {1, 2}}),
        Entry(NOW, "a", "ada", {"x": [{1: "one"}]}),
        Entry(NOW, "a", "ada", {"x": ({None: 1},)}),
    ],
)
def test_what_cannot_be_recorded_is_refused(entry: Entry) -> None:
    with pytest.raises((ValueError, TypeError)):
        link_after(START, entry)


def test_anchors_are_found_in_any_log() -> None:
    one, two = map(anchor, some(2))
    lines = [
        f"Jun  3 09:00:00 host wedtui-audit: {one.line}",
        f"cut {two.line[:60]}{two.line}",
        "wedtui-audit-1 7 not an anchor",
        one.line.replace("2026-06-03", "2026-16-03"),
    ]
    assert list(parse_anchors(lines)) == [one, two]


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_always_as_long_and_comes_back(at: datetime) -> None:
    assert len(instant_words(at)) == len("2026-06-03T09:00:00.000000Z")
    assert datetime.fromisoformat(instant_words(at)) == at


def test_the_first_link_names_nothing() -> None:
    assert Head(0, GENESIS) == START
    assert some(1)[0].previous == "0" * 64

"""JSON by HTTP: lists, pages, and whom a next page may name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.providers.faults import FaultServer, answer, in_turn
from tests.providers.weddings.base import Source, read, references, refused, rows_of, weddings

GOOD: dict[str, Any] = {
    "reference": "a",
    "venue": "Hall",
    "zone": "Europe/London",
    "start": "2026-06-06T14:00",
    "end": "2026-06-06T23:00+01:00",
    "guests": 80,
    "couple": "Anna & Tom",
}


def page(*names: str, **more: Any) -> bytes:
    return json.dumps({"weddings": [{**GOOD, "reference": name} for name in names], **more}).encode()


def asked(server: FaultServer, path: str = "/w", **more: Any) -> Any:
    return read(server.url(path), kind="json", **more)


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (page("a", "b"), {}),
        (json.dumps([GOOD, {**GOOD, "reference": "b"}]).encode(), {}),
        (json.dumps({"data": {"rows": [GOOD, {**GOOD, "reference": "b"}]}}).encode(), {"list": "data.rows"}),
    ],
)
def test_lists(body: bytes, more: dict[str, Any]) -> None:
    with FaultServer({"/w": answer(body)}) as server:
        found = weddings(asked(server, **more))
    assert [each["reference"] for each in found] == ["a", "b"]
    assert found[0]["guests"] == 80
    assert "Anna" not in str(found)


def test_pages_are_followed_to_the_last() -> None:
    pages = {
        "/w": answer(page("a", "b", next="/w2?page=2"), headers={"ETag": '"one"'}),
        "/w2": answer(page("c", next="w3")),
        "/w3": answer(page("d", next=None), headers={"Link": '</w4>; rel="next"'}),
        "/w4": answer(page("e"), headers={"Link": '</w>; rel="prev"'}),
    }
    with FaultServer(pages) as server:
        seen = asked(server)
        assert [request.target for request in server.requests] == ["/w", "/w2?page=2", "/w3", "/w4"]
    assert references(seen) == ["a", "b", "c", "d", "e"]
    # The tag of the first page says nothing about the others.
    assert seen.mark is None


def test_one_page_that_did_not_change() -> None:
    faults = in_turn(answer(page("a"), headers={"ETag": '"one"'}), answer(status="304 Not Modified"))
    with FaultServer({"/w": faults}) as server, Source(server.url("/w"), kind="json") as source:
        first = source.read()
        with rows_of(first):
            first.told(True)
        again = source.read()
    assert (again.rows, again.problem, again.began_at) == (None, None, 'etag "one"')


@pytest.mark.parametrize(
    ("following", "problem"),
    [
        ("http://elsewhere.example.com/w", "its next page is on another server, which is not asked"),
        ("//elsewhere.example.com/w", "its next page is on another server, which is not asked"),
        ("https://127.0.0.1/w", "its next page is on another server, which is not asked"),
        ("file:///etc/passwd", "its next page is on another server, which is not asked"),
        (["/w"], "next: expected the URL of the next page, or nothing"),
        ("/w\0", "next: expected the URL of the next page, or nothing"),
        ("/w", "its page 1 names a next one that was read already: correct the API"),
    ],
)
def test_next_pages_that_are_not_followed(following: object, problem: str) -> None:
    with FaultServer({"/w": answer(page("a", next=following))}) as server:
        assert refused(asked(server)) == problem
        assert len(server.requests) == 1


def test_a_page_that_fails_costs_the_whole_reading() -> None:
    with FaultServer({"/w": answer(page("a", next="/gone"))}) as server:
        assert refused(asked(server)) == "answered with status 404, expected 200"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>Please log in", "it sent an HTML page, perhaps of a login: check its URL and its headers"),
        (b"{", "it sent something that is not JSON: check its URL and its headers"),
        (b"[" * 200_000, "it sent something that is not JSON: check its URL and its headers"),
        (b'{"Anna": 1}', "it has no list weddings: name the key of its list (`list`)"),
        (b"17", "it has no list weddings: name the key of its list (`list`)"),
    ],
    ids=["page", "cut", "deep", "no list", "number"],
)
def test_what_is_no_list(body: bytes, problem: str) -> None:
    with FaultServer({"/w": answer(body)}) as server:
        assert refused(asked(server)) == problem


def test_a_page_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wedtui.providers.weddings.fetching.PAGE_AT_MOST", 1_000_000)
    with FaultServer({"/w": answer(b"[" + b" " * 1_000_001 + b"]")}) as server:
        assert refused(asked(server)) == (
            "answered with more than 1 MB in one page: make its pages smaller, or send a CSV"
        )


def test_rows_that_cannot_be_used() -> None:
    bad = [17, {**GOOD, "venue": {"name": "Anna"}}, {**GOOD, "guests": True}, {**GOOD, "guests": 1e400}, {}, None]
    body = json.dumps([GOOD, *bad])
    with FaultServer({"/w": answer(body.encode())}) as server, rows_of(asked(server)) as stage:
        assert stage.examples == [
            "row 2: row: expected an object",
            "row 3: venue: expected text or a number",
            "row 4: guests: expected a whole number, not negative",
            "row 5: guests: expected a whole number, not negative",
            "row 6: reference: expected 1 to 200 printable characters",
            "row 7: row: expected an object",
        ]
        assert stage.weddings == 1


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_bytes(page("a", next="/never"))
    assert references(read(str(path), kind="json")) == ["a"]
    assert "cannot be read" in refused(read(str(tmp_path / "gone.json"), kind="json"))

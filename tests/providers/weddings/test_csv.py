"""CSV from files and servers: every line is judged, none is lost in silence, and memory stays where it is."""

from __future__ import annotations

import gc
import os
import sqlite3
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.providers.faults import Fault, FaultServer, answer, close, drip, in_turn, refusing_port, then_hang
from tests.providers.weddings.base import (
    NOW,
    MovedClock,
    Source,
    csv_text,
    lines,
    read,
    references,
    refused,
    rows_of,
    section,
    weddings,
)
from wedtui.cache.wedding_sources import configured_row
from wedtui.providers.weddings import csv_source


def of_file(tmp_path: Path, data: bytes, **more: Any) -> Any:
    path = tmp_path / "weddings.csv"
    path.write_bytes(data)
    return read(str(path), **more)


def test_a_file(tmp_path: Path) -> None:
    seen = of_file(tmp_path, csv_text(*lines(2)))
    assert (seen.source, seen.at, seen.began_at) == ("main", NOW, None)
    first, second = weddings(seen)
    assert (first["reference"], second["reference"]) == ("w-0", "w-1")
    assert (first["venue"], first["culture"], first["guests"]) == ("Hotel Bristol", "indian", 600)


def test_columns_of_other_names_in_another_order_and_some_missing(tmp_path: Path) -> None:
    data = "﻿Bis;Von; id ;Name des Paares\n2026-06-06;2026-06-06;x;Anna und Tom\n".encode()
    columns = {"reference": "id", "start": "Von", "end": "Bis"}
    (found,) = weddings(of_file(tmp_path, data, columns=columns, delimiter=";", culture="greek"))
    assert (found["reference"], found["culture"], found["guests"]) == ("x", "greek", 300)
    assert "Anna" not in str(found)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is empty: expected a header with the names of its columns"),
        (b"\xff\xfe\x00", "it is not UTF-8 text, near line 1: export it as UTF-8"),
        (
            csv_text(*lines(20_000), "x,Caf\xe9,,,2026-06-06,,,").decode().encode("latin-1"),
            "it is not UTF-8 text, near line",
        ),
        (b"id,begin,stop\n", "it has no column reference, start, end: name its columns in [weddings.sources.columns]"),
        (b"reference,start,end,start\n", "it has several columns start: name them apart"),
        (csv_text('w,"never closed', *lines(30)), "a quote that opens near line 2 is not closed: correct the file"),
        (csv_text('w,"never closed', *lines(2)), "its CSV cannot be read at line 4"),
        (
            csv_text('w,"' + ("x" * 60_000 + "\n") * 3 + '"'),
            "its CSV cannot be read at line 4: field larger than field limit",
        ),
    ],
    ids=["empty", "utf-16", "latin-1", "columns", "twice", "quote", "end", "long"],
)
def test_what_cannot_be_read_whole_gives_nothing(tmp_path: Path, data: bytes, problem: str) -> None:
    assert refused(of_file(tmp_path, data)).startswith(problem)


def test_a_source_without_zones_says_so(tmp_path: Path) -> None:
    said = refused(of_file(tmp_path, b"reference,start,end\n", zone=None))
    assert said.startswith("it has no column zone")
    assert "needs one of its own" in said


def test_a_bad_row_is_reported_with_its_line_and_costs_itself_alone(tmp_path: Path) -> None:
    good = lines(20)
    data = csv_text(
        *good,
        "x1,Hall,,Mars/Olympus,2026-06-06,,,",
        "x2,Hall,,Europe/London,2026-06-06T14:00,2026-06-06T13:00,,",
        "x3,Hall,,Europe/London,2026-06-06,,,100000",
        "x4,Hall,,Europe/London,2026-06-06,,,-5",
        ",Hall,,Europe/London,2026-06-06,,,",
        "x5,Anna,Karenina",
        "x6,Hotel Bristol, London,hotel,Europe/London,2026-06-06,,,",
        'x7,Hotel "Bristol" inn,,Europe/London,2026-06-06,,,',
        'x8,"Hotel" Bristol,,Europe/London,2026-06-06,,,',
        "",
        "x9,Hall,,Europe/London,2026-06-06,,elvish,",
    )
    seen = of_file(tmp_path, data)
    with rows_of(seen) as stage:
        assert stage.examples == [
            "line 22: zone: expected an IANA time zone",
            "line 23: end: expected an end after the start",
            "line 25: guests: expected a whole number, not negative",
            "line 26: reference: expected 1 to 200 printable characters",
            "line 27: row: expected 8 columns, as in the header",
            "line 28: row: expected 8 columns, as in the header",
            "line 30: row: expected quotes around whole cells only",
        ]
        assert stage.notes[0] == "line 24: guests: expected at most 10,000, and counts as that many"
        assert stage.notes[1].startswith("line 32: culture: expected one of indian, nigerian, chinese, greek, jewish")
        assert (stage.rows, stage.rejected, stage.weddings) == (30, 7, 23)
        assert stage.nameless == 2
        assert stage.unknown_cultures == 1


def test_lines_are_those_of_the_file_also_where_cells_have_several(tmp_path: Path) -> None:
    data = csv_text('w-1,"Hotel\nBristol",,Europe/London,2026-06-06,,,', "w-2,,,Mars,2026-06-06,,,")
    with rows_of(of_file(tmp_path, data)) as stage:
        assert stage.examples == ["line 4: zone: expected an IANA time zone"]


def test_memory_stays_where_it_is_however_long_the_file_is(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        path.write_bytes(csv_text(*lines(count)))
        gc.collect()
        tracemalloc.start()
        try:
            with rows_of(read(str(path))) as stage:
                assert stage.weddings == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    assert peak(60_000) < 1.5 * peak(15_000)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_line_that_is_too_long_costs_itself_alone(tmp_path: Path, ending: bytes) -> None:
    long = "w-1," + "Anna" * 40_000 + ",,Europe/London,2026-06-06,,,"
    for place in range(3):
        given = lines(3)
        given[place] = long
        seen = of_file(tmp_path, csv_text(*given).replace(b"\n", ending))
        with rows_of(seen) as stage:
            assert stage.examples == [f"line {place + 2}: row: expected at most 65,536 characters a line"]
            assert (stage.rows, stage.weddings, stage.nameless) == (3, 2, 1)


def test_a_line_may_be_nearly_as_long_and_a_quoted_one_has_its_place(tmp_path: Path) -> None:
    whole = ["w-1,", "V" * 65_000, ",hotel,Europe/London,2026-06-06,,,"]
    quoted = 'w-2,"Hall\n' + "V" * 70_000 + '\nof three lines",,Europe/London,2026-06-06,,,'
    with rows_of(of_file(tmp_path, csv_text("".join(whole), quoted, *lines(1)))) as stage:
        assert stage.examples == ["line 5: row: expected at most 65,536 characters a line"]
        assert stage.references("") == ["w-0", "w-1"]


def test_a_header_without_end(tmp_path: Path) -> None:
    said = refused(of_file(tmp_path, b"Anna," * 20_000 + b"\n"))
    assert said == "its header is longer than 65,536 characters: expected a line for each row"


def test_memory_stays_where_it_is_however_long_a_line_is(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_bytes(csv_text(*lines(2)) + b"x" * 30_000_000)
    tracemalloc.start()
    try:
        with rows_of(read(str(path))) as stage:
            assert (stage.weddings, stage.rejected) == (2, 1)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_what_is_fetched_has_no_name_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[list[Path]] = []
    inner = csv_source.csv_rows

    def listening(*given: Any) -> Any:
        seen.append(list(tmp_path.iterdir()))
        return inner(*given)

    monkeypatch.setattr(csv_source, "csv_rows", listening)
    with FaultServer({"/w.csv": answer(csv_text(*lines(3)))}) as server:
        assert len(references(read(server.url("/w.csv")))) == 3
    # Whatever ends the process takes it along.
    assert seen == [[]]


def test_from_a_server_with_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALENDAR_TOKEN", "tell-nobody")
    with FaultServer({"/w.csv": answer(csv_text(*lines(3)))}) as server:
        seen = read(server.url("/w.csv?key=k"), headers={"Authorization": {"env": "CALENDAR_TOKEN"}})
        (request,) = server.requests
    assert references(seen) == ["w-0", "w-1", "w-2"]
    assert request.headers["authorization"] == "tell-nobody"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (answer(status="404 Not Found"), "answered with status 404, expected 200"),
        (answer(status="401 Unauthorized"), "answered with status 401, expected 200"),
        (
            answer(status="302 Found", headers={"Location": "/login?key=secret"}),
            "answered with status 302, a redirect, which is not followed, expected 200",
        ),
        (close, "connection closed before its answer was complete"),
        (answer(csv_text(*lines(3)), length=9_999), "connection closed before its answer was complete"),
        (answer(b"\x1f\x8b\x08 nothing", headers={"Content-Encoding": "gzip"}), "answered with what cannot be read"),
        (then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), "timed out after 0.15 s"),
        (answer(b"<html>Please log in</html>"), "it has no column reference, start, end"),
    ],
)
def test_servers_that_fail(fault: Fault, problem: str) -> None:
    timeout = "150ms" if problem.startswith("timed out") else "20s"
    with FaultServer({"/secret.csv": fault}) as server:
        said = refused(read(server.url("/secret.csv"), timeout=timeout))
    assert said.startswith(problem)
    assert "secret" not in said


def test_a_server_that_never_ends_is_left_at_the_deadline() -> None:
    with FaultServer({"/w.csv": drip}) as server:
        said = refused(read(server.url("/w.csv"), deadline="1s"))
    assert said == "was not read within 1 s: raise its deadline"


def test_nobody_listens() -> None:
    with refusing_port() as port:
        assert refused(read(f"http://127.0.0.1:{port}/w.csv")) == "connection refused"


def test_what_did_not_change_is_not_read_again_until_everything_is() -> None:
    tagged = answer(csv_text(*lines(2)), headers={"ETag": '"one"'})
    unchanged = answer(b"", status="304 Not Modified")
    clock = MovedClock()
    with (
        FaultServer({"/w.csv": in_turn(tagged, unchanged, tagged)}) as server,
        Source(server.url("/w.csv"), clock, in_full="1h") as source,
    ):
        first = source.read()
        assert (references(first), first.mark) == (["w-0", "w-1"], 'etag "one"')
        first.told(True)
        second = source.read()
        assert (second.rows, second.problem, second.began_at, second.mark) == (None, None, first.mark, first.mark)
        assert server.requests[1].headers["if-none-match"] == '"one"'
        second.told(True)
        clock.passed = 3600
        assert references(source.read()) == ["w-0", "w-1"]
        assert "if-none-match" not in server.requests[2].headers


def test_a_reading_that_was_not_taken_is_followed_by_a_whole_one() -> None:
    dated = answer(csv_text(*lines(2)), headers={"Last-Modified": "yesterday"})
    with FaultServer({"/w.csv": dated}) as server, Source(server.url("/w.csv")) as source:
        for taken in (True, False, True):
            seen = source.read()
            with rows_of(seen):
                seen.told(taken)
        assert [request.headers.get("if-modified-since") for request in server.requests] == [None, "yesterday", None]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing, pipe = tmp_path / "missing.csv", tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert refused(read(str(missing))) == f"its file {missing} cannot be read: no such file or directory"
    assert refused(read(f"file://{pipe}")) == f"{pipe} is not a regular file"
    assert refused(read(str(tmp_path))) == f"{tmp_path} is not a regular file"


def test_no_room_for_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.csv"
    path.write_bytes(csv_text(*lines(3)))

    def fails(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("wedtui.cache.wedding_stage.Stage.take", fails)
    assert "make room for temporary files" in refused(read(str(path)))


def test_schedule_and_name() -> None:
    with Source("/w.csv", interval="10m", deadline="5m") as source:
        target = source.target
    assert target.key == "weddings main"
    assert target.schedule.interval is not None
    assert target.schedule.interval.total_seconds() == 600
    assert target.schedule.deadline.total_seconds() == 310
    (seen,) = target.gave_up("why")
    assert (seen.source, seen.problem, seen.at) == ("main", "why", NOW)
    # As the cache has it of what is configured.
    assert seen.address == configured_row(0, section("/w.csv"))["address"]


def test_more_rows_than_can_be_kept_are_refused_whole_and_as_many_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedtui.providers.weddings.target.MOST_ROWS", 30)
    with rows_of(of_file(tmp_path, csv_text(*lines(30)))) as stage:
        assert stage.rows == 30
    assert refused(of_file(tmp_path, csv_text(*lines(31)))) == "it has more than 30 rows: leave out what is long over"

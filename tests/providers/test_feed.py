"""Feeds from servers and files; what a calendar means is tested in `test_calendar`."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.faults import Fault, FaultServer, answer, close, flood, refusing_port, then_hang
from wedtui.clock import SystemClock
from wedtui.config import FeedSection
from wedtui.core.freeze import Origin, Period
from wedtui.core.observation import FeedObservation
from wedtui.core.redact import address_of
from wedtui.providers.feed import FeedTarget

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CALENDAR = b"""\
BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//venues//freeze//EN\r
BEGIN:VEVENT\r
UID:1@venues.example.com\r
DTSTAMP:20260101T000000Z\r
SUMMARY:Royal wedding\r
DTSTART:20260723T000000Z\r
DTEND:20260726T000000Z\r
END:VEVENT\r
END:VCALENDAR\r
"""
ROYAL = Period(
    "Royal wedding",
    datetime(2026, 7, 23, tzinfo=UTC),
    datetime(2026, 7, 26, tzinfo=UTC),
    Origin.FEED,
    frozenset({"production", "staging"}),
    frozenset({"rsvp"}),
)


class StillClock(SystemClock):
    """The time of day stands still; waiting is real."""

    def now(self) -> datetime:
        return NOW


def feed(url: str, **more: Any) -> FeedTarget:
    scope = {"environments": ["production", "staging"], "services": ["rsvp"]}
    section = {"name": "venues", "url": url, "timeout": "5s", **scope, **more}
    return FeedTarget(FeedSection.model_validate(section), StillClock())


def read(url: str, **more: Any) -> FeedObservation:
    async def once() -> FeedObservation:
        target = feed(url, **more)
        try:
            (observation,) = await target.observe()
        finally:
            await target.close()
        return observation

    return asyncio.run(once())


def test_a_feed_from_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_TOKEN", "tell-nobody")
    with FaultServer({"/freeze.ics": answer(CALENDAR)}) as server:
        seen = read(server.url("/freeze.ics?key=secret"), headers={"Authorization": {"env": "FEED_TOKEN"}})
        (request,) = server.requests
        where = address_of("venues", server.url("/freeze.ics?key=secret"))
    assert seen == FeedObservation("venues", NOW, periods=(ROYAL,), address=where)
    assert request.headers["authorization"] == "tell-nobody"
    assert request.target == "/freeze.ics?key=secret"


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_feed_from_a_file(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "freeze.ics"
    path.write_bytes(CALENDAR)
    assert read(f"{prefix}{path}").periods == (ROYAL,)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (answer(status="404 Not Found"), "answered with status 404, expected 200"),
        (answer(status="500 Internal Server Error"), "answered with status 500, expected 200"),
        (
            answer(status="302 Found", headers={"Location": "/login?key=secret"}),
            "answered with status 302, a redirect, which is not followed, expected 200",
        ),
        (close, "connection closed before its answer was complete"),
        (flood, "answered with more than 5 MB"),
        (then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + CALENDAR), "timed out after 0.15 s"),
    ],
)
def test_a_feed_that_cannot_be_fetched(fault: Fault, problem: str) -> None:
    # A flood takes as long as the machine needs for 5 MB.
    timeout = "150ms" if problem.startswith("timed out") else "20s"
    with FaultServer({"/secret.ics": fault}) as server:
        seen = read(server.url("/secret.ics"), timeout=timeout)
    assert (seen.periods, seen.problem, seen.at) == (None, problem, NOW)


def test_a_feed_that_refuses() -> None:
    with refusing_port() as port:
        assert read(f"http://127.0.0.1:{port}/secret.ics").problem == "connection refused"


def test_what_is_no_calendar_says_so_without_repeating_the_name() -> None:
    with FaultServer({"/freeze.ics": answer(b"<html>Please log in</html>")}) as server:
        seen = read(server.url("/freeze.ics"))
    assert seen.periods is None
    assert seen.problem
    assert "venues" not in seen.problem


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing, folder, pipe, huge = (tmp_path / name for name in ("missing.ics", "folder", "pipe", "huge.ics"))
    folder.mkdir()
    os.mkfifo(pipe)
    with huge.open("wb") as file:
        file.truncate(6_000_000)
    assert read(str(missing)).problem == f"its file {missing} cannot be read: no such file or directory"
    assert read(str(folder)).problem == f"{folder} is not a regular file"
    assert read(str(pipe)).problem == f"{pipe} is not a regular file"
    assert read(str(huge)).problem == f"its file {huge} is larger than 5 MB"


def test_the_deadline_leaves_time_to_work_out_the_calendar() -> None:
    target = feed("https://calendar.example.com/freeze.ics", interval="10m")
    assert target.key == "feed venues"
    assert target.schedule.interval == timedelta(minutes=10)
    assert target.schedule.deadline == timedelta(seconds=25)
    assert target.gave_up("why") == (
        FeedObservation(
            "venues", NOW, problem="why", address=address_of("venues", "https://calendar.example.com/freeze.ics")
        ),
    )

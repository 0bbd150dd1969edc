"""The log as a file: a line that finds no room is lost as a whole, counted and told, and spoils no other."""

from __future__ import annotations

import json
import logging
import resource
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.store.processes import in_process
from wedtui.poller.log import LogFile, set_up_logging

LINES = 40


def write_until_limited(pipe: Connection[int, int], path: str, max_bytes: int, before: int, limit: int) -> None:
    log = structlog.get_logger("wedtui.test")
    file = set_up_logging(Path(path), level="info", max_bytes=max_bytes)
    assert file is not None
    told: list[str | None] = []
    file.tell = told.append
    for number in range(before):
        log.info("line", number=number)
    # In the middle of a line: what a quota or a disk takes of it is half of it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for number in range(before, LINES):
        log.info("line", number=number)
    assert told[-1:] == [f"lines of the log are lost: {path} cannot be written, look at its disk"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.info("again")
    log.info("and again")
    assert told[-1:] == [None]
    pipe.send(file.lost)


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("max_bytes", "before", "limit"),
    [
        (1_000_000, 0, 1_000),
        # The first line after the file was set aside: how long the former was says nothing of the new one.
        (500, 5, 10),
    ],
)
def test_lines_that_find_no_room_are_counted_and_spoil_no_other(
    tmp_path: Path, max_bytes: int, before: int, limit: int
) -> None:
    (lost,) = in_process(write_until_limited, str(tmp_path / "service.log"), max_bytes, before, limit)
    # The oldest has the highest number.
    written = [line for file in sorted(tmp_path.iterdir(), reverse=True) for line in lines(file)]
    kept = [line["number"] for line in written if line["event"] == "line"]
    assert kept == list(range(LINES - lost))
    assert 0 < lost < LINES
    rest = written[len(kept) :]
    assert [line["event"] for line in rest] == ["again", "lines of the log were lost: they found no room", "and again"]
    assert rest[1]["lost"] == lost


def test_a_mistake_in_a_line_is_no_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "service.log"
    told: list[str | None] = []
    file = LogFile(path, max_bytes=1_000_000)
    file.tell = told.append
    for message in ("%d", "good"):
        file.handle(logging.LogRecord("wedtui", logging.INFO, "", 0, message, ("x",) if "%" in message else (), None))
    file.close()
    assert (told, file.lost, path.read_text()) == ([], 0, "good\n")
    assert "TypeError" in capsys.readouterr().err

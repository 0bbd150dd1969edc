"""One share everywhere: the live one with its age, the configured one where they differ, and what is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.emergency import reading
from tests.pictures import NOW, SECOND, picture
from wedtui.cli.render import picture_json, picture_text
from wedtui.core.live_share import share_of
from wedtui.core.picture import Picture
from wedtui.core.traffic_facts import TrafficFacts
from wedtui.tui.board import Board
from wedtui.tui.draw.detail import detail_rows
from wedtui.tui.draw.providers import provider_row, shares_note
from wedtui.tui.plain import answers
from wedtui.tui.plain.changes import announce
from wedtui.tui.wall.tiles import tile

READ = TrafficFacts("www.example.com.", "route53", 10 * SECOND)


def world(shares: dict[str, int] | None, age: float = 4, problem: str | None = None) -> Picture:
    """aws has weight 60 by the configuration."""
    read = None if shares is None else reading(shares, at=NOW - age * SECOND)
    return replace(picture(), traffic=replace(READ, reading=read, problem=problem))


MOVED = world({"aws": 0, "gcp": 100})
SAME = world({"aws": 60, "gcp": 40})
OLD = world({"aws": 0, "gcp": 100}, 48)
FAILED = world({"aws": 60, "gcp": 40}, 9, "it did not answer")
OFF = world({"gcp": 100})
NEVER = world(None)
NONE = picture()


@pytest.mark.parametrize(
    ("seen", "words", "brief"),
    [
        (MOVED, "live share 0 %, read 4 s ago, configured 60 %", "0 % 4s (conf 60 %)"),
        (SAME, "live share 60 %, read 4 s ago", "60 % 4s"),
        (OLD, "live share UNKNOWN, last (0 %), read 48 s ago, configured 60 %", "(0 %) 48s (conf 60 %)"),
        (FAILED, "live share UNKNOWN, last (60 %), read 9 s ago, configured 60 %", "(60 %) 9s"),
        (OFF, "live share OFF, read 4 s ago, configured 60 %", "OFF 4s (conf 60 %)"),
        (NEVER, "live share UNKNOWN, never read, configured 60 %", "? never read"),
        (NONE, "configured weight 60 %", "60 %"),
    ],
)
def test_a_share_is_the_live_one_with_its_age(seen: Picture, words: str, brief: str) -> None:
    aws = seen.provider("aws")
    assert aws is not None
    share = share_of(seen.traffic, aws.evidence, NOW)
    assert (share.words(NOW), share.brief(NOW)) == (words, brief)


def _text(lines: object) -> str:
    """Return what is drawn, whatever it is wrapped in."""
    if isinstance(lines, str):
        return lines
    if isinstance(lines, tuple) and len(lines) == 2 and isinstance(lines[0], str):
        return lines[0]
    return " ".join(_text(each) for each in getattr(lines, "line", lines))  # type: ignore[attr-defined]


def _board(seen: Picture) -> Board:
    return Board(NOW, seen)


def _aws(seen: Picture) -> object:
    return seen.provider("aws")


SURFACES: dict[str, Callable[[Picture], str]] = {
    "table": lambda seen: _text(provider_row(_board(seen), seen.provider("aws"), 120).line),  # type: ignore[arg-type]
    "drill-down": lambda seen: " ".join(_text(row.line) for row in detail_rows(_board(seen), "aws", 120)),
    "plain list": lambda seen: " ".join(answers.providers(_board(seen), "aws")),
    "plain one": lambda seen: " ".join(answers.provider(_board(seen), seen.provider("aws"))),  # type: ignore[arg-type]
    "wall": lambda seen: _text(tuple(tile(_board(seen), seen.provider("aws"), 100, 12))),  # type: ignore[arg-type]
    "wall line": lambda seen: _text(tuple(tile(_board(seen), seen.provider("aws"), 100, 1))),  # type: ignore[arg-type]
    "status": picture_text,
}


@pytest.mark.parametrize("surface", SURFACES)
def test_every_place_shows_the_live_share_and_brackets_an_old_one(surface: str) -> None:
    show = SURFACES[surface]
    assert "0%" in show(MOVED).replace(" ", "")
    assert "(0%)" not in show(MOVED).replace(" ", "")
    assert "(0%)" in show(OLD).replace(" ", "")
    assert "(60%)" in show(FAILED).replace(" ", "")
    if surface != "table":
        assert "60 %)" in show(MOVED) or "configured 60 %" in show(MOVED)
        assert "4 s" in show(MOVED) or "4s" in show(MOVED)


def test_json_keeps_the_configured_weight_and_adds_the_live_share() -> None:
    aws = picture_json(MOVED)["providers"][0]
    assert aws["weight"] == 60
    assert aws["traffic"] == {
        "backend": "route53",
        "state": "ON",
        "share": 0,
        "read_at": "2026-06-20T12:00:01Z",
        "age_s": 4.0,
        "fresh": True,
        "as_configured": False,
    }
    assert picture_json(NONE)["providers"][0]["traffic"] is None
    never = picture_json(NEVER)["providers"][0]["traffic"]
    assert (never["state"], never["share"], never["as_configured"]) == ("UNKNOWN", None, None)


@pytest.mark.parametrize(
    ("seen", "note"),
    [
        (MOVED, "shares 4s"),
        (OLD, "shares not read for 48s"),
        (FAILED, "shares not read for 9s"),
        (NEVER, "shares UNKNOWN, never read"),
        (NONE, ""),
    ],
)
def test_the_table_says_how_old_its_shares_are(seen: Picture, note: str) -> None:
    assert _text(shares_note(_board(seen))).strip() == note


def test_a_picture_that_nobody_judges_shows_its_shares_as_old() -> None:
    late = Board(NOW + timedelta(seconds=7), MOVED)
    aws = MOVED.provider("aws")
    assert aws is not None
    assert late.share(aws).figure == "(0 %)"


def test_a_change_of_the_live_share_is_told_on_plain_terminals() -> None:
    told = announce(_board(SAME), _board(MOVED))
    assert any("aws has live share 0 %, read 4 s ago, configured 60 %, was 60 %" in text for text in told)


@pytest.mark.parametrize("width", [50, 80, 160])
def test_of_a_share_nothing_is_cut_on_a_narrow_screen(width: int) -> None:
    rows = ["".join(text for text, _ in row.line) for row in detail_rows(_board(MOVED), "aws", width)]
    assert "live share 0 %, read 4 s ago, configured 60 %" in " ".join(" ".join(rows).split())
    assert all(len(row) <= width for row in rows if "share" in row or "configured" in row)


def test_a_narrow_tile_has_the_share_whole() -> None:
    provider = MOVED.provider("aws")
    assert provider is not None
    lines = [_text(line) for line in tile(_board(MOVED), provider, 36, 14)]
    assert any("share 0 % 4s (conf 60 %)" in line for line in lines)

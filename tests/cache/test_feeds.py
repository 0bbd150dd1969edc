from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, configuration, configure, event, feed, reading, unrecorded, writing
from tests.places import PLACES
from wedtui.cache.kind import CACHE
from wedtui.config import Configuration
from wedtui.core.freeze import Feed, FreezeFacts, feed_notes, verdict
from wedtui.core.observation import FeedObservation
from wedtui.core.redact import address_of
from wedtui.errors import ConflictError, NotFoundError

VENUES = Feed("venues", environments=frozenset({"production"}))


def stored(path: Path) -> Feed:
    with reading(path) as reader:
        (found,) = reader.freeze_feeds()
        return found


def names(found: Feed) -> str:
    return "".join(period.name for period in found.periods)


def test_a_good_reading_comes_back_whole(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        assert stored(tmp_path / "c.db") == VENUES
        assert writer.record([feed(NOW, "ab")]) == 0
    assert stored(tmp_path / "c.db") == replace(VENUES, periods=(event("a"), event("b")), last_good_at=NOW)


def test_an_unreadable_feed_keeps_the_last_good_reading_and_its_age(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([feed(NOW, "ab"), feed(NOW + SECOND, None, "it is not a calendar")])
    assert stored(tmp_path / "c.db") == replace(
        VENUES, periods=(event("a"), event("b")), last_good_at=NOW, problem="it is not a calendar"
    )


@pytest.mark.parametrize(
    ("before", "fresh", "taken"),
    [("abcd", "ab", True), ("abcd", "a", False), ("abcd", "", False), ("abcd", "abcdef", True), ("", "", True)],
)
def test_a_feed_that_lost_more_than_half_is_questioned(tmp_path: Path, before: str, fresh: str, taken: bool) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([feed(NOW, before)])
        writer.record([feed(NOW + SECOND, fresh)])
    found = stored(tmp_path / "c.db")
    assert names(found) == (fresh if taken else before)
    assert found.last_good_at == (NOW + SECOND if taken else NOW)
    assert found.questioned is not taken
    assert (found.problem is None) is taken
    if not taken:
        assert "wedtui freeze accept venues" in (found.problem or "")


def test_a_question_goes_when_the_events_come_back(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([feed(NOW, "abcd"), feed(NOW + SECOND, "a"), feed(NOW + 2 * SECOND, "abcd")])
    found = stored(tmp_path / "c.db")
    assert (found.questioned, found.problem, found.last_good_at) == (False, None, NOW + 2 * SECOND)


def test_a_person_accepts_the_next_good_reading_and_only_that(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([feed(NOW, "abcd"), feed(NOW + SECOND, "")])
        writer.accept_feed("venues", unrecorded)
        writer.record([feed(NOW + 2 * SECOND, None, "timed out")])
        assert names(stored(tmp_path / "c.db")) == "abcd"
        writer.record([feed(NOW + 3 * SECOND, "efgh")])
        assert names(stored(tmp_path / "c.db")) == "efgh"
        writer.record([feed(NOW + 4 * SECOND, "")])
        assert names(stored(tmp_path / "c.db")) == "efgh"
        assert stored(tmp_path / "c.db").questioned


def test_accepting_a_feed_that_is_not_configured(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, pytest.raises(NotFoundError, match='no freeze feed "gone"'):
        writer.accept_feed("gone", unrecorded)


def at(url: str) -> Configuration:
    return configuration(freeze={"feeds": [{"name": "venues", "url": url}]})


# Of one that is a secret, too: what is shown of it stays the same.
@pytest.mark.parametrize("url", ["https://other.example.com/x.ics", "https://calendar.example.com/other.ics", "/x.ics"])
def test_a_feed_from_elsewhere_was_never_read_there_and_keeps_what_it_named(tmp_path: Path, url: str) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([feed(NOW, "abcd")])
        configure(writer, at(url))
        moved = stored(path)
        assert moved == replace(VENUES, periods=tuple(map(event, "abcd")))
        frozen = verdict(FreezeFacts(feeds=(moved,)), NOW)
        assert frozen.frozen
        assert frozen.unreadable == (
            'feed "venues" was never read at the URL that it has now, which means frozen; what it named at the former '
            "one counts until it is read well there; repair the feed",
        )
        # Nothing of it gets lost by a failure, by what has lost most of it, or where it is dropped meanwhile.
        writer.record([feed(NOW + SECOND, None, "timed out"), feed(NOW + 2 * SECOND, "a")])
        assert (names(stored(path)), stored(path).questioned, stored(path).last_good_at) == ("abcd", True, None)
        configure(writer, configuration(freeze={}))
        assert stored(path).dropped_at is not None
        configure(writer, at(url))
        writer.record([feed(NOW + 3 * SECOND, "abc")])
        assert stored(path) == replace(VENUES, periods=tuple(map(event, "abc")), last_good_at=NOW + 3 * SECOND)


def test_a_place_that_was_stored_without_its_digest_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([feed(NOW, "abcd")])
        before = stored(path)
        PLACES.execute(path, CACHE, "UPDATE feed SET address = ''")
        configure(writer)
        assert stored(path) == before
        # What a former program compares is what it wrote.
        assert PLACES.execute(path, CACHE, "SELECT url, address FROM feed") == [
            ("https://calendar.example.com/***", address_of("venues", "https://calendar.example.com/secret.ics"))
        ]


def test_a_reading_from_the_former_url_says_nothing_about_the_one_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    here, there = "https://calendar.example.com/secret.ics", "https://calendar.example.com/other.ics"
    with writing(path) as writer:
        assert writer.record([replace(feed(NOW, "abcd"), address=address_of("venues", here))]) == 0
        configure(writer, at(there))
        moved = stored(path)
        assert moved.last_good_at is None
        # By a service that did not hear of the move.
        old = [replace(seen, address=address_of("venues", here)) for seen in (feed(NOW, "abcd"), feed(NOW, None, "x"))]
        assert writer.record(old) == 2
        assert stored(path) == moved
        assert verdict(FreezeFacts(feeds=(stored(path),)), NOW).unreadable
        assert writer.record([replace(feed(NOW, "abcd"), address=address_of("venues", there))]) == 0
        assert stored(path).last_good_at == NOW


def test_of_what_is_not_configured_nothing_is_stored(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        assert writer.record([FeedObservation("gone", NOW, ())]) == 1


def test_a_feed_that_a_wrong_configuration_lacks_is_kept_for_a_day_and_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    section = {"name": "venues", "url": "https://calendar.example.com/secret.ics", "environments": ["staging"]}
    right, wrong = configuration(freeze={"feeds": [section]}), configuration(freeze={})
    with writing(path) as writer:
        configure(writer, right)
        writer.record([feed(NOW, "abcd"), feed(NOW + SECOND, "a")])
        before = stored(path)
        assert (before.questioned, before.environments) == (True, frozenset({"staging"}))
        configure(writer, wrong)
        kept = stored(path)
        assert kept.dropped_at is not None
        assert kept == replace(before, dropped_at=kept.dropped_at)
        (note,) = [n for n in feed_notes((kept,), NOW) if "no longer configured" in n]
        assert "`wedtui freeze drop venues`" in note
        configure(writer, wrong)
        assert (stored(path), writer.forget_dropped()) == (kept, 0)
        configure(writer, right)
        assert stored(path) == before
        with pytest.raises(ConflictError, match="is configured"):
            writer.drop_feed("venues", unrecorded)
        configure(writer, wrong)
        PLACES.execute(path, CACHE, "UPDATE feed SET dropped_at = dropped_at - 86400000000")
        assert writer.forget_dropped() == 1
        with reading(path) as reader:
            assert reader.freeze_feeds() == ()


def test_a_feed_that_was_never_read_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        configure(writer, configuration(freeze={}))
        with reading(path) as reader:
            assert reader.freeze_feeds() == ()


def test_a_person_forgets_a_feed_that_is_no_longer_configured(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([feed(NOW, "ab")])
        configure(writer, configuration(freeze={}))
        writer.drop_feed("venues", unrecorded)
        with pytest.raises(NotFoundError, match="no freeze feed"):
            writer.drop_feed("venues", unrecorded)

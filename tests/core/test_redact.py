from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.redact import address_of, masked, redacted_feed_url, redacted_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://rsvp.example.com/healthz", "https://rsvp.example.com/healthz"),
        ("https://rsvp.example.com:8443/", "https://rsvp.example.com:8443/"),
        ("https://me:secret@rsvp.example.com/", "https://rsvp.example.com/"),
        ("https://rsvp.example.com/?token=secret&deep", "https://rsvp.example.com/?token=***&deep=***"),
        ("https://rsvp.example.com/#secret", "https://rsvp.example.com/"),
        ("http://[::1]:9090/-/ready", "http://[::1]:9090/-/ready"),
        ("/srv/freeze.ics", "/srv/freeze.ics"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert redacted_url(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://calendar.example.com/private-secret/basic.ics?key=secret", "https://calendar.example.com/***"),
        ("file:///srv/freeze.ics", "file:///srv/freeze.ics"),
        ("/srv/freeze.ics", "/srv/freeze.ics"),
    ],
)
def test_the_path_of_a_feed_is_a_secret(url: str, shown: str) -> None:
    assert redacted_feed_url(url) == shown


@given(st.text("abcdefgh0123456789", min_size=12, max_size=12))
def test_no_secret_is_left(secret: str) -> None:
    url = f"https://{secret}:{secret}@example.com/p?q={secret}&r=1#{secret}"
    assert secret not in redacted_url(url)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("azure CRITICAL score 41.2, probes 0/2", "azure CRITICAL score 41.2, probes 0/2"),
        ("get https://a.example.com:8443/healthz, every 3 s", "get https://a.example.com:8443/healthz, every 3 s"),
        ("http://[::1]:9090/-/ready", "http://[::1]:9090/-/ready"),
        ("https://me:pw@a.example.com/x", "https://*****@a.example.com/x"),
        ("https://a.example.com/?token=abc&deep=1#frag", "https://a.example.com/?token=***&deep=*#****"),
        ("https://a.example.com/?abc", "https://a.example.com/?***"),
        ("https://me:hunter…", "https://me:*******"),
        ("https://me:1234567…", "https://me:********"),
        ("postgresql://wedtui:pw@db/x", "postgresql://*********@db/x"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***********"),
        ("authorization: bearer\n  abc.def", "authorization: bearer\n  *******"),
        ("password=hunter2 and more", "password=******* and more"),
        ('{"client_secret": "abc", "x": 1}', '{"client_secret": "***", "x": 1}'),
        ("X-Api-Token: abc", "X-Api-Token: ***"),
        ("DB_PASSWORD = abc", "DB_PASSWORD = ***"),
        ("the token 9f86d081884c7d659a2f is old", "the token ******************** is old"),
        ("the token of the feed is missing", "the token of the feed is missing"),
        ("wrong: eyJhbGciOiJI.eyJzdWIi.abc!", "wrong: *************************!"),
        ("AKIAIOSFODNN7EXAMPLE", "********************"),
        ("ghp_0123456789abcdefABCD", "************************"),
    ],
)
def test_what_looks_like_a_secret_is_masked_in_place(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_names_are_masked_where_they_stand_alone() -> None:
    assert masked("alice at /home/alice/x, malice", ["alice", ""]) == "***** at /home/*****/x, malice"


@given(st.text("abcdefgh0123456789", min_size=12, max_size=12))
def test_of_a_url_the_same_is_masked_as_is_redacted(secret: str) -> None:
    url = f"https://{secret}:{secret}@example.com/p?q={secret}&r=1#{secret}"
    assert secret not in masked(f"see {url} for more")
    assert "example.com/p?q=" in masked(url)


@given(st.text(max_size=200))
def test_a_masked_text_keeps_its_places(text: str) -> None:
    once = masked(text)
    assert len(once) == len(text)
    assert [i for i, c in enumerate(once) if c.isspace()] == [i for i, c in enumerate(text) if c.isspace()]


@given(
    st.sampled_from(["password=", "Bearer ", "api_key: ", "https://u:", "--token="]),
    st.text("abcdefghXYZ0123456789", min_size=6, max_size=40),
    st.text("xyz .,\n", max_size=20),
)
def test_no_value_behind_such_a_word_is_left(word: str, secret: str, before: str) -> None:
    tail = "@example.com" if word.startswith("https") else ""
    assert secret not in masked(f"{before}\n{word}{secret}{tail}")


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://bob:hunter2@a.example.com/x.ics?key=1", True),
        ("https://a.example.com/y.ics?key=1", False),
        ("https://a.example.com/x.ics?key=2", False),
        ("https://b.example.com/x.ics?key=1", False),
    ],
)
def test_an_address_tells_what_is_read_and_not_who_reads_it(url: str, same: bool) -> None:
    assert (address_of("venues", url) == address_of("venues", "https://a.example.com/x.ics?key=1")) is same


def test_an_address_is_no_digest_that_is_guessed_fast_or_for_several_at_once() -> None:
    url = "https://a.example.com/x.ics?pin=1234"
    fast = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
    assert len({address_of("venues", url), address_of("staff", url), fast}) == 3
    slow = hashlib.scrypt(url.encode(), salt=b"venues", n=2**14, r=8, p=1, dklen=8)
    assert address_of("venues", url) == slow.hex()


def test_an_address_of_a_database_is_what_it_is_asked() -> None:
    asked = address_of("main", "postgresql://a:b@db.example.com/p", "SELECT 1")
    assert asked == address_of("main", "postgresql://c:d@db.example.com/p?sslmode=require", "SELECT 1")
    assert asked != address_of("main", "postgresql://a:b@db.example.com/p", "SELECT 2")

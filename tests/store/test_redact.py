from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.store.redact import redacted_feed_url, redacted_url


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

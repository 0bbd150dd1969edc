"""Text from outside, however long it is: it is cut before it is searched, and gives nothing away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.poller.told_elsewhere import alert
from tests.providers.test_alert_sources import told
from wedtui.providers import web
from wedtui.providers.web import plain

LONG = "a" * 100_000


class Watched:
    """A pattern that remembers how long what it looked through was."""

    def __init__(self, pattern: Any) -> None:
        self.pattern = pattern
        self.longest = 0

    def sub(self, into: Any, text: str) -> str:
        self.longest = max(self.longest, len(text))
        return str(self.pattern.sub(into, text))


@pytest.fixture
def pattern(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched(web._URL)
    monkeypatch.setattr(web, "_URL", watched)
    return watched


@pytest.mark.parametrize("text", [LONG, " " * 100_000 + LONG, f"https://h/{LONG}"], ids=["letters", "blanks", "URL"])
def test_a_long_text_is_cut_before_it_is_searched(pattern: Watched, text: str) -> None:
    found = plain(text, 300)
    assert 0 < pattern.longest <= 4_000
    assert len(found) <= 300
    assert found.endswith("…")


def test_a_long_name_label_and_annotation_are_cut_before_they_are_searched(pattern: Watched) -> None:
    many: dict[str, Any] = {"pod": LONG, "x" + LONG: "y"}
    (found,) = told(alert(LONG, summary=LONG, **many)).alerts
    assert 0 < pattern.longest <= 4_000
    assert len(found.name) <= 80
    assert all(len(value) <= 200 for pair in found.labels for value in pair)


@pytest.mark.parametrize("scheme", ["https", "1https", "a" * 40 + "+https"])
def test_a_password_in_an_address_is_hidden_whatever_stands_before_it(scheme: str) -> None:
    assert "tell-nobody" not in plain(f"see {scheme}://ada:tell-nobody@example.com/x?y=tell-nobody")


def test_an_address_that_was_cut_in_its_middle_is_not_shown() -> None:
    # The `@` that says that all before it is secret may stand beyond the cut.
    assert plain(f"{'https://x?a=1 ' * 10}https://ada{'y' * 10_000}@example.com", 200).endswith("…")
    assert "ada" not in plain(f"see https://ada{'y' * 10_000}@example.com", 200)


def test_what_fits_is_as_it_is() -> None:
    assert plain("  two\n lines ", 200) == "two lines"
    assert plain("a" * 200, 200) == "a" * 200
    assert plain("a" * 201, 200) == "a" * 199 + "…"

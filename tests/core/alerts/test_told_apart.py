"""What alerts are told apart by, and meant by, where their labels hold signs that words are made with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.alerting import alert
from wedtui.core.alerts.attention import identity
from wedtui.core.alerts.rule import Elevation, RuleBook, Severity, Where
from wedtui.core.alerts.scope import unmeasured
from wedtui.core.alerts.silences import label_word, where_of
from wedtui.core.alerts.track import labels_of
from wedtui.tui.draw.alert_page import _silencing


def test_labels_that_read_alike_are_two() -> None:
    one, other = (replace(alert(), labels=labels_of(each)) for each in ({"a": "1, b=2"}, {"a": "1", "b": "2"}))
    assert identity(one) != identity(other)
    assert identity(alert()) == "errors provider=aws"


@pytest.mark.parametrize("value", ["a", "OOMKilled, Error", "a\\,b", "a\\", " a ", "c:\\x", "a=b", ","])
def test_a_label_is_meant_as_it_is_written_for_a_command(value: str) -> None:
    assert where_of([label_word("reason", value)]) == Where({"reason": (value,)})


def test_what_is_not_escaped_is_several_values() -> None:
    assert where_of(["provider=aws, gcp", "path=c:\\x"]) == Where({"provider": ("aws", "gcp"), "path": ("c:\\x",)})


def test_what_is_silenced_elsewhere_can_be_silenced_here() -> None:
    there = replace(alert(), source="central", silenced_by="central", labels=labels_of({"reason": "a, b"}))
    assert _silencing(there).startswith("silence --rule errors --label 'reason=a\\, b' --for 1h")


def test_what_raises_alerts_of_other_systems_is_not_said_to_be_about_nothing() -> None:
    book = RuleBook(elevations=(Elevation("eu", Severity.CRITICAL, Where({"cluster": ("eu",)})),))
    series = {"up": [labels_of({"provider": "aws"})]}
    assert list(unmeasured(book, series)) == ["eu"]
    assert unmeasured(book, series, elsewhere=True) == {}

"""`[[alert_sources]]`: what it may hold, and where what is wrong with it is said to be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.base import read, refused
from wedtui.cli.config_text import flatten
from wedtui.config_alerts import SEVERITIES

HEAD = '[[providers]]\nname = "aws"\n'
SOURCE = '[[alert_sources]]\nname = "central"\nkind = "alertmanager"\nurl = "https://am.example.com/?token=secret"\n'
TEXT = HEAD + SOURCE


def test_little_has_to_be_said_and_a_source_is_something_to_watch(tmp_path: Path) -> None:
    loaded = read(tmp_path, TEXT)
    (source,) = loaded.configuration.alert_sources
    assert (source.interval, source.clear, source.expects) == (timedelta(seconds=15), timedelta(minutes=5), ())
    assert (source.default_severity, source.severities) == ("warning", SEVERITIES)
    assert loaded.unwatched is None


def test_what_is_said_of_severities_is_laid_over_the_defaults_whatever_their_letters(tmp_path: Path) -> None:
    (source,) = read(tmp_path, TEXT + 'severities = { P1 = "critical", Info = "none" }\n').configuration.alert_sources
    assert source.severities == {**SEVERITIES, "p1": "critical", "info": "none"}


def test_its_address_is_shown_without_what_is_secret(tmp_path: Path) -> None:
    text = TEXT + 'bearer_token = { env = "AM_TOKEN" }\nheaders = { X-Key = "hidden" }\n'
    shown = flatten(read(tmp_path, text).configuration)
    assert shown["alert_sources.central.kind"] == '"alertmanager"'
    assert not any("secret" in value or "hidden" in value for value in shown.values())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (TEXT + SOURCE, 8, 'expected a name of its own; "central" occurs twice'),
        (TEXT + SOURCE.replace("central", "other"), 10, 'expected an address of its own; "central" asks the same'),
        (TEXT.replace("central", "sources"), 4, "expected another name"),
        (TEXT.replace("alertmanager", "nagios"), 5, "alertmanager"),
        (TEXT + 'providers = { amazon = "gcp" }\n', 7, 'expected the name of a provider (aws); "gcp" is none'),
        (TEXT + 'route = "platform"\n', 7, 'expected the name of a route (none); "platform" is none'),
        (TEXT + 'severities = { P1 = "grave" }\n', 7, "critical"),
        (TEXT + 'default_severity = "none"\n', 7, "critical"),
        (TEXT + 'interval = "100ms"\n', 7, "1s"),
        (TEXT + 'bearer_token = "abc"\n', 7, "expected where the secret is found"),
        (TEXT + 'expects = " "\n', 7, "expected 1 to 200 characters"),
        (HEAD + '[[alert_sources]]\nname = "central"\nkind = "prometheus"\n', 3, "url"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (problem,) = refused(tmp_path, text)
    assert f"config.toml:{line}" in problem
    assert words in problem

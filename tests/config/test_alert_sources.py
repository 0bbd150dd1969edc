"""`[[alert_sources]]`: what it may hold, and where what is wrong with it is said to be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.base import read, refused
from wedtui.cli.config_text import flatten
from wedtui.config_alerts import SEVERITIES
from wedtui.core.redact import address_of

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
    ("key", "meant"),
    [
        ("expect", "expects"),
        ("filter", "filters"),
        ("severity", "severities"),
        ("provider_lable", "provider_label"),
        ("unaswered", "unanswered"),
        ("bearer-token", "bearer_token"),
        ("clears", "clear"),
    ],
)
def test_a_misspelt_key_is_named_with_what_was_meant(tmp_path: Path, key: str, meant: str) -> None:
    (problem,) = refused(tmp_path, TEXT + f'{key} = "x"\n')
    said = (
        f'alert_sources.central.{key}: expected a known key; did you mean "{meant}"? known here: name, kind, url, urls,'
    )
    assert said in problem
    assert "config.toml:7" in problem
    variable = f"WEDTUI_ALERT_SOURCES__CENTRAL__{key.upper().replace('-', '_')}X"
    (problem,) = refused(tmp_path, TEXT, {variable: "x"})
    assert f"did you mean WEDTUI_ALERT_SOURCES__CENTRAL__{meant.upper()}?" in problem


def test_a_url_that_is_misspelt_is_not_said_to_be_missing_too(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, TEXT.replace("url =", "ulr ="))
    assert 'alert_sources.central.ulr: expected a known key; did you mean "url"?' in problem


@pytest.mark.parametrize(
    "given",
    [
        'severity=~"critical|warning"',
        "severity=critical",
        'team!="a, \\"b\\""',
        'pod=""',
        r'a !~ "\pL+|\\d(x)"',
        "a=~x.*|y",
    ],
)
def test_a_filter_is_taken_as_an_alertmanager_takes_it(tmp_path: Path, given: str) -> None:
    (source,) = read(tmp_path, TEXT + f"filters = ['{given}']\n").configuration.alert_sources
    assert source.filters == (given,)


def test_the_members_of_a_cluster_are_asked_in_order_and_shown_without_what_is_secret(tmp_path: Path) -> None:
    text = TEXT + 'urls = ["https://b/?token=secret"]\n'
    configuration = read(tmp_path, text).configuration
    (source,) = configuration.alert_sources
    assert source.addresses == ("https://am.example.com/?token=secret", "https://b/?token=secret")
    assert "secret" not in flatten(configuration)["alert_sources.central.urls"]
    alone = text.replace('url = "https://am.example.com/?token=secret"\n', "")
    (source,) = read(tmp_path, alone).configuration.alert_sources
    assert source.addresses == ("https://b/?token=secret",)


def test_what_is_asked_is_another_with_other_addresses_or_filters_and_not_in_another_order(tmp_path: Path) -> None:
    def asked(more: str) -> str:
        (source,) = read(tmp_path, TEXT + more).configuration.alert_sources
        return source.asked

    members, turned = 'urls = ["https://b", "https://c"]\n', 'urls = ["https://c", "https://b"]\n'
    filters = "filters = ['a=\"b\"']\n"
    assert asked("") == address_of("central", "https://am.example.com/?token=secret")
    assert asked(members) == asked(turned)
    assert len({asked(more) for more in ("", members, filters, members + filters)}) == 4


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (TEXT + SOURCE, 8, 'expected a name of its own; "central" occurs twice'),
        (TEXT + SOURCE.replace("central", "other"), 10, 'expected an address of its own; "central" asks the same'),
        (TEXT.replace("central", "sources"), 4, "expected another name"),
        (TEXT.replace("central", "wedtui"), 4, "called for by the service itself"),
        (TEXT.replace("alertmanager", "nagios"), 5, "alertmanager"),
        (TEXT + 'providers = { amazon = "gcp" }\n', 7, 'expected the name of a provider (aws); "gcp" is none'),
        (TEXT + 'route = "platform"\n', 7, 'expected the name of a route (none); "platform" is none'),
        (TEXT + 'severities = { P1 = "grave" }\n', 7, "critical"),
        (TEXT + 'default_severity = "none"\n', 7, "critical"),
        (TEXT + 'interval = "100ms"\n', 7, "1s"),
        (TEXT + 'bearer_token = "abc"\n', 7, "expected where the secret is found"),
        (TEXT + 'expects = " "\n', 7, "expected 1 to 200 characters"),
        (HEAD + '[[alert_sources]]\nname = "central"\nkind = "prometheus"\n', 3, "expected url"),
        (HEAD + '[[alert_sources]]\nname = "central"\nkind = "alertmanager"\n', 3, "expected url, or urls"),
        (TEXT.replace("alertmanager", "prometheus") + 'urls = ["https://b/"]\n', 3, "expected url and no urls"),
        (TEXT.replace("alertmanager", "prometheus") + "filters = ['a=\"b\"']\n", 3, "expected no filters"),
        (TEXT + 'urls = ["https://b", "https://b/"]\n', 3, "expected each address once"),
        (TEXT + 'urls = ["https://user:secret@b"]\n', 7, "expected a URL without user and password"),
        (TEXT + f"urls = {[f'https://{n}' for n in range(6)]}\n", 7, "at most 5"),
        (
            TEXT
            + 'urls = ["https://b"]\n'
            + SOURCE.replace("central", "o").replace("am.example.com/?token=secret", "b/"),
            11,
            "of its own",
        ),
        (TEXT + 'filters = "severity"\n', 7, "filters"),
        *(
            (TEXT + f"filters = ['{wrong}']\n", 7, words)
            for wrong, words in (
                ("severity", "expected a label, =, !=, =~ or !~"),
                ("severity==critical", "expected a label"),
                ("a=b,c=d", "expected a label"),
                ('{a="b"}', "expected a label"),
                ('a="b', "expected a label"),
                ('a="b"c', "expected a label"),
                ("a=", "expected a label"),
                ('a-b="c"', "expected a label"),
                ('severity=~"(critical"', "expected a regular expression behind ~; this one cannot be read: missing )"),
                ("severity!~*", "expected a regular expression behind ~"),
            )
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (problem,) = refused(tmp_path, text)
    assert f"config.toml:{line}" in problem
    assert words in problem

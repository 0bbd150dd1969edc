"""The environment over the file: every key can be reached, and what leads nowhere is refused by its name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.base import WHOLE, read, refused
from wedtui.config import Configuration
from wedtui.config_file import load
from wedtui.config_values import parse_wall_time


def test_entries_are_called_by_name_or_by_number(tmp_path: Path) -> None:
    environ = {
        "WEDTUI_PROVIDERS__AWS__WEIGHT": "40",
        "WEDTUI_PROVIDERS__0__CAPACITY": "1200.5",
        "WEDTUI_PROBES__RSVP_AWS__TIMEOUT": "3s",
        "WEDTUI_PROBES__GALLERY_AWS__EXPECT_STATUS": "[200, 204]",
        "WEDTUI_PROMETHEUS__MAIN__QUERIES__0__QUERY": '{job="web"}',
        "WEDTUI_FREEZE__WINDOWS__WEDDING_WEEKEND__START": "thu 12:00",
        "WEDTUI_FREEZE__WINDOWS__0__MONTHS": "[4]",
        "WEDTUI_SERVICE__AUTOSTART": "false",
        "WEDTUI_CACHE__KEEP_SAMPLES": "14d",
    }
    configuration = read(tmp_path, WHOLE, environ).configuration
    assert (configuration.providers[0].weight, configuration.providers[0].capacity) == (40, 1200.5)
    assert configuration.probes[0].timeout == timedelta(seconds=3)
    assert configuration.probes[1].expect_status == (200, 204)
    assert configuration.prometheus[0].queries[0].query == '{job="web"}', "text may look like a table"
    assert configuration.freeze.windows[0].start == parse_wall_time("thu 12:00")
    assert configuration.freeze.windows[0].months == (4,)
    assert configuration.service.autostart is False
    assert configuration.cache.keep_samples == timedelta(days=14)


def test_lists_and_tables_come_as_toml_or_json() -> None:
    expected = Configuration.model_validate({"providers": [{"name": "aws", "weight": 5}]}).providers
    for text in ('[{ name = "aws", weight = 5 }]', '[{"name": "aws", "weight": 5}]'):
        assert load_defaults({"WEDTUI_PROVIDERS": text}).providers == expected


def test_a_whole_configuration_can_come_from_the_environment() -> None:
    environ = {
        "WEDTUI_PROVIDERS__0__NAME": "aws",
        "WEDTUI_PROVIDERS__AWS__WEIGHT": "70",
        "WEDTUI_FREEZE__WINDOWS__0__NAME": "weekend",
        "WEDTUI_FREEZE__WINDOWS__0__START": "fri 18:00",
        "WEDTUI_FREEZE__WINDOWS__0__END": "mon 06:00",
        "WEDTUI_FREEZE__PERIODS__0__NAME": "royal wedding",
        "WEDTUI_FREEZE__PERIODS__0__START": "2026-07-23T00:00:00+01:00",
        "WEDTUI_FREEZE__PERIODS__0__END": "2026-07-26T00:00:00+01:00",
    } | {f"WEDTUI_PROVIDERS__{n}__NAME": f"p{n}" for n in range(1, 12)}
    configuration = load_defaults(environ)
    assert [p.name for p in configuration.providers] == ["aws", *(f"p{n}" for n in range(1, 12))]
    assert configuration.providers[0].weight == 70
    assert configuration.freeze.windows[0].name == "weekend"
    assert configuration.freeze.periods[0].name == "royal wedding"


def test_headers_are_matched_whatever_their_case_and_can_become_secrets(tmp_path: Path) -> None:
    environ = {
        "WEDTUI_PROBES__GALLERY_AWS__HEADERS__ACCEPT__FILE": "/run/secrets/accept",
        "WEDTUI_PROBES__GALLERY_AWS__HEADERS__X_SCOPE_ORGID": "weddings",
        "WEDTUI_PROMETHEUS__MAIN__BEARER_TOKEN__ENV": "WEDTUI_PROMETHEUS_TOKEN",
        "WEDTUI_PROMETHEUS_TOKEN": "the secret itself",
        "WEDTUI_TOKEN_OF_MINE": "another",
    }
    configuration = read(tmp_path, WHOLE, environ).configuration
    headers = configuration.probes[1].headers
    assert sorted(headers) == ["Accept", "Authorization", "X-Scope-Orgid"]
    assert str(getattr(headers["Accept"], "file", None)) == "/run/secrets/accept"
    assert headers["X-Scope-Orgid"] == "weddings"
    token = configuration.prometheus[0].bearer_token
    assert token is not None
    assert token.env == "WEDTUI_PROMETHEUS_TOKEN"


REFUSED = {
    "a misspelt section": (
        "WEDTUI_ENVIROMENT",
        "x",
        "expected the name of a key; did you mean WEDTUI_ENVIRONMENT? known here: environment, cache,",
    ),
    "one underscore too few": (
        "WEDTUI_CACHE_KEEP_SAMPLES",
        "3d",
        "expected the name of a key; did you mean WEDTUI_CACHE__KEEP_SAMPLES?",
    ),
    "a misspelt key of an entry": (
        "WEDTUI_PROVIDERS__AWS__WEIHGT",
        "3",
        "expected the name of a key; did you mean WEDTUI_PROVIDERS__AWS__WEIGHT? known here: name, kind,",
    ),
    "a misspelt reserved name": (
        "WEDTUI_STATEDIR",
        "/x",
        "expected the name of a key; did you mean WEDTUI_STATE_DIR?",
    ),
    "nothing like it": ("WEDTUI_ZZZZZZ", "1", "expected the name of a key; known here: environment, cache,"),
    "an entry that is not there": (
        "WEDTUI_PROVIDERS__GCP__WEIGHT",
        "3",
        "expected the name of an entry of providers (aws) or a number from 0 to 1",
    ),
    "a number too far": (
        "WEDTUI_PROVIDERS__2__WEIGHT",
        "3",
        "expected the name of an entry of providers (aws) or a number from 0 to 1",
    ),
    "a key below a value": (
        "WEDTUI_LOG__LEVEL__X",
        "3",
        "expected nothing after the name of log.level, which has no keys of its own",
    ),
    "a list that never ends": (
        "WEDTUI_PROBES__RSVP_AWS__EXPECT_STATUS",
        "[200",
        "expected a list or a table in TOML or JSON notation",
    ),
    "text for a list": (
        "WEDTUI_PROBES__RSVP_AWS__EXPECT_STATUS",
        "200",
        'probes.rsvp-aws.expect_status: expected a list, got "200"',
    ),
    "a wrong value": (
        "WEDTUI_PROVIDERS__AWS__WEIGHT",
        "lots",
        'providers.aws.weight: expected a whole number, got "lots"',
    ),
    "nothing": ("WEDTUI_ENVIRONMENT", "", 'environment: expected an environment such as "production"'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_variable_that_cannot_be_used_is_named(tmp_path: Path, case: str) -> None:
    variable, value, expected = REFUSED[case]
    problems = refused(tmp_path, WHOLE, {variable: value})
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"environment variable {variable}: {expected}")


def test_an_entry_whose_name_is_not_its_own_has_to_be_called_by_number(tmp_path: Path) -> None:
    text = WHOLE + WHOLE[WHOLE.index("[[freeze.windows]]") :]
    [problem] = refused(tmp_path, text, {"WEDTUI_FREEZE__WINDOWS__WEDDING_WEEKEND__END": "mon 07:00"})
    assert "expected the number of an entry: 2 entries of freeze.windows have that name" in problem


def test_variables_that_are_not_keys_are_left_alone(tmp_path: Path) -> None:
    environ = {
        "WEDTUI_STATE_DIR": "/x",
        "WEDTUI_NO_SKIPS": "1",
        "WEDTUI_HYPOTHESIS": "ci",
        "WEDTUI_CONFIG": "/elsewhere",
        "OTHER": "1",
    }
    assert read(tmp_path, WHOLE, environ).configuration == read(tmp_path, WHOLE).configuration


def load_defaults(environ: dict[str, str]) -> Configuration:
    """Read the environment alone, whatever files this machine has."""
    empty = {"WEDTUI_CONFIG": "/dev/null"}
    return load(None, empty | environ).configuration

"""Where state is looked for, and where figures may be served."""

from __future__ import annotations

from pathlib import Path

import pytest

from wedtui.config import Configuration, ServiceSection
from wedtui.config_file import load
from wedtui.config_values import loopback_parts, parse_loopback
from wedtui.errors import ConfigurationError
from wedtui.paths import configuration_candidates, state_paths, user_directory

SHARED = {"mode": "shared"}
ELSEWHERE = {"state_dir": "/srv/wedtui"}


@pytest.mark.parametrize(
    ("environ", "section", "directory"),
    [
        ({}, None, None),
        ({}, {}, None),
        ({}, SHARED, "/var/lib/wedtui"),
        ({}, ELSEWHERE, "/srv/wedtui"),
        ({}, SHARED | ELSEWHERE, "/srv/wedtui"),
        ({"WEDTUI_STATE_DIR": "/tmp/other"}, SHARED | ELSEWHERE, "/tmp/other"),
        ({"WEDTUI_STATE_DIR": ""}, SHARED, "/var/lib/wedtui"),
    ],
)
def test_the_state_directory(environ: dict[str, str], section: dict[str, str] | None, directory: str | None) -> None:
    service = None if section is None else Configuration.model_validate({"service": section}).service
    expected = user_directory() if directory is None else Path(directory)
    assert state_paths(environ, service).directory == expected


def test_the_configuration_of_the_machine_comes_after_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/kay/.config")
    assert configuration_candidates() == (
        Path("/home/kay/.config/wedtui/config.toml"),
        Path("/etc/wedtui/config.toml"),
    )


@pytest.mark.parametrize(
    ("written", "address", "parts"),
    [
        (9464, "127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("9464", "127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("127.0.0.1:80", "127.0.0.1:80", ("127.0.0.1", 80)),
        ("127.8.9.1:80", "127.8.9.1:80", ("127.8.9.1", 80)),
        ("localhost:9464", "127.0.0.1:9464", ("127.0.0.1", 9464)),
        (" [::1]:9464 ", "[::1]:9464", ("::1", 9464)),
    ],
)
def test_addresses_of_this_machine_alone(written: object, address: str, parts: tuple[str, int]) -> None:
    assert parse_loopback(written) == address
    assert parse_loopback(address) == address
    assert loopback_parts(address) == parts


@pytest.mark.parametrize(
    "written",
    [
        0,
        65536,
        True,
        None,
        "",
        "off",
        "127.0.0.1",
        "127.0.0.1:",
        ":9464",
        "0.0.0.0:9464",
        "[::]:9464",
        "10.0.0.1:9464",
        "[2001:db8::1]:9464",
        "::1:9464",
        "example.com:9464",
        "127.0.0.1:port",
        "127.0.0.1:999999",
        "http://127.0.0.1:9464",
        "unix:/run/wedtui:1",
    ],
)
def test_everything_else_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a port, or an address of this machine's loopback"):
        parse_loopback(written)


def test_an_address_that_others_may_reach_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[service]\nmetrics = "0.0.0.0:9464"\n')
    with pytest.raises(ConfigurationError, match=rf"{file}:2: service.metrics: .* other machines may reach 0\.0\.0\.0"):
        load(file, {})


def test_the_address_by_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch()
    for written, address in {"9464": "127.0.0.1:9464", "[::1]:9464": "[::1]:9464"}.items():
        assert load(file, {"WEDTUI_SERVICE__METRICS": written}).configuration.service.metrics == address
    assert ServiceSection().metrics is None

"""`wedtui config`: a file to start from, every key in it, and nothing secret in what is shown."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from tests.cli.base import Machine, machine
from wedtui.cli.app import app, run
from wedtui.cli.config_text import TEMPLATE
from wedtui.cli.keys import key_problems, key_table
from wedtui.config import Configuration
from wedtui.config_file import load
from wedtui.tui.keymap.table import KEYS as ACTIONS

__all__ = ["machine"]

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEDTUI_STATE_DIR", str(tmp_path / "state"))


def keys_of(model: type[BaseModel]) -> set[str]:
    """Return the name of every key in a table and the tables within it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(name)
        found |= _within(field.annotation)
    return found


def _within(annotation: Any) -> set[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return keys_of(annotation)
    found: set[str] = set()
    for argument in getattr(annotation, "__args__", ()):
        found |= _within(argument)
    return found


def test_init_writes_a_file_that_is_valid_and_names_every_key(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "config.toml"
    result = RUNNER.invoke(app, ["config", "init", "--path", str(path)])
    assert result.exit_code == 0
    assert path.stat().st_mode & 0o027 == 0
    load(path, {})
    assert {key for key in keys_of(Configuration) if key not in path.read_text()} == set()


def test_the_examples_of_the_template_are_valid_when_uncommented(tmp_path: Path) -> None:
    lines = []
    for line in TEMPLATE.splitlines():
        body = line.removeprefix("# ")
        is_example = line.startswith("# ") and (body.startswith("[") or " = " in body.partition("#")[0])
        lines.append(body if is_example else line)
    text = "\n".join(lines)
    assert len(tomllib.loads(text)["providers"]) == 1
    path = tmp_path / "config.toml"
    path.write_text(text)
    assert load(path, {}, [key_problems]).configuration.freeze.feeds[0].name == "venues"


def test_init_does_not_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\n")
    monkeypatch.setattr("sys.argv", ["wedtui", "config", "init", "--path", str(path)])
    assert run() == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "# mine\n"
    assert RUNNER.invoke(app, ["config", "init", "--force", "--path", str(path)]).exit_code == 0
    assert path.read_text() == TEMPLATE


def test_check_says_line_and_key_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[[providers]]\nname = "aws"\nwieght = 1\n')
    monkeypatch.setattr("sys.argv", ["wedtui", "--config", str(path), "config", "check"])
    assert run() == 2
    assert (
        f'wedtui: {path}:3: providers.aws.wieght: expected a known key; did you mean "weight"?'
        in capsys.readouterr().err
    )


def test_show_is_redacted_and_says_where_each_value_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[[providers]]\nname = "aws"\n[[probes]]\nname = "p"\nprovider = "aws"\nurl = "http://h/?token=hunter2"\n'
        'headers = { X-Key = "hunter2", Authorization = { env = "PROBE_TOKEN" } }\n'
        '[[freeze.feeds]]\nname = "f"\nurl = "https://h/private-hunter2.ics"\n'
    )
    monkeypatch.setenv("WEDTUI_PROVIDERS__AWS__WEIGHT", "100")
    text = RUNNER.invoke(app, ["--config", str(path), "config", "show"]).output
    assert "hunter2" not in text
    assert "probes.p.headers.Authorization.env" in text
    shown = json.loads(RUNNER.invoke(app, ["--config", str(path), "config", "show", "--json"]).output)
    assert shown["providers.aws.weight"] == {
        "value": "100",
        "origin": "environment variable WEDTUI_PROVIDERS__AWS__WEIGHT",
    }
    assert shown["probes.p.url"] == {"value": '"http://h/?token=***"', "origin": f"{path}:6"}
    assert shown["cache.keep_samples"]["origin"] == "default"


KEYS = """\
[dashboard.keys]
"main.filter" = "ctrl+f"
"list.down" = [
    "down",
    "f",
]
"main.fliter" = "x"
"app.quit" = ""
"""


ACCOUNT = """\
[[providers]]
name = "prod"
kind = "aws"
[providers.aws]
profile = "weddings"
role_arn = "arn:aws:iam::123456789012:role/wedtui"
account = "123456789012"
regions = ["eu-west-1", "us-east-1"]
endpoint_url = "https://aws.example.com/?key=hunter2"
cost = true
resource_cost = true
resource_cost_services = ["Amazon Elastic Compute Cloud - Compute", "EC2 - Other"]

[[providers]]
name = "plain"
kind = "aws"

[[providers]]
name = "probed"
"""


def test_check_says_with_what_an_account_is_asked_and_where(machine: Machine) -> None:
    machine.configure(ACCOUNT)
    answer = machine.run("config", "check")
    assert answer.code == 0
    assert [line for line in answer.out.splitlines() if line.startswith("aws account")] == [
        'aws account prod: profile "weddings", role arn:aws:iam::123456789012:role/wedtui; '
        "of account 123456789012 alone; "
        "regions eu-west-1, us-east-1; at https://aws.example.com/?key=*** instead of Amazon's own addresses; "
        "costs each 6h; costs of the resources of Amazon Elastic Compute Cloud - Compute, EC2 - Other each 1d",
        "aws account plain: the SDK's default credentials; all regions that the account has switched on",
    ]
    assert "hunter2" not in answer.out


def test_check_says_what_is_wrong_with_keys(machine: Machine) -> None:
    machine.configure(KEYS)
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert [line.removeprefix(f"wedtui: {machine.config}:") for line in answer.err.splitlines()] == [
        '5: dashboard.keys.list.down.1: expected a key of its own; "f" is also app.freeze, '
        "heard in the same place (dashboard)",
        '7: dashboard.keys.main.fliter: expected the id of an action; did you mean "main.filter"? '
        "`wedtui config keys` lists them",
        '8: dashboard.keys.app.quit: expected at least one key; "quit" must not be out of reach',
    ]
    # What does not listen to keys goes on.
    assert machine.run("gate").code == 0
    doctor = machine.run("doctor").out
    assert "dashboard.keys.app.quit: expected at least one key" in doctor


def test_check_notes_keys_that_may_never_arrive(machine: Machine) -> None:
    machine.configure('[dashboard.keys]\n"main.filter" = "ctrl+b"\n')
    answer = machine.run("config", "check")
    assert answer.code == 0
    assert 'note: dashboard.keys.main.filter: "ctrl+b" is the prefix of tmux, and may never arrive' in answer.out


def test_an_alertmanager_that_is_expected_to_say_nothing_is_noted(machine: Machine) -> None:
    source = '[[alert_sources]]\nname = "central"\nkind = "alertmanager"\nurl = "http://127.0.0.1:9093"\n'
    machine.configure(source)
    assert "note: the alert source central expects no alert that always fires" in machine.run("config", "check").out
    machine.configure(source + 'expects = ["Watchdog", { alertname = "Watchdog", cluster = "eu" }]\n')
    assert "always fires" not in machine.run("config", "check").out
    assert "cluster" in machine.run("config", "show").out


def test_keys_prints_the_table_and_marks_what_was_changed(machine: Machine) -> None:
    machine.configure('[dashboard.keys]\nmain.filter = ["ctrl+f", "?"]\napp.help = "f1"\napp.theme = []\n')
    answer = machine.run("config", "keys")
    assert answer.code == 0
    lines = {line[2:].split()[0]: line for line in answer.out.splitlines()[:-1]}
    assert set(lines) == {row.id for row in ACTIONS}
    assert {name for name, line in lines.items() if line.startswith("* ")} == {"main.filter", "app.help", "app.theme"}
    assert lines["main.filter"].split()[:5] == ["*", "main.filter", "ctrl+f", "?", "filter"]
    assert "(none)" in lines["app.theme"]
    assert lines["main.signal-back"].split()[1] == "["
    assert answer.out.splitlines()[-1] == f"* changed by {machine.config}"
    shown = {entry["id"]: entry for entry in machine.run("config", "keys", "--json").json}
    assert shown["app.help"]["keys"] == ["f1"]
    assert shown["app.help"]["defaults"] == ["?"]
    assert shown["app.help"]["changed"] is True
    assert machine.run("config", "show", "--json").json["dashboard.keys.app.theme"]["value"] == "[]"


def test_keys_are_documented(machine: Machine) -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    for line in key_table(Configuration()):
        assert f"| `{line.id}` | {' '.join(f'`{key}`' for key in line.defaults)} | {line.where} |" in text

"""What a command prints under `--demo`: commands as they are typed there, and records as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from wedtui.cli.app import run
from wedtui.cli.common import print_json
from wedtui.cli.demo_words import saying, saying_demo


def test_words_name_the_demo_and_records_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    record = json.dumps({"undo": "`wedtui freeze lift 2`"})
    with saying_demo():
        typer.echo("undo: `wedtui freeze lift 2`")
        typer.echo("see `wedtui actions list`", err=True)
        print("then `wedtui gate`")
        typer.echo(record)
    typer.echo("`wedtui gate`")
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "undo: `wedtui --demo freeze lift 2`",
        "then `wedtui --demo gate`",
        record,
        "`wedtui gate`",
    ]
    assert said.err == "see `wedtui --demo actions list`\n"


def test_a_command_without_a_demo_says_how_to_open_one(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert run(["--demo", "--config", f"{tmp_path}/none.toml", "gate"]) != 0
    assert "open one with `wedtui demo`" in capsys.readouterr().err


def test_json_says_commands_as_they_are_typed_too_but_for_records(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"command": "wedtui resources list", "text": ["`wedtui doctor`; wedtui wrote last"], "count": 1, "at": None}
    with saying_demo():
        print_json(said)
        print_json(said, record=True)
    print_json(said)
    decoder, left, found = json.JSONDecoder(), capsys.readouterr().out, []
    while left.strip():
        each, end = decoder.raw_decode(left)
        found.append(each)
        left = left[end:].lstrip()
    here = {"command": "wedtui --demo resources list", "text": ["`wedtui --demo doctor`; wedtui wrote last"]}
    assert found == [{**said, **here}, said, said]


def test_what_was_asked_with_a_configuration_names_it_in_every_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "my config.toml"
    config.write_text("", encoding="utf-8")
    # Each command that is said is taken as it stands there: none acts on another configuration.
    assert run(["weddings", "accept", "gone", "--config", str(config)]) != 0
    with saying(config=str(config)):
        typer.echo("`wedtui gate`; `wedtui demo` stays, and wedtui is a word")
        print_json({"command": "wedtui doctor", "doubts": ["look: `wedtui weddings sources`"]})
    with saying(demo=True, config="/tmp/demo.toml"):
        typer.echo("`wedtui gate`", err=True)
    said = capsys.readouterr()
    typed = f"wedtui --config '{config}'"
    assert f"`{typed} gate`; `wedtui demo` stays, and wedtui is a word" in said.out
    assert f'"command": "{typed} doctor"' in said.out
    assert f"look: `{typed} weddings sources`" in said.out
    assert "`wedtui --demo --config /tmp/demo.toml gate`" in said.err
    assert run(["--config", str(tmp_path / "gone.toml"), "gate"]) != 0
    assert f"`wedtui --config {tmp_path}/gone.toml config init`" in capsys.readouterr().err

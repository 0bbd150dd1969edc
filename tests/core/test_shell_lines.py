"""A command on short lines is the same command, and no line is longer than there is room."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from wedtui.core.shell_lines import NARROWEST, folded

BATCH = {
    "Changes": [
        {"Action": "DELETE", "ResourceRecordSet": {"Name": f"www{n}.example.com.", "Weight": n}} for n in range(9)
    ]
}
WORDS = st.text("aZ9 -'\",{}:\\$`\u00e9/&?", min_size=1, max_size=120)


def told(*commands: str) -> list[list[str]]:
    """Return with which words a shell runs each command."""
    script = "said() { for each; do printf '%s\\001' \"$each\"; done; printf '\\002'; }\n"
    script += "".join(f"said {command}\n" for command in commands)
    done = subprocess.run(["/bin/sh", "-eu", "-c", script], capture_output=True, check=True, timeout=60)
    return [said.split("\1")[:-1] for said in done.stdout.decode().split("\2")[:-1]]


@pytest.mark.parametrize("width", [40, 79, 119])
def test_a_batch_is_broken_between_words_and_behind_commas(width: int) -> None:
    command = (
        f"aws route53 change --hosted-zone-id Z1 --change-batch {shlex.quote(json.dumps(BATCH, separators=(',', ':')))}"
    )
    lines = folded(command, width)
    assert max(map(len, lines)) <= width
    assert lines[0].endswith(" \\")
    inside = [line for line in lines if line.endswith("'\\")]
    assert inside
    assert all(line.endswith(",'\\") for line in inside if "," in line)
    assert told("\n".join(lines)) == told(command)


def test_what_fits_is_left_as_it_is() -> None:
    assert folded("wedtui status", 80) == ["wedtui status"]


@examples(60)
@given(words=st.lists(WORDS, min_size=1, max_size=8), width=st.integers(1, 100))
def test_a_shell_runs_the_same(words: list[str], width: int) -> None:
    command = shlex.join(words)
    lines = folded(command, width)
    assert all(line.endswith("\\") for line in lines[:-1])
    assert told("\n".join(lines)) == [words]
    # A word that is all quotes of quotes may be longer than a line.
    if not any(each in command for each in ('"\'"', "\\")):
        assert max(map(len, lines)) <= max(width, NARROWEST)

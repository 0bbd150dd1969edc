"""Configurations written down and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from wedtui.config_file import Loaded, load
from wedtui.errors import ConfigurationError

WHOLE = """\
[[providers]]
name = "aws"
weight = 60

[[probes]]
name = "rsvp-aws"
provider = "aws"
url = "https://rsvp.example.com/healthz"

[[probes]]
name = "gallery.aws"
provider = "aws"
url = "https://gallery.example.com/healthz"
headers = { Accept = "text/html", Authorization = { env = "WEDTUI_TOKEN_OF_MINE" } }

[[prometheus]]
name = "main"
url = "http://127.0.0.1:9090"
[[prometheus.queries]]
provider = "aws"
signal = "error_rate"
query = "x"

[[freeze.windows]]
name = "wedding weekend"
start = "fri 18:00"
end = "mon 06:00"
"""


def read(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ or {})


def refused(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return what is wrong, each sentence without the folder's name."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text, environ)
    assert caught.value.exit_code == 2
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]

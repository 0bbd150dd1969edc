"""What the first paint must not wait for is not imported with the app."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "sqlalchemy",
    "sqlmodel",
    "pydantic",
    "httpx",
    "boto3",
    "plotext",
    "textual_plotext",
    "typer",
    "icalendar",
    "pyfiglet",
    "datasketches",
    "numpy",
)
LATE = (
    "wedtui.core.picture",
    "wedtui.config",
    "wedtui.cache",
    "wedtui.tui.draw.everything",
    "wedtui.tui.screens.chart",
)


def test_the_app_brings_nothing_heavy_along() -> None:
    code = f"import sys, wedtui.tui.app; print(sorted(set({(*HEAVY, *LATE)!r}) & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"


def test_drawing_brings_no_storage_and_no_network_along() -> None:
    code = f"import sys, wedtui.tui.draw.everything; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"

"""The rules load alone: no I/O library and no framework comes along."""

from __future__ import annotations

import subprocess
import sys

import pytest

STRANGERS = (
    "textual rich sqlmodel sqlalchemy sqlite3 pydantic httpx typer structlog icalendar alembic asyncio socket numpy"
)


@pytest.mark.parametrize(
    "module",
    [
        *(
            "freeze",
            "health",
            "picture",
            "season",
            "observation",
            "series",
            "wording",
            "roles",
            "text",
            "rollup",
            "history",
        ),
        *("traffic", "failover", "automation", "undo", "by_hand"),
        *("alerts.evaluation", "alerts.grammar", "alerts.outside", "alerts.trial"),
        *("oncall.ladder", "oncall.standing"),
    ],
)
def test_nothing_else_comes_along(module: str) -> None:
    code = f"import sys, wedtui.core.{module}; print(*sorted(set('{STRANGERS}'.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

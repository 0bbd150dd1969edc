"""Draw the picture in README: the demo's dashboard while one provider is ill (`make picture`, two minutes)."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from wedtui import __version__
from wedtui.cli.dashboard import give_hand, own_names
from wedtui.cli.demo import run_demo
from wedtui.cli.source import PictureSource
from wedtui.clock import SystemClock
from wedtui.config_file import load
from wedtui.paths import state_paths
from wedtui.tui.app import WedtuiApp
from wedtui.tui.pictures import Caption, picture_of

AT = datetime(2026, 6, 20, 14, 0, tzinfo=UTC)
ILL_AFTER_S = 45.0
TARGET = Path(__file__).with_name("dashboard.svg")


def draw(config: Path, clock: SystemClock) -> int:
    """Wait until the provider is ill, open the dashboard, choose it and keep what is on the screen."""
    time.sleep(ILL_AFTER_S)

    async def shoot() -> str:
        loaded = load(config, os.environ)
        source = PictureSource(loaded, config, state_paths())
        app = WedtuiApp(lambda: source, clock, theme="midnight", demo=True)
        async with app.run_test(size=(120, 40)) as pilot:
            give_hand(app, loaded.configuration)
            await pilot.pause(4.0)
            await pilot.press("down", "minus")
            await pilot.pause(2.0)
            caption = Caption(__version__, "production", clock.now(), "dashboard", demo=True)
            return picture_of(app.export_screenshot(title=caption.title()), caption, own_names()).svg

    TARGET.write_text(asyncio.run(shoot()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(run_demo("sick-azure", AT - datetime.now(UTC), draw))

"""What a dashboard says of the services whose cache it reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.base import Machine, machine
from wedtui.cli.source import PictureSource
from wedtui.config_file import load
from wedtui.core.picture import ServiceFacts
from wedtui.paths import StatePaths

__all__ = ["machine"]


@pytest.mark.parametrize("ahead", [None, 600.0, -600.0])
def test_a_service_with_another_configuration_is_named_whatever_the_clock_says(
    machine: Machine, ahead: float | None
) -> None:
    """It runs by the clock of the machine, wrong as that may be; when it was heard is told by the right one."""
    paths = StatePaths(machine.state)
    machine.now += timedelta(seconds=ahead or 0)
    theirs = ServiceFacts(
        instance="one",
        pid=1,
        mode="personal",
        version="0.1.0",
        environment="production",
        started_at=machine.now,
        heartbeat_at=machine.now,
        vantage="here",
        place=paths.place,
        configuration_digest="another",
        clock_ahead_s=ahead,
    )
    with machine.cache() as cache:
        cache.begin(theirs)
        source = PictureSource(load(machine.config, {}), machine.config, paths)
        try:
            said = [finding.text for finding in source.picture(machine.now).findings]
        finally:
            source.close()
    assert [text for text in said if text.startswith("the service runs with another configuration than this")]

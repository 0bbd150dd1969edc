"""Channels with secrets in files, as a configuration has them."""

from __future__ import annotations

from pathlib import Path

from tests.notify.strict import HMAC_KEY, ROUTING_KEY, Server
from wedtui.clock import SystemClock
from wedtui.config_notify import ChannelSection
from wedtui.notify.channels import Channel, channel_of


def secret(folder: Path, name: str, value: str) -> dict[str, str]:
    file = folder / name
    file.write_text(value)
    file.chmod(0o600)
    return {"file": str(file)}


def section(folder: Path, kind: str, server: Server, timeout: str = "2s") -> ChannelSection:
    keys = {
        "pagerduty": {"routing_key": secret(folder, "routing", ROUTING_KEY)},
        "webhook": {"hmac_key": secret(folder, "hmac", HMAC_KEY)},
    }[kind]
    url = server.url + ("" if kind == "pagerduty" else "/hooks/T0SECRET")
    return ChannelSection.model_validate({"kind": kind, "url": url, "timeout": timeout, **keys})


def channel(folder: Path, kind: str, server: Server, timeout: str = "2s") -> Channel:
    made = section(folder, kind, server, timeout)
    return channel_of(kind, made, environment="production", clock=SystemClock())

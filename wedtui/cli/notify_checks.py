"""What `wedtui doctor` says of the channels by which people are told. Nobody is told anything by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wedtui.cli.checks import Check, Level
from wedtui.cli.sharing import own_file_of_another, secrets_of
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.config_notify import ChannelSection

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
READ = {"slack", "email"}
"""Kinds of channels that people read when they look."""
KEY_CHARACTERS = 32
"""Of an integration key of PagerDuty's Events API v2."""


def notify_checks(configuration: Configuration) -> Iterator[Check]:
    """Look at whether there is anybody to tell where somebody has to be, and at each channel."""
    from wedtui.notify import calls
    from wedtui.notify.running import needed

    section = configuration.roles
    if section.second_person and configuration.service.mode == "personal":
        text = "roles.second_person demands nothing in personal mode: there is nobody else to ask"
        yield Check(Level.WARNING, "roles", text, 'write mode = "shared" under [service], or take it out')
    yield from _heartbeat(configuration)
    if not configuration.notify:
        acts = needed(configuration) or configuration.traffic.mode == "auto" or bool(section.second_person)
        if acts:
            text = "no channel is configured, so nobody is paged when a failover is refused or handed over"
            yield Check(Level.WARNING, "notify", text, "add a [notify.NAME]: docs/notifications.md")
        return
    for name, channel in configuration.notify.items():
        yield from _channel(name, channel)
    if not any(calls(section) for section in configuration.notify.values()):
        text = "no channel calls anybody: what is critical, each next call too, is posted, and read when somebody looks"
        yield Check(Level.WARNING, "notify", text, 'add a [notify.NAME] of pagerduty, or set min_severity = "error"')
    for name, channel in configuration.notify.items():
        if channel.kind in READ and calls(channel):
            text = f"{name} ({channel.kind}) is told of nothing that could wait, so what it accepts counts as a call"
            yield Check(Level.WARNING, "notify", text, f'leave min_severity of {name} at "warning" or below')
    if all(spares_warnings(section) for section in configuration.notify.values()):
        text = "no channel is for warnings, so those that call people are told them too"
        yield Check(Level.WARNING, "notify", text, "add a channel that people read, or set min_severity")
    if len(configuration.notify) == 1:
        text = "there is no second channel for what the first does not accept within 15 s"
        yield Check(Level.WARNING, "notify", text, "add another [notify.NAME]")


def spares_warnings(section: ChannelSection) -> bool:
    """Whether a channel is not told of warnings."""
    from wedtui.core.notify import GRAVITY
    from wedtui.core.notify import Level as Severity
    from wedtui.notify import least_of

    return GRAVITY[least_of(section)] > GRAVITY[Severity.WARNING]


def _heartbeat(configuration: Configuration) -> Iterator[Check]:
    from wedtui.providers.secrets import resolve

    section = configuration.heartbeat
    if not section.is_configured:
        return
    if section.url is not None and urlsplit(section.url).scheme != "https":
        if urlsplit(section.url).hostname not in LOOPBACK:
            text = "the heartbeat is sent over plain HTTP: anybody on the way can send it in its place"
            yield Check(Level.WARNING, "heartbeat", text, "use an https:// address")
        return
    try:
        if section.secret_url is not None:
            resolve(section.secret_url)
    except ConfigurationError as error:
        yield Check(Level.PROBLEM, "heartbeat", f"{error}")


def _channel(name: str, section: ChannelSection) -> Iterator[Check]:
    from wedtui.providers.secrets import resolve

    parts = urlsplit(section.url or "https:")
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        text = f"{name} is told over plain HTTP: what is sent, and its secrets, can be read on the way"
        yield Check(Level.WARNING, "notify", text, "use an https:// address")
    unread = [s.file for s in secrets_of(section) if s.file is not None and own_file_of_another(s.file)]
    if unread:
        text = f"{name} was not looked at: {unread[0]} is the service's own, and closed to you"
        yield Check(Level.WARNING, "notify", text, "run `wedtui doctor` as the service's user")
        return
    try:
        for secret in secrets_of(section):
            found = resolve(secret)
            if secret == section.routing_key and len(found) != KEY_CHARACTERS:
                text = f"{name}: its routing key does not have {KEY_CHARACTERS} characters"
                yield Check(Level.PROBLEM, "notify", text, "copy the integration key (Events API v2) again")
                return
    except ConfigurationError as error:
        yield Check(Level.PROBLEM, "notify", f"{name}: {error}")
        return
    if section.kind == "apprise":
        from wedtui.notify.others import MISSING, is_installed

        if not is_installed():
            yield Check(Level.PROBLEM, "notify", f"{name}: {MISSING.partition(': ')[0]}", MISSING.partition(": ")[2])
            return
    text = f"{name} ({section.kind}) can be used; nobody was told anything"
    yield Check(Level.OK, "notify", text, f"`wedtui notify test {name}` tells it something")

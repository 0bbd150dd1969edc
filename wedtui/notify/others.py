"""Whoever else can be told, through the library apprise: an extra, which is imported by whoever is told first.

It says of an attempt only whether it went well: what did not is tried again, and refused by nobody.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
from typing import Any

from wedtui.clock import Clock
from wedtui.config_notify import ChannelSection
from wedtui.core.notify import Answer, Event, Level, Message, Verdict
from wedtui.core.text import shortened
from wedtui.errors import ConfigurationError
from wedtui.notify.wording import detail_lines, headline
from wedtui.providers.secrets import resolve
from wedtui.providers.web import seconds

MISSING = 'the library apprise is not installed: install it with `pip install "wedtui[apprise]"`'
LONGEST_TITLE = 200
_TYPES = {Level.CRITICAL: "failure", Level.ERROR: "failure", Level.WARNING: "warning", Level.INFO: "info"}


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("apprise") is not None


class Others:
    """Somebody whom apprise can tell."""

    def __init__(self, name: str, section: ChannelSection, source: str, clock: Clock) -> None:
        """Remember where it is; its address is looked up each time.

        Args:
            name: as it is configured.
            section: its configuration.
            source: who tells, such as `wedtui/production`.
            clock: not looked at: apprise says nothing of when it may be asked again.
        """
        self.name = name
        self._section, self._source = section, source

    async def send(self, message: Message) -> Answer:
        """Put a message to it."""
        within = self._section.timeout
        try:
            target = self._target()
            async with asyncio.timeout(within.total_seconds()):
                went_well = await target.async_notify(
                    title=shortened(headline(message), LONGEST_TITLE),
                    body=self._body(message),
                    notify_type="success" if message.event is Event.RESOLVE else _TYPES[message.severity],
                    body_format="text",
                )
        except ConfigurationError as error:
            return Answer(Verdict.LATER, f"{error}")
        except TimeoutError:
            return Answer(Verdict.LATER, f"apprise did not tell it within {seconds(within)}")
        except Exception as error:
            # Its plugins are many, and their words may hold the address.
            return Answer(Verdict.LATER, f"apprise failed ({type(error).__name__})")
        return Answer(Verdict.ACCEPTED) if went_well else Answer(Verdict.LATER, "apprise could not tell it")

    def _target(self) -> Any:
        assert self._section.secret_url is not None
        address = resolve(self._section.secret_url)
        if not is_installed():
            raise ConfigurationError(f"notify.{self.name}: {MISSING}")
        # Its log repeats addresses, and so secrets.
        logging.getLogger("apprise").disabled = True
        target = importlib.import_module("apprise").Apprise()
        if not target.add(address):
            raise ConfigurationError(f"notify.{self.name}: secret_url holds no address that apprise knows")
        return target

    def _body(self, message: Message) -> str:
        lines = [headline(message), *(f"{name}: {text}" for name, text in detail_lines(message))]
        return "\n".join([*lines, f"{self._source}, {message.key}"])

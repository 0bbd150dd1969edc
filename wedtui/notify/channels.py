"""The channels: PagerDuty's Events API v2, and a webhook; and which one a section describes. None ever raises.

A channel may be told the same twice; the episode says so. Source: PagerDuty, "Events API v2"; RFC 2104 (HMAC).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Protocol

import httpx

from wedtui.clock import Clock
from wedtui.config_notify import ChannelSection
from wedtui.core.chain import instant_words
from wedtui.core.notify import Answer, Event, Message
from wedtui.notify.http import HttpChannel, Request, bytes_of
from wedtui.notify.mail import Mail
from wedtui.notify.others import Others
from wedtui.notify.slack import Slack
from wedtui.providers.secrets import resolve
from wedtui.providers.web import resolved_headers

SIGNATURE = "Wedtui-Signature"


class Channel(Protocol):
    """Somebody who can be told."""

    @property
    def name(self) -> str:
        """As it is configured."""
        ...

    async def send(self, message: Message) -> Answer:
        """Put a message to it, and say what became of that; whatever goes wrong is an answer too."""
        ...


class PagerDuty(HttpChannel):
    """A service of PagerDuty."""

    reads = True

    def _request(self, message: Message) -> Request:
        section = self._section
        assert section.routing_key is not None
        key = resolve(section.routing_key)
        body: dict[str, object] = {
            "routing_key": key,
            "event_action": message.event.value,
            "dedup_key": message.episode,
        }
        if message.event is Event.TRIGGER:
            body["payload"] = {
                "summary": message.sentence,
                "source": self._source,
                "severity": message.severity.value,
                "timestamp": instant_words(message.created_at),
                "component": "wedtui",
                "group": message.key,
                "custom_details": dict(message.details),
            }
            body["client"] = "wedtui"
        return Request(f"{self._url.rstrip('/')}/v2/enqueue", bytes_of(body), {}, [key])

    def _accepted(self, status: int) -> bool:
        return status == httpx.codes.ACCEPTED

    def _confirmed(self, said: bytes) -> bool:
        # What stands between may answer 202 as well.
        try:
            found = json.loads(said)
        except ValueError:
            return False
        return isinstance(found, dict) and found.get("status") == "success"


class Webhook(HttpChannel):
    """Whoever takes a notification as JSON."""

    def _request(self, message: Message) -> Request:
        section = self._section
        body = bytes_of(
            {
                "version": 1,
                "source": self._source,
                "notification": message.number,
                "key": message.key,
                "episode": message.episode,
                "event": message.event.value,
                "severity": message.severity.value,
                "sentence": message.sentence,
                "details": dict(message.details),
                "created_at": instant_words(message.created_at),
            }
        )
        headers = resolved_headers(f"notify.{self.name}", section.headers)
        secrets = [*headers.values()]
        if section.hmac_key is not None:
            key = resolve(section.hmac_key)
            secrets.append(key)
            headers[SIGNATURE] = f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"
        headers["Idempotency-Key"] = hashlib.sha256(f"{message.episode} {message.event}".encode()).hexdigest()
        return Request(self._url, body, headers, secrets)

    def _accepted(self, status: int) -> bool:
        return 200 <= status < 300


_KINDS: dict[str, Callable[[str, ChannelSection, str, Clock], Channel]] = {
    "pagerduty": PagerDuty,
    "webhook": Webhook,
    "slack": Slack,
    "email": Mail,
    "apprise": Others,
}


def channel_of(name: str, section: ChannelSection, *, environment: str, clock: Clock) -> Channel:
    """Return the channel that a section describes."""
    return _KINDS[section.kind](name, section, f"wedtui/{environment}", clock)

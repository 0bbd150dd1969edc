"""Slack, by an incoming webhook: its address is the secret. Whether anybody reads it nobody here can know.

Source: Slack, "Sending messages using incoming webhooks", "Formatting text for app surfaces" and "Rate limits".
"""

from __future__ import annotations

from wedtui.core.notify import Message
from wedtui.errors import ConfigurationError
from wedtui.notify.http import HttpChannel, Request, bytes_of
from wedtui.notify.wording import detail_lines, headline
from wedtui.providers.secrets import resolve

LONGEST_TEXT = 2900
"""Of one section, in characters; 3,000 are taken."""
SHORT = 5
"""A part of the address that is no longer is no secret by itself."""


class Slack(HttpChannel):
    """A channel of Slack."""

    reads = True
    exact = True

    @property
    def _place(self) -> str:
        return "Slack"

    def _request(self, message: Message) -> Request:
        section = self._section
        assert section.secret_url is not None
        url = resolve(section.secret_url)
        if not url.startswith(("https://", "http://127.0.0.1:")) or not url.isascii() or not url.isprintable():
            raise ConfigurationError(f"notify.{self.name}: secret_url holds no address that begins with https://")
        said = _escaped(headline(message))
        blocks = [_section(f"*{said}*")]
        details = "\n".join(f"{_escaped(name)}: {_escaped(text)}" for name, text in detail_lines(message))
        if details:
            blocks.append(_section(details))
        blocks.append(_section(_escaped(f"{self._source}, {message.key}")))
        body = bytes_of({"text": said[:LONGEST_TEXT], "blocks": blocks})
        return Request(url, body, {}, [url, *(part for part in url.split("/")[4:] if len(part) > SHORT)])

    def _accepted(self, status: int) -> bool:
        return status == 200

    def _confirmed(self, said: bytes) -> bool:
        return said.strip() == b"ok"


def _section(text: str) -> dict[str, object]:
    # verbatim: names of people and channels in a reason call nobody.
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text), "verbatim": True}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    """Return text that a section takes, never cut within what stands for one character."""
    if len(text) <= LONGEST_TEXT:
        return text
    kept = text[:LONGEST_TEXT]
    begin, entity, rest = kept.rpartition("&")
    return (begin if entity and ";" not in rest else kept) + "…"

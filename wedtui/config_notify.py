"""Who is told: `[notify.NAME]`, a channel each, asked in the order of the file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from wedtui.config_base import Headers, Secret, Section
from wedtui.config_values import AbsolutePath, Duration, HttpUrl, between

PAGERDUTY_URL = "https://events.pagerduty.com"


class ChannelSection(Section):
    """A channel by which people are told."""

    kind: Literal["pagerduty", "webhook"]
    url: HttpUrl | None = None
    """Of a `webhook`: where each notification is posted to as JSON. Of `pagerduty`: its Events API, where that is not
    `https://events.pagerduty.com`."""
    routing_key: Secret | None = None
    """Of `pagerduty`: the integration key of a service, 32 characters."""
    hmac_key: Secret | None = None
    """Of a `webhook`: the key by which each body is signed."""
    headers: Headers = Field(default_factory=dict)
    """Of a `webhook`."""
    ca_file: AbsolutePath | None = None
    """Certificates to trust instead of the system's."""
    timeout: Annotated[Duration, between(least=timedelta(milliseconds=100), most=timedelta(seconds=60))] = timedelta(
        seconds=5
    )
    """For one attempt, in all."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed = {"pagerduty": "routing_key", "webhook": "url"}[self.kind]
        foreign = {"pagerduty": ("hmac_key", "headers"), "webhook": ("routing_key",)}[self.kind]
        for key in foreign:
            if key in self.model_fields_set:
                raise ValueError(f'expected no {key} beside kind = "{self.kind}"')
        if getattr(self, needed) is None:
            raise ValueError(f'expected {needed} beside kind = "{self.kind}"')
        return self

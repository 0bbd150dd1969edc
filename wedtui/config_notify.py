"""Who is told: `[notify.NAME]`, a channel each, asked in the order of the file; `[routes]` and `[heartbeat]`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from wedtui.config_base import Headers, Secret, Section
from wedtui.config_values import AbsolutePath, Duration, HttpUrl, Whole, between

PAGERDUTY_URL = "https://events.pagerduty.com"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?|::1")
_COMMON = {"kind", "timeout", "min_severity"}
_NEEDED = {
    "pagerduty": ("routing_key",),
    "webhook": ("url",),
    "slack": ("secret_url",),
    "email": ("host", "sender", "to"),
    "apprise": ("secret_url",),
}
_MORE = {
    "pagerduty": {"url", "ca_file"},
    "webhook": {"hmac_key", "headers", "ca_file"},
    "slack": {"ca_file"},
    "email": {"port", "tls", "user", "password", "ca_file"},
    "apprise": set[str](),
}


def _address(value: str) -> str:
    # No other character: an address is part of a header and of a command of SMTP.
    if not _ADDRESS.fullmatch(value):
        raise ValueError('expected an address such as "oncall@example.com", in ASCII and without a name')
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError('expected a host such as "mail.example.com"')
    return value


Address = Annotated[str, AfterValidator(_address)]
Within = Annotated[Duration, between(least=timedelta(milliseconds=100), most=timedelta(seconds=60))]


class ChannelSection(Section):
    """A channel by which people are told."""

    kind: Literal["pagerduty", "webhook", "slack", "email", "apprise"]
    min_severity: Literal["info", "warning", "error", "critical"] | None = None
    """From which severity on it is told of what begins; by default `pagerduty`, which calls people, from `error` on,
    and any other channel of everything."""
    url: HttpUrl | None = None
    """Of a `webhook`: where each notification is posted to as JSON. Of `pagerduty`: its Events API, where that is not
    `https://events.pagerduty.com`."""
    secret_url: Secret | None = None
    """Of `slack`: the address of an incoming webhook. Of `apprise`: one of its addresses, such as `tgram://...`."""
    routing_key: Secret | None = None
    """Of `pagerduty`: the integration key of a service, 32 characters."""
    hmac_key: Secret | None = None
    """Of a `webhook`: the key by which each body is signed."""
    headers: Headers = Field(default_factory=dict)
    """Of a `webhook`."""
    host: Annotated[str, AfterValidator(_host)] | None = None
    """Of `email`: the server that takes mail."""
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Of `email`; by default 587, with `tls = "tls"` 465."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """Of `email`: `none` only to this machine."""
    user: str | None = None
    """Of `email`, where the server demands one."""
    password: Secret | None = None
    sender: Address | None = None
    """Of `email`: whom it is from."""
    to: Annotated[tuple[Address, ...], Field(max_length=20)] = ()
    """Of `email`: who is told."""
    ca_file: AbsolutePath | None = None
    """Certificates to trust instead of the system's."""
    timeout: Within = timedelta(seconds=5)
    """For one attempt, in all."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        fitting = _COMMON | {*_NEEDED[self.kind]} | _MORE[self.kind]
        for key in type(self).model_fields:
            if key in self.model_fields_set and key not in fitting:
                raise ValueError(f'expected no {key} beside kind = "{self.kind}"')
        for key in _NEEDED[self.kind]:
            if not getattr(self, key):
                raise ValueError(f'expected {key} beside kind = "{self.kind}"')
        if self.kind == "email":
            self._is_safe_mail()
        return self

    def _is_safe_mail(self) -> None:
        if (self.user is None) != (self.password is None):
            raise ValueError("expected both of user and password, or neither")
        if self.user is not None and not (self.user.isascii() and self.user.isprintable()):
            raise ValueError("expected a user of printable ASCII characters")
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError('expected tls = "starttls" or "tls": only to this machine mail goes without')


class HeartbeatSection(Section):
    """Somebody outside who is told every minute that alerts are judged, and tells people when that stops."""

    url: HttpUrl | None = None
    """What is asked every minute, as healthchecks and its like expect it."""
    secret_url: Secret | None = None
    """The same, where the address is a secret."""
    method: Literal["GET", "HEAD", "POST"] = "GET"
    ca_file: AbsolutePath | None = None
    """Certificates to trust instead of the system's."""
    timeout: Within = timedelta(seconds=10)

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.url is not None and self.secret_url is not None:
            raise ValueError("expected one of url and secret_url")
        if self.url is None and self.secret_url is None and self.model_fields_set:
            raise ValueError("expected url or secret_url")
        return self

    @property
    def is_configured(self) -> bool:
        """Whether there is anybody to tell."""
        return self.url is not None or self.secret_url is not None

"""The configuration of the audit chain: by which key its newest link is signed, and where that is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from wedtui.config_base import Headers, Section
from wedtui.config_values import AbsolutePath, Duration, HttpUrl, Name, between, parse_loopback


def _syslog_address(value: str) -> str:
    return value if value.startswith("/") else parse_loopback(value)


class AnchorSection(Section):
    """A place outside of the ledger that keeps the signed newest link."""

    name: Name
    kind: Literal["file", "syslog", "webhook"]
    path: AbsolutePath | None = None
    """Of a `file` that is there already, and belongs to another user than the service."""
    address: Annotated[str, AfterValidator(_syslog_address)] | None = None
    """Of `syslog`: a socket such as `/dev/log`, which is the default, or a UDP port of this machine's loopback."""
    url: HttpUrl | None = None
    """Of a `webhook`: where each anchor is posted to as JSON."""
    headers: Headers = Field(default_factory=dict)
    """Of a `webhook`."""
    ca_file: AbsolutePath | None = None
    """Of a `webhook`: certificates to trust instead of the system's."""
    timeout: Annotated[Duration, between(least=timedelta(milliseconds=100), most=timedelta(seconds=60))] = timedelta(
        seconds=5
    )
    """Of a `webhook`, for one attempt."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed = {"file": "path", "webhook": "url"}
        own = {"file": {"path"}, "syslog": {"address"}, "webhook": {"url", "headers", "ca_file", "timeout"}}[self.kind]
        for key in ("path", "address", "url", "headers", "ca_file", "timeout"):
            if key in self.model_fields_set and key not in own:
                raise ValueError(f'expected no {key} beside kind = "{self.kind}"')
        wanted = needed.get(self.kind)
        if wanted is not None and getattr(self, wanted) is None:
            raise ValueError(f'expected {wanted} beside kind = "{self.kind}"')
        return self


class AuditSection(Section):
    """The audit chain."""

    key_file: AbsolutePath | None = None
    """The private key, which `wedtui audit key` makes; without it nothing is signed or anchored."""
    every: Annotated[Duration, between(least=timedelta(seconds=10), most=timedelta(days=1))] = timedelta(hours=1)
    """How often the newest link is anchored again where nothing happens."""
    keep_years: Annotated[int, Field(ge=7, le=100)] | None = None
    """How old links are at least that `wedtui audit prune` removes; without it none is removed."""
    anchors: tuple[AnchorSection, ...] = ()
    """Places outside of the ledger."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.anchors and self.key_file is None:
            raise ValueError("expected key_file beside anchors: what is not signed proves nothing")
        return self

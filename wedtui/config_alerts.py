"""Other systems whose alerts are taken in as they are: `[[alert_sources]]`."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from wedtui.config_base import Headers, Secret, Section
from wedtui.config_values import AbsolutePath, Duration, HttpUrl, Name, Whole, between
from wedtui.core.alerts.names import PAGES, WATCHES
from wedtui.core.redact import address_of
from wedtui.core.wording import listed

Severities = Literal["critical", "warning", "none"]

SEVERITIES: dict[str, Severities] = {
    "critical": "critical",
    "page": "critical",
    **dict.fromkeys(("emergency", "fatal", "disaster", "error", "p0", "p1", "sev0", "sev1"), "critical"),
    "warning": "warning",
    "ticket": "warning",
    "info": "warning",
    "none": "none",
}
"""What severities of others are here, where nothing else is configured; `none`: it is no alert."""


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise ValueError("expected 1 to 200 characters on one line")
    return value


def _free(value: str) -> str:
    if value == WATCHES:
        raise ValueError(f'expected another name: "{WATCHES}" is what alerts about the sources themselves are called')
    if value == PAGES:
        raise ValueError(f'expected another name: "{PAGES}" is what somebody is called for by the service itself')
    return value


# Of what an Alertmanager takes only what cannot mean anything else to it: `a=b,c=d` would be one value.
_MATCHER = re.compile(
    r"""\s*[a-zA-Z_:][a-zA-Z0-9_:]*\s*(?P<how>=~|!~|!=|=)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"\\,={}~!]+))\s*"""
)


_EXAMPLE = """'severity=~"critical|warning"'"""


def _matcher(value: str) -> str:
    found = _MATCHER.fullmatch(_text(value))
    if found is None:
        raise ValueError(f"expected a label, =, !=, =~ or !~, and a value in double quotes: {_EXAMPLE}")
    if found["how"].endswith("~"):
        _check_expression(found["bare"] or re.sub(r'\\(["\\])', r"\1", found["quoted"]))
    return value


def _check_expression(text: str) -> None:
    """Refuse what is no regular expression; escapes may be others there than here."""
    try:
        re.compile(text)
    except re.error as error:
        if not error.msg.startswith("bad escape"):
            raise ValueError(f"expected a regular expression behind ~; this one cannot be read: {error.msg}") from None


def _matcher_words(labels: dict[str, str]) -> str:
    others = [f"{name}={value}" for name, value in labels.items() if name != "alertname"]
    return " ".join([*([labels["alertname"]] if "alertname" in labels else []), *others])


Text = Annotated[str, AfterValidator(_text)]
Matcher = Annotated[str, AfterValidator(_matcher)]
"""As an Alertmanager takes it: `severity=~"critical|warning"`."""


class AlertSourceSection(Section):
    """An Alertmanager, or a Prometheus, that judges alerts of its own."""

    name: Annotated[Name, AfterValidator(_free)]
    kind: Literal["alertmanager", "prometheus"]
    url: HttpUrl | None = None
    """Of its web interface; `api/v2/alerts`, or `api/v1/alerts`, is below it."""
    urls: Annotated[tuple[HttpUrl, ...], Field(max_length=5)] = ()
    """Of the members of a cluster of Alertmanagers, beside `url` or in its place: asked in this order."""
    filters: Annotated[tuple[Matcher, ...], Field(max_length=20)] = ()
    """An Alertmanager is asked only for alerts that all of these match."""
    interval: Annotated[Duration, between(least=timedelta(seconds=1), most=timedelta(minutes=15))] = timedelta(
        seconds=15
    )
    timeout: Annotated[Duration, between(most=timedelta(seconds=60))] = timedelta(seconds=5)
    """For one attempt."""
    retries: Whole = Field(default=1, ge=0, le=3)
    bearer_token: Secret | None = None
    headers: Headers = Field(default_factory=dict)
    ca_file: AbsolutePath | None = None
    provider_label: Text = "provider"
    """The label of its alerts that names the provider."""
    providers: dict[Text, Name] = Field(default_factory=dict)
    """What that label says -> the provider here; without it as it is."""
    service_label: Text = "service"
    """The label of its alerts that names the service of the platform."""
    severity_label: Text = "severity"
    severities: dict[Text, Severities] = Field(default_factory=lambda: {**SEVERITIES})
    """What that label says -> what it is here; `none`: it is no alert, and is only counted. Others keep the default."""
    default_severity: Literal["critical", "warning"] = "warning"
    """Of an alert whose label says something else, or that has none."""
    group: tuple[Text, ...] = ("provider", "service")
    """Alerts of one name with the same values of these labels are told together."""
    route: Name | None = None
    clear: Annotated[Duration, between(most=timedelta(hours=1))] = timedelta(minutes=5)
    """For how long its answers, two at least, have to lack an alert before that is over.

    One that is started anew has to be told all again: by what Prometheus ships with, within two minutes, and after a
    start of its own within the longest interval of its groups.
    """
    expects: tuple[Annotated[dict[Text, Text], Field(min_length=1)], ...] = ()
    """The labels of alerts that always fire, of each Prometheus one: that one of them does not is an alert.

    A name stands for `{ alertname = "..." }`.
    """

    unanswered: Literal["critical", "warning"] = "warning"
    """How much it matters that it does not answer."""

    @field_validator("expects", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        each = [value] if isinstance(value, str | dict) else value
        return [{"alertname": one} if isinstance(one, str) else one for one in each] if isinstance(each, list) else each

    @model_validator(mode="after")
    def _fits(self) -> Self:
        one = self.kind == "prometheus"
        if one and self.urls:
            raise ValueError('expected url and no urls beside kind "prometheus": each of a pair judges for itself')
        if one and self.filters:
            raise ValueError('expected no filters beside kind "prometheus": it can only be asked for all of its alerts')
        if not self.addresses:
            raise ValueError("expected url" if one else "expected url, or urls with the members of a cluster")
        if len({url.rstrip("/") for url in self.addresses}) < len(self.addresses):
            raise ValueError("expected each address once in url and urls")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it is asked, in this order until one answers well."""
        return (*((self.url,) if self.url is not None else ()), *self.urls)

    @property
    def asked(self) -> str:
        """What tells what is asked from what another configuration asks (see `core.redact.address_of`)."""
        places = sorted(address_of(self.name, url) for url in self.addresses)
        if len(places) == 1 and not self.filters:
            return places[0]
        return hashlib.blake2b(json.dumps([places, sorted(self.filters)]).encode(), digest_size=8).hexdigest()

    @property
    def expected_words(self) -> str:
        """What always fires there: `Watchdog`, `one of Watchdog cluster=eu and Watchdog cluster=us`."""
        named = tuple(_matcher_words(each) for each in self.expects)
        return f"one of {listed(named)}" if len(named) > 1 else "".join(named)

    @field_validator("severities", mode="before")
    @classmethod
    def _with_defaults(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {**SEVERITIES, **{str(name).casefold(): severity for name, severity in value.items()}}

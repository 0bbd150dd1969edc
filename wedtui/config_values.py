"""The values of the configuration: how each is written, what is refused, and what was expected in its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from wedtui.core.freeze import WallTime
from wedtui.core.wedding import CULTURES, OTHER

_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WRITTEN_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WALL_TIME = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?\s+([01][0-9]|2[0-3]):([0-5][0-9])", re.IGNORECASE
)
_LOOPBACK = "127.0.0.1"
# A century is longer than anything here can mean, and still fits every unit.
_LONGEST = timedelta(days=36525)


def parse_duration(value: object) -> timedelta:
    """Turn `"3s"`, `"500ms"`, `"1h 30m"` or `"7d"` into a length of time.

    Raises:
        ValueError: it is none, or not longer than nothing.
    """
    if isinstance(value, timedelta):
        return value
    text = value.replace(" ", "") if isinstance(value, str) else ""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError('expected a duration such as "500ms", "3s", "15m", "24h" or "7d"')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= _LONGEST.total_seconds() or not timedelta(seconds=seconds):
        raise ValueError("expected a duration longer than nothing and shorter than a century")
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Turn a length of time back into what the configuration would say: `3s`, `500ms`, `7d`."""
    seconds = span.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{span // timedelta(microseconds=1) / 1000:.3f}".rstrip("0").rstrip(".") + "ms"


def parse_wall_time(value: object) -> WallTime:
    """Turn `"fri 18:00"` into a weekday and a time of day.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, WallTime):
        return value
    match = _WALL_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a weekday and a time of day such as "fri 18:00"')
    day, hour, minute = match.groups()
    return WallTime(_DAYS.index(day.lower()), time(int(hour), int(minute)))


def format_wall_time(wall: WallTime) -> str:
    """Turn a weekday and a time of day back into `fri 18:00`."""
    return f"{_DAYS[wall.weekday]} {wall.at:%H:%M}"


@cache
def _zones() -> frozenset[str]:
    """Return every zone of the package tzdata: a list, where the system's folder would have to be searched."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def _known_zone(name: str) -> str:
    if name not in _zones():
        near = get_close_matches(name, _zones(), n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'expected an IANA zone such as "Europe/London"; "{name}" is not one{hint}')
    return name


def parse_loopback(value: object) -> str:
    """Turn `9464`, `"9464"`, `"127.0.0.1:9464"`, `"localhost:9464"` or `"[::1]:9464"` into an address and a port.

    Raises:
        ValueError: it is none of them, or an address that other machines may reach.
    """
    text = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    if text.isascii() and text.isdigit():
        text = f"{_LOOPBACK}:{text}"
    written, _, port = text.rpartition(":")
    host = _LOOPBACK if written == "localhost" else written
    expected = 'expected a port, or an address of this machine\'s loopback with one, such as "127.0.0.1:9464"'
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535):
        raise ValueError(expected)
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError(expected) from None
    if not address.is_loopback:
        raise ValueError(f"{expected}: other machines may reach {address}")
    if address.version == 6 and not host.startswith("["):
        raise ValueError(f'{expected}; an IPv6 address stands in brackets: "[{address}]:{port}"')
    return f"[{address}]:{int(port)}" if address.version == 6 else f"{address}:{int(port)}"


def parse_address(value: object) -> str:
    """Turn `"192.0.2.7:8443"` or `"[2001:db8::7]:8443"` into an address and a port.

    Raises:
        ValueError: it is none; a name is not asked of anybody.
    """
    text = value.strip() if isinstance(value, str) else ""
    host, _, port = text.rpartition(":")
    expected = 'expected an address of this machine with a port, such as "192.0.2.7:8443" or "[2001:db8::7]:8443"'
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535):
        raise ValueError(expected)
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError(expected) from None
    if (address.version == 6) != host.startswith("["):
        raise ValueError(expected)
    return f"[{address}]:{int(port)}" if address.version == 6 else f"{address}:{int(port)}"


def address_parts(value: str) -> tuple[str, int]:
    """Return the address (without brackets) and the port of what `parse_address` gave."""
    return loopback_parts(value)


def loopback_parts(value: str) -> tuple[str, int]:
    """Return the address (without brackets) and the port of what `parse_loopback` gave."""
    host, _, port = value.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _http_url(value: str) -> str:
    if any(c.isspace() or not c.isprintable() for c in value):
        raise ValueError("expected a URL without spaces and control characters")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        # What the library says quotes the URL, and with it a password that was mistaken for a port.
        raise ValueError("expected an http or https URL; the host or the port of this one cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("expected a URL that begins with http:// or https://")
    if not host:
        raise ValueError("expected a URL with a host, such as https://rsvp.example.com/healthz")
    if parts.username or parts.password:
        raise ValueError("expected a URL without user and password; put them into a header that names a secret")
    return value


def _endpoint_url(value: str) -> str:
    if "@" in value.partition("://")[2].partition("/")[0]:
        raise ValueError("expected a URL without user and password: requests are signed with the SDK's credentials")
    return _http_url(value)


def _http_url_or_file(value: str) -> str:
    if "://" in value and not value.startswith("file://"):
        return _http_url(value)
    path = Path(value.removeprefix("file://"))
    if not path.is_absolute():
        raise ValueError("expected an http or https URL, or the absolute path of a file")
    return value


def _source_place(value: str) -> str:
    if not value.startswith(("postgres://", "postgresql://")):
        return _http_url_or_file(value)
    try:
        # Who reads the file would read it; libpq looks for one itself.
        has_password = urlsplit(value).password is not None or "password=" in value
    except ValueError:
        raise ValueError("expected a URL such as postgresql://user@host:5432/database") from None
    if has_password:
        raise ValueError(
            "expected a URL without a password; put it into a file that libpq reads (~/.pgpass, passfile=)"
        )
    return value


def _absolute(value: Path) -> Path:
    if not value.is_absolute():
        raise ValueError("expected an absolute path: the service does not run in your directory")
    return value


def number(value: object) -> object:
    """Refuse what TOML calls a boolean and Python an integer.

    Raises:
        ValueError: it is one.
    """
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {str(value).lower()}")
    return value


def _instant(value: object) -> object:
    """Refuse what would be taken for seconds since 1970, or for midnight."""
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN_INSTANT.match(value)):
        return value
    raise ValueError("expected an instant with its offset, such as 2026-07-23T00:00:00+01:00")


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"expected {what}")
        return value

    return check


def between(*, least: timedelta = timedelta(), most: timedelta = _LONGEST) -> AfterValidator:
    """Return a check that a length of time lies between two others."""

    def check(value: timedelta) -> timedelta:
        if value < least:
            raise ValueError(f"expected at least {format_duration(least)}")
        if value > most:
            raise ValueError(f"expected at most {format_duration(most)}")
        return value

    return AfterValidator(check)


def _one_line(value: str) -> str:
    if not value.strip() or len(value) > 80 or not value.isprintable():
        raise ValueError("expected 1 to 80 characters on one line")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression; this one fails: {error}") from None
    return value


def _keys(value: object) -> tuple[object, ...]:
    """Make a list of what may be one key; none at all unbinds. Which keys there are is not known here."""
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list | tuple) and all(isinstance(key, str) and key for key in value):
        return tuple(value)
    raise ValueError('expected a key such as "ctrl+f", a list of keys, or [] for none')


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("expected an instant with its offset, such as 2026-07-23T00:00:00+01:00")
    return value


def dns_name(value: str) -> str:
    """Return a name in small letters and absolute, as servers compare it."""
    name = value.lower().removesuffix(".")
    if len(name) > 253 or not re.fullmatch(rf"({_LABEL}\.)+{_LABEL}", name):
        raise ValueError(f"expected {_DNS_NAME}")
    return f"{name}."


def _nameserver(value: str) -> str:
    host, port = nameserver_parts(value)
    if not 0 < port <= 65535:
        raise ValueError(f"expected {_SERVER}")
    try:
        ip_address(host)
    except ValueError:
        if not re.fullmatch(rf"({_LABEL}\.)*{_LABEL}\.?", host.lower()):
            raise ValueError(f"expected {_SERVER}") from None
    return value


def nameserver_parts(value: str) -> tuple[str, int]:
    """Return the host and the port of a nameserver; 53 where none is named, 0 where it is none."""
    if value.count(":") > 1 and not value.startswith("["):
        return value, 53
    match = re.fullmatch(r"\[?([^\]]*?)\]?(?::([0-9]{1,5}))?", value, re.ASCII)
    if match is None:
        return value, 0
    return match[1], int(match[2] or 53)


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
Zone = Annotated[str, AfterValidator(_known_zone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
EndpointUrl = Annotated[str, AfterValidator(_endpoint_url)]
FeedUrl = Annotated[str, AfterValidator(_http_url_or_file)]
SourcePlace = Annotated[str, AfterValidator(_source_place)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Instant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_aware)]
Wall = Annotated[WallTime, BeforeValidator(parse_wall_time), PlainSerializer(format_wall_time)]
KeyNames = Annotated[tuple[str, ...], BeforeValidator(_keys)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Address = Annotated[str, BeforeValidator(parse_address)]
LoopbackAddress = Annotated[str, BeforeValidator(parse_loopback)]
Whole = Annotated[int, BeforeValidator(number)]
_NAME = 'a name of at most 63 letters, digits, ".", "_" and "-" that begins with a letter or digit'
_ENVIRONMENT = 'an environment such as "production": at most 32 small letters, digits, ".", "_" and "-"'
_ACCOUNT = 'the name of a user of the operating system, such as "wedtui"'
_PRINCIPAL = 'the name of a user or group of the operating system, or its number, such as "kay" or "1001"'
_SIGNAL = 'a signal such as "error_rate": small letters, digits and "_"'
Name = Annotated[str, AfterValidator(_matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", _NAME))]
Environment = Annotated[str, AfterValidator(_matching(r"[a-z0-9][a-z0-9._-]{0,31}", _ENVIRONMENT))]
Account = Annotated[str, AfterValidator(_matching(r"[a-z_][a-z0-9_-]{0,31}", _ACCOUNT))]
Principal = Annotated[str, AfterValidator(_matching(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,63}[$]?", _PRINCIPAL))]
Signal = Annotated[str, AfterValidator(_matching(r"[a-z][a-z0-9_]{0,62}", _SIGNAL))]
Title = Annotated[str, AfterValidator(_one_line)]
Status = Annotated[Whole, Field(ge=100, le=599)]
HeaderName = Annotated[
    str, AfterValidator(_matching(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", "the name of an HTTP header"))
]
_COLUMN = "the name of a column: 1 to 128 characters on one line"
Column = Annotated[str, AfterValidator(_matching(r"[^\x00-\x1f\x7f]{1,128}", _COLUMN))]
_KIND = 'a kind of venue such as "hotel": at most 32 small letters, digits, spaces, "_" and "-"'
VenueKind = Annotated[str, AfterValidator(_matching(r"[a-z][a-z0-9 _-]{0,31}", _KIND))]
_CULTURE = f"one of {', '.join(CULTURES)} and {OTHER}"
Culture = Annotated[str, AfterValidator(_matching("|".join([*CULTURES, OTHER]), _CULTURE))]
_REGION = 'the name of a region such as "eu-west-1"'
Region = Annotated[str, AfterValidator(_matching(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}", _REGION))]
_NUMBER = 'the number of an account, such as "123456789012"'
AccountNumber = Annotated[str, AfterValidator(_matching(r"[0-9]{12}", _NUMBER))]
_ROLE = 'the ARN of a role, such as "arn:aws:iam::123456789012:role/wedtui"'
RoleArn = Annotated[str, AfterValidator(_matching(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", _ROLE))]
_HOSTED_ZONE = 'the id of a hosted zone, such as "Z1D633PJN98FT9"'
HostedZone = Annotated[str, AfterValidator(_matching(r"[A-Z0-9]{1,32}", _HOSTED_ZONE))]
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS_NAME = 'a full name of DNS in ASCII, such as "www.example.com"'
_SERVER = 'a nameserver such as "ns1.example.com", "192.0.2.53:5300" or "[2001:db8::53]:53"'
_IDENTIFIER = "1 to 128 printable characters of ASCII"
DimensionName = Annotated[str, AfterValidator(_matching(r"[\x21-\x7e]{1,255}", "the name of a dimension"))]
Identifier = Annotated[str, AfterValidator(_matching(r"[\x21-\x7e]([\x20-\x7e]{0,126}[\x21-\x7e])?", _IDENTIFIER))]
DnsName = Annotated[str, AfterValidator(dns_name)]
Nameserver = Annotated[str, AfterValidator(_nameserver)]
HeaderText = Annotated[
    str, AfterValidator(_matching(r"[\t\x20-\x7e]*", "the value of an HTTP header: ASCII without control characters"))
]

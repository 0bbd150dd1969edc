"""URLs as they may be stored and shown."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlsplit

HIDDEN = "***"


def redacted_url(url: str) -> str:
    """Return a URL without user, password and fragment, and with the values of its query hidden.

    What has no scheme (the path of a file) comes back as it is.
    """
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    query = "&".join(f"{name}={HIDDEN}" for name, _value in parse_qsl(parts.query, keep_blank_values=True))
    return SplitResult(parts.scheme, _host(parts), parts.path, query, "").geturl()


def redacted_feed_url(url: str) -> str:
    """Return a feed's URL without its path: that of a private calendar is a secret of its own."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return url
    return SplitResult(parts.scheme, _host(parts), f"/{HIDDEN}", "", "").geturl()


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]

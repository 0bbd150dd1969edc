"""What must not be shown, stored or handed on: secrets in URLs, and text that looks like a secret."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

HIDDEN = "***"
MASK = "*"

Stretch = tuple[int, int]
"""Where in a text: first character, and the one after the last."""

# In a line that was cut to fit, the `@` behind a password may be missing: what stands behind a colon and is no
# port counts as one.
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^\s/?#]*)(?P<path>[^\s?#]*)(?P<query>\?[^\s#]*)?(?P<rest>#\S*)?"
)
_CUT_PASSWORD = re.compile(r"^[^\[\]:@]*:(?P<secret>(?!\d{1,5}[,.;)}'\"]*$)[^:@\[\]]+)$")
_WORDS = "pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|signature"
_ASSIGNED = re.compile(
    # The name may have more before and after it (X-Api-Token, client_secret_id); quotes may stand around its value.
    rf"(?i)(?:{_WORDS})[a-z0-9_-]*[\"']?(?:\s*=\s*|\s*:\s+|:)[\"']?(?P<secret>[^\s\"'&,;)\]}}]+)"
)
_AUTHORISED = re.compile(r"(?i)\b(?:bearer|basic|digest)\s+(?P<secret>[A-Za-z0-9._~+/=:-]*…?)")
# `token 9f86d081884c7d65`, `key AbCd...`: without a sign between them, only what is long and of the alphabet of keys.
_FOLLOWED = re.compile(rf"(?i)\b(?:{_WORDS}|key)\b\W{{1,3}}(?P<secret>[A-Za-z0-9+/_=-]{{16,}}…?)")
_SHAPED = re.compile(
    r"\b(?P<secret>"
    r"eyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9._-]*"  # JSON Web Token
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[A-Za-z0-9_-]{30,}"  # Google
    r")"
)


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


def place_of(url: str) -> str:
    """Return where something is read from: a database without user and parameters, a URL without its path, a file."""
    if url.startswith(("postgres://", "postgresql://")):
        address = url.partition("?")[0].partition("://")[2]
        return f"postgresql://{address.rpartition('@')[2]}"
    return redacted_feed_url(url)


@lru_cache(maxsize=1024)
def address_of(name: str, url: str, query: str | None = None) -> str:
    """Return what tells one resource at a place from another, where the place does not say: its path may be a secret.

    Who asks makes no other resource of it: user and password are left out, and of a database all its parameters. What
    may be a short secret is guarded by the price of a guess: scrypt (RFC 7914) takes 16 MiB and some 50 ms, and with
    the name as its salt a guess is good for one resource.

    Args:
        name: the feed's or source's.
        url: whole.
        query: what a database is asked.
    """
    what = url if query is None else f"{place_of(url)} {query}"
    if query is None and (parts := urlsplit(url)).scheme in {"http", "https"}:
        what = parts._replace(netloc=_host(parts)).geturl()
    secret, salt = (each.encode(errors="surrogatepass") for each in (what, name))
    return hashlib.scrypt(secret, salt=salt, n=2**14, r=8, p=1, dklen=8).hex()


def secrets_in(text: str, names: Iterable[str] = ()) -> tuple[Stretch, ...]:
    """Return where a text holds what looks like a secret, in order and without overlaps.

    Of URLs it is what `redacted_url` hides. Beside them: what follows words such as `password=` or `Bearer`, and
    tokens that are known by their shape. It rather finds too much than too little.

    Args:
        text: any text, also of several lines; a secret may stand on the line after its word.
        names: words that are private as well (a user, a machine), where they stand as a word of their own.
    """
    found = [*_in_urls(text)]
    for pattern in (_ASSIGNED, _AUTHORISED, _FOLLOWED, _SHAPED):
        found += [match.span("secret") for match in pattern.finditer(text)]
    for name in names:
        if name:
            found += [match.span() for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
    return tuple(_merged(stretch for stretch in found if stretch[0] < stretch[1]))


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Return a text of the same length with a `*` for each character of what `secrets_in` finds; spaces stay."""
    chars = list(text)
    for start, end in secrets_in(text, names):
        chars[start:end] = [c if c.isspace() else MASK for c in chars[start:end]]
    return "".join(chars)


def _in_urls(text: str) -> Iterator[Stretch]:
    for url in _URL.finditer(text):
        host, start = url["host"], url.start("host")
        at = host.rfind("@")
        cut = _CUT_PASSWORD.search(host) if at < 0 else None
        if at >= 0:
            yield start, start + at
        elif cut is not None:
            yield start + cut.start("secret"), start + cut.end("secret")
        if url["rest"]:
            yield url.start("rest") + 1, url.end("rest")
        if url["query"]:
            yield from _in_query(url["query"], url.start("query"))


def _in_query(query: str, start: int) -> Iterator[Stretch]:
    for pair in re.finditer(r"[^?&;]+", query):
        name = re.match(r"[^=]*=", pair.group())
        # Without a `=` nobody knows whether it is a name or a value.
        yield start + pair.start() + (name.end() if name else 0), start + pair.end()


def _merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    held: Stretch | None = None
    for start, end in sorted(stretches):
        if held is not None and start <= held[1]:
            held = (held[0], max(held[1], end))
        else:
            if held is not None:
                yield held
            held = (start, end)
    if held is not None:
        yield held


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]

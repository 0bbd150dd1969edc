"""What was open, as a value and as the text of a small file. Pure: `keeping` reads and writes the file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import NamedTuple

from wedtui.tui.board import DEFAULT_SPAN, SPANS
from wedtui.tui.spans import clean

MOST_BYTES = 8192
FORMAT = 1
MOST_SCREENS = 8
LONGEST_TEXT = 200
# The kinds of screens that come back, and how many words say which one it was.
SCREENS = {
    "provider": 1,
    "chart": 2,
    "findings": 0,
    "alerts": 0,
    "alert": 1,
    "freeze": 0,
    "changes": 0,
    "weddings": 0,
    "weddings-list": 1,
    "weddings-part": 3,
    "resources": 0,
    "resources-of": 1,
    "resources-of-kind": 2,
}

_MARK = "wedtui-dashboard"


class View(NamedTuple):
    """One screen above the dashboard."""

    kind: str
    """A key of `SCREENS`."""
    of: tuple[str, ...] = ()
    """What it shows: a provider; a provider and a signal."""
    cursor: str | None = None
    """The object under its cursor."""


class ThemeChoice(NamedTuple):
    """A theme that a person chose by key, and the configured one that she left for it."""

    chosen: str
    instead_of: str


@dataclass(frozen=True, slots=True)
class Session:
    """What comes back when the dashboard is opened again."""

    views: tuple[View, ...] = ()
    """The screens above the dashboard, the topmost last."""
    cursor: str | None = None
    """The provider under the dashboard's cursor."""
    words: str = ""
    """The filter."""
    signal: str | None = None
    """The signal of the dashboard's chart, where one was chosen."""
    span: int = DEFAULT_SPAN
    """The range of the charts, as a place in `SPANS`."""
    theme: ThemeChoice | None = None


def theme_for(session: Session, configured: str) -> str:
    """Return the theme to begin with: the chosen one, as long as it replaces what is still configured."""
    choice = session.theme
    return choice.chosen if choice is not None and choice.instead_of == configured else configured


def dump(session: Session) -> bytes:
    """Return a session as JSON of at most `MOST_BYTES`; what is too long to be a name is left out."""
    views = [v for v in session.views if all(map(_fits, v.of))][-MOST_SCREENS:]
    while True:
        data = _encode(replace(session, views=tuple(views)))
        if len(data) <= MOST_BYTES:
            return data
        views.pop()  # without any screen it always fits: five short texts


def parse(data: bytes) -> Session:
    """Return the session that a file's content says.

    Raises:
        ValueError: it is not such a file, or not one of this format; the message says which, for a sentence.
    """
    if len(data) > MOST_BYTES:
        raise ValueError("it is too large")
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(value, dict) or _MARK not in value:
        raise ValueError("something else wrote it")
    if value[_MARK] != FORMAT or isinstance(value[_MARK], bool):
        raise ValueError("another version of wedtui wrote it")
    span = value.get("range", SPANS[DEFAULT_SPAN][0])
    titles = [title for title, _ in SPANS]
    if span not in titles:
        raise ValueError("its range is not one")
    return Session(
        views=_views(value.get("screens", [])),
        cursor=_text(value.get("cursor")),
        words=_text(value.get("filter")) or "",
        signal=_text(value.get("signal")),
        span=titles.index(span),
        theme=_theme(value.get("theme")),
    )


def _encode(session: Session) -> bytes:
    choice = session.theme
    value = {
        _MARK: FORMAT,
        "screens": [{"screen": v.kind, "of": list(v.of), "cursor": _kept(v.cursor)} for v in session.views],
        "cursor": _kept(session.cursor),
        "filter": _kept(session.words),
        "signal": _kept(session.signal),
        "range": SPANS[session.span][0],
        "theme": {"chosen": choice.chosen, "instead_of": choice.instead_of}
        if choice and all(map(_fits, choice))
        else None,
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _fits(text: str) -> bool:
    return len(text) <= LONGEST_TEXT and clean(text) == text


def _kept(text: str | None) -> str | None:
    return text if text is not None and _fits(text) else None


def _text(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _fits(value):
        raise ValueError("a name in it is not one")
    return value


def _views(value: object) -> tuple[View, ...]:
    if not isinstance(value, list) or len(value) > MOST_SCREENS:
        raise ValueError("its screens are not a list")
    return tuple(_view(each) for each in value)


def _view(value: object) -> View:
    kind = value.get("screen") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in SCREENS:
        raise ValueError("one of its screens is not known")
    of = value.get("of", [])
    names = [_text(name) for name in of] if isinstance(of, list) else []
    words = tuple(name for name in names if name)
    if not isinstance(of, list) or len(of) != SCREENS[kind] or len(words) != len(of):
        raise ValueError(f"its screen {kind} does not say of what")
    return View(kind, words, _text(value.get("cursor")))


def _theme(value: object) -> ThemeChoice | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("its theme is not one")
    chosen, instead_of = _text(value.get("chosen")), _text(value.get("instead_of"))
    if not chosen or not instead_of:
        raise ValueError("its theme is not one")
    return ThemeChoice(chosen, instead_of)

"""The keys that a terminal can send: as a configuration writes them, as Textual calls them, as a screen shows them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from functools import cache

_PUNCTUATION = {
    "!": "exclamation_mark",
    '"': "quotation_mark",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "*": "asterisk",
    "+": "plus",
    ",": "comma",
    "-": "minus",
    ".": "full_stop",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less_than_sign",
    "=": "equals_sign",
    ">": "greater_than_sign",
    "?": "question_mark",
    "@": "at",
    "[": "left_square_bracket",
    "\\": "backslash",
    "]": "right_square_bracket",
    "^": "circumflex_accent",
    "_": "underscore",
    "`": "grave_accent",
    "{": "left_curly_bracket",
    "|": "vertical_line",
    "}": "right_curly_bracket",
    "~": "tilde",
}
_CHARACTERS = {name: character for character, name in _PUNCTUATION.items()}
_MOVING = ("up", "down", "left", "right", "home", "end", "insert", "delete", "pageup", "pagedown")
_OTHERS = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "del": "delete",
    "ins": "insert",
    "ctrl+\\": "ctrl+backslash",
    "ctrl+]": "ctrl+right_square_bracket",
    "ctrl+^": "ctrl+circumflex_accent",
    "ctrl+_": "ctrl+underscore",
}
# The same byte to a terminal: what is bound to the one would answer to the other, or never.
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+[": "escape"}
_TITLES = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "insert": "Ins",
    "delete": "Del",
}
_MODIFIERS = {"ctrl": "Ctrl-", "alt": "Alt-", "shift": "Shift-"}

# Who may take a key before wedtui sees it, or send it where nobody meant it.
_TAKEN = {
    "ctrl+a": "is the prefix of screen",
    "ctrl+b": "is the prefix of tmux",
    "ctrl+c": "interrupts a program",
    "ctrl+d": "ends the input of a shell",
    "ctrl+j": "is how some terminals send Enter",
    "ctrl+q": "resumes a terminal that was halted",
    "ctrl+s": "halts a terminal",
    "ctrl+v": "quotes the next key, or pastes",
    "ctrl+z": "suspends a program",
    "ctrl+backslash": "kills a program",
    "ctrl+right_square_bracket": "is the escape of telnet and of consoles",
    "escape": "begins what a terminal sends for other keys",
    "enter": "is pressed by habit, and ends what is pasted",
    "tab": "is pressed by habit, and completes in a shell",
    "space": "is pressed by habit",
    "backspace": "is pressed by habit",
    "tilde": "is the escape of ssh at the beginning of a line",
}


def _named() -> Iterable[str]:
    """Yield Textual's names of all keys that are no single character and that common terminals tell apart."""
    yield from ("enter", "escape", "tab", "shift+tab", "space", "backspace")
    for key in _MOVING:
        yield from (key, f"shift+{key}", f"ctrl+{key}", f"ctrl+shift+{key}", f"alt+{key}")
    for number in range(1, 25):
        yield f"f{number}"
    for number in range(1, 13):
        yield f"ctrl+f{number}"
    for letter in "abcdefghijklmnopqrstuvwxyz":
        if f"ctrl+{letter}" not in _SAME_BYTE:
            yield f"ctrl+{letter}"
        yield from (f"alt+{letter}", f"alt+shift+{letter}")
    for digit in "0123456789":
        yield f"alt+{digit}"
    yield from ("ctrl+backslash", "ctrl+right_square_bracket", "ctrl+circumflex_accent", "ctrl+underscore")


@cache
def named_keys() -> frozenset[str]:
    """Return Textual's names of all keys that are no single character."""
    return frozenset(_named())


def parse_key(text: str) -> str:
    """Return Textual's name of a key that a configuration writes: `?`, `G`, `ctrl+f`, `F5`, `pageup`, `alt+x`.

    Raises:
        ValueError: with what was expected; it is no key, or none that every terminal can send.
    """
    if len(text) == 1:
        return _of_character(text)
    *modifiers, last = text.split("+") if not text.endswith("++") else [*text[:-2].split("+"), "+"]
    parts = sorted(modifier.lower() for modifier in modifiers)
    if parts == ["alt"] and len(last) == 1 and last.isupper():
        parts.append("shift")
    name = "+".join([*parts, last.lower()])
    name = _OTHERS.get(name, name)
    if name in _SAME_BYTE:
        twin = _SAME_BYTE[name]
        raise ValueError(f'expected a key that terminals tell apart; they send "{name}" as "{twin}": write that')
    if name in named_keys() or name in _CHARACTERS:
        return name
    if len(parts) == 1 and parts[0] == "shift" and len(last) == 1:
        raise ValueError(f'expected a key as it is typed; write "{last.upper()}" for shift+{last.lower()}')
    near = difflib.get_close_matches(name, [*named_keys(), *_CHARACTERS], n=1)
    hint = f'; did you mean "{spelled(near[0])}"?' if near else ""
    raise ValueError(f'expected a key such as "x", "?", "ctrl+f", "alt+x", "f5" or "pageup"; "{text}" is none{hint}')


def _of_character(character: str) -> str:
    if character in _PUNCTUATION:
        return _PUNCTUATION[character]
    if character.isalnum():
        return character
    if character == " ":
        return "space"
    if not character.isprintable():
        raise ValueError("expected the name of a key; this is a control character")
    return unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")


def is_typed(key: str) -> bool:
    """Say whether a key types a character into a line of input."""
    return key == "space" or key not in named_keys()


def taken(key: str) -> str | None:
    """Return why a key may not reach wedtui, or reach it unmeant, as the end of a sentence that begins with the key."""
    if key.startswith("alt+"):
        return "is also Esc and the key after it, on a slow line"
    return _TAKEN.get(key)


def spelled(key: str) -> str:
    """Return a key as a configuration would write it."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _character(last)])


def key_title(key: str) -> str:
    """Return a key as it stands on a screen: `?`, `↑`, `Ctrl-f`."""
    *modifiers, last = key.split("+")
    title = _TITLES.get(last) or (last.upper() if last in named_keys() else _character(last))
    return "".join(_MODIFIERS[modifier] for modifier in modifiers) + title


def _character(name: str) -> str:
    """Return the character of that name, or the name where it is none."""
    if name in _CHARACTERS or len(name) == 1 or name in named_keys():
        return _CHARACTERS.get(name, name)
    try:
        return unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return name

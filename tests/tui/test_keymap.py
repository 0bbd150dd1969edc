"""The table of keys and what may be made of it, without a screen."""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import Binding, BindingsMap
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key
from textual.widgets import Input

import wedtui.tui
from wedtui.tui.bindings import bind
from wedtui.tui.filter_line import FilterLine
from wedtui.tui.keymap.check import choose, conflicts, notes
from wedtui.tui.keymap.names import is_typed, key_title, named_keys, parse_key, spelled, taken
from wedtui.tui.keymap.table import KEYS, PLACES, Keymap, KeyRow, Scope, defaults, row
from wedtui.tui.screens.base import BoardScreen, own_bindings, own_ids
from wedtui.tui.screens.main import MainScreen


def own_classes() -> Iterator[type]:
    """Yield every class of the dashboard."""
    for module in pkgutil.walk_packages(wedtui.tui.__path__, "wedtui.tui."):
        found = importlib.import_module(module.name)
        yield from (c for c in vars(found).values() if isinstance(c, type) and c.__module__ == module.name)


CLASSES = tuple(own_classes())
SCREENS = tuple(
    c for c in CLASSES if issubclass(c, BoardScreen) and "TITLE_FOR_HELP" in vars(c) and c is not BoardScreen
)


class TestTable:
    def test_every_binding_is_made_from_the_table_and_every_row_is_bound(self) -> None:
        bound: set[str] = set()
        for owner in CLASSES:
            for binding in vars(owner).get("BINDINGS", ()):
                assert isinstance(binding, Binding), owner
                assert binding.id is not None, owner
                assert binding == bind(binding.id, binding.action), owner
                bound.add(binding.id)
        assert bound == {each.id for each in KEYS}

    def test_ids_are_unique_and_of_one_form(self) -> None:
        ids = [each.id for each in KEYS]
        assert len(ids) == len(set(ids))
        for name in ids:
            room, dot, verb = name.partition(".")
            assert [room.isalpha(), dot, verb.replace("-", "").isalpha(), name.islower()] == [True, ".", True, True], (
                name
            )

    @pytest.mark.parametrize("each", KEYS, ids=lambda each: each.id)
    def test_every_row_says_what_it_does(self, each: KeyRow) -> None:
        assert each.does[0].isupper()
        assert len(each.does.split()) >= 3
        assert not each.does.endswith(".")
        assert 0 < len(each.word) <= 13
        assert each.keys
        for key in each.keys:
            assert parse_key(spelled(key)) == key
        if each.beside is not None:
            assert not row(each.beside).hint

    def test_its_own_keys_are_without_conflict(self) -> None:
        assert conflicts(defaults()) == ()

    def test_no_key_of_it_is_the_prefix_of_a_multiplexer(self) -> None:
        assert not {key for each in KEYS for key in each.keys} & {"ctrl+a", "ctrl+b"}

    @pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
    def test_a_screen_listens_to_what_its_place_says(self, screen: type[BoardScreen]) -> None:
        scopes = {row(name).scope for name in own_ids(screen)} | {Scope.EVERYWHERE}
        assert scopes <= PLACES[screen.TITLE_FOR_HELP]
        assert {row(name).scope for name in own_ids(FilterLine)} | {Scope.EVERYWHERE} == PLACES["filter line"]

    def test_the_way_out_cannot_be_unbound_anywhere(self) -> None:
        for place, scopes in PLACES.items():
            needed = {each.id for each in KEYS if each.needed and each.scope in scopes}
            assert {"app.quit", "app.help"} <= needed, place
            assert place == "dashboard" or needed & {"screen.back", "filter.clear", "panel.leave"}, place


class TestNames:
    @pytest.mark.parametrize(
        "character", [c for c in string.printable if c.isprintable() and c != " "] + ["é", "§", "€"]
    )
    def test_a_character_is_called_as_textual_calls_it(self, character: str) -> None:
        key = parse_key(character)
        assert key == KEY_NAME_REPLACEMENTS.get(_character_to_key(character), _character_to_key(character))
        assert is_typed(key)
        assert key_title(key) == spelled(key) == character

    def test_every_named_key_is_one_of_textual_s(self) -> None:
        known = {key.value for key in Keys} | {"space", "backspace", "enter", "tab"}
        assert {key for key in named_keys() if not key.startswith("alt+")} - known == set()

    @pytest.mark.parametrize("key", sorted(named_keys()))
    def test_a_named_key_is_read_as_it_is_spelled(self, key: str) -> None:
        assert parse_key(spelled(key)) == key
        assert parse_key(key.upper() if not key.startswith("alt+") else key) == key
        assert is_typed(key) == (key == "space")

    @pytest.mark.parametrize(
        ("text", "key", "title"),
        [
            ("?", "question_mark", "?"),
            ("question_mark", "question_mark", "?"),
            ("G", "G", "G"),
            ("Ctrl+F", "ctrl+f", "Ctrl-f"),
            ("shift+ctrl+Up", "ctrl+shift+up", "Ctrl-Shift-↑"),
            ("PgDn", "pagedown", "PgDn"),
            ("f5", "f5", "F5"),
            ("alt+X", "alt+shift+x", "Alt-Shift-x"),
            ("ctrl+\\", "ctrl+backslash", "Ctrl-\\"),
            ("+", "plus", "+"),
            (",", "comma", ","),
            (" ", "space", "Space"),
        ],
    )
    def test_people_write_keys_in_several_ways(self, text: str, key: str, title: str) -> None:
        assert parse_key(text) == key
        assert key_title(key) == title

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("ctlr+f", 'did you mean "ctrl+f"?'),
            ("pagedwon", 'did you mean "pagedown"?'),
            ("ctrl+m", 'they send "ctrl+m" as "enter"'),
            ("ctrl+i", 'they send "ctrl+i" as "tab"'),
            ("ctrl+[", 'they send "ctrl+[" as "escape"'),
            ("shift+a", 'write "A" for shift+a'),
            ("a,b", '"a,b" is none'),
            ("ctrl++", '"ctrl++" is none'),
            ("", '"" is none'),
            ("\x1b", "this is a control character"),
            ("ctrl+ctrl+f", "is none"),
        ],
    )
    def test_what_is_no_key_is_refused(self, text: str, said: str) -> None:
        with pytest.raises(ValueError, match=r"^expected ") as caught:
            parse_key(text)
        assert said in str(caught.value)


WRONG: dict[str, tuple[Mapping[str, Sequence[str]], list[tuple[str, int | None, str]]]] = {
    "an action that is none": (
        {"main.fliter": ["x"]},
        [("main.fliter", None, 'expected the id of an action; did you mean "main.filter"?')],
    ),
    "a key that is none": ({"main.filter": ["x", "hyper"]}, [("main.filter", 1, "expected a key such as ")]),
    "a key twice": ({"main.filter": ["x", "x"]}, [("main.filter", 1, 'expected each key once; "x" occurs twice')]),
    "two changed actions, the later is said": (
        {"main.filter": ["x"], "app.theme": ["x"]},
        [("app.theme", 0, 'expected a key of its own; "x" is also main.filter, heard in the same place (dashboard)')],
    ),
    "a default in the same scope": ({"main.filter": ["-"]}, [("main.filter", 0, '"-" is also main.range-less')]),
    "a default of everywhere": ({"list.down": ["n", "f"]}, [("list.down", 1, '"f" is also app.freeze')]),
    "everywhere against one screen": (
        {"app.theme": ["backspace"]},
        [("app.theme", 0, '"backspace" is also screen.back')],
    ),
    "a list against one screen": ({"provider.chart": ["j"]}, [("provider.chart", 0, '"j" is also list.down')]),
    "no quit": ({"app.quit": []}, [("app.quit", None, "expected at least one key")]),
    "no help": ({"app.help": []}, [("app.help", None, "expected at least one key")]),
    "no back": ({"screen.back": []}, [("screen.back", None, "expected at least one key")]),
    "no way out of the filter": ({"filter.clear": []}, [("filter.clear", None, "expected at least one key")]),
    "what is typed": ({"filter.keep": ["k"]}, [("filter.keep", 0, "expected a key that types nothing")]),
    "nothing more of what cannot be read": ({"app.quit": ["ctrl+"]}, [("app.quit", 0, "expected a key such as ")]),
}

RIGHT: dict[str, Mapping[str, Sequence[str]]] = {
    "nothing": {},
    "another key": {"main.filter": ["ctrl+f"]},
    "keys that change places": {
        "main.filter": [":"],
        "changes.filter": [":"],
        "alerts.filter": [":"],
        "app.palette": ["/"],
    },
    "a key that another gave up": {"app.freeze": ["V"], "list.down": ["f"]},
    "the same key on screens that never meet": {
        "main.filter": ["x"],
        "chart.range-less": ["x"],
        "provider.chart": ["x"],
    },
    "unbound": {"app.theme": [], "list.up": [], "filter.keep": []},
    "a key less": {"app.quit": ["ctrl+q"]},
    "the same as ever": {"main.filter": ["/"]},
    "the prefix of tmux, where nothing is at stake": {"main.filter": ["ctrl+b"]},
}


TAKEN = [f"ctrl+{key}" for key in r"abcdjqsvz\]"] + ["esc", "enter", "tab", "space", "backspace", "alt+x", "~"]


class TestCheck:
    @pytest.mark.parametrize("case", WRONG)
    def test_a_mistake_is_said_where_it_was_made(self, case: str) -> None:
        configured, expected = WRONG[case]
        problems = choose(configured)[1]
        assert [(p.id, p.number) for p in problems] == [(name, number) for name, number, _ in expected]
        for problem, (_, _, text) in zip(problems, expected, strict=True):
            assert text in problem.text
            assert problem.text.startswith("expected ")

    @pytest.mark.parametrize("case", RIGHT)
    def test_what_makes_sense_is_taken(self, case: str) -> None:
        keymap, problems = choose(RIGHT[case])
        assert problems == ()
        for name, texts in RIGHT[case].items():
            assert keymap.keys(name) == tuple(map(parse_key, texts))

    def test_keys_as_the_table_has_them_are_no_change(self) -> None:
        assert choose({"main.filter": ["/"]})[0] == Keymap()

    def test_a_key_that_may_never_arrive_is_worth_a_word(self) -> None:
        [note] = notes(choose({"main.filter": ["ctrl+b", "x"]})[0])
        assert note.text == '"ctrl+b" is the prefix of tmux, and may never arrive'

    @pytest.mark.parametrize("key", TAKEN)
    def test_nothing_dangerous_lies_where_a_terminal_has_a_key(self, key: str) -> None:
        table = (*KEYS, KeyRow("world.end", ("X",), "end", "End the world at once", Scope.PROVIDER, dangerous=True))
        assert choose({}, table)[1] == ()
        problems = choose({"world.end": [key]}, table)[1]
        assert problems[0].text.startswith("expected a key that nothing else takes, for this action is dangerous;")
        assert taken(parse_key(key)) is not None
        # A dangerous default is found as well.
        bad = (*KEYS, table[-1]._replace(keys=(parse_key(key),)))
        assert next(p.id for p in conflicts(defaults(bad), bad)) == "world.end"

    def test_nothing_dangerous_shares_a_hint_with_anything_harmless(self) -> None:
        for each in KEYS:
            if each.beside is not None:
                assert not each.dangerous
                assert not row(each.beside).dangerous


SOME_KEYS = st.sampled_from(
    ["a", "f", "j", "q", "?", "/", "-", "+", "[", "esc", "enter", "ctrl+f", "up", "backspace", "f1"]
)
ANY_KEYS = SOME_KEYS | st.sampled_from(sorted(named_keys())).map(spelled) | st.sampled_from(string.ascii_letters)
CONFIGURED = st.dictionaries(st.sampled_from([each.id for each in KEYS]), st.lists(ANY_KEYS, max_size=3), max_size=6)
# Mostly acceptable: each action has keys that no other has.
PERMUTED = st.permutations([spelled(key) for key in sorted({key for each in KEYS for key in each.keys})]).flatmap(
    lambda keys: st.lists(st.sampled_from([each.id for each in KEYS]), unique=True, max_size=8).map(
        lambda names: {name: [keys[i]] for i, name in enumerate(names)}
    )
)


class TestProperties:
    @given(CONFIGURED | PERMUTED)
    def test_a_keymap_that_is_taken_has_one_action_for_a_key(self, configured: dict[str, list[str]]) -> None:
        keymap, problems = choose(configured)
        if problems:
            return
        for place, scopes in PLACES.items():
            heard = [key for each in KEYS if each.scope in scopes for key in keymap.keys(each.id)]
            assert len(heard) == len(set(heard)), place
        for each in KEYS:
            assert keymap.keys(each.id) or not each.needed

    @given(CONFIGURED | PERMUTED)
    def test_what_is_refused_has_a_reason_that_is_true(self, configured: dict[str, list[str]]) -> None:
        keymap, problems = choose(configured)
        for problem in problems:
            assert problem.id in configured
            if problem.text.startswith("expected a key of its own") and "is also " in problem.text:
                other = problem.text.split("is also ")[1].split(",")[0]
                assert set(keymap.keys(problem.id)) & set(keymap.keys(other))

    @given(CONFIGURED | PERMUTED)
    def test_textual_hears_exactly_the_keys_in_force(self, configured: dict[str, list[str]]) -> None:
        keymap, problems = choose(configured)
        if problems:
            return
        owners: list[type] = [*SCREENS, *(c for c in CLASSES if "BINDINGS" in vars(c) and not issubclass(c, Input))]
        for owner in owners:
            bindings = own_bindings(owner)
            heard = BindingsMap(bindings)
            heard.apply_keymap(keymap.textual())
            found = {(key, b.id) for key, b in heard if key != "unbound"}
            assert found == {(key, b.id) for b in bindings if b.id for key in keymap.keys(b.id)}


def test_hints_follow_the_keys_in_force() -> None:
    keymap = choose({"main.signal-next": ["n"], "main.range-less": [], "app.quit": ["ctrl+q"], "app.theme": []})[0]
    assert Keymap().hint("main.signal-back") == "[]"
    assert keymap.hint("main.signal-back") == "[n"
    assert keymap.hint("main.range-less") == "+"
    assert keymap.hint("app.quit") == "Ctrl-q"
    assert keymap.hint("app.theme") == ""
    assert (
        choose({"main.signal-next": ["right"], "main.signal-back": ["ctrl+p"]})[0].hint("main.signal-back")
        == "Ctrl-p →"
    )


def test_the_dashboard_s_actions_rest_while_a_person_types() -> None:
    actions = {binding.action.partition("(")[0] for binding in own_bindings(MainScreen)}
    from wedtui.tui.screens.main import _PANES

    assert actions == _PANES

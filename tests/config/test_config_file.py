"""The file: where it is looked for, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.base import WHOLE, read, refused
from wedtui import paths
from wedtui.config_file import load
from wedtui.errors import ConfigurationError

PROBE = '[[providers]]\nname = "aws"\n[[probes]]\nname = "rsvp"\nprovider = "aws"\nurl = "https://a.example"\n'
WINDOW = '[[freeze.windows]]\nname = "weekend"\nstart = "fri 18:00"\n'

WRONG = {
    "a misspelt key": (
        '[[providers]]\nname = "aws"\n\nwieght = 60\n',
        'config.toml:4: providers.aws.wieght: expected a known key; did you mean "weight"? '
        "known here: name, kind, weight, capacity",
    ),
    "a misspelt table": (
        'environment = "staging"\n[freez.windows]\n',
        'config.toml:2: freez: expected a known key; did you mean "freeze"? known here: environment, cache,',
    ),
    "a missing key": (
        '[[providers]]\nname = "aws"\n[[probes]]\nname = "rsvp"\nprovider = "aws"\n',
        "config.toml:3: probes.rsvp.url: expected this key, which has no default",
    ),
    "a wrong type": (
        '[[providers]]\nname = "aws"\nweight = "many"\n',
        'config.toml:3: providers.aws.weight: expected a whole number, got "many"',
    ),
    "a truth for a number": (
        '[[providers]]\nname = "aws"\nweight = true\n',
        "config.toml:3: providers.aws.weight: expected a number, got true",
    ),
    "a number that is too large": (
        '[[providers]]\nname = "aws"\nweight = 101\n',
        "config.toml:3: providers.aws.weight: expected at most 100, got 101",
    ),
    "a capacity without end": (
        '[[providers]]\nname = "aws"\ncapacity = inf\n',
        "config.toml:3: providers.aws.capacity: expected a number that is not infinite, got inf",
    ),
    "a value that is none of several": (
        '[log]\nlevel = "loud"\n',
        "config.toml:2: log.level: expected 'debug', 'info', 'warning' or 'error', got \"loud\"",
    ),
    "a table that is a value": ("log = 3\n", "config.toml:1: log: expected a table, got 3"),
    "a list that is a value": ('providers = "aws"\n', 'config.toml:1: providers: expected a list, got "aws"'),
    "an unknown zone": (
        WINDOW + 'end = "mon 06:00"\ntimezones = [\n  "Europe/London",\n  "Europe/Pariss",\n]\n',
        'config.toml:7: freeze.windows.weekend.timezones.1: expected an IANA zone such as "Europe/London"; '
        '"Europe/Pariss" is not one; did you mean "Europe/Paris"?',
    ),
    "a window whose end is its start": (
        WINDOW + 'end = "Friday 18:00"\n',
        "config.toml:1: freeze.windows.weekend: expected an end that differs from the start",
    ),
    "a wall time that is none": (
        WINDOW + 'end = "mon 25:00"\n',
        'config.toml:4: freeze.windows.weekend.end: expected a weekday and a time of day such as "fri 18:00", '
        'got "mon 25:00"',
    ),
    "a period that ends at its start": (
        '[[freeze.periods]]\nname = "x"\nstart = 2026-07-23T00:00:00Z\nend = 2026-07-23T01:00:00+01:00\n',
        "config.toml:1: freeze.periods.x: expected an end after the start",
    ),
    "an instant without its offset": (
        '[[freeze.periods]]\nname = "x"\nstart = 2026-07-23T00:00:00\nend = 2026-07-24T00:00:00Z\n',
        "config.toml:3: freeze.periods.x.start: expected an instant with its offset",
    ),
    "a number for an instant": (
        '[[freeze.periods]]\nname = "x"\nstart = 1\nend = 2026-07-24T00:00:00Z\n',
        "config.toml:3: freeze.periods.x.start: expected an instant with its offset",
    ),
    "a URL without a host": (
        PROBE.replace("https://a.example", "https:///healthz"),
        "config.toml:6: probes.rsvp.url: expected a URL with a host",
    ),
    "a duration that is none": (
        PROBE + 'timeout = "3 parsecs"\n',
        'config.toml:7: probes.rsvp.timeout: expected a duration such as "500ms", "3s", "15m", "24h" or "7d", '
        'got "3 parsecs"',
    ),
    "a timeout that is too long": (
        PROBE + 'timeout = "2m"\n',
        'config.toml:7: probes.rsvp.timeout: expected at most 1m, got "2m"',
    ),
    "a relative path": (
        PROBE + 'ca_file = "ca.pem"\n',
        "config.toml:7: probes.rsvp.ca_file: expected an absolute path",
    ),
    "a route to no channel": (
        '[notify.team]\nkind = "webhook"\nurl = "https://h.example"\n[routes]\nplatform = ["team", "tema"]\n',
        'config.toml:5: routes.platform: expected the name of a channel (team); "tema" is none',
    ),
    "a route to nobody": (
        "[routes]\nplatform = []\n",
        "config.toml:2: routes.platform: expected the name of a channel (none)",
    ),
    "a provider that nothing has": (
        PROBE.replace('provider = "aws"', 'provider = "gcp"'),
        'config.toml:5: probes.rsvp.provider: expected the name of a provider (aws); "gcp" is none',
    ),
    "a name that occurs twice": (
        '[[providers]]\nname = "aws"\n[[providers]]\nname = "aws"\n',
        'config.toml:4: providers.1.name: expected a name of its own; "aws" occurs twice',
    ),
    "text that is not TOML": ('environment = "a"\n\n[log\n', "config.toml:3: expected TOML: "),
    "a text that never ends": ('environment = """\n\n', "config.toml:3: expected TOML: "),
    "a number without bounds": (f"environment = {'9' * 5000}\n", "config.toml:1: expected TOML: "),
    "lists without bottom": (f"environment = {'[' * 5000}\n", "config.toml:1: expected TOML: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_problem_names_line_key_and_what_was_expected(tmp_path: Path, case: str) -> None:
    text, expected = WRONG[case]
    problems = refused(tmp_path, text)
    assert len(problems) == 1, problems
    assert problems[0].startswith(expected)


def test_all_problems_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = PROBE + 'timeout = "never"\n[log]\nlevel = "loud"\nmax_byte = 3\n[cache]\nkeep_samples = "0s"\n'
    lines = [problem.split(":")[1] for problem in refused(tmp_path, text)]
    assert lines == ["7", "9", "10", "12"]


SECRETS = {
    "a header of a wrong type": PROBE + "headers = { Authorization = 123454321 }\n",
    "a header with a line end": PROBE + 'headers = { Authorization = "Bearer 123454321\\n" }\n',
    "a token that is text": '[[prometheus]]\nname = "m"\nurl = "http://m.example"\nbearer_token = "123454321"\n',
    "a header with keys": PROBE + 'headers = { Authorization = { value = "123454321" } }\n',
    "a keyring without a user": PROBE + 'headers = { Authorization = { keyring = "123454321" } }\n',
    "a password in a URL": PROBE.replace("https://", "https://me:123454321@"),
    "a password that is taken for a port": PROBE.replace("https://a.example", "https://me:x123454321/"),
    "a password in a URL of a wrong place": PROBE + 'timeout = "https://me:123454321@a.example"\n',
}


@pytest.mark.parametrize("case", SECRETS)
def test_a_problem_never_shows_a_secret(tmp_path: Path, case: str) -> None:
    problems = refused(tmp_path, SECRETS[case])
    assert problems
    assert "123454321" not in "\n".join(problems)


def test_a_name_with_escapes_does_not_reach_the_terminal(tmp_path: Path) -> None:
    problems = refused(tmp_path, '[[providers]]\nname = "\\u001b[2J"\n"\\u001b[1m" = 1\n')
    assert all(problem.isprintable() for problem in problems), problems


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.toml: cannot be read \(No such file"):
        load(tmp_path / "missing.toml", {})
    with pytest.raises(ConfigurationError, match=r"missing\.toml: cannot be read \(No such file"):
        load(None, {"WEDTUI_CONFIG": str(tmp_path / "missing.toml")})


def test_a_file_that_is_not_text_says_where(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'environment = "a"\n# \xff\n')
    with pytest.raises(ConfigurationError, match=r"config\.toml:2: expected UTF-8"):
        load(tmp_path / "config.toml", {})


class TestSearch:
    @pytest.fixture
    def places(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        """Return a file for each place, best first; the last two are those that are looked for."""
        files = [tmp_path / name / "config.toml" for name in ("option", "variable", "user", "system")]
        for file in files:
            file.parent.mkdir()
            file.write_text(f'environment = "{file.parent.name}"\n')
        monkeypatch.setattr(paths, "configuration_candidates", lambda: tuple(files[2:]))
        return files

    def test_the_first_of_the_four_places_counts(self, places: list[Path]) -> None:
        option, variable, user, system = places
        environ = {"WEDTUI_CONFIG": str(variable)}
        assert load(option, environ).configuration.environment == "option"
        assert load(None, environ).configuration.environment == "variable"
        assert load(None, {}).configuration.environment == "user"
        user.unlink()
        assert load(None, {}).configuration.environment == "system"
        system.unlink()
        nothing = load(None, {})
        assert (nothing.path, nothing.configuration.environment) == (None, "production")

    def test_one_that_may_not_be_read_is_not_passed_over(self, places: list[Path]) -> None:
        places[2].unlink()
        places[2].mkdir()
        with pytest.raises(ConfigurationError, match=r"user/config\.toml: cannot be read"):
            load(None, {})

    def test_a_place_that_cannot_be_looked_into_is_not_passed_over(
        self, places: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A name that no file system takes fails for everyone, where permissions would not bind root.
        closed = places[2].with_name("x" * 300) / "config.toml"
        monkeypatch.setattr(paths, "configuration_candidates", lambda: (closed, places[3]))
        with pytest.raises(ConfigurationError, match="cannot be read"):
            load(None, {})

    def test_the_user_s_folder_comes_before_the_system_s(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        user, system = paths.configuration_candidates()
        assert user == tmp_path / "wedtui" / "config.toml"
        assert system == Path("/etc/wedtui/config.toml")


class TestLoaded:
    def test_every_key_knows_where_it_comes_from(self, tmp_path: Path) -> None:
        loaded = read(tmp_path, WHOLE, {"WEDTUI_PROVIDERS__AWS__CAPACITY": "1200"})
        file = tmp_path / "config.toml"
        assert loaded.origins[("providers", 0, "weight")] == f"{file}:3"
        assert loaded.origins[("providers", 0, "kind")] == "default"
        assert loaded.origins[("providers", 0, "capacity")] == "environment variable WEDTUI_PROVIDERS__AWS__CAPACITY"
        assert loaded.named_origin("providers.aws.weight") == f"{file}:3"
        assert loaded.named_origin("probes.rsvp-aws.url") == f"{file}:8"
        assert loaded.named_origin("log.level") == "default"

    def test_the_digest_follows_what_a_service_does_and_nothing_else(self, tmp_path: Path) -> None:
        digest = read(tmp_path, WHOLE).digest
        assert read(tmp_path, "# a comment\n" + WHOLE).digest == digest
        assert read(tmp_path, WHOLE, {"WEDTUI_DASHBOARD__THEME": "war-room"}).digest == digest
        assert read(tmp_path, WHOLE.replace("text/html", "text/plain")).digest == digest, "a header may be a secret"
        assert read(tmp_path, WHOLE.replace("Accept", "X-Accept")).digest != digest
        assert read(tmp_path, WHOLE, {"WEDTUI_PROVIDERS__AWS__WEIGHT": "40"}).digest != digest


class TestKeys:
    def test_an_id_may_stand_without_quotes_and_lines_are_found_either_way(self, tmp_path: Path) -> None:
        text = '[dashboard.keys]\n"app.help" = "f1"\nlist.page-up = [\n  "p",\n  "pageup",\n]\nlist.up = []\n'
        loaded = read(tmp_path, text)
        assert loaded.configuration.dashboard.keys == {
            "app.help": ("f1",),
            "list.page-up": ("p", "pageup"),
            "list.up": (),
        }
        assert loaded.named_origin("dashboard.keys.app.help") == f"{tmp_path}/config.toml:2"
        assert loaded.named_origin("dashboard.keys.list.page-up") == f"{tmp_path}/config.toml:3"
        assert loaded.named_origin("dashboard.keys.list.up") == f"{tmp_path}/config.toml:7"

    def test_the_environment_names_an_action_by_its_words(self, tmp_path: Path) -> None:
        environ = {
            "WEDTUI_DASHBOARD__KEYS__LIST__PAGE_UP": "p",
            "WEDTUI_DASHBOARD__KEYS__APP__HELP": '["f1", "?"]',
            "WEDTUI_DASHBOARD__MOUSE": "off",
        }
        loaded = read(tmp_path, '[dashboard.keys]\nlist.page-up = "b"\nlist.up = "i"\n', environ)
        assert loaded.configuration.dashboard.keys == {
            "list.page-up": ("p",),
            "list.up": ("i",),
            "app.help": ("f1", "?"),
        }
        assert loaded.configuration.dashboard.mouse == "off"
        variable = "environment variable WEDTUI_DASHBOARD__KEYS__LIST__PAGE_UP"
        assert loaded.named_origin("dashboard.keys.list.page-up") == variable

    def test_keys_are_no_matter_of_the_service_s(self, tmp_path: Path) -> None:
        assert read(tmp_path, '[dashboard.keys]\n"app.help" = "f1"\n').digest == read(tmp_path, "").digest

    @pytest.mark.parametrize(
        ("value", "path"),
        [("3", "app.help"), ("[3]", "app.help"), ('[""]', "app.help"), ("{ a = 1 }", "app.help"), ("true", "app")],
    )
    def test_what_cannot_be_a_key_is_refused(self, tmp_path: Path, value: str, path: str) -> None:
        [problem] = refused(tmp_path, f"[dashboard.keys]\n{path} = {value}\n")
        assert problem.startswith(f"config.toml:2: dashboard.keys.{path}: expected a key such as ")

    def test_a_mouse_is_on_off_or_auto(self, tmp_path: Path) -> None:
        [problem] = refused(tmp_path, "[dashboard]\nmouse = true\n")
        assert problem == "config.toml:2: dashboard.mouse: expected 'auto', 'on' or 'off', got true"

    def test_a_check_of_others_is_said_with_the_rest_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "config.toml"
        file.write_text('[dashboard.keys]\n"a.b" = [\n"x",\n"y"\n]\n[[providers]]\nname="a"\n[[providers]]\nname="a"\n')
        with pytest.raises(ConfigurationError) as caught:
            load(file, {}, [lambda _: [(("dashboard", "keys", "a.b", 1), "expected better")]])
        assert caught.value.problems == (
            f"{file}:4: dashboard.keys.a.b.1: expected better",
            f'{file}:9: providers.1.name: expected a name of its own; "a" occurs twice',
        )

"""The calendar's tables: what they may hold, and where what is wrong with them is said to be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.base import read, refused
from wedtui.cli.config_text import flatten

HEAD = '[[weddings.sources]]\nname = "main"\n'
CSV = HEAD + 'kind = "csv"\nurl = "/srv/weddings.csv"\n'
POSTGRES = HEAD + 'kind = "postgres"\nurl = "postgresql://calendar@db/platform?sslmode=verify-full"\n'


def test_a_source_needs_a_name_a_kind_and_a_place(tmp_path: Path) -> None:
    (section,) = read(tmp_path, CSV).configuration.weddings.sources
    assert (section.interval, section.max_age) == (timedelta(minutes=15), timedelta(hours=24))
    assert (section.column("reference"), section.zone, section.culture) == ("reference", None, "other")


def test_columns_are_called_as_the_kind_calls_them(tmp_path: Path) -> None:
    text = HEAD + 'kind = "icalendar"\nurl = "/srv/w.ics"\n[weddings.sources.columns]\nguests = "X-PAX"\n'
    (section,) = read(tmp_path, text).configuration.weddings.sources
    assert [section.column(field) for field in ("reference", "start", "guests")] == ["UID", "DTSTART", "X-PAX"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CSV.replace("main", "import"), 'expected another name: "import" is what persons import by hand'),
        (CSV + 'query = "SELECT 1"\n', "expected query for the kind postgres, and for no other"),
        (CSV + 'since = "x"\n', "expected since only for the kind postgres"),
        (CSV + 'zone = "Mars"\n', 'expected an IANA zone such as "Europe/London"'),
        (CSV + 'culture = "elvish"\n', "expected one of indian, nigerian, chinese, greek, jewish, british and other"),
        (CSV + 'delimiter = ";;"\n', "expected at most 1 characters"),
        (CSV + 'max_age = "1s"\n', "expected at least 1m"),
        (CSV + 'interval = "1s"\n', "expected at least 5s"),
        (CSV + CSV, 'expected a name of its own; "main" occurs twice'),
        (CSV.replace("/srv", "srv"), "expected an http or https URL, or the absolute path of a file"),
        (CSV.replace("/srv/weddings.csv", "postgresql://db/x"), "expected a postgresql:// url for the kind postgres"),
        (POSTGRES, "expected query for the kind postgres, and for no other"),
        (POSTGRES.replace("calendar@", "calendar:hunter2@"), "expected a URL without a password"),
        (POSTGRES.replace("sslmode=", "password="), "expected a URL without a password"),
        (HEAD + 'kind = "excel"\nurl = "/x"\n', "expected 'csv', 'icalendar', 'json' or 'postgres'"),
        (CSV + '[weddings.sources.columns]\ncouple = "x"\n', "expected a known key"),
        (CSV.replace("csv", "icalendar") + '[weddings.sources.columns]\nvenue = "Summary"\n', "names of persons"),
        ('[weddings]\nvenue_kinds = ["Hotel"]\n', 'expected a kind of venue such as "hotel"'),
        ("[weddings]\nreject_at_most = 101\n", "expected at most 100"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    sentence = "\n".join(refused(tmp_path, text))
    assert said in sentence
    assert "hunter2" not in sentence


def test_what_is_shown_holds_no_secret(tmp_path: Path) -> None:
    http = CSV.replace("/srv/weddings.csv", "https://cal.example.com/secret.csv?key=secret")
    text = http + 'headers = { Authorization = "secret" }\n' + POSTGRES.replace("main", "db") + 'query = "SELECT 1"\n'
    shown = flatten(read(tmp_path, text).configuration)
    assert shown["weddings.sources.main.url"] == '"https://cal.example.com/***"'
    assert shown["weddings.sources.db.url"] == '"postgresql://db/platform"'
    assert "secret" not in str(shown)


def test_zones_come_in_the_order_of_the_file_each_once(tmp_path: Path) -> None:
    """A screen goes by the clock of the first."""
    windows = "".join(
        f'[[freeze.windows]]\nname = "{name}"\nstart = "fri 18:00"\nend = "mon 06:00"\ntimezones = {zones}\n'
        for name, zones in (("ours", '["Europe/London", "Asia/Kolkata"]'), ("more", '["Africa/Lagos", "Asia/Kolkata"]'))
    )
    assert read(tmp_path, windows).configuration.zones == ("Europe/London", "Asia/Kolkata", "Africa/Lagos")

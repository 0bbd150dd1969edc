"""The platform's own database: a real one, read by a role that may do nothing else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.postgres import Postgres
from tests.providers.weddings.base import Source, read, references, refused, rows_of, weddings
from wedtui.core.observation import WeddingsObservation

TABLE = """
CREATE TABLE booking (
    id integer PRIMARY KEY, couple text, hall text, tz text, begins timestamptz, ends timestamptz,
    day date, guests numeric, updated_at timestamptz NOT NULL DEFAULT now()
)
"""
QUERY = (
    "SELECT id, couple, hall AS venue, tz, begins, ends, guests, updated_at FROM booking "
    "WHERE begins IS NOT NULL AND coalesce(hall, '') NOT LIKE '100%' -- of all halls"
)
COLUMNS = {"reference": "id", "zone": "tz", "start": "begins", "end": "ends"}


class Platform:
    """The platform's database, and a role that may read its bookings."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.name = server.database()
        self.run(TABLE)
        self.run(
            "INSERT INTO booking SELECT n, 'Anna & Tom', 'Hall', 'Europe/London', "
            "'2026-06-06 12:00Z', '2026-06-06 20:00Z', NULL, 80 FROM generate_series(1, 3) n"
        )
        self.run("UPDATE booking SET updated_at = now() - interval '1 day'")
        self.run("DROP ROLE IF EXISTS calendar")
        self.run("CREATE ROLE calendar LOGIN")
        self.run("GRANT SELECT ON booking TO calendar")

    def run(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.server.dsn(self.name), autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)

    def close(self) -> None:
        self.run("DROP OWNED BY calendar")
        self.server.drop(self.name)
        self.server.query("postgres", "DROP ROLE calendar")

    def read(self, **more: Any) -> WeddingsObservation:
        with self.source(**more) as source:
            return source.read()

    def source(self, **more: Any) -> Source:
        given = {"kind": "postgres", "query": QUERY, "columns": COLUMNS, "zone": None, **more}
        return Source(self.server.url(self.name, "calendar"), **given)


@pytest.fixture
def platform(postgres: Postgres) -> Any:
    made = Platform(postgres)
    yield made
    made.close()


def test_a_query(platform: Platform) -> None:
    found = weddings(platform.read())
    assert [each["reference"] for each in found] == ["1", "2", "3"]
    assert (found[0]["venue"], found[0]["zone"], found[0]["guests"]) == ("Hall", "Europe/London", 80)
    assert f"{found[0]['start']:%H:%M}" == "12:00"
    assert "Anna" not in str(found)


def test_more_rows_than_come_at_once(platform: Platform) -> None:
    platform.run(
        "INSERT INTO booking SELECT n, '', '', 'UTC', '2026-06-06', '2026-06-07', NULL, 5 "
        "FROM generate_series(10, 12009) n"
    )
    with rows_of(platform.read()) as stage:
        assert (stage.rows, stage.rejected, stage.weddings) == (12_003, 0, 12_003)


def test_rows_that_cannot_be_used(platform: Platform) -> None:
    platform.run("UPDATE booking SET begins = 'infinity' WHERE id = 1")
    platform.run("UPDATE booking SET tz = 'Mars' WHERE id = 2")
    platform.run(
        "INSERT INTO booking SELECT n, '', '', 'UTC', '2026-06-06', NULL, NULL, 2.5 FROM generate_series(4, 5) n"
    )
    with rows_of(platform.read()) as stage:
        assert sorted(example.partition(": ")[2] for example in stage.examples) == [
            "end: expected an ISO 8601 date or time such as 2026-06-06T14:00, between the years 1990 and 2199",
            "end: expected an ISO 8601 date or time such as 2026-06-06T14:00, between the years 1990 and 2199",
            "start: expected an ISO 8601 date or time such as 2026-06-06T14:00, between the years 1990 and 2199",
            "zone: expected an IANA time zone",
        ]


def test_only_what_changed_is_read_between_readings_in_full(platform: Platform) -> None:
    with platform.source(since="updated_at", in_full="1h") as source:
        _follow(platform, source)


def _follow(platform: Platform, source: Source) -> None:
    first = source.read()
    assert (first.began_at, references(first)) == (None, ["1", "2", "3"])
    first.told(True)
    platform.run("UPDATE booking SET guests = 81, updated_at = now() WHERE id = 2")
    second = source.read()
    assert (second.began_at, references(second)) == (first.mark, ["2"])
    second.told(True)
    third = source.read()
    # A little is read again: a row may be committed later than its own time says.
    assert (third.began_at, references(third)) == (second.mark, ["2"])
    third.told(False)
    assert references(source.read()) == ["1", "2", "3"]
    third.told(True)
    source.clock.passed = 3600
    assert references(source.read()) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"query": "SELECT * FROM gone"}, "its query names a table that is not there"),
        ({"query": "SELECT Anna FROM booking"}, "its query names a column that is not there"),
        ({"query": "SELECT FROM WHERE"}, "its query is no SELECT that the server understands"),
        ({"query": "DELETE FROM booking RETURNING *"}, "its query is no SELECT that the server understands"),
        ({"query": "SELECT 1) x; DROP TABLE booking; SELECT (1"}, "its query is no SELECT that the server understands"),
        ({"query": "SELECT id FROM booking"}, "it has no column begins, ends, tz"),
        ({"since": "changed"}, "its query has no column changed, which `since` names"),
        (
            {"query": "SELECT *, pg_sleep(60) FROM booking", "timeout": "200ms"},
            "its query took longer than the timeout",
        ),
        (
            {"query": "SELECT 1/0 AS id, * FROM booking", "columns": {**COLUMNS, "reference": "couple"}},
            "its server refused",
        ),
    ],
)
def test_queries_that_fail(platform: Platform, more: dict[str, Any], problem: str) -> None:
    said = refused(platform.read(**more))
    assert said.startswith(problem)
    assert "Anna" not in said
    assert len(references(platform.read())) == 3


@pytest.mark.parametrize("kind", ["timestamp", "date", "text", "timetz"])
def test_since_has_to_name_an_instant(platform: Platform, kind: str) -> None:
    query = f"SELECT *, updated_at::{kind} AS changed FROM booking"
    assert refused(platform.read(query=query, since="changed")) == (
        "its column changed, which `since` names, is no timestamptz: say its zone in the query, as "
        "`changed AT TIME ZONE 'Europe/London' AS changed_at`, or leave `since` out"
    )
    named = "SELECT *, updated_at::timestamp AT TIME ZONE 'UTC' AS changed FROM booking"
    assert len(references(platform.read(query=named, since="changed"))) == 3


def test_a_query_that_would_write_cannot(platform: Platform) -> None:
    platform.run(
        "CREATE FUNCTION change() RETURNS integer LANGUAGE sql SECURITY DEFINER AS "
        "'UPDATE booking SET guests = 1 RETURNING 1'"
    )
    said = refused(platform.read(query="SELECT *, change() AS venue FROM booking"))
    assert said == "its query writes: expected one that only reads"
    assert {each["guests"] for each in weddings(platform.read())} == {80}


def test_a_role_that_may_not_read(platform: Platform) -> None:
    platform.run("REVOKE SELECT ON booking FROM calendar")
    assert refused(platform.read()) == "its role may not read what the query names: grant it SELECT"


def test_servers_that_do_not_let_us_in(platform: Platform) -> None:
    nobody = read(platform.server.url(platform.name, "nobody"), kind="postgres", query="SELECT 1")
    assert refused(nobody) == "its server does not answer, or does not let its role in"
    away = read("postgresql://calendar@127.0.0.1:1/x", kind="postgres", query="SELECT 1")
    assert refused(away) == "its server does not answer, or does not let its role in"


def test_a_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="expected a URL without a password"):
        read("postgresql://calendar:secret@db/x", kind="postgres", query="SELECT 1")

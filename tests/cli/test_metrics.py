"""`wedtui metrics`: what is asked, what is answered, and what is said of what is missing."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.places import PLACES
from tests.providers.faults import Exchange, FaultServer, answer, refusing_port
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.observation import ProbeObservation, SignalObservation
from wedtui.core.rollup import STEP_NAMES

__all__ = ["machine"]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PROVIDERS = '[[providers]]\nname = "aws"\nweight = 100\n'
SECTION: dict[str, Any] = {
    "providers": [{"name": "aws", "weight": 100}],
    "prometheus": [
        {
            "name": "main",
            "url": "http://127.0.0.1:9",
            "queries": [{"provider": "aws", "signal": "cpu", "query": "a"}],
        }
    ],
}


def fill(writer: CacheWriter, since: datetime, until: datetime) -> None:
    """Store a value a minute, the minute of the hour in per cent, and roll it up."""
    writer.configure(Configuration.model_validate(SECTION), probe_interval=MINUTE, query_interval=MINUTE)
    count = (until - since) // MINUTE
    instants = [since + n * MINUTE for n in range(count)]
    writer.record([SignalObservation("aws", "cpu", "prometheus main", at, at.minute / 100) for at in instants])
    while writer.roll(until).more:
        pass


FILLED: set[Path] = set()


@pytest.fixture
def filled(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Give two days of samples, which are rolled up once for the tests of a system."""
    machine.configure(PROVIDERS)
    whole = tmp_path_factory.getbasetemp() / f"two days {machine.place('cache').name}"
    if whole not in FILLED:
        writer = CacheWriter(PLACES.url(whole))
        fill(writer, WEDNESDAY - 2 * DAY, WEDNESDAY)
        writer.close()
        FILLED.add(whole)
    PLACES.copy(whole, machine.place("cache"))
    return machine


def query(machine: Machine, *arguments: str) -> Any:
    found = machine.run("metrics", "query", "--signal", "cpu", "--provider", "aws", "--json", *arguments)
    assert found.code == 0, found.err
    return found.json


@on_both
def test_a_day_by_the_hour_as_text(filled: Machine) -> None:
    found = filled.run("metrics", "query", "--signal", "cpu", "--provider", "aws", "--from", "-3h", "--interval", "1h")
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        "cpu of aws in parts of 1: avg of each 1h, 2026-07-22T09:00:00Z to 2026-07-22T12:00:00Z",
        "2026-07-22T09:00:00Z  0.295  60 samples  began 3 h 00 m ago",
        "2026-07-22T10:00:00Z  0.295  60 samples  began 2 h 00 m ago",
        "2026-07-22T11:00:00Z  0.295  60 samples  began 1 h 00 m ago",
        "from roll-ups of 1h: 2026-07-22T09:00:00Z to 2026-07-22T11:00:00Z, 120 samples",
        "from roll-ups of 15m: 2026-07-22T11:00:00Z to 2026-07-22T11:45:00Z, 45 samples",
        "from roll-ups of 5m: 2026-07-22T11:45:00Z to 2026-07-22T11:55:00Z, 10 samples",
        "from roll-ups of 1m: 2026-07-22T11:55:00Z to 2026-07-22T11:59:00Z, 4 samples",
        "from samples: 2026-07-22T11:59:00Z to 2026-07-22T12:00:00Z, 1 sample",
    ]


@on_both
def test_a_year_is_answered_from_what_is_kept_by_default(machine: Machine) -> None:
    machine.configure(PROVIDERS)
    with machine.cache() as writer:
        writer.configure(Configuration.model_validate(SECTION), probe_interval=MINUTE, query_interval=MINUTE)
        instants = [WEDNESDAY - n * HOUR for n in range(1, 400 * 24, 6)]
        writer.record([SignalObservation("aws", "cpu", "prometheus main", at, 0.5) for at in instants])
        while writer.roll(WEDNESDAY).more:
            pass
        kept = Configuration().cache
        while writer.prune(WEDNESDAY - kept.keep_samples).more:
            pass
        steps = {step: WEDNESDAY - kept.keep_rollups[name] for step, name in STEP_NAMES.items()}
        while writer.prune_rollups(steps).more:
            pass
    told = query(machine, "--from", "-1y", "--agg", "max")
    points = told["points"]
    assert len(points) == 366, "365 days, of which the first and the last are parts"
    assert {point["value"] for point in points} == {0.5}
    assert sum(point["count"] for point in points) == 366 * 4 - 2
    first = told["parts"][0]
    assert (first["source"], first["from"]) == ("roll-ups of 1d", "2025-07-22T00:00:00Z")
    assert first["to"] == "2026-07-22T00:00:00Z", "what is of today comes from finer ones"
    assert told["notes"] == [], "and nobody else had to be asked"
    assert query(machine, "--from", "-365d", "--agg", "max")["points"] == points


@on_both
@pytest.mark.parametrize(
    ("agg", "value"),
    [("avg", 0.295), ("sum", 17.7), ("min", 0), ("max", 0.59), ("count", 60), ("p95", 0.56), ("p99", 0.59)],
)
def test_every_aggregate_as_json(filled: Machine, agg: str, value: float) -> None:
    found = query(filled, "--from", "2026-07-21T10:00+02:00", "--to", "2026-07-21T10:00Z", "--agg", agg)
    assert found["from"] == "2026-07-21T08:00:00Z"
    found = query(filled, "--from", "2026-07-21T08:00Z", "--to", "-26h", "--agg", agg, "--interval", "1h")
    assert [point["at"] for point in found["points"]] == ["2026-07-21T08:00:00Z", "2026-07-21T09:00:00Z"]
    for point in found["points"]:
        assert point["value"] == pytest.approx(value, rel=1e-6)
        assert (point["count"], point["rank_error"]) == (60, 0)
    assert found["points"][0]["age_s"] == 28 * 3600


@on_both
def test_csv_can_be_read_by_a_program_and_notes_stay_out_of_it(filled: Machine) -> None:
    arguments = ("--signal", "cpu", "--provider", "aws", "--csv", "--agg", "p95", "--interval", "1d", "--from", "-9d")
    found = filled.run("metrics", "query", *arguments)
    assert found.code == 0
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert [row["at"] for row in rows] == [f"2026-07-{day}T00:00:00Z" for day in (20, 21, 22)]
    assert [int(row["count"]) for row in rows] == [720, 1440, 720]
    assert 0.5 < float(rows[1]["value"]) <= 0.59
    assert "no Prometheus query is configured for cpu" in found.err
    assert "p95 within 0." in found.err
    assert "% of rank, at 95 % confidence" in found.err


def test_the_interval_suits_the_range_where_none_is_asked_for(filled: Machine) -> None:
    for start, interval in (("-1h", 60), ("-8h", 300), ("-24h", 900), ("-2d", 3600), ("-90d", 86400)):
        assert query(filled, "--from", start)["interval_s"] == interval


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--from", "yesterday"),
            'expected an instant such as 2026-07-23T18:00+01:00, 2026-07-23T17:00Z, "now" or "+2d", got',
        ),
        (("--from", "-1parsec"), 'expected a duration such as "500ms", "3s", "15m", "24h" or "7d" behind "-", got'),
        (("--to", "+1parsec"), 'expected a duration such as "500ms", "3s", "15m", "24h" or "7d" behind "+", got'),
        (("--from", "2026-07-22T10:00"), "expected an instant with its offset"),
        (("--from", "now", "--to", "-1h"), "expected --to after --from, got now and -1h"),
        (("--from", "-60y"), "expected --from after 1970"),
        (("--from", "-60q"), "expected a duration"),
        (("--from", "1969-01-01T00:00Z"), "expected --from after 1970"),
        (("--interval", "7h"), "--interval: expected whole seconds that fit evenly into a day"),
        (("--interval", "500ms"), "--interval: expected whole seconds"),
        (("--interval", "soon"), "--interval: expected a duration"),
        (("--interval", "1s"), "expected at most 11000 intervals, got 86400: ask for a longer --interval"),
        (("--json", "--csv"), "expected --json or --csv, got both"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    filled: Machine, arguments: tuple[str, ...], sentence: str
) -> None:
    found = filled.run("metrics", "query", "--signal", "cpu", "--provider", "aws", *arguments)
    assert (found.code, found.out) == (2, "")
    assert sentence in found.err
    assert len(found.err.splitlines()) == 1


@on_both
def test_a_series_that_there_is_not(filled: Machine) -> None:
    found = filled.run("metrics", "query", "--signal", "memory", "--provider", "aws")
    assert (found.code, found.err) == (17, 'wedtui: "aws" has no history of "memory": there is "cpu"\n')
    found = filled.run("metrics", "query", "--signal", "memory", "--provider", "moon")
    assert (found.code, "see `wedtui metrics list`" in found.err) == (17, True)


@on_both
def test_the_list(filled: Machine) -> None:
    found = filled.run("metrics", "list")
    assert found.out == (
        "aws  cpu  2,880 samples  first 2026-07-20T12:00:00Z  newest 2026-07-22T11:59:00Z, 1 m 00 s old\n"
    )
    (series,) = filled.run("metrics", "list", "--json").json
    assert (series["count"], series["newest_age_s"]) == (2880, 60)


def test_without_a_cache(machine: Machine) -> None:
    for command in (("list",), ("query", "--signal", "cpu", "--provider", "aws")):
        found = machine.run("metrics", *command)
        assert found.code == 10
        assert "wedtui service start" in found.err


@on_both
def test_a_range_without_samples_says_so(filled: Machine) -> None:
    filled.now = WEDNESDAY + DAY
    found = filled.run("metrics", "query", "--signal", "cpu", "--provider", "aws", "--from", "-1h")
    assert (found.code, found.out.splitlines()[1]) == (0, "there is no sample in that range")


# Prometheus.


def asks(machine: Machine, url: str, more: str = "") -> None:
    machine.configure(
        f'{PROVIDERS}[[prometheus]]\nname = "main"\nurl = "{url}"\ntimeout = "2s"\nretries = 0\n{more}'
        '[[prometheus.queries]]\nprovider = "aws"\nsignal = "cpu"\nquery = "avg(cpu)"\nunit = "percent"\n'
    )


def matrix(exchange: Exchange) -> None:
    """Answer a range query with 50 at every evaluation, and NaN at the first."""
    form = {name: values[0] for name, values in parse_qs(exchange.request.body.decode()).items()}
    start, end = (datetime.fromisoformat(form[name]).timestamp() for name in ("start", "end"))
    step = float(form["step"].removesuffix("ms")) / 1000
    values = [[start + n * step, "50" if n else "NaN"] for n in range(int((end - start) / step) + 1)]
    answer(
        json.dumps(
            {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}
        ).encode()
    )(exchange)


@on_both
def test_what_is_longer_ago_comes_from_prometheus_and_says_so(filled: Machine) -> None:
    with FaultServer({"/api/v1/query_range": matrix}) as server:
        asks(filled, server.url())
        found = query(filled, "--from", "2026-07-20T06:00Z", "--to", "2026-07-20T18:00Z", "--interval", "3h")
    assert [(p["at"][11:13], p["value"], p["count"]) for p in found["points"]] == [
        ("06", 0.5, 179),
        ("09", 0.5, 180),
        ("12", pytest.approx(0.295), 180),
        ("15", pytest.approx(0.295), 180),
    ]
    first, *others = found["parts"]
    assert first == {
        "source": "prometheus main",
        "from": "2026-07-20T06:00:00Z",
        "to": "2026-07-20T12:00:00Z",
        "count": 359,
    }
    assert [part["source"] for part in others] == ["roll-ups of 1h"]
    assert found["notes"] == []


def test_a_long_range_is_asked_for_in_a_bounded_number_of_points(filled: Machine) -> None:
    asked: list[dict[str, list[str]]] = []

    def remember(exchange: Exchange) -> None:
        asked.append(parse_qs(exchange.request.body.decode()))
        matrix(exchange)

    with FaultServer({"/api/v1/query_range": remember}) as server:
        asks(filled, server.url())
        found = query(filled, "--from", "-365d", "--interval", "1d", "--agg", "p99")
    (form,) = asked
    assert form["query"] == ["avg(cpu)"]
    assert form["step"] == ["2880000ms"]
    assert form["start"] == ["2025-07-22T00:00:00+00:00"]
    assert len(found["points"]) == 366
    assert found["points"][1]["value"] == 0.5


def test_a_signal_that_was_never_stored_is_asked_for_where_it_is_going_to_be(filled: Machine) -> None:
    with FaultServer({"/api/v1/query_range": matrix}) as server:
        asks(filled, server.url())
        filled.configure(filled.config.read_text().replace('signal = "cpu"', 'signal = "memory"'))
        arguments = ("--signal", "memory", "--provider", "aws", "--from", "-3h", "--interval", "1h", "--json")
        found = filled.run("metrics", "query", *arguments)
    assert [point["value"] for point in found.json["points"]] == [0.5, 0.5, 0.5]
    assert [part["source"] for part in found.json["parts"]] == ["prometheus main"]


@on_both
def test_so_long_ago_begins_with_a_whole_interval_and_an_instant_is_taken_at_its_word(filled: Machine) -> None:
    filled.now = WEDNESDAY + timedelta(minutes=7, seconds=3)
    whole = query(filled, "--from", "-3h", "--interval", "1h", "--agg", "count")
    assert whole["from"] == "2026-07-22T09:00:00Z"
    assert [point["value"] for point in whole["points"]] == [60, 60, 60]
    exact = query(filled, "--from", "2026-07-22T09:50:00Z", "--interval", "1h", "--agg", "count")
    assert [point["value"] for point in exact["points"]] == [10, 60, 60]


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({"status": "error", "errorType": "bad_data", "error": "too many"}, "could not be asked: bad_data: too many"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "not a Prometheus server's"),
        ({"status": "success", "data": {"resultType": "matrix", "result": [{}, {}]}}, "gave 2 series, expected one"),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, "has no value of it either"),
        (
            {"status": "success", "data": {"resultType": "matrix", "result": [{"values": [[1784500000, "7000"]]}]}},
            "the value 7000 is not a percentage 0..100",
        ),
        (
            {"status": "success", "data": {"resultType": "matrix", "result": [{"values": [[1784500000, "many"]]}]}},
            'the value "many" is not a number',
        ),
    ],
)
def test_an_answer_that_is_none_is_said_and_the_rest_is_shown(
    filled: Machine, payload: dict[str, Any], sentence: str
) -> None:
    with FaultServer({"/api/v1/query_range": answer(json.dumps(payload).encode())}) as server:
        asks(filled, server.url())
        found = query(filled, "--from", "-3d", "--interval", "1h")
    assert len(found["points"]) == 48
    (note,) = found["notes"]
    assert note.startswith("of 2026-07-19T12:00:00Z to 2026-07-20T12:00:00Z the cache has nothing in this detail, and")
    assert sentence in note


def test_a_server_that_is_gone_is_said(filled: Machine) -> None:
    with refusing_port() as port:
        asks(filled, f"http://127.0.0.1:{port}")
        found = query(filled, "--from", "-3d", "--interval", "1h")
    assert len(found["points"]) == 48
    assert "prometheus main could not be asked: connection refused" in found["notes"][0]


@on_both
def test_a_probe_is_asked_for_by_vantage(machine: Machine) -> None:
    probe = {"name": "rsvp", "provider": "aws", "url": "https://rsvp.example.com/"}
    section = Configuration.model_validate({**SECTION, "probes": [probe]})
    machine.configure(PROVIDERS)
    machine.state.mkdir()
    url = machine.cache_url
    for vantage, ms in (("london", 20.0), ("oregon", 180.0), ("london", 21.0)):
        writer = CacheWriter(url, vantage=vantage)
        writer.configure(section, probe_interval=MINUTE, query_interval=MINUTE)
        writer.record([ProbeObservation("rsvp", WEDNESDAY - ms * MINUTE, True, total_ms=ms)])
        writer.close()
    base = ("metrics", "query", "--provider", "aws", "--signal", "probe rsvp", "--interval", "1d", "--json")
    for vantage, value in (("london", 21), ("oregon", 180)):
        found = machine.run(*base, "--vantage", vantage)
        assert found.code == 0, found.err
        assert [point["value"] for point in found.json["points"]] == [value]
        assert found.json["signal"] == f"probe rsvp from {vantage}"
    alone = machine.run(*base).json
    assert [point["value"] for point in alone["points"]] == [20]
    assert 'ask for "probe rsvp from london", "probe rsvp from oregon"' in json.dumps(alone).replace("\\", "")
    wrong = machine.run(*base, "--vantage", "tokyo")
    assert wrong.code != 0
    assert '"probe rsvp from oregon"' in wrong.err
    refused = machine.run("metrics", "query", "--provider", "aws", "--signal", "cpu", "--vantage", "london")
    assert refused.code == 2
    assert "expected --vantage for a probe only" in refused.err


@on_both
@pytest.mark.parametrize(
    ("vantage", "old", "end", "by"),
    [
        ((), 180, "now", "probe rsvp from oregon"),
        (("--vantage", "london"), 21, "now", "probe rsvp from oregon"),
        (("--vantage", "oregon"), 2, "now", None),  # within two of its intervals
        (("--vantage", "london"), 21, "-20m", None),  # it was fresh then
    ],
)
def test_old_points_of_a_probe_that_is_seen_from_elsewhere_say_so_first(
    machine: Machine, vantage: tuple[str, ...], old: int, end: str, by: str | None
) -> None:
    probe = {"name": "rsvp", "provider": "aws", "url": "https://rsvp.example.com/"}
    section = Configuration.model_validate({**SECTION, "probes": [probe]})
    machine.configure(PROVIDERS)
    machine.state.mkdir()
    url = machine.cache_url
    for place, ago in (("alone", 180), ("london", 21), ("oregon", 2)):
        writer = CacheWriter(url, vantage=place)
        writer.configure(section, probe_interval=MINUTE, query_interval=MINUTE)
        writer.record([ProbeObservation("rsvp", WEDNESDAY - ago * MINUTE, True, total_ms=20.0)])
        writer.close()
    base = ("metrics", "query", "--provider", "aws", "--signal", "probe rsvp", "--to", end, *vantage)
    answer, found = machine.run(*base), machine.run(*base, "--json")
    assert (answer.code, found.code) == (0, 0)
    if by is None:
        assert found.json["overtaken"] is None
        assert "OLD" not in answer.out
        return
    told = {key: found.json["overtaken"][key] for key in ("newest_age_s", "by", "by_newest_age_s")}
    assert told == {"newest_age_s": old * 60.0, "by": by, "by_newest_age_s": 120.0}
    assert "OLD: its newest is" in machine.run(*base, "--csv").err
    words = {180: "3 h 00 m", 21: "21 m 00 s"}[old]
    assert answer.out.splitlines()[0].endswith(f'; OLD: its newest is {words} ago, that of "{by}" 2 m 00 s ago')

"""Services that are restarted one after the other, and what waits meanwhile: real ones on one PostgreSQL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.poller.service_process import Place, eventually
from tests.poller.test_several import QUERIES, VANTAGES, Pair, pair, until

__all__ = ["pair"]

# Asked within 50 ms of the start of whoever may ask it (`spread`): before anybody can have made room for it.
NEW = '[[prometheus.queries]]\nprovider = "here"\nsignal = "rsvps"\nquery = "1"\ninterval = "1h"\n'


def keeper(pair: Pair) -> str:
    """Return who keeps house."""
    found = pair.ask("SELECT s.vantage FROM lease l JOIN service s ON s.instance = l.holder WHERE l.name = 'house'")
    return str(found[0][0]) if found else ""


def stored(pair: Pair, name: str) -> int:
    statement = "SELECT count(*) FROM sample JOIN series ON series.id = series WHERE signal = %s"
    return int(pair.ask(statement, name)[0][0])


def restart(pair: Pair, vantage: str) -> None:
    """Restart a service with what is new, as the init system does."""
    config = pair.places[vantage].config
    config.write_text(config.read_text() + NEW)
    process = pair.processes[vantage]
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    pair.start(vantage)


def test_a_rolling_restart_with_a_new_target_loses_none_of_its_answers(pair: Pair) -> None:
    for vantage in VANTAGES:
        pair.start(vantage)
    until(pair.divided)
    old = keeper(pair)
    new = next(v for v in VANTAGES if v != old)
    restart(pair, new)
    # It is asked once an hour: what was asked while there was no room for it has to be asked again at once. And nobody
    # has restarted the other one yet.
    until(lambda: stored(pair, "rsvps") > 0)
    assert keeper(pair) == new
    # What both know goes on, whoever asks it.
    before = [stored(pair, f"q{number}") for number in range(QUERIES)]
    until(lambda: all(stored(pair, f"q{n}") > before[n] for n in range(QUERIES)))
    found = json.loads(pair.places[new].wedtui("status", "--json").stdout)
    assert any("configured to watch other things" in f["text"] for f in found["findings"])
    restart(pair, old)

    def all_divided() -> bool:
        held = pair.holders()
        return all(held[v] for v in VANTAGES) and sum(held.values()) == QUERIES + 3

    until(all_divided)
    newest = "SELECT value IS NOT NULL, problem FROM signal WHERE signal = 'rsvps'"
    assert pair.ask(newest) == [(True, None)]
    before = [stored(pair, f"q{number}") for number in range(QUERIES)]
    until(lambda: all(stored(pair, f"q{n}") > before[n] for n in range(QUERIES)))
    # Whichever of the two is left, it knows all of it.
    for vantage, other in (VANTAGES, VANTAGES[::-1]):
        pair.processes[other].send_signal(signal.SIGTERM)
        assert pair.processes[other].wait(120) == 0
        until(lambda vantage=vantage: pair.holders() == {vantage: QUERIES + 3})  # type: ignore[misc]
        pair.start(other)
        until(all_divided)
    assert pair.ask(newest) == [(True, None)]


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON sample EXECUTE FUNCTION full_disk();
"""


def of_queries(pair: Pair) -> set[str]:
    """Return who holds queries."""
    found = pair.ask(
        "SELECT DISTINCT s.vantage FROM lease l JOIN service s ON s.instance = l.holder WHERE l.name LIKE 'query%%'"
    )
    return {vantage for (vantage,) in found}


def beats(pair: Pair, vantage: str) -> int:
    found = pair.ask("SELECT heartbeat_at FROM service WHERE vantage = %s", vantage)
    return int(found[0][0]) if found else 0


def test_what_waits_to_be_stored_keeps_its_lease_and_is_not_refused(pair: Pair) -> None:
    pair.start("london")
    until(lambda: pair.all_with("london") and all(stored(pair, f"q{n}") for n in range(QUERIES)))
    with psycopg.connect(pair.server.dsn(pair.database), options="-c search_path=wedtui_cache") as admin:
        admin.execute(FULL.encode())
    asked = pair.asked.last
    until(lambda: pair.asked.last > asked + 2 * QUERIES)
    # Another begins that is to have its share, and beats for a while: nothing that waits may change hands.
    pair.start("oregon")
    for _ in range(4):
        last = beats(pair, "oregon"), beats(pair, "london")
        until(lambda last=last: beats(pair, "oregon") > last[0] and beats(pair, "london") > last[1])  # type: ignore[misc]
    assert of_queries(pair) == {"london"}
    with psycopg.connect(pair.server.dsn(pair.database), options="-c search_path=wedtui_cache") as admin:
        admin.execute("DROP FUNCTION full_disk CASCADE")
    until(lambda: of_queries(pair) == set(VANTAGES))
    for process in pair.processes.values():
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    assert dict(pair.ask("SELECT vantage, dropped + refused FROM service")) == dict.fromkeys(VANTAGES, 0)
    numbers = pair.numbers()
    assert len(set(numbers)) == len(numbers)
    # Not an answer is lost but those that a stopping service no longer waited for.
    lost = {*range(1, pair.asked.last + 1)} - {int(number) for number in numbers}
    assert len(lost) <= 2 * QUERIES


def test_sigterm_ends_one_that_waits_for_its_vantage_at_once(pair: Pair, tmp_path: Path) -> None:
    pair.start("london")
    (tmp_path / "twin").mkdir()
    config = tmp_path / "twin.toml"
    config.write_text(pair.places["london"].config.read_text())
    twin = Place(tmp_path / "twin", config)
    command = [sys.executable, "-m", "wedtui", "service", "run", "--log-to-file"]
    waiting = subprocess.Popen(command, env=twin.environ, stderr=subprocess.PIPE)
    try:
        log = twin.state / "service.log"
        eventually(lambda: log.exists() and "waiting for the vantage" in log.read_text())
        waiting.send_signal(signal.SIGTERM)
        # Had it waited to the end, it would have ended with 15.
        _, said = waiting.communicate(timeout=120)
        assert (waiting.returncode, said) == (0, b"")
    finally:
        waiting.kill()
        waiting.wait()
    assert pair.processes["london"].poll() is None
    assert [place for (place,) in pair.ask("SELECT place FROM service")] != [str(twin.state)]
    # It left nothing behind: the lock is free.
    assert "process" not in twin.wedtui("service", "stop").stdout

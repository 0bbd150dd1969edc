"""What the words of a provider mean: a table for each kind, and that no unknown word is ever OK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core import resource_state as meaning
from wedtui.core.resource import state_sign, state_word
from wedtui.core.resource_state import Deployment
from wedtui.core.state import State, badness

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
OK, DEGRADED, CRITICAL, UNKNOWN = State.OK, State.DEGRADED, State.CRITICAL, State.UNKNOWN
GOOD = [("system", "ok"), ("instance", "ok")]
WORDS = st.text("abcxyz-", min_size=1, max_size=12).map(lambda word: f"q{word}")


@pytest.mark.parametrize(
    ("status", "checks", "state"),
    [
        ("running", GOOD, OK),
        ("running", [("system", "impaired"), ("instance", "ok")], CRITICAL),
        ("running", [("system", "ok"), ("instance", "insufficient-data")], UNKNOWN),
        ("running", [("system", "initializing"), ("instance", "initializing")], OK),
        ("running", [("system", "ok"), ("disk", "not-applicable")], OK),
        ("running", None, UNKNOWN),
        ("stopped", None, OK),
        ("stopping", GOOD, OK),
        ("pending", None, OK),
        ("", GOOD, UNKNOWN),
    ],
)
def test_machines(status: str, checks: list[tuple[str, str]] | None, state: State) -> None:
    assert meaning.instance(status, checks).state is state


def test_a_machine_that_is_stopped_says_so() -> None:
    assert meaning.instance("stopped", None).detail == "stopped"
    assert meaning.instance("running", GOOD).detail is None


def test_a_machine_that_will_be_retired() -> None:
    found = meaning.instance("running", GOOD, ["instance-retirement"])
    assert (found.state, found.detail) == (DEGRADED, "planned: instance-retirement")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("available", OK),
        ("backing-up", OK),
        ("stopped", OK),
        ("creating", OK),
        ("rebooting", DEGRADED),
        ("failing-over", DEGRADED),
        ("storage-full", CRITICAL),
        ("failed", CRITICAL),
        ("inaccessible-encryption-credentials", CRITICAL),
        ("", UNKNOWN),
    ],
)
def test_databases(status: str, state: State) -> None:
    assert meaning.database(status).state is state


@pytest.mark.parametrize(
    ("states", "attached", "word", "state"),
    [
        (["healthy", "healthy"], True, "healthy", OK),
        (["healthy", "unhealthy"], True, "unhealthy", DEGRADED),
        (["unhealthy", "unhealthy.draining"], True, "unhealthy", CRITICAL),
        (["unhealthy", "draining", "initial"], True, "unhealthy", CRITICAL),
        (["healthy", "initial"], True, "healthy", OK),
        (["initial"], True, "initial", UNKNOWN),
        (["draining", "draining"], True, "draining", DEGRADED),
        (["draining", "unused"], True, "draining", DEGRADED),
        (["healthy", "draining"], True, "healthy", OK),
        (["draining"], False, "unused", OK),
        (["unused", "unused"], False, "unused", OK),
        (["unused"], True, "unused", OK),
        (["unavailable"], True, "unavailable", UNKNOWN),
        ([], False, "unused", OK),
        ([], True, "empty", DEGRADED),
        (["healthy", "dancing"], True, "dancing", UNKNOWN),
    ],
)
def test_target_groups(states: list[str], attached: bool, word: str, state: State) -> None:
    found, meant = meaning.target_group(states, attached=attached)
    assert (found, meant.state) == (word, state)


@pytest.mark.parametrize(
    ("status", "desired", "running", "deployments", "state"),
    [
        ("ACTIVE", 2, 2, [Deployment("PRIMARY", "COMPLETED")], OK),
        ("ACTIVE", 2, 2, [], OK),
        ("ACTIVE", 0, 0, [], OK),
        ("ACTIVE", 2, 1, [Deployment("PRIMARY", "IN_PROGRESS")], DEGRADED),
        ("ACTIVE", 2, 0, [], CRITICAL),
        ("ACTIVE", 2, 2, [Deployment("PRIMARY", "FAILED")], DEGRADED),
        ("ACTIVE", 2, 2, [Deployment("PRIMARY", "IN_PROGRESS", 3)], DEGRADED),
        ("ACTIVE", 2, 2, [Deployment("PRIMARY", "IN_PROGRESS")], OK),
        ("ACTIVE", 2, 2, [Deployment("PRIMARY", "COMPLETED"), Deployment("ACTIVE", "FAILED", 9)], OK),
        ("DRAINING", 2, 0, [], OK),
        ("DANCING", 2, 2, [], UNKNOWN),
    ],
)
def test_container_services(
    status: str, desired: int, running: int, deployments: list[Deployment], state: State
) -> None:
    assert meaning.container_service(status, desired, running, deployments).state is state


def test_a_deployment_of_containers_is_told_although_all_is_well() -> None:
    going = [Deployment("PRIMARY", "IN_PROGRESS"), Deployment("ACTIVE", "COMPLETED")]
    assert meaning.container_service("ACTIVE", 2, 2, going) == meaning.Meaning(OK, "its newest deployment is under way")
    few = meaning.container_service("ACTIVE", 2, 1, going)
    assert few == meaning.Meaning(DEGRADED, "1 of 2 tasks run; its newest deployment is under way")
    assert meaning.container_service("ACTIVE", 2, 2, [Deployment("PRIMARY", "COMPLETED")]).detail is None


IN = ("InService", "Healthy")


@pytest.mark.parametrize(
    ("least", "desired", "machines", "suspended", "state"),
    [
        (2, 2, [IN, IN], [], OK),
        (2, 3, [IN, IN, ("Pending", "Healthy")], [], DEGRADED),
        (0, 3, [IN, ("Pending:Wait", "Healthy"), ("Pending", "Healthy")], [], DEGRADED),
        (0, 2, [("Pending", "Healthy"), ("Pending", "Healthy")], [], CRITICAL),
        (0, 2, [], [], CRITICAL),
        (3, 3, [IN, IN, ("Pending", "Healthy")], [], DEGRADED),
        (2, 1, [IN], [], DEGRADED),
        (2, 2, [IN, IN, IN], [], OK),
        (1, 3, [IN], [], DEGRADED),
        (2, 2, [IN, ("InService", "Unhealthy")], [], DEGRADED),
        (2, 2, [("Terminating", "Unhealthy")], [], CRITICAL),
        (0, 0, [], [], OK),
        (1, 1, [IN], ["Launch"], DEGRADED),
        (1, 1, [IN], ["AZRebalance"], OK),
    ],
)
def test_scaling_groups(
    least: int, desired: int, machines: list[tuple[str, str]], suspended: list[str], state: State
) -> None:
    assert meaning.scaling_group(least, desired, machines, suspended).state is state


def test_a_scaling_group_says_what_is_on_its_way() -> None:
    found = meaning.scaling_group(2, 5, [IN, IN, ("Pending", "Healthy")])
    assert found.detail == "2 of 5 machines serve, 1 starting"
    assert meaning.scaling_group(2, 5, [IN]).detail == "1 of at least 2 machines serve"


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("errors", "OK", OK),
        ("errors", "ALARM", CRITICAL),
        ("errors", "INSUFFICIENT_DATA", UNKNOWN),
        ("TargetTracking-service/x-AlarmLow-1", "ALARM", OK),
        ("errors", "", UNKNOWN),
    ],
)
def test_alarms(name: str, value: str, state: State) -> None:
    assert meaning.alarm(name, value).state is state


@pytest.mark.parametrize(
    ("status", "days", "in_use", "state"),
    [
        ("ISSUED", 90.0, True, OK),
        ("ISSUED", 21.1, True, OK),
        ("ISSUED", 21.0, True, DEGRADED),
        ("ISSUED", 7.1, True, DEGRADED),
        ("ISSUED", 7.0, True, CRITICAL),
        ("ISSUED", 0.0, True, CRITICAL),
        ("ISSUED", None, True, UNKNOWN),
        ("ISSUED", 1.0, False, OK),
        ("EXPIRED", -1.0, True, CRITICAL),
        ("EXPIRED", -1.0, False, OK),
        ("PENDING_VALIDATION", None, True, DEGRADED),
        ("DANCING", 90.0, True, UNKNOWN),
        ("DANCING", 90.0, False, UNKNOWN),
    ],
)
def test_certificates(status: str, days: float | None, in_use: bool, state: State) -> None:
    expires_at = None if days is None else NOW + timedelta(days=days)
    assert meaning.certificate(status, expires_at, NOW, in_use=in_use).state is state


@pytest.mark.parametrize(
    ("hours", "ought", "state", "detail"),
    [
        (1, True, OK, None),
        (26, True, OK, None),
        (27, True, DEGRADED, "newest backup is 27 h old"),
        (72, True, DEGRADED, "newest backup is 3 d old"),
        (73, True, CRITICAL, "newest backup is 3 d old"),
        (None, True, DEGRADED, "it has no backup"),
        (None, None, OK, None),
        (9999, False, OK, None),
    ],
)
def test_backups(hours: int | None, ought: bool | None, state: State, detail: str | None) -> None:
    at = None if hours is None else NOW - timedelta(hours=hours)
    found = meaning.backup(at, NOW, ought=ought)
    assert (found.state, found.detail) == (state, detail)


@given(WORDS)
def test_a_word_that_nobody_knows_is_never_ok(word: str) -> None:
    assert meaning.instance(word, GOOD).state is UNKNOWN
    assert meaning.database(word).state is UNKNOWN
    assert meaning.volume(word).state is UNKNOWN
    assert meaning.alarm("a", word).state is UNKNOWN
    assert meaning.container_service(word, 1, 1).state is UNKNOWN
    assert meaning.certificate(word, NOW, NOW, in_use=True).state is UNKNOWN
    assert meaning.target_group([word], attached=True)[1].state is UNKNOWN
    assert meaning.instance("running", [("system", word)]).state is UNKNOWN


@given(st.lists(st.sampled_from(sorted(State)), min_size=1))
def test_the_worst_counts(states: list[State]) -> None:
    worst = meaning.worse(*(meaning.Meaning(state, state.value) for state in states))
    assert badness(worst.state) == max(map(badness, states))
    assert worst.detail == worst.state.value


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_losing_a_task_never_makes_a_service_better(desired: int, running: int, lost: int) -> None:
    before = meaning.container_service("ACTIVE", desired, running)
    after = meaning.container_service("ACTIVE", desired, max(0, running - lost))
    assert badness(after.state) >= badness(before.state)


@pytest.mark.parametrize(
    ("state", "status", "sign"),
    [
        (State.OK, "running", "● OK"),
        (State.OK, "pending", "● OK"),
        (State.OK, "stopped", "- stopped"),
        (State.OK, "shutting-down", "- shutting-down"),
        (State.UNKNOWN, "stopped", "? UNKNOWN"),
        (State.CRITICAL, "stopped", "■ CRITICAL"),
    ],
)
def test_what_was_stopped_is_called_neither_ok_nor_bad(state: State, status: str, sign: str) -> None:
    assert state_sign(state, status) == sign
    assert state_word(state, status) == sign[2:]

"""One rule's answer about one change: passed, failed or unknown, in one sentence, with the instant of its evidence.

What a panel shows, what the audit chain keeps and what decides are the same objects: a change may be made when no check
stops it. What is unknown has not passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Result(StrEnum):
    """What a rule found."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Stops(StrEnum):
    """Whom a check stops that has not passed."""

    NOBODY = "nobody"
    """It is shown."""
    AUTOMATIC = "automatic"
    """A person decides with it before their eyes."""
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's answer."""

    rule: str
    """The id of the rule; of one that looks at each provider, with its name behind a colon: `eligible:azure`."""
    result: Result
    sentence: str
    """What was found, of which object. It holds at `measured_at`, and says no age."""
    measured_at: datetime | None = None
    """The instant of its evidence; None where it has none, or rests on the request and configuration alone."""
    stops: Stops = Stops.EVERYBODY

    @property
    def passed(self) -> bool:
        """Whether the rule is kept."""
        return self.result is Result.PASS

    def refuses(self, *, automatic: bool) -> bool:
        """Whether it stops a person, or the service by itself."""
        if self.passed or self.stops is Stops.NOBODY:
            return False
        return automatic or self.stops is Stops.EVERYBODY


def refusals(checks: Iterable[Check], *, automatic: bool) -> tuple[str, ...]:
    """Return the sentences of the checks that stop a change by a person, or by the service by itself."""
    return tuple(check.sentence for check in checks if check.refuses(automatic=automatic))


def passing(rule: str, holds: bool, kept: str, broken: str, at: datetime | None = None) -> Check:
    """Return the answer of a rule that is kept or broken, and stops everybody where it is broken."""
    return Check(rule, Result.PASS if holds else Result.FAIL, kept if holds else broken, at)


def check_json(check: Check) -> dict[str, object]:
    """Return a check as plain data, as it is shown and kept."""
    at = check.measured_at
    return {
        "rule": check.rule,
        "result": check.result.value,
        "sentence": check.sentence,
        "measured_at": None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds"),
        "stops": check.stops.value,
    }

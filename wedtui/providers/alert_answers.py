"""What a Prometheus and an Alertmanager answer of their alerts: bytes in, typed and bounded values out.

Source: `GET /api/v1/alerts` of Prometheus (`{"status", "data": {"alerts": [...]}}`) and `GET /api/v2/alerts` of
Alertmanager (a flat array). Unknown fields are ignored. An answer of which a part cannot be used is taken without that
part, and is not whole: what it lacks is not over by it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from wedtui.config_alerts import AlertSourceSection
from wedtui.core.alerts.outside import INHIBITED, SILENCED, Reported, listed
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import Labels, labels_of
from wedtui.core.wording import counted
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.web import Answer, link, plain

ALERTS_AT_MOST = 5_000
LABELS_AT_MOST = 64
NAME_AT_MOST, LABEL_AT_MOST, SAID_AT_MOST = 80, 200, 300
NAMELESS = "without a name"
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""What is said to have begun before says nothing: no instant at all is the year 1 in the language of both."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""By so much its clock may differ from ours: what it says of an end is not believed more exactly."""
_PROMETHEUS_NOT = "answered with JSON that is not a Prometheus server's"
_ALERTMANAGER_NOT = "answered with JSON that is not an Alertmanager's"


@dataclass(frozen=True, slots=True)
class Told:
    """What a good answer says."""

    alerts: tuple[Reported, ...]
    """Each once, the gravest first."""
    expected: bool = True
    """Whether what always fires does."""
    ignored: int = 0
    """How many are none here, by how severe they are."""
    cut: int = 0
    """How many there are beyond those that are taken."""
    unusable: int = 0
    """How many could not be used."""
    ended: int = 0
    """How many were over by their own word when they were asked for."""

    @property
    def is_good(self) -> bool:
        """Whether what it lacks is not there."""
        return self.expected and self.problem is None

    @property
    def problem(self) -> str | None:
        """Why it is not whole, in a few words; None where it is."""
        said = []
        if self.cut:
            said.append(f"told of {counted(self.cut, 'alert')} more than the {ALERTS_AT_MOST:,} that are taken")
        if self.unusable:
            said.append(f"told of {counted(self.unusable, 'alert')} that cannot be used")
        if self.ended:
            was = "was" if self.ended == 1 else "were"
            said.append(
                f"told of {counted(self.ended, 'alert')} that {was} over by then: it may be an old copy, or a clock is "
                "wrong"
            )
        return "; ".join(said) or None


def parse(
    section: AlertSourceSection,
    guest_facing: frozenset[str],
    answer: Answer,
    at: datetime | None = None,
    always: Sequence[Answer] = (),
) -> Told:
    """Return what an answer says.

    Args:
        section: of which kind it is, and what its labels are here.
        guest_facing: the services that guests see.
        answer: of whatever status.
        at: when it was asked.
        always: what was answered of what always fires, where that was asked for by itself.

    Raises:
        ProviderUnavailableError: it is no list of alerts; the text says why in a few words.
    """
    entries = _prometheus if section.kind == "prometheus" else _alertmanager
    reader = _Reader(section, guest_facing, at)
    for each in (answer, *always):
        for entry in entries(each):
            reader.take(entry)
    found = sorted(listed(section.name, reader.alerts).values(), key=_by_gravity)
    return Told(
        tuple(found[:ALERTS_AT_MOST]),
        not reader.awaited,
        reader.ignored,
        max(len(found) - ALERTS_AT_MOST, 0),
        reader.unusable,
        reader.ended,
    )


def _by_gravity(alert: Reported) -> tuple[bool, bool, datetime, str, Labels]:
    began = alert.since or datetime.max.replace(tzinfo=UTC)
    return not alert.firing, alert.severity is not Severity.CRITICAL, began, alert.name, alert.labels


def _decoded(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        words = f"answered with something that is not JSON (status {answer.status})"
        raise ProviderUnavailableError(_status_words(answer) or words) from None


def _prometheus(answer: Answer) -> list[Any]:
    found = _decoded(answer)
    if isinstance(found, dict) and found.get("status") == "error":
        kind, error = found.get("errorType"), found.get("error")
        raise ProviderUnavailableError(_status_words(answer) or plain(f"{kind or 'error'}: {error or 'not said'}"))
    _check_status(answer)
    data = found.get("data") if isinstance(found, dict) and found.get("status") == "success" else None
    alerts = data.get("alerts") if isinstance(data, dict) else None
    if not isinstance(alerts, list):
        raise ProviderUnavailableError(_PROMETHEUS_NOT)
    partial = found.get("warnings")
    if isinstance(partial, list) and partial:
        # What another one behind it did not say may fire all the same.
        raise ProviderUnavailableError(plain(f"partial data: {partial[0]}"))
    return alerts


def _alertmanager(answer: Answer) -> list[Any]:
    found = _decoded(answer)
    if answer.status != httpx.codes.OK and isinstance(found, str):
        raise ProviderUnavailableError(_status_words(answer) or plain(f"{found} (status {answer.status})"))
    _check_status(answer)
    if not isinstance(found, list):
        raise ProviderUnavailableError(_ALERTMANAGER_NOT)
    return found


def _check_status(answer: Answer) -> None:
    if answer.status != httpx.codes.OK:
        raise ProviderUnavailableError(_status_words(answer) or f"answered with status {answer.status}, expected 200")


def _status_words(answer: Answer) -> str | None:
    """Say what an answer of that status is, where nobody has to read it for that."""
    status = f"(status {answer.status})"
    if answer.status in {401, 403}:
        return f"refused the credentials {status}: check bearer_token or headers"
    if answer.status == httpx.codes.NOT_FOUND:
        return f"has no such API at this address {status}: check kind, and the path of its url"
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        return f"asks to be asked less often {status}"
    if answer.status == httpx.codes.SERVICE_UNAVAILABLE:
        return f"is not ready {status}"
    if 300 <= answer.status < 400:
        return f"answered with a redirect {status}, which is not followed: configure the address that it leads to"
    return None


class _Reader:
    """Reads alerts of what was answered."""

    def __init__(self, section: AlertSourceSection, guest_facing: frozenset[str], at: datetime | None) -> None:
        self._section, self._guest_facing, self._at = section, guest_facing, at
        self.alerts: list[Reported] = []
        self.awaited = [*section.expects]
        """What always fires, and was not found to."""
        self.ignored = self.unusable = self.ended = 0

    def take(self, entry: Any) -> None:
        """Read one; what cannot be used is counted."""
        labels = _texts(entry.get("labels")) if isinstance(entry, dict) else None
        if labels is None:
            self.unusable += 1
            return
        firing = self._firing(entry)
        if firing is None:
            self.unusable += 1
            return
        name = labels.get("alertname", "")
        always = [each for each in self._section.expects if each.items() <= labels.items()]
        if always:
            self.awaited = [each for each in self.awaited if not (firing and each in always)]
            return
        severity = self._severity(labels)
        if severity is None:
            self.ignored += 1
            return
        ends = _instant(entry.get("endsAt"))
        self.ended += ends is not None and self._at is not None and self._at - ends > _CLOCKS_DIFFER
        notes = _texts(entry.get("annotations")) or {}
        said = notes.get("summary") or notes.get("message") or notes.get("description") or ""
        started = entry.get("activeAt" if self._section.kind == "prometheus" else "startsAt")
        self.alerts.append(
            Reported(
                plain(name, NAME_AT_MOST) or NAMELESS,
                self._labels(labels),
                severity,
                firing,
                _instant(started),
                plain(said, SAID_AT_MOST),
                _hidden(entry.get("status")),
                _number(entry.get("value")),
                link(notes.get("runbook_url")),
                link(entry.get("generatorURL")),
            )
        )

    def _firing(self, entry: Mapping[str, Any]) -> bool | None:
        """Return whether it fires; None where that is not said."""
        if self._section.kind == "alertmanager":
            return True  # it is told of what fires alone
        return {"firing": True, "pending": False}.get(str(entry.get("state")))

    def _severity(self, labels: Mapping[str, str]) -> Severity | None:
        section = self._section
        said = labels.get(section.severity_label, "").strip().casefold()
        word = section.severities.get(said, section.default_severity)
        return None if word == "none" else Severity(word)

    def _labels(self, labels: Mapping[str, str]) -> Labels:
        """Return its labels as they may be stored and shown, with what they are here.

        Those of which something had to be left out, or is another here, keep apart what it told apart.
        """
        others = {name: value for name, value in labels.items() if name != "alertname"}
        kept = dict(sorted(others.items())[:LABELS_AT_MOST])
        clean = {plain(name, LABEL_AT_MOST): plain(value, LABEL_AT_MOST) for name, value in kept.items()}
        ours = {**clean, **self._mapped(labels)}
        lost = clean != others or any(ours[name] != value for name, value in clean.items())
        if lost or plain(labels.get("alertname", ""), NAME_AT_MOST) != labels.get("alertname", ""):
            ours["fingerprint"] = hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]
        return labels_of({name: value for name, value in ours.items() if name and value})

    def _mapped(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return what its labels are here, beside what they are there or in place of it."""
        section = self._section
        theirs = labels.get(section.provider_label)
        found = {}
        if theirs is not None and (provider := section.providers.get(theirs, plain(theirs, LABEL_AT_MOST))):
            found["provider"] = provider
        service = plain(labels.get(section.service_label, ""), LABEL_AT_MOST)
        if service:
            found["service"] = service
        if service in self._guest_facing:
            found["guest_facing"] = "true"
        return found


def _texts(found: Any) -> dict[str, str] | None:
    """Return a table of texts; None where it is none."""
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        return None
    return found


def _hidden(status: Any) -> str:
    if not isinstance(status, dict):
        return ""
    by = {name: bool(status.get(name)) for name in ("silencedBy", "inhibitedBy", "mutedBy")}
    if by["silencedBy"] or by["mutedBy"]:
        return SILENCED
    if by["inhibitedBy"]:
        return INHIBITED
    return SILENCED if status.get("state") == "suppressed" else ""


def _instant(text: Any) -> datetime | None:
    """Return an instant; None where it is none that can be believed."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None and at > _EARLIEST else None
    except (ValueError, OverflowError):
        return None


def _number(text: Any) -> float | None:
    try:
        value = float(text) if isinstance(text, str) else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None

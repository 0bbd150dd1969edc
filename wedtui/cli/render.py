"""A picture as text for a pipe and as JSON for a program."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wedtui.cli.alert_words import alerts_json, alerts_line, on_call_json, on_call_lines
from wedtui.core.calendar import standing
from wedtui.core.evidence import Freshness, ProbeEvidence, VendorEvidence, freshness
from wedtui.core.freeze import LOCKDOWN, UNTIL_LIFTED, Period, Reason, Verdict
from wedtui.core.freeze_words import holding_words, why_words, with_persons
from wedtui.core.health import ERRORS, LATENCY, Component
from wedtui.core.live_share import Share, share_of
from wedtui.core.picture import Picture, ProviderPicture, SeenService, ServiceCondition, Troubles, leading
from wedtui.core.protection import AHEAD, ProtectionVerdict
from wedtui.core.protection_words import live_words, load_words, until_words
from wedtui.core.services import clock_words, right_now, share_words
from wedtui.core.state import State, glyph
from wedtui.core.wedding import standard_number
from wedtui.core.wording import age, venue_clock


def iso(at: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC with whole seconds, or None."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def age_s(measured_at: datetime | None, now: datetime) -> float | None:
    """Return an age in seconds, one decimal; negative when measured in the future, None when never."""
    return None if measured_at is None else round((now - measured_at).total_seconds(), 1)


def persons_json(persons: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return, of each freeze by persons, who and why; several of one name are one line."""
    return {name: "; ".join(why for of, why in persons if of == name) for name, _ in persons}


def _lockdown_json(period: Period) -> dict[str, Any]:
    return {"id": period.number or None, "since": iso(period.start), "why": period.why}


def reason_json(reason: Reason) -> dict[str, Any]:
    """Return one reason with when it begins and ends; null: when it is lifted."""
    end = None if reason.end >= UNTIL_LIFTED else iso(reason.end)
    return {"name": reason.name, "start": iso(reason.start), "end": end, "zone": reason.zone}


def freeze_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the object that every command prints."""
    return {
        "frozen": verdict.frozen,
        "since": iso(verdict.since),
        "until": iso(verdict.until),
        "zone": verdict.zone,
        "reasons": list(verdict.reasons),
        "later_reasons": list(verdict.later),
        "holding": [reason_json(reason) for reason in verdict.holding],
        "coming": [reason_json(reason) for reason in verdict.coming],
        "clock": verdict.clock,
        "persons": persons_json(verdict.persons),
        "lockdown": verdict.lockdown and _lockdown_json(verdict.lockdown),
        "unreadable": list(verdict.unreadable),
        "next_start": iso(verdict.next_start),
        "next_reasons": list(verdict.next_reasons),
        "known_to": iso(verdict.known_to),
        "ended_by": list(verdict.ended_by),
        "runs_out": list(verdict.runs_out),
        "doubts": list(verdict.doubts),
        "overrides": [
            {
                "id": each.id,
                "object": each.object,
                "by": each.person,
                "reason": each.reason,
                "at": iso(each.at),
                "expires_at": iso(each.expires_at),
            }
            for each in verdict.overrides
        ],
    }


def protection_json(verdict: ProtectionVerdict) -> dict[str, Any]:
    """Return a verdict as the object that every command prints."""
    return {
        "level": verdict.level.value,
        "wedding_day": verdict.level.wedding_day,
        "reason": verdict.reason,
        "reasons": list(verdict.reasons),
        "since": iso(verdict.since),
        "until": iso(verdict.until),
        "known_to": iso(verdict.known_to),
        "unknown": verdict.unknown,
        "at_least": verdict.beyond or verdict.unknown,
        "zone": verdict.zone,
        "decided_in": verdict.decides,
        "next_level": verdict.next_level.value if verdict.next_level else None,
    }


def weddings_json(verdict: ProtectionVerdict, now: datetime) -> dict[str, Any]:
    """Return how many get married and how far that can be believed; null where it was never known.

    Loads are in standard weddings.
    """
    peak = verdict.peak
    return {
        "live": None if peak is None else verdict.live.weddings,
        "load": None if peak is None else standard_number(verdict.live.load),
        "peak_load": None if peak is None else standard_number(peak.load),
        "peak_at": None if peak is None else iso(peak.at),
        "peak_horizon_s": AHEAD.total_seconds(),
        "calendar": standing(verdict.calendar, questioned=verdict.questioned),
        "calendar_age_s": age_s(verdict.read_at, now),
    }


def picture_json(picture: Picture) -> dict[str, Any]:
    """Return the whole picture as JSON-ready values; instants are UTC, ages seconds, ratios 0..1."""
    return {
        "generated_at": iso(picture.at),
        "environment": picture.environment,
        "state": picture.state.value,
        "resources": _resources_json(picture.resources, picture.at),
        "alerts": alerts_json(picture),
        "oncall": on_call_json(picture),
        "freeze": freeze_json(picture.freeze),
        "protection": protection_json(picture.protection),
        "weddings": weddings_json(picture.protection, picture.at),
        "providers": [_provider_json(p, picture) for p in picture.providers],
        "prometheus": [
            {
                "name": p.name,
                "ready": p.ready,
                "targets_up": p.targets_up,
                "targets_down": list(p.targets_down),
                "alerts_firing": [a.name for a in p.alerts if a.state == "firing"],
                "age_s": age_s(p.measured_at, picture.at),
                "problem": p.problem,
            }
            for p in picture.prometheus
        ],
        "findings": [
            {
                "severity": f.severity.value,
                "subject": f.subject,
                "text": f.text,
                "age_s": age_s(f.measured_at, picture.at),
            }
            for f in picture.findings
        ],
        "service": service_json(leading(picture.services), picture.at),
        "services": [service_json(seen, picture.at) for seen in picture.services],
    }


# What lists the resources that findings are about, the worst first.
RESOURCES_COMMAND = "wedtui resources list --order worst"


def _command_for(found: Troubles) -> str:
    """Return what shows the worst of what was found."""
    return RESOURCES_COMMAND if found.asking is None else f"wedtui providers services {shlex.quote(found.asking)}"


def _resources_json(found: Troubles | None, now: datetime) -> dict[str, Any] | None:
    """Return how many findings are about resources, which `state` leaves out; null where nobody lists any."""
    if found is None:
        return None
    return {
        "critical": found.critical,
        "critical_age_s": age_s(found.critical_at, now),
        "warning": found.warning,
        "warning_age_s": age_s(found.warning_at, now),
        "asked_age_s": age_s(found.asked_at, now),
        "counts_in_state": False,
        "command": _command_for(found),
    }


def _resource_lines(found: Troubles | None, now: datetime) -> list[str]:
    """Say what the state leaves out: how much is wrong with resources, how old that is, and what lists them."""
    if found is None:
        return []
    counts = [
        f"{count} {name if count == 1 else f'{name}s'} ({_ago(at, now)})"
        for count, name, at in (
            (found.critical, "critical finding", found.critical_at),
            (found.warning, "warning", found.warning_at),
        )
        if count
    ]
    words = ", ".join(counts) or f"nothing critical, no warning (asked {_ago(found.asked_at, now)})"
    return [f"resources   {words}; no part of the state, which is the providers' health: `{_command_for(found)}`"]


def _headline(picture: Picture) -> str:
    """Return the state, and that resources are worse: of a check, monitoring systems show the first line."""
    critical = picture.resources.critical if picture.resources else 0
    if not critical or picture.state is State.CRITICAL:
        return picture.state.value
    return f"{picture.state}, but {critical} critical {'finding' if critical == 1 else 'findings'} of resources"


def service_json(seen: SeenService | None, now: datetime) -> dict[str, Any]:
    """Return what is known of a service as JSON-ready values."""
    service = seen.facts if seen else None
    return {
        "state": (seen.condition if seen else ServiceCondition.NEVER).value,
        "vantage": service.vantage if service else None,
        "pid": service.pid if service and seen and seen.runs else None,
        "mode": service.mode if service else None,
        "started_at": iso(service.started_at) if service else None,
        "heartbeat_age_s": age_s(service.heartbeat_at, now) if service else None,
        "skipped": service.skipped if service else None,
        "dropped": service.dropped if service else None,
        "shares": service.shares if service else None,
        "refused": service.refused if service else None,
        "clock_ahead_s": service.clock_ahead_s if service else None,
        "late_ms_p99": service.late_ms_p99 if service else None,
        "problems": list(service.problems) if service else [],
    }


NOBODY_FILLED = "no service has ever filled this cache"


def service_sentence(
    seen: SeenService | None,
    now: datetime,
    *,
    among: tuple[SeenService, ...] = (),
    unread: bool = False,
    clock: bool = False,
) -> str:
    """Return in a few words whether a service runs, and how well.

    Args:
        seen: the service; None where none is known.
        now: an aware instant, by the clock of this machine.
        among: every one, where there are several: then also how much it asks for all.
        unread: whether the cache cannot be read.
        clock: whether to say that its clock is wrong, where no finding beside it does.
    """
    if seen is None:
        return "the cache cannot be read: whether a service runs is not known" if unread else NOBODY_FILLED
    service, condition = seen.facts, seen.condition
    state = "stuck (it runs, but stores nothing)" if condition is ServiceCondition.STUCK else condition.value
    # Whoever asks on a machine with a wrong clock: when each was heard is told by the right one.
    words = f"{state}, heartbeat {_ago(service.heartbeat_at, right_now((seen, *among), now))}"
    if seen.runs:
        words += f", {service.mode} mode, process {service.pid}, since {iso(service.started_at)}"
    if among and seen.runs:
        words += f", {share_words(seen, among)}"
    counts = {"skipped schedules": service.skipped, "dropped observations": service.dropped}
    counts["refused observations"] = service.refused
    words += "".join(f", {count} {name}" for name, count in counts.items() if count)
    wrong = [clock_words(seen)] if clock and seen.runs and service.has_wrong_clock else []
    return "; ".join([words, *wrong, *service.problems])


def _provider_json(provider: ProviderPicture, picture: Picture) -> dict[str, Any]:
    health, evidence, now = provider.health, provider.evidence, picture.at
    return {
        "name": provider.name,
        "kind": evidence.kind,
        "state": health.state.value,
        "score": health.said,
        "known_weight": health.known_weight,
        "missing": [c.name for c in health.missing],
        "account": provider.account,
        "weight": evidence.weight,
        "traffic": share_json(share_of(picture.traffic, evidence, now), now),
        "capacity": evidence.capacity,
        "age_s": age_s(health.measured_at, now),
        "ceilings": list(health.ceilings),
        "failed_rounds": health.failed_rounds,
        "components": [_component_json(c, now) for c in health.components],
        "vendor": vendor_json(evidence.vendor, now),
        "signals": [
            {
                "signal": s.signal,
                "value": s.value,
                "source": s.source,
                "age_s": age_s(s.measured_at, now),
                "problem": s.problem,
            }
            for s in evidence.signals
        ],
        "probes": [probe_json(p, now) for p in evidence.probes],
    }


def vendor_json(vendor: VendorEvidence | None, now: datetime) -> dict[str, Any] | None:
    """Return what a vendor last said of itself; null where it never said anything."""
    if vendor is None:
        return None
    return {
        "status": vendor.status.value,
        "source": vendor.source,
        "freshness": freshness(vendor.measured_at, vendor.interval, now).value,
        "measured_at": iso(vendor.measured_at),
        "age_s": age_s(vendor.measured_at, now),
        "events": [
            {
                "service": event.service,
                "region": event.region,
                "category": event.category,
                "code": event.code,
                "begun_at": iso(event.begun_at),
                "updated_at": iso(event.updated_at),
                "account_specific": event.ours,
                "text": event.text,
            }
            for event in vendor.events
        ],
        "more_events": vendor.more,
    }


def probe_json(probe: ProbeEvidence, now: datetime) -> dict[str, Any]:
    """Return the newest round of a probe from one vantage; `freshness` says whether it tells anything about now.

    Nothing that a wrong clock stamped does.
    """
    rounds = probe.rounds or probe.doubted
    newest = rounds[0] if rounds else None
    at = newest.at if newest else None
    fresh = freshness(at, probe.interval, now)
    ahead = probe.clock_ahead
    return {
        "name": probe.name,
        "vantage": probe.vantage or None,
        "passed": newest.passed if newest else None,
        "failure": newest.failure if newest else None,
        "latency_ms": newest.latency_ms if newest else None,
        "freshness": (Freshness.STALE if ahead is not None and fresh is Freshness.FRESH else fresh).value,
        "age_s": age_s(at, now),
        "clock_ahead_s": None if ahead is None else ahead.total_seconds(),
    }


def share_json(share: Share, now: datetime) -> dict[str, Any] | None:
    """Return the live share as an object; None where no backend shares traffic out."""
    if share.backend is None:
        return None
    known = share.read_at is not None
    return {
        "backend": share.backend,
        "state": "UNKNOWN" if not known else "OFF" if share.live is None else "ON",
        "share": share.live,
        "read_at": iso(share.read_at),
        "age_s": age_s(share.read_at, now),
        "fresh": share.believed,
        "as_configured": not share.differs if known and share.believed else None,
    }


def _component_json(component: Component, now: datetime) -> dict[str, Any]:
    return {
        "name": component.name,
        "value": component.value,
        "weight": component.weight,
        "measure": component.measure,
        "source": component.source,
        "freshness": component.freshness.value if component.expected else "not configured",
        "age_s": age_s(component.measured_at, now),
        "problem": component.problem,
    }


def freeze_sentence(verdict: Verdict) -> str:
    """Return the answer in one sentence: frozen until when and why, or open until when; and what runs out before."""
    return "; ".join((_freeze_words(verdict), *verdict.runs_out_besides))


def _freeze_words(verdict: Verdict) -> str:
    if verdict.unreadable:
        locked = [n for n in with_persons(verdict.reasons, verdict.persons)[:1] if verdict.lockdown is not None]
        return f"FROZEN until its sources can be read: {'; '.join((*locked, *verdict.unreadable, *_beside(verdict)))}"
    if verdict.frozen:
        least = "at least " if verdict.lasts_longer else ""
        until = f"{least}until {_local(verdict.until, verdict.clock)}" if verdict.until else _endless(verdict)
        there = "" if verdict.until is None else venue_clock(verdict.until, verdict.zone, verdict.clock)
        # A wall time that comes twice says UTC as well: one bracket holds both.
        when = f"{until}{there}".replace(") (", ", ")
        return f"FROZEN {when}: {why_words(verdict, verdict.at)}"
    if verdict.known_to is not None:
        return f"open at least until {_local(verdict.known_to, verdict.clock)}; later weddings are not looked at"
    if verdict.next_start is None:
        return "open; no freeze is in sight"
    then = ", ".join(with_persons(verdict.next_reasons, verdict.persons))
    return f"open until {_local(verdict.next_start, verdict.clock)}, then frozen: {then}"


def _beside(verdict: Verdict) -> list[str]:
    """Say what freezes as well where something cannot be read, each until when."""
    beside = [
        words
        for words, reason in zip(holding_words(verdict, verdict.at), verdict.holding, strict=True)
        if reason.name != LOCKDOWN
    ]
    return [f"beside that, by the clock of {verdict.clock}: {'; '.join(beside)}"] if beside else []


def _endless(verdict: Verdict) -> str:
    return "until it is lifted" if verdict.lockdown is not None else "with no end in sight"


def _local(at: datetime, zone: str) -> str:
    utc = f"{at:%a %Y-%m-%d %H:%M} UTC"
    if zone == "UTC":
        return utc
    there = at.astimezone(ZoneInfo(zone))
    # Where it is Tuesday already, an hour without its day is read as Tuesday's.
    also = f"{at:%H:%M} UTC" if there.date() == at.date() else f"{at:%a %H:%M} UTC"
    return f"{there:%a %Y-%m-%d %H:%M} {zone} ({also})"


def _service_lines(picture: Picture) -> list[str]:
    if len(picture.services) < 2:
        unread = picture.condition is ServiceCondition.UNSEEN
        return [f"service     {service_sentence(leading(picture.services), picture.at, unread=unread)}"]
    width = max(len(seen.facts.vantage) for seen in picture.services)
    return [
        f"service     {seen.facts.vantage:<{width}}  {service_sentence(seen, picture.at, among=picture.services)}"
        for seen in picture.services
    ]


def _protection_line(picture: Picture) -> str:
    verdict = picture.protection
    return f"protection  {until_words(verdict, picture.at, there=True)} ({verdict.reason})"


def _wedding_lines(picture: Picture) -> list[str]:
    verdict = picture.protection
    words = f"{live_words(verdict)}, {until_words(verdict, picture.at)}"
    if verdict.peak is None:
        return [f"weddings    {words}{_mode(picture)}"]
    aged = f"calendar read {_ago(verdict.read_at, picture.at)}" if verdict.read_at else "a source was never read"
    return [f"weddings    {words}; {load_words(verdict, picture.at)}; {aged}{_mode(picture)}"]


def _mode(picture: Picture) -> str:
    """Return that it is wedding-day mode, in which more is asked and availability weighs more."""
    return "; wedding-day mode" if picture.protection.level.wedding_day else ""


def picture_text(picture: Picture) -> str:
    """Return the whole picture as plain lines, without colour or escapes."""
    lines = [
        f"wedtui {picture.environment} at {picture.at:%Y-%m-%d %H:%M:%S} UTC: {_headline(picture)}",
        f"freeze      {freeze_sentence(picture.freeze)}",
        *_wedding_lines(picture),
        _protection_line(picture),
        *_service_lines(picture),
        alerts_line(picture),
        *on_call_lines(picture),
        *_resource_lines(picture.resources, picture.at),
        "",
    ]
    if not picture.providers and picture.condition is ServiceCondition.NEVER:
        lines.append("nothing is known yet: `wedtui service start` begins to watch, `wedtui poll --once` looks once")
    elif not picture.providers and picture.condition is ServiceCondition.UNSEEN:
        lines.append("nothing can be said of any provider, because the cache cannot be read: the findings say why")
    elif not picture.providers:
        lines.append(
            "no providers are configured: edit the configuration (`wedtui config init` writes one to start from)"
        )
    else:
        width = max(8, *(len(p.name) for p in picture.providers))
        shares = [share_of(picture.traffic, p.evidence, picture.at) for p in picture.providers]
        lines.append(f"  {'provider':<{width}}  {'state':<8}  score  {shares[0].name:>6}     p95  errors  age")
        lines += [_provider_line(p, s, picture.at, width) for p, s in zip(picture.providers, shares, strict=True)]
        lines += _share_lines(picture, shares)
    if picture.findings:
        lines += ["", "findings"]
        lines += [
            f"  {f.severity.value:<8}  {f.subject}: {f.text}"
            f" ({_ago(f.measured_at, picture.at) if f.measured_at else f.age_words(picture.at)})"
            for f in picture.findings
        ]
    return "\n".join(lines)


def _share_lines(picture: Picture, shares: list[Share]) -> list[str]:
    """Say how old the live shares are, and where they are others than configured."""
    if picture.traffic is None:
        return []
    read_at = shares[0].read_at
    read = "never read" if read_at is None else f"read {_ago(read_at, picture.at)} by {shares[0].backend}"
    said = [read if shares[0].believed else f"UNKNOWN now, {read}"]
    pairs = zip(picture.providers, shares, strict=True)
    said += [f"{p.name} {s.figure}, configured {s.configured} %" for p, s in pairs if s.differs]
    return [f"shares: {'; '.join(said)}"]


def _provider_line(provider: ProviderPicture, share: Share, now: datetime, width: int) -> str:
    health = provider.health
    figure = share.figure.replace(" ", "")
    score = "-" if health.said is None else f"{int(health.said)}{'?' if provider.lacks else ''}"
    return (
        f"{glyph(health.state)} {provider.name:<{width}}  {health.state.value:<8}  {score:>5}"
        f"  {figure:>6}  {_measure(health.component(LATENCY), now):>6}"
        f"  {_measure(health.component(ERRORS), now):>6}  {age(health.measured_at, now)}"
    )


def _measure(component: Component, now: datetime) -> str:
    """Return a component's measure with its unit; an old one in brackets, because it is only remembered."""
    if component.measure is None:
        return "-"
    text = f"{component.measure:.0f}ms" if component.name == LATENCY else f"{component.measure * 100:.1f}%"
    return text if component.freshness is Freshness.FRESH else f"({text})"


def _ago(at: datetime | None, now: datetime) -> str:
    words = age(at, now)
    return words if words in {"never", "in the future"} else f"{words} ago"

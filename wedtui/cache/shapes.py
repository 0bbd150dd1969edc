"""The cache's tables as readers see them; `tables` is what they are."""

from __future__ import annotations

from wedtui.store.shape import shape

SERVICE = shape(
    "service",
    "vantage place boot instance pid mode version environment configuration_digest skipped dropped refused shares"
    " stored clock_ahead_s late_ms_p99 revision left_behind",
    instants="started_at heartbeat_at stopped_at began_at",
    documents="problems",
)
PROVIDER = shape("provider", "name position kind weight capacity")
LEASE = shape("lease", "name holder fence", instants="since until")
PROBE = shape("probe", "name position provider url interval_s timeout_s")
SEEN = shape(
    "probe_seen",
    "probe vantage status connect_ms tls_ms first_byte_ms total_ms",
    instants="certificate_expires_at measured_at",
)
ROUND = shape("probe_round", "id probe vantage failure latency_ms", instants="at", flags="passed")
SIGNAL = shape(
    "signal", "provider signal position source interval_s value problem", instants="measured_at attempted_at"
)
SERIES = shape("series", "id provider signal")
SAMPLE = shape("sample", "series value", instants="at")
ROLLUP = shape("rollup", "series step count total low high sketch", instants="start low_at high_at")
ROLLUP_MARK = shape("rollup_mark", "step", instants="rolled_until kept_from")
ROLLUP_DUE = shape("rollup_due", "step series", instants="start")
PROMETHEUS = shape(
    "prometheus",
    "name position url interval_s targets_up problem",
    instants="measured_at attempted_at",
    flags="ready",
    documents="targets_down alerts",
)
ALERT_SOURCE = shape(
    "alert_source",
    "name position kind url address interval_s problem ignored alerts digest",
    instants="attempted_at measured_at",
    flags="whole expected",
)
ALERT_LIST = shape("alert_list", "source", documents="alerts")
FEED = shape(
    "feed",
    "name url address problem",
    instants="attempted_at last_good_at dropped_at",
    flags="questioned accept_next",
    documents="periods environments services",
)
FREEZE_PERIOD = shape("freeze_period", "id name why", instants="start end", documents="environments services")
PROTECTION_RAISE = shape("protection_raise", "id level reason person", instants="at expires_at")
FREEZE_OVERRIDE = shape("freeze_override", "id object reason person", instants="at expires_at")
MIRROR = shape("mirror", "name", instants="copied_at")
ACTION_COPY = shape("action_copy", "name", instants="copied_at", documents="actions written")
ALERT_COPY = shape("alert_copy", "name rules", instants="judged_at", documents="alerts not_set")
RESOURCE = shape(
    "resource",
    "provider kind region id asked_in service name status state badness detail words monthly_cost digest",
    instants="created_at expires_at backed_up_at first_seen_at seen_at vanished_at",
    flags="backed_up",
    documents="tags depends_on",
)
GROUP = shape(
    "resource_group",
    "provider kind asked_in region service interval_s fresh_for vanished stopped",
    instants="listed_at",
    documents="counts examples",
)
RESOURCE_COST = shape("resource_cost", "provider kind id region monthly_usd days until interval_s", instants="read_at")
API = shape(
    "api",
    "provider region service interval_s reach problem requests",
    instants="asked_at answered_at credentials_expire_at",
)
VENDOR = shape(
    "vendor",
    "provider source status interval_s problem more",
    instants="measured_at attempted_at",
    documents="events",
)
ACCOUNT = shape(
    "account",
    "provider account arn name former",
    instants="since seen_at former_until regions_at",
    documents="regions",
)
TRAFFIC = shape(
    "traffic",
    "name backend interval_s ttl_s generation records submission problem",
    instants="read_at attempted_at shares_since",
    documents="shares",
)
WEDDING = shape(
    "wedding",
    "source reference zone venue venue_kind culture guests load assumed",
    instants="starts_at ends_at",
)
WEDDING_SOURCE = shape(
    "wedding_source",
    "name position kind place address interval_s max_age_s problem mark revision announced weddings rejected"
    " unknown_cultures unknown_kinds repeated kept",
    instants="attempted_at read_at dropped_at questioned_at",
    flags="questioned accept_next none_to_come",
    documents="examples notes losses asked missing",
)
WEDDING_CALENDAR = shape("wedding_calendar", "id generation")
CHANGE = shape("change", "id kind object what source", instants="at not_before", documents="details")
CHANGE_MARK = shape("change_mark", "name value", instants="since seen_at")

SHAPES = (
    SERVICE,
    LEASE,
    PROVIDER,
    PROBE,
    SEEN,
    ROUND,
    SIGNAL,
    SERIES,
    SAMPLE,
    ROLLUP,
    ROLLUP_MARK,
    ROLLUP_DUE,
    PROMETHEUS,
    ALERT_SOURCE,
    ALERT_LIST,
    FEED,
    FREEZE_PERIOD,
    PROTECTION_RAISE,
    FREEZE_OVERRIDE,
    MIRROR,
    ACTION_COPY,
    ALERT_COPY,
    RESOURCE,
    GROUP,
    RESOURCE_COST,
    API,
    VENDOR,
    ACCOUNT,
    TRAFFIC,
    WEDDING,
    WEDDING_SOURCE,
    WEDDING_CALENDAR,
    CHANGE,
    CHANGE_MARK,
)

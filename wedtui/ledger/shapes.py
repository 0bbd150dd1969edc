"""The ledger's tables as its statements see them; `tables` is what they are."""

from __future__ import annotations

from wedtui.store.shape import shape

FREEZE_PERIOD = shape(
    "freeze_period",
    "id name reason added_by lifted_by lift_reason",
    instants="start end added_at lifted_at",
    documents="environments services",
)
CONFIGURATION_CHANGE = shape("configuration_change", "id digest seen_by", instants="at", documents="changes")
PROTECTION_RAISE = shape(
    "protection_raise",
    "id level reason raised_by lowered_by lower_reason",
    instants="raised_at expires_at lowered_at",
)

FREEZE_OVERRIDE = shape(
    "freeze_override",
    "id object reason overridden_by ended_by end_reason",
    instants="overridden_at expires_at ended_at",
)

FORGOTTEN_WEDDING = shape("forgotten_wedding", "digest alias forgotten_by", instants="forgotten_at missing_since")
WEDDING_KEY = shape("wedding_key", "id secret")
WEDDING_IMPORT = shape("wedding_import", "id source kind imported_by dropped_by", instants="imported_at dropped_at")
CONTROL_REQUEST = shape("control_request", "identity key digest status answer", instants="at")

AUDIT_LINK = shape("audit_link", "number version kind person action body previous hash", instants="at")
AUDIT_ANCHOR = shape("audit_anchor", "id number hash key signature", instants="at")
AUDIT_DELIVERY = shape("audit_delivery", "place through", instants="at")

ACTION = shape(
    "action",
    "id request_key kind target resource person reason state outcome plan digest confirmed_by holder fence "
    "cancelled_by sentence approved_by broke_glass reviewed_by review",
    instants="requested_at expires_at confirmed_at deadline lease_until ended_at approved_at reviewed_at "
    "countdown_since",
    flags="automatic",
    documents="needs",
)
ACTION_STEP = shape(
    "action_step", "action_id number name state detail", instants="intended_at ended_at", flags="changes undoes"
)
AUTOMATION_STOP = shape(
    "automation_stop", "id stopped_by reason resumed_by resume_reason", instants="stopped_at resumed_at"
)

NOTIFICATION = shape(
    "notification",
    "id key episode event severity sentence stage ended_by",
    instants="created_at ended_at",
    flags="everybody",
    documents="details channels",
)
NOTIFICATION_DELIVERY = shape(
    "notification_delivery",
    "notification_id channel state tries problem repeats",
    instants="since next_at repeat_at",
)
NOTIFICATION_SENDER = shape("notification_sender", "id holder fence", instants="lease_until")

ALERT_ROUND = shape(
    "alert_round",
    "id holder fence version tick boot",
    instants="lease_until judged_at files_at",
    documents="telling files",
)
ALERT_MEMORY = shape("alert_memory", "rule series phase episode", documents="labels memory")
ALERT_EVENT = shape(
    "alert_event", "id kind episode rule severity reason value person said", instants="at", documents="labels"
)
ALERT_SILENCE = shape(
    "alert_silence",
    "id reason by ended_by end_reason",
    instants="since until ended_at",
    documents="wanted rules",
)

RELEASE = shape(
    "release",
    "id service environment version template source_kind source_name source_link submitted_by within_us soak_us state "
    "sentence priority previous migration migration_undo held_by hold_reason action request_key",
    instants="submitted_at since held_at started_at placed_at ended_at",
    documents="links checks passed stages after apart",
)
RELEASE_TRANSITION = shape("release_transition", "id release_id before after actor reason", instants="at")
RELEASE_APPROVAL = shape("release_approval", "release_id stage person reason", instants="at")
FROZEN_INTERVAL = shape("frozen_interval", "environment service", instants="starts_at ends_at", documents="reasons")
FROZEN_KNOWN = shape("frozen_known", "environment service", instants="since until")
DATABASE_CLOCK = shape("database_clock", "id offset_us")
ACCESS_TOKEN = shape(
    "access_token",
    "id name digest former_digest made_by rotated_by revoked_by revoke_reason",
    instants="made_at expires_at former_until rotated_at revoked_at last_used_at",
    documents="scopes services environments",
)

SHAPES = (
    FREEZE_PERIOD,
    CONFIGURATION_CHANGE,
    PROTECTION_RAISE,
    FREEZE_OVERRIDE,
    FORGOTTEN_WEDDING,
    WEDDING_KEY,
    WEDDING_IMPORT,
    CONTROL_REQUEST,
    AUDIT_LINK,
    AUDIT_ANCHOR,
    AUDIT_DELIVERY,
    ACTION,
    ACTION_STEP,
    NOTIFICATION,
    NOTIFICATION_DELIVERY,
    NOTIFICATION_SENDER,
    AUTOMATION_STOP,
    ALERT_ROUND,
    ALERT_MEMORY,
    ALERT_EVENT,
    ALERT_SILENCE,
    RELEASE,
    RELEASE_TRANSITION,
    RELEASE_APPROVAL,
    FROZEN_INTERVAL,
    FROZEN_KNOWN,
    DATABASE_CLOCK,
    ACCESS_TOKEN,
)

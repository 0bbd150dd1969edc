"""Asking the service: for commands and the dashboard. It says nothing to anybody but the service's own user.

Before anything is sent, the socket's owner is looked up in the file system, and then the kernel is asked who listens:
who squats the socket learns not even what is asked for. A request whose answer was lost is sent again with its key.
"""

from __future__ import annotations

import socket
import stat
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from wedtui.control.answers import (
    ActionIs,
    AlertEventIs,
    AlertHadIs,
    ArmingIs,
    AutomationIs,
    EmergencyIs,
    FreezeIs,
    HidesIs,
    NotificationIs,
    OverrideIs,
    PlanIs,
    Problem,
    RaiseIs,
    ServiceIs,
    SilenceIs,
    StandingIs,
    StopIs,
    WhoAmI,
)
from wedtui.control.identity import peer_of, user_name
from wedtui.control.listening import address_of
from wedtui.core.text import single_line
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    NotPermittedError,
    NotServedError,
    ServiceError,
    ThrottledError,
    WedtuiError,
)

if TYPE_CHECKING:
    import httpx

CONNECTS_WITHIN_S = 2.0
ANSWERS_WITHIN_S = 15.0
TRIES = 2
PATIENCE_S = 10.0
"""So long a request waits, in all, where the service says that it hears this user again soon."""
_LONGEST = 2_000
_CONNECTED = "connection.connect_unix_socket.complete"

_TOO_MANY, _DIGITS = 429, 6
_KINDS: Mapping[int, type[WedtuiError]] = {
    400: ConfigurationError,
    403: NotPermittedError,
    404: NotFoundError,
    409: ConflictError,
    413: ConfigurationError,
    422: ConfigurationError,
}

_Answer = TypeVar("_Answer")


class Aside(NamedTuple):
    """That something is asked for on the emergency path, without the ledger."""

    vouched: tuple[str, ...] = ()
    """Providers of which nothing is known, and which whoever asks says are well."""


class ControlClient:
    """Asks one service. Used by one thread."""

    def __init__(
        self,
        path: Path,
        *,
        service_uid: int,
        looks_again: bool = False,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remember where it is asked; nothing is opened yet.

        Args:
            path: of its socket.
            service_uid: the user as whom it runs, and nobody else.
            looks_again: whether whoever asks looks again by herself every few seconds, and waits for no look.
            rest: lets seconds pass.
        """
        self._path = path
        self._uid = service_uid
        self._patience = 0.0 if looks_again else PATIENCE_S
        self._rest = rest
        self._older = False
        """Whether the service was found to be of a version that answers nothing at once."""

    def whoami(self) -> WhoAmI:
        """Return who one is to the service.

        Raises:
            ServiceError: it cannot be asked.
        """
        return self.request("GET", "/v1/whoami", WhoAmI)

    def service(self) -> ServiceIs:
        """Return what the service says of itself.

        Raises:
            ServiceError: it cannot be asked.
        """
        return self.request("GET", "/v1/service", ServiceIs)

    def add_freeze(
        self,
        end: datetime,
        *,
        reason: str,
        start: datetime | None = None,
        name: str | None = None,
        environments: list[str] | None = None,
        services: list[str] | None = None,
    ) -> FreezeIs:
        """Freeze [start, end); from now on without a start.

        Raises:
            NotPermittedError, ConfigurationError: it refuses.
            ServiceError: it cannot be asked, or did not answer.
        """
        body = {
            "start": start and start.isoformat(),
            "end": end.isoformat(),
            "reason": reason,
            "name": name,
            "environments": environments,
            "services": services or [],
        }
        return self.request("POST", "/v1/freezes", FreezeIs, body)

    def lift_freeze(self, number: int, *, reason: str) -> FreezeIs:
        """End a freeze by a person; raises what `add_freeze` does, NotFoundError and ConflictError."""
        return self.request("POST", f"/v1/freezes/{number}/lift", FreezeIs, {"reason": reason})

    def lock_down(self, *, reason: str, until: datetime | None = None) -> FreezeIs:
        """Freeze everything now, until an instant or until it is lifted; raises what `add_freeze` does."""
        return self.request("POST", "/v1/lockdown", FreezeIs, {"reason": reason, "until": until and until.isoformat()})

    def override_freeze(self, name: str, *, reason: str, until: datetime) -> OverrideIs:
        """Override a freeze for one object up to an instant; raises what `add_freeze` does."""
        body = {"object": name, "reason": reason, "until": until.isoformat()}
        return self.request("POST", "/v1/freeze-overrides", OverrideIs, body)

    def end_override(self, number: int, *, reason: str) -> OverrideIs:
        """End an override early; raises what `lift_freeze` does."""
        return self.request("POST", f"/v1/freeze-overrides/{number}/end", OverrideIs, {"reason": reason})

    def freezes(self) -> list[FreezeIs]:
        """Return the freezes by persons that are not over; raises ServiceError."""
        return self.request("GET", "/v1/freezes", list[FreezeIs], patience=PATIENCE_S)

    def overrides(self) -> list[OverrideIs]:
        """Return the overrides that are not over; raises ServiceError."""
        return self.request("GET", "/v1/freeze-overrides", list[OverrideIs], patience=PATIENCE_S)

    def arming(self, token: str, kind: str | None, target: str = "", *, left: bool = False) -> list[ArmingIs]:
        """Return who is arming what elsewhere, and say on what a panel is open here, or that it was closed.

        Args:
            token: of this dashboard, 32 digits of hexadecimal.
            kind: on what a panel is open; None where none is.
            target: what was chosen in it.
            left: whether it was closed since the last call.
        """
        path = f"/v1/arming/{token}"
        if kind is not None:
            return self.request("PUT", path, list[ArmingIs], {"kind": kind, "target": target})
        return self.request("DELETE" if left else "GET", path, list[ArmingIs])

    def standing(self, token: str) -> StandingIs:
        """Return who one is, what is under way, and who is arming what elsewhere than at that dashboard.

        Raises:
            ThrottledError: it was asked too often, and hears this user again soon.
            NotServedError: it cannot say.
            ServiceError: it cannot be asked.
        """
        if not self._older:
            try:
                return self.request("GET", f"/v1/standing/{token}", StandingIs)
            except NotFoundError:
                self._older = True
        return self._standing_of_older(token)

    def _standing_of_older(self, token: str) -> StandingIs:
        """Ask a service of before `/v1/standing` one thing after another."""
        who, actions, unlisted = self.whoami(), list[ActionIs](), None
        try:
            actions = self.actions(open_only=True, newest=True)
        except ThrottledError:
            raise
        except WedtuiError as error:
            unlisted = str(error)
        try:
            emergency = self.emergency()
        except NotFoundError:
            emergency = None
        return StandingIs(who, actions, unlisted, emergency, self.arming(token, None))

    def plan_freeze(self, kind: str, subject: str) -> PlanIs:
        """Plan a lockdown, a freeze, its end or an override; raises what `plan` does."""
        path = f"/v1/freeze-plans/{kind}/{quote(subject, safe='')}"
        return self.request("GET", path, PlanIs, patience=PATIENCE_S)

    def confirm_freeze(
        self, kind: str, subject: str, *, reason: str, digest: str, at: str, typed: str
    ) -> FreezeIs | OverrideIs:
        """Do exactly what the plan of that digest and instant says; raises what `confirm` does."""
        body = {"kind": kind, "subject": subject, "reason": reason, "digest": digest, "at": at, "typed": typed}
        # Of an override that is given, or ends, the override is answered.
        if kind == "freeze-override" or subject.startswith("override "):
            return self.request("POST", "/v1/freeze-confirmations", OverrideIs, body)
        return self.request("POST", "/v1/freeze-confirmations", FreezeIs, body)

    def raise_protection(self, level: str, *, reason: str, until: datetime) -> RaiseIs:
        """Ask for a protection level up to an instant; raises what `add_freeze` does."""
        body = {"level": level, "reason": reason, "until": until.isoformat()}
        return self.request("POST", "/v1/protection/raises", RaiseIs, body)

    def lower_protection(self, number: int, *, reason: str) -> RaiseIs:
        """End a raise; raises what `lift_freeze` does."""
        return self.request("POST", f"/v1/protection/raises/{number}/lower", RaiseIs, {"reason": reason})

    def plan(
        self,
        kind: str,
        lost: Sequence[str],
        *,
        accepts_overload: bool = False,
        to: str = "configured",
        aside: Aside | None = None,
        subject: str = "",
    ) -> PlanIs:
        """Plan an action without asking for it.

        Args:
            kind: `failover`, `failback`, or whatever else is registered.
            lost: of a failover, the places that lose all they have: `aws`, or `aws/eu-west-1`.
            accepts_overload: whether shares over the caps are taken knowingly.
            to: of a failback, `configured` or `before`: the shares of the configuration, or those before the failover.
            aside: on the emergency path, while the ledger cannot be reached.
            subject: of what is no change of shares, on what it is done; nothing else is said then.

        Raises:
            NotPermittedError, ConfigurationError: it refuses.
            ServiceError: it cannot be asked, or did not answer.
        """
        body = _wanted(kind, subject, lost=[*lost], accepts_overload=accepts_overload, to=to, **_of(aside))
        return self.request("POST", "/v1/plans", PlanIs, body)

    def ask(
        self,
        kind: str,
        lost: Sequence[str],
        *,
        reason: str,
        accepts_overload: bool = False,
        to: str = "configured",
        aside: Aside | None = None,
        subject: str = "",
    ) -> ActionIs:
        """Ask for an action: it awaits its confirmation, or was refused; raises what `plan` does."""
        wanted = _wanted(kind, subject, lost=[*lost], accepts_overload=accepts_overload, to=to, **_of(aside))
        return self.request("POST", "/v1/actions", ActionIs, {**wanted, "reason": reason})

    def confirm(self, number: int, *, digest: str, typed: str, break_glass: str | None = None) -> ActionIs:
        """Confirm exactly the plan of that digest; raises what `plan` does, NotFoundError and ConflictError.

        Args:
            number: of the action.
            digest: of the plan that was shown.
            typed: its target, as it was typed.
            break_glass: why it cannot wait for the second person who is demanded; None: it waits.
        """
        alone = {} if break_glass is None else {"break_glass": break_glass}
        body = {"digest": digest, "typed": typed, **alone}
        return self.request("POST", f"/v1/actions/{number}/confirm", ActionIs, body)

    def approve(self, number: int, *, digest: str, typed: str) -> ActionIs:
        """Be the second person for exactly the plan of that digest; raises what `confirm` does."""
        return self.request("POST", f"/v1/actions/{number}/approve", ActionIs, {"digest": digest, "typed": typed})

    def review(self, number: int, *, sentence: str) -> ActionIs:
        """Say what was found of an action that was done without the second person; raises what `confirm` does."""
        return self.request("POST", f"/v1/actions/{number}/review", ActionIs, {"sentence": sentence})

    def cancel(self, number: int) -> ActionIs:
        """End what was not begun, and begin no further step of what was; raises what `confirm` does."""
        return self.request("POST", f"/v1/actions/{number}/cancel", ActionIs, {})

    def settle(self, number: int, *, sentence: str) -> ActionIs:
        """End what was handed over, by a sentence that says how it stands; raises what `confirm` does."""
        return self.request("POST", f"/v1/actions/{number}/settle", ActionIs, {"sentence": sentence})

    def action(self, number: int) -> ActionIs:
        """Return one action; raises NotFoundError, and ServiceError."""
        return self.request("GET", f"/v1/actions/{number}", ActionIs)

    def actions(self, *, open_only: bool = False, newest: bool = False) -> list[ActionIs]:
        """Return the newest actions, or what is open and the newest confirmed one; raises ServiceError."""
        path = "/v1/recent-actions" if newest else "/v1/open-actions"
        return self.request("GET", path if open_only else "/v1/actions", list[ActionIs])

    def notifications(self) -> list[NotificationIs]:
        """Return what waits, what nobody takes, and the newest of the others, newest first; raises ServiceError."""
        return self.request("GET", "/v1/notifications", list[NotificationIs])

    def dismiss(self, number: int, *, reason: str) -> NotificationIs:
        """Say that one looked at a dead letter; raises what `confirm` does."""
        return self.request("POST", f"/v1/notifications/{number}/dismiss", NotificationIs, {"reason": reason})

    def acknowledge(self, key: str, reason: str = "") -> AlertHadIs:
        """Say that one looks at an alert, by the key of its episode; raises what `confirm` does."""
        return self.request("POST", f"/v1/alerts/{quote(key)}/ack", AlertHadIs, {"reason": reason})

    def alert_events(self, *, hours: int) -> list[AlertEventIs]:
        """Return what became of alerts in the last hours, newest first; raises ServiceError."""
        return self.request("GET", f"/v1/alert-events/{hours}", list[AlertEventIs])

    def silences(self) -> list[SilenceIs]:
        """Return the silences that are not over, newest first; raises ServiceError."""
        return self.request("GET", "/v1/silences", list[SilenceIs])

    def silence_preview(
        self, rules: Sequence[str], labels: Mapping[str, Sequence[str]], *, reason: str, until: datetime
    ) -> HidesIs:
        """Return what a silence would hide, and have nothing stored, whether or not there is a reason yet.

        Raises what `add_freeze` does.
        """
        return self.request("POST", "/v1/silence-previews", HidesIs, _silence(rules, labels, reason, until))

    def silence(
        self, rules: Sequence[str], labels: Mapping[str, Sequence[str]], *, reason: str, until: datetime
    ) -> SilenceIs:
        """Have alerts not be told for a while; raises what `add_freeze` does."""
        return self.request("POST", "/v1/silences", SilenceIs, _silence(rules, labels, reason, until))

    def end_silence(self, number: int, *, reason: str) -> SilenceIs:
        """End a silence early; raises what `add_freeze` does."""
        return self.request("POST", f"/v1/silences/{number}/end", SilenceIs, {"reason": reason})

    def broadcast(self, message: str, *, severity: str) -> NotificationIs:
        """Have every channel told something; raises what `add_freeze` does."""
        return self.request("POST", "/v1/broadcasts", NotificationIs, {"message": message, "severity": severity})

    def automation(self) -> AutomationIs:
        """Return how automation stands; raises NotFoundError where there is none, and ServiceError."""
        return self.request("GET", "/v1/automation", AutomationIs)

    def emergency(self) -> EmergencyIs:
        """Return whether automation is stopped, and whether the service reaches its ledger; raises ServiceError."""
        return self.request("GET", "/v1/emergency", EmergencyIs)

    def stop_automation(self, *, reason: str) -> StopIs:
        """Stop all automation; raises what `confirm` does."""
        return self.request("POST", "/v1/automation/stop", StopIs, {"reason": reason})

    def resume_automation(self, *, reason: str) -> StopIs:
        """Let automation go on, and return what had stopped it; raises what `confirm` does."""
        return self.request("POST", "/v1/automation/resume", StopIs, {"reason": reason})

    def abort(self) -> ActionIs:
        """End the countdown that runs; raises what `confirm` does."""
        return self.request("POST", "/v1/automation/abort", ActionIs, {})

    def request(
        self, method: str, path: str, kind: type[_Answer], body: object = None, *, patience: float | None = None
    ) -> _Answer:
        """Ask, and again once the service hears this user again, where that comes soon.

        Args:
            method: of HTTP.
            path: what is asked.
            kind: of the answer.
            body: what is to be done, as JSON takes it.
            patience: how many seconds it may wait; by default as long as whoever asks does for a look.

        Raises:
            WedtuiError: what the service refused, or could not do, in its words.
            ServiceError: it cannot be asked.
        """
        key = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        if patience is None:
            patience = PATIENCE_S if method == "POST" else self._patience
        while True:
            try:
                return answered(kind, self._heard(method, path, key, body))
            except ThrottledError as error:
                if error.wait_s > patience:
                    raise
                # It was not done, and the key is the same: at most one of these requests ever is.
                patience -= error.wait_s
                self._rest(error.wait_s)

    def _heard(self, method: str, path: str, key: Mapping[str, str], body: object) -> httpx.Response:
        """Ask, and again where the answer was lost: the same key is the same request."""
        # Before httpx, which takes 5 MB: a dashboard without a service does without it.
        self._look_at_owner()
        import httpx  # noqa: PLC0415 - most commands ask nothing

        lost: str | None = None
        for _ in range(TRIES):
            try:
                with self._client() as client:
                    response = client.request(
                        method, path, json=body, headers=key, extensions={"trace": self._look_at_peer}
                    )
            except httpx.ConnectError as error:
                if lost is None:
                    raise ServiceError(
                        f"the service does not listen on {self._path} ({why(error)}): see `wedtui service status`"
                    ) from None
            except httpx.HTTPError as error:
                lost = why(error)
            else:
                # That it is not heard again says nothing of what the lost answer was to.
                if lost is None or not key or response.status_code != _TOO_MANY:
                    return response
        raise ServiceError(
            f"the service did not answer on {self._path} ({lost}), and whether it did what was asked for is not known: "
            "look before you ask again"
        )

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        import ssl  # noqa: PLC0415 - as above

        import httpx  # noqa: PLC0415 - as above

        # Nothing here speaks TLS: to read the authorities of the system, as httpx does for each client, takes 20 ms.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        timeout = httpx.Timeout(ANSWERS_WITHIN_S, connect=CONNECTS_WITHIN_S)
        with (
            address_of(self._path) as address,
            httpx.Client(
                transport=httpx.HTTPTransport(uds=address, verify=nobody),
                base_url="http://wedtui",
                timeout=timeout,
                trust_env=False,
            ) as client,
        ):
            yield client

    def _look_at_owner(self) -> None:
        """Make sure that the socket is the service's.

        Raises:
            ServiceError: it is not, or there is none.
        """
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            raise ServiceError(
                f"there is no service to ask on {self._path}: `wedtui service status` says whether one runs"
            ) from None
        except OSError as error:
            raise ServiceError(f"{self._path} cannot be looked at ({error.strerror}): ask its owner") from None
        if not stat.S_ISSOCK(found.st_mode):
            raise ServiceError(f"{self._path} is no socket, and nothing was sent to it: tell whoever keeps the service")
        if found.st_uid != self._uid:
            self._refuse(found.st_uid)

    def _look_at_peer(self, event: str, details: Mapping[str, Any]) -> None:
        """Make sure, between connecting and sending, that who listens is the service's user."""
        if event != _CONNECTED:
            return
        stream = details["return_value"]
        connection: socket.socket = stream.get_extra_info("socket")
        peer = peer_of(connection)
        if peer.uid != self._uid:
            stream.close()
            self._refuse(peer.uid)

    def _refuse(self, uid: int) -> None:
        raise ServiceError(
            f"{self._path} belongs to {user_name(uid)}, and not to {user_name(self._uid)} as whom the service runs: "
            "nothing was sent to it; tell whoever keeps the service"
        )


def _wanted(kind: str, subject: str, **shares: object) -> dict[str, object]:
    """Return what is asked for: of a change of shares all of it, else on what it is done."""
    return {"kind": kind, "subject": subject} if subject else {"kind": kind, **shares}


def _silence(
    rules: Sequence[str], labels: Mapping[str, Sequence[str]], reason: str, until: datetime
) -> dict[str, object]:
    wanted = {name: [*values] for name, values in labels.items()}
    why = {"reason": reason} if reason else {}
    return {"rules": [*rules], "labels": wanted, **why, "until": until.isoformat()}


def _of(aside: Aside | None) -> dict[str, object]:
    return {} if aside is None else {"without_ledger": True, "vouched": [*aside.vouched]}


def answered(kind: type[_Answer], response: httpx.Response) -> _Answer:
    """Return what a service answered; raises what it refused in its words, and ServiceError where none can be read."""
    if response.is_success:
        return _parsed(kind, response.content)
    said = single_line(_parsed(Problem, response.content).message, _LONGEST)
    if response.status_code == _TOO_MANY:
        raise ThrottledError(said, wait_s=_wait_of(response))
    # Who answers is not silent, whatever it says.
    raise _KINDS.get(response.status_code, NotServedError)(said)


def _wait_of(response: httpx.Response) -> float:
    """Return in how many seconds one is heard again; what is not said is a second."""
    said = response.headers.get("Retry-After", "")
    return float(max(int(said), 1)) if said.isascii() and said.isdigit() and len(said) < _DIGITS else 1.0


def _parsed(kind: type[_Answer], content: bytes) -> _Answer:
    """Read an answer.

    Raises:
        ServiceError: it is none that this version knows.
    """
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - as above

    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError:
        raise ServiceError(
            "the service's answer cannot be read: it may be of another version, `wedtui service status` says which"
        ) from None


def why(error: Exception) -> str:
    """Say in a few words why nobody was heard."""
    return single_line(str(error), 200) or type(error).__name__

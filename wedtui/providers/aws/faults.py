"""What an error of the SDK means for a person: one `Reach`, one sentence, and whether asking again may help.

The code decides, never the class or the HTTP status: throttling comes as 400 and as 503. No message of the service
is quoted: some name accounts, and some carry an encoded copy of the request. Of a refusal that has several meanings
under one code the words are kept, without what they must not carry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from wedtui.core.redact import HIDDEN, masked
from wedtui.core.resource import Reach
from wedtui.core.text import single_line

# botocore.retries.standard, and the services' API references.
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "429",
    }
)
DENIED = frozenset(
    {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "NotAuthorized", "Client.UnauthorizedOperation"}
)
EXPIRED = frozenset({"RequestExpired", "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
REJECTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# The status alone, where the body is not one of the service's protocol, or there is none.
REFUSED_WITHOUT_A_CODE = frozenset({"401", "403"})
# What a region says that the account has not switched on: three of these also mean a key that nobody knows.
MAY_BE_SWITCHED_OFF = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException", "RegionDisabledException"}
)
SURELY_SWITCHED_OFF = frozenset({"OptInRequired", "RegionDisabledException"})
NOT_ON_PLAN = frozenset({"SubscriptionRequiredException"})
# What is wrong with the question, with the account or with the hour, by one code.
AMBIGUOUS = frozenset({"ValidationException"})
_CARRIED = re.compile(r"arn:[^\s\"',;)]+|\b[0-9]{12}\b|[A-Za-z0-9+/=_-]{40,}")
TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceFault",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
        "500",
        "502",
        "503",
        "504",
    }
)


@dataclass(eq=False)
class CallError(Exception):
    """A call that gave no whole answer."""

    reach: Reach
    words: str
    """What happened, to which call, and what to do, in one sentence without a secret."""
    again: bool = False
    """Whether the next attempt might fare better."""
    wait_s: float = 0.0
    """How long the server asks to be left alone."""
    code: str | None = None
    """The service's own code, where it sent one."""
    said: str | None = None
    """The service's own words, redacted and bounded, where its code alone does not tell what it means."""
    unsent: bool = False
    """Whether the request certainly never reached the service."""

    def __str__(self) -> str:
        return self.words


def garbled(what: str, why: str) -> CallError:
    """Return that an answer came which is none."""
    return CallError(Reach.GARBLED, f"{what} answered with what cannot be used: {why}")


def of_code(code: str, what: str, permission: str) -> CallError:
    """Return what an error code means.

    Args:
        code: as the service sent it; the HTTP status where it sent none.
        what: the call, for people: `DescribeInstances in eu-west-1`.
        permission: what the call needs: `ec2:DescribeInstances`.
    """
    for codes, reach, words, again in _MEANINGS:
        if code in codes:
            said = words.format(what=what, code=code, permission=permission)
            return CallError(reach, said, again=again, code=code)
    return CallError(Reach.GARBLED, f"{what} was answered with an error that is not expected ({code})", code=code)


_MEANINGS = (
    (THROTTLED, Reach.THROTTLED, "{what} was throttled ({code})", True),
    (DENIED, Reach.DENIED, "{what} was denied ({code}): allow {permission} for these credentials", False),
    (
        EXPIRED,
        Reach.EXPIRED,
        "{what}: the credentials have expired ({code}): renew them, and check the clock of this machine",
        False,
    ),
    (SURELY_SWITCHED_OFF, Reach.SWITCHED_OFF, "{what}: the account has not switched it on ({code})", False),
    (
        REJECTED,
        Reach.REJECTED,
        "{what}: the credentials were refused ({code}): check the profile and the clock of this machine",
        False,
    ),
    (
        REFUSED_WITHOUT_A_CODE,
        Reach.REJECTED,
        "{what} was refused, without a reason ({code}): check the credentials, that they allow {permission}, and what "
        "stands between",
        False,
    ),
    (NOT_ON_PLAN, Reach.NOT_ON_PLAN, "{what} is not part of this account's support plan ({code})", False),
    (TRANSIENT, Reach.UNREACHABLE, "{what} failed on the server's side ({code})", True),
)


def of_exception(error: Exception, what: str, permission: str, now: datetime) -> CallError:
    """Return what an exception of a call means.

    Raises:
        Exception: the same one, where it is a mistake of ours.
    """
    from botocore import exceptions as sdk
    from botocore.parsers import ResponseParserError

    if isinstance(error, CallError):
        return error
    if isinstance(error, sdk.ClientError):
        response: dict[str, Any] = dict(error.response or {})
        code = str(response.get("Error", {}).get("Code") or "none")
        found = of_code(tidy(code), what, permission)
        if code in AMBIGUOUS:
            found.said = own_words(str(response.get("Error", {}).get("Message") or ""))
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        found.wait_s = retry_after_s(str(headers.get("retry-after", "")), now)
        return found
    if isinstance(error, ResponseParserError | KeyError):
        # KeyError: what botocore raises for a page of another server in the query protocol.
        return garbled(what, "it is cut off, or not this service's")
    if isinstance(error, sdk.BotoCoreError):
        return _of_sdk(error, what, sdk)
    raise error


def _of_sdk(error: Exception, what: str, sdk: Any) -> CallError:
    """Return what an exception means that the SDK raised by itself, without an answer of the service."""
    if isinstance(error, (sdk.UnauthorizedSSOTokenError, sdk.SSOTokenLoadError, sdk.TokenRetrievalError)):
        words = f"{what}: the sign-on of the profile has expired: run `aws sso login`"
        return CallError(Reach.EXPIRED, words, unsent=True)
    if isinstance(error, _credential_errors(sdk)):
        return CallError(Reach.NO_CREDENTIALS, f"{what}: {_credential_words(error)}", unsent=True)
    if isinstance(error, (sdk.ReadTimeoutError, sdk.ConnectTimeoutError)):
        unsent = isinstance(error, sdk.ConnectTimeoutError)
        return CallError(Reach.UNREACHABLE, f"{what} was not answered in time", unsent=unsent)
    if isinstance(error, (sdk.HTTPClientError, sdk.ConnectionError)):
        return CallError(Reach.UNREACHABLE, f"{what}: {_connection_words(error)}", again=True, unsent=_unsent(error))
    return CallError(Reach.UNREACHABLE, f"{what} cannot be asked ({type(error).__name__})")


def tidy(code: str) -> str:
    """Bound and clean what comes from outside; it stands in a sentence."""
    kept = "".join(c for c in code[:64] if c.isalnum() or c in "._-")
    return kept or "none"


def own_words(message: str) -> str:
    """Return a message of a service on one line, without accounts, ARNs, secrets and encoded copies of a request."""
    return single_line(_CARRIED.sub(HIDDEN, masked(single_line(message, 2000))), 200)


def _credential_errors(sdk: Any) -> tuple[type[Exception], ...]:
    return (
        sdk.NoCredentialsError,
        sdk.PartialCredentialsError,
        sdk.CredentialRetrievalError,
        sdk.ProfileNotFound,
        sdk.InvalidConfigError,
        sdk.ConfigParseError,
        sdk.ConfigNotFound,
        sdk.RefreshWithMFAUnsupportedError,
        sdk.InfiniteLoopConfigError,
    )


_CREDENTIALS = {
    "NoCredentialsError": "there are no credentials: set a profile, or the SDK's environment variables",
    "ProfileNotFound": "the SDK's files have no such profile: correct the key profile",
    "CredentialRetrievalError": "the credentials cannot be fetched: check what the profile names as their source",
    "InvalidConfigError": "the profile cannot be used: check its source_profile and role_arn",
}


def _credential_words(error: Exception) -> str:
    kind = type(error).__name__
    return _CREDENTIALS.get(kind, f"the credentials cannot be read ({kind}): check the profile")


def _connection_words(error: Exception) -> str:
    if type(error).__name__ == "SSLError":
        return "its certificate is not trusted"
    if type(error).__name__ in {"EndpointConnectionError", "ProxyConnectionError"}:
        return "cannot be connected to"
    return "the connection was closed before its answer was complete"


def _unsent(error: Exception) -> bool:
    """Return whether no connection was ever made; of TLS only a certificate that is refused is known to be before."""
    if type(error).__name__ == "SSLError":
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    return type(error).__name__ in {"EndpointConnectionError", "ProxyConnectionError"}


def retry_after_s(header: str, now: datetime) -> float:
    """Return how many seconds a server asks to wait (RFC 9110, 10.2.3); 0 where it does not say."""
    if header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header.strip())
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())

"""The kinds of failure that a caller would treat differently, and the exit code of each.

A message is one sentence that says what happened, to which object, and what to do next. It never holds a
secret: whoever raises it puts only redacted text in.
"""

from __future__ import annotations


class WedtuiError(Exception):
    """Anything that wedtui itself refuses or cannot do."""

    exit_code = 1


class ConfigurationError(WedtuiError):
    """The configuration cannot be used: what is wrong, where, and what was expected; one line for each problem."""

    exit_code = 2

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong, each in a sentence of its own."""
        return tuple(str(self).splitlines())


class StoreError(WedtuiError):
    """A cache or ledger cannot be used."""

    exit_code = 10


class StoreUnreadableError(StoreError):
    """The file is missing, not a database, damaged, or not ours to read."""

    exit_code = 10


class StoreClosedError(StoreUnreadableError):
    """It is there, its server lets this user in, and the user has no right to look into it."""


class StoreMissingError(StoreUnreadableError):
    """There is no file yet."""


class StoreUnreachableError(StoreError):
    """The server of a store does not answer, or ended the session."""


class StoodStillError(StoreUnreachableError):
    """The server ended a session because this process stood still inside a transaction: nothing of that is stored."""


class StoreLockedError(StoreError):
    """Another process held the file for longer than we wait."""

    exit_code = 11


class StoreVersionError(StoreError):
    """The file was written by another version of wedtui."""

    exit_code = 12


class DiskFullError(StoreError):
    """There is no room to write."""

    exit_code = 13


class ServiceError(WedtuiError):
    """The service cannot be started, stopped or asked."""

    exit_code = 14


class NotServedError(WedtuiError):
    """The service answers, and cannot do it at the moment: no silence, and so no reason to do anything by hand."""

    exit_code = 14


class ThrottledError(NotServedError):
    """The service hears this user again in some seconds; what was asked for was not done."""

    def __init__(self, message: str = "", *, wait_s: float = 1.0) -> None:
        """Say what happened.

        Args:
            message: the sentence.
            wait_s: in how many seconds it hears them again (`Retry-After`).
        """
        super().__init__(message)
        self.wait_s = wait_s


class AlreadyRunningError(ServiceError):
    """Another service holds this state directory."""

    exit_code = 15


class VantageTakenError(ServiceError):
    """Another service watches from this vantage."""

    exit_code = 15


class OutlivedError(ServiceError):
    """The cache is one of a newer wedtui by now, and the service that runs may not write it any more."""

    exit_code = 12


class ProviderUnavailableError(WedtuiError):
    """An outside system did not answer, or not with what it should."""

    exit_code = 16

    def __init__(self, message: str = "", *, wait_s: float = 0.0) -> None:
        """Say what happened.

        Args:
            message: the sentence.
            wait_s: how many seconds it asks to be left alone (`Retry-After`).
        """
        super().__init__(message)
        self.wait_s = wait_s


class NotNowError(ProviderUnavailableError):
    """A change was throttled, or could not be sent at all: nothing was changed, and the same may be tried again."""


class NotFoundError(WedtuiError):
    """The object that was named does not exist."""

    exit_code = 17


class NotPermittedError(WedtuiError):
    """Whoever asks may not do that."""

    exit_code = 20


class ConflictError(WedtuiError):
    """The object is no longer in the state that the request assumed."""

    exit_code = 18


class ForeignRecordsError(ConflictError):
    """The live records of traffic are not the set that is configured; says everything that is foreign."""


class OutcomeUnknownError(WedtuiError):
    """A change was sent and may or may not have been applied: read what is live before anything else."""

    exit_code = 21


class AuditError(WedtuiError):
    """The audit chain is not what was written, or cannot be signed or anchored."""

    exit_code = 19

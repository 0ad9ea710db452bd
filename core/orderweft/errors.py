"""Every error, cut by what happens next.

OrderweftError
├── SettingsError             stop; a person fixes the configuration
├── PluginError               that plugin is off; the others go on
├── LedgerError               stop; nothing was changed
│   └── LeaseLostError        another process took the pipeline over; stop writing at once
├── TemplateError             hold this record, or refuse the configuration it stands in
├── RecordError               hold this record, go on with the next
│   ├── InvalidRecordError    it does not have the form its schema asks for
│   └── RejectedError         the channel will not have it
└── ChannelError              this connection stops for this run
    ├── AuthenticationError   the credentials are refused; a person fixes them
    ├── UnavailableError      nothing was applied; try again later
    └── UnknownOutcomeError   a write may have been applied; look before repeating it
"""

from __future__ import annotations


class OrderweftError(Exception):
    """Base of every error this product raises on purpose."""


class SettingsError(OrderweftError):
    """Raised when the configuration has to be changed before anything can run."""


class PluginError(OrderweftError):
    """Raised when a plugin cannot be loaded or breaks the contract of its hooks."""


class LedgerError(OrderweftError):
    """Raised when the ledger cannot be opened, read or written."""


class LeaseLostError(LedgerError):
    """Raised when another process has taken over this pipeline."""


class TemplateError(OrderweftError):
    """Raised when a template or rule cannot be compiled or evaluated."""


class RecordError(OrderweftError):
    """Raised when one record cannot go on; the host holds it and takes the next."""


class InvalidRecordError(RecordError):
    """Raised when a record does not have the form its schema asks for."""


class RejectedError(RecordError):
    """Raised when the channel refuses one record for good."""


class ChannelError(OrderweftError):
    """Raised when a connection cannot go on in this run."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which trying again makes sense, when the channel says."""


class AuthenticationError(ChannelError):
    """Raised when the channel refuses our credentials or lacks a permission."""


class UnavailableError(ChannelError):
    """Raised when nothing was applied and the same call may be made again later."""


class UnknownOutcomeError(ChannelError):
    """Raised when a write left us without an answer and may have been applied."""

"""The faults that the service answers with: their codes, as in wsmerror.h, and their words.

Source: DMTF DSP0226 (subcodes); wsmerror.h (codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPERATION_TIMED_OUT: Final = 2150858793
SHELL_NOT_FOUND: Final = 2150858843
RECEIVE_IN_PROGRESS: Final = 2150859047
CODE_PAGE_NOT_SUPPORTED: Final = 2150859072
QUOTA_MAX_SHELLS: Final = 2150859173
QUOTA_MAX_OPERATIONS: Final = 2150859174
QUOTA_MAX_USERS: Final = 2150859179
IDLE_TIMEOUT_OUT_OF_BOUNDS: Final = 2150859250
ENVELOPE_TOO_LARGE: Final = 2150858790
INVALID_RESOURCE_URI: Final = 2150858811
SCHEMA_VALIDATION_ERROR: Final = 2150858817
INVALID_TIMEOUT_HEADER: Final = 2150858881
ACCESS_DENIED: Final = 5
PIPE_CLOSING: Final = 232
OPERATION_ABORTED: Final = 995

_FAULTS: Final[Mapping[int, tuple[str, str]]] = {
    OPERATION_TIMED_OUT: (
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified.",
    ),
    SHELL_NOT_FOUND: (
        "w:InvalidSelectors",
        "The request contained invalid selectors for the resource: the shell was not found.",
    ),
    RECEIVE_IN_PROGRESS: ("w:InternalError", "A Receive is already in progress for this command."),
    CODE_PAGE_NOT_SUPPORTED: ("w:InternalError", "The code page is not supported."),
    QUOTA_MAX_SHELLS: (
        "w:QuotaLimit",
        "This user is allowed a maximum number of concurrent shells, which has been exceeded.",
    ),
    QUOTA_MAX_OPERATIONS: (
        "w:QuotaLimit",
        "This user is allowed a maximum number of concurrent operations, which has been exceeded.",
    ),
    QUOTA_MAX_USERS: ("w:QuotaLimit", "The maximum number of users executing shell operations has been exceeded."),
    IDLE_TIMEOUT_OUT_OF_BOUNDS: ("w:InternalError", "The idle timeout is outside the range this server allows."),
    ENVELOPE_TOO_LARGE: (
        "w:EncodingLimit",
        "The size of the message exceeds the maximum envelope size of this server.",
    ),
    INVALID_RESOURCE_URI: ("a:DestinationUnreachable", "The resource URI is not known to this server."),
    SCHEMA_VALIDATION_ERROR: ("w:SchemaValidationError", "The message does not follow its schema."),
    INVALID_TIMEOUT_HEADER: ("w:InternalError", "The operation timeout is invalid or out of range."),
    ACCESS_DENIED: ("w:AccessDenied", "Access is denied."),
    PIPE_CLOSING: ("w:InternalError", "The pipe is being closed."),
    OPERATION_ABORTED: (
        "w:InternalError",
        "The I/O operation has been aborted because of either a thread exit or an application request.",
    ),
}
"""By code: the subcode of SOAP, and what the product says."""


class Fault(Exception):
    """A SOAP fault with a WSManFault code: decimal, unsigned 32 bits."""

    def __init__(self, code: int, reason: str = "", *, is_wmi: bool = False) -> None:
        self.code = code
        self.is_wmi = is_wmi
        """True: the reply carries the code as an MSFT_WmiError alone."""
        self.subcode, usual = _FAULTS.get(code, ("w:InternalError", f"The request failed with error code {code}."))
        self.reason = reason or usual
        super().__init__(f"{code}: {self.reason}")

    @property
    def is_quota(self) -> bool:
        """True for a quota, whose number Windows sends as an MSFT_WmiError too."""
        return self.subcode == "w:QuotaLimit"

"""The observed Windows services of one host: RTCSRV of a Front End, the UM services of an Exchange server.

Each service has its own attributes, such as ``RTCSRV:status``; ``of_service`` returns their handles.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar, NamedTuple

from providers.cmdlets.value_types import Instant, Output, Text, Truth
from reconciler.model.attributes import Attr, Declares


class WindowsServices(Declares):
    """The services of one host; the key is its FQDN."""

    host_clock: Attr[Annotated[Instant, Output("")]]
    """The host's own clock when this was read, ISO 8601 in UTC."""
    script_running: Attr[Annotated[Truth, Output("")]]
    """An exchucutil process runs on the host."""


class OfService(NamedTuple):
    """The handles of one service of a host."""

    status: Attr[str]
    start_time: Attr[str]
    start_mode: Attr[str]
    running_dependents: Attr[tuple[str, ...]]
    stopped_dependents: Attr[tuple[str, ...]]


@cache
def of_service(name: str) -> OfService:
    """Return the handles of a service: ``of_service("RTCSRV").status`` is ``RTCSRV:status``."""
    return OfService(
        Attr(f"{name}:status", Text, (str,)),
        Attr(f"{name}:start_time", Instant, (str,)),
        Attr(f"{name}:start_mode", Text, (str,)),
        Attr(f"{name}:running_dependents", tuple[Text, ...], (tuple,)),
        Attr(f"{name}:stopped_dependents", tuple[Text, ...], (tuple,)),
    )


class Found(Declares):
    """The state that a restart of RTCSRV relies on; the plan contains it."""

    status: Attr[Text]
    start_time: Attr[Instant]
    running_dependents: Attr[tuple[Text, ...]]


class ServiceRestart(WindowsServices):
    """RTCSRV on one Front End."""

    name: ClassVar[str] = "service_restart"

    exchange_clock: Attr[Annotated[Instant, Output("")]]
    """The Exchange entry point's clock, read together with the host's."""


class UMServiceRestart(WindowsServices):
    """MSExchangeUM and MSExchangeUMCR of one Exchange server."""

    name: ClassVar[str] = "um_service_restart"

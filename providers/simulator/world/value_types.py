"""The texts of a world file: durations, host names, times and cultures; and the base of its models."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FQDN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\Z")


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.match(value.removeprefix("-"))
        if not match:
            raise ValueError("must be a duration such as 0s, 500ms, 90s, 20m or 1h")
        return float(match[1]) * _SECONDS[match[2]] * (-1 if value.startswith("-") else 1)
    return value


def _is_fqdn(value: str) -> str:
    if not _FQDN.match(value):
        raise ValueError("must be a fully qualified host name, such as ex1.contoso.com")
    return value.lower()


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Seconds = Annotated[float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "format": "duration"})]
HostName = Annotated[str, AfterValidator(_is_fqdn), WithJsonSchema({"type": "string", "format": "hostname"})]
Moment = Annotated[datetime, AfterValidator(_moment)]
Culture = Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]


class WorldModel(BaseModel):
    """The base of the models: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

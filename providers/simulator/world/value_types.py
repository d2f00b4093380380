"""The texts of a world file: durations, shares, host names, times and cultures; and the base of its models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.model.diagnostics import did_you_mean

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%\Z")
_FQDN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\Z")


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.match(value.removeprefix("-"))
        if not match:
            raise ValueError("must be a duration such as 0s, 500ms, 90s, 20m or 1h")
        return float(match[1]) * _SECONDS[match[2]] * (-1 if value.startswith("-") else 1)
    return value


def _share(value: object) -> object:
    if isinstance(value, str):
        match = _PERCENT.match(value)
        if not match or float(match[1]) > 100:
            raise ValueError("must be a share from 0% to 100%, such as 20%")
        return float(match[1]) / 100
    return value


def unknown_name(problem: str, name: str, known: Iterable[str], *, at: Sequence[str] = ()) -> PydanticCustomError:
    """Return the error of a name that is none of ``known``, with a remedy that names a similar one.

    ``at`` is the path from the model that finds it to the place of the name.
    """
    context = {"problem": problem, "remedy": did_you_mean(name, known), "at": tuple(at)}
    return PydanticCustomError("unknown_name", "{problem}", context)


def is_fqdn(value: str) -> str:
    """Return a fully qualified host name in small letters. Raises ValueError for any other text."""
    if not _FQDN.match(value):
        raise ValueError("must be a fully qualified host name, such as ex1.contoso.com")
    return value.lower()


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Seconds = Annotated[float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "format": "duration"})]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema({"type": "string", "format": "percent"})]
HostName = Annotated[str, AfterValidator(is_fqdn), WithJsonSchema({"type": "string", "format": "hostname"})]
Moment = Annotated[datetime, AfterValidator(_moment)]
Culture = Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]


class WorldModel(BaseModel):
    """The base of the models: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

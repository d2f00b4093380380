"""What a server takes for an attribute that is left out, and where that is stated.

The published reference says it for most parameters. ``server_defaults.json`` beside this module has the others, by
resource type and attribute, each with its source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from providers.cmdlets.reference import cmdlet_of, parameters_of
from reconciler.model.attributes import Attribute, AttributeRole
from reconciler.model.resource_types import ResourceType

NOT_DOCUMENTED: Final = "not documented"
REQUIRED: Final = "required"


class Default(NamedTuple):
    """The default of a server, in words."""

    text: str
    """A value, ``required``, ``not documented``, or words about releases that differ; empty where a server has none."""
    source: str
    """Cmdlets whose parameter it is, or the title of a topic."""

    def value(self, release: str = "") -> str | None:
        """Return the value in a release, which may be ``none``; None where it is words, or nothing is documented."""
        general, *others = self.text.split("; ")
        found = [re.fullmatch(r"(\S+) in (\d{4})", other) for other in others]
        if general in ("", NOT_DOCUMENTED, REQUIRED) or " " in general or not all(found):
            return None
        return next((one[1] for one in found if one and release.endswith(one[2])), general)


def default_of(kind: ResourceType, attribute: Attribute) -> Default:
    """Return the default of the server for an attribute of a type."""
    if known := stated_defaults().get(kind.name, {}).get(attribute.name):
        return known
    name = attribute.parameter or attribute.output
    if attribute.role is AttributeRole.INTENT or not name:
        return Default("", "reconciler")
    cmdlets = _cmdlets_with(kind, name)
    published = {cmdlet: said for cmdlet in cmdlets if (said := _published(cmdlet, name))}
    return Default(next(iter(published.values()), NOT_DOCUMENTED), ", ".join(published or cmdlets))


@cache
def stated_defaults() -> Mapping[str, Mapping[str, Default]]:
    """Return the defaults that the published reference does not have, by type and attribute."""
    found = json.loads(Path(__file__).with_name("server_defaults.json").read_text("utf-8"))
    del found["about"]
    return {kind: {name: Default(*said) for name, said in ones.items()} for kind, ones in found.items()}


def _published(name: str, parameter: str) -> str:
    """Return what the reference says of a parameter that is left out; nothing where it is silent."""
    cmdlet = cmdlet_of(name)
    found = cmdlet.parameters.get(parameter.casefold()) if cmdlet else None
    if cmdlet is None or found is None:
        return ""
    if any(parameter in asked for asked in cmdlet.mandatory):
        return REQUIRED
    default = found.default or ""
    return default.lower() if found.type == "Boolean" else default


def _cmdlets_with(kind: ResourceType, parameter: str) -> list[str]:
    """Return the cmdlets of a type that take the parameter, those of its own noun alone if there are some."""
    taking = [name for name in sorted(kind.cmdlets) if parameter in parameters_of(name)]
    own = [name for name in taking if name.partition("-")[2] == getattr(kind, "noun", None)]
    return own or taking

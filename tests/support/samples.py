"""The files that tests ask for of each resource type: samples of a declaration, and cases of what is planned.

samples/<type>.yaml         of a declared type: ``full`` with every attribute, ``least`` with those it needs
cases/<type>/<case>.yaml    of a type that plans something (``tests/providers/resources/test_cases.py``)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from reconciler.model.resource_types import Fact, Lifecycle, Managed, ResourceType
from tests.support.paths import ROOT

TESTS = ROOT / "tests"


def sample(type_name: str, which: str = "full") -> tuple[str, dict[str, Any]]:
    """Return the key and the attributes of a sample, all as texts, as the reader of YAML hands them to the type."""
    text = (TESTS / "samples" / f"{type_name}.yaml").read_text(encoding="utf-8")
    ((key, data),) = yaml.load(text, yaml.BaseLoader)[which].items()  # makes texts, lists and mappings alone
    return key, data


def lacking_files(types: Sequence[ResourceType]) -> Iterator[str]:
    """Yield the files that are asked for and are not there, as paths from the root of the project."""
    for kind in types:
        if isinstance(kind, Managed) and kind.section and not (TESTS / "samples" / f"{kind.name}.yaml").exists():
            yield f"tests/samples/{kind.name}.yaml"
        is_by_hand = isinstance(kind, Managed) and kind.lifecycle is Lifecycle.MANUAL
        if not (isinstance(kind, Fact) or is_by_hand or list((TESTS / "cases" / kind.name).glob("*.yaml"))):
            yield f"tests/cases/{kind.name}/<case>.yaml"

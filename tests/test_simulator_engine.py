"""A whole environment over sealed HTTP to a real PowerShell: the same plan, the same estate as with the interpreter."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.authentication import Scheme
from providers.simulator.estate import Estate
from providers.simulator.powershell_engine import PowerShellEngine, find_powershell, powershell_program
from providers.simulator.server import Server, Settings
from reconciler.app import open_workspace
from reconciler.errors import ReconcilerError
from reconciler.plan import Plan
from reconciler.plan_text import render_plan
from reconciler.style import Style
from tests import engine_support
from tests.engine_support import Real, host_for, is_password, standing, world_for
from tests.winrm_server import PASSWORD, USER, Client, exit_line, invoke, start, wait_until
from tests.worlds import CONTOSO, SteppingClock

powershell = engine_support.powershell


# --- the sample ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """What became of the sample with one engine."""

    plan: str
    exit_code: int
    again: Plan
    estate: Mapping[str, Any]


def trial(directory: Path, engine: str) -> Trial:
    """Plan, apply and plan again; the simulator runs as a child, as it does for anyone."""
    sample = Path(shutil.copytree(CONTOSO.parent, directory / engine, ignore=shutil.ignore_patterns(".reconciler")))
    shown: list[str] = []

    def approve(plan: Plan) -> bool:
        shown.append(render_plan(plan, Style(width=100), commands=True))
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECONCILER_SIMULATOR_ENGINE", engine)
        with open_workspace(sample) as workspace:
            account = workspace.apply(approve)
            again = workspace.plan()
    assert account is not None
    estate = Estate.open(sample / "world.yaml", sample / ".reconciler" / "world.json")
    return Trial(shown[0], account.exit_code(), again, settled(estate))


_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|\+00:00)?")


def settled(estate: Estate) -> dict[str, Any]:
    """Return an estate object by object, without what is chance: objects go by their DN, times are only there."""
    held = standing(estate)
    entries = held["directory"]["entries"]
    names = {row[0]: row[3] for row in entries}

    def told(value: Any) -> Any:
        text = _GUID.sub(lambda found: f"<{names.get(found[0], 'id')}>", json.dumps(value, sort_keys=True))
        return json.loads(_TIME.sub("<time>", text))

    objects = {f"{row[1]} {row[3]}": told(row[2:]) for row in entries}
    assert len(objects) == len(entries)
    return {"objects": objects, "services": told(held["services"]), "counters": told(held["counters"])}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial(tmp_path_factory.mktemp("real"), "powershell")


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial(tmp_path_factory.mktemp("interpreted"), "interpreter")


class TestSample:
    pytestmark = powershell

    def test_is_applied_and_then_stays(self, real: Trial) -> None:
        assert real.exit_code == 0
        assert not real.again.has_changes
        assert real.again.adopted == ()

    def test_has_the_same_plan_as_with_the_interpreter(self, real: Trial, interpreted: Trial) -> None:
        assert real.plan == interpreted.plan

    def test_leaves_the_same_estate_as_with_the_interpreter(self, real: Trial, interpreted: Trial) -> None:
        assert real.estate["objects"].keys() == interpreted.estate["objects"].keys()
        for name, found in real.estate["objects"].items():
            assert (name, found) == (name, interpreted.estate["objects"][name])
        assert real.estate == interpreted.estate

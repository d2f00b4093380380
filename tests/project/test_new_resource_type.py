"""A new resource type is one new file, and the samples that the tests ask for by name. Nothing else changes.

``new_type/certificate_assignment.py`` has two attributes, a check and an obligation of a kind of its own. A process
finds it among the types of ``providers/resources``, plans and applies it, and tells what it saw.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.support.paths import ROOT

FILE = ROOT / "tests" / "project" / "new_type" / "certificate_assignment.py"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("resources")
    shutil.copy(FILE, directory)
    command = [sys.executable, "-m", "tests.support.new_type_child", str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_found_in_its_place(seen: dict[str, Any]) -> None:
    names = seen["names"]
    assert names.index("dial_plan") < names.index("certificate_assignment") < names.index("um_service_restart")


def test_it_is_planned_and_its_commands_are_sent_once(seen: dict[str, Any]) -> None:
    command = "Enable-ExchangeCertificate -Thumbprint 5AB2F3 -Services UM"
    assert "~ certificate_assignment/5AB2F3\n" in seen["plan"]
    assert command in seen["plan"]
    assert seen["sent"] == [command]


def test_its_obligation_is_opened_shown_and_discharged(seen: dict[str, Any]) -> None:
    text = "the certificate 5AB2F3 has to become valid"
    assert seen["owed"] == [["certificate-valid", "5AB2F3"]]
    assert f"then {text}; no step of this plan does it" in seen["plan"]
    assert f"to do  {text}\n" in seen["state"]
    assert seen["exit codes"] == [3, 0]
    assert seen["owed at the end"] == 0


def test_schema_checks_and_reference_know_it(seen: dict[str, Any]) -> None:
    assert list(seen["schema"]["properties"]) == ["services"]
    assert "UM099" in seen["rules"]
    assert "UM099" in seen["checks"]
    assert "### certificate_assignment\n" in seen["reference"]
    assert "Services that use it" in seen["reference"]


def test_tests_ask_for_its_samples_by_name(seen: dict[str, Any]) -> None:
    assert seen["lacking files"] == [
        "tests/samples/certificate_assignment.yaml",
        "tests/cases/certificate_assignment/<case>.yaml",
    ]

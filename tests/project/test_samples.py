"""Every sample validates, plans, applies and stays.

A sample is copied before it is used: what it keeps beside its files would otherwise be the next test's start.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from providers.simulator.estate.estate import Estate
from reconciler.app import Ports, Workspace, check, open_workspace
from reconciler.model.diagnostics import ConfigurationError
from reconciler.plan.drift import DriftKind
from reconciler.plan.selection import Selection
from tests.support.estate_sessions import EstateSessions
from tests.support.fakes import VirtualClock
from tests.support.paths import ROOT
from tests.support.two_hosts import standing

SAMPLES = sorted(
    path.parent for path in (ROOT / "samples").glob("*/*.yaml") if "connections:" in path.read_text("utf-8")
)


def copied(source: Path, to: Path) -> Path:
    """Return a copy of a sample, without what a trial left in it."""
    return Path(shutil.copytree(source, to, ignore=shutil.ignore_patterns(".reconciler")))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.name)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return copied(request.param, tmp_path / "sample")


def ports_of(directory: Path) -> tuple[Ports, EstateSessions]:
    """Return ports to the estate of the sample within this process, in which nothing takes time."""
    environment, _ = check(directory)
    assert environment.simulator is not None
    clock = VirtualClock()
    sessions = EstateSessions(Estate.open(directory / environment.simulator, clock=clock.now))
    return Ports(clock=clock, sessions=lambda _: sessions), sessions


def apply(workspace: Workspace, **more: Any) -> int:
    account = workspace.apply(lambda _: True, **more)
    assert account is not None
    return account.exit_code()


# --- the samples -----------------------------------------------------------------------------------------------------


def test_there_are_samples() -> None:
    assert ROOT / "samples" / "contoso" in SAMPLES


def test_sample_validates(sample: Path) -> None:
    _, told = check(sample)
    assert told == ()


def test_sample_is_valid_by_the_published_schema(sample: Path) -> None:
    import json

    import yaml

    from reconciler.app import schema_text

    environment, _ = check(sample)
    validator = Draft202012Validator(json.loads(schema_text("environment")))
    for path in sorted(sample.glob("*.yaml")):
        if path.name != environment.simulator:
            errors = [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text("utf-8")))]
            assert (path.name, errors) == (path.name, [])


def test_sample_is_applied_once_and_then_stays(sample: Path) -> None:
    ports, sessions = ports_of(sample)
    with open_workspace(sample, ports) as workspace:
        assert workspace.plan().has_changes
        assert apply(workspace) == 0
    sent = len(writes(sessions))
    assert sent > 0
    with open_workspace(sample, ports) as workspace:
        again = workspace.plan()
        assert not again.has_changes
        assert (again.adopted, again.obligations) == ((), ())
        assert apply(workspace) == 0
        assert workspace.drift().exit_code() == 0
        for idle in ("service_restart/fe*", "exchucutil", "um_mailbox/alice@contoso.com"):
            assert not any(told.is_error for told in workspace.plan(Selection(targets=(idle,))).diagnostics), idle
        (told,) = [one for one in workspace.plan(Selection(targets=("um_mailbx",))).diagnostics if one.is_error]
        assert 'Did you mean "um_mailbox"' in told.remedy
    assert len(writes(sessions)) == sent


def test_um_services_of_the_sample_run_in_the_mode_that_was_set_also_where_replication_is_slow(sample: Path) -> None:
    ports, sessions = ports_of(sample)
    with open_workspace(sample, ports) as workspace:
        assert apply(workspace) == 0
    services = standing(sessions.estate)["services"]
    modes = {(host, name): found[name][2][0] for host, found in services.items() for name in UM_SERVICES & found.keys()}
    assert len(modes) >= 4
    assert set(modes.values()) == {"Dual"}, modes


UM_SERVICES = {"msexchangeum", "msexchangeumcr"}


def writes(sessions: EstateSessions) -> list[str]:
    return [str(request.command) for _, request in sessions.requests if request.command.writes]


def test_what_an_interrupted_apply_left_undone_is_pending_and_nobodys_drift(sample: Path) -> None:
    ports, _ = ports_of(sample)
    with open_workspace(sample, ports) as workspace:
        assert apply(workspace, selection=Selection(targets=("dial_plan", "lync_dial_plan", "server_binding"))) == 0
    with open_workspace(sample, ports) as workspace:
        report = workspace.drift()
    found = {(entry.address.type, entry.kind) for entry in report.entries}
    assert report.count(DriftKind.DRIFTED) == report.count(DriftKind.CONFLICT) == 0
    assert ("exchucutil", DriftKind.PENDING) in found
    assert "service_restart" not in {name for name, _ in found}, "restarts that follow from the script stand with it"


@pytest.mark.parametrize(
    ("file", "before", "after", "place"),
    [
        ("dial_plans.yaml", "    extension_digits: 5\n", "    extension_digit: 5\n", "dial_plans.yaml:7:5"),
        ("dial_plans.yaml", "dial_plan: Redmond\n    min", "dial_plan: Redmnd\n    min", "dial_plans.yaml:29:16"),
        ("redmond.csv", "50102,,Redmond,", "50102,,Redmnd,", "redmond.csv:3:40"),
    ],
)
def test_one_slip_in_the_sample_is_one_error(tmp_path: Path, file: str, before: str, after: str, place: str) -> None:
    copy = copied(ROOT / "samples" / "contoso", tmp_path / "contoso")
    text = (copy / file).read_text("utf-8")
    assert before in text
    (copy / file).write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigurationError) as raised:
        check(copy)
    assert [str(told.position) for told in raised.value.diagnostics] == [f"{copy}/{place}"]


def test_demo_runs_to_its_end() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "samples" / "demo.sh"],
        env={**clean, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "No changes. The servers match the configuration." in done.stdout
    assert "Drift: 3 drifted," in done.stdout
    assert re.findall(r"^Applied\. (\d+) actions done", done.stdout, re.MULTILINE)[1:] == ["3"]
